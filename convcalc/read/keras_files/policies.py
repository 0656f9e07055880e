"""Reads the dtype policies of layers in Keras's configs.

A policy is a string such as "mixed_float16", an object, or a map from the paths of layers to policies.

Sources: ``keras/src/dtype_policies``, and ``Layer.compute_dtype`` for the paths of layers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.layers.dtypes import is_policy, with_inner_policies

_DEFAULT = "float32"
_MAP = "DTypePolicyMap"
# The classes of dtype policies and the names of their settings. The last two classes belong to Keras 2.
_QUANTIZED = frozenset({"mode", "source_name", "name"})
_SETTINGS = {
    "DTypePolicy": frozenset({"name"}),
    "FloatDTypePolicy": frozenset({"name"}),
    "QuantizedDTypePolicy": _QUANTIZED,
    "QuantizedFloat8DTypePolicy": _QUANTIZED | {"amax_history_length"},
    "Int4DTypePolicy": _QUANTIZED,
    "GPTQDTypePolicy": _QUANTIZED,
    "AWQDTypePolicy": _QUANTIZED,
    "Policy": frozenset({"name", "loss_scale"}),
    "PolicyV1": frozenset({"name", "loss_scale"}),
}
_DEFAULT_HISTORY = 1024
# A key of a map of policies can be a regular expression. Only simple ones are evaluated: others could take very long.
# With another expression, the policy is unknown.
_SIMPLE_PATTERN = re.compile(r"(\(\.\*/\)\?|\.[*+]?|\\[dw][*+]?|\\[.-]|[\w/ -])*")
_MAX_REPETITIONS = 2
_MAX_PATTERN = 500


def is_policy_object(value: Any) -> bool:
    """Returns True if a value in a config is a policy object or a map of policies."""
    name = value.get("class_name") if isinstance(value, Mapping) else None
    return isinstance(name, str) and (name == _MAP or name.endswith("DTypePolicy"))


def policy(value: Any) -> str | None:
    """Returns the name of a dtype policy, such as "mixed_float16". ``value`` is the name or a policy object; None stays
    None.

    An unknown policy also gets a name, for which :func:`convcalc.layers.dtypes.is_policy` returns False.
    """
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        return str(value)[:100]
    name, config = value.get("class_name"), value.get("config")
    if not isinstance(name, str) or not isinstance(config, Mapping):
        return "an unknown object"
    settings = _SETTINGS.get(name)
    if settings is None or not _is_keras(value) or not settings.issuperset(config):
        return name
    named, mode, source = config.get("name"), config.get("mode"), config.get("source_name")
    if "mode" not in config:
        named = _DEFAULT if named is None else named
        return named if isinstance(named, str) else name
    history = config.get("amax_history_length", _DEFAULT_HISTORY)
    source = _DEFAULT if source is None else source
    if not isinstance(mode, str) or not isinstance(source, str) or type(history) is not int:
        return name
    return f"{mode}{f'/{history}' if mode == 'float8' and history != _DEFAULT_HISTORY else ''}_from_{source}"


def layer_policy(
    value: Any, name: Any, definition: LayerDefinition | None, build_config: Any, own_path: bool = True
) -> str | None:
    """Returns the name of a layer's dtype policy; None if the config states no policy.

    In a map of policies, the layer's path is the key: ``dense``, or ``model/dense`` for a layer inside a model. Returns
    ``_MAP`` if the policy is unknown, for example because several paths are possible.

    Args:
        value: the ``dtype`` in the layer's config.
        name: the layer's name.
        definition: the layer in the catalogue; None for a custom class.
        build_config: the layer's ``build_config``. If it is given, the path is ``name``: Keras builds the layer before
            it adds the layer to a model.
        own_path: True if the path is ``name`` even without a ``build_config``.
    """
    if not isinstance(value, Mapping) or value.get("class_name") != _MAP or not _is_keras(value):
        return policy(value)
    config = value.get("config")
    entries = _entries(config) if isinstance(config, Mapping) else None
    if entries is None or not isinstance(name, str):
        return _MAP
    default, by_path = entries
    has_path = definition is None or definition.built_when_made is False
    # Keras builds this layer before it has a path. No key of the map matches, so the default applies.
    if not build_config and not has_path:
        if definition is not None and definition.built_when_made is None and set(by_path.values()) - {default}:
            return _MAP
        return default
    paths = [name] if build_config or own_path else _possible_paths(name, by_path)
    found = {_with_inner(path, definition, default, by_path) for path in paths}
    return found.pop() if len(found) == 1 else _MAP


def _is_keras(value: Mapping[str, Any]) -> bool:
    module, registered = value.get("module", "keras"), value.get("registered_name")
    known = isinstance(module, str) and (module == "keras" or module.startswith(("keras.", "tf_keras", "tensorflow")))
    return known and (not isinstance(registered, str) or ">" not in registered)


def _entries(config: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Returns the default policy of a map, and its policies by path; None if the map is malformed."""
    by_path = config.get("policy_map") or {}
    default = config.get("default_policy")
    if not isinstance(by_path, Mapping) or set(config) - {"default_policy", "policy_map"}:
        return None
    # In a map, Keras uses the default history length for float8: "float8/512_from_float32" becomes
    # "float8_from_float32".
    return _usual_history(policy(default)), {str(key): _usual_history(policy(part)) for key, part in by_path.items()}


def _usual_history(name: str | None) -> str:
    return re.sub("^float8/[0-9]+_from_", "float8_from_", name or _DEFAULT)


def _possible_paths(name: str, by_path: Mapping[str, str]) -> list[str]:
    """Returns the paths that a layer may have, as examples.

    For ``dense``, these are ``dense``, and ``a/dense`` inside a model. If the map has the key ``b/dense`` or ``b/dense/query``, also
    ``b/dense``.
    """
    inside = [key for key in by_path if key.endswith(f"/{name}") or f"/{name}/" in key]
    return [name, f"a/{name}", *(key[: key.rindex(f"/{name}") + len(name) + 1] for key in inside)]


def _with_inner(path: str, definition: LayerDefinition | None, default: str, by_path: Mapping[str, str]) -> str:
    """Returns one policy name for a layer and its inner layers. If a policy is unknown, returns the name of this
    policy.
    """
    own = _at(path, default, by_path)
    names = definition.inner_layers if definition is not None else ()
    inner = {name: _at(f"{path}/{name}", default, by_path) for name in names}
    if not all(map(is_policy, (own, *inner.values()))):
        return next((word for word in (own, *inner.values()) if not is_policy(word)), _MAP)
    return with_inner_policies(own, inner)


def _at(path: str, default: str, by_path: Mapping[str, str]) -> str:
    """Returns the policy for a path. The keys of the map are paths, or regular expressions that match paths.

    Returns the default if no key matches. Returns ``_MAP`` (unknown) if several keys match, or if a key is too complex
    to match.
    """
    if path in by_path:
        return by_path[path]
    matching = []
    for key, name in by_path.items():
        if (
            len(key) > _MAX_PATTERN
            or not _SIMPLE_PATTERN.fullmatch(key)
            or len(re.findall("[*+?]", key)) > _MAX_REPETITIONS
        ):
            return _MAP
        if re.fullmatch(key, path):
            matching.append(name)
    return default if not matching else matching[0] if len(matching) == 1 else _MAP
