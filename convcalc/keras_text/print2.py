"""The text that tf.keras 2.15 prints: ``model.summary()``, byte for byte.

Source: ``tf_keras/src/utils/layer_utils.py``. Keras 2 lays its table out by hand: columns end at fixed positions, and a
text that does not fit goes on in the next line, or breaks behind an item of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.base.text import visible
from convcalc.keras_text.mask_ops import without_mask_ops
from convcalc.keras_text.options import Options, few_positions, in_range, too_narrow
from convcalc.keras_text.rows2 import count_text, keras2_row
from convcalc.keras_text.totals import size_text, totals

_BREAKS = ("),", "},", "],", "',")


def keras2_text(report: Report, options: Options | None = None) -> str:
    """The summary as Keras 2 prints it. Raises :class:`ConvcalcError` where it cannot print one."""
    options = options or Options()
    if report.model.class_name == "Sequential" and report.input_shapes[0] is None:
        raise error(
            codes.NOT_BUILT,
            "Keras 2 prints no summary of a model whose input is not known: begin it with an input layer",
        )
    return "".join(f"{visible(line)}\n" for line in _Summary(without_mask_ops(report), options).lines())


class _Summary:
    """The table of one report."""

    def __init__(self, report: Report, options: Options) -> None:
        self.report = report
        self.options = options
        self.headers = ["Layer (type)", "Output Shape", "Param #"]
        default, shares = 65, [0.45, 0.85, 1.0]
        if not report.linear:
            self.headers.append("Connected to")
            default, shares = 98, [0.3, 0.6, 0.70, 1.0]
        self.length = options.line_length or default
        positions = options.positions or shares
        scale = self.length if positions[-1] <= 1 else 1
        self.positions = [int(scale * position) for position in positions]
        if options.show_trainable:
            self.headers.append("Trainable")
            self.length += 11
            self.positions.append(self.length)
        if len(self.positions) < len(self.headers):
            raise few_positions(len(self.positions), len(self.headers))

    def lines(self) -> Iterator[str]:
        """The text, line by line."""
        yield f'Model: "{self.report.model.name}"'
        yield "_" * self.length
        yield from self._row(self.headers, 0)
        yield "=" * self.length
        for row in in_range(self.report, self.options.layer_range):
            yield from self._layer(row, last=False)
        yield "=" * self.length
        # A frozen wrapper of Keras 2 trains nothing of what it holds.
        for label, count, size in totals(self.report, self.report.totals.left_trainable):
            yield f"{label} params: {count_text(count)} ({size_text(size, 'Byte')})"
        yield "_" * self.length

    def _layer(self, row: LayerReport, last: bool) -> Iterator[str]:
        """A layer, with ``expand_nested`` the layers in it, and the space below; none below the last in a model."""
        yield from self._row(self._cells(row), row.depth)
        inside = self._inside(row) if self.options.expand_nested else []
        if inside:
            yield self._rule("¯", row.depth + 1)
            for inner in inside:
                yield from self._layer(inner, last=inner is inside[-1])
            yield self._rule("¯", row.depth)
        elif not last:
            yield self._rule(" ", row.depth)

    def _inside(self, row: LayerReport) -> list[LayerReport]:
        start = f"{row.path}/"
        return [other for other in self.report.layers if other.depth == row.depth + 1 and other.path.startswith(start)]

    def _rule(self, sign: str, depth: int) -> str:
        return "|" * depth + sign * (self.length - 2 * depth) + "|" * depth

    def _cells(self, layer: LayerReport) -> list[str]:
        row = keras2_row(layer)
        cells = [f"{row.name} ({row.class_name})", row.shape, row.params]
        if not self.report.linear:
            cells.append(str(list(row.sources)))
        if self.options.show_trainable:
            cells.append(row.trainable)
        return cells

    def _row(self, cells: Sequence[str], depth: int) -> Iterator[str]:
        """The lines of a row: as many as its longest cell needs."""
        left = list(cells)
        while any(left):
            line = ""
            for column, end in enumerate(self.positions[: len(left)]):
                last = column == len(self.positions) - 1
                room = end - (self.positions[column - 1] if column else depth)
                if not last:  # two spaces behind the column, and one before it
                    room -= 3
                if room < 1:
                    raise too_narrow(self.length)
                part = left[column][:room]
                part = part[: min((part.find(sign) + len(sign) for sign in _BREAKS if sign in part), default=room)]
                left[column] = left[column][len(part) :]
                if not column:
                    line = "|" * depth + " "
                line += part if last else f"{part}  "
                line = line.ljust(end - depth if last else end)
            yield line + "|" * depth
