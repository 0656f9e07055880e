"""Loads models with the installed Keras, and prints what happened as JSON, one line for each model.

Usage: ``python advisory_loader.py MODEL …``. The folder of a model has the files with secrets, and the marker if code ran. Each
model is loaded in a process of its own, which is forked after Keras was imported, because the import takes long.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0", NO_PROXY="*")
SECRET, SECRET_WORD = 4242.0, "secretword"
SECONDS, MAX_MEMORY = 120, 16 * 2**30


def write_saved_model(path):
    """Writes a SavedModel that makes a file when it runs."""
    import tensorflow as tf

    class Writes(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
        def serve(self, x):
            tf.io.write_file(str(Path(path).with_name("marker")), "ran")
            return x

    module = Writes()
    tf.saved_model.save(module, path, signatures={"serve": module.serve})


def secrets(model):
    """Returns True if the model has values of a file with secrets."""
    import numpy as np

    words = [word for layer in model.layers if hasattr(layer, "get_vocabulary") for word in layer.get_vocabulary()]
    return SECRET_WORD in words or any((np.asarray(weight) == SECRET).any() for weight in model.get_weights())


def load(path):
    """Loads the model as a user does. A JSON file has a Lambda layer, which a user makes with from_config."""
    import keras

    if path.endswith(".json"):
        config = json.loads(Path(path).read_text())["config"]["layers"][1]["config"]
        return keras.Sequential([keras.Input([3]), keras.layers.Lambda.from_config(config)])
    return keras.models.load_model(path)


def outcome(path, folder):
    """Returns what happened, and the exception."""
    import numpy as np

    sources = Path(path).read_bytes()
    if b"TFSMLayer" in sources:
        write_saved_model(str(Path(folder, "saved_model")))
    Path(folder, "work").mkdir()
    os.chdir(Path(folder, "work"))
    before = set(sys.modules)
    sys.modules["webbrowser"] = type(sys)("webbrowser")  # the module antigravity opens a browser
    sys.modules["webbrowser"].open = lambda *given: None
    marker, error, model = Path(folder, "marker"), "", None
    try:
        model = load(path)
    except BaseException as failed:
        error = f"{type(failed).__name__}: {failed}"
    if marker.exists():
        return "ran at load", error
    if b"antigravity" in sources and "antigravity" in set(sys.modules) - before:
        return "imported", error
    if model is None:
        return ("allocated" if "Unable to allocate" in error or "MemoryError" in error else "refused"), error
    if secrets(model):
        return "read the file", error
    for use in (lambda: model.predict(np.zeros((1, 3), "float32"), verbose=0), lambda: model.save("saved.keras")):
        try:
            use()
        except BaseException as failed:
            error = error or f"{type(failed).__name__}: {failed}"
    return ("ran when it was used" if marker.exists() else "loaded"), error


def in_child(path):
    """Prints the outcome for one model."""
    folder = str(Path(path).parent)
    log = os.open(f"{folder}/log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    output = os.dup(1)
    os.dup2(log, 1)
    os.dup2(log, 2)
    what, why = outcome(path, folder)
    os.write(output, (json.dumps({"model": path, "what": what, "error": why[:300]}) + "\n").encode())
    os._exit(0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    import keras  # noqa: F401

    for argument in sys.argv[1:]:
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            in_child(argument)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"model": argument, "what": "crashed", "error": f"status {status}"}), flush=True)
