"""Upgrades configs of Keras 1 and 2. The modules that do it are imported only for such configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.layers import LayerDefinition, lookup_builtin
from convcalc.read.keras_files.keras2_signs import has_legacy_calls


def builtin_or_old_layer(name: str) -> LayerDefinition | None:
    """Returns the definition of a layer of any version of Keras; None for any other name."""
    definition = lookup_builtin(name)
    if definition is None:
        from convcalc.layers.keras2 import keras2_layer

        definition = keras2_layer(name)
    return definition


def upgraded(entries: Sequence[Any], functional: bool, outputs: Any = None) -> tuple[Sequence[Any], bool]:
    """Converts the layers of one model to Keras 3. Also returns True if Keras 2 wrote their calls.

    ``outputs`` are the ``output_layers`` of a functional model. Layers of nested models are converted later, when the nested model is
    read. Entries that are not mappings are not changed.
    """
    legacy = functional and any(isinstance(entry, Mapping) and has_legacy_calls(entry) for entry in entries)
    if not legacy and (functional or _is_keras3(entries)):
        return entries, False
    from convcalc.read.keras_files.upgrade_keras2 import upgrade_keras2

    return upgrade_keras2(entries, legacy, outputs), legacy


def with_config_mapping(entry: Mapping[str, Any], automatic: Callable[[str], str]) -> Mapping[str, Any]:
    """Returns a Sequential whose config is a mapping. Returns any other entry unchanged.

    Before Keras 2.2.3, the config was only a list of layers. ``automatic`` returns a name for a model without a name. In Keras 1, a
    Sequential can begin with a merge of other models; it becomes a Functional.
    """
    layers = entry.get("config")
    if entry.get("class_name") != "Sequential" or not isinstance(layers, list):
        return entry
    from convcalc.read.keras_files.upgrade_keras1 import with_branches

    name = entry.get("name")
    name = name if isinstance(name, str) else automatic("Sequential")
    return with_branches({**entry, "config": {"name": name, "layers": layers}})


def _is_keras3(entries: Sequence[Any]) -> bool:
    """Returns True if a layer states its dtype policy as Keras 3.2 and newer versions write it. Older versions write the
    name of the policy, or an object of another module.
    """
    for entry in entries:
        config = entry.get("config") if isinstance(entry, Mapping) else None
        dtype = config.get("dtype") if isinstance(config, Mapping) else None
        if isinstance(dtype, Mapping) and dtype.get("module") == "keras":
            return True
    return False
