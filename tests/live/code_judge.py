"""Compares the model that convcalc reads from the text of a program with the model that the program builds in Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from convcalc.analyse import Report
from convcalc.base.numbers import UNKNOWN

Shapes = list[tuple[int | None, ...]]


class Row(NamedTuple):
    """A layer or an operation, with the rows inside it.

    ``shapes`` has the output shapes of each call. ``sources`` has the names of the layers that it reads; None if Keras does not know
    them. ``inner`` is True for a row in a custom layer, which Keras's summary does not show.
    """

    name: str
    class_name: str
    shapes: list[Shapes]
    params: Any
    trainable: Any
    sources: list[str] | None
    is_operation: bool = False
    inner: bool = False
    rows: Sequence[Any] = ()


# Keras ----------------------------------------------------------------------------------------------------------------


class Calls:
    """The output shapes of each call of each layer while a program runs. The keys are ``id(layer)``."""

    def __init__(self) -> None:
        self.shapes: dict[int, list[Shapes]] = {}
        self._layers: list[Any] = []  # keeps the layers alive, so that their ids stay unique

    def add(self, layer: Any, outputs: Any) -> None:
        """Records a call."""
        self._layers.append(layer)
        self.shapes.setdefault(id(layer), []).append(_shapes(outputs))


@contextmanager
def recorded_calls() -> Iterator[Calls]:
    """Records the calls of all layers while the context is open."""
    import keras

    calls = Calls()
    original = keras.Layer.__call__

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = original(layer, *args, **kwargs)
        calls.add(layer, outputs)
        return outputs

    keras.Layer.__call__ = call
    try:
        yield calls
    finally:
        keras.Layer.__call__ = original


def _shapes(tensors: Any) -> Shapes:
    import keras

    return [tuple(tensor.shape) for tensor in keras.tree.flatten(tensors) if hasattr(tensor, "shape")]


def size(weights: Any) -> int:
    """Returns the number of elements of the weights; each weight is counted once."""
    return sum({id(weight): math.prod(weight.shape) for weight in weights}.values())


def _layers(model: Any) -> Any:
    from keras.src.models.functional import Functional

    if isinstance(model, Functional):
        return model.operations
    return getattr(model, "layers", None) if hasattr(model, "layers") else model._layers


def keras_rows(model: Any, calls: Calls | None, inner: bool = False) -> list[Row]:
    """Returns the rows of a model, or of a custom layer, in Keras's order."""
    import keras
    from keras.src.models.functional import Functional

    used = {id(node) for nodes in getattr(model, "_nodes_by_depth", {}).values() for node in nodes}
    rows = []
    for layer in _layers(model):
        nodes = [node for node in layer._inbound_nodes if id(node) in used]
        shapes = [_shapes(node.outputs) for node in nodes]
        if not nodes and calls is not None:
            shapes = calls.shapes.get(id(layer), [])
        sources = None
        if isinstance(model, Functional):
            sources = [tensor._keras_history.operation.name for node in nodes for tensor in node.input_tensors]
        counts: tuple[Any, Any] = (0, 0)
        is_layer = isinstance(layer, keras.Layer)
        if is_layer:
            counts = (size(layer.weights), size(layer.trainable_weights)) if layer.built else (None, None)
        own = is_layer and not type(layer).__module__.startswith("keras.")
        rows.append(
            Row(
                layer.name,
                type(layer).__name__,
                shapes,
                *counts,
                sources,
                not is_layer,
                inner,
                keras_rows(layer, calls, own and not isinstance(layer, keras.Model))
                if isinstance(layer, keras.Model) or own
                else (),
            )
        )
    return rows


def called(model: Any) -> None:
    """Calls a model that the program builds, but does not call. Without a call, Keras marks it as built, but its layers
    have no weights.
    """
    import keras

    shapes = getattr(model, "_build_shapes_dict", None)
    if shapes and not all(layer.built for layer in model._flatten_layers()):
        model(keras.Input(batch_shape=next(iter(shapes.values()))))


# convcalc -------------------------------------------------------------------------------------------------------------


def report_rows(report: Report) -> list[Row]:
    """Returns the rows of a report. Each row contains its inner rows."""
    top: list[Row] = []
    levels: list[list[Row]] = [top]
    for row in report.layers:
        del levels[row.depth + 1 :]
        inside: list[Row] = []
        levels[row.depth].append(
            Row(
                row.name,
                row.class_name,
                [[_plain(shape) for shape in call.output_shapes] for call in row.calls]
                or [[_plain(shape) for shape in row.output_shapes]],
                _number(row.params, "params", row.incomplete),
                _number(row.trainable_params, "trainable_params", row.incomplete),
                [source.partition("[")[0] for call in row.calls for source in call.inputs],
                row.module.startswith("keras.ops"),
                False,
                inside,
            )
        )
        levels.append(inside)
    return top


def _plain(shape: Any) -> Any:
    if shape is None:
        return None
    return tuple(None if size is UNKNOWN else size if isinstance(size, int) else str(size) for size in shape)


def _number(value: Any, name: str, incomplete: Any) -> Any:
    return f"incomplete ({value})" if name in incomplete else value


# Differences ----------------------------------------------------------------------------------------------------------


def differences(model: Any, report: Report, calls: Calls | None = None, names: bool = True) -> list[str]:
    """Returns the differences between a report and a Keras model, each as a line of text."""
    result: list[str] = []
    if report.model.class_name not in [
        cls.__name__ for cls in type(model).__mro__
    ]:  # a custom class, or its Keras base class
        result.append(f"model class: {report.model.class_name}, Keras {type(model).__name__}")
    if names and report.model.name != model.name:
        result.append(f"model name: {report.model.name}, Keras {model.name}")
    if getattr(model, "inputs", None):
        pairs = (
            ("input shapes", report.input_shapes, model.inputs),
            ("output shapes", report.output_shapes, model.outputs),
        )
        for what, shapes, tensors in pairs:
            if [_plain(shape) for shape in shapes] != _shapes(tensors):
                result.append(f"{what}: {[*map(_plain, shapes)]}, Keras {_shapes(tensors)}")
    totals = report.totals
    if model.built:
        for name, weights in (("params", model.weights), ("trainable_params", model.trainable_weights)):
            value = _number(getattr(totals, name), name, totals.incomplete)
            if value != size(weights):
                result.append(f"total {name}: {value}, Keras {size(weights)}")
    result += _level(keras_rows(model, calls), report_rows(report), "", names)
    return result


def _level(theirs: Sequence[Row], ours: Sequence[Row], place: str, names: bool) -> Iterator[str]:
    if place:  # Keras's summary shows no operations in a nested model
        theirs, ours = ([row for row in rows if not row.is_operation] for rows in (theirs, ours))
    inner = bool(theirs) and theirs[0].inner
    if (inner and not ours) or (place and not theirs):
        return
    if inner and len(theirs) != len(
        ours
    ):  # Keras does not list layers that `call` creates, so only the numbers of the whole row are compared
        return
    if len(theirs) != len(ours):
        yield f"{place or 'model'}: {len(ours)} rows, Keras {len(theirs)}: {_missing(theirs, ours)}"
        return
    if inner:  # Keras's summary does not show the order of the attributes.
        theirs, ours = (
            sorted(rows, key=lambda row: (row.class_name, str(row.params), row.name)) for rows in (theirs, ours)
        )
    for row, other in zip(theirs, ours):
        at = f"{place}/{row.name}" if place else row.name
        if row.class_name != other.class_name:
            yield f"{at}: class {other.class_name}, Keras {row.class_name}"
            continue
        if names and not inner and row.name != other.name:
            yield f"{at}: name {other.name}"
        if row.shapes and not _agree(row.shapes, other.shapes):
            yield f"{at}: shapes {other.shapes[:2]}, Keras {row.shapes[:2]}"
        for what in ("params", "trainable"):
            expected = getattr(row, what)
            if expected is not None and getattr(other, what) != expected:
                yield f"{at}: {what} {getattr(other, what)}, Keras {expected}"
        if names and row.sources is not None and other.sources != row.sources:
            yield f"{at}: connected to {other.sources}, Keras {row.sources}"
        yield from _level(row.rows, other.rows, at, names)


def _agree(theirs: list[Shapes], ours: list[Shapes]) -> bool:
    """Returns True if each of our calls has the shapes of one of Keras's calls. Keras may call a layer more often than
    we do.
    """
    return all(shapes in theirs for shapes in ours)


def _missing(theirs: Sequence[Row], ours: Sequence[Row]) -> str:
    left, right = ([row.name for row in rows] for rows in (theirs, ours))
    return f"missing {[name for name in left if name not in right][:5]}, added {[name for name in right if name not in left][:5]}"
