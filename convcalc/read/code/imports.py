"""Reads the files that a program imports, and finds the names that it imports from libraries."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base.problems import Source
from convcalc.read.code import libraries
from convcalc.read.code.folders import between
from convcalc.read.code.keras import models
from convcalc.read.code.keras.graph import LayerValue, ModelValue
from convcalc.read.code.language.attributes import CHANGES
from convcalc.read.code.language.interpreter import Interpreter
from convcalc.read.code.language.values import (
    MISSING,
    Environment,
    FunctionValue,
    Instance,
    Library,
    LibraryObject,
    ModuleValue,
    Raised,
    Spot,
    Unknown,
)
from convcalc.read.code.settings import Settings
from convcalc.read.code.syntax import MAX_TREE_BYTES, syntax_tree, tree_bytes

MAX_FILES = 200  # the maximum number of files to read in one program
MAX_FILE_BYTES = 4_000_000
# Libraries that convcalc implements. A folder of the project with one of these names is not read.
_LIBRARIES = ("keras", "tensorflow", "tf_keras", "numpy")


class Imports(Interpreter):
    """Follows a file, and the files that it imports.

    Attributes:
        folder: the folder of the program, whose files it can import; "" if there is none.
        root: the top folder of the project. No file outside of it is read.
        main: the file of the program itself.
        modules: the imported files, by path; None for a file that is not valid Python.
        file_folders: imported modules that may be folders without ``__init__.py``.
        settings: the values that the user gives to names (``--set``).
        keras_of: the packages through which the program imports Keras: "keras", "tensorflow".
        tree_bytes: the estimated memory of the syntax trees of the imported files.
        is_old_keras: True if the program uses names that only Keras 1 and 2 or TensorFlow 1 have.
    """

    def __init__(
        self, source: Source, folder: str = "", settings: Mapping[str, Any] | None = None, root: str = ""
    ) -> None:
        super().__init__(source)
        self.folder = folder
        self.root = root or folder
        self.settings = Settings(settings or {})
        self.modules: dict[str, ModuleValue | None] = {}
        self.file_folders: set[str] = set()
        self.is_old_keras = False
        self.keras_of: set[str] = set()
        self.tree_bytes = 0
        self.main = ModuleValue("__main__", source, folder)
        self.main.variables["__file__"] = source.name

    def note_name(self, path: str) -> None:
        """Sets ``is_old_keras`` if only Keras 1 and 2 or TensorFlow 1 have this name."""
        self.is_old_keras = self.is_old_keras or libraries.is_old(path)
        if path.startswith(("tensorflow.keras", "tensorflow.python.keras")):
            self.keras_of.add("tensorflow")

    def required_parameter(self, name: str, function: FunctionValue) -> Any:
        """Returns the value of a parameter that no call gives: the user's value from ``--set``, or an unknown value."""
        given = self.settings.get(name, MISSING)
        return super().required_parameter(name, function) if given is MISSING else given

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

    def missing_name(self, name: str, spot: Spot) -> Any:
        """Returns the value of a name that neither the program nor Python defines.

        The value comes from ``--set`` or ``import *``; otherwise it is unknown. In a ``try`` block of a file without
        ``import *``, raises the program's NameError.
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
        self.note_name(name)
        if name.partition(".")[0] == "keras":
            self.keras_of.add("keras")
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
            self.tree_bytes += tree_bytes(source.text)
            if self.tree_bytes > MAX_TREE_BYTES:
                return None
            tree = syntax_tree(source.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.modules[path] = None
            return None
        module = self.modules[path] = ModuleValue(name, source, os.path.dirname(path))  # noqa: PTH120
        self.run_module(module, tree.body)
        return module
