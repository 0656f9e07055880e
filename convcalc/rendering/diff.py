"""The differences between two models as a sheet. It has one row for each layer, and the totals of both models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convcalc.base.structs import Struct
from convcalc.base.text import bytes_text
from convcalc.differences.comparison import Change, Comparison, Pair
from convcalc.rendering.sheet import Column, Sheet
from convcalc.rendering.text import without_batch
from convcalc.stored import Row

SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": "→", "follows": "·", "same": ""}
_MEANINGS = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "renamed": "renamed",
    "follows": "affected downstream",
    "same": "unchanged",
}
# The totals in order, with their labels. The totals in _ONLY_IF_DIFFERENT are shown only if they differ.
_TOTALS = {
    "params": "Params",
    "trainable_params": "Trainable params",
    "non_trainable_params": "Non-trainable params",
    "macs": "MACs",
    "flops": "FLOPs",
    "peak_activation_bytes": "Peak activation memory",
    "weight_bytes": "Weights",
    "activation_bytes": "Activations (sum of all outputs)",
    "input_bytes": "Inputs",
    "output_shapes": "Outputs",
    "param_size": "Size of params",
    "trainable_size": "Size of trainable params",
    "non_trainable_size": "Size of non-trainable params",
}
# If the number of parameters differs, the size in bytes is not shown, because both show the same change.
_SIZES = {"param_size": "params", "trainable_size": "trainable_params", "non_trainable_size": "non_trainable_params"}
_ONLY_IF_DIFFERENT = ("non_trainable_params", "activation_bytes", "input_bytes", "output_shapes", *_SIZES)
_WORDS = {
    "receptive_field": "receptive field",
    "output_shape": "output",
    "connected_to": "reads",
    "output_bytes": "output memory",
    "macs": "MACs",
}


class _Cost(Struct):
    """A number that each layer has, such as the parameters. ``text`` writes its change, such as ``+1,000``."""

    field: str
    heading: str
    text: Callable[[int], str]


def _signed_bytes(number: int) -> str:
    return f"{'-' if number < 0 else '+'}{bytes_text(abs(number))}"


_COSTS = (
    _Cost("params", "Params", "{:+,}".format),
    _Cost("macs", "MACs", "{:+,}".format),
    _Cost("output_bytes", "Output", _signed_bytes),
)


def diff_sheet(comparison: Comparison, everything: bool = False, plain: bool = False) -> Sheet:
    """Returns the comparison as a sheet. It has the layers that differ, or all layers if ``everything`` is True.

    ``plain`` is True for formats that programs read. Then each number has its own column.
    """
    title = f"{comparison.before.source} → {comparison.after.source}"
    pairs = [pair for pair in comparison.pairs if everything or pair.differs]
    if plain:
        return _plain(title, pairs)
    numbers = [[_difference(pair, cost) for pair in pairs] for cost in _COSTS]
    shown = [number for number, column in enumerate(numbers) if any(column)]
    rows = [
        (SIGNS[_status(pair)], _layer(pair), _changes_text(pair), *(numbers[number][index] for number in shown))
        for index, pair in enumerate(pairs)
    ]
    costs = [_COSTS[number] for number in shown]
    fields = ["status", "layer", "changes", *(f"{cost.field}_difference" for cost in costs)]
    columns = [Column("", signed=True), Column("Layer (type)", detail=True), Column("What differs", style="cyan")]
    columns += [Column(f"{cost.heading} ±", right=True, signed=True) for cost in costs]
    sheet = Sheet(title, fields, columns, rows, notes(comparison))
    return replace(sheet, short=lambda: [_short(sheet)])


def _short(sheet: Sheet) -> Sheet:
    """Returns the sheet with shapes without the batch axis, for narrow terminals."""
    return replace(sheet, rows=[[*map(without_batch, row)] for row in sheet.rows], short=None)


def notes(comparison: Comparison) -> list[str]:
    """Returns a line with the number of layers for each status, and lines with the totals."""
    counts = comparison.counts
    statuses = [f"{counts[status]:,} {meaning}" for status, meaning in _MEANINGS.items() if counts.get(status)]
    numbers = counts.get("renumbered", 0)
    if numbers:
        statuses.append(f"{numbers:,} renumbered (automatic names such as dense_1)")
    shared = {total.field: total for total in comparison.shared_totals}
    differing = {total.field: total for total in comparison.totals}
    if "weight_bytes" in shared:  # weight_bytes and param_bytes are the same number, so only weight_bytes is shown
        differing.pop("param_bytes", None)
    for size in [size for size, count in _SIZES.items() if count in differing]:
        differing.pop(size, None)
    listed = [field for field in _TOTALS if field in (differing if field in _ONLY_IF_DIFFERENT else shared)]
    totals = [shared[field] for field in listed]
    totals += [total for field, total in differing.items() if field not in _TOTALS]
    lines = (
        []
        if comparison.differs
        else [" No differences" + ", except the numbers in automatic names such as dense_1" * (numbers > 0)]
    )
    return [
        *lines,
        f" Layers: {', '.join(statuses) or 'none'}",
        *(_total(total, total.field in differing) for total in totals),
    ]


def _total(total: Change, differs: bool) -> str:
    """Returns a line such as ``Params: 1,000 → 1,500 (+500, +50.0 %)``."""
    label = _TOTALS.get(total.field) or total.field.replace("_", " ").capitalize()
    unit = " bytes" if total.field.endswith("_bytes") else ""
    if not differs:
        return f" {label}: {total.before.text}{unit}, unchanged"
    difference = "" if total.difference is None else f" ({total.difference:+,}{_percent(total.percent)})"
    return f" {label}: {total.before.text} → {total.after.text}{unit}{difference}"


def _percent(percent: float | None) -> str:
    if percent is None:
        return ""
    return f", {percent:+,.1f} %" if abs(percent) >= 0.05 else ", under 0.1 %"


def _status(pair: Pair) -> str:
    return pair.status if pair.differs else "same"


def _layer(pair: Pair) -> str:
    """Returns the name and the type of a layer.

    If the name or the type differs, the result shows the old and the new text. Inner layers are indented.
    """
    row = _row(pair)
    indent = "  " * (row.depth - 1) + "└ " if row.depth else ""
    changed = {change.field: f"{change.before.text} → {change.after.text}" for change in pair.changes}
    return f"{indent}{changed.get('name', row.name)} ({changed.get('type', row.type)})"


def _row(pair: Pair) -> Row:
    row = pair.after or pair.before
    assert row is not None
    return row


def _changes_text(pair: Pair) -> str:
    """Returns the changes of a layer as text. For an added or removed layer, returns the output shape."""
    if pair.status in ("added", "removed"):
        shape = _row(pair).cells.get("output_shape")
        return f"{_word('output_shape')} {shape.text}" if shape else ""
    fields = {change.field for change in pair.changes}
    hidden = {"name", "type", "output_bytes"} | ({"trainable_params"} if "params" in fields else set())
    shown = [change for change in pair.changes if change.field not in hidden]
    if not shown:  # only the output's memory differs, for example after a change of the dtype
        shown = [change for change in pair.changes if change.field == "output_bytes"]
    return ", ".join(f"{_word(change.field)} {' → '.join(_texts(change))}" for change in shown)


def _texts(change: Change) -> tuple[str, str]:
    """Returns the old and the new value of a change, as texts.

    If a layer has as many inputs as before, only the inputs that differ are listed.
    """
    before, after = change.before.text, change.after.text
    if change.field != "connected_to":
        return before, after
    pairs = list(zip(before.split(", "), after.split(", ")))
    different = [pair for pair in pairs if pair[0] != pair[1]]
    # The texts can be equal although the connections differ: two layers have exchanged their automatic names.
    if different and before.count(", ") == after.count(", ") == len(pairs) - 1:
        before, after = (", ".join(side) for side in zip(*different))
    before, after = before.replace("[0][0]", ""), after.replace("[0][0]", "")
    return before, f"other layers, now called {after}" if before == after else after


def _word(field: str) -> str:
    return _WORDS.get(field) or field.removeprefix("argument ").replace("_", " " if field.endswith("params") else "_")


def _difference(pair: Pair, cost: _Cost) -> str:
    """Returns the difference between the old and the new number of a layer; ``?`` if the difference is unknown.

    The text is empty if the numbers are equal, or if one of the models does not state the number.
    """
    before, after = _value(pair.before, pair, cost.field), _value(pair.after, pair, cost.field)
    if before == after or before == "" or after == "":
        return ""
    return cost.text(after - before) if isinstance(before, int) and isinstance(after, int) else "?"


def _value(row: Row | None, pair: Pair, field: str) -> int | str | None:
    """Returns the number in a row.

    Returns 0 if the layer does not exist, an empty text if the model does not state the number, and None if the number
    is unknown.
    """
    if row is None:
        return 0 if field in _row(pair).cells else ""
    return row.cells[field].value if field in row.cells else ""


def _plain(title: str, pairs: Sequence[Pair]) -> Sheet:
    fields = ["status", "name_before", "name_after", "type", "changes"]
    fields += [f"{cost.field}_{suffix}" for cost in _COSTS for suffix in ("before", "after", "difference")]
    rows = [tuple(_plain_cells(pair)) for pair in pairs]
    return Sheet(title, fields, [Column(field) for field in fields], rows)


def _plain_cells(pair: Pair) -> Iterator[str]:
    yield pair.status
    yield pair.before.name if pair.before else ""
    yield pair.after.name if pair.after else ""
    yield _row(pair).type
    yield "; ".join(f"{change.field}: {change.before.text} → {change.after.text}" for change in pair.changes)
    for cost in _COSTS:
        numbers = [
            row.cells[cost.field].value if row and cost.field in row.cells else None
            for row in (pair.before, pair.after)
        ]
        before, after = numbers
        yield from ("" if number is None else str(number) for number in numbers)
        yield str(after - before) if isinstance(before, int) and isinstance(after, int) else ""
