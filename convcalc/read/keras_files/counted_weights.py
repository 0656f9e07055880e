"""Corrects the weights of a few classes of packages for Keras 2, whose archives do not store what Keras counts.

Keras 2 saves the objects that it finds in the attributes of a layer. The weights that a summary counts are those that
the layer tracks. Both are the same for nearly all classes.

Sources: ``keras_multi_head/multi_head.py``; ``tensorflow_addons/layers/wrappers.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from convcalc.model import Foreign, Layer, StoredWeight

Stored = Sequence[StoredWeight]


def counted_weights(layer: Layer, group: str, stored: Stored) -> Stored:
    """Returns the weights that Keras counts for a layer. ``stored`` are the weights in its group of the archive."""
    definition = layer.definition
    if not isinstance(definition, Foreign):
        return stored
    correct = _CORRECTIONS.get((str(definition.module).partition(".")[0], definition.name.rpartition(".")[2]))
    return stored if correct is None else correct(definition.config or {}, group, stored)


def _without_prototype(config: Mapping[str, object], group: str, stored: Stored) -> Stored:
    """Returns the weights without those of ``layer``, from which a MultiHead made the copies in ``layers``."""
    if not any(weight.path.startswith(f"{group}/layers/") for weight in stored):
        return stored
    return [weight for weight in stored if not weight.path.startswith(f"{group}/layer/")]


def _with_copy(config: Mapping[str, object], group: str, stored: Stored) -> Stored:
    """Returns the weights with those of the frozen copy of the inner layer that a WeightNormalization with ``data_init``
    has. The archive does not store this copy.
    """
    scale, ready = f"{group}/vars/0", f"{group}/vars/2"
    inner = [weight for weight in stored if weight.path not in (scale, ready)]
    trained = [weight._replace(trainable=weight.path != ready) for weight in stored]
    if config.get("data_init", True) is False or len(stored) - len(inner) != 2:
        return stored
    copy = [weight._replace(path=f"{weight.path} (copy)", trainable=False) for weight in inner]
    return [*trained, *copy]


_CORRECTIONS: Mapping[tuple[str, str], Callable[[Mapping[str, object], str, Stored], Stored]] = {
    ("keras_multi_head", "MultiHead"): _without_prototype,
    ("tensorflow_addons", "WeightNormalization"): _with_copy,
}
