"""Numbers and sequences of the standard library: ``math``, ``itertools``, ``operator``, ``random`` and ``time``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from convcalc.read.code.language.limits import MAX_ELEMENTS, MAX_ENDLESS
from convcalc.read.code.language.values import Generator, Native, Spot, Unknown, UnknownNumber, first_unknown
from convcalc.read.code.libraries import CONSTANTS, function
from convcalc.read.code.standard.python_functions import call_plain

CONSTANTS.update(
    {"math.pi": math.pi, "math.e": math.e, "math.inf": math.inf, "math.nan": math.nan, "math.tau": math.tau}
)
_LARGEST = 300  # the largest argument of ``math.factorial`` and similar functions


def _of_math(name: str) -> Any:
    python: Callable[..., Any] = getattr(math, name)
    return lambda run, args, kwargs, spot: call_plain(run, python, args, kwargs, spot)


for _name in (
    "sqrt", "ceil", "floor", "trunc", "log", "log2", "log10", "log1p", "exp", "expm1", "fabs", "fmod", "gcd", "lcm", "isclose", "isnan",
    "isinf", "isfinite", "isqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "hypot", "degrees",
    "radians", "copysign", "modf", "erf", "gamma",
):  # fmt: skip
    function(f"math.{_name}")(_of_math(_name))


def _limited(name: str) -> Any:
    python: Callable[..., Any] = getattr(math, name)

    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        if any(isinstance(value, int) and value > _LARGEST for value in args):
            return UnknownNumber("the number is too large to compute", spot)
        return call_plain(run, python, args, kwargs, spot)

    return run_it


for _name in ("factorial", "comb", "perm"):
    function(f"math.{_name}")(_limited(_name))


@function("math.prod")
def _prod(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[0], spot)
    if isinstance(elements, Unknown):
        return UnknownNumber(elements.reason, elements.spot)
    total = kwargs.get("start", 1)
    for element in elements:
        total = run.binary("*", total, element, spot)
    return total


@function("math.fsum")
def _fsum(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return call_plain(run, math.fsum, [run.iterate(args[0], spot)], {}, spot)


# itertools ------------------------------------------------------------------------------------------------------------


def _listed(python: Callable[..., Any], count: Callable[..., int]) -> Any:
    """Returns a version of a Python iterator that returns a list. ``count`` computes the length of the list."""

    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        values = [arg if isinstance(arg, (int, type(None))) else run.iterate(arg, spot) for arg in args]
        if (unknown := next((value for value in values if isinstance(value, Unknown)), None)) is not None:
            return unknown
        if any(isinstance(value, int) and abs(value) > MAX_ELEMENTS for value in [*values, *kwargs.values()]):
            return run.unknown("the sequence is too long to compute", spot)
        if run.guarded(lambda: count(*values, **kwargs), spot) > MAX_ELEMENTS:
            return run.unknown("the sequence is too long to compute", spot)
        return run.guarded(lambda: list(python(*values, **kwargs)), spot)

    return run_it


def _product_count(*values: Any, repeat: int = 1) -> int:
    count = math.prod(map(len, values))
    return MAX_ELEMENTS + 1 if repeat > 64 and count > 1 else count**repeat


def _ways(values: Any, length: int | None = None) -> int:
    size = len(values)
    return MAX_ELEMENTS + 1 if size > _LARGEST else math.perm(size, min(size, size if length is None else length))


def _total(*values: Any, **options: Any) -> int:
    return sum(len(value) if isinstance(value, list) else 1 for value in values)


_ITERATORS: dict[str, tuple[Callable[..., Any], Callable[..., int]]] = {
    "product": (itertools.product, _product_count),
    "chain": (itertools.chain, _total),
    "zip_longest": (itertools.zip_longest, _total),
    "combinations": (itertools.combinations, _ways),
    "permutations": (itertools.permutations, _ways),
    "combinations_with_replacement": (
        itertools.combinations_with_replacement,
        lambda values, length: _product_count(values, repeat=length),
    ),
    "pairwise": (itertools.pairwise, _total),
    "compress": (itertools.compress, _total),
    "tee": (
        lambda values, count=2: tuple(list(values) for _ in range(count)),
        lambda values, count=2: len(values) * count,
    ),
}
for _name, (_python, _count) in _ITERATORS.items():
    function(f"itertools.{_name}")(_listed(_python, _count))


@function("itertools.chain.from_iterable")
def _chained(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    parts = run.iterate(args[0], spot)
    if isinstance(parts, Unknown):
        return parts
    lists = [run.iterate(part, spot) for part in parts]
    unknown = next((part for part in lists if isinstance(part, Unknown)), None)
    return [element for part in lists for element in part] if unknown is None else unknown


@function("itertools.repeat")
def _repeat(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    count = args[1] if len(args) > 1 else kwargs.get("times")
    if not isinstance(count, int) or count > MAX_ELEMENTS:
        return run.unknown("an endless sequence is not supported", spot)
    return [args[0]] * count


@function("itertools.count")
def _count_from(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    start = args[0] if args else kwargs.get("start", 0)
    step = args[1] if len(args) > 1 else kwargs.get("step", 1)
    values = [start]
    for _ in range(MAX_ENDLESS - 1):
        values.append(run.binary("+", values[-1], step, spot))
    return Generator(lambda: values, is_endless=True)


@function("itertools.cycle")
def _cycle(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[0], spot)
    if isinstance(elements, Unknown) or not elements:
        return elements
    values = [elements[number % len(elements)] for number in range(MAX_ENDLESS)]
    return Generator(lambda: values, is_endless=True)


@function("itertools.islice")
def _islice(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements, is_endless = run.some_elements(args[0], spot)
    unknown = elements if isinstance(elements, Unknown) else first_unknown(args[1:])
    if unknown is not None:
        return unknown
    stop = slice(*args[1:]).stop
    if is_endless and (stop is None or stop > len(elements)):
        return run.unknown("the iterator does not end", spot)
    return list(itertools.islice(elements, *args[1:]))


@function("itertools.takewhile")
def _takewhile(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements, is_endless = run.some_elements(args[1], spot)
    if isinstance(elements, Unknown):
        return elements
    result: list[Any] = []
    for element in elements:
        truth = run.truth(run.call(args[0], [element], {}, spot))
        if isinstance(truth, Unknown):
            return truth
        if not truth:
            return result
        result.append(element)
    return run.unknown("the iterator does not end", spot) if is_endless else result


@function("itertools.accumulate")
def _accumulate(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[0], spot)
    if isinstance(elements, Unknown):
        return elements
    step = args[1] if len(args) > 1 else kwargs.get("func")
    results = [] if kwargs.get("initial") is None else [kwargs["initial"]]
    for element in elements:
        if not results:
            results.append(element)
        elif step is None:
            results.append(run.binary("+", results[-1], element, spot))
        else:
            results.append(run.call(step, [results[-1], element], {}, spot))
    return results


@function("itertools.starmap")
def _starmap(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    rows = run.iterate(args[1], spot)
    if isinstance(rows, Unknown):
        return rows
    return [run.call(args[0], list(row), {}, spot) for row in rows if isinstance(row, (list, tuple))]


@function("itertools.groupby")
def _groupby(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    elements = run.iterate(args[0], spot)
    if isinstance(elements, Unknown):
        return elements
    key = args[1] if len(args) > 1 else kwargs.get("key")
    groups: list[tuple[Any, list[Any]]] = []
    for element in elements:
        value = element if key is None else run.call(key, [element], {}, spot)
        same = run.equal(groups[-1][0], value) if groups else False
        if isinstance(same, Unknown):
            return same
        if same:
            groups[-1][1].append(element)
        else:
            groups.append((value, [element]))
    return groups


# operator -------------------------------------------------------------------------------------------------------------

_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@", "and_": "&", "or_": "|",
    "xor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
for _name, _symbol in _SYMBOLS.items():
    function(f"operator.{_name}")(
        lambda run, args, kwargs, spot, symbol=_symbol: run.binary(symbol, args[0], args[1], spot)  # type: ignore[misc]
    )
for _name, _symbol in {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
    function(f"operator.{_name}")(
        lambda run, args, kwargs, spot, symbol=_symbol: run.compare(symbol, args[0], args[1], spot)  # type: ignore[misc]
    )


@function("operator.neg")
def _neg(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.unary("neg", args[0], spot)


@function("operator.itemgetter")
def _itemgetter(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    def get(run: Any, values: list[Any], options: dict[str, Any], at: Spot) -> Any:
        parts = tuple(run.item(values[0], key, at) for key in args)
        return parts if len(parts) > 1 else parts[0]

    return Native("itemgetter", get)


@function("operator.attrgetter")
def _attrgetter(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    def get(run: Any, values: list[Any], options: dict[str, Any], at: Spot) -> Any:
        results = []
        for path in args:
            value = values[0]
            for name in path.split("."):
                value = run.attribute(value, name, at)
            results.append(value)
        return tuple(results) if len(results) > 1 else results[0]

    return Native("attrgetter", get)


# random and time ------------------------------------------------------------------------------------------------------


def _random_number(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return UnknownNumber("a random number is unknown", spot)


function(
    "random.random", "random.randint", "random.uniform", "random.randrange", "random.gauss", "random.normalvariate", "random.betavariate"
)(_random_number)  # fmt: skip


@function("random.seed", "time.sleep")
def _nothing(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return None


@function("random.choice")
def _choice(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.unknown("a random choice is unknown", spot)


@function("random.sample", "random.choices")
def _sample(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    count = args[1] if len(args) > 1 else kwargs.get("k", 1)
    unknown = run.unknown("a random choice is unknown", spot)
    return [unknown] * count if isinstance(count, int) and 0 <= count <= MAX_ELEMENTS else unknown


@function("random.shuffle")
def _shuffle(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    values = args[0]
    if isinstance(values, list) and first_unknown(values) is None:
        values[:] = [run.unknown("the order after `random.shuffle` is unknown", spot)] * len(values)


@function("time.time", "time.perf_counter", "time.monotonic", "time.process_time", "time.time_ns")
def _time(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return UnknownNumber("the time is unknown", spot)


@function("tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm", "tqdm.tqdm_notebook", "tqdm.std.tqdm")
def _tqdm(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return args[0] if args else kwargs.get("iterable")


@function("tqdm.trange", "tqdm.auto.trange", "tqdm.notebook.trange", "tqdm.tnrange")
def _trange(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.call_library("builtins.range", args, {}, spot)
