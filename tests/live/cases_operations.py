"""Generates calls of the operations of ``keras.ops``: the arguments of the operation's class, and the arguments of the
call.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN
from convcalc.model import Call, Layer, Model, Ref, Slot
from convcalc.ops import OPERATIONS, Operation
from tests.helpers.handmade import handmade_layer
from tests.live.cases_operations_math import MATH
from tests.live.cases_operations_more import MORE
from tests.live.tensors import DTYPES, FLOATS, NUMBERS, T, a_like, a_shape, a_tensor, images


class Asked(NamedTuple):
    """A generated call: the operation, the arguments of its constructor, and the arguments of the call."""

    operation: Operation
    made: dict[str, Any]
    call: list[Any]

    def __str__(self) -> str:
        return f"{self.operation.module}.{self.operation.name} {self.made} {self.call}"


def _axis(random: Random, rank: int, several: bool = True) -> Any:
    if random.random() < 0.25:
        return None
    if several and rank and random.random() < 0.3:
        return random.sample(range(rank), random.randint(1, rank))
    return random.randint(-rank, rank - 1) if rank and random.random() < 0.95 else 5


def _second(random: Random, x: T) -> Any:
    if random.random() < 0.2:
        return random.choice([2, 0.5, 3, True])
    return T(a_like(random, x.shape), random.choice(DTYPES))


def _reshape(random: Random) -> tuple[dict[str, Any], list[Any]]:
    x = a_tensor(random, low=1)
    return {"newshape": random.choice([[-1], [2, -1], [-1, 1, 2], [4, 6], [None, 2], list(x.shape)])}, [x]


def _joining(random: Random, axis: int | None) -> list[T]:
    first = a_tensor(random, low=2, high=4)
    at = random.randrange(len(first.shape)) if axis is None else min(axis, len(first.shape) - 1)
    rest = []
    for _ in range(random.randint(0, 2)):
        shape = list(first.shape)
        shape[at] = random.choice([1, 3, None])
        if random.random() < 0.08:
            shape[0] = 9
        rest.append(T(tuple(shape), random.choice([first.dtype, "float32"])))
    return [first, *rest]


def _matrices(random: Random) -> list[T]:
    inner = random.choice([3, 4, None])
    batch = a_shape(random, 0, 2)
    one = T((*batch, random.choice([2, None, 5]), inner), random.choice(NUMBERS))
    other = T(
        (*a_like(random, batch), random.choice([inner, inner, 3]), random.choice([2, None])), random.choice(NUMBERS)
    )
    if random.random() < 0.2:
        one = T((inner,), one.dtype)
    if random.random() < 0.2:
        other = T((inner,), other.dtype)
    return [one, other]


def _key(random: Random, rank: int) -> Any:
    parts: list[Any] = [
        random.choice([0, -1, slice(1, None), slice(None, -1), slice(None, None, 2), slice(None), None, slice(0, 2)])
        for _ in range(random.randint(0, rank))
    ]
    if random.random() < 0.4:
        parts.insert(random.randint(0, len(parts)), ...)
    return tuple(parts) if len(parts) != 1 or random.random() < 0.5 or not isinstance(parts[0], int) else parts[0]


_EQUATIONS = {
    "ab,bc->ac": [(3, 4), (4, 5)],
    "abc,cd->abd": [(None, 3, 4), (4, 5)],
    "bqhd,bkhd->bhqk": [(None, 3, 2, 4), (None, 5, 2, 4)],
    "...a,ab->...b": [(None, 2, 3), (3, 4)],
    "ab->ba": [(3, None)],
    "ab,ab": [(3, 4), (3, 4)],
    "ij,jk": [(3, 4), (4, 5)],
    "i,i->": [(3,), (3,)],
    "abc->a": [(None, 3, 4)],
    "a...,b...->ab...": [(2, 3, 4), (5, 3, 4)],
    "ab,cd->ad": [(3, 4), (4, 5)],
    "ab,bc,cd->ad": [(3, 4), (4, 5), (5, 2)],
}


def _einsum(random: Random) -> tuple[dict[str, Any], list[Any]]:
    equation = random.choice(list(_EQUATIONS))
    return {"subscripts": equation}, [T(shape, random.choice(NUMBERS)) for shape in _EQUATIONS[equation]]


def _convolution(random: Random, kernel: Callable[[int], tuple[int, ...]]) -> tuple[dict[str, Any], list[Any]]:
    rank = random.randint(1, 2)
    channels = random.choice([2, 3])
    x = T((None, *(random.choice([6, 9, None]) for _ in range(rank)), channels), random.choice(["float32", "float16"]))
    made = {"strides": random.choice([1, 2]), "padding": random.choice(["same", "valid"])}
    if made["strides"] == 1 and random.random() < 0.3:
        made["dilation_rate"] = 2
    size = (random.choice([1, 3, 3, 3]) if random.random() < 0.95 else None,) * rank
    return made, [x, T((*size, *kernel(random.choice([channels] * 9 + [4, None]))), x.dtype)]


_POOL = {"pool_size": (2, 2), "data_format": "channels_last"}
SPECIAL: dict[str, Callable[[Random], tuple[dict[str, Any], list[Any]]]] = {
    "Reshape": _reshape,
    "Einsum": _einsum,
    "Matmul": lambda r: ({}, _matrices(r)),
    "Dot": lambda r: ({}, _matrices(r)),
    "Inner": lambda r: (lambda n: ({}, [T((2, n), "float32"), T((3, n), "int32")]))(r.choice([3, 4])),
    "Vdot": lambda r: ({}, [T((4,), r.choice(NUMBERS)), T((4,), r.choice(NUMBERS))]),
    "Outer": lambda r: ({}, [a_tensor(r, low=1, high=2), a_tensor(r, low=1, high=2)]),
    "Tensordot": lambda r: (
        {"axes": r.choice([1, 1, [[1], [0]], [[-1], [0]]])},
        [T((2, 3), r.choice(NUMBERS)), T((3, 5, 4), r.choice(NUMBERS))],
    ),
    "Concatenate": lambda r: (lambda xs: ({"axis": r.randint(-2, 1)}, [xs]))(_joining(r, None)),
    "Append": lambda r: (lambda n: ({"axis": r.choice([None, 0])}, [T((2, n), r.choice(DTYPES)), T((3, n), "int32")]))(
        r.choice([3, 4])
    ),
    "Hstack": lambda r: ({}, [_joining(r, 1)]),
    "Vstack": lambda r: ({}, [_joining(r, 0)]),
    "Dstack": lambda r: ({}, [_joining(r, 2)]),
    "Stack": lambda r: (lambda x: ({"axis": r.randint(-1, 1)}, [[x, T(a_like(r, x.shape), x.dtype)]]))(
        a_tensor(r, low=1)
    ),
    "Meshgrid": lambda r: (
        {"indexing": r.choice(["xy", "ij"])},
        [a_tensor(r, low=1, high=1) for _ in range(r.randint(2, 3))],
    ),
    "Split": lambda r: (
        {"indices_or_sections": r.choice([2, 3, [1, 3]]), "axis": r.randint(-2, 1)},
        [a_tensor(r, low=2)],
    ),
    "ArraySplit": lambda r: ({"indices_or_sections": r.choice([2, 3]), "axis": r.randint(-2, 1)}, [a_tensor(r, low=2)]),
    "Hsplit": lambda r: ({"indices_or_sections": r.choice([2, [1, 3]])}, [a_tensor(r, low=1)]),
    "Vsplit": lambda r: ({"indices_or_sections": r.choice([2, [1, 3]])}, [a_tensor(r, low=2)]),
    "Dsplit": lambda r: ({"indices_or_sections": r.choice([2, [1, 3]])}, [a_tensor(r, low=3)]),
    "Unstack": lambda r: ({"axis": r.randint(-2, 1), **({"num": 3} if r.random() < 0.2 else {})}, [a_tensor(r, low=2)]),
    "GetItem": lambda r: (lambda x: ({}, [x, _key(r, len(x.shape))]))(a_tensor(r, low=1)),
    "Take": lambda r: (
        {"axis": r.choice([None, 0, -1, 1])},
        [a_tensor(r, low=2), r.choice([2, [0, 1], T((3, 2), "int32")])],
    ),
    "TakeAlongAxis": lambda r: (lambda x: ({"axis": r.choice([0, -1])}, [x, T(x.shape, "int32")]))(a_tensor(r, low=1)),
    "ExpandDims": lambda r: ({"axis": r.choice([0, -1, 1, [0, -1], 5])}, [a_tensor(r)]),
    "Squeeze": lambda r: (
        {"axis": r.choice([None, 1, -1, [1]])},
        [T((r.choice([None, 3]), 1, *r.choice([(), (1,), (2,)])), r.choice(DTYPES))],
    ),
    "Transpose": lambda r: (lambda x: ({"axes": r.choice([None, r.sample(range(len(x.shape)), len(x.shape))])}, [x]))(
        a_tensor(r)
    ),
    "Swapaxes": lambda r: ({"axis1": r.choice([0, -1]), "axis2": r.choice([1, -2])}, [a_tensor(r, low=2)]),
    "Moveaxis": lambda r: (lambda n: ({"source": r.choice([0, -1, [0, 1]]), "destination": n}, [a_tensor(r, low=2)]))(
        r.choice([1, -1, [1, 0]])
    ),
    "Flip": lambda r: ({"axis": r.choice([None, 0, -1, 7])}, [a_tensor(r, low=1)]),
    "Roll": lambda r: ({"shift": 1, "axis": r.choice([None, 0])}, [a_tensor(r, low=1)]),
    "Rot90": lambda r: ({"k": 1, "axes": r.choice([(0, 1), (1, 0)])}, [a_tensor(r, low=2)]),
    "BroadcastTo": lambda r: ({"shape": (2, 3, 4)}, [T(a_like(r, (2, 3, 4)), r.choice(DTYPES))]),
    "Repeat": lambda r: ({"repeats": r.choice([2, 3]), "axis": r.choice([None, 0, -1])}, [a_tensor(r, low=1)]),
    "Tile": lambda r: ({"repeats": r.choice([2, [1, 2], [2, 1, 1, 1, 2]])}, [a_tensor(r, low=1)]),
    "Pad": lambda r: ({"pad_width": r.choice([((1, 1),), ((0, 1), (2, 0))])}, [a_tensor(r, low=2, high=3)]),
    "Diff": lambda r: ({"n": r.choice([1, 2]), "axis": r.choice([0, -1])}, [a_tensor(r, low=1)]),
    "Diagonal": lambda r: ({"offset": r.choice([0, 1, -1])}, [a_tensor(r, low=1)]),
    "Trace": lambda r: ({"offset": r.choice([0, 1])}, [a_tensor(r, low=2)]),
    "OneHot": lambda r: ({"num_classes": 4, "axis": r.choice([-1, -1, 0, 6])}, [a_tensor(r, ["int32"])]),
    "Glu": lambda r: ({"axis": r.choice([-1, 0])}, [a_tensor(r, FLOATS, low=1)]),
    "Slice": lambda r: (
        {"shape": (2, -1)},
        [T((r.choice([4, None]), 5), r.choice(DTYPES)), r.choice([[0, 1], T((2,), "int32")])],
    ),
    "SliceUpdate": lambda r: (lambda x: ({}, [x, [0] * len(x.shape), T((1,) * len(x.shape), x.dtype)]))(
        a_tensor(r, low=1)
    ),
    "ScatterUpdate": lambda r: (lambda x: ({}, [x, T((2, 1), "int32"), T((2, *x.shape[1:]), x.dtype)]))(
        a_tensor(r, low=1)
    ),
    "Scatter": lambda r: ({"shape": (4, 5)}, [T((2, 1), "int32"), T((2, 5), r.choice(NUMBERS))]),
    "DepthToSpace": lambda r: (
        {"block_size": 2, "data_format": r.choice(["channels_last", "channels_first"])},
        [T((None, 4, r.choice([4, None]), r.choice([8, 3])), "float32")],
    ),
    "SpaceToDepth": lambda r: (
        {"block_size": 2, "data_format": r.choice(["channels_last", "channels_first"])},
        [T((None, 4, r.choice([4, 5, None]), 8), "float32")],
    ),
    "Digitize": lambda r: ({}, [a_tensor(r, NUMBERS), T((3,), "float32")]),
    "Trapezoid": lambda r: ({"axis": r.choice([-1, 0])}, [a_tensor(r, NUMBERS, low=1)]),
    "Clip": lambda r: ({"x_min": 0, "x_max": 1}, [a_tensor(r)]),
    "Where": lambda r: (lambda x: ({}, [T(a_like(r, x.shape), "bool"), x, _second(r, x)]))(a_tensor(r)),
    "FullLike": lambda r: ({"dtype": r.choice([None, "int32"])}, [a_tensor(r), 2]),
    "Cast": lambda r: ({"dtype": r.choice(DTYPES)}, [a_tensor(r)]),
    "SaturateCast": lambda r: ({"dtype": r.choice(DTYPES)}, [a_tensor(r)]),
    "Threshold": lambda r: ({"threshold": 0.5, "default_value": 0.0}, [a_tensor(r, FLOATS)]),
    "Moments": lambda r: (lambda x: ({"axes": r.choice([[0], [-1]]), "keepdims": r.random() < 0.5}, [x]))(
        a_tensor(r, FLOATS, low=1)
    ),
    "TopK": lambda r: ({"k": 2}, [a_tensor(r, NUMBERS, low=1)]),
    "InTopK": lambda r: ({"k": 2}, [T((4,), "int32"), T((4, 5), "float32")]),
    "Average": lambda r: ({"axis": r.choice([None, 0, -1])}, [a_tensor(r, low=1)]),
    "CountNonzero": lambda r: (lambda x: ({"axis": r.choice([None, [0]])}, [x]))(a_tensor(r, low=1)),
    "Percentile": lambda r: (
        {"axis": r.choice([None, 0]), "keepdims": r.random() < 0.3},
        [a_tensor(r, NUMBERS, low=1), r.choice([50, [20, 80], T((2,), "float32")])],
    ),
    "Quantile": lambda r: (
        {"axis": r.choice([None, 0]), "keepdims": r.random() < 0.3},
        [a_tensor(r, NUMBERS, low=1), r.choice([0.5, [0.2, 0.8], [0.5], T((2,), "float32")])],
    ),
    "MaxPool": lambda r: (
        _POOL | {"strides": r.choice([None, (1, 1), (2, 2)]), "padding": r.choice(["same", "valid"])},
        [images(r)],
    ),
    "AveragePool": lambda r: (
        _POOL | {"strides": r.choice([None, (1, 1), (2, 2)]), "padding": r.choice(["same", "valid"])},
        [images(r)],
    ),
    "AdaptiveMaxPool": lambda r: ({"output_size": (2, 3), "data_format": "channels_last"}, [images(r)]),
    "AdaptiveAveragePool": lambda r: ({"output_size": (2, 3), "data_format": "channels_last"}, [images(r)]),
    "Conv": lambda r: _convolution(r, lambda channels: (channels, 4)),
    "DepthwiseConv": lambda r: _convolution(r, lambda channels: (channels, 2)),
    "ConvTranspose": lambda r: _convolution(r, lambda channels: (4, channels)),
    "DotProductAttention": lambda r: (
        {},
        [T((None, 3, 2, 4), r.choice(FLOATS)), T((None, 5, 2, 4), "float32"), T((None, 5, 2, 4), "float32")],
    ),
    "Resize": lambda r: (
        {"size": (4, 3), "data_format": r.choice(["channels_last", "channels_first"])},
        [images(r, False)],
    ),
    "ExtractPatches": lambda r: (
        {"size": (2, 2), "strides": r.choice([None, 1, (2, 1)]), "padding": r.choice(["same", "valid"])},
        [images(r, False)],
    ),
    "ConvertToTensor": lambda r: ({}, [a_tensor(r)]),
    "StopGradient": lambda r: ({}, [a_tensor(r)]),
    "Bincount": lambda r: ({}, [a_tensor(r, ["int32"], low=1, high=2)]),
    "LayerNorm": lambda r: ({"axis": -1}, [a_tensor(r, FLOATS, low=1), T((4,), "float32"), None]),
    "RMSNorm": lambda r: ({"axis": -1}, [a_tensor(r, FLOATS, low=1), None]),
    "Sparsemax": lambda r: ({"axis": r.choice([-1, 0, 5])}, [a_tensor(r, FLOATS)]),
    "Hypot": lambda r: (lambda x: ({}, [x, T(a_like(r, x.shape), r.choice(NUMBERS))]))(a_tensor(r, NUMBERS)),
    "Heaviside": lambda r: (lambda x: ({}, [x, T(a_like(r, x.shape), r.choice(NUMBERS))]))(a_tensor(r, NUMBERS)),
    "Isclose": lambda r: (lambda x: ({}, [x, T(a_like(r, x.shape), x.dtype)]))(a_tensor(r, FLOATS)),
    **MORE,
    **MATH,
}


def _usual(random: Random, operation: Operation) -> tuple[dict[str, Any], list[Any]]:
    """Returns typical arguments of the operation's constructor, by name, and the tensors of the call."""
    x = a_tensor(
        random, ["int32", "int64", "uint8", "bool"] if "Bit" in operation.name or "Shift" in operation.name else None
    )
    call: list[Any] = [x]
    if operation.parameters[1:2] and operation.parameters[1] in ("x2", "y"):
        call.append(
            _second(random, x) if "Bit" not in operation.name and "Shift" not in operation.name else T(x.shape, x.dtype)
        )
    if operation.module.endswith("image"):
        call = [images(random)]
    made: dict[str, Any] = {}
    several = operation.name not in (
        "Argmax",
        "Argmin",
        "Nanargmax",
        "Nanargmin",
        "Argsort",
        "Sort",
        "Cumsum",
        "Cumprod",
        "Nancumsum",
        "Nancumprod",
        "Sparsemax",
    )
    if "axis" in operation.init_parameters and random.random() < 0.8:
        made["axis"] = _axis(random, len(x.shape), several)
    if "keepdims" in operation.init_parameters and random.random() < 0.5:
        made["keepdims"] = True
    if "dtype" in operation.init_parameters and random.random() < 0.3:
        made["dtype"] = "int32"
    return made, call


def cases(seed: int, count: int) -> list[Asked]:
    """Returns ``count`` calls of each operation."""
    result = []
    for (_, name), operation in sorted(OPERATIONS.items()):
        random = Random(f"{name} {seed}")
        for _ in range(count):
            made, call = SPECIAL[name](random) if name in SPECIAL else _usual(random, operation)
            result.append(Asked(operation, made, call))
    return result


def model_of(asked: Asked, name: str = "made") -> Model:
    """Returns a model with a single operation, which is called with the arguments of the case."""
    layers: list[Layer] = []
    calls: list[Call] = []

    def slotted(value: Any) -> Any:
        if isinstance(value, T):
            batch = {} if value.shape[0] is None else {"batch_size": value.shape[0]}
            shape = tuple(UNKNOWN if size is None else size for size in value.shape[1:])
            layers.append(
                handmade_layer(f"in_{len(layers)}", "InputLayer", {"shape": shape, **batch}, dtype=value.dtype)
            )
            calls.append(Call(len(calls), ()))
            return Slot(len(calls) - 1)
        return [slotted(part) for part in value] if isinstance(value, list) else value

    operation = asked.operation
    given = slotted(asked.call)
    named = {operation.parameters[0]: given} if operation.variadic else dict(zip(operation.parameters, given))
    made = {key: list(value) if isinstance(value, tuple) else value for key, value in asked.made.items()}
    layers.append(Layer(name, operation.name, operation, made))
    inputs = tuple(Ref(number) for number in range(len(calls)))
    calls.append(Call(len(layers) - 1, inputs, args=named))
    return Model("one", "Functional", tuple(layers), tuple(calls), inputs, (Ref(len(calls) - 1),))


def in_a_spec(asked: Asked) -> bool:
    """Returns True if each tensor of the call can be the output of an input layer."""
    waiting, seen = [*asked.call], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, T):
            seen += 1
            if not part.shape:
                return False
        elif isinstance(part, list):
            waiting += part
    return bool(seen)


def automatic_name(asked: Asked) -> str:
    """Returns the name that Keras gives automatically to the first operation of this class in a model."""
    return Names().automatic(asked.operation.name)
