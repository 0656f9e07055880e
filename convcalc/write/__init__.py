"""Writes a model in another file format. ``FORMATS`` maps each file ending to the function that writes the format."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convcalc.analyse.report import Report
    from convcalc.model import Model


def _json(report: Report) -> str:
    from convcalc.write.config import require_known_shapes

    require_known_shapes(report)
    return _proved_config(report)


def _proved_config(report: Report) -> str:
    from convcalc.write.config import config_json
    from convcalc.write.proof import require_same

    text = config_json(report)
    require_same(report, text, "written.json", "a config")
    return text


def _yaml(report: Report) -> str:
    from convcalc.write.spec import spec_yaml

    _refuse_own_classes(report.model)
    _refuse_calls(report)
    return spec_yaml(report)


def _python(report: Report) -> str:
    from convcalc.write.python import python_code

    _proved_config(report)  # raises an error unless the whole model is known
    _refuse_own_classes(report.model)
    return python_code(report)


def _checked(write: Callable[[Report], str]) -> Callable[[Report], str]:
    """Returns ``write`` with checks before it: an error is raised for a model that no format can describe."""

    def checked(report: Report) -> str:
        from convcalc.write.calls import with_constant_operands
        from convcalc.write.policies import require_known_policies

        require_graph(report.model)
        require_known_policies(report)
        require_writable(report)
        return write(with_constant_operands(_without_layers_outside(report)))

    return checked


# The written JSON or YAML is read again, and must give the same model. Python code cannot be read again, so a JSON
# config of the model is checked instead.
FORMATS: dict[str, Callable[[Report], str]] = {
    ".json": _checked(_json),
    ".yaml": _checked(_yaml),
    ".yml": _checked(_yaml),
    ".py": _checked(_python),
}


def require_graph(model: Model) -> None:
    """Raises :class:`ConvcalcError` if the graph of the model is unknown, or if the model has no inputs.

    The graph is unknown if the file stores only weights, or if the model's config lists no layers.
    """
    from convcalc.base import codes
    from convcalc.base.problems import error
    from convcalc.write.from_code import require_no_code

    unknown = next((problem for problem in model.problems if problem.code == codes.UNKNOWN_VALUE), None)
    if unknown is not None:
        raise error(
            codes.CANNOT_WRITE,
            f"the model cannot be written, because a part of it is unknown: {unknown.message}",
            unknown.mark,
        )
    require_no_code(model)
    if model.class_name not in ("Sequential", "Functional"):
        message = f"'{model.name}' cannot be written: the file does not contain its layers and their connections"
        raise error(codes.CANNOT_WRITE, message)
    for prefix, inner in model.models():
        if not inner.inputs:
            path = prefix.rstrip("/") or inner.name
            raise error(
                codes.CANNOT_WRITE, f"'{path}' cannot be written: the model has no inputs; give it an input layer"
            )


def _without_layers_outside(report: Report) -> Report:
    """Returns the report without the weights that a custom model class creates outside of the model's graph."""
    from convcalc.analyse import infer
    from convcalc.model import layers_outside

    def graph(model: Model) -> Model:
        # the layers outside of the graph are the last layers, and their calls are the last calls
        outside = len(layers_outside(model))
        kept = len(model.layers) - outside
        layers = [
            layer if layer.model is None else layer._replace(definition=graph(layer.model))
            for layer in model.layers[:kept]
        ]
        return model._replace(layers=tuple(layers), calls=model.calls[: len(model.calls) - outside], stored=None)

    has_outside = any(layers_outside(inner) for _, inner in report.model.models())
    return infer(graph(report.model)) if has_outside else report


def _refuse_own_classes(model: Model) -> None:
    """Raises :class:`ConvcalcError` for a model of a custom class: a spec or code would create a plain Keras model."""
    from convcalc.base import codes
    from convcalc.base.problems import error

    for prefix, inner in model.models():
        if inner.own_class is not None:
            path = prefix.rstrip("/") or inner.name
            message = f"'{path}' is a model of the custom class {inner.shown_class}, which only a config can name"
            raise error(codes.CANNOT_WRITE, f"{message}; write .json")


def require_writable(report: Report) -> None:
    """Raises :class:`ConvcalcError` for a layer that no format can describe.

    This is a layer that only Keras 1 or 2 has, or a custom layer that the config does not mark as custom.
    """
    from convcalc.base import codes
    from convcalc.base.problems import error
    from convcalc.layers import LayerDefinition
    from convcalc.layers.sublayer import sublayers_of
    from convcalc.model import Foreign
    from convcalc.write.from_code import require_no_copies

    require_no_copies(report)
    for row in report.layers:
        if isinstance(row.definition, Foreign) and row.definition.keras_class is not None:
            message = f"'{row.path}' cannot be written, because only its weights show that its class is custom"
            raise error(codes.CANNOT_WRITE, message)
        inside = [sublayer.definition for sublayer in sublayers_of(row.layer.args)]
        for definition in (row.definition, *inside):
            if isinstance(definition, LayerDefinition) and definition.keras2_only:
                raise error(
                    codes.CANNOT_WRITE,
                    f"'{row.path}' ({definition.class_name}) cannot be written, because Keras 3 has no layer that works in this way",
                )


def _refuse_calls(report: Report) -> None:
    """Raises :class:`ConvcalcError` if a layer is called on a constant or a dict: a spec cannot describe such a call."""
    from convcalc.base import codes
    from convcalc.base.problems import error
    from convcalc.layers import LayerDefinition

    for prefix, model in report.model.models():
        for call in model.calls:
            layer = model.layers[call.layer]
            on_a_dict = call.form is not None and any(isinstance(part, dict) for part in call.form.args)
            if call.constants or (on_a_dict and isinstance(layer.definition, LayerDefinition)):
                what = "a constant" if call.constants else "a dict"
                message = (
                    f"'{prefix}{layer.name}' is called on {what}, which a spec cannot describe; write .json or .py"
                )
                raise error(codes.CANNOT_WRITE, message)


def classes_to_supply(report: Report) -> list[str]:
    """Returns the names of the classes that are not part of Keras. The user must supply the code of these classes."""
    from convcalc.layers import LayerDefinition
    from convcalc.layers.sublayer import foreign_inside
    from convcalc.model import Foreign

    layers = [layer for _, layer in report.model.walk()]
    custom_layers = [
        layer for layer in layers if isinstance(layer.definition, Foreign) and layer.definition.class_known
    ]
    foreign = {layer.class_name for layer in custom_layers}
    inside = [inner for layer in layers for inner in foreign_inside(layer.args)]
    foreign |= {inner.name for inner in inside if inner.config.get("module") != "keras.layers"}
    foreign |= {inner.shown_class for _, inner in report.model.models() if inner.own_class is not None}
    custom = {
        layer.class_name
        for layer in layers
        if isinstance(layer.definition, LayerDefinition) and layer.definition.is_custom
    }
    return [*sorted(foreign), *sorted(custom)]


def write_whole(path: Path, text: str) -> None:
    """Writes a file completely or not at all.

    The content is written to a temporary file in the same folder, and the temporary file then replaces the target. Line
    endings are not changed. If the path is a link, the target of the link is written. A device or a pipe is written
    directly, without a temporary file.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as target:
            target.write(text)
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        temporary.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
