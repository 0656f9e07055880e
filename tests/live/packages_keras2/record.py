"""Builds and saves the models of one function, and records Keras's numbers.

Each model is saved in every kind of file that this version of Keras 2 writes. Run this script in the environment of the
package: ``python record.py MODULE:FUNCTION FOLDER [COUNT] [resume]``. With ``COUNT``, it builds only the first models.
With ``resume``, it builds only the models that the folder does not have yet.

The environment variable ``KERAS2`` is the name of Keras's module: ``keras``, ``tf_keras`` or ``tensorflow.keras``
(default).

The script must run with Python 3.6, and must not import convcalc. It writes ``FOLDER/manifest.jsonl`` in the same form
as `tests/live/packages/record.py`.
"""

import importlib
import itertools
import json
import os
import shutil
import sys

# The kinds of files, and the first version of Keras 2 that writes them.
KINDS = {"json": (0, 0), "h5": (0, 0), "keras": (2, 13), "saved_model": (2, 4)}
# Models with more parameters are saved only as JSON: files with their weights would be large and slow.
LARGE = 15000000
# Models with more layers are not saved as a SavedModel: TensorFlow is slow for each layer. FEW is the limit if COUNT is
# given.
MANY, FEW = 60, 8


def keras_module():
    """Returns the environment's module of Keras (``tf_keras``, ``tensorflow.keras`` or ``keras``), and the version."""
    name = os.environ.get("KERAS2", "tensorflow.keras")
    if name == "tensorflow.keras":
        import tensorflow

        return tensorflow.keras, version_of(tensorflow.__version__)
    keras = importlib.import_module(name)
    return keras, version_of(keras.__version__)


def version_of(text):
    return tuple(int(part) for part in text.split("-")[0].split(".")[:2])


def main(zoo, folder, *words):
    """Builds and saves the models that a function of the zoo yields. ``words``: see above."""
    count = next((int(word) for word in words if word.isdigit()), None)
    if not os.path.isdir(folder):
        os.makedirs(folder)
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "zoo"))
    module, function = zoo.split(":")
    module = importlib.import_module(module)
    models = getattr(module, function)()
    most = getattr(module, "MANY", FEW if count else MANY)
    path = os.path.join(folder, "manifest.jsonl")
    records = built_records(path) if "resume" in words else []
    present = {record["name"] for record in records}
    with open(path, "w") as manifest:
        manifest.writelines(json.dumps(record) + "\n" for record in records)
        for name, build in itertools.islice(models, count):
            if name not in present:
                manifest.write(json.dumps(recorded(name, build, folder, most)) + "\n")
                manifest.flush()


def built_records(manifest):
    """Returns the records of a manifest, without those of models that could not be built."""
    if not os.path.exists(manifest):
        return []
    with open(manifest) as stream:
        return [record for record in map(json.loads, stream) if "error" not in record]


def recorded(name, build, folder, most):
    """Returns the record of one model. If the model cannot be built, the record has the error.

    A model with more than ``most`` layers is not saved as a SavedModel.
    """
    keras, version = keras_module()
    keras.backend.clear_session()
    try:
        return saved(name, build(), folder, version, most)
    except Exception as error:
        return {"name": name, "error": text_of(error)}


def text_of(error):
    return "{}: {}".format(type(error).__name__, error).replace("\n", " ")[:200]


def saved(name, model, folder, version, most):
    """Saves the model, and returns its record. Kinds of files that Keras cannot write are listed in the record."""
    files, unsaved = {}, {}
    params = count_of(model.weights)
    for kind, first in KINDS.items():
        if version < first:
            continue
        path = os.path.join(folder, "{}.{}".format(name, kind))
        if kind != "json" and params > LARGE or kind == "saved_model" and len(model.layers) > most:
            unsaved[kind] = "large"
            continue
        try:
            if kind == "json":
                text = model.to_json()
                with open(path, "w") as stream:
                    stream.write(text)
            elif kind == "saved_model":
                model.save(path, save_format="tf")
            else:
                model.save(path)
            files[kind] = os.path.basename(path)
        except Exception as error:
            unsaved[kind] = text_of(error)
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.remove(path)
    layers = layer_names(model)
    return {
        "name": name,
        "class": "{}.{}".format(type(model).__module__, type(model).__name__),
        "files": files,
        "unsaved": unsaved,
        "lists_layers": layers is not None,
        "params": int(model.count_params()),
        "trainable": count_of(model.trainable_weights),
        "rows": [row(layer) for layer in model.layers if layers is None or layer.name in layers],
    }


def layer_names(model):
    """Returns the names of the layers in the model's config. None if the config lists no layers.

    `model.layers` may have additional layers: attributes of the model that are not in the config.
    """
    try:
        config = model.get_config()
    except Exception:  # the class has no get_config, or a layer's get_config fails
        return None
    layers = config if isinstance(config, list) else config.get("layers")
    if layers is None:
        return None
    return [layer.get("name") or layer["config"].get("name") for layer in layers]


def row(layer):
    """Returns the name, class, output shapes and numbers of parameters of one layer, as Keras gives them."""
    try:
        shapes = shapes_of(layer.output_shape)
    except Exception:  # the layer was never called, its calls have different shapes, or a shape is unknown
        shapes = None
    try:
        params, trainable = int(layer.count_params()), count_of(layer.trainable_weights)
    except Exception:  # the layer was never built
        params = trainable = None
    return {
        "name": layer.name,
        "class": type(layer).__name__,
        "shapes": shapes,
        "params": params,
        "trainable": trainable,
    }


def shapes_of(value):
    """Returns the shapes in an output shape of Keras 2, as lists. Raises TypeError if a shape is unknown (None)."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) or any(isinstance(part, (tuple, list, dict)) for part in value):
        return [shape for part in value for shape in shapes_of(part)]
    sizes = [getattr(size, "value", size) for size in tuple(value)]
    return [[None if size is None else int(size) for size in sizes]]


def count_of(weights):
    """Returns the number of elements of the weights; each weight is counted once."""
    total = 0
    for weight in {id(weight): weight for weight in weights}.values():
        count = 1
        for size in weight.shape:
            count *= int(getattr(size, "value", size))
        total += count
    return total


if __name__ == "__main__":
    main(*sys.argv[1:])
