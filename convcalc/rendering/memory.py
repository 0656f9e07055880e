"""Memory as text: the totals, a chart of the memory at each step, and the tensors that are in memory at the peak."""

from __future__ import annotations

from convcalc.analyse.memory import Memory, Training, WeightGroup
from convcalc.analyse.study import Study
from convcalc.base.numbers import Number
from convcalc.base.text import bytes_text, number_text, visible
from convcalc.rendering.style import TextStyle, width_of

ROWS = 8
WIDTH = 100  # the width of the chart in columns, if no width is requested
MOST_TENSORS = 12  # the maximum number of tensors that are listed
_WIDEST_STEP = 4
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def memory_text(report: Study, style: TextStyle) -> str:
    """Returns the totals, the chart, and the tensors in memory at the peak.

    The estimate for training follows if it is requested.
    """
    memory = report.memory
    lines = [*_totals(memory), "", *chart(memory, style), "", *_tensors_at_peak(memory)]
    if memory.training:
        lines += ["", *_training(memory.training)]
    return "".join(f"{style.encoded(visible(line))}\n" for line in lines)


def _size(number: Number, label: str | None = None) -> str:
    """Returns a size in bytes as text, such as ``1,204,224 bytes (1.15 MB)``."""
    exact = number_text(number, label)
    return "?" if exact == "?" else f"{exact} bytes ({bytes_text(number)})"


def _totals(memory: Memory) -> list[str]:
    incomplete = memory.incomplete
    per = "one sample" if memory.batch == 1 else f"a batch of {number_text(memory.batch)}"
    assumptions = [f"for {per}"]
    if memory.assumptions.dtype:
        assumptions.append(f"all tensors as {memory.assumptions.dtype}")
    if memory.assumptions.in_place:
        assumptions.append("in place where possible")
    peak = _size(memory.peak, incomplete.get("peak_activation_bytes"))
    at = f" at {memory.peak_layer}" if memory.peak_layer else ""
    return [
        f" Memory ({', '.join(assumptions)})",
        f" Weights: {_size(memory.weight_bytes, incomplete.get('weight_bytes'))}",
        *(f"   {_group(group)}" for group in memory.weights),
        f" Inputs: {_size(memory.inputs, incomplete.get('input_bytes'))}",
        f" Activations (sum of all outputs): {_size(memory.activations, incomplete.get('activation_bytes'))}",
        f" Peak live memory: {peak}{at}",
    ]


def _group(group: WeightGroup) -> str:
    words = {True: "trainable", False: "non-trainable", None: "unknown whether trainable"}
    return f"{group.dtype}, {words[group.trainable]}: {_size(group.size)}"


def chart(memory: Memory, style: TextStyle) -> list[str]:
    """Returns a bar chart of the live memory at each step.

    If there are too many steps, each bar shows the maximum of several steps.
    """
    top, steps = memory.moments[memory.peak_step].alive, len(memory.moments)
    if top == 0:
        return []
    labels = [bytes_text(top), "0"]
    margin = max(map(len, labels)) + 3
    room = max((style.width or WIDTH) - margin, 1)
    bars = min(steps, room)
    wide = min(_WIDEST_STEP, room // bars)
    heights = [0] * bars
    for number, moment in enumerate(memory.moments):
        bar = number * bars // steps
        heights[bar] = max(heights[bar], moment.alive)
    side, corner, line = "|+-" if style.ascii else "│└─"
    lines = []
    for row in reversed(range(ROWS)):
        label = labels[0] if row == ROWS - 1 else ""
        cells = "".join(_cell(height, top, row, style.ascii) * wide for height in heights)
        lines.append(f" {label:>{margin - 3}} {side}{cells}".rstrip())
    mark = memory.peak_step * bars // steps * wide
    under = f"{' ' * margin}{' ' * mark}^"
    lines.append(f" {labels[1]:>{margin - 3}} {corner}{line * (bars * wide)}")
    text = f" step {memory.peak_step + 1} of {steps}: {memory.moments[memory.peak_step].layer}"
    if width_of(under + text) > margin + room:  # if the text does not fit after the mark, it is written before the mark
        text = text[1:] + " "
        before = margin + mark - width_of(text)
        return [*lines, f"{' ' * before}{text}^"] if before >= 0 else [*lines, under, f" {text.strip()}"]
    return [*lines, under + text]


def _cell(height: int, top: int, row: int, ascii: bool) -> str:
    """Returns the characters of one bar in one row of the chart. Every bar above 0 is visible in the lowest row."""
    eighths = max(-(-height * ROWS * 8 // top), 1 if height else 0) - 8 * row
    if ascii:
        return "#" if eighths >= (4 if row else 1) else " "
    return _EIGHTHS[min(max(eighths, 0), 8)]


def _tensors_at_peak(memory: Memory) -> list[str]:
    """Returns lines with the tensors that are in memory at the peak. The largest tensor is first."""
    largest = sorted(memory.alive, key=lambda tensor: -tensor.size if isinstance(tensor.size, int) else 0)
    shown, rest = largest[:MOST_TENSORS], largest[MOST_TENSORS:]
    cells = [(tensor.name, number_text(tensor.size)) for tensor in shown]
    if rest:
        known = sum(tensor.size for tensor in rest if isinstance(tensor.size, int))
        cells.append((f"{len(rest)} more", number_text(known)))
    if not cells:
        return []
    name, size = (max(map(width_of, column)) for column in zip(*cells))
    blanks = [" " * (name - width_of(left)) for left, _ in cells]
    return [
        " In memory at the peak:",
        *(f"   {left}{blank}  {right:>{size}}" for (left, right), blank in zip(cells, blanks)),
    ]


def _training(training: Training) -> list[str]:
    rows = [
        ("weights", training.weights),
        ("gradients", training.gradients),
        (f"optimizer variables ({training.optimizer})", training.slots),
        ("activations kept for the gradients", training.activations),
        ("inputs", training.inputs),
    ]
    lines = [f"   {name}: {_size(number)}" for name, number in rows]
    return [f" Training, an estimate: {_size(training.total, training.label)}", *lines]
