"""Returns advice for layers that refuse their inputs: what to change, and in which layer.

Imported only after a layer has refused its inputs. The rule of a layer knows the shapes, but not where they come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isqrt
from typing import Any

from convcalc.analyse.branch_sizes import Fits, branch_cure
from convcalc.analyse.run import ModelRun
from convcalc.base import codes
from convcalc.base.numbers import Shape, plain
from convcalc.base.problems import Refusal, listed
from convcalc.layers import LayerDefinition
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Call, Layer, Ref

_MAX_STEPS = 100  # how many layers are followed back to find the layer to change


def cure(run: ModelRun, call: Call, layer: Layer, inputs: Sequence[Shape | None], refusal: Refusal, fits: Fits) -> str:
    """Returns advice for a call that a rule refused; "" if there is none.

    ``fits`` returns True if the model runs on inputs of other shapes without a problem in this layer.
    """
    definition = layer.definition
    if not isinstance(definition, LayerDefinition) or not call.inputs:
        return ""
    shape = inputs[0]
    if shape is None or len(call.inputs) != len(inputs):
        return ""
    if refusal.code == codes.WRONG_RANK:
        return _rank_cure(run, call.inputs[0], layer, definition, shape)
    if refusal.code == codes.VANISHING_SIZE:
        return _size_cure(run, call.inputs[0], layer, definition, shape)
    if refusal.code == codes.SHAPES_DIFFER and len(inputs) > 1:
        return branch_cure(run, call, layer, inputs, fits)
    if refusal.code == codes.UNKNOWN_SIZE and refusal.argument == "stateful":
        return _batch_cure(run, call.inputs[0], shape)
    return ""


def _chain(run: ModelRun, ref: Ref) -> Iterator[tuple[Layer, Ref]]:
    """Yields the layer that makes a tensor, then the layers before it as long as each has one input."""
    for _ in range(_MAX_STEPS):
        yield run.model.layer_of(ref), ref
        sources = run.model.calls[ref.call].inputs
        if len(sources) != 1:
            return
        ref = sources[0]


def _sizes(shape: Sequence[Any]) -> str:
    sizes = [plain(size) for size in shape]
    return f"[{', '.join(str(size) if isinstance(size, int) else 'null' for size in sizes)}]"


def _is_code(layer: Layer) -> bool:
    return layer.place is not None and layer.place.made_at is not None


def _setting(layer: Layer, name: str, value: str) -> str:
    """Returns an argument as the user writes it: ``name: true`` in a spec, ``name=True`` in Python code."""
    return f"{name}={value.capitalize()}" if _is_code(layer) else f"{name}: {value}"


def _entry(layer: Layer, name: str, value: str) -> str:
    """Returns a layer as the user writes it: ``Reshape: [2, 3]`` in a spec, ``Reshape((2, 3))`` in Python code."""
    if not _is_code(layer):
        return f"'- {name}: {value}'" if value else f"'- {name}'"
    return f"{name}({value.replace('[', '(').replace(']', ')')})"


def _rank_cure(run: ModelRun, ref: Ref, layer: Layer, definition: LayerDefinition, shape: Shape) -> str:
    """Returns advice for an input with too many or too few axes."""
    axes = None if definition.axes is None else definition.axis_names(layer.args)
    wanted = definition.min_axes if axes is None else len(axes)
    given = len(shape) - 1
    if given < wanted and (recurrent := _last_output_only(run, ref)):
        setting = _setting(recurrent, "return_sequences", "true")
        return f"set {setting} in '{recurrent.name}', which otherwise returns only its last output"
    source = run.model.layer_of(ref)
    is_input = source.class_name == "InputLayer"
    if axes is None:
        return ""
    is_image = axes[0] == "length" and plain(shape[-1]) == 1
    if given == wanted + 1 and not is_image and (first := _input_before(run, ref, any_rank=True)):
        own = run.shape(first[1]) or ()
        if len(own) == len(shape) and isinstance(plain(own[1]), int):
            return f"if the first size is the batch size, leave it out: the input is {_sizes(own[2:])}"
    if given == wanted + 1 and axes[0] in ("length", "features"):
        return _merged_axes(layer, shape, wanted)
    if given >= wanted:
        return ""
    if is_input:
        return _missing_axis(axes, layer, shape)
    if (flat := _flattened(run, ref)) and "channels" in axes:
        return f"move '{flat.name}' below this layer, or remove it: it has put all axes into one"
    if given == 1 and axes[0] == "length":
        return f"make it a sequence first, such as {_entry(layer, 'Reshape', '[10, …]')} or {_entry(layer, 'RepeatVector', '10')}"
    size = plain(shape[-1])
    if given == 1 and len(axes) == 3 and isinstance(size, int):
        side = isqrt(size)
        sizes = f"[{side}, {side}, 1]" if side * side == size else "[height, width, channels]"
        return f"make it an image first: {_entry(layer, 'Reshape', sizes)}"
    return ""


def _last_output_only(run: ModelRun, ref: Ref) -> Layer | None:
    """Returns the recurrent layer that returns only its last output, if it is the cause of the missing axis."""
    rank = len(run.shape(ref) or ())
    for layer, source in _chain(run, ref):
        if len(run.shape(source) or ()) != rank:
            return None
        inside = [layer.args, *(value.args for value in layer.args.values() if isinstance(value, SubLayer))]
        definition = layer.definition
        known = isinstance(definition, LayerDefinition) and definition.argument("return_sequences") is not None
        if known or any("return_sequences" in args for args in inside) or definition_inside(layer):
            return None if any(args.get("return_sequences") for args in inside) else layer
    return None


def definition_inside(layer: Layer) -> bool:
    """Returns True if a layer wraps a recurrent layer, such as ``Bidirectional``."""
    values = [value for value in layer.args.values() if isinstance(value, SubLayer)]
    return any(value.definition.argument("return_sequences") is not None for value in values)


def _input_before(run: ModelRun, ref: Ref, any_rank: bool = False) -> tuple[Layer, Ref] | None:
    """Returns the input layer at the beginning of the chain of layers before a tensor.

    With ``any_rank``, returns None if one of the layers accepts only one number of axes.
    """
    for layer, source in _chain(run, ref):
        if layer.class_name == "InputLayer":
            return layer, source
        if any_rank and isinstance(layer.definition, LayerDefinition) and layer.definition.axes is not None:
            return None
    return None


def _flattened(run: ModelRun, ref: Ref) -> Layer | None:
    """Returns the layer that has made a vector of an image or a sequence."""
    for layer, source in _chain(run, ref):
        before = [run.shape(tensor) for tensor in run.model.calls[source.call].inputs]
        if len(before) == 1 and before[0] is not None and len(before[0]) > len(run.shape(source) or ()):
            return layer
    return None


def _missing_axis(axes: Sequence[str], layer: Layer, shape: Shape) -> str:
    """Returns advice for an input layer whose shape has too few sizes."""
    sizes: list[Any] = list(shape[1:])
    if len(sizes) == len(axes) - 1:
        last = axes[-1]
        if last == "channels" or "channels" not in axes:
            what = "for one channel" if last == "channels" else "for one number at each step"
            advice = f"{what}, write {_sizes([*sizes, 1])}"
            words = f"; for words, put {_entry(layer, 'Embedding', '[vocabulary, 64]')} before it"
            return advice + (words if last == "features" else "")
        return f"for one channel, write {_sizes([1, *sizes])}"
    size = plain(sizes[0]) if len(sizes) == 1 else None
    if isinstance(size, int) and len(axes) == 3 and isqrt(size) ** 2 == size:
        side = isqrt(size)
        return f"for an image, write [{side}, {side}, 1]"
    return ""


def _merged_axes(layer: Layer, shape: Shape, wanted: int) -> str:
    """Returns advice for an image that reaches a layer for sequences or vectors."""
    sizes = [plain(size) for size in shape[1:]]
    numbers = [size for size in sizes if isinstance(size, int)]
    if wanted == 2 and len(numbers) == 3:
        return (
            f"make it a sequence first, such as {_entry(layer, 'Reshape', f'[{sizes[0]}, {numbers[1] * numbers[2]}]')}"
        )
    return f"put {_entry(layer, 'Flatten', '')} before it" if wanted == 1 else ""


def _size_cure(run: ModelRun, ref: Ref, layer: Layer, definition: LayerDefinition, shape: Shape) -> str:
    """Returns advice for a kernel that is larger than its input."""
    sizes = [plain(size) for size in shape[1:]]
    first = _input_before(run, ref)
    own = [plain(size) for size in (run.shape(first[1]) or ())[1:]] if first else []
    is_image = len(sizes) == 3 and len(own) == 3 and layer.args.get("data_format") != "channels_first"
    if first and is_image and all(isinstance(size, int) for size in own):
        channels, *image = own
        if channels in (1, 3, 4) and min(image) > 4:
            last = _sizes([*image, channels])
            return f"Keras expects the channels last: if {_sizes(own)} has them first, write {last}"
    shrinking = _shrinking(run, ref)
    if len(shrinking) > 1:
        names = listed([repr(name) for name in shrinking[:3]], "and")
        return f"or make the layers above shrink it less ({names}{' …' if len(shrinking) > 3 else ''})"
    return ""


def _shrinking(run: ModelRun, ref: Ref) -> list[str]:
    """Returns the names of the layers before a tensor that halve the image or reduce it more, the last first."""
    names = []
    for layer, source in _chain(run, ref):
        result = run.results[source.call]
        windows = result.inferred.windows if result.inferred else ()
        if any(window.stride > 1 and not window.transposed for window in windows):
            names.append(layer.name)
    return names


def _batch_cure(run: ModelRun, ref: Ref, shape: Shape) -> str:
    """Returns advice for a stateful layer, which needs a batch size."""
    first = _input_before(run, ref)
    if first is None or _is_code(first[0]):
        return ""
    own = run.shape(first[1]) or shape
    return f"write 'input: {{shape: {_sizes(own[1:])}, batch_size: 1}}'"
