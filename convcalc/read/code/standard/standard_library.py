"""The modules ``functools``, ``collections``, ``copy``, ``dataclasses``, ``json`` and others of the standard library."""

from __future__ import annotations

import collections
import json
import string
from collections.abc import Callable, Iterable
from typing import Any

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Instance,
    LibraryObject,
    Native,
    Special,
    Spot,
    Unknown,
    first_unknown,
    is_known,
)
from convcalc.read.code.libraries import CONSTANTS, function

CONSTANTS.update(
    {f"string.{name}": getattr(string, name) for name in (
        "ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "octdigits", "punctuation", "printable", "whitespace",
    )}
)  # fmt: skip
CONSTANTS["typing.TYPE_CHECKING"] = False
MAX_JSON = 1_000_000  # the maximum length of a JSON text that is read


# functools ------------------------------------------------------------------------------------------------------------


@function("functools.partial")
def _partial(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    target, *first = args
    return Native(
        "partial",
        lambda run, more, options, at: run.call(target, [*first, *more], {**kwargs, **options}, at),
    )


@function("functools.reduce")
def _reduce(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[1], spot)
    if isinstance(elements, Unknown):
        return elements
    values = [*args[2:3], *elements]
    if not values:
        raise run.error("TypeError", "reduce() of empty iterable with no initial value", spot)
    result = values[0]
    for value in values[1:]:
        result = run.call(args[0], [result, value], {}, spot)
    return result


@function(
    "functools.lru_cache", "functools.cache", "functools.wraps", "functools.total_ordering", "functools.singledispatch"
)
def _unchanged(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Native("decorator", lambda run, values, options, at: values[0] if values else None)


# collections ----------------------------------------------------------------------------------------------------------


class DefaultDict(dict):  # type: ignore[type-arg]  # a dict of any values
    """A ``defaultdict``. ``make`` returns the default value: it calls the function that the program gives."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any] | None, values: Any = ()) -> None:
        super().__init__(values)
        self.make = make

    def __missing__(self, key: Any) -> Any:
        if self.make is None:
            raise KeyError(key)
        value = self[key] = self.make()
        return value


class DequeList(list):  # type: ignore[type-arg]  # a list of any values
    """A ``deque`` without a maximum length."""

    __slots__ = ()

    def popleft(self) -> Any:
        """Removes the first element."""
        return self.pop(0)

    def appendleft(self, value: Any) -> None:
        """Adds an element at the start."""
        self.insert(0, value)

    def extendleft(self, values: Iterable[Any]) -> None:
        """Adds elements at the start, one after the other."""
        for value in values:
            self.insert(0, value)

    def rotate(self, count: int = 1) -> None:
        """Moves the last ``count`` elements to the start."""
        if self:
            count %= len(self)
            self[:] = self[len(self) - count :] + self[: len(self) - count]


@function("collections.defaultdict")
def _defaultdict(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    factory = args[0] if args else None
    values = run.call_library("builtins.dict", args[1:], kwargs, spot)
    if isinstance(values, Unknown):
        return values
    return DefaultDict(None if factory is None else lambda: run.call(factory, [], {}, spot), values)


@function("collections.deque")
def _deque(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if len(args) > 1 or kwargs.get("maxlen") is not None:
        return run.unknown("a `deque` with a maximum length is not supported", spot)
    elements = run.iterate(args[0], spot) if args else []
    return elements if isinstance(elements, Unknown) else DequeList(elements)


@function("collections.Counter")
def _counter(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if args and isinstance(args[0], dict):
        return collections.Counter(args[0]) if is_known(args[0]) else first_unknown(args[0])
    elements = run.iterate(args[0], spot) if args else []
    if (unknown := first_unknown(elements)) is not None:
        return unknown
    if any(isinstance(element, Special) for element in elements):
        return run.unknown("this `Counter` is not supported", spot)
    return run.guarded(lambda: collections.Counter(elements), spot)


@function("collections.namedtuple")
def _namedtuple(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    names = args[1] if len(args) > 1 else kwargs.get("field_names")
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    if not isinstance(names, (list, tuple)) or first_unknown(names) is not None or not isinstance(args[0], str):
        return run.unknown("the fields of this named tuple are unknown", spot)
    defaults = kwargs.get("defaults") or ()
    cls = ClassValue(args[0], (), {}, spot)
    cls.kind = "namedtuple"
    first = len(names) - len(defaults)
    cls.fields = {name: defaults[at - first] if at >= first else MISSING for at, name in enumerate(names)}
    cls.attributes.update(_fields=tuple(names), _asdict=_AS_DICT, _replace=_REPLACE)
    return cls


def _as_dict(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return dict(args[0].attributes)


def _replaced(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    copy = Instance(args[0].cls)
    copy.attributes.update(args[0].attributes)
    copy.attributes.update(kwargs)
    return copy


_AS_DICT, _REPLACE = Native("_asdict", _as_dict), Native("_replace", _replaced)


# Objects with attributes ----------------------------------------------------------------------------------------------


def namespace(name: str, values: dict[str, Any]) -> Instance:
    """Returns an object with these attributes."""
    made = Instance(ClassValue(name, (), {}, None))
    made.attributes = values
    return made


@function("inspect.signature", "inspect.getfullargspec", "inspect.getargspec")
def _signature(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the parameters of a function. The ``call`` of every Keras layer counts as ``call(inputs, training)``."""
    value, skipped = args[0], 0
    if isinstance(value, Bound):
        value, skipped = value.function, 1
    if isinstance(value, Native) and value.name in ("call", "__call__"):
        names = ["inputs", "training"]
    elif isinstance(value, FunctionValue):
        signature = value.node.args
        names = [part.arg for part in (*signature.posonlyargs, *signature.args, *signature.kwonlyargs)][skipped:]
    else:
        return run.unknown("the parameters of this function are not supported", spot)
    return namespace("Signature", {"parameters": dict.fromkeys(names), "args": names})


@function("types.SimpleNamespace", "argparse.Namespace")
def _namespace(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return namespace("Namespace", dict(kwargs))


@function(
    "easydict.EasyDict",
    "ml_collections.ConfigDict",
    "ml_collections.config_dict.ConfigDict",
    "addict.Dict",
    "munch.Munch",
)
def _attribute_dict(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    values = run.call_library("builtins.dict", args, kwargs, spot)
    return values if isinstance(values, Unknown) else _with_attributes(values)


def _with_attributes(values: dict[Any, Any]) -> Instance:
    made = namespace(
        "Config", {key: _with_attributes(value) if isinstance(value, dict) else value for key, value in values.items()}
    )
    made.items = made.attributes
    return made


# dataclasses and enum -------------------------------------------------------------------------------------------------


def _by_name(path: str) -> Any:
    return lambda run, args, kwargs, spot: LibraryObject(path, tuple(args), kwargs)


for _path in ("dataclasses.field", "enum.auto"):
    function(_path)(_by_name(_path))


@function("dataclasses.asdict")
def _asdict(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _plain_fields(args[0])


def _plain_fields(value: Any) -> Any:
    if isinstance(value, Instance) and value.cls.kind == "dataclass":
        return {name: _plain_fields(value.attributes.get(name)) for name in value.cls.fields}
    if isinstance(value, dict):
        return {key: _plain_fields(part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain_fields(part) for part in value)
    return value


@function("dataclasses.astuple")
def _astuple(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return tuple(args[0].attributes[name] for name in args[0].cls.fields)


@function("dataclasses.replace")
def _replace(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _replaced(run, args, kwargs, spot)


@function("dataclasses.fields")
def _fields(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    cls = args[0].cls if isinstance(args[0], Instance) else args[0]
    return tuple(namespace("Field", {"name": name, "default": default}) for name, default in cls.fields.items())


# copy and json --------------------------------------------------------------------------------------------------------


@function("copy.copy")
def _copy(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0]
    if (doubt := run.doubtful(value)) is not None:
        return doubt
    if isinstance(value, Instance):
        return _replaced(run, [value], {}, spot)
    if isinstance(value, (list, dict, set)):
        return value.copy()
    return _copied_special(run, value, spot)


def _copied_special(run: Any, value: Any, spot: Spot) -> Any:
    if isinstance(value, Array):
        return run.call_library("numpy.copy", [value], {}, spot)
    if isinstance(value, Special) and not isinstance(value, LibraryObject):
        return run.unknown("a copy of this object is not supported", spot)
    return value


@function("copy.deepcopy")
def _deepcopy(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _deep(run, args[0], {}, spot)


def _deep(run: Any, value: Any, copies: dict[int, Any], spot: Spot) -> Any:
    if id(value) in copies:
        return copies[id(value)]
    if (doubt := run.doubtful(value)) is not None:
        return doubt
    run.steps += 1
    if isinstance(value, Instance):
        copy = copies[id(value)] = Instance(value.cls)
        copy.attributes = _deep(run, value.attributes, copies, spot)
        copy.items = _deep(run, value.items, copies, spot)
        return copy
    if isinstance(value, (list, dict)):
        made: Any = value.copy()
        copies[id(value)] = made
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            made[key] = _deep(run, part, copies, spot)
        return made
    if type(value) is tuple:
        copies[id(value)] = tuple(_deep(run, part, copies, spot) for part in value)
        return copies[id(value)]
    if isinstance(value, set):
        return set(value)
    return value if isinstance(value, Bound) else _copied_special(run, value, spot)


@function("json.loads")
def _loads(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    text = args[0]
    if isinstance(text, Unknown):
        return Unknown(text.reason, text.spot)
    if not isinstance(text, str) or len(text) > MAX_JSON:
        return run.unknown("this JSON text is not read", spot)
    return run.guarded(lambda: json.loads(text), spot)


@function("json.dumps")
def _dumps(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if (unknown := first_unknown(args[0])) is not None:
        return Unknown(unknown.reason, unknown.spot)
    try:
        return json.dumps(args[0], indent=kwargs.get("indent"), sort_keys=kwargs.get("sort_keys") is True)
    except (TypeError, ValueError):
        return run.unknown("the JSON text of this object is not supported", spot)


# typing ---------------------------------------------------------------------------------------------------------------


@function("typing.cast")
def _cast(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return args[1]


@function("typing.NewType")
def _new_type(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Native("NewType", lambda run, values, options, at: values[0])
