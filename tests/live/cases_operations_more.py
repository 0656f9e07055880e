"""Generates calls of further operations, which create tensors, find elements, compare tensors, or process images."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.live.tensors import DTYPES, FLOATS, NUMBERS, T, a_like, a_shape, a_tensor, images

Made = tuple[dict[str, Any], list[Any]]


def _some(random: Random, **choices: list[Any]) -> dict[str, Any]:
    """Returns some of the keyword arguments, each with one of its possible values."""
    return {name: random.choice(values) for name, values in choices.items() if random.random() < 0.6}


def _of_format(random: Random) -> dict[str, Any]:
    return _some(random, data_format=["channels_last", "channels_first", None])


def _number(random: Random) -> Any:
    return random.choice([0, 1, 2, 5, -3, 0.5, 2.5, True])


def _space(random: Random, **choices: list[Any]) -> Made:
    start = random.choice([_number(random), a_tensor(random, high=3)])
    stop = T(a_like(random, start.shape), random.choice(DTYPES)) if isinstance(start, T) else _number(random)
    ends = [start, stop if random.random() < 0.7 else _number(random)]
    asked = _some(random, num=[5, 1, 0, -2], endpoint=[False], dtype=[None, *DTYPES], axis=[0, -1, 1, 4], **choices)
    return asked, ends if random.random() < 0.8 else ends[::-1]


def _arange(random: Random) -> Made:
    parts = [_number(random) for _ in range(random.randint(1, 3))]
    if random.random() < 0.1:
        parts[random.randrange(len(parts))] = T((), "int32")
    return _some(random, dtype=[None, "int32", "float16"]), parts


def _quantile(random: Random, some: list[Any]) -> Made:
    shares = random.choice([some[0], some, some[:1], T((2,), "float32"), T((None,), "float32"), T((), "float32")])
    return _some(random, axis=[None, 0, -1, [0], 5], keepdims=[True], method=["nearest"]), [a_tensor(random), shares]


def _cross(random: Random) -> Made:
    rest = a_shape(random, 0, 2)
    at, made = 0, _some(random, axis=[0, -1, 1], axisa=[0], axisb=[0, -1], axisc=[0, 1, -1])
    vectors = []
    for shape in (rest, a_like(random, rest)):
        at = random.choice([0, len(shape)])
        size = random.choice([2, 3, 3, 3, None, 4])
        vectors.append(T((*shape[:at], size, *shape[at:]), random.choice(DTYPES)))
    return made if random.random() < 0.6 else {}, vectors


def _batch_norm(random: Random) -> Made:
    x = a_tensor(random, FLOATS)
    axis = random.choice([-1, -1, 0, 1])
    size = x.shape[axis] if -len(x.shape) <= axis < len(x.shape) else 3
    vectors: list[Any] = [T((size,), "float32") for _ in range(4)]
    if random.random() < 0.2:
        vectors[random.randrange(4)] = T(random.choice([(7,), (None,), (1, size)]), "float32")
    for place in (2, 3):
        if random.random() < 0.3:
            vectors[place] = None
    return {"axis": axis, **_some(random, epsilon=[1e-5])}, [x, *vectors]


def _crossentropy(random: Random) -> Made:
    output = a_tensor(random, FLOATS)
    target = output.shape if random.random() < 0.7 else a_like(random, output.shape)
    return _some(random, from_logits=[True]), [T(target, random.choice(NUMBERS)), output]


def _with_axis(made: Made, random: Random) -> Made:
    return {**made[0], **_some(random, axis=[-1, 0, 1, 6])}, made[1]


def _sparse_crossentropy(random: Random) -> Made:
    made, (_, output) = _with_axis(_crossentropy(random), random)
    rank, axis = len(output.shape), made.get("axis", -1)
    at = axis % rank if rank else 0
    labels = (*output.shape[:at], *output.shape[at + 1 :])
    if random.random() < 0.4:
        labels = random.choice([(*labels, 1), a_like(random, labels), output.shape])
    return made, [T(labels, "int32"), output]


def _ctc(random: Random) -> Made:
    batch = random.choice([None, 2])
    shapes = [(batch, 4), (batch, 8, 5), (batch,), (batch,)]
    if random.random() < 0.3:
        shapes[random.randrange(4)] = random.choice([(), (3,), (None, 6)])
    dtypes = ["int32", random.choice(FLOATS), "int32", "int32"]
    return _some(random, mask_index=[1]), [T(shape, dtype) for shape, dtype in zip(shapes, dtypes)]


def _ctc_decode(random: Random) -> Made:
    x = T(random.choice([(None, 6, 5), (2, None, 5), (2, 6), (2,)]), random.choice(FLOATS))
    made = _some(random, strategy=["greedy", "beam_search"], top_paths=[1, 3], beam_width=[4], merge_repeated=[False])
    return made, [x, T(x.shape[:1], "int32")]


def _separable(random: Random) -> Made:
    rank, channels, by = random.randint(1, 2), random.choice([2, 3]), random.choice([1, 2])
    first = random.random() < 0.4
    cells = tuple(random.choice([1, 6, 9, None]) for _ in range(rank))
    shape = (None, channels, *cells) if first else (None, *cells, channels)
    made = _some(random, strides=[1, 2, (2,) * rank], padding=["same", "valid"])
    if made.get("strides", 1) == 1 and random.random() < 0.4:
        made["dilation_rate"] = 2
    if first:
        made["data_format"] = "channels_first"
    depthwise = (*(random.choice([1, 3]),) * rank, random.choice([channels] * 5 + [4, None]), by)
    kernels = [T(depthwise, "float32"), T((*(1,) * rank, channels * by, random.choice([4, None])), "float32")]
    if random.random() < 0.06:
        kernels[0] = T((3, 3, 3, channels, by), "float32")
    return made, [T(shape, random.choice(["float32", "float16"])), *kernels]


def _unfold(random: Random) -> Made:
    shape = tuple(random.choice([6, 6, 9, 1, None] if n else [None, 2]) for n in range(4))
    if random.random() < 0.5:
        shape = (shape[0], 3, 6, 8)
    made = _some(random, dilation=[1, 2, (2, 1)], padding=[0, 1, (1, 0)], stride=[1, 2, (1, 3)])
    kernel = random.choice([1, 2, 3, (2, 3), (3, 8)])
    x = T(shape if random.random() < 0.95 else shape[1:], random.choice(DTYPES))
    return {"kernel_size": kernel, **made}, [x]


def _fold(random: Random) -> Made:
    x = T((random.choice([None, 2]), random.choice([12, 8, 24, None]), random.choice([9, None])), random.choice(FLOATS))
    made = {"output_size": random.choice([6, (6, 5)]), "kernel_size": random.choice([2, 3, (2, 3)])}
    made |= _some(random, dilation=[1, 2], padding=[0, 1], stride=[1, 2])
    return made, [x if random.random() < 0.95 else T((2, *x.shape), x.dtype)]


def _framed(random: Random, what: str) -> Made:
    """Returns arguments and an image for padding or cropping (``what``).

    Each spatial axis has three arguments: the size before, the size after, and the total size. Usually two of them are
    given.
    """
    made = _of_format(random)
    for names in (
        (f"top_{what}", f"bottom_{what}", "target_height"),
        (f"left_{what}", f"right_{what}", "target_width"),
    ):
        chosen = random.sample(names, 2 if random.random() < 0.93 else random.choice([1, 3]))
        for name in chosen:
            far = random.choice([3, 5, 6]) if what == "cropping" else random.choice([8, 9, 12])
            made[name] = (
                far
                if name.startswith("target")
                else random.choice([0, 1, 2, 2, 3, 7, -1][: 6 + (random.random() < 0.2)])
            )
    x = images(random, False)
    return made, [x if random.random() < 0.96 else T(x.shape[:2], x.dtype)]


def _perspective(random: Random) -> Made:
    points = random.choice([(4, 2), (4, 2), (None, 4, 2), (2, 4, 2), (4, 3), (2,), (1, 1, 4, 2)])
    ends = points if random.random() < 0.85 else (2, 4, 2)
    made = _some(random, interpolation=["nearest"], fill_value=[1.0]) | _of_format(random)
    return made, [_an_image(random), T(points, "float32"), T(ends, "float32")]


def _an_image(random: Random) -> T:
    """Returns an image or a batch of images; sometimes a tensor with too few or too many axes."""
    x = images(random, False)
    return x if random.random() < 0.93 else T(random.choice([x.shape[:2], (2, *x.shape, 1)]), x.dtype)


def _coordinates(random: Random) -> Made:
    x = a_tensor(random, FLOATS, low=1, high=3)
    rank = len(x.shape) if random.random() < 0.85 else random.choice([None, 4])
    made = {"order": random.choice([0, 1]), **_some(random, fill_mode=["nearest"], fill_value=[1.0])}
    return made, [x, T((rank, *a_shape(random, 0 if random.random() < 0.2 else 1, 3)), "float32")]


def _scale(random: Random) -> Made:
    wanted = random.choice([[2, 5, 5, 3], [None, 5, 5, 3], [4, 4, 3], [2, -1, 3], T((4,), "int32")])
    made = {"spatial_dims": [1, 2], "method": "linear", **_some(random, antialias=[False])}
    return made, [images(random), wanted, T((2,), "float32"), T((2,), "float32")]


def _select(random: Random) -> Made:
    x = a_tensor(random)
    count = random.randint(1, 3)
    choices: list[Any] = [T(a_like(random, x.shape), random.choice(DTYPES)) for _ in range(count)]
    if random.random() < 0.1:
        choices[0] = 2
    default = random.choice([[], [0], [1.5], [T((), "float32")]])
    return {}, [[T(x.shape, "bool") for _ in range(count)], choices, *default]


def _vectors(random: Random) -> Made:
    shapes = [random.choice([(3,), (5,), (8,)]) for _ in range(2)]
    if random.random() < 0.15:
        shapes[random.randrange(2)] = random.choice([(None,), (), (2, 3)])
    made = _some(random, mode=["valid", "same", "full", "full", "half"])
    return made, [T(shape, random.choice(DTYPES)) for shape in shapes]


def _plain(*choices: str) -> Callable[[Random], Made]:
    """Returns arguments for a tensor of any shape and dtype. ``choices`` are arguments whose value is a dtype or None."""
    return lambda random: (_some(random, **{name: [None, *DTYPES] for name in choices}), [a_tensor(random)])


MORE: dict[str, Callable[[Random], Made]] = {
    "Arange": _arange,
    "Full": lambda r: (
        {"shape": r.choice([[2, 3], [], [None, 4], [3, -1], 5]), **_some(r, dtype=[None, "int32", "bool"])},
        [r.choice([2, 0.5, T((), "float32"), T((3,), "int8")])],
    ),
    "Linspace": lambda r: _space(r, retstep=[True]),
    "Geomspace": _space,
    "Logspace": lambda r: _space(r, base=[2, 10.0]),
    "Vander": lambda r: (_some(r, N=[None, 3, 0, -1], increasing=[True]), [a_tensor(r)]),
    "MultiHot": lambda r: (
        {"num_classes": r.choice([4, 1]), **_some(r, axis=[-1, 0, 1, 5, -2], dtype=["int32", None])},
        [a_tensor(r, ["int32", "int64", "uint8"])],
    ),
    "Array": _plain("dtype"),
    "View": lambda r: (
        _some(r, dtype=[None, *DTYPES, "complex64", "uint64", "string"]),
        [r.choice([a_tensor(r), T((2, r.choice([4, 8, None])), r.choice(DTYPES))])],
    ),
    "Diag": lambda r: (_some(r, k=[0, 1, -1, 3, -9]), [a_tensor(r, high=3)]),
    "Diagflat": lambda r: (_some(r, k=[0, 1, -1, 3, -9]), [a_tensor(r)]),
    "Ndim": _plain(),
    "Nonzero": _plain(),
    "Slogdet": lambda r: ({}, [a_tensor(r, FLOATS)]),
    "UnravelIndex": lambda r: (
        {"shape": r.choice([[2, 3], [4], [], [None, 3], (2, 2, 2)])},
        [a_tensor(r, ["int32", "int64", "uint8"])],
    ),
    "SearchSorted": lambda r: (
        _some(r, side=["left", "right"]),
        [T(r.choice([(5,), (None,), (2**31 - 1,), (2**31,), (2, 3), ()]), r.choice(NUMBERS)), a_tensor(r, NUMBERS)],
    ),
    "IsIn": lambda r: (
        _some(r, assume_unique=[True], invert=[True]),
        [a_tensor(r), r.choice([a_tensor(r), [1, 2], 3])],
    ),
    "Argpartition": lambda r: ({"kth": r.choice([0, 1, 2, 0.5]), **_some(r, axis=[None, 0, -1, 7])}, [a_tensor(r)]),
    "Histogram": lambda r: (_some(r, bins=[0, 4, -1, 2.5], range=[None, (0, 1), (2, 1), (3,)]), [a_tensor(r)]),
    "Unique": lambda r: (
        _some(
            r,
            sorted=[False],
            return_index=[True],
            return_inverse=[True],
            return_counts=[True],
            axis=[None, 0, -1, 1, 5],
            size=[None, 3],
            fill_value=[0],
        ),
        [a_tensor(r)],
    ),
    "Nanpercentile": lambda r: _quantile(r, [20, 50, 80]),
    "Nanquantile": lambda r: _quantile(r, [0.2, 0.5, 0.8]),
    "Corrcoef": _plain(),
    "Correlate": _vectors,
    "Cross": _cross,
    "Kron": lambda r: ({}, [a_tensor(r), r.choice([a_tensor(r), a_tensor(r), 2, 0.5, True])]),
    "Select": _select,
    "BatchNorm": _batch_norm,
    "BinaryCrossentropy": _crossentropy,
    "CategoricalCrossentropy": lambda r: _with_axis(_crossentropy(r), r),
    "SparseCategoricalCrossentropy": _sparse_crossentropy,
    "CTCLoss": _ctc,
    "CTCDecode": _ctc_decode,
    "PSNR": lambda r: ({"max_val": 1.0}, [a_tensor(r, FLOATS, low=2), a_tensor(r, FLOATS, low=2)]),
    "Polar": lambda r: ({}, [a_tensor(r, FLOATS), a_tensor(r, FLOATS)]),
    "SeparableConv": _separable,
    "Unfold": _unfold,
    "Fold": _fold,
    "AffineTransform": lambda r: (
        _some(r, interpolation=["nearest"], fill_mode=["reflect"], fill_value=[1.0]) | _of_format(r),
        [_an_image(r), T(r.choice([(8,), (2, 8), (None, 8), (), (1, 2, 8)]), "float32")],
    ),
    "PerspectiveTransform": _perspective,
    "ElasticTransform": lambda r: (
        _some(r, alpha=[1.0], sigma=[2.0], fill_mode=["nearest"], seed=[3]) | _of_format(r),
        [_an_image(r)],
    ),
    "MapCoordinates": _coordinates,
    "ScaleAndTranslate": _scale,
    "SobelEdges": lambda r: (_of_format(r), [_an_image(r)]),
    "SSIM": lambda r: (_some(r, max_val=[255], filter_size=[5]) | _of_format(r), [_an_image(r), _an_image(r)]),
    "PadImages": lambda r: _framed(r, "padding"),
    "CropImages": lambda r: _framed(r, "cropping"),
}
