"""Prints a summary exactly as ``model.summary()`` of tf.keras 2.15 does.

Source: ``tf_keras/src/utils/layer_utils.py``. Columns end at fixed positions. Long texts are wrapped, if possible after
an item of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.base.text import visible
from convcalc.keras_text.mask_ops import without_mask_ops
from convcalc.keras_text.options import Options, in_range, too_few_positions, too_narrow
from convcalc.keras_text.rows2 import count_text, keras2_row
from convcalc.keras_text.totals import size_text, totals

_ITEM_ENDS = ("),", "},", "],", "',")


def keras2_text(report: Report, options: Options | None = None) -> str:
    """Returns the summary that Keras 2 prints. Raises :class:`ConvcalcError` if Keras cannot print it."""
    options = options or Options()
    if report.model.class_name == "Sequential" and report.input_shapes[:1] == (None,):
        raise error(
            codes.NOT_BUILT,
            "Keras 2 cannot print a summary of a model with an unknown input shape: add an input layer",
        )
    return "".join(f"{visible(line)}\n" for line in _Summary(without_mask_ops(report), options).lines())


class _Summary:
    """The summary of one report."""

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
            raise too_few_positions(len(self.positions), len(self.headers))

    def lines(self) -> Iterator[str]:
        """Yields the lines of the summary."""
        yield f'Model: "{self.report.model.name}"'
        yield "_" * self.length
        yield from self._row(self.headers, 0)
        yield "=" * self.length
        for row in in_range(self.report, self.options.layer_range):
            yield from self._layer(row, last=False)
        yield "=" * self.length
        # In Keras 2, all weights in a frozen wrapper count as non-trainable.
        for line in totals(self.report, self.report.totals.still_trainable):
            yield f"{line.label} params: {count_text(line.params, line.partial)} ({size_text(line, 'Byte')})"
        yield "_" * self.length

    def _layer(self, row: LayerReport, last: bool) -> Iterator[str]:
        """Yields the lines of a layer. With ``expand_nested``, the lines of its inner layers follow.

        The ``last`` layer of a nested model has no separator below it.
        """
        yield from self._row(self._cells(row), row.depth)
        inside = self._inside(row) if self.options.expand_nested else []
        if inside:
            yield self._separator("¯", row.depth + 1)
            for inner in inside:
                yield from self._layer(inner, last=inner is inside[-1])
            yield self._separator("¯", row.depth)
        elif not last:
            yield self._separator(" ", row.depth)

    def _inside(self, row: LayerReport) -> list[LayerReport]:
        prefix = f"{row.path}/"
        return [inner for inner in self.report.layers if inner.depth == row.depth + 1 and inner.path.startswith(prefix)]

    def _separator(self, character: str, depth: int) -> str:
        return "|" * depth + character * (self.length - 2 * depth) + "|" * depth

    def _cells(self, layer: LayerReport) -> list[str]:
        row = keras2_row(layer)
        cells = [f"{row.name} ({row.class_name})", row.shape, row.params]
        if not self.report.linear:
            cells.append(str(list(row.sources)))
        if self.options.show_trainable:
            cells.append(row.trainable)
        return cells

    def _row(self, cells: Sequence[str], depth: int) -> Iterator[str]:
        """Yields the lines of a row: more than one if a cell is wrapped."""
        rest = list(cells)
        while any(rest):
            line = ""
            for column, end in enumerate(self.positions[: len(rest)]):
                last = column == len(self.positions) - 1
                room = end - (self.positions[column - 1] if column else depth)
                if not last:  # two spaces after the text, and one before the next column
                    room -= 3
                if room < 1:
                    raise too_narrow(self.length)
                part = rest[column][:room]
                part = part[: min((part.find(end) + len(end) for end in _ITEM_ENDS if end in part), default=room)]
                rest[column] = rest[column][len(part) :]
                if not column:
                    line = "|" * depth + " "
                line += part if last else f"{part}  "
                line = line.ljust(end - depth if last else end)
            yield line + "|" * depth
