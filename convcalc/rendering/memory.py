"""Memory as text: its totals, what is alive at the peak, and a chart of it over the execution."""

from __future__ import annotations

from convcalc.analyse.memory import Memory, Training, WeightGroup
from convcalc.analyse.study import Study
from convcalc.base.numbers import Number
from convcalc.base.text import bytes_text, number_text, visible
from convcalc.rendering.grid import TextStyle, width_of

ROWS = 8
WIDTH = 100  # of a chart where no width is asked for
MOST_ALIVE = 12  # tensors that are listed
_WIDEST_STEP = 4
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def memory_text(report: Study, look: TextStyle) -> str:
    """The totals, the chart and the tensors that are alive at the peak."""
    memory = report.memory
    lines = [*_totals(memory), "", *chart(memory, look), "", *_alive(memory)]
    if memory.training:
        lines += ["", *_training(memory.training)]
    return "".join(f"{look.signs(visible(line))}\n" for line in lines)


def _size(number: Number, label: str | None = None) -> str:
    """``1,204,224 bytes (1.15 MB)``."""
    exact = number_text(number, label)
    return "?" if exact == "?" else f"{exact} bytes ({bytes_text(number)})"


def _totals(memory: Memory) -> list[str]:
    incomplete = memory.incomplete
    per = "one sample" if memory.batch == 1 else f"a batch of {number_text(memory.batch)}"
    assumed = [f"for {per}"]
    if memory.assumptions.dtype:
        assumed.append(f"everything as {memory.assumptions.dtype}")
    if memory.assumptions.in_place:
        assumed.append("in place where that can be")
    peak = _size(memory.peak, incomplete.get("peak_activation_bytes"))
    at = f" at {memory.peak_layer}" if memory.peak_layer else ""
    return [
        f" Memory ({', '.join(assumed)})",
        f" Weights: {_size(memory.weight_bytes, incomplete.get('weight_bytes'))}",
        *(f"   {_group(group)}" for group in memory.weights),
        f" Inputs: {_size(memory.inputs, incomplete.get('input_bytes'))}",
        f" Activations, all outputs in sum: {_size(memory.activations, incomplete.get('activation_bytes'))}",
        f" Peak of what is alive at once: {peak}{at}",
    ]


def _group(group: WeightGroup) -> str:
    trains = {True: "trainable", False: "non-trainable", None: "trainable or not, which the file does not say"}
    return f"{group.dtype}, {trains[group.trainable]}: {_size(group.size)}"


def chart(memory: Memory, look: TextStyle) -> list[str]:
    """What is alive at each step, as bars; of many steps, each bar has the most of a few that follow each other."""
    top, steps = memory.moments[memory.peak_step].alive, len(memory.moments)
    if top == 0:
        return []
    labels = [bytes_text(top), "0"]
    margin = max(map(len, labels)) + 3
    room = max((look.width or WIDTH) - margin, 1)
    bars = min(steps, room)
    wide = min(_WIDEST_STEP, room // bars)
    heights = [0] * bars
    for number, moment in enumerate(memory.moments):
        place = number * bars // steps
        heights[place] = max(heights[place], moment.alive)
    side, corner, line = "|+-" if look.ascii else "│└─"
    lines = []
    for row in reversed(range(ROWS)):
        label = labels[0] if row == ROWS - 1 else ""
        cells = "".join(_cell(height, top, row, look.ascii) * wide for height in heights)
        lines.append(f" {label:>{margin - 3}} {side}{cells}".rstrip())
    mark = memory.peak_step * bars // steps * wide
    under = f"{' ' * margin}{' ' * mark}^"
    lines.append(f" {labels[1]:>{margin - 3}} {corner}{line * (bars * wide)}")
    text = f" step {memory.peak_step + 1} of {steps}: {memory.moments[memory.peak_step].layer}"
    if width_of(under + text) > margin + room:  # where there is no room behind the mark, the text stands before it
        text = text[1:] + " "
        before = margin + mark - width_of(text)
        return [*lines, f"{' ' * before}{text}^"] if before >= 0 else [*lines, under, f" {text.strip()}"]
    return [*lines, under + text]


def _cell(height: int, top: int, row: int, ascii: bool) -> str:
    """What of a bar stands in a row of the chart; a bar of anything at all can be seen."""
    eighths = max(-(-height * ROWS * 8 // top), 1 if height else 0) - 8 * row
    if ascii:
        return "#" if eighths >= (4 if row else 1) else " "
    return _EIGHTHS[min(max(eighths, 0), 8)]


def _alive(memory: Memory) -> list[str]:
    """The tensors at the peak, the largest first."""
    largest = sorted(memory.alive, key=lambda tensor: -tensor.size if isinstance(tensor.size, int) else 0)
    shown, rest = largest[:MOST_ALIVE], largest[MOST_ALIVE:]
    cells = [(tensor.name, number_text(tensor.size)) for tensor in shown]
    if rest:
        known = sum(tensor.size for tensor in rest if isinstance(tensor.size, int))
        cells.append((f"{len(rest)} more", number_text(known)))
    if not cells:
        return []
    name, size = (max(map(len, column)) for column in zip(*cells))
    return [" Alive at the peak:", *(f"   {left:<{name}}  {right:>{size}}" for left, right in cells)]


def _training(training: Training) -> list[str]:
    rows = [
        ("weights", training.weights),
        ("gradients", training.gradients),
        (f"variables of the optimizer ({training.optimizer})", training.slots),
        ("activations kept for the gradients", training.activations),
        ("inputs", training.inputs),
    ]
    lines = [f"   {name}: {_size(number)}" for name, number in rows]
    return [f" Training, an estimate: {_size(training.total, training.label)}", *lines]
