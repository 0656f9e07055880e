"""Computes receptive fields: which positions of the model's inputs a position of a tensor depends on.

One walk over the calls of a model computes, for each tensor and each spatial axis of a model input, a :class:`Track`.
Each layer declares how it reads its inputs (:mod:`convcalc.layers.views`). :mod:`convcalc.analyse.receptive_axis` does
the arithmetic for one axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from convcalc.analyse import receptive_axis
from convcalc.analyse.receptive_axis import GrowthStep, Reach
from convcalc.analyse.run import UNKNOWN_SHAPE, CallResult, ModelRun
from convcalc.base.identity import IdentityCache
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.layers.views import View, Views
from convcalc.model import Call, Layer
from convcalc.ops import Operation


class Track(Struct):
    """The pixels that a tensor depends on, along one axis of a model input.

    ``axes`` are the tensor's axes along which the pixels differ. Empty: all elements depend on the same pixels.
    """

    axes: tuple[int, ...]
    reach: Reach


InputAxis: TypeAlias = "tuple[int, int]"  # the number of a model input, and one of the input's axes
# None: it is unknown which pixels the tensor depends on
TensorFields: TypeAlias = "Mapping[InputAxis, Track | None]"


class AxisField(Struct):
    """The receptive field on one axis of an input; ``reach`` is None if it is unknown."""

    input_size: Number
    reach: Reach | None

    @property
    def size(self) -> Number:
        """Size of the field: the maximum over the positions of the output."""
        return UNKNOWN if self.reach is None else self.reach.size

    @property
    def stride(self) -> int | float | None:
        """Distance between the fields of neighbouring positions: below 1 after upsampling, 0 if all fields are equal."""
        if self.reach is None or self.reach.scrambled_by is not None:
            return None
        pixels, positions = self.reach.shift, len(self.reach.first) or 1
        # A float above 2**53 has no decimal places, so such a stride is an integer.
        is_whole = pixels % positions == 0 or pixels > positions << 53
        return pixels // positions if is_whole else pixels / positions

    @property
    def padding(self) -> Number:
        """Number of input positions by which the field of the first output position starts before the input."""
        return UNKNOWN if self.reach is None else self.reach.padding if self.reach.first else 0

    @property
    def exceeds(self) -> bool:
        """True if the field is larger than the input."""
        return self.size > self.input_size

    @property
    def is_global(self) -> bool:
        """True if every position depends on the same part of the input, as after a Dense layer."""
        return self.reach is not None and self.reach.is_global


class Field(Struct):
    """The receptive field of a call's first output in one model input.

    ``axes`` are the spatial axes of the input. If the call joins two paths whose fields have different centres or
    strides, ``misaligned`` names the layers on both paths; otherwise it is empty.
    """

    input: str
    axes: tuple[AxisField, ...]
    misaligned: tuple[tuple[str, ...], ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the numbers that are not fully known."""
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
        """True if the field is larger than the input on any axis."""
        return any(axis.exceeds for axis in self.axes)


class _Walk:
    """The state of a walk over the calls of a model.

    Attributes:
        names: the names of the model's inputs.
        axes: the spatial axes of each input.
        sizes: the size of each spatial axis.
        fields: the fields of each call, by the path of the layer and the number of the call.
        misaligned: the misaligned paths that meet at the current call.
        views: how each call reads its inputs, axis by axis.
        public: a cache of the fields of tensors, in the form of the report.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.axes: list[list[InputAxis]] = []
        self.sizes: dict[InputAxis, Number] = {}
        self.fields: dict[str, dict[int, tuple[Field, ...]]] = {}
        self.misaligned: dict[InputAxis, tuple[tuple[str, ...], ...]] = {}
        self.views: dict[CallResult, Views | None] = {}
        self.public: IdentityCache[tuple[Field, ...]] = IdentityCache()


def receptive_fields(run: ModelRun) -> dict[str, tuple[tuple[Field, ...], ...]]:
    """Returns the fields of every layer, by path: one field for each call and model input.

    If a nested model is called several times, the last call gives the fields of its layers.
    """
    walk = _Walk()
    channels_first = _has_channels_first(run)
    inputs: list[TensorFields] = []
    for number, ref in enumerate(run.model.inputs):
        shape = run.shape(ref) or ()
        walk.names.append(run.model.layer_of(ref).name)
        spatial = _spatial_axes(shape, channels_first)
        walk.axes.append([(number, index) for index in spatial])
        walk.sizes |= {(number, index): shape[index] for index in spatial}
        inputs.append({(number, index): Track((index,), receptive_axis.input_reach(shape[index])) for index in spatial})
    _walk_model(run, inputs, "", walk)
    return {path: tuple(calls[number] for number in sorted(calls)) for path, calls in walk.fields.items()}


def _has_channels_first(run: ModelRun) -> bool:
    """Returns True if any layer has ``data_format: channels_first``."""
    return any(layer.args.get("data_format") == "channels_first" for layer in run.model.layers) or any(
        map(_has_channels_first, run.nested.values())
    )


def _spatial_axes(shape: Shape, channels_first: bool) -> range:
    """Returns the axes of an input without batch and channels. For a vector, returns its only axis."""
    rank = len(shape)
    return range(1, rank) if rank < 3 else range(2, rank) if channels_first else range(1, rank - 1)


def _walk_model(run: ModelRun, inputs: Sequence[TensorFields], prefix: str, walk: _Walk) -> list[TensorFields]:
    """Walks over the calls of a model. Returns the fields of the model's outputs."""
    model = run.model
    tensors: list[Sequence[TensorFields]] = []
    fields_of_input = {ref.call: fields for ref, fields in zip(model.inputs, inputs)}
    counts: dict[str, int] = {}
    for number, (call, result) in enumerate(zip(model.calls, run.results)):
        layer = model.layers[call.layer]
        path = prefix + layer.name
        walk.misaligned = {}
        if number in fields_of_input:
            outputs: Sequence[TensorFields] = [fields_of_input[number]]
        else:
            fields = [_output(tensors[ref.call], ref.output) for ref in call.inputs]
            sources = call.with_constants(fields, lambda constant: {})
            outputs = _walk_call(layer, call, result, sources, path, walk)
        tensors.append(outputs)
        count = counts[path] = counts.get(path, -1) + 1
        walk.fields.setdefault(path, {})[count] = _public_fields(outputs[0] if outputs else {}, walk)
    # A file with layers but no calls: the fields of the outputs are unknown.
    return [_output(tensors[ref.call], ref.output) for ref in run.output_refs] or [{}]


def _output(outputs: Sequence[TensorFields], number: int) -> TensorFields:
    """Returns the fields of one output of a call.

    If ``outputs`` does not have the output, all its fields are unknown (None).
    """
    return outputs[number] if number < len(outputs) else dict.fromkeys(outputs[0])


def _public_fields(tensor: TensorFields, walk: _Walk) -> tuple[Field, ...]:
    """Returns the fields of a tensor for the report."""
    fields = None if walk.misaligned else walk.public.get(tensor)
    if fields is None:
        fields = tuple([_public_field(number, tensor, walk) for number in sorted({number for number, _ in tensor})])
        if not walk.misaligned:
            walk.public.add(fields, tensor)
    return fields


def _public_field(number: int, tensor: TensorFields, walk: _Walk) -> Field:
    keys = walk.axes[number]
    tracks = [tensor.get(key) for key in keys]
    axes = tuple(AxisField(walk.sizes[key], None if track is None else track.reach) for key, track in zip(keys, tracks))
    misaligned = next((walk.misaligned[key] for key in keys if key in walk.misaligned), ())
    return Field(walk.names[number], axes, misaligned)


def _walk_call(
    layer: Layer, call: Call, result: CallResult, sources: Sequence[TensorFields], path: str, walk: _Walk
) -> Sequence[TensorFields]:
    """Returns the fields of a call's outputs."""
    if result.nested is not None:
        return _walk_model(result.nested, sources, path + "/", walk)
    if result not in walk.views:
        walk.views[result] = _views(layer, call, result)
    views = walk.views[result]
    if views is None or len(views) != len(sources):
        return [{key: None for fields in sources for key in fields}]
    origin = (call.inputs, path)
    after = [_after_layer(fields, view, path, origin) for fields, view in zip(sources, views)]
    output = (result.outputs[0] if result.outputs else None) or ()
    reordered = [any(view is not None and view.reordered for view in views_of_input) for views_of_input in views]
    merged = after[0] if len(after) == 1 else {}
    if len(after) > 1:
        tracks: dict[InputAxis, list[Track | None]] = {}
        for fields in after:
            for key, track in fields.items():
                tracks.setdefault(key, []).append(track)
        merged = {key: _merged(several, key, output, all(reordered), walk) for key, several in tracks.items()}
    # The fields of further outputs are known if the layer is an operation, or if every field is global.
    is_same = isinstance(layer.definition, Operation) or all(
        track is not None and not track.axes for track in merged.values()
    )
    return [merged] * (len(result.outputs) if is_same else 1)


def _views(layer: Layer, call: Call, result: CallResult) -> Views | None:
    """Returns how the layer reads its inputs; None if that is unknown."""
    if result.inferred is None or any(shape is UNKNOWN_SHAPE for shape in (*result.inputs, *result.outputs[:1])):
        return None
    shapes = [shape for shape in result.inputs if shape is not None]
    if not shapes:
        return ()
    definition = layer.definition
    if isinstance(definition, LayerDefinition) and isinstance(result.definition, LayerDefinition):
        # Keras 2 can call a Conv2D on a video: the call then uses another definition than the layer's.
        definition = result.definition
    if not isinstance(definition, (LayerDefinition, Operation)) or definition.receptive_field_rule is None:
        return None
    args = definition.rule_arguments({**layer.args, **call.args, **result.args})
    views: Views = definition.receptive_field_rule(args, shapes, result.inferred)
    return views


def _after_layer(fields: TensorFields, views: Sequence[View | None], name: str, origin: object) -> TensorFields:
    """Returns the fields after a layer; the same object if nothing changes."""
    after = {key: None if track is None else _track(track, views, name, origin) for key, track in fields.items()}
    return after if any(after[key] is not track for key, track in fields.items()) else fields


def _track(track: Track, views: Sequence[View | None], name: str, origin: object) -> Track | None:
    """Returns the :class:`Track` after a layer, from the one before the layer. Returns None if it is unknown, for
    example in these cases:

    - The layer reads an axis of the track in an unknown way.
    - The track has several axes, and the layer reads only some of them as a whole.
    """
    if not track.axes:
        return track
    if track.reach.is_global:
        return Track((), track.reach)
    views_of_axes = [views[index] for index in track.axes]
    only = views_of_axes[0] if len(views_of_axes) == 1 else None
    if only is not None and only.axes == track.axes and not (only.window or only.reordered):
        return track  # the usual case: an elementwise layer
    known = [view for view in views_of_axes if view is not None]
    if len(known) < len(views_of_axes):
        return None
    with_axes = [view for view in known if view.axes]
    if not with_axes:
        return Track((), receptive_axis.after_global(track.reach, name))
    if len(with_axes) < len(known):
        return None
    axes = tuple(sorted({index for view in known for index in view.axes}))
    window = known[0].window
    if window is not None:
        reach = (
            receptive_axis.after_window(track.reach, window, name, (origin, track.axes)) if len(known) == 1 else None
        )
        return None if reach is None else Track(axes, reach)
    is_reordered = len(known) > 1 or any(view.reordered for view in known)
    return Track(axes, receptive_axis.after_reordering(track.reach, origin) if is_reordered else track.reach)


def _merged(tracks: Sequence[Track | None], key: InputAxis, output: Shape, disjoint: bool, walk: _Walk) -> Track | None:
    """Joins the :class:`Track` of each input of a call. All belong to one axis of a model input, ``key``."""
    merged, *others = tracks
    for track in others:
        if merged is None or track is None:
            return None
        axes = merged.axes or track.axes
        if track.axes not in ((), axes):
            return None  # unknown: the pixels are on different axes of the inputs
        positions = output[axes[0]] if len(axes) == 1 and axes[0] < len(output) else UNKNOWN
        union = receptive_axis.union(merged.reach, track.reach, positions, disjoint)
        if union.aligned is False:
            walk.misaligned[key] = _separate_paths(merged.reach.step, track.reach.step)
        merged = None if union.reach is None else Track(axes, union.reach)
    return merged


def steps_to(step: GrowthStep | None) -> list[GrowthStep]:
    """Returns the layers that enlarge the receptive field, from the input to ``step``."""
    steps: list[GrowthStep] = []
    while step is not None:
        steps.append(step)
        step = step.before
    return steps[::-1]


def _separate_paths(one: GrowthStep | None, other: GrowthStep | None) -> tuple[tuple[str, ...], ...]:
    """Returns the names of the layers on each of two paths, without the layers that both paths share."""
    first, second = steps_to(one), steps_to(other)
    shared = _shared_length(zip(first, second))
    return tuple(tuple(step.name for step in steps[shared:]) for steps in (first, second))


def _shared_length(pairs: Iterable[tuple[GrowthStep, GrowthStep]]) -> int:
    count = 0
    for one, other in pairs:
        if one is not other:
            break
        count += 1
    return count
