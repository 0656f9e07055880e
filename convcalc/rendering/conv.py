"""The calculator's answer as text, for a person who asks why."""

from __future__ import annotations

from convcalc.base.numbers import Number, Traced, as_constant, decimal, plain
from convcalc.base.problems import Refusal, listed
from convcalc.base.window import Window, slide, slide_transposed
from convcalc.calculator import axis
from convcalc.calculator.axis import worked
from convcalc.calculator.conv import ConvAnswer, groups_of_axes, output_formula
from convcalc.rendering.picture import picture


def answer_text(answer: ConvAnswer) -> str:
    """The answer first, then how it comes about on each axis, the counts, and a picture."""
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
        drawn = picture(window)
        if drawn:
            lines += ["", *([f"{name}:"] if len(groups) > 1 else []), *(f"  {line}" for line in drawn)]
    return "".join(f"{line}\n" for line in lines)


def _headline(answer: ConvAnswer) -> str:
    sizes = "×".join(_size(window.size) for window in answer.windows)
    each = [_size(window.output) for window in answer.windows]
    outputs = "×".join(f"({size})" if " " in size and len(each) > 1 else size for size in each)
    shape = answer.output_shape
    if shape is not None and None not in shape[1:]:
        outputs = f"({', '.join('None' if size is None else str(size) for size in shape)})"
    return f"{sizes} → {outputs}"


def _size(number: Number) -> str:
    value = plain(number)
    return str(value) if isinstance(value, int) else number.text if isinstance(number, Traced) else "?"


def _axis(answer: ConvAnswer, window: Window, name: str) -> list[str]:
    """How the size of one axis comes about."""
    lines = []
    if axis.known(window) and window.dilation != 1 and window.kernel != 1:
        lines.append(
            f"a kernel of {window.kernel} with dilation {window.dilation} reaches {worked(window.effective_kernel)} cells"
        )
    if window.transposed:
        return lines + _transposed(answer, window)
    if answer.asked == "same":
        lines += _same(answer, window)
    elif answer.asked == "causal":
        lines.append(
            f"'causal' pads {_size(window.pad_before)} before and none after, so that no output sees what comes later"
        )
    if answer.asked != "same" or axis.known(window):
        lines.append(worked(output_formula(window)) + _floor(answer, window, name))
    lines += _frameworks(answer, window)
    return lines


def _same(answer: ConvAnswer, window: Window) -> list[str]:
    lines = [f"'same' asks for {worked(window.output)} window{'s' * (plain(window.output) != 1)}"]
    if not axis.known(window):
        return [f"'same' gives {worked(window.output)}"]
    total = plain(axis.total_padding(window))
    if total == 0:
        return [*lines, "no padding is needed for that"]
    odd = " (Keras puts the odd cell last)" if isinstance(total, int) and total % 2 else ""
    split = f"{_size(window.pad_before)} before, {_size(window.pad_after)} after"
    lines.append(f"that takes {worked(axis.total_padding(window))} of padding: {split}{odd}")
    return lines


_LINES = {"length": "cell", "height": "row", "width": "column", "depth": "slice"}


def _floor(answer: ConvAnswer, window: Window, name: str) -> str:
    """What rounding did to the cells at the end, as the end of a line."""
    unread, rounded = axis.unread(window), plain(window.output)
    if not axis.known(window):
        return ""
    exact = window.unrounded if answer.ceil_mode else None
    if exact is not None and isinstance(rounded, int) and exact != rounded:
        if rounded < exact:
            return ": rounded up, the last window would start in the padding, and PyTorch drops it"
        return f": {decimal(exact.numerator, exact.denominator)} is rounded up, and the last window reaches beyond the input"
    if not unread:
        return ""
    kinds = [_LINES[axis_name] for axis_name in name.replace(", ", " and ").split(" and ")]
    if unread == 1:
        return f": the last input {listed(kinds, 'and')} {'is' if len(kinds) == 1 else 'are'} never read"
    return f": the last {unread} input {listed((f'{kind}s' for kind in kinds), 'and')} are never read"


def _transposed(answer: ConvAnswer, window: Window) -> list[str]:
    lines = [worked(window.output)]
    if not axis.known(window):
        return lines
    before, after = plain(window.pad_before), plain(window.pad_after)
    full = worked((window.size - 1) * window.stride + as_constant(window.effective_kernel))
    if before != 0 or (isinstance(after, int) and after > 0):
        lines.append(f"spread out, the input covers {full} cells, of which {before} are cut before and {after} after")
    elif isinstance(after, int) and after < 0:
        lines.append(
            f"spread out, the input covers {full} cells; {-after} more {'is' if after == -1 else 'are'} added behind"
        )
    return lines + _frameworks(answer, window)


def _frameworks(answer: ConvAnswer, window: Window) -> list[str]:
    """Where Keras and PyTorch differ on the same question, a line."""
    if not axis.known(window):
        return []
    size, kernel, stride, dilation, *_ = (plain(number) for number in window.sizes)
    span = plain(window.effective_kernel)
    assert isinstance(span, int)
    half = (span - 1) // 2
    if window.transposed:
        if answer.framework == "keras" and answer.asked == "same":
            theirs = plain(slide_transposed(size, kernel, stride, dilation, (half, half), None).output)
            return (
                [f"PyTorch with padding={half} gives {theirs}{_fix(window, theirs)}"]
                if theirs != plain(window.output)
                else []
            )
        return []
    if answer.framework == "torch":
        if isinstance(answer.asked, str) or answer.asked[0] == (0, 0) or answer.ceil_mode:
            return []
        return ["in Keras: a ZeroPadding layer, then padding='valid'" + _keras_same(window)]
    if answer.asked == "same" and (stride != 1 or window.pad_before != window.pad_after):
        try:
            theirs = plain(slide(size, kernel, stride, dilation, (half, half)).output)
        except Refusal:
            return []
        if theirs != plain(window.output):
            return [f"PyTorch with padding={half} gives {theirs}"]
        if (plain(window.pad_before), plain(window.pad_after)) != (half, half):
            return [f"PyTorch with padding={half} pads {half} and {half}: the same size, read from other cells"]
    elif not isinstance(answer.asked, str) and (window.pad_before != 0 or window.pad_after != 0):
        return ["in Keras: a ZeroPadding layer, then padding='valid'"]
    return []


def _fix(window: Window, theirs: object) -> str:
    """The output_padding with which PyTorch comes to the same size."""
    ours, stride = plain(window.output), plain(window.stride)
    if isinstance(ours, int) and isinstance(theirs, int) and isinstance(stride, int) and 0 < ours - theirs < stride:
        return f"; with output_padding={ours - theirs} it gives {ours} too"
    return ""


def _keras_same(window: Window) -> str:
    """How Keras's 'same' compares with a numeric padding."""
    size, kernel, stride, dilation, *_ = (plain(number) for number in window.sizes)
    keras = slide(size, kernel, stride, dilation, "same")
    if plain(keras.output) == plain(window.output) and (keras.pad_before, keras.pad_after) != (
        plain(window.pad_before),
        plain(window.pad_after),
    ):
        return f"; Keras's 'same' gives {keras.output} too, but pads {keras.pad_before} and {keras.pad_after}"
    return ""
