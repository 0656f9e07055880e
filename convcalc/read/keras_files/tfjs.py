"""Reads ``model.json`` of TensorFlow.js.

``modelTopology`` is the config of a Keras model, or a graph of TensorFlow. ``weightsManifest`` has the name, shape and
dtype of each weight. The files with the values of the weights are not read.

Sources: ``tfjs-converter/python/tensorflowjs/converters`` and ``tfjs-core/src/io/types.ts`` of TensorFlow.js.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeGuard

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.model import Model, StoredWeight
from convcalc.read.container import parse_json
from convcalc.read.keras_files.config import read_config
from convcalc.read.keras_files.saved_model import variables_model
from convcalc.read.keras_files.unknown_weights import layers_to_compare, warned_of_unlisted
from convcalc.read.keras_files.weights import Weights, with_stored

if TYPE_CHECKING:
    from convcalc.read.detect import OpenFile

MAX_WEIGHTS = 20_000
_MAX_AXES = 64
_GRAPH = (
    "the file contains a TensorFlow graph without Keras layers; some weights may be merged or be constants of the graph"
)


def read_tfjs(opened: OpenFile) -> Model:
    """Returns the model in a file ``model.json``. If the file contains a TensorFlow graph, the model has only the
    stored weights.
    """
    config = tfjs_config(opened)
    if config:
        model = with_stored(read_config(config, opened.name, opened.custom), opened)
        paths = layers_to_compare(model, by_name=True)
        with tfjs_manifest(opened) as weights:
            layers = tfjs_weights(weights, model, opened.name).layers if weights else {}
        model = model._replace(weights_to_compare={path: layers[path] for path in paths if path in layers})
        return warned_of_unlisted(model)
    with tfjs_manifest(opened) as weights:
        if not weights:
            message = "has a TensorFlow graph without weights, and no Keras layers; give the Keras model"
            raise error(codes.NOT_A_MODEL, f"{opened.name}: {message} from which the graph was made")
        variables = [(weight.path, weight) for weight in weights]
        return variables_model(variables, opened.name, None, _GRAPH)


def tfjs_config(opened: OpenFile) -> Any:
    """Returns the config of the Keras model in the file; {} if the file contains none."""
    data = parse_json(opened.text)
    topology = data.get("modelTopology") if isinstance(data, Mapping) else None
    if not isinstance(topology, Mapping):
        return {}
    config = topology.get("model_config", topology)
    return config if isinstance(config, Mapping) and "class_name" in config else {}


@contextmanager
def tfjs_manifest(opened: OpenFile) -> Iterator[Sequence[StoredWeight]]:
    """Yields the weights that the file lists."""
    yield tuple(_listed(parse_json(opened.text), opened.name))


def tfjs_weights(weights: Sequence[StoredWeight], model: Model, name: str) -> Weights:
    """Returns the weights of each layer. The name of a weight begins with the name of its layer: ``dense/kernel``.

    Nested models do not appear in these names. If the layer of one weight is missing or unclear, the weights of all layers are
    unknown.
    """
    by_layer: dict[str, list[StoredWeight]] = {}
    for weight in weights:
        by_layer.setdefault(weight.path.partition("/")[0], []).append(weight)
    paths: dict[str, list[str]] = {}
    for path, layer in model.walk():
        if layer.model is None:
            paths.setdefault(layer.name, []).append(path)
    layers = {places[0]: tuple(by_layer.pop(word, ())) for word, places in paths.items() if len(places) == 1}
    others = tuple(weight for group in by_layer.values() for weight in group)
    # It is unknown which models contain the other weights.
    lacking = frozenset(prefix for prefix, _ in model.models() if prefix and others)
    return Weights({} if others else layers, others, tuple(weights), lacking=lacking)


def tfjs_layers(weights: Sequence[StoredWeight], model: Model | None, name: str) -> Model:
    """Returns a model whose layers are known only from the names of the weights."""
    return variables_model([(weight.path, weight) for weight in weights], name, model)


def _listed(data: Any, name: str) -> Iterator[StoredWeight]:
    groups = data.get("weightsManifest") if isinstance(data, Mapping) else None
    count = 0
    for group in groups if isinstance(groups, list) else ():
        entries = group.get("weights") if isinstance(group, Mapping) else None
        for entry in entries if isinstance(entries, list) else ():
            count += 1
            if count > MAX_WEIGHTS:
                raise error(codes.TOO_LARGE, f"{name}: weightsManifest lists more than {MAX_WEIGHTS:,} weights")
            yield _weight(entry, f"{name}: weightsManifest: weight {count}")


def _weight(entry: Any, place: str) -> StoredWeight:
    values = entry if isinstance(entry, Mapping) else {}
    path, shape, dtype = values.get("name"), values.get("shape"), values.get("dtype")
    if not isinstance(path, str) or not path or not isinstance(dtype, str) or not _is_shape(shape):
        raise error(codes.INVALID_CONFIG, f"{place}: expects a name, a shape (a list of sizes) and a dtype")
    return StoredWeight(path[:1000], tuple(shape), dtype[:100])


def _is_shape(value: Any) -> TypeGuard[list[int]]:
    return (
        isinstance(value, list)
        and len(value) <= _MAX_AXES
        and all(type(size) is int and 0 <= size < 2**63 for size in value)
    )
