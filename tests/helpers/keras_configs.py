"""Small Keras configs and archives, written by hand."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any


def tensor(name: str, node: Any = 0, output: Any = 0) -> dict[str, Any]:
    """Returns a tensor as a config refers to it."""
    history = [name, node, output]
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 3], "dtype": "float32", "keras_history": history},
    }


def layer(class_name: str, name: str, *nodes: Any, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    """Returns a layer of a functional config. ``nodes`` has the tensors of each call of the layer."""
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": list(args), "kwargs": {}} for args in nodes],
    }


INPUT = layer("InputLayer", "x", batch_shape=[None, 3], dtype="float32")


DENSE = layer("Dense", "dense", [tensor("x")], units=4)


def functional(*layers: Any, outputs: Any = None, **config: Any) -> dict[str, Any]:
    """Returns the config of a functional model."""
    inner = {
        "name": "model",
        "trainable": True,
        "layers": list(layers),
        "input_layers": [["x", 0, 0]],
        "output_layers": [["dense", 0, 0]] if outputs is None else outputs,
        **config,
    }
    return {"module": "keras", "class_name": "Functional", "config": inner, "registered_name": None}


def on(*tensors: Any) -> dict[str, Any]:
    """Returns the config of a functional model with one Dense layer, which is called on these tensors."""
    return functional(INPUT, layer("Dense", "dense", list(tensors), units=4))


def untold(**config: Any) -> dict[str, Any]:
    """Returns a tensor as a Keras file describes it, with only these entries. Required entries may be missing."""
    return {"class_name": "__keras_tensor__", "config": config}


def sequential(*layers: Any) -> dict[str, Any]:
    """Returns the config of a Sequential."""
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": list(layers)}}


def archive(content: bytes, name: str = "config.json", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Returns a Keras archive with this config."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr(name, content)
    return file.getvalue()


def data(content: Any) -> bytes:
    """Returns the bytes of a file."""
    return content if isinstance(content, bytes) else json.dumps(content).encode()
