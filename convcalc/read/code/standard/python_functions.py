"""The built-in functions of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convcalc.read.code.language.attributes import set_directly
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Generator,
    Instance,
    Library,
    Native,
    Special,
    Spot,
    Super,
    Unknown,
    UnknownElements,
    UnknownNumber,
    Wrapped,
    first_unknown,
    unknown_result,
)
from convcalc.read.code.libraries import function


@function("builtins.len")
def _len(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.length(args[0], spot)


@function("builtins.range")
def _range(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if (unknown := first_unknown(args)) is not None:
        return Unknown(unknown.reason, unknown.spot)
    return run.guarded(lambda: range(*args), spot)


@function("builtins.enumerate")
def _enumerate(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[0], spot)
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    if isinstance(elements, UnknownElements):
        number = UnknownNumber(elements.reason, elements.spot)
        return UnknownElements(elements.reason, elements.spot, (number, elements.element))
    if isinstance(elements, Unknown) or not isinstance(start, int):
        return elements if isinstance(elements, Unknown) else run.unknown("the start is unknown", spot)
    return [(start + at, element) for at, element in enumerate(elements)]


@function("builtins.zip")
def _zip(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    found = [run.some_elements(arg, spot) for arg in args]
    parts = [part for part, _ in found]
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    if unknown is not None:
        return unknown
    rows = [tuple(row) for row in zip(*parts)]
    if found and all(is_endless or len(part) > len(rows) for part, is_endless in found):
        return Generator(lambda: rows, is_endless=True)
    return rows


@function("builtins.map")
def _map(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    parts = [run.iterate(arg, spot) for arg in args[1:]]
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    return [run.call(args[0], list(row), {}, spot) for row in zip(*parts)] if unknown is None else unknown


@function("builtins.filter")
def _filter(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[1], spot)
    if isinstance(elements, Unknown):
        return elements
    tests = [run.truth(element if args[0] is None else run.call(args[0], [element], {}, spot)) for element in elements]
    unknown = first_unknown(tests)
    return [element for element, test in zip(elements, tests) if test] if unknown is None else unknown


@function("builtins.reversed")
def _reversed(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[0], spot)
    return elements if isinstance(elements, Unknown) else elements[::-1]


@function("builtins.sorted")
def _sorted(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.sorted(args[0], kwargs, spot)


@function("builtins.sum")
def _sum(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[0], spot)
    if isinstance(elements, Unknown):
        return elements
    total = args[1] if len(args) > 1 else kwargs.get("start", 0)
    for element in elements:
        total = run.binary("+", total, element, spot)
    return total


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        elements = run.iterate(args[0], spot) if len(args) == 1 else args
        if isinstance(elements, Unknown):
            return elements
        keys = [run.call(kwargs["key"], [element], {}, spot) for element in elements] if "key" in kwargs else elements
        if (unknown := first_unknown(keys)) is not None:
            return Unknown(unknown.reason, unknown.spot)
        if not elements:
            if "default" in kwargs:
                return kwargs["default"]
            raise run.error("ValueError", "there are no values", spot)
        if any(isinstance(key, Special) for key in keys):
            return run.unknown("this comparison is not supported", spot)
        return run.guarded(lambda: elements[choose(range(len(keys)), key=keys.__getitem__)], spot)

    return run_it


function("builtins.min")(_extreme(min))
function("builtins.max")(_extreme(max))


def _tests(choose: Callable[..., bool], decisive: bool) -> Callable[..., Any]:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        elements = run.iterate(args[0], spot)
        if isinstance(elements, Unknown):
            return elements
        tests = [run.truth(element) for element in elements]
        if decisive in tests:
            return decisive
        return first_unknown(tests) or choose(tests)

    return run_it


function("builtins.all")(_tests(all, False))
function("builtins.any")(_tests(any, True))


def _container(kind: type) -> Callable[..., Any]:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        if not args:
            return kind()
        elements = run.iterate(args[0], spot)
        return elements if isinstance(elements, Unknown) else run.guarded(lambda: kind(elements), spot)

    return run_it


function("builtins.list")(_container(list))
function("builtins.tuple")(_container(tuple))


@function("builtins.iter")
def _iter(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if isinstance(args[0], Special) and run.attribute_or_missing(args[0], "__next__", spot) is not MISSING:
        return args[0]
    if isinstance(args[0], (Generator, Unknown)) or len(args) > 1:
        return args[0] if len(args) == 1 else run.unknown("this iterator is not supported", spot)
    elements = run.iterate(args[0], spot)
    return elements if isinstance(elements, Unknown) else Generator(lambda: elements)


@function("builtins.frozenset")
def _frozenset(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    result = run.set_of(run.iterate(args[0], spot) if args else [], spot)
    return result if isinstance(result, Unknown) else frozenset(result)


@function("builtins.dict.fromkeys")
def _fromkeys(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    keys = run.iterate(args[0], spot)
    if isinstance(keys, Unknown):
        return keys
    return {run.key(key, spot): args[1] if len(args) > 1 else None for key in keys}


@function("builtins.object.__setattr__")
def _set_directly(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    set_directly(*args)


@function("builtins.set")
def _set(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    classes = getattr(args[0], "classes", None) if args and isinstance(args[0], Special) else None
    if isinstance(classes, int):  # an array of labels
        return set(range(classes))
    elements = run.iterate(args[0], spot) if args else []
    return elements if isinstance(elements, Unknown) else run.set_of(elements, spot)


@function("builtins.dict", "collections.OrderedDict")
def _dict(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    result: dict[Any, Any] = {}
    if args:
        if isinstance(args[0], dict):
            result.update(args[0])
        else:
            is_table = isinstance(args[0], Special) and args[0].type_path() == "pandas.DataFrame"
            source = run.call(run.attribute(args[0], "items", spot), [], {}, spot) if is_table else args[0]
            pairs = run.iterate(source, spot)
            if isinstance(pairs, Unknown):
                return pairs
            for pair in pairs:
                key, value = run.iterate(pair, spot)
                result[run.key(key, spot)] = value
    return {**result, **kwargs}


@function("builtins.int")
def _int(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if not args:
        return 0
    value = args[0]
    if isinstance(value, Unknown):
        return UnknownNumber(value.reason, value.spot)
    if isinstance(value, Special):
        return UnknownNumber("the value of this object is unknown", spot)
    if isinstance(value, (str, bytes)) and len(value) > 300:
        return run.unknown("the number is too long", spot)
    return run.guarded(lambda: int(value, *args[1:], **kwargs), spot)


@function("builtins.float")
def _float(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else 0.0
    if isinstance(value, Unknown):
        return UnknownNumber(value.reason, value.spot)
    if isinstance(value, Special):
        return UnknownNumber("the value of this object is unknown", spot)
    return run.guarded(lambda: float(value), spot)


@function("builtins.bool")
def _bool(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.truth(args[0]) if args else False


@function("builtins.repr")
def _repr(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if (unknown := first_unknown(args)) is not None:
        return Unknown(unknown.reason, unknown.spot)
    text = run.text_of(args[0], is_repr=True)
    return run.unknown("`repr()` of this object is not supported", spot) if text is None else text


@function("builtins.format")
def _format(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if (unknown := first_unknown(args)) is not None:
        return Unknown(unknown.reason, unknown.spot)
    return run.formatted(args[0], args[1] if len(args) > 1 else "", -1, spot)


@function("builtins.str")
def _str(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else ""
    if (unknown := first_unknown(value)) is not None:
        return Unknown(unknown.reason, unknown.spot)
    text = run.text_of(value)
    return run.unknown("`str()` of this object is not supported", spot) if text is None else text


@function("builtins.abs")
def _abs(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.unary("abs", args[0], spot)


@function("builtins.round")
def _round(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return call_plain(run, round, args, kwargs, spot)


@function("builtins.divmod")
def _divmod(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return call_plain(run, divmod, args, kwargs, spot)


@function("builtins.pow", "math.pow")
def _pow(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if len(args) > 2:
        return call_plain(run, pow, args, kwargs, spot)
    return run.binary("**", args[0], args[1], spot)


def _of_python(python: Callable[..., Any]) -> Callable[..., Any]:
    return lambda run, args, kwargs, spot: call_plain(run, python, args, kwargs, spot)


for _python in (chr, ord, bin, hex, complex, ascii):
    function(f"builtins.{_python.__name__}")(_of_python(_python))


def call_plain(run: Any, python: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Calls a Python function. All arguments must be plain Python values; otherwise the result is unknown."""
    if (unknown := first_unknown((args, kwargs))) is not None:
        return unknown_result([*args, *kwargs.values()], unknown)
    if any(isinstance(value, (Special, Instance)) for value in [*args, *kwargs.values()]):
        return run.unknown("this call is not supported", spot)
    return run.guarded(lambda: python(*args, **kwargs), spot)


@function("builtins.isinstance")
def _isinstance(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.is_instance(args[0], args[1], spot)


@function("builtins.issubclass")
def _issubclass(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.is_subclass(args[0], args[1])


@function("builtins.type")
def _type(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.type_of(args[0])


@function("builtins.callable")
def _callable(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0]
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Instance):
        return value.cls.find("__call__") is not MISSING
    return isinstance(value, (FunctionValue, Bound, Native, ClassValue, Library, Wrapped, Special))


@function("builtins.getattr")
def _getattr(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if isinstance(args[1], Unknown):
        return args[1]
    value = run.attribute_or_missing(args[0], args[1], spot)
    if value is MISSING:
        return args[2] if len(args) > 2 else run.attribute(args[0], args[1], spot)
    return value


@function("builtins.hasattr")
def _hasattr(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if isinstance(args[0], Unknown):
        return args[0]
    return run.attribute_or_missing(args[0], args[1], spot) is not MISSING


@function("builtins.setattr")
def _setattr(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if isinstance(args[1], str):
        run.set_attribute(args[0], args[1], args[2], spot)


@function("builtins.vars")
def _vars(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = run.attribute_or_missing(args[0], "__dict__", spot) if args else MISSING
    return run.unknown("`vars()` of this object is not supported", spot) if value is MISSING else value


@function("builtins.id")
def _id(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return id(args[0])


@function("builtins.print")
def _print(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return None


@function("builtins.next")
def _next(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if isinstance(args[0], Special) and (method := run.attribute_or_missing(args[0], "__next__", spot)) is not MISSING:
        return run.call(method, [], {}, spot)
    if isinstance(args[0], Instance) and (method := args[0].cls.find("__next__")) is not MISSING:
        return run.call(Bound(method, args[0]), [], {}, spot)
    elements = run.started(args[0]) if isinstance(args[0], Generator) else run.iterate(args[0], spot)
    if isinstance(elements, Unknown):
        return elements
    if isinstance(args[0], Generator):
        run.change(args[0])
        if (doubt := run.doubtful(args[0])) is not None:
            return doubt
    if not elements:
        if isinstance(args[0], Generator) and args[0].is_endless:
            return run.unknown("the generator yields too many values", spot)
        if len(args) > 1:
            return args[1]
        raise run.error("StopIteration", "there are no more values", spot)
    if isinstance(args[0], Generator):
        return elements.pop(0)
    if isinstance(args[0], list):  # the interpreter represents some iterators, such as `map(…)`, as lists
        return args[0].pop(0)
    return elements[0]


@function("builtins.slice")
def _slice(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return slice(*args)


@function("builtins.property")
def _property(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Wrapped(
        "property", args[0] if args else kwargs.get("fget"), args[1] if len(args) > 1 else kwargs.get("fset")
    )


@function("builtins.staticmethod", "builtins.classmethod")
def _static(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Wrapped("staticmethod", args[0])


@function("builtins.super")
def _super(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if len(args) == 2 and isinstance(args[0], ClassValue):
        return Super(args[0], args[1])
    return run.unknown("this `super(…)` is not supported", spot)


@function("builtins.object")
def _object(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Instance(ClassValue("object", (), {}, None))
