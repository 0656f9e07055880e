"""Operations on the values of a program: attributes, items, operators, loops, tests and method calls.

Methods of strings, lists, dicts and other plain values are those of Python, up to a maximum size. An operation on an unknown
value gives an unknown value. A mistake in the program, such as a missing key, raises :class:`Raised` with Python's exception.
"""

from __future__ import annotations

import builtins as python
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Problem, Source
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Generator,
    Instance,
    Library,
    LibraryObject,
    ModuleValue,
    Native,
    Raised,
    Special,
    Spot,
    Super,
    Unknown,
    UnknownElements,
    UnknownNumber,
    Wrapped,
    depending,
    first_unknown,
    is_known,
    is_too_large,
    unknown_result,
)

MAX_STEPS = 3_000_000  # the maximum number of expressions and statements to follow in one program
MAX_ELEMENTS = 200_000  # the maximum number of elements in a list, text or range that convcalc computes
MAX_BITS = 2_048  # the maximum number of bits of a whole number
MAX_YIELDED = 10_000  # the maximum number of values that a generator may yield
MAX_ENDLESS = 300  # convcalc computes this many values of an endless generator
MAX_DEPTH = 60  # the maximum depth of nested calls in a program

_PLAIN = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, range, slice, bool)
_VIEWS: tuple[Any, ...] = (
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)  # the types of `keys()`, `values()` and `items()`
# The methods that change a list, a dict, a set or a model.
CHANGES = frozenset(
    (
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "update",
        "setdefault",
        "popitem",
        "add",
        "discard",
        "popleft",
        "appendleft",
        "extendleft",
        "rotate",
        "move_to_end",
        "subtract",
    )
)
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
_DUNDER = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul", "&": "and", "|": "or",
    "^": "xor", "<<": "lshift", ">>": "rshift", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge",
}  # fmt: skip
_UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "abs": abs,
}


class Objects:
    """The state of the interpreter, and the operations on values."""

    builtins: dict[str, Any]

    def __init__(self, source: Source) -> None:
        self.source = source  # the file that is being evaluated
        self.via: Spot | None = None  # the position of the call that led to this code
        self.steps = 0
        self.depth = 0
        self.doubt: Unknown | None = None  # the unknown test whose branch is being evaluated
        self.changed: dict[int, tuple[Any, Unknown]] = {}  # objects that changed in a branch of an unknown test
        self.problems: list[Problem] = []

    # Limits and unknown values ----------------------------------------------------------------------------------------

    def step(self, node: Any) -> None:
        """Counts one expression or statement. Raises :class:`ConvcalcError` if the program has too many."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            message = f"the program takes more than {MAX_STEPS:,} steps to follow; give the model's function, such as FILE.py:build"
            raise ConvcalcError(
                [Problem(codes.TOO_MUCH_WORK, message, Spot(self.source, node.lineno, node.col_offset).mark())]
            )

    def unknown(self, reason: str, spot: Spot | None) -> Unknown:
        """Returns an unknown value."""
        return Unknown(reason, spot)

    def guarded(self, function: Callable[[], Any], spot: Spot) -> Any:
        """Returns the result of ``function``. Converts a Python exception to an exception of the program."""
        try:
            result = function()
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise self.error(type(error).__name__, str(error), spot) from None
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            return self.unknown("the number is too large to work out", spot)
        return result

    def error(self, class_name: str, message: str, spot: Spot | None) -> Raised:
        """Returns an exception of the program, such as ``ValueError(message)``."""
        return Raised(LibraryObject(f"builtins.{class_name}", (message,)), spot)

    @contextmanager
    def doubting(self, test: Unknown) -> Iterator[None]:
        """Evaluates a branch of an unknown test. Objects that change in the branch become unknown."""
        outer, self.doubt = self.doubt, self.doubt or test
        try:
            yield
        finally:
            self.doubt = outer

    def change(self, value: Any) -> None:
        """Records that an object changes. In a branch of an unknown test, the object becomes unknown."""
        if self.doubt is not None and id(value) not in self.changed:
            text = self.doubt.name or "a test"
            reason = f"it changes under a test that is unknown ({text}): {self.doubt.reason}"
            self.changed[id(value)] = (value, Unknown(reason, self.doubt.spot))

    def doubtful(self, value: Any) -> Unknown | None:
        """Returns the reason why the content of an object is unknown; None if it is known."""
        entry = self.changed.get(id(value)) if self.changed else None
        return None if entry is None else entry[1]

    def merged(self, values: list[Any], test: Unknown) -> Any:
        """Returns the value of a variable after an unknown test: the common value of all branches, or an unknown value."""
        first = values[0]
        if all(self.equal(first, value) is True for value in values[1:]):
            return first
        return Unknown(depending("test", test), test.spot)

    # Attributes -------------------------------------------------------------------------------------------------------

    def attribute(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns ``value.name``."""
        result = self.attribute_or_missing(value, name, spot)
        if result is not MISSING:
            return result
        if isinstance(value, LibraryObject) and value.path.endswith(".InputSpec") and name in value.kwargs:
            return value.kwargs[name]
        if isinstance(value, Special):
            return self.unknown(f"`.{name}` of this object is not followed", spot)
        raise self.error("AttributeError", f"there is no attribute '{name}'", spot)

    def attribute_or_missing(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns ``value.name``, or MISSING."""
        if isinstance(value, Unknown):
            if name == "reshape":  # the result of `unknown.reshape(28, 28)` has a known shape
                return Native(name, lambda run, args, kwargs, at: run.reshaped(value, args, kwargs, at))
            return Unknown(value.reason, value.spot)
        if isinstance(value, Special):
            return value.attribute(self, name, spot)
        if isinstance(value, Instance):
            return self._instance_attribute(value, name, spot)
        if isinstance(value, Library):
            return self.library_member(value, name, spot)
        if isinstance(value, ModuleValue):
            return value.variables.get(name, MISSING)
        if isinstance(value, ClassValue):
            return self._class_attribute(value, name, spot)
        if isinstance(value, Super):
            return self._super_attribute(value, name, spot)
        if isinstance(value, FunctionValue):
            if name == "__name__":
                return value.name
            return value.attributes.get(name, MISSING)
        if isinstance(value, Wrapped) and name in ("setter", "getter", "deleter"):
            return Native(
                name,
                lambda run, args, kwargs, at: (
                    Wrapped("property", value.function, args[0]) if name == "setter" else value
                ),
            )
        if isinstance(value, _PLAIN) and not name.startswith("__"):
            method = self._method(value, name)
            is_number = method is MISSING and isinstance(value, (int, float))
            return self.number_attribute(value, name, spot) if is_number else method
        if name == "__class__":
            return self.type_of(value)
        return MISSING

    def _method(self, value: Any, name: str) -> Any:
        if not hasattr(value, name):
            return MISSING
        method = getattr(value, name)
        if not callable(method):
            return method  # such as `range.start` or `complex.real`

        def run(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
            if name in CHANGES and isinstance(value, (list, dict, set)):
                run.change(value)
            elif (doubt := run.doubtful(value)) is not None:
                return doubt
            if isinstance(value, list) and name in ("append", "insert", "index", "count", "remove"):
                return run.list_method(value, name, args, spot)
            if isinstance(value, dict) and name in ("get", "pop", "setdefault") and args:
                key = run.key(args[0], spot)
                return key if isinstance(key, Unknown) else run.guarded(lambda: method(key, *args[1:], **kwargs), spot)
            return run.plain_method(value, name, method, args, kwargs, spot)

        return Native(name, run)

    def list_method(self, value: list[Any], name: str, args: list[Any], spot: Spot) -> Any:
        """Calls a method of a list that may contain unknown values and objects."""
        if name in ("index", "count", "remove"):
            same = [self.equal(part, args[0]) for part in value]
            if (unknown := first_unknown(same)) is not None:
                return unknown
            if name == "count":
                return sum(map(bool, same))
            if True not in same:
                raise self.error("ValueError", "the value is not in the list", spot)
            return same.index(True) if name == "index" else value.pop(same.index(True)) and None
        result = self.guarded(lambda: getattr(value, name)(*args), spot)
        if args and isinstance(args[-1], (list, tuple, dict)) and is_too_large(value):
            value.clear()
            self.changed[id(value)] = (value, self.unknown("the nested list is too large to work out", spot))
        return result

    def plain_method(
        self, value: Any, name: str, method: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], spot: Spot
    ) -> Any:
        """Calls a method of a string, a dict or another plain Python value."""
        args = [self.listed(arg, spot) for arg in args]
        if isinstance(value, (str, bytes)):
            unknown = first_unknown((args, kwargs))
            if unknown is not None:
                return Unknown(unknown.reason, unknown.spot)
            if name in ("format", "format_map"):
                return self.text_format(value, name, args, kwargs, spot)
            if any(isinstance(arg, int) and abs(arg) > MAX_ELEMENTS for arg in args):
                return self.unknown("the text is too long", spot)
        elif any(isinstance(arg, Unknown) for arg in args) and name not in ("append", "insert", "add"):
            unknown = first_unknown(args)
            if name in ("extend", "update"):
                self.changed[id(value)] = (value, Unknown(unknown.reason, unknown.spot))  # type: ignore[union-attr]
                return None
            return unknown
        if name == "sort" and "key" in kwargs:
            ordered = self.sorted(value, kwargs, spot)
            if not isinstance(ordered, Unknown):
                value[:] = ordered
            return None
        if isinstance(value, set) and name in ("add", "discard", "remove") and not all(map(_is_hashable, args)):
            return self.unknown("this set is not followed", spot)
        result = self.guarded(lambda: method(*args, **kwargs), spot)
        return [*result] if isinstance(result, _VIEWS) else result

    def listed(self, value: Any, spot: Spot) -> Any:
        """Converts a generator to a list. Returns any other value unchanged."""
        return self.iterate(value, spot) if isinstance(value, Generator) else value

    def text_format(self, text: Any, name: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns ``text.format(…)``. The result is unknown for a field such as ``{0.x}`` or ``{0:99999}``."""
        args = [self.text_of(arg) if isinstance(arg, (Instance, LibraryObject)) else arg for arg in args]
        plain = None not in args and all(
            isinstance(part, (str, int, float, bool, type(None), list, tuple, dict))
            for part in [*args, *kwargs.values()]
        )
        if not plain or "__" in text or len(text) > MAX_ELEMENTS or _has_long_number(text):
            return self.unknown("this text is not worked out", spot)
        if name == "format_map":
            return self.guarded(lambda: text.format_map(args[0]), spot)
        return self.guarded(lambda: text.format(*args, **kwargs), spot)

    def formatted(self, value: Any, spec: str, conversion: int, spot: Spot) -> Any:
        """Returns the text of one value in an f-string."""
        if not isinstance(value, (str, int, float, bool, type(None), list, tuple, dict)) or _has_long_number(spec):
            text = self.text_of(value)
            return self.unknown("this text is not worked out", spot) if text is None else text
        if conversion == ord("r"):
            value = repr(value)
        elif conversion == ord("s"):
            value = str(value)
        return self.guarded(lambda: format(value, spec), spot)

    def text_of(self, value: Any, is_repr: bool = False) -> str | None:
        """Returns ``str(value)`` or ``repr(value)``; None if convcalc cannot compute the text."""
        if (
            isinstance(value, (str, int, float, bool, type(None), list, tuple, dict))
            and is_known(value)
            and _is_plain(value)
        ):
            return repr(value) if is_repr else str(value)
        if isinstance(value, (FunctionValue, ClassValue, Library)):
            return value.name
        if isinstance(value, Instance):
            for name in ("__repr__", "__str__") if is_repr else ("__str__", "__repr__"):
                method = value.cls.find(name)
                if method is not MISSING:
                    text = self.call(Bound(method, value), [], {}, value.cls.spot or _NOWHERE)
                    return text if isinstance(text, str) else None
        args = self.exception_args(value)
        if args is None:
            return None
        return self.text_of(args[0]) if len(args) == 1 else self.text_of(tuple(args)) if args else ""

    def exception_args(self, value: Any) -> Any:
        """Returns the arguments of an exception; None for an object that is not an exception."""
        if isinstance(value, LibraryObject):
            kind = getattr(python, value.path.removeprefix("builtins."), None)
            return value.args if isinstance(kind, type) and issubclass(kind, BaseException) else None
        return value.attributes.get("args") if isinstance(value, Instance) else None

    def _instance_attribute(self, value: Instance, name: str, spot: Spot) -> Any:
        if name in value.attributes:
            return value.attributes[name]
        if name == "__dict__":
            return value.attributes
        if name == "__class__":
            return value.cls
        found = value.cls.find(name)
        if found is not MISSING:
            return self.bind(found, value, value.cls, spot)
        if value.items is not None and (method := self._method(value.items, name)) is not MISSING:
            return method
        getter = value.cls.find("__getattr__")
        if getter is not MISSING and not name.startswith("__"):
            return self.call(Bound(getter, value), [name], {}, spot)
        if any(isinstance(base, Library) for base in value.cls.order):
            return self.unknown(f"`.{name}` comes from a class of a library that is not followed", spot)
        return MISSING

    def bind(self, found: Any, receiver: Any, cls: ClassValue, spot: Spot) -> Any:
        """Returns the value of ``instance.name``. ``found`` is the attribute of the class: a method, a property or
        another value.
        """
        if isinstance(found, (FunctionValue, Native)):
            return Bound(found, receiver)
        if isinstance(found, Wrapped):
            if found.kind == "property":
                return self.call(Bound(found.function, receiver), [], {}, spot)
            return found.function if found.kind == "staticmethod" else Bound(found.function, cls)
        return found

    def _class_attribute(self, value: ClassValue, name: str, spot: Spot) -> Any:
        found = value.find(name)
        if name in ("__name__", "__qualname__") and found is MISSING:
            return value.name
        if isinstance(found, Wrapped) and found.kind != "property":
            return found.function if found.kind == "staticmethod" else Bound(found.function, value)
        if found is MISSING and name == "__members__" and value.kind == "enum":
            return {key: part for key, part in value.attributes.items() if isinstance(part, Instance)}
        if found is MISSING and any(isinstance(base, Library) for base in value.order):
            return self.library_class_attribute(value, name, spot)
        return found

    def _super_attribute(self, value: Super, name: str, spot: Spot) -> Any:
        cls = value.receiver if isinstance(value.receiver, ClassValue) else self.class_of(value.receiver)
        order = cls.order if isinstance(cls, ClassValue) else ()
        start = next((at for at, base in enumerate(order) if base is value.cls), -1)
        for base in order[start + 1 :]:
            if isinstance(base, ClassValue) and name in base.attributes:
                return self.bind(base.attributes[name], value.receiver, cls, spot)
            if isinstance(base, Library):
                method = self.library_method(base, value.receiver, name, spot)
                if method is not MISSING:
                    return method
        if isinstance(value.receiver, Instance) and value.receiver.items is not None:
            method = self._method(value.receiver.items, name)
            if method is not MISSING and not name.startswith("__"):
                return method
        if name in ("__init__", "__init_subclass__", "__post_init__", "__enter__", "__exit__"):
            return Native(name, lambda run, args, kwargs, at: None)
        if name == "__new__":
            return Native(name, lambda run, args, kwargs, at: run.raw_instance(args[0] if args else cls, at))
        if name == "__setattr__":
            return Native(name, lambda run, args, kwargs, at: set_directly(value.receiver, *args))
        return self.unknown(f"`super().{name}` is not followed", spot)

    def set_attribute(self, value: Any, name: str, new: Any, spot: Spot) -> None:
        """Does ``value.name = new``."""
        self.change(value)
        if isinstance(value, Special):
            value.set_attribute(self, name, new, spot)
        elif isinstance(value, Instance):
            found = value.cls.find(name)
            own = value.cls.find("__setattr__")
            if isinstance(found, Wrapped) and found.kind == "property" and found.setter is not None:
                self.call(Bound(found.setter, value), [new], {}, spot)
            elif own is not MISSING:
                self.call(Bound(own, value), [name, new], {}, spot)
            else:
                value.attributes[name] = new
        elif isinstance(value, (ClassValue, FunctionValue)):
            value.attributes[name] = new
        elif isinstance(value, ModuleValue):
            value.variables[name] = new

    # Items ------------------------------------------------------------------------------------------------------------

    def item(self, value: Any, key: Any, spot: Spot) -> Any:
        """Returns ``value[key]``."""
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.spot)
        if (doubt := self.doubtful(value)) is not None:
            return doubt
        if isinstance(value, Special):
            result = value.item(self, key, spot)
            return self.unknown("this subscript is not followed", spot) if result is MISSING else result
        if isinstance(value, Instance):
            if value.items is not None:
                return self.item(value.items, key, spot)
            getter = value.cls.find("__getitem__")
            if getter is not MISSING:
                return self.call(Bound(getter, value), [key], {}, spot)
            if value.cls.kind == "namedtuple":
                return self.item(tuple(value.attributes.values()), key, spot)
        if isinstance(value, (Library, ClassValue)):  # `list[int]`, or `Color["RED"]` of an enum
            if isinstance(value, ClassValue) and value.kind == "enum" and isinstance(key, str):
                return self.attribute(value, key, spot)
            return value
        unknown = first_unknown((key.start, key.stop, key.step) if isinstance(key, slice) else key)
        if unknown is not None:
            return Unknown(unknown.reason, unknown.spot)
        if isinstance(value, dict):
            key = self.key(key, spot)
            if isinstance(key, Unknown):
                return key
        if not isinstance(value, _PLAIN):
            return self.unknown("this subscript is not followed", spot)
        container: Any = value
        return self.guarded(lambda: container[key], spot)

    def set_item(self, value: Any, key: Any, new: Any, spot: Spot) -> None:
        """Does ``value[key] = new``."""
        self.change(value)
        if isinstance(value, Special):
            value.set_item(self, key, new, spot)
        elif isinstance(value, Instance):
            if value.items is not None:
                self.set_item(value.items, key, new, spot)
            elif (setter := value.cls.find("__setitem__")) is not MISSING:
                self.call(Bound(setter, value), [key, new], {}, spot)
        elif isinstance(value, (list, dict)):
            key = self.key(key, spot) if isinstance(value, dict) else key
            if isinstance(key, Unknown):
                self.changed[id(value)] = (value, Unknown(key.reason, key.spot))
                return

            def change() -> None:
                value[key] = new

            self.guarded(change, spot)
            if isinstance(new, (list, tuple, dict)) and is_too_large(value):
                value.clear()
                self.changed[id(value)] = (value, self.unknown("the nested value is too large to work out", spot))

    def key(self, value: Any, spot: Spot) -> Any:
        """Returns a value if it can be a key of a dict. Otherwise raises the program's TypeError."""
        if isinstance(value, Unknown):
            return value
        if not _is_hashable(value):
            raise self.error("TypeError", "this value cannot be a key", spot)
        return value

    # Loops and tests --------------------------------------------------------------------------------------------------

    def iterate(self, value: Any, spot: Spot) -> Any:
        """Returns the elements of a value as a list. Returns an unknown value if they are unknown."""
        if isinstance(value, UnknownElements):
            return value
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.spot)
        if (doubt := self.doubtful(value)) is not None:
            return doubt
        if isinstance(value, Generator):
            values = self.started(value)
            if isinstance(values, Unknown):
                return values
            if value.is_endless:
                return self.unknown("the generator does not end", spot)
            value.values = []
            return values
        if isinstance(value, Special):
            elements = value.elements(self, spot)
            return self.unknown("this loop is not followed", spot) if elements is MISSING else elements
        if isinstance(value, ClassValue) and value.kind == "enum":
            return [part for part in value.attributes.values() if isinstance(part, Instance)]
        if isinstance(value, Instance):
            return self._instance_elements(value, spot)
        if isinstance(value, (range, str, bytes)) and len(value) > MAX_ELEMENTS:
            return self.unknown(f"it has more than {MAX_ELEMENTS:,} elements", spot)
        if isinstance(value, (list, tuple, dict, str, bytes, range)):
            return list(value)
        if isinstance(value, (set, frozenset)):
            return sorted(value, key=_set_order)
        if isinstance(value, (Library, Native, FunctionValue, Bound)):
            return self.unknown("this loop is not followed", spot)
        raise self.error("TypeError", "the value is not iterable", spot)

    def _instance_elements(self, value: Instance, spot: Spot) -> Any:
        if value.items is not None:
            return self.iterate(value.items, spot)
        if value.cls.kind == "namedtuple":
            return list(value.attributes.values())
        method = value.cls.find("__iter__")
        if method is not MISSING:
            result = self.call(Bound(method, value), [], {}, spot)
            return self._next_values(value, spot) if result is value else self.iterate(result, spot)
        length = value.cls.find("__len__")
        if length is not MISSING and value.cls.find("__getitem__") is not MISSING:
            count = self.call(Bound(length, value), [], {}, spot)
            if isinstance(count, int) and count <= MAX_ELEMENTS:
                return [self.item(value, at, spot) for at in range(count)]
        return self.unknown("this loop is not followed", spot)

    def _next_values(self, value: Instance, spot: Spot) -> Any:
        """Calls ``__next__`` of an object until it ends. Returns the values."""
        method = value.cls.find("__next__")
        values: list[Any] = []
        while method is not MISSING and len(values) < MAX_YIELDED:
            try:
                values.append(self.call(Bound(method, value), [], {}, spot))
            except Raised as raised:
                if raised.class_name == "StopIteration":
                    return values
                raise
        return self.unknown("the loop does not end" if values else "this loop is not followed", spot)

    def started(self, generator: Generator) -> Any:
        """Runs a generator that has not run yet. Returns its remaining values."""
        if generator.values is None:
            generator.values = generator.run()
        return generator.values

    def some_elements(self, value: Any, spot: Spot) -> tuple[Any, bool]:
        """Returns the elements of a value. The flag is True for an endless generator, of which only the first elements
        are listed.
        """
        if isinstance(value, Generator) and isinstance(self.started(value), list) and value.is_endless:
            return value.values, True
        return self.iterate(value, spot), False

    def mapping(self, value: Any) -> Any:
        """Returns the dict for ``**value``."""
        if isinstance(value, dict):
            return self.doubtful(value) or value
        if isinstance(value, Instance) and isinstance(value.items, dict):
            return value.items
        if isinstance(value, Unknown):
            return value
        return Unknown("the arguments after `**` are not followed", None)

    def set_of(self, values: Iterable[Any], spot: Spot) -> Any:
        """Returns a set of values."""
        values = list(values)
        unknown = first_unknown(values)
        if unknown is not None:
            return unknown
        return (
            self.guarded(lambda: set(values), spot)
            if all(map(_is_hashable, values))
            else self.unknown("this set is not followed", spot)
        )

    def length(self, value: Any, spot: Spot) -> Any:
        """Returns ``len(value)``."""
        if isinstance(value, Unknown):
            return UnknownNumber(value.reason, value.spot)
        if (doubt := self.doubtful(value)) is not None:
            return UnknownNumber(doubt.reason, doubt.spot)
        if isinstance(value, Special):
            result = value.length()
            return self.unknown("the length is not followed", spot) if result is MISSING else result
        if isinstance(value, Instance):
            method = value.cls.find("__len__")
            if method is not MISSING:
                return self.call(Bound(method, value), [], {}, spot)
        elements: Any = value if isinstance(value, _PLAIN) else self.iterate(value, spot)
        return elements if isinstance(elements, Unknown) else self.guarded(lambda: len(elements), spot)

    def truth(self, value: Any) -> Any:
        """Returns the value as a test: True, False or an unknown value."""
        if isinstance(value, Unknown):
            return value
        if (doubt := self.doubtful(value)) is not None and isinstance(value, (list, dict, set)):
            return doubt
        if isinstance(value, Special):
            result = value.truth()
            return Unknown("the test is not followed", None) if result is MISSING else result
        if isinstance(value, Instance):
            if value.items is not None:
                return bool(value.items)
            method = value.cls.find("__bool__")
            return (
                True
                if method is MISSING
                else self.truth(self.call(Bound(method, value), [], {}, value.cls.spot or _NOWHERE))
            )
        return bool(value) if isinstance(value, (*_PLAIN, type(None))) else True

    def identical(self, left: Any, right: Any) -> Any:
        """Returns ``left is right``."""
        for value in (left, right):
            if isinstance(value, Unknown):
                return Unknown(value.reason, value.spot)
        if isinstance(left, Library) and isinstance(right, Library):
            return left.path == right.path
        if isinstance(left, (int, str, bool, type(None))) and type(left) is type(right):
            return bool(left == right)
        return left is right

    def equal(self, left: Any, right: Any) -> Any:
        """Returns ``left == right``."""
        left, right = plain_member(left), plain_member(right)
        if left is right and not isinstance(left, Unknown):
            return True
        for value, other in ((left, right), (right, left)):
            if isinstance(value, Unknown):
                return Unknown(value.reason, value.spot)
            if (doubt := self.doubtful(value)) is not None:
                return doubt
            if isinstance(value, Instance) and value.cls.find("__eq__") is not MISSING:
                return self.truth(
                    self.call(Bound(value.cls.find("__eq__"), value), [other], {}, value.cls.spot or _NOWHERE)
                )
        if isinstance(left, Instance) and isinstance(right, Instance) and left.cls.kind == "dataclass":
            return left.cls is right.cls and self.equal(left.attributes, right.attributes)
        if isinstance(left, (list, tuple)) and type(left) is type(right):
            if len(left) != len(right):
                return False
            same = [self.equal(first, second) for first, second in zip(left, right)]
            return False if False in same else first_unknown(same) or True
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            same = [self.equal(part, right[key]) for key, part in left.items()]
            return False if False in same else first_unknown(same) or True
        if isinstance(left, Special) or isinstance(right, Special):
            return left is right
        try:
            return bool(left == right)
        except Exception:  # a comparison can raise any exception
            return False

    def contains(self, container: Any, value: Any, spot: Spot) -> Any:
        """Returns ``value in container``."""
        if isinstance(container, Instance) and container.cls.find("__contains__") is not MISSING:
            return self.truth(self.call(Bound(container.cls.find("__contains__"), container), [value], {}, spot))
        if isinstance(container, (str, bytes)):
            return value if isinstance(value, Unknown) else self.guarded(lambda: value in container, spot)
        if isinstance(container, range) and isinstance(value, int):
            return value in container
        elements = self.iterate(container, spot)
        if isinstance(elements, Unknown):
            return elements
        same = [self.equal(value, element) for element in elements]
        return True if True in same else first_unknown(same) or False

    def sorted(self, value: Any, options: Mapping[str, Any], spot: Spot) -> Any:
        """Returns ``sorted(value, key=…, reverse=…)``."""
        elements = self.iterate(value, spot)
        if isinstance(elements, Unknown):
            return elements
        key = options.get("key")
        keys = elements if key is None else [self.call(key, [element], {}, spot) for element in elements]
        unknown = first_unknown(keys)
        if unknown is not None:
            return unknown
        reverse = bool(options.get("reverse", False))
        order = self.guarded(lambda: sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse), spot)
        return order if isinstance(order, Unknown) else [elements[at] for at in order]

    # Operators --------------------------------------------------------------------------------------------------------

    def binary(self, symbol: str, left: Any, right: Any, spot: Spot) -> Any:
        """Returns the result of an operator such as ``+``."""
        left, right = plain_member(left), plain_member(right)
        for value, other, reflected in ((left, right, False), (right, left, True)):
            if isinstance(value, Special):
                result = value.operate(self, symbol, other, reflected, spot)
                if result is not MISSING:
                    return result
            if isinstance(value, Instance):
                method = value.cls.find(f"__{'r' if reflected else ''}{_DUNDER[symbol]}__")
                if method is not MISSING:
                    return self.call(Bound(method, value), [other], {}, spot)
        for value in (left, right):
            if isinstance(value, Unknown):
                return unknown_result((left, right), value)
            if (doubt := self.doubtful(value)) is not None:
                return doubt
        if symbol == "%" and isinstance(left, str) and isinstance(right, (Instance, LibraryObject)):
            text = self.text_of(right)
            right = right if text is None else text
            if isinstance(value, Library):
                return Unknown(f"`{value.path}` is not followed", spot, value.name)
        if not isinstance(left, _PLAIN) or not isinstance(right, (*_PLAIN, type(None))):
            return self.unknown("this operation is not followed", spot)
        if symbol == "%" and isinstance(left, (str, bytes)):
            if not is_known(right):
                unknown = first_unknown(right)
                return (
                    Unknown(unknown.reason, unknown.spot)
                    if unknown
                    else self.unknown("this text is not followed", spot)
                )
            if not _is_plain(right) or _has_long_number(str(left)):
                return self.unknown("this text is not worked out", spot)
        elif _is_too_large(symbol, left, right):
            return self.unknown("the result is too large to work out", spot)
        return self.guarded(lambda: _BINARY[symbol](left, right), spot)

    def unary(self, name: str, value: Any, spot: Spot) -> Any:
        """Returns the result of a unary operator."""
        if isinstance(value, Unknown):
            return unknown_result((value,), value)
        if isinstance(value, Special):
            result = value.operate(self, name, None, False, spot)
            return self.unknown("this operation is not followed", spot) if result is MISSING else result
        if isinstance(value, Instance) and (method := value.cls.find(f"__{name}__")) is not MISSING:
            return self.call(Bound(method, value), [], {}, spot)
        return self.guarded(lambda: _UNARY[name](value), spot)

    # Types ------------------------------------------------------------------------------------------------------------

    def class_of(self, value: Any) -> Any:
        """Returns the class of an object of the program, or None."""
        if isinstance(value, Instance):
            return value.cls
        return getattr(value, "cls", None)

    def type_of(self, value: Any) -> Any:
        """Returns ``type(value)``."""
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.spot)
        cls = self.class_of(value)
        if cls is not None:
            return cls
        if isinstance(value, Special):
            path = value.type_path()
            return Library(path) if path else Unknown("the class of this object is not followed", None)
        if isinstance(value, (FunctionValue, Bound, Native)):
            return Library("types.FunctionType")
        if isinstance(value, (ClassValue, Library)):
            return Library("builtins.type")
        return Library(f"builtins.{type(value).__name__}")

    def is_instance(self, value: Any, cls: Any, spot: Spot) -> Any:
        """Returns ``isinstance(value, cls)``."""
        if isinstance(cls, (tuple, list)):
            answers = [self.is_instance(value, part, spot) for part in cls]
            return True if True in answers else first_unknown(answers) or False
        if isinstance(value, Unknown) or isinstance(cls, Unknown):
            unknown = value if isinstance(value, Unknown) else cls
            return Unknown(unknown.reason, unknown.spot)
        own = self.type_of(value)
        if isinstance(own, Unknown) or self.is_subclass(own, cls):
            return own if isinstance(own, Unknown) else True
        # A TrackedList is also a list.
        kind = next((kind for kind in (list, tuple, dict, set, str) if isinstance(value, kind)), None)
        return kind is not None and self.is_subclass(Library(f"builtins.{kind.__name__}"), cls)

    def is_subclass(self, cls: Any, other: Any) -> bool:
        """Returns ``issubclass(cls, other)``."""
        order = cls.order if isinstance(cls, ClassValue) else (cls,)
        for base in order:
            if base is other:
                return True
            if isinstance(base, Library) and isinstance(other, Library) and self.library_extends(base.path, other.path):
                return True
        return False

    # Defined by the subclasses
    # ------------------------------------------------------------------------------------------

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot, env: Any = None) -> Any:
        """Returns the result of a call."""
        raise NotImplementedError

    def call_unknown(self, function: Any, unknown: Unknown, spot: Spot) -> Any:
        """Returns the result of a call such as ``f(**unknown)``, whose arguments have unknown names."""
        raise NotImplementedError

    def assign(self, target: Any, value: Any, env: Any) -> None:
        """Assigns a value to a target."""
        raise NotImplementedError

    def yielded(self, value: Any, spot: Spot) -> None:
        """Adds a value to the running generator."""
        raise NotImplementedError

    def super_of(self, env: Any, spot: Spot) -> Any:
        """Returns the value of ``super()`` in a method."""
        raise NotImplementedError

    def missing_name(self, name: str, spot: Spot) -> Any:
        """Returns the value of a name that is not defined."""
        raise NotImplementedError

    def number_attribute(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns an attribute that numbers of NumPy have and numbers of Python lack. MISSING for other names."""
        raise NotImplementedError

    def reshaped(self, value: Unknown, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of ``unknown.reshape(…)``. Its shape can be known."""
        raise NotImplementedError

    def library_member(self, library: Library, name: str, spot: Spot) -> Any:
        """Returns ``library.name``: a member of a module or a class of a library."""
        raise NotImplementedError

    def library_class_attribute(self, cls: ClassValue, name: str, spot: Spot) -> Any:
        """Returns a class attribute that a class of the program inherits from a library."""
        raise NotImplementedError

    def library_method(self, base: Library, receiver: Any, name: str, spot: Spot) -> Any:
        """Returns a method that an object of the program inherits from a library. MISSING if there is none."""
        raise NotImplementedError

    def library_extends(self, path: str, other: str) -> bool:
        """Returns True if ``issubclass(path, other)`` is true for these two classes of libraries."""
        raise NotImplementedError


def set_directly(value: Any, name: str, new: Any) -> None:
    """Sets an attribute of an object, as ``object.__setattr__`` does."""
    if isinstance(value, Instance):
        value.attributes[name] = new


_PLAIN_BASES = ("enum.IntEnum", "enum.StrEnum", "enum.IntFlag", "builtins.int", "builtins.str", "builtins.float")


def plain_member(value: Any) -> Any:
    """Converts a member of an IntEnum or StrEnum to its number or text. Returns any other value unchanged."""
    if isinstance(value, Instance) and value.cls.kind == "enum":
        paths = [base.path for base in value.cls.order if isinstance(base, Library)]
        if any(path in _PLAIN_BASES for path in paths):
            return value.attributes.get("value")
    return value


def _is_hashable(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_hashable, value))
    return not isinstance(value, (list, dict, set, Unknown))


def _is_plain(value: Any) -> bool:
    """Returns True if a value has a type of Python, such as int or list, and so have all values in it."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return isinstance(value, (str, bytes, int, float, complex, bool, type(None), range))


def _set_order(value: Any) -> tuple[str, Any]:
    """Returns a sort key, so that sets always have the same order."""
    return (type(value).__name__, value if isinstance(value, (int, float, str, bytes)) else str(value))


def _has_long_number(text: str) -> bool:
    """Returns True if a format contains a number of more than four digits. As a width, it would need much memory."""
    digits = 0
    for character in text:
        digits = digits + 1 if character.isdigit() else 0
        if digits > 4:
            return True
    return False


def _is_too_large(symbol: str, left: Any, right: Any) -> bool:
    if symbol == "*":
        for value, count in ((left, right), (right, left)):
            if (
                isinstance(value, (str, bytes, list, tuple))
                and isinstance(count, int)
                and len(value) * count > MAX_ELEMENTS
            ):
                return True
    if symbol in ("**", "<<") and isinstance(left, int) and isinstance(right, int):
        return right > MAX_BITS or (symbol == "**" and left.bit_length() * right > MAX_BITS)
    if symbol == "+" and isinstance(left, (str, bytes, list, tuple)) and isinstance(right, (str, bytes, list, tuple)):
        return len(left) + len(right) > MAX_ELEMENTS
    return False


_NOWHERE = Spot(Source("", ""), 1, 0)

__all__ = ["MAX_DEPTH", "MAX_ELEMENTS", "Objects"]
