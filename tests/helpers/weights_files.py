"""Writes files with weights, as Keras writes them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from convcalc.read.keras_files.members import WEIGHTS_MEMBER

Shapes = Mapping[str, Sequence[int]]


def tree(shapes: Shapes, names: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None) -> bytes:
    """Returns a ``.weights.h5`` file as Keras 3 writes it. ``names`` maps the group of a layer to the layer's name.

    The file stores the name of a layer beside the layer's variables. ``values`` are further datasets.
    """
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        for path, shape in shapes.items():
            integer = "generator" in path or path.endswith("optimizer/vars/0")
            written[path] = np.zeros(shape, "int64" if integer else "float32")
        for path, name in (names or {}).items():
            variables = written.require_group(f"{path}/vars".lstrip("/"))
            if name:
                variables.attrs["name"] = name
        for path, value in (values or {}).items():
            written[path] = value
    return file.getvalue()


def archive_with_weights(config: Any, weights: bytes) -> bytes:
    """Returns a ``.keras`` archive with a config and a file of weights."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("config.json", json.dumps(config))
        packed.writestr(WEIGHTS_MEMBER, weights)
    return file.getvalue()


def legacy(layers: Mapping[str, Shapes], config: Any = None) -> bytes:
    """Returns an ``.h5`` file as Keras 2 writes it: with weights alone, or with weights and a config."""
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        top = written
        if config is not None:
            written.attrs["model_config"] = json.dumps(config)
            top = written.create_group("model_weights")
        top.attrs["layer_names"] = [name.encode() for name in layers]
        for name, weights in layers.items():
            group = top.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, shape in weights.items():
                group[weight] = np.zeros(shape, "float32")
    return file.getvalue()
