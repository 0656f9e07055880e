"""One layer, built in Keras and here: what each makes of the same arguments and inputs.

Keras is asked by a symbolic call, as a functional model makes it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from convcalc.layers import apply, bind, find, parameters
from convcalc.layers.dtypes import autocast, compute_dtype, variable_dtype
from convcalc.layers.registry import SAME
from convcalc.numbers import UNKNOWN
from convcalc.problems import Refusal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class Case(NamedTuple):
    """A layer, its arguments, and the shapes (batch first, None unknown) of the tensors that it is called on."""

    name: str
    args: Mapping[str, Any]
    shapes: Sequence[Sequence[int | None]]
    dtype: str = "float32"
    trainable: bool = True
    policy: str = "float32"

    def __str__(self) -> str:
        extra = "".join(
            f", {key}={value!r}"
            for key, value in (("dtype", self.dtype), ("trainable", self.trainable), ("policy", self.policy))
            if value != Case._field_defaults[key]
        )
        return f"Case({self.name!r}, {dict(self.args)!r}, {list(self.shapes)!r}{extra})"


class Outcome(NamedTuple):
    """What a layer comes to. ``weights`` holds (name, shape, dtype, trainable), in the order of their names."""

    outputs: tuple[tuple[int | None, ...], ...]
    dtypes: tuple[str, ...]
    weights: tuple[tuple[str, tuple[int, ...], str, bool], ...]
    params: int


def keras_says(case: Case) -> Outcome | str:
    """Keras's outcome, or its refusal."""
    import keras

    try:
        cls = getattr(keras.layers, case.name)
        layer = cls(**case.args, **_settings(cls, case))
        tensors = [keras.KerasTensor(tuple(shape), dtype=case.dtype) for shape in case.shapes]
        found = find(case.name)
        single = found is not None and found.inputs == 1
        outputs = layer(tensors[0] if single else tensors)
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"
    flat = keras.tree.flatten(outputs)
    weights = tuple(sorted((w.name, tuple(w.shape), str(w.dtype), w.trainable) for w in layer.weights))
    return Outcome(tuple(tuple(t.shape) for t in flat), tuple(t.dtype for t in flat), weights, layer.count_params())


def _settings(cls: type, case: Case) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if case.policy != "float32":
        settings["dtype"] = case.policy
    if not case.trainable:
        settings["trainable"] = False
    return settings


def we_say(case: Case) -> Outcome | str:
    """Our outcome, or our refusal."""
    kind = find(case.name)
    if kind is None:
        return "there is no such layer"
    args, refusals = bind(kind, (), _lists(case.args))
    if refusals:
        return "; ".join(refusal.message for refusal in refusals)
    shapes = [tuple(UNKNOWN if size is None else size for size in shape) for shape in case.shapes]
    try:
        inferred = apply(kind, args, shapes)
    except Refusal as refusal:
        return refusal.message
    dtype = inferred.dtype or compute_dtype(case.policy)
    if dtype == SAME:
        dtype = autocast(case.dtype, case.policy)
    outputs = tuple(tuple(None if size is UNKNOWN else size for size in shape) for shape in inferred.outputs)
    weights = tuple(
        sorted(
            (w.name, w.shape, w.dtype or variable_dtype(case.policy), w.trainable and case.trainable)
            for w in inferred.weights
        )
    )
    return Outcome(outputs, (dtype,) * len(outputs), weights, parameters(inferred))


def _lists(value: Any) -> Any:
    """Arguments as a YAML file gives them: lists for tuples."""
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    return [_lists(part) for part in value] if isinstance(value, (tuple, list)) else value


def disagreement(case: Case) -> str | None:
    """What the two say where they differ: one line, the case ready to be run again; None where they agree."""
    theirs, ours = keras_says(case), we_say(case)
    if isinstance(theirs, str) and isinstance(ours, str):
        return None
    if theirs == ours:
        return None
    return f"{case}\n    keras: {theirs}\n    ours:  {ours}"
