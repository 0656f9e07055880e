"""Builds and saves the models of one package, and records Keras's numbers.

Each model is saved in every kind of file that Keras can write. Run this module in a process that can import the
package: ``python -m tests.live.packages.record ZOO FOLDER [quick] [resume]``. With ``resume``, it builds only the models
that the folder does not have yet.

The module writes ``FOLDER/manifest.jsonl`` with one JSON object for each model. If a model could not be built, its
object contains the error.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any

# Models with more parameters are saved only as JSON: files with their weights would be large and slow.
LARGE = 6_000_000
# Models with more layers are not exported as a SavedModel: TensorFlow is slow for each layer.
MANY = 60
KINDS = ("json", "keras", "h5")


def main(zoo: str, folder: Path, quick: bool, resume: bool) -> None:
    """Builds and saves all models of one module of the zoo, or, with ``resume``, those that the folder does not have."""
    import keras

    if not hasattr(keras, "tree"):  # Keras 3.0 uses the functions of dm-tree
        keras.tree = importlib.import_module("tree")
    folder.mkdir(parents=True, exist_ok=True)
    module = importlib.import_module(f"tests.live.packages.zoo.{zoo}")
    kinds = (*KINDS, "exported") if hasattr(module, "EXPORTED") and not quick else KINDS
    path = folder / "manifest.jsonl"
    if not resume:
        path.unlink(missing_ok=True)
    present = _present(path)
    with path.open("a", encoding="utf-8") as manifest:
        for name, build in module.models(quick):
            if name not in present:
                # All records of a model are written at once: the manifest has a model whole or not at all.
                manifest.write("".join(json.dumps(record) + "\n" for record in _recorded(name, build, folder, kinds)))
                manifest.flush()


def _present(manifest: Path) -> set[str]:
    """Returns the names of the models in a manifest, and removes those that could not be built."""
    if not manifest.exists():
        return set()
    records = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    built = [record for record in records if "error" not in record]
    manifest.write_text("".join(json.dumps(record) + "\n" for record in built), encoding="utf-8")
    return {record["name"] for record in built}


def _recorded(name: str, build: Any, folder: Path, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    import keras

    keras.utils.clear_session()
    try:
        model = build()
        yield _saved(name, model, folder, kinds)
        if not type(model).__module__.startswith("keras."):
            ends = getattr(model, "inputs", None), getattr(model, "outputs", None)
            if ends[0] and ends[1]:
                # The config of a custom model may not list its layers, so a Functional with the same tensors is saved
                # too.
                flat = keras.Model(model.input, model.output, name=model.name)
                yield _saved(f"{name}_flat", flat, folder, KINDS)  # an export has no config: it would be the same
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error}".replace("\n", " ")[:200]
        yield {"name": name, "error": f"{text} ({Path(place.filename).name}:{place.lineno})"}


def _saved(name: str, model: Any, folder: Path, kinds: Sequence[str]) -> dict[str, Any]:
    """Saves the model in each kind of file. Returns its record.

    In the record, ``files`` has the written files, and ``unsaved`` the kinds of files that could not be written.
    """
    import keras

    files: dict[str, str] = {}
    unsaved: dict[str, str] = {}
    params = model.count_params() if model.built else None
    for kind in kinds:
        path = folder / f"{name}.{kind}"
        many = kind == "exported" and len(model._flatten_layers()) > MANY
        if many or (kind != "json" and (params or 0) > LARGE):
            unsaved[kind] = "large"
            continue
        try:
            if kind == "json":
                path.write_text(model.to_json(), encoding="utf-8")
            elif kind == "exported":
                model.export(path, verbose=False)
            elif hasattr(model, "save"):
                model.save(path)
            else:  # a layer
                keras.saving.save_model(model, path)
            files[kind] = path.name
        except Exception as error:
            if path.is_dir():
                rmtree(path)
            path.unlink(missing_ok=True)
            unsaved[kind] = f"{type(error).__name__}: {error}"[:120]
    return {"name": name, "files": files, "unsaved": unsaved, **numbers(model)}


def numbers(model: Any) -> dict[str, Any]:
    """Returns Keras's numbers for a model, and the version of Keras."""
    import keras

    kind = type(model)
    return {
        "keras": keras.__version__,
        "class": f"{kind.__module__}.{kind.__name__}",
        "lists_layers": "layers" in _config(model),
        "params": model.count_params() if model.built else None,
        "trainable": _size(model.trainable_weights) if model.built else None,
        "h5_params": _size_in_h5(model) if model.built else None,
        "rows": [_row(model, layer) for layer in _layers(model)],
    }


def _config(model: Any) -> dict[str, Any]:
    try:
        return dict(model.get_config())
    except Exception:  # the class has no get_config although its constructor has arguments, or its get_config fails
        return {}


def _layers(model: Any) -> Any:
    """Returns the layers and operations of a model, or the layers inside a layer."""
    for name in ("_operations", "layers", "_layers"):
        if hasattr(model, name):
            return getattr(model, name)
    return ()


def _row(model: Any, layer: Any) -> dict[str, Any]:
    built = getattr(layer, "built", True)
    weights = getattr(layer, "weights", [])
    return {
        "name": layer.name,
        "class": type(layer).__name__,
        "shapes": _shapes(model, layer),
        "params": _size(weights) if built else None,
        "trainable": _size(getattr(layer, "trainable_weights", [])) if built else None,
    }


def _size(weights: Any) -> int:
    """Returns the number of elements of the weights; each weight is counted once."""
    return sum({id(weight): math.prod(weight.shape) for weight in weights}.values())


def _size_in_h5(model: Any) -> int:
    """Returns the number of elements of the weights that Keras writes into an ``.h5`` file: those of the model's layers,
    and the model's own variables. A layer in another attribute of the model is not one of its layers.
    """
    weights = [weight for layer in getattr(model, "layers", ()) for weight in layer.weights]
    return _size([*weights, *model._trainable_variables, *model._non_trainable_variables])


def _shapes(model: Any, layer: Any) -> list[list[int | None]] | None:
    """Returns the output shapes of a layer in this model. None if its calls have different shapes."""
    import keras

    used = {id(node) for nodes in getattr(model, "_nodes_by_depth", {}).values() for node in nodes}
    calls = []
    for node in layer._inbound_nodes:
        if id(node) in used:
            tensors = keras.tree.flatten(node.outputs)
            calls.append([list(tensor.shape) for tensor in tensors if hasattr(tensor, "shape")])
    return calls[0] if calls and all(shapes == calls[0] for shapes in calls) else None


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), "quick" in sys.argv[3:], "resume" in sys.argv[3:])
