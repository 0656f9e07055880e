"""Models with one thing changed, and what a check of them against a printed record has to say: for tests with and without Keras."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from convcalc.analyse import Report, infer
from convcalc.analyse.keras_rows import layer_rows
from convcalc.analyse.unmasked import unmasked
from convcalc.check.against import against
from convcalc.check.record import Record
from convcalc.check.records import record_in
from convcalc.model import Call, Layer, Model, Ref
from convcalc.problems import ConvcalcError
from convcalc.render.keras import keras_text
from convcalc.render.keras2 import keras2_text
from convcalc.render.keras_common import Options, in_range

TEXTS: dict[str, Callable[[Report, Options], str]] = {"keras": keras_text, "keras2": keras2_text}


class Mutation(NamedTuple):
    """A model in which the layer of that name was changed in one way."""

    kind: str
    layer: str
    model: Model


# Changes ----------------------------------------------------------------------------------------------------------------


def _wider(layer: Layer) -> Layer | None:
    for name in ("filters", "units"):
        if isinstance(layer.args.get(name), int):
            return replace(layer, args={**layer.args, name: layer.args[name] + 1})
    return None


def _strided(layer: Layer) -> Layer | None:
    rank = re.fullmatch(r"(?:Separable|Depthwise)?Conv(\d)D|(?:Max|Average)Pooling(\d)D", layer.class_name)
    if rank is None:
        return None
    axes = int(rank[1] or rank[2])
    strides = layer.args.get("strides") or layer.args.get("pool_size") or (1 if rank[1] else 2,) * axes
    return replace(layer, args={**layer.args, "strides": tuple(size + 1 for size in strides)})


def _renamed(layer: Layer) -> Layer:
    return replace(layer, name=f"new_{layer.name}")


def _frozen(layer: Layer) -> Layer:
    return replace(layer, trainable=not layer.trainable)


def _half(layer: Layer) -> Layer:
    return replace(layer, dtype="float16" if layer.dtype == "float32" else "float32")


CHANGES: dict[str, Callable[[Layer], Layer | None]] = {
    "wider": _wider,
    "strided": _strided,
    "renamed": _renamed,
    "frozen": _frozen,
    "dtype": _half,
}
KINDS = (*CHANGES, "dropped")


def mutated(model: Model, kind: str, random: Random) -> Mutation | None:
    """The model with one layer changed, chosen by chance among those that can be; None where none can."""
    numbers = [number for number, layer in enumerate(model.layers) if layer.class_name != "InputLayer"]
    random.shuffle(numbers)
    for number in numbers[:20]:
        layer = model.layers[number]
        changed = dropped(model, number) if kind == "dropped" else _changed(model, number, CHANGES[kind](layer))
        if changed is not None:
            try:
                infer(changed)
            except ConvcalcError:
                continue
            return Mutation(kind, layer.name, changed)
    return None


def _changed(model: Model, number: int, layer: Layer | None) -> Model | None:
    if layer is None:
        return None
    layers = (*model.layers[:number], layer, *model.layers[number + 1 :])
    return replace(model, layers=layers)


def dropped(model: Model, number: int) -> Model | None:
    """The model without a layer of one input and one output: what read its output reads its input."""
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
    return replace(model, layers=layers, calls=kept, inputs=moved(model.inputs), outputs=moved(model.outputs))


# What is to be seen -------------------------------------------------------------------------------------------------------


def blocks(text: str) -> list[str]:
    """The rows of a printed table as they stand there, each with its lines."""
    lines = text.splitlines()
    if any(line.startswith("┏") for line in lines):
        begin = next(number for number, line in enumerate(lines) if line.startswith("┡"))
        end = next(number for number, line in enumerate(lines) if line.startswith("└"))
        between = re.compile("├")
    else:
        begin, end = (number for number, line in enumerate(lines) if re.fullmatch("=+", line))
        between = re.compile(r"[|¯ ]*$")
    found: list[list[str]] = [[]]
    for line in lines[begin + 1 : end]:
        if between.match(line):
            found.append([])
        else:
            found[-1].append(line)
    return ["\n".join(block) for block in found if block]


def first_difference(one: str, other: str) -> int | None:
    """The first row in which two texts differ; None where their rows do not."""
    first, second = blocks(one), blocks(other)
    for number in range(max(len(first), len(second))):
        if first[number : number + 1] != second[number : number + 1]:
            return number
    return None


def _paths(report: Report, kind: str, options: Options) -> list[str]:
    """The layers of the rows that are shown."""
    if kind == "keras":
        shown = in_range(report, options.layer_range)
        return [row.path for top in shown for row in layer_rows(report, top, options.expand_nested)]
    report = unmasked(report)
    paths = [row.path for row in in_range(report, options.layer_range)]
    if not options.expand_nested:
        return paths
    return [row.path for row in report.layers if row.path.split("/")[0] in paths]


def problems_of(report: Report, record: Record) -> tuple[Any, ...]:
    """What a check finds."""
    return against(report, record)[1]


def refusal(report: Report, kind: str, text: str) -> str | None:
    """What a check says against a model whose own text it is held to; None where all holds."""
    try:
        record = record_in(text, "record", report)
    except ConvcalcError as failed:
        return f"the text is not read: {failed}"
    if record.kind != kind or len(record.rows) != len(blocks(text)):
        return f"read as {record.kind} with {len(record.rows)} rows"
    found = problems_of(report, record)
    return f"refused: {found[0].message}" if found else None


def wrong_verdict(report: Report, kind: str, text: str, options: Options, mutation: Mutation) -> str | None:
    """What is wrong with the verdict on a changed model that is held to the text of the model as it was; None for nothing.

    It has to be refused exactly if Keras's own text of it is another, and first of all for a layer in which the texts first differ,
    or for the one that was changed.
    """
    changed = infer(mutation.model)
    try:
        own = TEXTS[kind](changed, options)
    except ConvcalcError:  # a range of layers that there is no more
        return None
    found = problems_of(changed, record_in(text, "record", changed))
    what = f"{mutation.kind} '{mutation.layer}'"
    if own == text:
        return f"{what} is not to be seen, and refused: {found[0].message}" if found else None
    if not found:
        return f"{what} is accepted"
    place = first_difference(text, own)
    if place is None:
        return None if found[0].layer is None else f"{what} is refused for a layer: {found[0].message}"
    right = _right(report, changed, kind, text, own, options, mutation)
    seen = str(found[0].layer)  # of a layer that the model lacks, what is to be seen of its name
    named = any(name.startswith(seen[:-1]) if seen.endswith("…") else name == seen for name in right)
    return None if named else f"{what} is refused for another layer first: {found[0].message}"


def _right(
    report: Report, changed: Report, kind: str, text: str, own: str, options: Options, mutation: Mutation
) -> set[str]:
    """The layers that may be named first: the one that was changed, and those of the first rows that differ.

    Where a layer fewer makes Keras list the others in another order, a layer of any row that differs.
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
    # Of a nested layer that the model lacks the record has the name alone.
    return {mutation.layer, f"new_{mutation.layer}", *paths, *(path.rpartition("/")[2] for path in paths)}


def verdicts(
    report: Report, kind: str, text: str, options: Options, random: Random, kinds: tuple[str, ...] = KINDS
) -> Iterator[str | None]:
    """The verdict on one mutation of each kind, where there is one."""
    for each in kinds:
        mutation = mutated(report.model, each, random)
        if mutation is not None:
            yield wrong_verdict(report, kind, text, options, mutation)
