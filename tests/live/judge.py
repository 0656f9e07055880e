"""Computes the results of one layer with Keras and with convcalc, for the same arguments and inputs.

Keras is called symbolically, as in a functional model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal
from convcalc.layers import apply, bind, find, parameters
from convcalc.layers.application import frozen, output_dtypes
from convcalc.layers.dtypes import is_policy

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class Case(NamedTuple):
    """A layer, its arguments, and the shapes of its input tensors. A shape begins with the batch size; None is an
    unknown size.

    If ``policy`` is empty, no policy is given.
    """

    name: str
    args: Mapping[str, Any]
    shapes: Sequence[Sequence[int | None]]
    dtype: str = "float32"
    trainable: bool = True
    policy: str = ""
    call: Mapping[str, Any] = {}

    def __str__(self) -> str:
        extra = "".join(
            f", {key}={value!r}"
            for key, value in (
                ("dtype", self.dtype),
                ("trainable", self.trainable),
                ("policy", self.policy),
                ("call", self.call),
            )
            if value != Case._field_defaults[key]
        )
        return f"Case({self.name!r}, {dict(self.args)!r}, {list(self.shapes)!r}{extra})"


class Outcome(NamedTuple):
    """The result of calling a layer. ``weights`` has the name, shape, dtype and trainability of each weight, sorted by
    name.
    """

    outputs: tuple[tuple[int | None, ...], ...]
    dtypes: tuple[str, ...]
    weights: tuple[tuple[str, tuple[int, ...], str, bool], ...]
    params: int


def keras_says(case: Case) -> Outcome | str:
    """Returns Keras's result, or the text of Keras's refusal."""
    import keras

    try:
        cls = getattr(keras.layers, case.name)
        layer = cls(**{name: _made(name, value) for name, value in case.args.items()}, **_settings(cls, case))
        tensors = [keras.KerasTensor(tuple(shape), dtype=case.dtype) for shape in case.shapes]
        result = find(case.name)
        outputs = _called(layer, result, tensors, case.call)
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"
    flat = keras.tree.flatten(outputs)
    # A frozen wrapper also freezes its inner layer. So a weight is trainable only if the wrapper lists it as trainable.
    trained = {id(weight) for weight in layer.trainable_weights}
    weights = tuple(sorted((w.name, tuple(w.shape), str(w.dtype), id(w) in trained) for w in layer.weights))
    return Outcome(tuple(tuple(t.shape) for t in flat), tuple(t.dtype for t in flat), weights, layer.count_params())


def _called(layer: Any, kind: Any, tensors: list[Any], call: Mapping[str, Any]) -> Any:
    """Calls the layer. Its inputs have the form that Keras expects: one tensor, a list, or separate arguments.

    An input layer is not called, because it already has its tensor.
    """
    if kind is not None and kind.inputs == 0:
        return layer.output
    if kind is not None and kind.inputs == 1:
        return layer(tensors[0], **call)
    if type(layer).__name__.endswith(("Cell", "Cells")):
        from keras import tree

        states = iter(tensors[1:])
        return layer(tensors[0], tree.map_structure(lambda size: next(states), layer.state_size), **call)
    if kind is not None and kind.name in ("MultiHeadAttention", "GroupQueryAttention"):
        return layer(*tensors, **call)
    if kind is not None and isinstance(kind.inputs, tuple) and kind.inputs[0] == 1:
        return layer(tensors[0], **({"initial_state": tensors[1:]} if tensors[1:] else {}), **call)
    return layer(tensors, **call)


def _made(name: str, value: Any) -> Any:
    """Converts a layer, or a list of layers, from the form of a spec to Keras layers. Returns other values unchanged."""
    import keras

    if name in ("layer", "backward_layer", "cell") and isinstance(value, dict):
        ((cls, args),) = value.items()
        args = args if isinstance(args, dict) else {}
        first = {} if isinstance(value[cls], dict) else {0: value[cls]}
        return getattr(keras.layers, cls)(*first.values(), **{key: _made(key, part) for key, part in args.items()})
    if name in ("layers", "cells"):
        return [_made("layer", part) for part in value]
    return value


def _settings(cls: type, case: Case) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if case.policy:
        settings["dtype"] = case.policy
    if not case.trainable:
        settings["trainable"] = False
    return settings


def we_say(case: Case) -> Outcome | str:
    """Returns convcalc's result, or the text of convcalc's refusal."""
    kind = find(case.name)
    if kind is None:
        return "there is no such layer"
    if case.policy and not is_policy(case.policy):
        return f"there is no dtype policy '{case.policy}'"
    args, refusals = bind(kind, (), _lists({**case.args, **case.call}))
    if refusals:
        return "; ".join(refusal.message for refusal in refusals)
    policy = case.policy or kind.policy(args)
    shapes = [tuple(UNKNOWN if size is None else size for size in shape) for shape in case.shapes]
    try:
        inferred = apply(kind, args, shapes, policy)
    except Refusal as refusal:
        return refusal.message
    dtypes = output_dtypes(inferred, case.dtype, policy)
    if kind.inputs == 0:
        dtypes = (case.args.get("dtype") or dtypes[0],)
    outputs = tuple(tuple(None if size is UNKNOWN else size for size in shape) for shape in inferred.outputs)
    own = inferred.weights if case.trainable else frozen(inferred.weights, "frozen")
    weights = tuple(sorted((w.name, w.shape, str(w.dtype), w.trainable) for w in own))
    return Outcome(outputs, dtypes, weights, parameters(inferred))


def _lists(value: Any) -> Any:
    """Returns the arguments as a YAML file contains them: with lists instead of tuples."""
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    return [_lists(part) for part in value] if isinstance(value, (tuple, list)) else value


def disagreement(case: Case) -> str | None:
    """Compares Keras's result with convcalc's. Returns None if they agree.

    Otherwise returns a line with the difference, and with code that repeats the case.
    """
    theirs, ours = keras_says(case), we_say(case)
    if isinstance(theirs, str) and isinstance(ours, str):
        return None
    if theirs == ours:
        return None
    return f"{case}\n    keras: {theirs}\n    ours:  {ours}"
