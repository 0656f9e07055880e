"""Follows one program: its files, the libraries that it imports, and the Keras objects that it creates."""

from __future__ import annotations

import ast
import builtins as python
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base.codes import Code
from convcalc.base.keras_names import Names
from convcalc.base.problems import Problem, Refusal, Source
from convcalc.model import Layer, Model
from convcalc.read.code import libraries
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.folders import between
from convcalc.read.code.keras import calls, keras_methods, layer_arguments, models, subclassing, to_model, training
from convcalc.read.code.keras.graph import LayerValue, ModelValue, Node, TensorValue, tensors_in, to_sizes
from convcalc.read.code.language.attributes import CHANGES
from convcalc.read.code.language.interpreter import Interpreter
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    Environment,
    FunctionValue,
    Instance,
    Library,
    LibraryObject,
    ModuleValue,
    Native,
    Raised,
    Special,
    Spot,
    Unknown,
    UnknownNumber,
)
from convcalc.read.code.syntax import syntax_tree
from convcalc.read.code.tensors import operations

MAX_FILES = 200  # the maximum number of files to read in one program
MAX_FILE_BYTES = 4_000_000
# Libraries that convcalc implements. A folder of the project with one of these names is not read.
_LIBRARIES = ("keras", "tensorflow", "tf_keras", "numpy")
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


class Settings(dict[str, Any]):
    """The values of ``--set``, by name. ``asked`` has the names that the program looks up, ``used`` those with a value."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.asked: dict[str, None] = {}
        self.used: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """Returns the value of a name, and records that the program looks up the name."""
        self.asked.setdefault(name)
        if name not in self:
            return default
        self.used.add(name)
        return super().__getitem__(name)

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return super().__getitem__(name)


class Program(Interpreter):
    """A program that convcalc follows.

    Attributes:
        folder: the folder of the program, whose files it can import; "" if there is none.
        root: the top folder of the project. No file outside of it is read.
        names: the automatic names of layers, counted over the whole program.
        tape: the calls in the graph that is being built: in a model, or in the ``call`` of a custom layer.
        inside: the number of calls of custom layers around the current statement.
        settings: the values that the user gives to names (``--set``).
        sizes_of_inputs: the sizes that the user gives to inputs (``--input``), by name; None is the name of the only input.
        models: the models of the program, in the order of their creation.
        local_models: the models in variables of functions, by name. The number is the depth of the function call.
        file_folders: imported modules that may be folders without ``__init__.py``.
        notes: problems of the file, not of the model, such as a cell that is not valid Python.
    """

    def __init__(
        self, source: Source, folder: str = "", settings: Mapping[str, Any] | None = None, root: str = ""
    ) -> None:
        super().__init__(source)
        self.folder = folder
        self.root = root or folder
        self.local_models: dict[str, tuple[int, ModelValue]] = {}
        self.notes: list[Problem] = []
        self.file_folders: set[str] = set()
        self.names = Names()
        self.tape: list[Node] = []
        self.inside = 0
        self.node_count = 0
        self.policy = "float32"
        self.data_format = "channels_last"
        self.settings = Settings(settings or {})
        self.sizes_of_inputs: dict[str | None, tuple[Any, ...]] = {}
        self.models: list[ModelValue] = []
        self.modules: dict[str, ModuleValue | None] = {}
        self.builtins = {name: Library(f"builtins.{name}") for name in dir(python) if not name.startswith("_")}
        self.main = ModuleValue("__main__", source, folder)
        self.main.variables["__file__"] = source.name
        self.flags: dict[str, Any] = {}  # the command line options that the program defines with absl or TensorFlow
        self.faults: set[tuple[str, int, int]] = set()

    # Running ----------------------------------------------------------------------------------------------------------

    def run_module(self, module: ModuleValue, nodes: Sequence[ast.stmt]) -> None:
        """Follows the statements of a file. If a statement raises an exception, continues with the next statement."""
        env = Environment(module, None, module.variables)
        outer = self.source, self.via
        self.source, self.via = module.source, None
        try:
            self._follow_all(nodes, env)
        finally:
            self.source, self.via = outer

    def _follow_all(self, nodes: Sequence[ast.stmt], env: Environment) -> None:
        for node in nodes:
            try:
                if isinstance(node, ast.If) and isinstance(taken := self.truth(self.evaluate(node.test, env)), bool):
                    self._follow_all(node.body if taken else node.orelse, env)
                else:
                    self.block([node], env)
            except Raised as raised:
                self.unfinished(node, raised, env)
            except RecursionError:
                nested = self.error("RecursionError", "the code is nested too deeply", self.spot(node))
                self.unfinished(node, nested, env)
            if env.module is self.main:
                self._use_settings(env.module)

    def unfinished(self, node: ast.stmt, raised: Raised, env: Environment) -> None:
        """Makes the variables and objects unknown that a statement would have changed, because it raised an exception."""
        reason = f"the statement that defines it raises {raised.class_name}: {self.message_of(raised)}"
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id not in env.variables:
                env.variables[part.id] = Unknown(reason, raised.spot)
            elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in CHANGES:
                owner = part.func.value
                value = env.variables.get(owner.id) if isinstance(owner, ast.Name) else None
                about = Unknown(
                    f"a statement that changes it raises {raised.class_name}: {self.message_of(raised)}", raised.spot
                )
                if isinstance(value, ModelValue):
                    models.add_unknown(self, value, about, self.spot(node))
                elif isinstance(value, (list, dict)):
                    self.changed[id(value)] = (value, about)

    def _use_settings(self, module: ModuleValue) -> None:
        for name in self.settings:
            if name in module.variables and not isinstance(module.variables[name], (ModelValue, LayerValue)):
                module.variables[name] = self.settings[name]

    def message_of(self, raised: Raised) -> str:
        """Returns the text of an exception."""
        value = raised.value
        args = (
            value.args
            if isinstance(value, LibraryObject)
            else value.attributes.get("args", ())
            if isinstance(value, Instance)
            else ()
        )
        return str(args[0]) if args and isinstance(args[0], (str, int, float)) else ""

    def assign(self, target: Any, value: Any, env: Environment) -> None:
        """Assigns a value to a target. If the value is unknown, the user's value from ``--set`` replaces it."""
        if isinstance(value, Special) and value.has_sizes:
            value.assigned(ast.unparse(target), self.settings)
        elif isinstance(value, Unknown):
            if self.settings:
                value = self._setting(ast.unparse(target), value)
        elif isinstance(value, ModelValue) and self.depth and env.module is self.main:
            self.local_models[ast.unparse(target)] = (self.depth, value)
        super().assign(target, value, env)

    def _setting(self, name: str, value: Any) -> Any:
        for text in (name, value.name if isinstance(value, Unknown) else ""):
            given = self.settings.get(text, MISSING)
            if given is not MISSING:
                return given
        return value

    def evaluate(self, node: ast.expr, env: Environment) -> Any:
        """Returns the value of an expression. If it is unknown, looks for a ``--set`` with the text of the expression."""
        value = super().evaluate(node, env)
        if self.settings and isinstance(value, Unknown):
            return self._setting(ast.unparse(node), value)
        return value

    # Problems ---------------------------------------------------------------------------------------------------------

    def fault(self, code: Code, message: str, spot: Spot | None, layer: LayerValue | None) -> None:
        """Reports an error that Keras raises. In a ``try`` block of the program, raises the program's ValueError
        instead.
        """
        if self.trying:
            raise self.error("ValueError", message, spot)
        if self.doubt is not None:
            return
        mark = None if spot is None else spot.mark()
        key = (code, mark.line, mark.column) if mark is not None else (code, 0, 0)
        if key in self.faults:
            return
        self.faults.add(key)
        context = "" if spot is None else spot.context
        self.problems.append(Problem(code, f"{message}{context}", mark, None if layer is None else layer.name))

    def refuse(self, layer: LayerValue, refusal: Refusal, spot: Spot) -> None:
        """Reports an argument that a layer does not accept."""
        if self.trying:
            raise self.error("ValueError", refusal.message, spot)
        if self.doubt is None:
            self.problems.append(
                Problem(refusal.code, f"{refusal.message}{spot.context}", spot.mark(refusal.argument), layer.name)
            )

    def sizes(self, shape: Any) -> Any:
        """Converts a shape of the engine for the program."""
        return to_sizes(shape)

    def override(self, name: str, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the shape of an input. If the user gives sizes with ``--input``, they replace the program's sizes."""
        given = self.sizes_of_inputs.get(name, self.sizes_of_inputs.get(None))
        return shape if given is None or self.inside else (shape[0], *given)

    # Names and imports ------------------------------------------------------------------------------------------------

    def missing_name(self, name: str, spot: Spot) -> Any:
        """Returns the value of a name that the program does not define: from ``import *`` or ``--set``, otherwise an
        unknown value.
        """
        if name in self.settings:
            return self.settings[name]
        paths = [libraries.canonical(f"{library.path}.{name}") for library in reversed(self._stars())]
        for is_known in (libraries.find, libraries.is_layer, libraries.is_object):
            for path in paths:
                if is_known(path):
                    return Library(path)
        if self.trying and not paths:
            raise self.error("NameError", f"name '{name}' is not defined", spot)
        return Unknown(f"the name `{name}` is not defined", spot, name)

    def _stars(self) -> list[Library]:
        return [
            star
            for module in [self.main, *self.modules.values()]
            if module is not None and module.source is self.source
            for star in module.star_imports
        ]

    def imported(self, name: str, level: int, env: Environment, spot: Spot) -> Any:
        """Returns the module with this name: a file of the program, or a library."""
        module = self._file(name, level, env.module)
        if module is not None:
            return module
        if level == 0 and self.folder and name.partition(".")[0] not in _LIBRARIES:
            self.file_folders.add(name)
        return Library(libraries.canonical(name))

    def _file(self, name: str, level: int, importer: ModuleValue) -> ModuleValue | None:
        """Returns the module of a file of the program; None if there is no such file."""
        if not self.folder or (level == 0 and (not name or name.partition(".")[0] in _LIBRARIES)):
            return None
        folders = [importer.folder, *between(self.folder, self.root)] if level == 0 else [importer.folder]
        for _ in range(level - 1):
            folders = [os.path.dirname(folder) for folder in folders]  # noqa: PTH120 (pathlib takes long to import)
        for folder in dict.fromkeys(folders):
            path = os.path.join(folder, *[part for part in name.split(".") if part])  # noqa: PTH118
            for candidate in [f"{path}.py"] * bool(name) + [f"{path}{os.sep}__init__.py"]:
                if os.path.isfile(candidate) and self._is_inside(candidate):  # noqa: PTH113
                    return self._module(candidate, name)
        return None

    def _is_inside(self, path: str) -> bool:
        """Returns True if a file is in the project's folder. Symbolic links are resolved first."""
        root = os.path.realpath(self.root)
        return os.path.realpath(path).startswith(os.path.join(root, ""))  # noqa: PTH118

    def _module(self, path: str, name: str) -> ModuleValue | None:
        path = os.path.normpath(path)
        if path in self.modules:
            return self.modules[path]
        if len(self.modules) >= MAX_FILES or os.path.getsize(path) > MAX_FILE_BYTES:  # noqa: PTH202
            return None
        with open(path, "rb") as file:  # noqa: PTH123
            text = file.read(MAX_FILE_BYTES + 1)
        try:
            source = Source(path, text.decode())
            tree = syntax_tree(source.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.modules[path] = None
            return None
        module = self.modules[path] = ModuleValue(name, source, os.path.dirname(path))  # noqa: PTH120
        self.run_module(module, tree.body)
        return module

    # Libraries --------------------------------------------------------------------------------------------------------

    def library_member(self, library: Library, name: str, spot: Spot) -> Any:
        """Returns ``library.name``: a member of a module or a class of a library."""
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

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot, env: Any = None) -> Any:
        """Returns the result of a call. A call of an unknown function on tensors becomes an unknown layer in the graph."""
        if self.changed and not isinstance(function, (FunctionValue, Bound, ClassValue)):
            args = [self.doubtful(value) or value for value in args]
            kwargs = {name: self.doubtful(value) or value for name, value in kwargs.items()}
        result = super().call(function, args, kwargs, spot, env)
        if type(result) is Unknown and isinstance(function, (Unknown, Library, LibraryObject)):
            tensors = tensors_in((args, kwargs))
            if tensors:
                name = getattr(function, "name", "") or "function"
                short = re.sub(r"\W.*", "", name.rpartition(".")[2]) or "function"
                return operations.opaque_call(self, short, tensors, result, spot, has_weights=True)
        return result

    def call_library(self, path: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of a call of a function or a class of a library."""
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
                return Unknown(f"this call of `{path}` is not followed ({type(error).__name__})", spot)
        owner, _, method = path.rpartition(".")
        if owner.startswith("builtins.") and args and self.is_instance(args[0], Library(owner), spot) is True:
            return self.call(self.attribute(args[0], method, spot), args[1:], kwargs, spot)
        if libraries.is_layer(path):
            return layer_arguments.make_layer(self, path, args, kwargs, spot)
        if libraries.is_object(path) or _is_exception(path):
            return LibraryObject(path, tuple(args), kwargs)

        if path.startswith(("keras.ops.", "keras.activations.", "keras.backend.", "tensorflow.", "numpy.")):
            tensors = tensors_in((args, kwargs))
            if tensors:
                return operations.opaque_call(
                    self, path.rpartition(".")[2], tensors, Unknown(f"`{path}` is not followed", spot), spot
                )
        if libraries.reads_data(path):
            return Unknown(f"`{path}()` reads data, which is not part of the code", spot)
        return Unknown(f"`{path}()` is not followed", spot)

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

    # Keras objects. Their modules call one another only through these methods.
    # -------------------------------------------

    def call_layer(self, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the outputs of a call of a layer."""
        return calls.call_layer(self, layer, args, kwargs, spot)

    def call_model(self, model: ModelValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the outputs of a call of a Sequential or Functional."""
        if args and not tensors_in((args, kwargs)):
            outputs = training.check(self, model, "the call", args[0], None, 1 << 30, spot)
            if outputs is not None:
                return outputs
        return models.call_model(self, model, args, kwargs, spot)

    def call_own_layer(self, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the outputs of a call of a custom layer or a Lambda."""
        return subclassing.call_own_layer(self, layer, args, kwargs, spot)

    def layer_of(self, layer: LayerValue) -> Layer:
        """Converts a layer of the program to a layer of convcalc's model."""
        return to_model.layer_of(self, layer)

    def definition_of(self, layer: LayerValue) -> Any:
        """Returns the definition of a layer of the program."""
        return to_model.inner_definition(self, layer)

    def own_definition(self, layer: LayerValue) -> Any:
        """Returns the definition of a custom layer or a Lambda."""
        return subclassing.own_definition(self, layer)

    def model_of(self, model: ModelValue) -> Model:
        """Converts a model of the program to a model of convcalc."""
        return to_model.model_of(self, model)

    def own_model(self, model: ModelValue) -> Model:
        """Converts a model of a custom class to a model of convcalc."""
        return subclassing.own_model(self, model)

    def train(self, model: ModelValue, method: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Does ``model.fit(…)`` and similar methods."""
        return training.train(self, model, method, args, kwargs, spot)

    def build_model(self, model: ModelValue, shape: tuple[Any, ...], dtype: str, spot: Spot) -> None:
        """Builds a model on the shape of the first data that it gets."""
        if model.is_sequential:
            models.build_sequential(self, model, shape, spot, dtype)
        elif model.cls is not None:
            keras_methods.build_own_model(self, model, shape, spot)

    def assume_input(self, model: ModelValue) -> None:
        """Builds a Sequential that the program never builds, if its first layer shows the shape of its input."""
        models.assume_input(self, model)

    def layer_attribute(self, layer: LayerValue, name: str, spot: Spot) -> Any:
        """Returns an attribute or a method of a layer or a model."""
        return keras_methods.layer_attribute(self, layer, name, spot)

    def set_layer_attribute(self, layer: LayerValue, name: str, value: Any, spot: Spot) -> None:
        """Does ``layer.name = value``."""
        keras_methods.set_layer_attribute(self, layer, name, value, spot)

    def layer_special(self, layer: LayerValue, name: str, args: list[Any], spot: Spot) -> Any:
        """Calls a special method of a custom layer, such as ``__getitem__``. MISSING if its class has no such method."""
        found = layer.cls.find(name) if layer.cls is not None else MISSING
        if found is MISSING or layer.cls is None:
            return MISSING
        return self.call(self.bind(found, layer, layer.cls, spot), args, {}, spot)

    def tensor_attribute(self, tensor: TensorValue, name: str, spot: Spot) -> Any:
        """Returns an attribute of a tensor."""
        return calls.tensor_attribute(self, tensor, name, spot)

    def tensor_operator(self, tensor: TensorValue, symbol: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns the result of an operator on a tensor."""
        return operations.tensor_operator(self, tensor, symbol, other, reflected, spot)

    def get_item(self, tensor: TensorValue, key: Any, spot: Spot) -> Any:
        """Returns ``tensor[key]``."""
        return operations.get_item(self, tensor, key, spot)


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
        "tensorflow.Module",
    ) or libraries.is_layer(path)
