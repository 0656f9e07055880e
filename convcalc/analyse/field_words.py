"""Describes how the receptive field grows from layer to layer, along the longest path from the input."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from convcalc.analyse.receptive_axis import GrowthStep
from convcalc.analyse.receptive_field import AxisField, Field, steps_to
from convcalc.base.numbers import UNKNOWN, Number
from convcalc.base.problems import listed

Lines = list[tuple[str, str]]

_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def field_lines(fields: Sequence[Field]) -> Lines:
    """Returns lines (label and text) for each axis of each model input. Axes with equal fields share the lines."""
    lines: Lines = []
    for field in fields:
        names = _NAMES.get(len(field.axes), [f"axis {number}" for number in range(1, len(field.axes) + 1)])
        axes_by_lines: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for name, axis in zip(names, field.axes):
            axes_by_lines.setdefault(tuple(_axis_lines(axis)), []).append(name)
        of_input = f" of {field.input}" if len(fields) > 1 else ""
        for axis_lines, axes in axes_by_lines.items():
            (_, first), *rest = axis_lines
            lines += [(f"{listed(axes, 'and')}{of_input}", first), *rest]
        if field.misaligned:
            left, right = (listed(path, "and") if path else "the input itself" for path in field.misaligned)
            lines.append(
                (
                    "misaligned",
                    f"the receptive fields on the paths through {left} and through {right} have different centres or strides",
                )
            )
    return lines


def _axis_lines(axis: AxisField) -> Lines:
    """Returns the lines for one axis: the size of the receptive field, then the layers that enlarge the field."""
    if axis.reach is None:
        return [("", "unknown: a layer before this one has no rule for receptive fields, or a size is unknown")]
    lines: Lines = []
    size: Number = 1
    for step in steps_to(axis.reach.step):
        if size != step.size:
            lines.append(("", f"{_number(step.size)} where paths meet"))
        lines.append((step.name, _step_text(step)))
        size = step.reached
    if size != axis.size:
        lines.append(("", f"{_number(axis.size)} where paths meet"))
    return [("", _answer(axis)), *lines]


def _answer(axis: AxisField) -> str:
    if axis.is_global:
        return (
            "the whole axis, whose size is unknown"
            if axis.size is UNKNOWN
            else f"{_number(axis.size)}, at every position"
        )
    least = "at least " if axis.reach is not None and axis.reach.partial else ""
    stride = "unknown" if axis.stride is None else _fraction(axis.reach.stride if axis.reach else Fraction(0))
    larger = f", more than the input's {_number(axis.input_size)}" if axis.exceeds else ""
    return f"{least}{_number(axis.size)}{larger}; stride {stride}, padding {_number(axis.padding)}"


def _step_text(step: GrowthStep) -> str:
    window = step.window
    if window is None:
        return f"{_number(step.reached)}: the layer reads every position"
    if window.transposed:
        return f"{_number(step.size)} → {_number(step.reached)}; stride {_fraction(step.stride)}/{window.stride}"
    growth = f"{_number(step.size)} → {_number(step.reached)}"
    size, span = step.size, window.effective_kernel
    if isinstance(size, int) and isinstance(span, int) and size + (span - 1) * step.stride == step.reached:
        # Show the formula only if it gives the size. After upsampling, it usually does not.
        growth = f"{size:,} + ({span} − 1)·{_fraction(step.stride)} = {_number(step.reached)}"
    return growth if window.stride == 1 else f"{growth}; stride {_fraction(step.stride)}·{window.stride}"


def _fraction(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"({number})"


def _number(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else "unknown"
