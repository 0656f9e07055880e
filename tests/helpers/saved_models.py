"""Writes TensorFlow SavedModels in the wire format of protocol buffers, but only the parts that convcalc reads.

The layouts are from tf_keras 2.21, Keras 3.15.1 and TensorFlow 2.21.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Value = int | str | bytes
DTYPES = {"float32": 1, "int32": 3, "int64": 9, "bfloat16": 14}


def varint(value: int) -> bytes:
    """Returns an integer in the wire format."""
    value &= 2**64 - 1
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def message(*fields: tuple[int, Value]) -> bytes:
    """Returns a message with these fields. A field is a pair: its number and its value."""
    written = b""
    for number, value in fields:
        if isinstance(value, int):
            written += varint(number << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            written += varint(number << 3 | 2) + varint(len(content)) + content
    return written


def shape(sizes: Sequence[int]) -> bytes:
    """Returns a shape (TensorShapeProto)."""
    return message(*((2, message((1, size))) for size in sizes))


def variable(name: str, sizes: Sequence[int], trainable: bool = True, dtype: str = "float32") -> bytes:
    """Returns an object that is a variable."""
    fields: list[tuple[int, Value]] = [(1, DTYPES[dtype]), (2, shape(sizes)), (3, int(trainable)), (6, name)]
    return message((7, message(*fields)))


def plain_object(children: Mapping[str, int], metadata: str = "") -> bytes:
    """Returns an object with children. ``children`` maps the name of each child to the number of its object."""
    names = ((1, message((1, number), (2, name))) for name, number in children.items())
    return message(*names, (4, message((1, "_generic_user_object"), *([(3, metadata)] if metadata else []))))


def saved_model(objects: Sequence[bytes]) -> bytes:
    """Returns the file ``saved_model.pb``."""
    return message((1, 1), (2, message((7, message(*((1, item) for item in objects))))))


class Writer:
    """Collects the objects of a SavedModel.

    The object of a layer or model has two children: a list of variables and a list of layers.
    """

    def __init__(self) -> None:
        self.objects: list[bytes] = [b""]  # the first object is the model
        self.metadata: dict[int, Mapping[str, Any]] = {}

    def add(self, item: bytes) -> int:
        """Adds an object, and returns its number."""
        self.objects.append(item)
        return len(self.objects) - 1

    def listed(self, numbers: Sequence[int]) -> int:
        """Adds a list of objects, and returns its number."""
        return self.add(plain_object({str(index): number for index, number in enumerate(numbers)}))

    def layer(
        self,
        description: Mapping[str, Any],
        variables: Sequence[int] = (),
        layers: Sequence[int] = (),
        trainable: Sequence[int] | None = None,
        root: bool = False,
    ) -> int:
        """Adds a layer of Keras 2, and returns its number. With ``root``, the object is the whole model, number 0."""
        children = {
            "variables": self.listed(variables),
            "trainable_variables": self.listed(variables if trainable is None else trainable),
            "keras_api": self.add(plain_object({"layers": self.listed(layers)})),
        }
        number = 0 if root else self.add(b"")
        self.objects[number] = plain_object(children)
        self.metadata[number] = description
        return number

    def keras_metadata(self) -> bytes:
        """Returns the file ``keras_metadata.pb``."""
        nodes = []
        for number, description in sorted(self.metadata.items()):
            path = "root" if number == 0 else f"root.layer_{number}"
            fields: list[tuple[int, Value]] = [(2, number)] if number else []
            nodes.append(message(*fields, (3, path), (4, "_tf_keras_layer"), (5, json.dumps(description))))
        return message(*((1, node) for node in nodes))

    def write(self, folder: Path) -> Path:
        """Writes the folder, and returns its path."""
        folder.mkdir()
        folder.joinpath("saved_model.pb").write_bytes(saved_model(self.objects))
        if self.metadata:
            folder.joinpath("keras_metadata.pb").write_bytes(self.keras_metadata())
        return folder


def described(class_name: str, name: str, built: Sequence[int | None] | None = None, **config: Any) -> dict[str, Any]:
    """Returns the description of a layer in ``keras_metadata.pb``."""
    items = {"class_name": "TensorShape", "items": None if built is None else list(built)}
    return {
        "name": name,
        "trainable": True,
        "class_name": class_name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "build_input_shape": items,
    }


def graph_model(nodes: Sequence[tuple[str, str, Sequence[int]]], trainable: Sequence[str]) -> bytes:
    """Returns ``saved_model.pb`` as TensorFlow 1 writes it.

    A node is a name, an operation and the shape of the node's variable. ``trainable`` lists the trainable variables.
    """
    written = []
    for name, operation, sizes in nodes:
        dtype = message((1, "dtype"), (2, message((6, 1))))
        attributes = message((1, "shape"), (2, message((7, shape(sizes)))))
        written.append(message((1, name), (2, operation), (5, dtype), (5, attributes)))
    definitions = message(*((1, message((1, f"{name}:0"))) for name in trainable))
    collection = message((1, "trainable_variables"), (2, message((2, definitions))))
    other = message((1, "variables"), (2, message((2, b""))))
    graph = message(*((1, node) for node in written))
    return message((1, 1), (2, message((2, graph), (4, collection), (4, other))))
