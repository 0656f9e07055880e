"""The arguments of Keras's initializers, regularizers and constraints, and how a spec writes such an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.problems import did_you_mean, listed

_SCALED = ("seed", "input_axes", "output_axes")
# Source: the constructors of keras.initializers, keras.regularizers and keras.constraints of Keras 3.15.
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "Constant": ("value",),
    **dict.fromkeys(("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"), _SCALED),
    "Identity": ("gain",),
    "Ones": (),
    "Orthogonal": ("gain", "seed"),
    "RandomNormal": ("mean", "stddev", "seed"),
    "RandomUniform": ("minval", "maxval", "seed"),
    "STFT": ("side", "window", "scaling", "periodic"),
    "TruncatedNormal": ("mean", "stddev", "seed"),
    "VarianceScaling": ("scale", "mode", "distribution", *_SCALED),
    "Zeros": (),
    "L1": ("l1",),
    "L1L2": ("l1", "l2"),
    "L2": ("l2",),
    "OrthogonalRegularizer": ("factor", "mode"),
    "MaxNorm": ("max_value", "axis"),
    "MinMaxNorm": ("min_value", "max_value", "rate", "axis"),
    "NonNeg": (),
    "UnitNorm": ("axis",),
}
# Keras 2 writes the dtype of some initializers.
WRITTEN_BY_KERAS2 = ("dtype",)
_KEYS = ("class_name", "config", "module", "registered_name", "build_config", "shared_object_id")


def _class_of(name: object) -> str | None:
    """Returns the name of the class for a name such as ``he_normal``, ``HeNormal`` or ``OrthogonalInitializer``."""
    words = str(name).removesuffix("Initializer").replace("_", "").lower()
    return next((known for known in _ARGUMENTS if known.lower() == words), None)


def unknown_keys(value: Any) -> list[str]:
    """Returns the keys in the config of a Keras object that its class does not have; empty for an unknown class."""
    config = value.get("config") if isinstance(value, Mapping) else None
    if config is None or not str(value.get("module", "keras")).startswith("keras"):  # a custom class of the same name
        return []
    name = _class_of(value.get("class_name")) if isinstance(config, Mapping) else None
    if name is None or not isinstance(config, Mapping):
        return []
    return [str(key) for key in config if key not in _ARGUMENTS[name] and key not in WRITTEN_BY_KERAS2]


def without_keys(value: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
    """Returns the object without some keys of its config."""
    return {**value, "config": {key: part for key, part in value["config"].items() if key not in keys}}


def problem(value: Mapping[str, Any]) -> str:
    """Returns what is wrong with a mapping for an object, as the end of a message; empty if nothing is wrong."""
    name, config = value.get("class_name"), value.get("config")
    if "value" in value:  # a Python function, as Keras writes it
        return ""
    if not isinstance(name, str) or not (config is None or isinstance(config, (Mapping, str, list))):
        return f"; write {_written(value)}"
    for key in value:
        if key not in _KEYS:
            return f"; the object has the unknown key '{key}'{did_you_mean(str(key), _KEYS)}"
    for key in unknown_keys(value):
        return f"; {name} has no argument '{key}'{unknown_key_hint(value, key)}"
    return ""


def unknown_key_hint(value: Mapping[str, Any], key: str) -> str:
    """Returns the end of a message about an unknown key: the similar argument, or all arguments of the class."""
    known = _ARGUMENTS[_class_of(value.get("class_name")) or "Zeros"]
    return did_you_mean(key, known) or (f": it has {listed(known, 'and')}" if known else ": it has no arguments")


def _written(value: Mapping[str, Any]) -> str:
    """Returns the right form of ``{L2: 0.01}`` or ``{HeNormal: {seed: 1}}``."""
    name = _class_of(next(iter(value), None)) if len(value) == 1 else None
    if name is None:
        return "{class_name: …, config: {…}}"
    given = next(iter(value.values()))
    arguments = _ARGUMENTS[name]
    if isinstance(given, Mapping):
        config = ", ".join(f"{key}: {part}" for key, part in given.items())
    else:
        config = f"{arguments[0]}: {given}" if arguments and isinstance(given, (int, float)) else ""
    return f"{{class_name: {name}, config: {{{config}}}}}"
