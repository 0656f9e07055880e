"""Finds why the branches of a model have different sizes where they meet, and what to change.

The usual cause is a layer that rounds: pooling makes 44 of 89, and upsampling makes 88 of 44. Then the layer is named
with the sizes of the input that fit. They are found by running the model again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convcalc.analyse.run import ModelRun
from convcalc.base.numbers import Shape, plain
from convcalc.base.problems import listed
from convcalc.base.window import Window
from convcalc.model import Call, Layer, Ref

# Returns True if the model runs on inputs of these shapes without a problem in this layer.
Fits = Callable[[Sequence[Shape]], bool]

_FACTORS = (2, 4, 8, 16, 32, 64, 128)
_MAX_CALLS = 5000  # larger models are not run again
_AXES = {1: ("position",), 2: ("row", "column"), 3: ("slice", "row", "column")}


def branch_cure(run: ModelRun, call: Call, layer: Layer, inputs: Sequence[Shape | None], fits: Fits) -> str:
    """Returns advice for a layer whose inputs have different sizes; "" if there is none."""
    first, second = inputs[0], next((shape for shape in inputs if shape != inputs[0]), None)
    if first is None or second is None or len(first) != len(second):
        return ""
    sizes = [[plain(size) for size in shape] for shape in (first, second)]
    differing = [axis for axis in range(1, len(first)) if sizes[0][axis] != sizes[1][axis]]
    channels = layer.args.get("axis", -1) % len(first) if layer.class_name == "Concatenate" else len(first) - 1
    spatial = [axis for axis in differing if axis != channels]
    if not spatial:
        return _channels_cure(run, call, inputs)
    if len(first) < 3:
        return ""
    ratios = {_ratio(sizes[0][axis], sizes[1][axis]) for axis in spatial}
    if len(ratios) == 1 and (ratio := ratios.pop()) > 1:
        larger = 0 if (sizes[0][spatial[0]] or 0) > (sizes[1][spatial[0]] or 0) else inputs.index(second)
        name = run.model.layer_of(call.inputs[larger]).name
        return f"the output of '{name}' is {ratio} times as large: use strides {ratio} there, or pool it by {ratio}"
    return _rounding_cure(run, call, inputs, fits)


def _ratio(a: object, b: object) -> int:
    """Returns how many times the larger size is the smaller one; 0 if that is no whole number."""
    if not isinstance(a, int) or not isinstance(b, int) or min(a, b) < 1:
        return 0
    return 0 if max(a, b) % min(a, b) else max(a, b) // min(a, b)


def _channels_cure(run: ModelRun, call: Call, inputs: Sequence[Shape | None]) -> str:
    """Returns advice for an Add of branches with different numbers of channels."""
    known = [plain(shape[-1]) if shape else None for shape in inputs]
    numbers = [size for size in known if isinstance(size, int)]
    if len(numbers) < len(known) or len(numbers) < 2:
        return ""
    smallest, largest = numbers.index(min(numbers)), max(numbers)
    name = run.model.layer_of(call.inputs[smallest]).name
    rank = len(inputs[0] or ()) - 2
    is_code = call.place is not None and call.place.made_at is not None
    if rank not in (1, 2, 3):
        layer = f"Dense({largest})" if is_code else f"'- Dense: {largest}'"
    else:
        layer = f"Conv{rank}D({largest}, 1)" if is_code else f"'- Conv{rank}D: [{largest}, 1]'"
    what = "channels" if rank in (1, 2, 3) else "features"
    return f"to give '{name}' {largest} {what}, put {layer} after it, or use Concatenate"


def _rounding_cure(run: ModelRun, call: Call, inputs: Sequence[Shape | None], fits: Fits) -> str:
    """Returns advice for branches that differ by a few pixels."""
    before = [_before(run, ref) for ref in call.inputs]
    shared = set.intersection(*before)
    between = sorted(set.union(*before) - shared, reverse=True)
    texts: list[str] = []
    for number in between:
        result = run.results[number]
        windows = result.inferred.windows if result.inferred else ()
        if text := _rounded(windows):
            texts.append(f"'{run.model.layers[run.model.calls[number].layer].name}' {text}")
    if texts:
        return listed(texts[:2], "and") + _fitting(run, fits)
    cropping = [
        run.model.layers[run.model.calls[number].layer].name
        for number in between
        if (found := run.results[number].inferred)
        and any(
            window.output < window.size and window.stride == 1 and not window.transposed for window in found.windows
        )
    ]
    if cropping:
        names = listed([repr(name) for name in sorted(cropping)[:3]], "and")
        return f"{names} without padding make{'s' * (len(cropping) == 1)} it smaller: use padding same there, or crop the other branch"
    return ""


def _before(run: ModelRun, ref: Ref) -> set[int]:
    """Returns the calls on which a tensor depends."""
    seen: set[int] = set()
    waiting = [ref.call]
    while waiting:
        number = waiting.pop()
        if number not in seen:
            seen.add(number)
            waiting += [source.call for source in run.model.calls[number].inputs]
    return seen


def _rounded(windows: Sequence[Window]) -> str:
    """Returns how a layer rounds its output sizes, such as ``drops the last row of 89``; "" if it does not."""
    names = _AXES.get(len(windows), ())
    dropped = [
        (name, plain(window.size))
        for name, window in zip(names, windows)
        if window.stride > 1 and not window.transposed and window.unread > 0
    ]
    if dropped:
        sizes = "×".join(dict.fromkeys(str(size) for _, size in dropped))
        return f"drops the last {listed([name for name, _ in dropped], 'and')} of {sizes}"
    padded = [
        f"{window.size} to {window.output}"
        for window in windows
        if window.stride > 1 and not window.transposed and window.size % window.stride != 0
    ]
    return f"rounds {padded[0]} up" if padded else ""


def _fitting(run: ModelRun, fits: Fits) -> str:
    """Returns the sizes of the input near the given size that fit, such as ``; an input of 352×352 fits``."""
    model = run.model
    if len(model.calls) > _MAX_CALLS or len(model.inputs) != 1:  # a further input may not have run yet
        return ""
    shape = run.shape(model.inputs[0])
    if not shape or len(shape) < 3:
        return ""
    batch, *sizes = shape
    spatial = range(len(sizes) - 1)
    if not all(isinstance(plain(sizes[axis]), int) for axis in spatial):
        return ""
    numbers = [plain(size) for size in sizes]
    for factor in _FACTORS:
        near = [
            [
                max(factor, (size + up) // factor * factor)
                if axis in spatial and isinstance(size, int)
                else sizes[axis]
                for axis, size in enumerate(numbers)
            ]
            for up in (0, factor - 1)
        ]
        if numbers not in near and all(fits([(batch, *changed)]) for changed in near):
            texts = ["×".join(str(changed[axis]) for axis in spatial) for changed in near]
            return f"; sizes that {factor} divides fit, such as {listed(texts)}"
    return ""
