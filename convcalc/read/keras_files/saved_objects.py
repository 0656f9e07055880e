"""Reads the objects in a TensorFlow SavedModel: layers, and variables with name, shape, dtype and trainable. Nothing is
run.

``saved_model.pb`` has a list of objects. An object refers to its children by their numbers in this list. A layer of Keras 2 has
the child ``variables``, a list, and the child ``keras_api``, whose child ``layers`` lists the inner layers.

``keras_metadata.pb`` has the class, config and input shape of each layer as JSON. Before TensorFlow 2.5, this JSON is in
``saved_model.pb``. A model of TensorFlow 1 has a graph, but no objects.

Sources: ``saved_model.proto``, ``meta_graph.proto``, ``saved_object_graph.proto`` and ``variable.proto`` of TensorFlow,
``saved_metadata.proto`` of tf_keras.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from convcalc.base import codes
from convcalc.base.problems import Refusal, Source, error
from convcalc.base.structs import Struct
from convcalc.model import StoredWeight
from convcalc.read.container import open_file, parse_json
from convcalc.read.keras_files.wire import Wire, as_bytes, as_int, as_text

if TYPE_CHECKING:
    from convcalc.read.detect import OpenFile

METADATA_FILE = "keras_metadata.pb"
MAX_SIZE = 128 * 2**20
# the dtype of a variable whose size the file does not state
UNKNOWN_SIZE = "unknown size"
MAX_OBJECTS = 500_000
MAX_LISTED = 1_000_000  # the maximum number of variables in all lists together
_MAX_AXES = 64
_MAX_DEPTH = 64
_EMPTY = memoryview(b"")
# children of a model that contain no weights of the model
_NOT_WEIGHTS = ("signatures", "optimizer", "keras_api")

# The field numbers of protocol buffers. A comment names the messages that have the field.
_META_GRAPH = 2  # SavedModel
_GRAPH, _COLLECTIONS, _OBJECT_GRAPH = 2, 4, 7  # MetaGraphDef
_NODES = 1  # SavedObjectGraph, SavedMetadata
_CHILDREN, _USER_OBJECT, _VARIABLE = 1, 4, 7  # SavedObject
# The numbers that TensorFlow uses for dtypes.
_DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    22: "uint32",
    23: "uint64",
    24: "float8_e5m2",
    25: "float8_e4m3fn",
    29: "int4",
    30: "uint4",
}
_VARIABLE_OPS = ("VarHandleOp", "VariableV2", "Variable")


class SavedVariable(Struct):
    """A variable. ``shape`` is None if the file does not state all sizes."""

    name: str
    shape: tuple[int, ...] | None
    dtype: str
    trainable: bool


class SavedObject(Struct):
    """An object. ``children`` are the numbers of its children, by name. ``metadata`` is the JSON text of a Keras layer,
    or "".
    """

    children: Mapping[str, int] = {}
    variable: SavedVariable | None = None
    metadata: str = ""


class SavedObjects:
    """The objects of a SavedModel. An object is read when it is first needed. Object 0 is the model."""

    def __init__(
        self,
        wire: Wire,
        nodes: Sequence[memoryview],
        metadata: Mapping[int, str],
        name: str,
        graph_weights: Sequence[StoredWeight] = (),
    ) -> None:
        self._wire, self._nodes, self._metadata, self._name = wire, nodes, metadata, name
        self._graph_weights = graph_weights
        self._objects: dict[int, SavedObject] = {}
        self._descriptions: dict[int, Mapping[str, Any]] = {}
        self._listed: dict[int, tuple[StoredWeight, ...]] = {}
        self._remaining = MAX_LISTED
        self._paths: dict[int, str] = {}
        self._taken: set[str] = set()
        self._trainable = frozenset(self.members(self.child(0, "trainable_variables")))
        self._states_trainable = self.child(0, "trainable_variables") is not None

    def object(self, number: int) -> SavedObject:
        """Returns an object. Raises :class:`Refusal` if the file has no object with this number."""
        if number not in self._objects:
            if not 0 <= number < len(self._nodes):
                raise Refusal(f"the file is damaged: object {number} does not exist", codes.DAMAGED)
            self._objects[number] = _object(self._wire, self._nodes[number])
        return self._objects[number]

    def child(self, number: int | None, name: str) -> int | None:
        """Returns the number of the child with this name; None if the object has no such child."""
        return None if number is None else self.object(number).children.get(name)

    def members(self, number: int | None) -> list[int]:
        """Returns the members of an object that is a list, in order. The names of the members are their positions:
        ``0``, ``1`` …
        """
        children = {} if number is None else self.object(number).children
        numbered = {int(name): child for name, child in children.items() if name.isdecimal() and len(name) < 10}
        return [child for _, child in sorted(numbered.items())]

    def layers(self, number: int) -> list[int]:
        """Returns the layers directly in a layer or model of Keras."""
        return list(dict.fromkeys(self.members(self.child(self.child(number, "keras_api"), "layers"))))

    def description(self, number: int) -> Mapping[str, Any]:
        """Returns the class, config and further facts of a Keras object; an empty mapping if the file does not describe
        the object.
        """
        if number not in self._descriptions:
            text = self._metadata.get(number) or self.object(number).metadata
            value = parse_json(Source(self._name, text)) if text.strip() else {}
            self._descriptions[number] = value if isinstance(value, Mapping) else {}
        return self._descriptions[number]

    def descriptions(self) -> list[Mapping[str, Any]]:
        """Returns the descriptions of all objects of Keras."""
        return [value for value in map(self.description, range(len(self._nodes))) if value]

    def variables(self, number: int) -> tuple[StoredWeight, ...]:
        """Returns the variables in a layer or model, each once."""
        if number not in self._listed:
            members = list(dict.fromkeys(self.members(self.child(number, "variables"))))
            self._listed[number] = tuple(map(self.weight, members))
        self._remaining -= len(self._listed[number])
        if self._remaining < 0:
            raise Refusal(f"its layers list more than {MAX_LISTED:,} variables", codes.TOO_LARGE)
        return self._listed[number]

    def weight(self, number: int) -> StoredWeight:
        """Returns a variable. Its path is its name in TensorFlow, with a number if another variable has the same name."""
        variable = self.object(number).variable
        if variable is None:
            raise Refusal(f"the file is damaged: object {number} is not a variable", codes.DAMAGED)
        if number not in self._paths:
            path = variable.name or "variable"
            path = f"{path}:{number}" if path in self._taken else path
            self._taken.add(path)
            self._paths[number] = path
        trainable = number in self._trainable if self._states_trainable else variable.trainable
        return _stored(self._paths[number], variable.shape, variable.dtype, trainable)

    def every_variable(self) -> list[tuple[str, StoredWeight]]:
        """Returns all variables of the model except those of optimizers, each with a path.

        If the model lists its variables, as in Keras, a path is a variable's name. Otherwise it consists of attributes:
        ``encoder/kernel``.
        """
        weights = self._graph_weights or (self.variables(0) if self.child(0, "variables") is not None else None)
        if weights is not None:
            return [(weight.path, weight) for weight in weights]
        return list(self._attributes())

    def _attributes(self) -> Iterator[tuple[str, StoredWeight]]:
        waiting, seen = [("", 0, 0)], {0}
        while waiting:
            path, number, depth = waiting.pop()
            if self.object(number).variable is not None:
                yield path, self.weight(number)._replace(path=path)
            elif depth < _MAX_DEPTH:
                inside = []
                for name, child in self.object(number).children.items():
                    if child not in seen and name not in _NOT_WEIGHTS:
                        seen.add(child)
                        inside.append((f"{path}/{name}".lstrip("/"), child, depth + 1))
                waiting += reversed(inside)


@contextmanager
def saved_objects(opened: OpenFile) -> Iterator[SavedObjects]:
    """Opens a SavedModel. ``opened`` is its file ``saved_model.pb``."""
    path = str(Path(opened.name).parent / METADATA_FILE)
    with refusals(opened.name):
        wire = Wire()
        meta_graph = next(wire.messages(_content(opened.file, opened.name), _META_GRAPH), None)
        if meta_graph is None:
            raise Refusal("it has no graph", codes.NOT_A_MODEL)
        parts = wire.last(meta_graph)
        if _OBJECT_GRAPH not in parts:
            weights = _graph_variables(wire, meta_graph)
            yield SavedObjects(wire, [_EMPTY], {}, opened.name, weights)
            return
        nodes: list[memoryview] = []
        for node in wire.messages(as_bytes(parts[_OBJECT_GRAPH]), _NODES):
            nodes.append(node)
            if len(nodes) > MAX_OBJECTS:
                raise Refusal(f"it has more than {MAX_OBJECTS:,} objects", codes.TOO_LARGE)
        if not nodes:
            raise Refusal("it has no objects", codes.NOT_A_MODEL)
        metadata: Mapping[int, str] = {}
        if Path(path).is_file() and opened.name != "<stdin>":
            with open_file(path) as file, refusals(path):
                metadata = metadata_in(file, path)
        yield SavedObjects(wire, nodes, metadata, path if metadata else opened.name)


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Converts a :class:`Refusal` of a reader to a :class:`ConvcalcError` that names the file."""
    try:
        yield
    except Refusal as refusal:
        raise error(refusal.code, f"{name}: {refusal.message}") from None


def metadata_in(file: BinaryIO, name: str) -> dict[int, str]:
    """Returns the JSON texts in a file ``keras_metadata.pb``, by the number of the object."""
    wire = Wire()
    texts: dict[int, str] = {}
    for node in wire.messages(_content(file, name), _NODES):
        fields = wire.last(node)
        texts[as_int(fields.get(2, 0))] = as_text(fields.get(5, _EMPTY))
    return texts


def _content(file: BinaryIO, name: str) -> memoryview:
    file.seek(0)
    content = file.read(MAX_SIZE + 1)
    if len(content) > MAX_SIZE:
        raise error(codes.TOO_LARGE, f"{name}: the file has more than {MAX_SIZE:,} bytes")
    return memoryview(content)


def _object(wire: Wire, node: memoryview) -> SavedObject:
    children: dict[str, int] = {}
    variable, metadata = None, ""
    for number, value in wire.fields(node):
        if number == _CHILDREN:
            child = wire.last(as_bytes(value))
            children[as_text(child.get(2, _EMPTY))] = as_int(child.get(1, 0))
        elif number == _VARIABLE:
            variable = _variable(wire, as_bytes(value))
        elif number == _USER_OBJECT:
            metadata = as_text(wire.last(as_bytes(value)).get(3, _EMPTY))
    return SavedObject(children, variable, metadata)


def _variable(wire: Wire, message: memoryview) -> SavedVariable:
    fields = wire.last(message)
    return SavedVariable(
        as_text(fields.get(6, _EMPTY))[:1000],
        _shape(wire, as_bytes(fields.get(2, _EMPTY))),
        _dtype(as_int(fields.get(1, 0))),
        as_int(fields.get(3, 0)) != 0,
    )


def _shape(wire: Wire, message: memoryview) -> tuple[int, ...] | None:
    """Returns a shape; None if its rank or a size is unknown."""
    sizes: list[int] = []
    for number, value in wire.fields(message):
        if number == 3 and value:  # field 3: the rank is unknown
            return None
        if number == 2:
            sizes.append(as_int(wire.last(as_bytes(value)).get(1, 0)))
        if len(sizes) > _MAX_AXES:
            raise Refusal(f"a variable has more than {_MAX_AXES} axes", codes.DAMAGED)
    return tuple(sizes) if all(size >= 0 for size in sizes) else None


def _dtype(number: int) -> str:
    # TensorFlow 1 adds 100 to the number of the dtype for a variable ("reference type").
    return _DTYPES.get(number % 100, f"dtype {number}")


# TensorFlow 1 ----------------------------------------------------------------------------------------------------------


def _graph_variables(wire: Wire, meta_graph: memoryview) -> tuple[StoredWeight, ...]:
    """Returns the variables in the graph of a model of TensorFlow 1."""
    trainable: set[str] = set()
    nodes: list[memoryview] = []
    for number, value in wire.fields(meta_graph):
        if number == _COLLECTIONS:
            trainable |= _trainable_names(wire, as_bytes(value))
        elif number == _GRAPH:
            nodes += wire.messages(as_bytes(value), _NODES)
    return tuple(weight for node in nodes for weight in _node_variable(wire, node, trainable))


def _trainable_names(wire: Wire, entry: memoryview) -> set[str]:
    """Returns the names of the trainable variables. ``entry`` is one collection of a graph; other collections give an
    empty set.
    """
    fields = wire.last(entry)
    if as_text(fields.get(1, _EMPTY)) != "trainable_variables":
        return set()
    texts = wire.last(as_bytes(fields.get(2, _EMPTY))).get(2, _EMPTY)
    definitions = wire.messages(as_bytes(texts), 1)
    return {as_text(wire.last(part).get(1, _EMPTY)).partition(":")[0] for part in definitions}


def _node_variable(wire: Wire, node: memoryview, trainable: Collection[str]) -> Iterator[StoredWeight]:
    """Yields the variable that a node of a graph creates, or nothing."""
    fields = list(wire.fields(node))
    texts = {number: as_text(value) for number, value in fields if number in (1, 2)}
    if texts.get(2) not in _VARIABLE_OPS:
        return
    name, shape, dtype = texts.get(1, "")[:1000], None, 0
    for number, value in fields:
        if number == 5:
            entry = wire.last(as_bytes(value))
            key, attribute = as_text(entry.get(1, _EMPTY)), wire.last(as_bytes(entry.get(2, _EMPTY)))
            if key == "shape":
                shape = _shape(wire, as_bytes(attribute.get(7, _EMPTY)))
            elif key == "dtype":
                dtype = as_int(attribute.get(6, 0))
    yield _stored(name, shape, _dtype(dtype), name in trainable)


def _stored(path: str, shape: tuple[int, ...] | None, dtype: str, trainable: bool) -> StoredWeight:
    """Returns a variable. If its size is unknown, its dtype is unknown too, so that nothing counts it."""
    return StoredWeight(path, () if shape is None else shape, UNKNOWN_SIZE if shape is None else dtype, trainable)
