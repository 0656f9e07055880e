"""Receptive fields: which cells of the model's inputs a position of each call's output reads, axis by axis.

One walk over the calls as they were run. A tensor's fields say, for each spatial axis of each input of the model, along
which of the tensor's axes its positions lie, and how far they reach (:mod:`convcalc.analyse.receptive_axis`). How a layer reads its
own inputs it declares itself (:mod:`convcalc.layers.views`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from convcalc.analyse import receptive_axis as reaches
from convcalc.analyse.receptive_axis import GrowthStep, Reach
from convcalc.analyse.run import NOTHING, Ran, Run
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.layers.views import View, Views
from convcalc.model import Call, Layer
from convcalc.ops import Operation


class Track(Struct):
    """How far a tensor's positions reach along one axis of an input; ``axes`` are the tensor's on which those positions lie."""

    axes: tuple[int, ...]
    reach: Reach


Key: TypeAlias = "tuple[int, int]"  # an input of the model, by its number, and an axis of it
Fields: TypeAlias = "Mapping[Key, Track | None]"  # None: the tensor depends on that axis, nobody knows how


class AxisField(Struct):
    """The field on one axis of an input of ``cells``; ``reach`` is None where nothing is known of it."""

    cells: Number
    reach: Reach | None

    @property
    def size(self) -> Number:
        """The most cells that a position of the output reads."""
        return UNKNOWN if self.reach is None else self.reach.size

    @property
    def stride(self) -> int | float | None:
        """How many cells the next position's field lies further on: less than 1 behind upsampling, 0 where all read the same."""
        if self.reach is None or self.reach.scrambled_by is not None:
            return None
        cells, positions = self.reach.shift, len(self.reach.first) or 1
        whole = cells % positions == 0 or cells > positions << 53  # beyond which a float holds no fraction
        return cells // positions if whole else cells / positions

    @property
    def padding(self) -> Number:
        """How many cells before the input's first one the first field begins."""
        return UNKNOWN if self.reach is None else self.reach.padding if self.reach.first else 0

    @property
    def exceeds(self) -> bool:
        """Whether the field is larger than the input."""
        return self.size > self.cells

    @property
    def is_global(self) -> bool:
        """Whether every position reads the same cells, as those of a Dense layer do."""
        return self.reach is not None and self.reach.is_global


class Field(Struct):
    """The receptive field of a call's first output in one input of the model, on each of that input's spatial axes.

    ``misaligned`` are two paths that meet here and whose fields lie beside one another: the layers on each.
    """

    input: str
    axes: tuple[AxisField, ...]
    misaligned: tuple[tuple[str, ...], ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """What of the field cannot be known, and which size is only a lower bound."""
        labels = {}
        if UNKNOWN in [axis.size for axis in self.axes]:
            labels["receptive_field"] = "unknown"
        elif any(axis.reach is not None and axis.reach.partial for axis in self.axes):
            labels["receptive_field"] = "partial"
        if None in [axis.stride for axis in self.axes]:
            labels["receptive_field_stride"] = "unknown"
        if UNKNOWN in [axis.padding for axis in self.axes]:
            labels["receptive_field_padding"] = "unknown"
        return labels

    @property
    def exceeds(self) -> bool:
        """Whether the field is larger than the input on an axis."""
        return any(axis.exceeds for axis in self.axes)


class _Walk:
    """What the walk knows of the model's inputs, and what it has found: the fields of each call by the layer's path. What was
    worked out for a call is kept for those that ran alike, and for tensors that have their fields in common.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.keys: list[list[Key]] = []
        self.cells: dict[Key, Number] = {}
        self.found: dict[str, dict[int, tuple[Field, ...]]] = {}
        self.apart: dict[Key, tuple[tuple[str, ...], ...]] = {}
        self.views: dict[int, Views | None] = {}
        # By the number of the fields, which lasts as long as they are kept here.
        self.shown: dict[int, tuple[Fields, tuple[Field, ...]]] = {}


def receptive_fields(run: Run) -> dict[str, tuple[tuple[Field, ...], ...]]:
    """The fields of every layer, by its path: for each call one for each input of the model on which it depends.

    Of a model that is called several times as a layer, those of the last call.
    """
    walk = _Walk()
    first = _channels_first(run)
    given: list[Fields] = []
    for number, ref in enumerate(run.model.inputs):
        shape = run.shape(ref) or ()
        walk.names.append(run.model.layer_of(ref).name)
        axes = _spatial(shape, first)
        walk.keys.append([(number, axis) for axis in axes])
        walk.cells |= {(number, axis): shape[axis] for axis in axes}
        given.append({(number, axis): Track((axis,), reaches.input_reach(shape[axis])) for axis in axes})
    _model(run, given, "", walk)
    return {path: tuple(calls[number] for number in sorted(calls)) for path, calls in walk.found.items()}


def _channels_first(run: Run) -> bool:
    """Whether the model has its channels before its spatial axes."""
    return any(layer.args.get("data_format") == "channels_first" for layer in run.model.layers) or any(
        map(_channels_first, run.nested.values())
    )


def _spatial(shape: Shape, channels_first: bool) -> range:
    """The axes of an input besides the batch and its channels or features; of a vector its only one."""
    rank = len(shape)
    return range(1, rank) if rank < 3 else range(2, rank) if channels_first else range(1, rank - 1)


def _model(run: Run, given: Sequence[Fields], prefix: str, walk: _Walk) -> list[Fields]:
    """Walk over the calls of a model whose inputs have these fields; gives those of its outputs."""
    model = run.model
    tensors: list[Sequence[Fields]] = []
    inputs = {ref.call: fields for ref, fields in zip(model.inputs, given)}
    counts: dict[str, int] = {}
    for number, (call, ran) in enumerate(zip(model.calls, run.calls)):
        layer = model.layers[call.layer]
        path = prefix + layer.name
        walk.apart = {}
        if number in inputs:
            outputs: Sequence[Fields] = [inputs[number]]
        else:
            sources = [_output(tensors[ref.call], ref.output) for ref in call.inputs]
            outputs = _call(layer, call, ran, sources, path, walk)
        tensors.append(outputs)
        count = counts[path] = counts.get(path, -1) + 1
        walk.found.setdefault(path, {})[count] = _shown(outputs[0], walk)
    return [_output(tensors[ref.call], ref.output) for ref in model.outputs]


def _output(outputs: Sequence[Fields], number: int) -> Fields:
    """The fields of an output; of one that nothing is known of, whatever the first one depends on."""
    return outputs[number] if number < len(outputs) else dict.fromkeys(outputs[0])


def _shown(fields: Fields, walk: _Walk) -> tuple[Field, ...]:
    """The fields as they are shown."""
    if id(fields) in walk.shown and not walk.apart:
        return walk.shown[id(fields)][1]
    shown = []
    for number in sorted({number for number, _ in fields}):
        name, keys = walk.names[number], walk.keys[number]
        tracks = [fields.get(key) for key in keys]
        axes = tuple(
            AxisField(walk.cells[key], None if track is None else track.reach) for key, track in zip(keys, tracks)
        )
        shown.append(Field(name, axes, next((walk.apart[key] for key in keys if key in walk.apart), ())))
    if not walk.apart:
        walk.shown[id(fields)] = fields, tuple(shown)
    return tuple(shown)


def _call(layer: Layer, call: Call, ran: Ran, sources: Sequence[Fields], path: str, walk: _Walk) -> Sequence[Fields]:
    if ran.inside is not None:
        return _model(ran.inside, sources, path + "/", walk)
    if id(ran) not in walk.views:
        walk.views[id(ran)] = _views(layer, call, ran)
    views = walk.views[id(ran)]
    if views is None or len(views) != len(sources):
        return [{key: None for fields in sources for key in fields}]
    token = (call.inputs, path)
    seen = [_through(fields, view, path, token) for fields, view in zip(sources, views)]
    output = ran.outputs[0] or ()
    moved = [any(view is not None and view.reordered for view in each) for each in views]
    merged = seen[0] if len(seen) == 1 else {}
    if len(seen) > 1:
        tracks: dict[Key, list[Track | None]] = {}
        for each in seen:
            for key, track in each.items():
                tracks.setdefault(key, []).append(track)
        merged = {key: _merged(several, key, output, all(moved), walk) for key, several in tracks.items()}
    # All outputs of an operation are alike; of a layer they are where none of its positions differ.
    alike = isinstance(layer.definition, Operation) or all(
        track is not None and not track.axes for track in merged.values()
    )
    return [merged] * (len(ran.outputs) if alike else 1)


def _views(layer: Layer, call: Call, ran: Ran) -> Views | None:
    """How the layer reads its inputs; None where that is not known."""
    if ran.inferred is None or any(shape is NOTHING for shape in (*ran.inputs, ran.outputs[0])):
        return None
    shapes = [shape for shape in ran.inputs if shape is not None]
    if not shapes:
        return ()
    definition = layer.definition
    if not isinstance(definition, (LayerDefinition, Operation)) or definition.receptive_field_rule is None:
        return None
    args = definition.rule_arguments({**layer.args, **call.args})
    views: Views = definition.receptive_field_rule(args, shapes, ran.inferred)
    return views


def _through(fields: Fields, views: Sequence[View | None], name: str, token: object) -> Fields:
    """The fields behind a layer that reads the tensor so; where all stay as they are, the same ones."""
    found = {key: None if track is None else _track(track, views, name, token) for key, track in fields.items()}
    return found if any(found[key] is not track for key, track in fields.items()) else fields


def _track(track: Track, views: Sequence[View | None], name: str, token: object) -> Track | None:
    """The track behind a layer: all of its axes are read as a whole, or none is, or nobody knows what comes of it."""
    if not track.axes:
        return track
    if track.reach.is_global:
        return Track((), track.reach)
    own = [views[axis] for axis in track.axes]
    if len(own) == 1 and own[0] is not None and own[0].axes == track.axes and not (own[0].window or own[0].reordered):
        return track  # most layers read an axis so
    known = [view for view in own if view is not None]
    if len(known) < len(own):
        return None
    reading = [view for view in known if view.axes]
    if not reading:
        return Track((), reaches.after_global(track.reach, name))
    if len(reading) < len(known):
        return None
    axes = tuple(sorted({axis for view in known for axis in view.axes}))
    window = known[0].window
    if window is not None:
        found = reaches.after_window(track.reach, window, name, (token, track.axes)) if len(known) == 1 else None
        return None if found is None else Track(axes, found)
    loose = len(known) > 1 or any(view.reordered for view in known)
    return Track(axes, reaches.after_reordering(track.reach, token) if loose else track.reach)


def _merged(tracks: Sequence[Track | None], key: Key, output: Shape, apart: bool, walk: _Walk) -> Track | None:
    """What several inputs of a call come to that reach the same axis."""
    merged, *others = tracks
    for track in others:
        if merged is None or track is None:
            return None
        axes = merged.axes or track.axes
        if track.axes not in ((), axes):  # two positions at once: their hull depends on how far they lie apart
            return None
        positions = output[axes[0]] if len(axes) == 1 and axes[0] < len(output) else UNKNOWN
        union = reaches.union(merged.reach, track.reach, positions, apart)
        if union.aligned is False:
            walk.apart[key] = paths_apart(merged.reach.step, track.reach.step)
        merged = None if union.reach is None else Track(axes, union.reach)
    return merged


def steps_to(step: GrowthStep | None) -> list[GrowthStep]:
    """The steps from the input on."""
    steps: list[GrowthStep] = []
    while step is not None:
        steps.append(step)
        step = step.before
    return steps[::-1]


def paths_apart(one: GrowthStep | None, other: GrowthStep | None) -> tuple[tuple[str, ...], ...]:
    """The layers with windows on each of two paths, from where they part."""
    first, second = steps_to(one), steps_to(other)
    shared = _shared(zip(first, second))
    return tuple(tuple(step.name for step in steps[shared:]) for steps in (first, second))


def _shared(pairs: Iterable[tuple[GrowthStep, GrowthStep]]) -> int:
    count = 0
    for one, other in pairs:
        if one is not other:
            break
        count += 1
    return count
