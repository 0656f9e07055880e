"""Finds training data that Keras refuses: data that do not fit the inputs of a model. ``labels`` checks the labels.

The rules are those of Keras 3: ``Functional._standardize_inputs``, ``InputSpec`` and ``check_data_cardinality``. Data of unknown
shape are not checked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from convcalc.analyse.inference import run_on
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, shape_text
from convcalc.base.problems import ConvcalcError
from convcalc.layers import Weight
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.data.data_pipelines import Stream
from convcalc.read.code.data.tables import Table
from convcalc.read.code.keras.copies import note_checkpoints
from convcalc.read.code.keras.graph import ModelValue, TensorValue, from_sizes, leaves, mapped, tensors_in, to_sizes
from convcalc.read.code.keras.labels import check_labels, differs
from convcalc.read.code.keras.old_arguments import has_old_arguments, is_old_method
from convcalc.read.code.keras.unbuilt import note_run
from convcalc.read.code.language.values import MISSING, Instance, Raised, Spot, Unknown

# The parameters of each method, in Keras's order.
_PARAMETERS = {
    "fit": ("x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data"),
    "fit_generator": ("x", "steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data"),
    "evaluate": ("x", "y", "batch_size"),
    "evaluate_generator": ("x",),
    "predict_generator": ("x",),
    "predict": ("x", "batch_size"),
    "train_on_batch": ("x", "y"),
    "test_on_batch": ("x", "y"),
    "predict_on_batch": ("x",),
}
_DEFAULT_BATCH = 32


def train(run: Any, model: ModelValue, method: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Does ``model.fit(…)``, ``evaluate``, ``predict``, ``train_on_batch`` and similar methods. Reports data that Keras
    refuses.
    """
    if is_old_method(method) or has_old_arguments(kwargs):
        run.is_old_keras = True
    if method == "compile":
        model.training = {**dict(zip(("optimizer", "loss", "loss_weights", "metrics"), args)), **kwargs}
        return None
    names = _PARAMETERS.get(method)
    if names is None:
        return run.unknown(f"the result of `{method}` is not supported", spot)
    given = {**dict(zip(names, args)), **kwargs}
    given.setdefault("x", given.get("generator"))
    batch = given.get("batch_size")
    size = batch if isinstance(batch, int) and batch > 0 else _DEFAULT_BATCH
    note_checkpoints(run, model, given.get("callbacks"))
    x, y, is_stream = batch_of(run, given.get("x"), given.get("y"), spot)
    known = isinstance(batch, int) or (batch is None and given.get("steps_per_epoch") is None)
    held_out = given.get("validation_split", 0)
    outputs = check(
        run,
        model,
        method,
        x,
        y,
        None if is_stream else size,
        spot,
        held_out if known and isinstance(held_out, (int, float)) else None,
    )
    validation = given.get("validation_data")
    if isinstance(validation, (list, tuple)) and len(validation) in (2, 3):
        check(run, model, f"{method}'s validation_data", validation[0], validation[1], size, spot)
    elif isinstance(validation, Stream):
        x, y, _ = batch_of(run, validation, None, spot)
        check(run, model, f"{method}'s validation_data", x, y, None, spot)
    if method.startswith("predict") and outputs is not None:
        return outputs
    return run.unknown(f"the result of `{method}` is not supported", spot)


def batch_of(run: Any, x: Any, y: Any, spot: Spot) -> tuple[Any, Any, bool]:
    """Returns the inputs and labels that a model gets, and True if they are one batch of a stream of data."""
    if isinstance(x, Instance) and x.cls.find("__getitem__") is not MISSING:
        try:
            element = run.item(x, 0, spot)
        except Raised:
            return None, None, True
    elif isinstance(x, Stream):
        element = x.element
    else:
        return x, y, False
    if isinstance(element, tuple) and len(element) in (1, 2, 3):
        return element[0], element[1] if len(element) > 1 else None, True
    return element, None, True


def check(
    run: Any, model: ModelValue, method: str, x: Any, y: Any, batch: int | None, spot: Spot, held_out: float | None = 0
) -> Any:
    """Reports the first error in the data of a method. Returns the outputs as arrays; None if they are unknown.

    ``held_out`` is the part of the data that ``fit`` keeps for validation; None if it or the batch size is unknown.
    """
    note_run([model])
    if model.outputs is None and model.cls is not None and not model.is_sequential:
        build_on(run, model, x, spot, lambda samples: _built_batch(method, samples, batch, held_out))
        return None
    arrays = arrays_of(x, [tensor.node.layer.name for tensor in tensors_in(model.inputs)])
    if arrays is None:
        return None
    labels = arrays_of(y, [tensor.node.layer.name for tensor in tensors_in(model.outputs)]) if y is not None else []
    counted = [array for array in [*arrays, *(labels or [])] if array.shape] if batch is not None else []
    samples = [array.shape[0] for array in counted if isinstance(array.shape[0], int)]
    if len(set(samples)) > 1:
        counts = " and ".join(f"{count:,}" for count in dict.fromkeys(samples))
        message = f"`{method}` gets arrays with {counts} samples; all arrays need the same number of samples (the size of the first axis)"
        run.fault(codes.SAMPLES_DIFFER, message, spot, model)
        return None
    _build(run, model, arrays, _built_batch(method, samples, batch, held_out), spot)
    inputs = tensors_in(model.inputs)
    if model.outputs is None or not inputs or any(tensor.shape is None for tensor in inputs):
        return None
    if len(arrays) != len(inputs):
        message = f"'{model.name}' has {len(inputs)} input{'s' * (len(inputs) != 1)}, but `{method}` gets {len(arrays)} arrays"
        run.fault(codes.WRONG_INPUTS, message, spot, model)
        return None
    for tensor, array in zip(inputs, arrays):
        message = input_problem(tensor.shape or (), from_sizes(array.shape), model.is_sequential)
        if message:
            run.fault(codes.WRONG_SHAPE, f"'{model.name}' expects {message} (`{method}`)", spot, model)
            return None
    shapes = _output_shapes(run, model, inputs, arrays, method, spot)
    if shapes is None:
        return None
    first = next(iter(samples), None)
    outputs = tensors_in(model.outputs)
    rows = UNKNOWN if first is None or batch is None else min(first, batch)
    if labels:
        check_labels(run, model, method, labels, outputs, shapes, rows, spot)
    built = (inputs[0].shape or (UNKNOWN,))[0]
    results = {id(tensor): _predicted(tensor, shape, first, built) for tensor, shape in zip(outputs, shapes)}
    return mapped(model.outputs, lambda value: results[id(value)] if isinstance(value, TensorValue) else value)


def _output_shapes(
    run: Any, model: ModelValue, inputs: Sequence[TensorValue], arrays: Sequence[Array], method: str, spot: Spot
) -> list[Shape | None] | None:
    """Returns the shapes of the outputs for these arrays. If a layer refuses the arrays, reports it and returns None."""
    outputs = [tensor.shape for tensor in tensors_in(model.outputs)]
    shapes = [adjusted(tensor.shape or (), from_sizes(array.shape)) for tensor, array in zip(inputs, arrays)]
    pairs = [((tensor.shape or ())[1:], (shape or ())[1:]) for tensor, shape in zip(inputs, shapes)]
    is_open = any(
        UNKNOWN in (shape or ())[1:] for shape in outputs
    )  # the data may give the sizes that the model leaves open
    if not any(differs(*pair) or (is_open and _says_more(*pair)) for pair in pairs):
        return outputs
    built = run.model_of(model)
    try:
        own = run_on(built, [tensor.shape for tensor in inputs])
        batches = [(tensor.shape or (UNKNOWN,))[0] for tensor in inputs]
        other = run_on(built, [shape and (batch, *shape[1:]) for batch, shape in zip(batches, shapes)])
    except ConvcalcError as failed:
        problem = next(problem for problem in failed.problems if problem.severity == "error")
        ranks = [(tensor.shape or (), from_sizes(array.shape)) for tensor, array in zip(inputs, arrays)]
        cure = next((_cure(own, given) for own, given in ranks if len(own) != len(given)), "")
        message = f"`{method}` gives '{model.name}' data of other sizes: {problem.message}{cure}"
        run.fault(problem.code, message, spot, model)
        return None
    for layer, first, second in zip(built.layers, own.weights, other.weights):
        if first is not None and second is not None and _other_weights(first, second):
            received = " and ".join(shape_text(shape or ()) for shape in shapes)
            expects = " and ".join(shape_text(tensor.shape or ()) for tensor in inputs)
            message = f"'{model.name}' expects an input of shape {expects}, but gets {received}"
            text = f"{message}: the weights of '{layer.name}' have other shapes (`{method}`)"
            run.fault(codes.WRONG_SHAPE, text, spot, model)
            return None
    return list(other.outputs)


def _says_more(own: Sequence[Any], given: Sequence[Any]) -> bool:
    """Returns True if the data have a number where the model leaves a size open."""
    return any(size is UNKNOWN and isinstance(other, int) for size, other in zip(own, given))


def _other_weights(first: Sequence[Weight], second: Sequence[Weight]) -> bool:
    """Returns True if the weights of a layer have other shapes. Unknown sizes count as the same."""
    return any(
        len(one.shape) != len(other.shape) or differs(one.shape, other.shape) for one, other in zip(first, second)
    )


def _predicted(tensor: TensorValue, shape: Shape | None, samples: Any, built: Number) -> Any:
    """Returns an output as an array. ``built`` is the first size of the model's input."""
    if tensor.shape is None or shape is None:
        return tensor.sizes if tensor.shape is None else Unknown("the shape of the output is unknown")
    if shape and shape[0] is not UNKNOWN and shape[0] != built:  # the input is one image, without a batch axis
        samples = to_sizes(shape)[0]
    return Array((samples, *to_sizes(shape)[1:]), tensor.dtype)


def arrays_of(value: Any, names: Sequence[str]) -> list[Array] | None:
    """Returns the arrays in an argument such as ``x``, one for each input of the model. None if an array is unknown."""
    if isinstance(value, dict):
        value = [value[name] for name in names if name in value] if set(names) <= set(value) else None
    parts = [value] if not isinstance(value, (list, tuple)) else list(leaves(value))
    parts = [part.array() if isinstance(part, Table) else part for part in parts]
    if not parts or not all(isinstance(part, Array) for part in parts):
        return None
    return parts


def _build(run: Any, model: ModelValue, arrays: Sequence[Array], batch: int | None, spot: Spot) -> None:
    """Builds a Sequential whose input shape is not known before it gets data."""
    if model.outputs is None and len(arrays) == 1 and arrays[0].shape:
        run.build_model(model, (batch, *arrays[0].shape[1:]), spot)


def _built_batch(method: str, samples: Sequence[int], batch: int | None, held_out: float | None) -> int | None:
    """Returns the batch size with which Keras builds a model on its first data. Its summary then shows this size.

    A call builds it with the size of the data, and ``predict`` with that of the first batch. ``fit`` and ``evaluate``
    leave the size open if the last batch is smaller.
    """
    if not samples or (batch is None and method != "the call"):
        return None
    if method == "the call" or method.endswith("_on_batch"):
        return samples[0]
    if batch is None or held_out is None:
        return None
    if method == "predict":
        return min(samples[0], batch)
    return None if math.floor(samples[0] * (1 - held_out)) % batch else batch


def build_on(
    run: Any, model: ModelValue, x: Any, spot: Spot, batch: Callable[[Sequence[int]], int | None] = lambda samples: None
) -> None:
    """Builds a model of the program's own class: it is called on inputs of the shapes of its first data."""
    arrays = arrays_of(list(x.values()) if isinstance(x, dict) else x, ())
    if arrays is None or model.cached.get("forms") or not all(array.shape for array in arrays):
        return
    size = batch([array.shape[0] for array in arrays if isinstance(array.shape[0], int)])
    tensors = {id(array): run.new_input((size, *array.shape[1:]), array.dtype, spot) for array in arrays}
    run.call_layer(model, [mapped(x, lambda value: tensors[id(value)])], {}, spot)


def input_problem(expected: Shape, shape: Shape, any_sizes: bool = False) -> str:
    """Returns the error and its cure if Keras refuses an array as an input; "" if Keras accepts it.

    Keras ignores a last axis of size 1 in both shapes. With ``any_sizes``, as in a Sequential, only the number of axes
    counts. If a size that the input leaves open is wrong, a layer reports it.
    """
    accepts = any_sizes or not differs(_without_one(expected)[1:], _without_one(shape)[1:])
    if accepts and len(shape) != len(expected):
        accepts = adjusted(expected, shape) is not None
    if accepts:
        return ""
    return f"an input of shape {shape_text(expected)}, but gets {shape_text(shape)}{_cure(expected, shape)}"


def adjusted(expected: Shape, shape: Shape) -> Shape | None:
    """Returns the shape of an array after Keras adds or removes a last axis of size 1. None if it does not fit the
    input.
    """
    if len(shape) == len(expected):
        return shape
    if len(shape) == len(expected) + 1 and shape[-1] == 1:
        return shape[:-1]
    return (*shape, 1) if len(shape) == len(expected) - 1 and expected[-1] == 1 else None


def _without_one(shape: Shape) -> Shape:
    return shape[:-1] if shape and shape[-1] == 1 else shape


def _cure(expected: Shape, shape: Shape) -> str:
    """Returns a cure for the shape of an array, as the end of a message."""
    wanted, own = list(expected[1:]), list(shape[1:])
    if list(shape) == wanted:
        return "; one sample needs a batch axis: `np.expand_dims(x, 0)`"
    if own[:-1] == wanted[:-1] and len(own) == len(wanted) and len(own) > 1:
        return f"; the last axis is {shape_text((own[-1],))[1:-2]}, not {shape_text((wanted[-1],))[1:-2]}"
    if len(own) == len(wanted) - 1:
        return f"; the input has {len(wanted)} axes after the batch axis, the data have {len(own)}"
    known = [size for size in wanted if size is not UNKNOWN]
    if len(own) != len(wanted) and len(known) == len(wanted) and _product(own) == _product(wanted):
        return f"; reshape the data: `x.reshape(-1, {', '.join(map(str, wanted))})`"
    return ""


def _product(sizes: Sequence[Any]) -> Any:
    result: Any = 1
    for size in sizes:
        if not isinstance(size, int):
            return None
        result *= size
    return result
