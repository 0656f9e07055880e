"""Corrects the weights of a few custom classes of Keras 2, whose archives store other weights than Keras counts.

An archive of Keras 2 stores the weights of all objects in a layer's attributes. A summary counts ``layer.weights``. The two
differ only for these classes.

Sources: ``keras_multi_head/multi_head.py``; ``tensorflow_addons/layers/wrappers.py``;
``tensorflow_model_optimization/python/core/quantization/keras/quantize_wrapper.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from convcalc.model import Foreign, Layer, StoredWeight

Stored = Sequence[StoredWeight]


def counted_weights(layer: Layer, group: str, stored: Stored) -> Stored:
    """Returns the weights that Keras counts for a layer. ``stored`` are the weights in its group in the archive."""
    definition = layer.definition
    if not isinstance(definition, Foreign):
        return stored
    correct = _CORRECTIONS.get((str(definition.module).partition(".")[0], definition.name.rpartition(".")[2]))
    return stored if correct is None else correct(definition.config or {}, group, stored)


def _without_prototype(config: Mapping[str, object], group: str, stored: Stored) -> Stored:
    """Returns the weights of a MultiHead. Keras counts the copies in ``layers``, but not the original in ``layer``."""
    if not any(weight.path.startswith(f"{group}/layers/") for weight in stored):
        return stored
    return [weight for weight in stored if not weight.path.startswith(f"{group}/layer/")]


def _with_copy(config: Mapping[str, object], group: str, stored: Stored) -> Stored:
    """Returns the weights of a WeightNormalization. Adds the weights of its frozen copy, which some archives do not
    store.

    The copy exists if ``data_init`` is true.
    """
    scale, kernel, ready = (f"{group}/vars/{number}" for number in range(3))
    copy = [weight for weight in stored if weight.path.startswith(f"{group}/_naked_clone_layer/")]
    own = [weight._replace(trainable=weight.path != ready) for weight in stored if weight not in copy]
    if copy:
        if not any(weight.path == kernel for weight in own):  # left out earlier, because the copy has equal values
            own.append(copy[0]._replace(path=kernel, trainable=True))
        return [*own, *(weight._replace(trainable=False) for weight in copy)]
    inner = [weight for weight in own if weight.path not in (scale, ready)]
    if config.get("data_init", True) is False or len(own) - len(inner) != 2:
        return stored
    return [*own, *(weight._replace(path=f"{weight.path} (copy)", trainable=False) for weight in inner)]


def _quantized(config: Mapping[str, object], group: str, stored: Stored) -> Stored:
    """Returns the weights of a QuantizeWrapperV2, each once.

    The wrapper's variables are, in this order: the trainable weights of the inner layer, the weights that it quantizes (a second
    time), and the counter ``optimizer_step``. The inner layer's own group stores its unquantized weights again.
    """
    own = [weight for weight in stored if weight.path.startswith(f"{group}/vars/")]
    counters = (n for n, weight in enumerate(own) if weight.shape == () and "int" in weight.dtype)
    trained = own[: next(counters, 0)]
    unmatched = [weight.shape for weight in trained]
    copies = set()
    for weight in stored:
        if weight.path.startswith(f"{group}/layer/") and weight.shape in unmatched:
            unmatched.remove(weight.shape)
            copies.add(weight.path)
    again = len(unmatched) // 2
    copies |= {weight.path for weight in trained[len(trained) - again :]}
    return [weight for weight in stored if weight.path not in copies]


def doubtful_groups(stored: Stored) -> tuple[list[str], set[str]]:
    """Returns the groups whose stored weights may differ from the weights that Keras counts, and the paths of the
    uncounted weights.

    Used for files without a config: the class of a layer is known only from the name of its group, and from its variables.
    """
    paths = {weight.path for weight in stored}
    # In an attribute, the layer has the name of the attribute. Its third variable is a flag, which few other layers have.
    flags = {weight.path for weight in stored if (weight.shape, weight.dtype) == ((), "bool")}
    copied = [
        path[: -len("/vars/2")]
        for path in paths
        if _COPIED.fullmatch(path) or (path in flags and path.endswith("/vars/2"))
    ]
    prototypes = {path: match[1] for path in paths if (match := _PROTOTYPE.fullmatch(path)) is not None}
    copies = {group for group in prototypes.values() if any(path.startswith(f"{group}/layers/") for path in paths)}
    uncounted = {path for path, group in prototypes.items() if group in copies}
    quantized = {match[1] for path in paths if (match := _QUANTIZED.fullmatch(path)) is not None}
    for group in quantized:
        counted = {weight.path for weight in _quantized({}, group, stored)}
        uncounted |= paths - counted
    return sorted([*copied, *copies, *quantized]), uncounted


# Keras names the group of a layer after its class, in snake case, e.g. WeightNormalization: weight_normalization.
_COPIED = re.compile(r"(.*/)?weight_normalization(_\d+)?/vars/2")
_QUANTIZED = re.compile(r"((?:.*/)?quantize_wrapper_v2(?:_\d+)?)/vars/\d+")
_PROTOTYPE = re.compile(r"((?:.*/)?multi_head(?:_\d+)?)/layer/.*")
_CORRECTIONS: Mapping[tuple[str, str], Callable[[Mapping[str, object], str, Stored], Stored]] = {
    ("keras_multi_head", "MultiHead"): _without_prototype,
    ("tensorflow_addons", "WeightNormalization"): _with_copy,
    ("tensorflow_model_optimization", "QuantizeWrapperV2"): _quantized,
}
