"""Calls functions of libraries, and reads the members of libraries."""

from __future__ import annotations

import builtins as python
import os
import re
from collections.abc import Mapping
from typing import Any

from convcalc.base.keras_names import Names
from convcalc.base.problems import Source
from convcalc.read.code import libraries
from convcalc.read.code.data.array_dtypes import dtype_of
from convcalc.read.code.data.array_operators import array_operator
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.imports import Imports
from convcalc.read.code.keras import keras_methods, layer_arguments
from convcalc.read.code.keras.graph import LayerValue, ModelValue, tensors_in
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Instance,
    Library,
    LibraryObject,
    Native,
    Spot,
    Unknown,
    UnknownNumber,
)
from convcalc.read.code.tensors import operations

_DATA_LIBRARIES = (
    "numpy.",
    "keras.utils.",
    "keras.preprocessing.",
    "tensorflow.",
    "pandas.",
    "sklearn.",
    "keras.ops.",
    "keras.backend.",
)


class LibraryCalls(Imports):
    """Calls the functions that convcalc implements. Makes layers and other objects of libraries.

    Attributes:
        names: the automatic names of layers, counted over the whole program.
        models: the models of the program, in the order of their creation.
    """

    def __init__(
        self, source: Source, folder: str = "", settings: Mapping[str, Any] | None = None, root: str = ""
    ) -> None:
        super().__init__(source, folder, settings, root)
        self.builtins = {name: Library(f"builtins.{name}") for name in dir(python) if not name.startswith("_")}
        self.names = Names()
        self.models: list[ModelValue] = []
        # objects that the program registers with Keras, such as an activation, by name
        self.custom_objects: dict[str, Any] = {}
        # the files that the program downloads: their paths, by address
        self.downloads: dict[str, str] = {}
        # the arrays that the program saves, by path
        self.saved_arrays: dict[str, Any] = {}
        # the models that the program saves, by path, each with the unknown test under which it does so
        self.saved_models: dict[str, tuple[ModelValue, Unknown | None]] = {}

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot, env: Any = None) -> Any:
        """Returns the result of a call. A call of an unknown function on tensors becomes an unknown layer in the graph."""
        if self.changed and not isinstance(function, (FunctionValue, Bound, ClassValue)):
            args = [self.doubtful(value) or value for value in args]
            kwargs = {name: self.doubtful(value) or value for name, value in kwargs.items()}
        result = super().call(function, args, kwargs, spot, env)
        if (
            type(result) is Unknown
            and isinstance(function, (Unknown, Library, LibraryObject))
            and not _is_about(function)
        ):
            tensors = tensors_in((args, kwargs))
            if tensors:
                name = getattr(function, "name", "") or "function"
                short = re.sub(r"\W.*", "", name.rpartition(".")[2]) or "function"
                return operations.opaque_call(self, short, tensors, result, spot, has_weights=True)
        return result

    def equal(self, left: Any, right: Any) -> Any:
        """Returns ``left == right``. A dtype is a text; it is equal to its class, as in ``x.dtype == tf.float32``."""
        for text, library in ((left, right), (right, left)):
            if isinstance(text, str) and isinstance(library, Library):
                dtype = dtype_of(library, "")
                return bool(dtype) and dtype_of(text, text) == dtype
        return super().equal(left, right)

    def call_library(self, path: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of a call of a function or a class of a library."""
        self.note_name(path)
        if self.changed and path.startswith(_DATA_LIBRARIES):
            args = [self.certain(arg) for arg in args]
            kwargs = {name: self.certain(value) for name, value in kwargs.items()}
        implementation = libraries.find(path)
        if implementation is not None and not (path.startswith("numpy.") and tensors_in((args, kwargs))):
            try:
                return implementation(self, args, kwargs, spot)
            except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
                if os.environ.get("CONVCALC_DEBUG"):
                    raise
                return Unknown(f"this call of `{path}` is not supported ({type(error).__name__})", spot)
        owner, _, method = path.rpartition(".")
        if owner.startswith("builtins.") and args and self.is_instance(args[0], Library(owner), spot) is True:
            return self.call(self.attribute(args[0], method, spot), args[1:], kwargs, spot)
        if method == "from_config" and libraries.is_layer(owner):
            return layer_arguments.layer_from_config(self, owner, args, kwargs, spot)
        if libraries.is_layer(path):
            return layer_arguments.make_layer(self, path, args, kwargs, spot)
        if libraries.is_object(path) or _is_exception(path):
            return LibraryObject(path, tuple(args), kwargs)

        if path.startswith(("keras.ops.", "keras.activations.", "keras.backend.", "tensorflow.", "numpy.")):
            tensors = tensors_in((args, kwargs))
            if tensors:
                return operations.opaque_call(
                    self, path.rpartition(".")[2], tensors, Unknown(f"`{path}` is not supported", spot), spot
                )
        if libraries.reads_data(path):
            return Unknown(f"`{path}()` reads data, which is not part of the code", spot)
        return Unknown(f"`{path}()` is not supported", spot)

    def certain(self, value: Any) -> Any:
        """Returns the value. Returns an unknown value if a list or dict in it changed in a branch of an unknown test."""
        if not isinstance(value, (list, tuple, dict)):
            return value
        if (doubt := self.doubtful(value)) is not None:
            return doubt
        for part in value.values() if isinstance(value, dict) else value:
            if isinstance(part, (list, tuple, dict)) and isinstance(doubt := self.certain(part), Unknown):
                return doubt
        return value

    def library_member(self, library: Library, name: str, spot: Spot) -> Any:
        """Returns ``library.name``: a member of a module or a class of a library."""
        self.note_name(f"{library.path}.{name}")
        path = libraries.canonical(f"{library.path}.{name}")
        if name in ("__name__", "__qualname__"):
            return library.name
        if library.path in self.file_folders:  # the module may be a folder without __init__.py
            module = self._file(path, 0, self.main)
            if module is not None:
                return module
            self.file_folders.add(path)
        return libraries.constant(path, Library(path))

    def number_attribute(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns an attribute that numbers of NumPy have and numbers of Python lack. MISSING for other names."""
        array = as_array(value)
        return MISSING if array is None else array.attribute(self, name, spot)

    def array_operator(self, array: Array, symbol: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns the result of an operator on an array."""
        return array_operator(self, array, symbol, other, reflected, spot)

    def reshaped(self, value: Unknown, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of ``unknown.reshape(…)``: an array with the sizes in the arguments."""
        listed = len(args) == 1 and isinstance(args[0], (tuple, list))
        shape = args[0] if listed else args
        numbers = (int, Unknown) if listed or len(args) > 1 else (int, UnknownNumber)
        if kwargs or not shape or not all(isinstance(size, numbers) for size in shape):
            return Unknown(value.reason, value.spot)
        return Array(UnknownNumber(value.reason, value.spot) if size == -1 else size for size in shape)

    def library_class_attribute(self, cls: ClassValue, name: str, spot: Spot) -> Any:
        """Returns a class attribute that a class of the program inherits from a library."""
        base = next(base for base in cls.order if isinstance(base, Library))
        if name == "__init__":
            return Native(
                "__init__",
                lambda run, args, kwargs, at: run.call(
                    run.library_method(base, args[0], "__init__", at), args[1:], kwargs, at
                ),
            )
        return Library(libraries.canonical(f"{base.path}.{name}"))

    def library_extends(self, path: str, other: str) -> bool:
        """Returns True if ``issubclass(path, other)`` is true for these two classes of libraries."""
        if path.startswith("builtins.") and other.startswith("builtins."):
            first, second = (getattr(python, text.removeprefix("builtins."), None) for text in (path, other))
            return isinstance(first, type) and isinstance(second, type) and issubclass(first, second)
        return libraries.extends(path, other)

    def library_instance(self, cls: ClassValue, spot: Spot) -> Any:
        """Returns a new layer or model for a class that extends a class of Keras. None for other classes."""
        base = next((base.path for base in cls.order if isinstance(base, Library) and _is_keras_class(base.path)), "")
        if not base:
            return None
        if base in ("keras.Model", "keras.Sequential", "keras.Functional"):
            model = ModelValue("keras.Model" if base == "keras.Functional" else base, "", spot, cls)
            self.models.append(model)
            return model
        return LayerValue(base, "", spot, cls)

    def instantiate(self, cls: ClassValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns a new object of a class of the program. A layer without a name gets an automatic name."""
        made = super().instantiate(cls, args, kwargs, spot)
        if isinstance(made, LayerValue):
            made.spot = spot
            if not made.name:
                made.name = self.names.automatic(cls.name)
        return made

    def library_method(self, base: Library, receiver: Any, name: str, spot: Spot) -> Any:
        """Returns a method that an object of the program inherits from a library. MISSING if there is none."""

        if isinstance(receiver, LayerValue):
            return keras_methods.inherited_method(self, base, receiver, name)
        if isinstance(receiver, Instance) and receiver.items is not None:
            return self._method(receiver.items, name)
        return MISSING


# Functions of tensors that return no tensor, but a fact such as the shape.
_FACTS = re.compile(
    r"^builtins\.|^(?:keras\.(?:backend|ops|utils)|tensorflow)\.(?:int_shape|shape|shape_n|ndim|rank|size|dtype|count_params|is_\w+)$"
)


def _is_about(function: Any) -> bool:
    """Returns True for a function that returns a fact about tensors, such as ``keras.ops.shape``."""
    return isinstance(function, Library) and _FACTS.match(function.path) is not None


def _is_exception(path: str) -> bool:
    name = path.removeprefix("builtins.")
    kind = getattr(python, name, None)
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _is_keras_class(path: str) -> bool:
    return path in (
        "keras.Model",
        "keras.Sequential",
        "keras.Functional",
        "keras.layers.Layer",
        "keras.Layer",
        "keras.layers._Merge",
        "tensorflow.Module",
    ) or libraries.is_layer(path)
