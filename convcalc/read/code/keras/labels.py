"""Finds labels that do not fit the outputs and the loss of a model.

The rules are those of the losses of Keras 3 on TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import snake_case
from convcalc.base.numbers import UNKNOWN, Number, Shape, plain, shape_text
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import ModelValue, TensorValue, from_sizes
from convcalc.read.code.language.values import Library, LibraryObject, Spot


def check_labels(
    run: Any,
    model: ModelValue,
    method: str,
    labels: Sequence[Array],
    outputs: Sequence[TensorValue],
    shapes: Sequence[Shape | None],
    rows: Any,
    spot: Spot,
) -> None:
    """Reports the first labels that do not fit the output and the loss. ``rows`` is the number of samples."""
    losses = losses_of(model.training.get("loss"), outputs)
    if len(labels) == 1 < len(outputs) and run.is_old_keras:
        return  # Keras 2 uses one array of labels for all outputs
    if len(labels) != len(outputs) and len(outputs) > 1 and model.training.get("loss") is not None:
        message = f"'{model.name}' has {len(outputs)} outputs, but `{method}` gets {len(labels)} arrays of labels"
        run.fault(codes.LABELS_DIFFER, message, spot, model, in_keras2=len(labels) == 1)
        return
    for array, shape, loss in zip(labels, shapes, losses):
        if loss is None or shape is None:
            continue
        target = (rows, *from_sizes(array.shape)[1:]) if array.shape else ()
        output = (rows, *shape[1:])
        problem = label_problem(loss, target, output, array.classes)
        if problem:
            run.fault(
                codes.LABELS_DIFFER, f"the labels of `{method}` do not fit '{model.name}': {problem}", spot, model
            )
            return


def losses_of(value: Any, outputs: Sequence[TensorValue]) -> list[str | None]:
    """Returns the name of the loss of each output, such as "mean_squared_error". None for a custom loss."""
    if isinstance(value, Mapping):
        return [loss_name(value.get(tensor.node.layer.name)) for tensor in outputs]
    if isinstance(value, (list, tuple)):
        return [loss_name(part) for part in value]
    return [loss_name(value)] * len(outputs)


_SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
}
_ELEMENTWISE = (
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "huber",
    "log_cosh", "poisson", "hinge", "squared_hinge",
)  # fmt: skip


def loss_name(value: Any) -> str | None:
    """Returns the name of a loss, such as "mean_squared_error". None for a custom loss."""
    if isinstance(value, (Library, LibraryObject)) and value.path.startswith(("keras.losses.", "keras.metrics.")):
        value = value.path.rpartition(".")[2]
    if not isinstance(value, str):
        return None
    name = snake_case(value).replace("cross_entropy", "crossentropy")
    return _SHORT.get(value.lower(), name)


def label_problem(loss: str, target: Shape, output: Shape, classes: int | None = None) -> str:
    """Returns the reason why a loss refuses labels of this shape; "" if it accepts them.

    The first axis of both shapes is the batch axis.
    """
    if loss == "sparse_categorical_crossentropy":
        return _sparse_problem(target, output, classes)
    target, output = _same_rank(target, output)
    if loss in ("categorical_crossentropy", "binary_crossentropy"):
        if len(target) == len(output) and not differs(target, output):
            return ""
        return f"{loss} needs labels and outputs of one shape, not {_shapes(target, output)}{_loss_cure(loss, target, output)}"
    if loss in _ELEMENTWISE and not _broadcasts(target, output):
        return f"{loss} compares {_shapes(target, output)}, which do not broadcast{_loss_cure(loss, target, output)}"
    return ""


def _sparse_problem(target: Shape, output: Shape, classes: int | None) -> str:
    target, output = _same_rank(target, output)
    if len(target) == len(output) and target[-1] == 1:
        target = target[:-1]
    name = "sparse_categorical_crossentropy"
    if len(target) != len(output) - 1:
        cure = (
            "; use categorical_crossentropy for one-hot labels"
            if len(target) == len(output) and not differs(target, output)
            else ""
        )
        return f"{name} needs labels of shape {shape_text(output[:-1])}, not {shape_text(target)}{cure}"
    if differs(target, output[:-1]):
        return f"{name} needs labels of shape {shape_text(output[:-1])}, not {shape_text(target)}"
    size = output[-1]
    if classes is not None and isinstance(size, int) and size < classes:
        return f"the labels have {classes} classes, but the output has {size} values; set the last layer to {classes} units"
    return ""


def _same_rank(target: Shape, output: Shape) -> tuple[Shape, Shape]:
    """Returns the shapes of labels and outputs after Keras's loss adds or removes a last axis of size 1."""
    if len(target) == len(output) + 1 and target[-1] == 1:
        return (target, (*output, 1)) if len(output) == 1 else (target[:-1], output)
    if len(output) == len(target) + 1 and output[-1] == 1:
        return ((*target, 1), output) if len(target) == 1 else (target, output[:-1])
    return target, output


def differs(first: Shape, second: Shape) -> bool:
    """Returns True if two shapes have known sizes that are different."""
    return any(map(_conflict, first, second))


def _conflict(size: Number, other: Number) -> bool:
    """Returns True if both sizes are known and different."""
    known, wanted = plain(size), plain(other)
    return isinstance(known, int) and isinstance(wanted, int) and known != wanted


def _broadcasts(first: Shape, second: Shape) -> bool:
    return not any(
        _conflict(size, other) and 1 not in (plain(size), plain(other))
        for size, other in zip(reversed(first), reversed(second))
    )


def _shapes(target: Shape, output: Shape) -> str:
    return f"{shape_text(target)} and {shape_text(output)}"


def _loss_cure(loss: str, target: Shape, output: Shape) -> str:
    """Returns a cure for the labels or the last layer, as the end of a message."""
    size = output[-1] if output else UNKNOWN
    is_index = len(target) == len(output) - 1 or (len(target) == len(output) and target[-1] == 1)
    if loss == "categorical_crossentropy" and is_index and isinstance(size, int) and size > 1:
        return "; use sparse_categorical_crossentropy, or one-hot labels: `keras.utils.to_categorical(y)`"
    if len(target) == len(output) and isinstance(target[-1], int) and not differs(target[:-1], output[:-1]):
        return f"; set the last layer to {target[-1]} unit{'s' * (target[-1] != 1)}"
    if is_index and len(target) == 1:
        return "; set the last layer to 1 unit"
    return ""
