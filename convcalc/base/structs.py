"""Structs: plain classes with named fields, like dataclasses, but faster to define and to create.

``dataclass`` and ``NamedTuple`` compile source code for every class. For the fifty structs that a command imports, this
would take a tenth of the start-up time. :class:`Struct` copies one of the functions below instead.
"""

from __future__ import annotations

from operator import attrgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_):
        """Returns a decorator that does nothing. Only type checkers need it, and Python 3.10 does not have it."""
        return lambda cls: cls

    # An ``__init__`` for each number of fields. _init_of makes a copy with the names of the fields. Calling the copy is
    # as fast as creating a tuple; a loop over the fields would take five times as long.

    def _init_1(self, a):
        self.a = a

    def _init_2(self, a, b):
        self.a, self.b = a, b

    def _init_3(self, a, b, c):
        self.a, self.b, self.c = a, b, c

    def _init_4(self, a, b, c, d):
        self.a, self.b, self.c, self.d = a, b, c, d

    def _init_5(self, a, b, c, d, e):
        self.a, self.b, self.c, self.d, self.e = a, b, c, d, e

    def _init_6(self, a, b, c, d, e, f):
        self.a, self.b, self.c, self.d, self.e, self.f = a, b, c, d, e, f

    def _init_7(self, a, b, c, d, e, f, g):
        self.a, self.b, self.c, self.d, self.e, self.f, self.g = a, b, c, d, e, f, g

    def _init_8(self, a, b, c, d, e, f, g, h):
        self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h = a, b, c, d, e, f, g, h

    def _init_9(self, a, b, c, d, e, f, g, h, i):
        self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h = a, b, c, d, e, f, g, h
        self.i = i

    def _init_10(self, a, b, c, d, e, f, g, h, i, j):
        self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h = a, b, c, d, e, f, g, h
        self.i, self.j = i, j

    def _init_11(self, a, b, c, d, e, f, g, h, i, j, k):
        self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h = a, b, c, d, e, f, g, h
        self.i, self.j, self.k = i, j, k

    def _init_12(self, a, b, c, d, e, f, g, h, i, j, k, m):
        self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h = a, b, c, d, e, f, g, h
        self.i, self.j, self.k, self.m = i, j, k, m

    def _init_many(self, *args, **kwargs):
        cls = type(self)
        by_position = dict(zip(cls._fields, args))
        values = {**cls._field_defaults, **by_position, **kwargs}
        if (
            len(args) > len(cls._fields)
            or values.keys() != cls._fields.keys()
            or not by_position.keys().isdisjoint(kwargs)
        ):
            raise TypeError(f"{cls.__qualname__}() accepts each of these arguments once: {', '.join(cls._fields)}")
        for field, value in values.items():
            setattr(self, field, value)


def _init_of(cls: _StructType) -> Any:
    """Returns the ``__init__`` of a class: a copy of the function for its number of fields, such as ``_init_3``.

    A class with too many fields gets ``_init_many``.
    """
    template = globals().get(f"_init_{len(cls._fields)}")
    if template is None:
        return globals()["_init_many"]
    names = dict(zip(template.__code__.co_varnames, ("self", *cls._fields)))
    code = template.__code__.replace(
        co_name="__init__",
        co_varnames=tuple(names.values()),
        # Fuzzers and similar tools add names to the bytecode. These names are kept.
        co_names=tuple([names.get(name, name) for name in template.__code__.co_names]),
    )
    init = FunctionType(code, globals(), "__init__", tuple(cls._field_defaults.values()))
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


@dataclass_transform(frozen_default=True)
class _StructType(type):
    """The metaclass of structs: turns annotated names into fields.

    Attributes:
        _fields: the position of each field
        _field_defaults: the default values
        _values: returns the values of an instance as a tuple
    """

    _fields: dict[str, int]
    _field_defaults: dict[str, Any]
    _values: Callable[[Any], tuple[Any, ...]]

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _StructType:
        fields = tuple(body.get("__annotations__", ())) if bases else ()
        defaults = {field: body.pop(field) for field in fields if field in body}
        cls = super().__new__(mcs, name, bases, {**body, "__slots__": fields})
        if fields:
            cls._fields = {field: position for position, field in enumerate(fields)}
            cls._field_defaults = defaults
            # attrgetter returns a plain value for a single field, otherwise a tuple.
            read = attrgetter(*fields)
            cls._values = read if len(fields) > 1 else lambda record: (read(record),)
            type.__setattr__(cls, "__init__", _init_of(cls))
        return cls


class Struct(metaclass=_StructType):
    """The base class of structs. Subclasses annotate their fields; fields with defaults come last.

    Structs are equal if their classes and all values are equal. Fields must not be changed: type checkers reject this.
    A check at runtime would double the time to create a struct.
    """

    def _replace(self, **changes: Any) -> Self:
        """Returns a copy with some fields replaced."""
        cls = type(self)
        values = list(cls._values(self))
        for field, value in changes.items():
            if field not in cls._fields:
                raise TypeError(f"{cls.__qualname__} has no field '{field}'")
            values[cls._fields[field]] = value
        return cls(*values)

    def _asdict(self) -> dict[str, Any]:
        """Returns the values by field name."""
        cls = type(self)
        return dict(zip(cls._fields, cls._values(self)))

    def __eq__(self, other: object) -> bool:
        cls = type(self)
        return cls._values(self) == cls._values(other) if type(other) is cls else NotImplemented

    def __hash__(self) -> int:
        return hash(type(self)._values(self))

    def __repr__(self) -> str:
        return (
            f"{type(self).__qualname__}({', '.join([f'{field}={value!r}' for field, value in self._asdict().items()])})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), type(self)._values(self)
