"""The values of an interpreted program.

Numbers, strings, lists, dicts and other plain Python values represent themselves. A class in this module represents each other
value: an unknown value, a function or a class of the program, or a name of a library. Arrays are in
:mod:`convcalc.read.code.data.arrays`; layers, tensors and models are in :mod:`convcalc.read.code.keras.graph`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from convcalc.base.problems import Mark, Source
from convcalc.base.structs import Struct

LONGEST_NAME = 40  # a longer expression is not used as the name of an unknown value

# A size in a shape: a number, None (any size), or an unknown value with a name.
SizeValue: TypeAlias = "int | Unknown | None"


class Spot(Struct):
    """A position in the source code. Implements :class:`convcalc.model.Place`.

    ``column`` is the offset in bytes from the start of the line, as ``ast`` counts it. ``via`` is the position of the function call
    that runs this code; None outside of functions.
    """

    source: Source
    line: int
    column: int
    via: Spot | None = None
    arguments: Mapping[str, Any] = {}

    @property
    def context(self) -> str:
        """The end of a message, such as " (called from line 12)". Empty outside of functions."""
        outer = self.via
        while outer is not None and outer.via is not None:
            outer = outer.via
        if outer is None or not outer.line or (outer.source is self.source and outer.line == self.line):
            return ""
        where = f"line {outer.line}" if outer.source is self.source else f"{outer.source.name}:{outer.line}"
        return f" (called from {where})"

    @property
    def made_at(self) -> Mark:
        """The position that the JSON report shows."""
        return self.mark()

    def mark(self, argument: str | None = None) -> Mark:
        """Returns the place as a Mark. With ``argument``, returns the place of this argument of the call."""
        node = self.arguments.get(argument or "")
        line, column = (self.line, self.column) if node is None else (node.lineno, node.col_offset)
        return Mark(self.source, line, 1 + self._characters(line, column))

    def _characters(self, line: int, column: int) -> int:
        lines = _lines(self.source.text)
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        return len(text.encode()[:column].decode(errors="ignore"))

    @property
    def text(self) -> str:
        """The position as ``file:line``."""
        return f"{self.source.name}:{self.line}"


@lru_cache(maxsize=4)  # A program has few files, but many positions in each file.
def _lines(text: str) -> list[str]:
    return text.split("\n")


class Unknown:
    """A value that the code does not state. Every operation on it gives another unknown value.

    Attributes:
        reason: why the value is unknown, as a sentence, such as "`load_data()` is not supported".
        spot: where the value comes from.
    """

    __slots__ = ("_name", "reason", "spot")

    def __init__(self, reason: str, spot: Spot | None = None, name: str | ast.expr = "") -> None:
        self.reason = reason
        self.spot = spot
        self._name = name

    @property
    def name(self) -> str:
        """The expression with this value, such as ``x_train.shape[1]``. "" if it is too long."""
        if not isinstance(self._name, str):
            text = ast.unparse(self._name)
            self._name = text if len(text) <= LONGEST_NAME else ""
        return self._name

    @property
    def has_name(self) -> bool:
        """True if an expression of the program has this value."""
        return bool(self._name)

    def named(self, name: str | ast.expr) -> Unknown:
        """Returns a copy of the unknown value with another name."""
        return type(self)(self.reason, self.spot, name)

    def __repr__(self) -> str:
        return self.name or "?"


class UnknownNumber(Unknown):
    """An unknown number, such as the size of an axis or the maximum of an array."""

    __slots__ = ()


class DynamicSize(UnknownNumber):
    """A size that is known only when the model runs, such as the batch size. In shapes, Keras writes None."""

    __slots__ = ()


class UnknownElements(Unknown):
    """An unknown number of elements in a loop. ``element`` is an example of an element."""

    __slots__ = ("element",)

    def __init__(self, reason: str, spot: Spot | None, element: Any) -> None:
        super().__init__(reason, spot)
        self.element = element

    def named(self, name: str | ast.expr) -> Unknown:
        """Returns the object unchanged."""
        return self


class Doubt(Unknown):
    """An unknown test whose branch is followed. Each such test has its own object."""

    __slots__ = ()


def depending(what: str, unknown: Unknown) -> str:
    """Returns the reason for a value that depends on an unknown test or loop. Does not repeat "it depends on a …"."""
    start = "it depends on a "
    return unknown.reason if unknown.reason.startswith(start) else f"{start}{what} that is unknown: {unknown.reason}"


def unknown_result(operands: Iterable[Any], unknown: Unknown) -> Unknown:
    """Returns the unknown result of an arithmetic operation. It is a number if all operands are numbers."""
    operands = [value for value in operands if value is not None]
    for kind in (DynamicSize, UnknownNumber):
        if all(isinstance(value, (kind, int, float)) for value in operands):
            return kind(unknown.reason, unknown.spot)
    return Unknown(unknown.reason, unknown.spot)


class OpenArguments(dict[str, Any]):
    """The named arguments for a function that the program never calls. A call by other code may give more."""


class OpenRest(list[Any]):
    """The positional arguments for a function that the program never calls. A call by other code may give more."""


class OpenTuple(tuple[Any, ...]):
    """The value of ``*args`` in a function that the program never calls. It may have more elements."""

    __slots__ = ()


class Special:
    """A value that defines its own operations: an array, a layer, a tensor or a model.

    Each method gets the interpreter (``run``) and the position of the code (``spot``). A method that a subclass does not
    define returns MISSING: the result of the operation is then unknown.

    Attributes:
        has_sizes: True for arrays and tables. After an assignment, :meth:`assigned` names their unknown sizes.
        keeps_shape: True if ``value[key] = element`` cannot change the shape, as for an array.
    """

    __slots__ = ()
    has_sizes = False
    keeps_shape = False

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the value of ``self.name``."""
        return MISSING

    def set_attribute(self, run: Any, name: str, value: Any, spot: Spot) -> None:
        """Does ``self.name = value``."""

    def call(self, run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of ``self(*args, **kwargs)``."""
        return MISSING

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns the value of ``self[key]``."""
        return MISSING

    def set_item(self, run: Any, key: Any, value: Any, spot: Spot) -> None:
        """Does ``self[key] = value``."""

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns the value of ``self + other`` for the operator ``+``, or of ``other + self`` if ``reflected`` is
        True.

        The operators ``neg``, ``pos``, ``invert`` and ``abs`` have one operand: ``other`` is then None.
        """
        return MISSING

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns the elements for a loop as a list, or MISSING."""
        return MISSING

    def unpacked(self, run: Any, count: int, spot: Spot) -> Any:
        """Returns the elements for ``a, b = self`` with ``count`` names. MISSING: the number of names does not matter."""
        return MISSING

    def length(self) -> Any:
        """Returns ``len(self)``, or MISSING."""
        return MISSING

    def truth(self) -> Any:
        """Returns the truth value: True, False or MISSING."""
        return MISSING

    def assigned(self, name: str, settings: Mapping[str, Any]) -> None:
        """Changes the value's unknown sizes after ``name = value``.

        An unknown size gets a name, such as ``x.shape[1]``. If the user gave a number for this name (``--set``), the
        number replaces the size.
        """

    def type_path(self) -> str:
        """Returns the dotted name of the value's class, such as ``numpy.ndarray``, for ``isinstance``; "" if unknown."""
        return ""


class Environment:
    """The variables of a module, of a class body, or of one call of a function.

    Attributes:
        outer: the variables of the enclosing function; None if there is no enclosing function.
        function: the function that is called; None for a module or a class body.
        is_class: True for a class body, whose variables its methods cannot read.
        is_comprehension: True for the variables of a comprehension.
        returns: the values of ``return`` statements in branches of unknown tests.
    """

    __slots__ = (
        "declared_global",
        "declared_nonlocal",
        "function",
        "is_class",
        "is_comprehension",
        "module",
        "outer",
        "returns",
        "variables",
    )

    def __init__(
        self,
        module: ModuleValue,
        outer: Environment | None,
        variables: dict[str, Any],
        function: FunctionValue | None = None,
    ) -> None:
        self.module = module
        self.outer = outer
        self.variables = variables
        self.function = function
        self.is_class = False
        self.is_comprehension = False
        self.returns: list[Any] = []
        self.declared_global: set[str] = set()
        self.declared_nonlocal: set[str] = set()

    def for_functions(self) -> Environment | None:
        """Returns the variables that inner functions can read, in addition to their own and the module's."""
        if self.is_class:
            return self.outer
        return None if self.variables is self.module.variables else self


class ModuleValue:
    """A file of the program, or another module that the program can import."""

    __slots__ = ("folder", "name", "source", "star_imports", "variables")

    def __init__(self, name: str, source: Source, folder: str = "") -> None:
        self.name = name
        self.source = source
        self.folder = folder  # the folder of the file, for relative imports
        self.star_imports: list[Library] = []  # the libraries of `from … import *`
        self.variables: dict[str, Any] = {"__name__": name}


class FunctionValue:
    """A function or a lambda of the program. ``owner`` is the class that contains its definition."""

    __slots__ = (
        "attributes",
        "defaults",
        "is_generator",
        "keyword_defaults",
        "module",
        "name",
        "node",
        "outer",
        "owner",
        "spot",
    )

    def __init__(self, name: str, node: Any, environment: Environment, spot: Spot) -> None:
        self.name = name
        self.node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda = node
        self.module = environment.module
        self.outer = environment.for_functions()
        self.spot = spot
        self.defaults: list[Any] = []
        self.keyword_defaults: dict[str, Any] = {}
        self.owner: ClassValue | None = None
        self.is_generator = False
        self.attributes: dict[str, Any] = {}


class Bound:
    """A function whose first argument is given, such as the method of an object."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Any, receiver: Any) -> None:
        self.function = function
        self.receiver = receiver


class Native:
    """A function that convcalc implements. ``run`` takes the interpreter, the arguments and the position of the call."""

    __slots__ = ("name", "run")

    def __init__(self, name: str, run: Callable[..., Any]) -> None:
        self.name = name
        self.run = run


class Wrapped:
    """A method with the decorator ``staticmethod``, ``classmethod`` or ``property``; ``kind`` is the decorator's name."""

    __slots__ = ("function", "kind", "setter")

    def __init__(self, kind: str, function: Any, setter: Any = None) -> None:
        self.kind = kind
        self.function = function
        self.setter = setter


class ClassValue:
    """A class of the program. ``order`` has the class and its bases in the order in which attributes are looked up.

    ``kind`` is ``"dataclass"``, ``"namedtuple"``, ``"enum"`` or ``""``.
    """

    __slots__ = ("attributes", "bases", "fields", "kind", "name", "order", "spot")

    def __init__(self, name: str, bases: tuple[Any, ...], attributes: dict[str, Any], spot: Spot | None) -> None:
        self.name = name
        self.bases = bases
        self.attributes = attributes
        self.spot = spot
        self.kind = ""
        self.fields: dict[str, Any] = {}
        self.order: tuple[Any, ...] = (self, *_merged(bases))

    def find(self, name: str) -> Any:
        """Returns an attribute of the class or of its bases, such as a function or a :class:`Wrapped`. MISSING if it
        does not exist.
        """
        for base in self.order:
            if isinstance(base, ClassValue) and name in base.attributes:
                return base.attributes[name]
        return MISSING

    def library_base(self, prefix: str = "keras.") -> str:
        """Returns the path of the first base class from a library. The path begins with ``prefix``. "" if there is
        none.
        """
        for base in self.order:
            if isinstance(base, Library) and base.path.startswith(prefix):
                return base.path
        return ""


def _merged(bases: tuple[Any, ...]) -> list[Any]:
    """Returns all base classes in the order in which attributes are looked up. A base class that occurs twice comes
    last.
    """
    listed: list[Any] = []
    for base in bases:
        listed += base.order if isinstance(base, ClassValue) else [base]
    return [
        base
        for at, base in enumerate(listed)
        if not any(base is later or _is_same(base, later) for later in listed[at + 1 :])
    ]


def _is_same(first: Any, second: Any) -> bool:
    return isinstance(first, Library) and isinstance(second, Library) and first.path == second.path


class Instance:
    """An object of a class of the program. Layers and models have other classes: LayerValue and ModelValue."""

    __slots__ = ("attributes", "cls", "items")

    def __init__(self, cls: ClassValue) -> None:
        self.cls = cls
        self.attributes: dict[str, Any] = {}
        self.items: Any = None  # the elements, if the class extends list or dict


class Super:
    """The result of ``super()``. Looks up attributes in the base classes of ``cls``."""

    __slots__ = ("cls", "receiver")

    def __init__(self, cls: ClassValue, receiver: Any) -> None:
        self.cls = cls
        self.receiver = receiver


class Library:
    """A name in a library, such as ``numpy`` or ``keras.layers.Dense``. ``path`` is canonical: ``keras``, not
    ``tf.keras``.
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Library) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)


class LibraryObject(Special):
    """An object whose methods convcalc does not implement, such as an optimizer. Only its class and its arguments are
    known.
    """

    __slots__ = ("args", "attributes", "kwargs", "path")

    def __init__(self, path: str, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.args = args
        self.kwargs = dict(kwargs or {})
        self.attributes: dict[str, Any] = {}


class Generator:
    """A generator or another iterator. It runs as a whole when its first value is needed.

    ``values`` are the remaining values, or an unknown value; None before it runs. If ``is_endless`` is True, ``values`` has only
    the first values.
    """

    __slots__ = ("is_endless", "run", "values")

    def __init__(self, run: Callable[[], Any], is_endless: bool = False) -> None:
        self.run = run
        self.values: Any = None
        self.is_endless = is_endless


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class Raised(Exception):
    """An exception of the program. ``value`` is the exception object."""

    def __init__(self, value: Any, spot: Spot | None, cause: BaseException | None = None) -> None:
        super().__init__(value)
        self.value = value
        self.spot = spot
        self.cause = cause

    @property
    def class_name(self) -> str:
        """The name of the exception's class."""
        if isinstance(self.value, Instance):
            return self.value.cls.name
        return str(getattr(self.value, "path", "Exception")).removeprefix("builtins.")


MAX_PARTS = 100_000  # the maximum number of values in nested lists and dicts; a list that occurs twice counts twice


def is_too_large(value: Any) -> bool:
    """Returns True if a nested list or dict has more than MAX_PARTS values, such as after ``x = [x, x]`` in a loop."""
    waiting, count = [value], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, (list, tuple)):
            waiting += part
            count += len(part)
        elif isinstance(part, dict):
            waiting += part.values()
            count += len(part)
        if count > MAX_PARTS:
            return True
    return False


def is_known(value: Any) -> bool:
    """Returns True if neither the value nor a part of it is unknown."""
    if isinstance(value, Unknown):
        return False
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(is_known, value))
    if isinstance(value, dict):
        return all(map(is_known, value.values()))
    return True


def first_unknown(value: Any) -> Unknown | None:
    """Returns the first unknown part of a value; None if all parts are known."""
    if isinstance(value, Unknown):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return next((unknown for part in parts if (unknown := first_unknown(part)) is not None), None)
