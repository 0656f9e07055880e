"""The answer of ``convcalc conv`` as text, with explanations of the numbers."""

from __future__ import annotations

from convcalc.base.numbers import Number, Traced, as_constant, decimal, plain
from convcalc.base.problems import Refusal, listed
from convcalc.base.window import Window, slide, slide_transposed
from convcalc.calculator import axis
from convcalc.calculator.axis import worked
from convcalc.calculator.conv import ConvAnswer, groups_of_axes, output_formula
from convcalc.rendering.picture import picture


def answer_text(answer: ConvAnswer) -> str:
    """Returns the result, the computation for each axis, the counts, and pictures of the first two axes."""
    lines = [_headline(answer)]
    groups = groups_of_axes(answer)
    for name, window in groups:
        lines.append("")
        if len(answer.windows) > 1:
            lines.append(f"{name}:")
        lines += [f"  {line}" for line in _axis(answer, window, name)]
    if answer.params is not None and answer.macs is not None:
        lines += ["", f"  parameters  {worked(answer.params)}", f"  MACs        {worked(answer.macs)} for one sample"]
    for name, window in groups[:2]:
        lines_of_picture = picture(window)
        if lines_of_picture:
            lines += ["", *([f"{name}:"] if len(groups) > 1 else []), *(f"  {line}" for line in lines_of_picture)]
    return "".join(f"{line}\n" for line in lines)


def _headline(answer: ConvAnswer) -> str:
    sizes = "×".join(_size(window.size) for window in answer.windows)
    output_sizes = [_size(window.output) for window in answer.windows]
    outputs = "×".join(f"({size})" if " " in size and len(output_sizes) > 1 else size for size in output_sizes)
    shape = answer.output_shape
    if shape is not None and None not in shape[1:]:
        outputs = f"({', '.join('None' if size is None else str(size) for size in shape)})"
    return f"{sizes} → {outputs}"


def _size(number: Number) -> str:
    value = plain(number)
    return str(value) if isinstance(value, int) else number.text if isinstance(number, Traced) else "?"


def _axis(answer: ConvAnswer, window: Window, name: str) -> list[str]:
    """Returns the lines that compute the size of one axis."""
    lines = []
    if axis.known(window) and window.dilation != 1 and window.kernel != 1:
        lines.append(
            f"a kernel of {window.kernel} with dilation {window.dilation} spans {worked(window.effective_kernel)} positions"
        )
    if window.transposed:
        return lines + _transposed(answer, window)
    if answer.asked == "same":
        lines += _same(answer, window)
    elif answer.asked == "causal":
        lines.append(
            f"'causal' pads {_size(window.pad_before)} before and 0 after, so that no output depends on later positions"
        )
    if answer.asked != "same" or axis.known(window):
        lines.append(worked(output_formula(window)) + _floor(answer, window, name))
    lines += _frameworks(answer, window)
    return lines


def _same(answer: ConvAnswer, window: Window) -> list[str]:
    lines = [f"with 'same' the output size is {worked(window.output)}"]
    if not axis.known(window):
        return [f"'same' gives {worked(window.output)}"]
    total = plain(axis.total_padding(window))
    if total == 0:
        return [*lines, "this needs no padding"]
    extra = " (Keras puts the extra 1 at the end)" if isinstance(total, int) and total % 2 else ""
    split = f"{_size(window.pad_before)} before, {_size(window.pad_after)} after"
    lines.append(f"this needs {worked(axis.total_padding(window))} of padding: {split}{extra}")
    return lines


_POSITION_NAMES = {"length": "position", "height": "row", "width": "column", "depth": "slice"}


def _floor(answer: ConvAnswer, window: Window, name: str) -> str:
    """Returns a note about rounding, such as ``: the last input row is never used``; empty if rounding changes nothing."""
    unread, rounded = axis.unread(window), plain(window.output)
    if not axis.known(window):
        return ""
    exact = window.unrounded if answer.ceil_mode else None
    if exact is not None and isinstance(rounded, int) and exact != rounded:
        if rounded < exact:
            return ": rounded up, the last window would start in the padding, so PyTorch drops it"
        return f": {decimal(exact.numerator, exact.denominator)} is rounded up, and the last window extends beyond the input"
    if not unread:
        return ""
    names = [_POSITION_NAMES[axis_name] for axis_name in name.replace(", ", " and ").split(" and ")]
    if unread == 1:
        return f": the last input {listed(names, 'and')} {'is' if len(names) == 1 else 'are'} never used"
    return f": the last {unread} input {listed((f'{noun}s' for noun in names), 'and')} are never used"


def _transposed(answer: ConvAnswer, window: Window) -> list[str]:
    lines = [worked(window.output)]
    if not axis.known(window):
        return lines
    before, after = plain(window.pad_before), plain(window.pad_after)
    full = worked((window.size - 1) * window.stride + as_constant(window.effective_kernel))
    if before != 0 or (isinstance(after, int) and after > 0):
        lines.append(f"the full output has {full} positions; cropped: {before} before, {after} after")
    elif isinstance(after, int) and after < 0:
        lines.append(
            f"the full output has {full} positions; {-after} more {'is' if after == -1 else 'are'} added after it"
        )
    return lines + _frameworks(answer, window)


def _frameworks(answer: ConvAnswer, window: Window) -> list[str]:
    """Returns lines about the other framework (Keras or PyTorch).

    The lines show the other framework's result for the same arguments, or how to get the same result.
    """
    if not axis.known(window):
        return []
    size, kernel, stride, dilation, *_ = (plain(number) for number in window.sizes)
    span = plain(window.effective_kernel)
    assert isinstance(span, int)
    half = (span - 1) // 2
    if window.transposed:
        if answer.framework == "keras" and answer.asked == "same":
            torch_size = plain(slide_transposed(size, kernel, stride, dilation, (half, half), None).output)
            return (
                [f"PyTorch with padding={half} gives {torch_size}{_output_padding_hint(window, torch_size)}"]
                if torch_size != plain(window.output)
                else []
            )
        return []
    if answer.framework == "torch":
        if isinstance(answer.asked, str) or answer.asked[0] == (0, 0) or answer.ceil_mode:
            return []
        return [f"in Keras: {_zero_padding(answer)}, then padding='valid'" + _keras_same(window)]
    if answer.asked == "same" and (stride != 1 or window.pad_before != window.pad_after):
        try:
            torch_size = plain(slide(size, kernel, stride, dilation, (half, half)).output)
        except Refusal:
            return []
        if torch_size != plain(window.output):
            return [f"PyTorch with padding={half} gives {torch_size}"]
        if (plain(window.pad_before), plain(window.pad_after)) != (half, half):
            return [
                f"PyTorch with padding={half} pads {half} and {half}: the same size, but the windows are at other positions"
            ]
    elif not isinstance(answer.asked, str) and (window.pad_before != 0 or window.pad_after != 0):
        return [f"in Keras: {_zero_padding(answer)}, then padding='valid'"]
    return []


def _zero_padding(answer: ConvAnswer) -> str:
    """Returns the line of Keras that pads all axes: ``ZeroPadding2D(((1, 0), (0, 1)))``."""
    pairs = [(plain(window.pad_before), plain(window.pad_after)) for window in answer.windows]
    if not all(isinstance(size, int) for pair in pairs for size in pair):
        return "a ZeroPadding layer"
    name, sides = f"ZeroPadding{len(pairs)}D", {size for pair in pairs for size in pair}
    if len(sides) == 1:
        return f"{name}({sides.pop()})"
    return f"{name}({pairs[0] if len(pairs) == 1 else tuple(pairs)})"


def _output_padding_hint(window: Window, torch_size: object) -> str:
    """Returns a hint such as ``; with output_padding=1 it gives 8 too``, or an empty string."""
    ours, stride = plain(window.output), plain(window.stride)
    if (
        isinstance(ours, int)
        and isinstance(torch_size, int)
        and isinstance(stride, int)
        and 0 < ours - torch_size < stride
    ):
        return f"; with output_padding={ours - torch_size} it gives {ours} too"
    return ""


def _keras_same(window: Window) -> str:
    """Returns a hint if Keras's 'same' gives the same size, but other padding; otherwise an empty string."""
    size, kernel, stride, dilation, *_ = (plain(number) for number in window.sizes)
    keras = slide(size, kernel, stride, dilation, "same")
    if plain(keras.output) == plain(window.output) and (keras.pad_before, keras.pad_after) != (
        plain(window.pad_before),
        plain(window.pad_after),
    ):
        return f"; Keras's 'same' gives {keras.output} too, but pads {keras.pad_before} and {keras.pad_after}"
    return ""
