"""Writes HDF5 files with weights, as Keras 3 writes them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

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
