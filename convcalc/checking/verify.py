"""Compares the inferred weights of a model with the weights in its file.

Only the shapes are compared, not the names or the order. So two weights of equal shape may be exchanged unnoticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from convcalc.analyse import LayerReport, Report, infer
from convcalc.analyse.other_weights import with_classes_of_keras
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Shape, shape_text
from convcalc.base.problems import Problem, first_listed
from convcalc.base.structs import Struct
from convcalc.layers import Weight
from convcalc.model import Foreign, Model, StoredWeight
from convcalc.read.keras_files.weights import Weights


class VerifyResult(Struct):
    """The result of a comparison.

    Attributes:
        weights: The number of inferred weights.
        layers: The number of layers with inferred weights.
        unknown: The number of layers whose weights cannot be inferred.
        problems: The differences.
    """

    weights: int
    layers: int
    unknown: int
    problems: tuple[Problem, ...]

    @property
    def agreement(self) -> str:
        """A sentence: how many weights and layers agree with the file."""
        agree = f"{_counted(self.weights, 'weight')} of {_counted(self.layers, 'layer')} agree with the file"
        unknown = f"; {_counted(self.unknown, 'layer')} could not be compared" if self.unknown else ""
        return agree + unknown


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


@dataclass
class _Layer:
    """The inferred weights of one layer: names and shapes. A nested model whose weights are stored together counts as
    one layer.
    """

    row: LayerReport
    weights: list[tuple[str, Shape]] = field(default_factory=list)
    unknown: bool = False


def verify(report: Report, weights: Weights) -> VerifyResult:
    """Compares the inferred weights of a model with the weights in the model's file."""
    if any(isinstance(row.definition, Foreign) and row.definition.keras_class is not None for row in report.layers):
        report = infer(with_classes_of_keras(report.model))
    layers: dict[str, _Layer] = {}
    count = compared = unknown = 0
    for row in report.layers:
        # The file's names of declared layers are unknown. So all weights are compared as weights of one layer, the
        # model.
        declared = report.model.fallback is not None
        path = report.model.name if declared else _stored_at(row.path, weights)
        layer = layers.setdefault(path, _Layer(row))
        is_unknown = row.recorded or (row.params is UNKNOWN and not _is_model(row))
        layer.unknown |= is_unknown
        unknown += is_unknown
        inner_path = row.path if declared else row.path[len(path) :].lstrip("/")
        inferred = () if is_unknown else _in_archive(row.weights) if weights.archived else row.weights
        compared += bool(inferred)
        count += 0 if is_unknown else len(row.weights)
        layer.weights += [("/".join(filter(None, (inner_path, weight.name))), weight.shape) for weight in inferred]
    problems = [
        _difference(path, layer, weights.layers.get(path, ())) or _shared(path, layer, weights)
        for path, layer in layers.items()
    ]
    if weights.others:
        unused = [f"{shape_text(weight.shape)} at {weight.path}" for weight in weights.others]
        message = f"the file stores weights that belong to no layer of the model: {first_listed(unused)}"
        problems.append(Problem(codes.WEIGHTS_LEFT, message))
    return VerifyResult(count, compared, unknown, tuple(problem for problem in problems if problem))


def _in_archive(weights: Sequence[Weight]) -> Sequence[Weight]:
    """Returns the weights of a layer as a ``.keras`` archive stores them.

    The archive has no LoRA matrices, because Keras adds them to the kernel before saving. It stores the kernel of a
    layer in a SpectralNormalization twice: for the wrapper, and for the layer.
    """
    kept = [weight for weight in weights if "lora_" not in weight.name]
    vectors = [weight.name.removesuffix("vector_u") for weight in kept if weight.name.endswith("vector_u")]
    kernels = {f"{prefix}{name}" for prefix in vectors for name in ("kernel", "embeddings")}
    return kept + [weight for weight in kept if weight.name in kernels]


def _stored_at(path: str, weights: Weights) -> str:
    """Returns the path that has a layer's weights in the file: the layer's own path, or an enclosing model's path."""
    stored_at = path
    while stored_at not in weights.layers:
        stored_at, separator, _ = stored_at.rpartition("/")
        if not separator:
            return path
    return stored_at


def _is_model(row: LayerReport) -> bool:
    return isinstance(row.definition, Model)


def _shared(path: str, layer: _Layer, weights: Weights) -> Problem | None:
    """Returns the problem of a layer whose weights are stored only under another layer; None for other layers."""
    first = weights.shared.get(path)
    if first is None or not layer.weights:
        return None
    message = (
        f"{layer.row.class_name} '{path}' shares the weights of '{first}', and the file stores them only there; "
        "Keras cannot load such a file"
    )
    return Problem(codes.WEIGHTS_DIFFER, message, None, path)


def _difference(path: str, layer: _Layer, stored: Sequence[StoredWeight]) -> Problem | None:
    """Returns the problem of a layer whose inferred and stored weights differ; None if they agree.

    Extra stored weights are accepted if some weights of the layer cannot be inferred.
    """
    missing = list(layer.weights)
    unused = []
    for weight in stored:
        match = next(((name, shape) for name, shape in missing if shape == weight.shape), None)
        if match is None:
            unused.append(weight)
        else:
            missing.remove(match)
    if layer.unknown:
        unused = []
    if not missing and not unused:
        return None
    missing_text = first_listed([f"{name} {shape_text(shape)}" for name, shape in missing])
    unused_text = first_listed([f"{shape_text(weight.shape)} at {weight.path}" for weight in unused])
    if missing and unused:
        difference = f"has {missing_text}; the file stores {unused_text}"
    elif missing:
        difference = f"has {missing_text}, which the file does not store"
    else:
        difference = f"has no weight for {unused_text}, which the file stores"
    return Problem(codes.WEIGHTS_DIFFER, f"{layer.row.class_name} '{path}' {difference}", None, path)
