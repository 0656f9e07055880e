"""Changes one layer of a model, and tests whether a check against the original's printed text finds the change.

Tests with and without Keras use this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from convcalc import Report, infer
from convcalc.base.problems import ConvcalcError
from convcalc.checking.against_snapshot import compare_with_snapshot
from convcalc.keras_text.mask_ops import without_mask_ops
from convcalc.keras_text.options import Options, in_range
from convcalc.keras_text.print2 import keras2_text
from convcalc.keras_text.print3 import keras_text
from convcalc.keras_text.rows3 import layer_rows
from convcalc.model import Call, Layer, Model, Ref
from convcalc.snapshot.load import snapshot_in
from convcalc.stored import Snapshot

TEXTS: dict[str, Callable[[Report, Options], str]] = {"keras": keras_text, "keras2": keras2_text}


class Mutation(NamedTuple):
    """The report of a model in which one layer was changed. ``layer`` is the name of this layer."""

    kind: str
    layer: str
    report: Report


# Functions that change a model ----------------------------------------------------------------------------------------


def _wider(layer: Layer) -> Layer | None:
    for name in ("filters", "units"):
        if isinstance(layer.args.get(name), int):
            return layer._replace(args={**layer.args, name: layer.args[name] + 1})
    return None


def _strided(layer: Layer) -> Layer | None:
    rank = re.fullmatch(r"(?:Separable|Depthwise)?Conv(\d)D|(?:Max|Average)Pooling(\d)D", layer.class_name)
    if rank is None:
        return None
    axes = int(rank[1] or rank[2])
    strides = layer.args.get("strides") or layer.args.get("pool_size") or (1 if rank[1] else 2,) * axes
    return layer._replace(args={**layer.args, "strides": tuple(size + 1 for size in strides)})


def _renamed(layer: Layer) -> Layer:
    return layer._replace(name=f"new_{layer.name}")


def _frozen(layer: Layer) -> Layer:
    return layer._replace(trainable=not layer.trainable)


def _half(layer: Layer) -> Layer:
    return layer._replace(dtype="float16" if layer.dtype == "float32" else "float32")


CHANGES: dict[str, Callable[[Layer], Layer | None]] = {
    "wider": _wider,
    "strided": _strided,
    "renamed": _renamed,
    "frozen": _frozen,
    "dtype": _half,
}
KINDS = (*CHANGES, "dropped")


def mutated(model: Model, kind: str, random: Random) -> Mutation | None:
    """Returns the model with one randomly chosen layer changed, or None if no layer can be changed."""
    numbers = [number for number, layer in enumerate(model.layers) if layer.class_name != "InputLayer"]
    random.shuffle(numbers)
    for number in numbers[:20]:
        layer = model.layers[number]
        changed = dropped(model, number) if kind == "dropped" else _changed(model, number, CHANGES[kind](layer))
        if changed is not None:
            try:
                return Mutation(kind, layer.name, infer(changed))
            except ConvcalcError:
                continue
    return None


def _changed(model: Model, number: int, layer: Layer | None) -> Model | None:
    if layer is None:
        return None
    layers = (*model.layers[:number], layer, *model.layers[number + 1 :])
    return model._replace(layers=layers)


def dropped(model: Model, number: int) -> Model | None:
    """Returns the model without layer ``number``. Calls that read the layer's output get the layer's input instead.

    Returns None if the layer cannot be removed, for example because it has several inputs.
    """
    calls = [place for place, call in enumerate(model.calls) if call.layer == number]
    if len(calls) != 1 or len(model.calls[calls[0]].sources) != 1 or len(model.layers) < 4:
        return None
    gone, source = calls[0], model.calls[calls[0]].sources[0]
    if Ref(gone) in model.outputs and model.class_name == "Functional" and source in model.inputs:
        return None

    def moved(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
        met = (source if ref == Ref(gone) else ref for ref in refs)
        return tuple(ref._replace(call=ref.call - (ref.call > gone)) for ref in met)

    def again(call: Call) -> Call:
        return call._replace(
            layer=call.layer - (call.layer > number),
            inputs=moved(call.inputs),
            masks=moved(call.masks),
            order=moved(call.order),
        )

    read = {ref for call in model.calls for ref in call.sources} | set(model.outputs)
    if any(ref.call == gone and ref.output for ref in read):
        return None
    kept = tuple(again(call) for place, call in enumerate(model.calls) if place != gone)
    layers = (*model.layers[:number], *model.layers[number + 1 :])
    return model._replace(layers=layers, calls=kept, inputs=moved(model.inputs), outputs=moved(model.outputs))


# Changes that are visible in a printed summary ------------------------------------------------------------------------------------


def blocks(text: str) -> list[str]:
    """Returns the rows of a printed table. A row may have several lines."""
    lines = text.splitlines()
    if any(line.startswith("┏") for line in lines):
        begin = next(number for number, line in enumerate(lines) if line.startswith("┡"))
        end = next(number for number, line in enumerate(lines) if line.startswith("└"))
        between = re.compile("├")
    else:
        begin, end = (number for number, line in enumerate(lines) if re.fullmatch("=+", line))
        between = re.compile(r"[|¯ ]*$")
    result: list[list[str]] = [[]]
    for line in lines[begin + 1 : end]:
        if between.match(line):
            result.append([])
        else:
            result[-1].append(line)
    return ["\n".join(block) for block in result if block]


def first_difference(one: str, other: str) -> int | None:
    """Returns the index of the first row in which two texts differ, or None if their rows are equal."""
    first, second = blocks(one), blocks(other)
    for number in range(max(len(first), len(second))):
        if first[number : number + 1] != second[number : number + 1]:
            return number
    return None


def _paths(report: Report, kind: str, options: Options) -> list[str]:
    """Returns, for each printed row, the path of its layer."""
    if kind == "keras":
        shown = in_range(report, options.layer_range)
        return [row.path for top in shown for row in layer_rows(report, top, options.expand_nested)]
    report = without_mask_ops(report)
    paths = [row.path for row in in_range(report, options.layer_range)]
    if not options.expand_nested:
        return paths
    return [row.path for row in report.layers if row.path.split("/")[0] in paths]


def problems_of(report: Report, record: Snapshot) -> tuple[Any, ...]:
    """Returns the problems that are found when a report is compared with a record."""
    return compare_with_snapshot(report, record)[1]


def refusal(report: Report, kind: str, text: str) -> str | None:
    """Checks a model against its own printed text. Returns the reason if the check fails, and None if it passes."""
    try:
        record = snapshot_in(text, "record", report)
    except ConvcalcError as failed:
        return f"the text is not read: {failed}"
    if record.format != kind or len(record.rows) != len(blocks(text)):
        return f"read as {record.format} with {len(record.rows)} rows"
    result = problems_of(report, record)
    return f"refused: {result[0].message}" if result else None


class Verdict(NamedTuple):
    """The result of :func:`verdict`.

    ``shows``: True if Keras's text shows the change. ``wrong``: what is wrong with the result of the check; empty if
    nothing is wrong.
    """

    shows: bool
    wrong: str = ""


def verdict(report: Report, kind: str, text: str, options: Options, mutation: Mutation) -> Verdict | None:
    """Checks a changed model against the text of the original. Returns None if Keras cannot print the changed model.

    The check must fail if Keras prints another text for the changed model, and only then. Its first problem must name
    the changed layer, or a layer in the first row that differs.
    """
    changed = mutation.report
    try:
        own = TEXTS[kind](changed, options)
    except ConvcalcError:
        # a layer at the end of the printed range is missing in the changed model
        return None
    result = problems_of(changed, snapshot_in(text, "record", changed))
    what = f"{mutation.kind} '{mutation.layer}'"
    if own == text:
        return Verdict(False, f"{what} is not to be seen, and refused: {result[0].message}" if result else "")
    if not result:
        return Verdict(True, f"{what} is accepted")
    seen = result[0].layer
    if first_difference(text, own) is None:
        return Verdict(True, f"{what} is refused for a layer: {result[0].message}" if seen else "")
    shown = {path.rpartition("/")[2] for path in _paths(report, kind, options)}
    if options.layer_range is not None and seen is None and mutation.layer not in shown:
        return Verdict(True)  # the changed layer is not in the printed range, so only the totals differ
    right = _right(report, changed, kind, text, own, options, mutation)
    # For a missing layer, the problem contains the name from the record. The record may cut off a name: 'a_long_na…'.
    named = any(name.startswith(seen[:-1]) if seen.endswith("…") else name == seen for name in right) if seen else False
    return Verdict(True, "" if named else f"{what} is refused for another layer first: {result[0].message}")


def _right(
    report: Report, changed: Report, kind: str, text: str, own: str, options: Options, mutation: Mutation
) -> set[str]:
    """Returns the layers that the first problem may name: the changed layer, and those in the first row that differs.

    If the change reordered other layers, it returns the layers of all rows that differ.
    """
    one, two = (_paths(each, kind, options) for each in (report, changed))
    first, second = blocks(text), blocks(own)
    places = [
        place for place in range(max(len(one), len(two))) if first[place : place + 1] != second[place : place + 1]
    ]
    both = set(one) & set(two)
    if [path for path in one if path in both] == [path for path in two if path in both]:
        places = places[:1]
    paths = {path for place in places for path in (*one[place : place + 1], *two[place : place + 1])}
    # The problem of a missing nested layer contains only its name, not its path.
    return {mutation.layer, f"new_{mutation.layer}", *paths, *(path.rpartition("/")[2] for path in paths)}


# Checks of models against printed texts -------------------------------------------------------------------------------


@dataclass
class Tally:
    """Counts the results of checks. Each printed text is checked against its own model and against changed models.

    ``failed`` lists the wrong results.
    """

    accepted: int = 0
    refused: int = 0
    unseen: int = 0
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.accepted} texts accepted of their own models; of changed models {self.refused} refused at the right layer, "
            f"{self.unseen} accepted as no text shows the change; {len(self.failed)} wrong"
        )


def hold(tally: Tally, report: Report, kind: str, texts: Sequence[tuple[Options, str]], random: Random) -> None:
    """Checks a model against each of its printed texts. Also checks two changed models, each against one text."""
    texts = [(options, text) for options, text in texts if _is_told(report, kind, options)]
    for options, text in texts:
        said = refusal(report, kind, text)
        tally.failed += [f"{report.model.name}, {options}: {said}"] if said else []
        tally.accepted += not said
    for change in random.sample(KINDS, 2):
        mutation = mutated(report.model, change, random)
        if mutation is not None and texts:
            options, text = random.choice(texts)
            judged = verdict(report, kind, text, options, mutation)
            if judged is not None:
                tally.failed += [f"{report.model.name}, {options}: {judged.wrong}"] if judged.wrong else []
                tally.refused += judged.shows and not judged.wrong
                tally.unseen += not judged.shows and not judged.wrong


def _is_told(report: Report, kind: str, options: Options) -> bool:
    """Returns True if the text of a report can be a record.

    A text with a range of layers (``layer_range``) must show that layers are missing. Otherwise it looks like the text
    of a smaller model.
    """
    if options.layer_range is None:
        return True
    report = report if kind == "keras" else without_mask_ops(report)
    shown = in_range(report, options.layer_range)
    left_out = [row for row in report.layers if row.depth == 0 and row not in shown]
    read = {source.rsplit("[", 2)[0] for row in shown for call in row.calls for source in call.inputs}
    return any(row.params != 0 or (row.name in read and not report.linear) for row in left_out)
