"""Generates cases for each family of layers: valid and wrong arguments and shapes, as people write them.

No case contains a float as a size: convcalc refuses floats, and Keras accepts some, but fails later or rounds them.

Keras builds some layers that fail later, when they run. convcalc refuses them at once, so no case contains:
- ``Dot`` over the batch axis, and ``UpSampling2D`` with an unknown interpolation;
- a ``Concatenate`` of one input on an axis that does not exist;
- a ``ZeroPadding`` by a negative number, and a convolution with a list as its padding;
- null for some arguments (``ELU``'s alpha, ``Softmax``'s axis).

Also left out:
- a ``ConvLSTM`` without filters: Keras builds it, but it makes no sense;
- a seed that is not a number if the rate is 0: convcalc checks this seed, Keras does not;
- an initializer that cannot fill a weight with this number of axes ('identity' for a bias);
- mappings that configure an initializer, because the initializer may be custom;
- a single number as the shape of an ``InputLayer``, because only convcalc accepts it;
- scalars as inputs, because they have no batch axis;
- keyword arguments of Keras layers that the catalogue does not have: ``autocast``, ``activity_regularizer`` if the
  layer's signature does not have it, old names such as ``LeakyReLU(alpha=...)``, and unknown arguments of an
  ``InputLayer``;
- the argument ``weights`` of an ``Embedding``;
- ``trainable`` of a ``SpatialDropout``, which has no weights and refuses the argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.live.cases_preprocessing import PREPROCESSING
from tests.live.cases_sequences import SEQUENCES
from tests.live.judge import Case

Generator = Callable[[Random], Case]


def _size(random: Random, low: int = 1, high: int = 12, unknown: float = 0.1) -> int | None:
    return None if random.random() < unknown else random.randint(low, high)


def _channels_first(args: dict[str, Any]) -> bool:
    return str(args.get("data_format")).lower() == "channels_first"


def _format(random: Random, *others: Any) -> Any:
    """Returns a data_format in upper or lower case; sometimes a wrong one."""
    usual = ["channels_first", "channels_last", *others]
    return random.choice(["CHANNELS_FIRST", "Channels_Last", "channels first"] if random.random() < 0.08 else usual)


def _batch(random: Random) -> int | None:
    return random.choice([None, None, None, 1, 3])


def _per_axis(random: Random, rank: int, low: int, high: int) -> Any:
    """Returns one number for all axes, or a tuple with one number for each axis."""
    if random.random() < 0.5:
        return random.randint(low, high)
    return tuple(random.randint(low, high) for _ in range(rank))


def _maybe(random: Random, args: dict[str, Any], name: str, value: Callable[[], Any], chance: float = 0.4) -> None:
    if random.random() < chance:
        args[name] = value()


def _spoil(random: Random, args: dict[str, Any], rank: int, chance: float = 0.12) -> None:
    """Sometimes changes an argument to a value that is usually wrong."""
    if random.random() >= chance:
        return
    name = random.choice([*args, "nonsense"])
    args[name] = random.choice([0, -1, "wrong", (1,) * (rank + 1), None, (0,) * rank])
    if name == "padding" and "kernel_size" in args:
        args[name] = "wrong"
    if name in ("use_bias", "activation", "scale", "center", "keepdims", "renorm", "normalize", "rank"):
        args["nonsense"] = 1


def _spatial_shape(random: Random, rank: int, channels_first: bool, least: int = 3) -> tuple[int | None, ...]:
    sizes = [_size(random, least, 14) for _ in range(rank)]
    channels = _size(random, 1, 8, unknown=0.04)
    body = [channels, *sizes] if channels_first else [*sizes, channels]
    if random.random() < 0.02:
        body[random.randrange(len(body))] = 0
    if random.random() < 0.05:
        body = body[:-1] if random.random() < 0.5 else [*body, 2]
    return (_batch(random), *body)


def _windowed(random: Random, rank: int, paddings: tuple[str, ...]) -> dict[str, Any]:
    args: dict[str, Any] = {"kernel_size": _per_axis(random, rank, 1, 5)}
    spread = random.random()
    if spread < 0.4:
        args["strides"] = _per_axis(random, rank, 1, 3)
    elif spread < 0.65:
        args["dilation_rate"] = _per_axis(random, rank, 1, 3)
    elif spread < 0.72:
        args["strides"], args["dilation_rate"] = _per_axis(random, rank, 1, 2), _per_axis(random, rank, 1, 2)
    _maybe(random, args, "padding", lambda: random.choice(paddings), 0.6)
    _maybe(random, args, "data_format", lambda: _format(random, None))
    _maybe(random, args, "use_bias", lambda: random.random() < 0.5)
    _maybe(random, args, "activation", lambda: random.choice(["relu", "softmax", None, "no_such_function"]), 0.15)
    return args


def convolution(random: Random) -> Case:
    rank = random.randint(1, 3)
    paddings = (
        ("same", "valid", "SAME", "causal")
        if rank == 1
        else ("same", "valid", "Valid", *(["causal"] if random.random() < 0.2 else []))
    )
    args = _windowed(random, rank, paddings)
    groups = random.choice([1, 1, 1, 2, 3])
    args["filters"] = random.choice([1, 4, 6, groups * random.randint(1, 4)])
    if groups > 1:
        args["groups"] = groups
    _maybe(random, args, "lora_rank", lambda: random.randint(1, 3), 0.08)
    _maybe(random, args, "kernel_constraint", lambda: "max_norm", 0.08)
    first = _channels_first(args)
    shape = _spatial_shape(random, rank, first)
    if groups > 1 and random.random() < 0.6:  # the number of channels must be a multiple of the number of groups
        channels = groups * random.randint(1, 3)
        shape = (shape[0], channels, *shape[2:]) if first else (*shape[:-1], channels)
    _spoil(random, args, rank)
    return Case(_alias(random, f"Conv{rank}D", f"Convolution{rank}D"), args, [shape], trainable=random.random() < 0.9)


def _alias(random: Random, name: str, alias: str) -> str:
    return alias if random.random() < 0.2 else name


def transposed(random: Random) -> Case:
    rank = random.randint(1, 3)
    args = {"filters": random.randint(1, 5), **_windowed(random, rank, ("same", "valid"))}
    _maybe(random, args, "output_padding", lambda: _per_axis(random, rank, 0, 2), 0.35)
    shape = _spatial_shape(random, rank, _channels_first(args), least=1)
    _spoil(random, args, rank)
    return Case(_alias(random, f"Conv{rank}DTranspose", f"Convolution{rank}DTranspose"), args, [shape])


def depthwise(random: Random) -> Case:
    rank = random.randint(1, 2)
    args = _windowed(random, rank, ("same", "valid", *(["causal"] if random.random() < 0.2 else [])))
    _maybe(random, args, "depth_multiplier", lambda: random.randint(1, 3))
    shape = _spatial_shape(random, rank, _channels_first(args))
    _spoil(random, args, rank)
    return Case(f"DepthwiseConv{rank}D", args, [shape])


def separable(random: Random) -> Case:
    rank = random.randint(1, 2)
    args = {"filters": random.randint(1, 6), **_windowed(random, rank, ("same", "valid"))}
    _maybe(random, args, "depth_multiplier", lambda: random.randint(1, 3))
    shape = _spatial_shape(random, rank, _channels_first(args))
    _spoil(random, args, rank)
    return Case(_alias(random, f"SeparableConv{rank}D", f"SeparableConvolution{rank}D"), args, [shape])


def pooling(random: Random) -> Case:
    rank = random.randint(1, 3)
    kind = random.choice(["Max", "Average"])
    args: dict[str, Any] = {}
    _maybe(random, args, "pool_size", lambda: _per_axis(random, rank, 1, 5), 0.9)
    _maybe(random, args, "strides", lambda: random.choice([None, _per_axis(random, rank, 1, 3)]))
    _maybe(
        random,
        args,
        "padding",
        lambda: random.choice(["same", "valid", "SAME", "causal"] if random.random() < 0.3 else ["same", "valid"]),
    )
    _maybe(random, args, "data_format", lambda: _format(random))
    shape = _spatial_shape(random, rank, _channels_first(args))
    _spoil(random, args, rank, 0.1 if args else 0)
    return Case(
        _alias(random, f"{kind}Pooling{rank}D", f"{'Max' if kind == 'Max' else 'Avg'}Pool{rank}D"), args, [shape]
    )


def global_pooling(random: Random) -> Case:
    rank = random.randint(1, 3)
    kind = random.choice(["Max", "Average"])
    args: dict[str, Any] = {}
    _maybe(random, args, "keepdims", lambda: random.random() < 0.6)
    _maybe(random, args, "data_format", lambda: _format(random, "wrong"))
    shape = _spatial_shape(random, rank, _channels_first(args))
    if random.random() < 0.06:
        args["nonsense"] = 1
    return Case(
        _alias(random, f"Global{kind}Pooling{rank}D", f"Global{'Max' if kind == 'Max' else 'Avg'}Pool{rank}D"),
        args,
        [shape],
    )


def _margins(random: Random, rank: int, most: int) -> Any:
    """Returns one number, a number for each axis, a pair for each axis, or a mixture of numbers and pairs."""
    if rank == 1:
        return random.choice([random.randint(0, most), (random.randint(0, most), random.randint(0, most))])
    form = random.random()
    if form < 0.3:
        return random.randint(0, most)
    pair = [random.randint(0, most), (random.randint(0, most), random.randint(0, most))]
    return tuple(random.choice(pair) if form < 0.6 else pair[form < 0.8] for _ in range(rank))


def resizing(random: Random) -> Case:
    rank = random.randint(1, 3)
    what = random.choice(["ZeroPadding", "Cropping", "UpSampling"])
    args: dict[str, Any] = {}
    if what == "ZeroPadding":
        _maybe(random, args, "padding", lambda: _margins(random, rank, 3), 0.9)
    elif what == "Cropping":
        _maybe(random, args, "cropping", lambda: _margins(random, rank, 4), 0.9)
    else:
        _maybe(random, args, "size", lambda: random.randint(1, 3) if rank == 1 else _per_axis(random, rank, 1, 3), 0.8)
    if what == "ZeroPadding" or rank > 1:
        _maybe(random, args, "data_format", lambda: _format(random))
    if what == "UpSampling" and rank == 2:
        _maybe(random, args, "interpolation", lambda: random.choice(["nearest", "bilinear", "Bicubic"]))
    shape = _spatial_shape(random, rank, _channels_first(args), least=2)
    _spoil(random, args, rank)
    if args.get("interpolation", "nearest") not in ("nearest", "bilinear", "Bicubic"):
        del args["interpolation"]
    if args.get("padding") == -1:
        args["padding"] = "wrong"
    return Case(f"{what}{rank}D", args, [shape])


def reshaping(random: Random) -> Case:
    what = random.choice(["Flatten", "Reshape", "Reshape", "Permute", "RepeatVector"])
    rank = random.randint(0, 4)
    unknown = random.choice([0.0, 0.0, 0.2])
    shape = (_batch(random), *(_size(random, 1, 6, unknown) for _ in range(rank)))
    args: dict[str, Any] = {}
    if what == "Flatten":
        _maybe(random, args, "data_format", lambda: _format(random))
    elif what == "Reshape":
        args["target_shape"] = _target(random, shape[1:])
    elif what == "Permute":
        dims = list(range(1, rank + 1))
        random.shuffle(dims)
        args["dims"] = tuple(dims if random.random() < 0.8 else [*dims, random.randint(0, 4)])
    else:
        args["n"] = random.choice([1, 2, 5, 0, -1])
        shape = (_batch(random), *(_size(random, 1, 6, unknown) for _ in range(random.choice([1, 1, 1, 2]))))
    if random.random() < 0.06:
        args["nonsense"] = 1
    return Case(
        what,
        args,
        [shape],
        dtype=random.choice(["float32", "int32", "float16"]),
        policy=random.choice(["", "float32", "mixed_float16"]),
    )


def _target(random: Random, sizes: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Returns a target shape: the sizes of the input in another order, one of them sometimes −1. Some target shapes are
    impossible.
    """
    target: list[int | None] = [size or -1 for size in sizes]
    random.shuffle(target)
    if target and random.random() < 0.5:
        target[random.randrange(len(target))] = -1
    if len(target) > 1 and random.random() < 0.3 and None not in target[:2] and -1 not in target[:2]:
        target[:2] = [target[0] * target[1]]  # type: ignore[operator]
    if random.random() < 0.2:
        target.append(random.choice([1, 2, -1, -2, None, 0]))
    return tuple(target)


def inputs(random: Random) -> Case:
    """Returns an ``InputLayer`` with a shape, a batch_shape, both or neither."""
    sizes = tuple(_size(random, 0, 9, 0.2) for _ in range(random.randint(0, 4)))
    if random.random() < 0.12:
        sizes = random.choice([(*sizes, -1), (*sizes, "3"), (*sizes, 2.5), "text"])  # type: ignore[assignment]
    args: dict[str, Any] = {}
    _maybe(random, args, "shape", lambda: sizes, 0.6)
    if not args or random.random() < 0.1:
        _maybe(random, args, "batch_shape", lambda: (_batch(random), *sizes), 0.8)
    _maybe(random, args, "batch_size", lambda: random.choice([None, 1, 4]), 0.3)
    _maybe(random, args, "dtype", lambda: random.choice(["int32", "float16", "bool", "string", None]), 0.3)
    _maybe(random, args, "optional", lambda: random.random() < 0.5, 0.2)
    return Case("InputLayer", args, [])


def core(random: Random) -> Case:
    what = random.choice(["Dense", "Dense", "Embedding", "Identity"])
    least = 0 if random.random() < 0.1 else 1
    shape = (_batch(random), *(_size(random, least, 9, 0.1) for _ in range(random.randint(0, 3))))
    args: dict[str, Any] = {}
    if what == "Dense":
        args["units"] = random.choice([1, 3, 8, 0, -2] if random.random() < 0.2 else [1, 3, 8])
        _maybe(random, args, "use_bias", lambda: random.random() < 0.5)
        _maybe(random, args, "activation", lambda: random.choice(["relu", "nonesuch"]), 0.2)
        _maybe(random, args, "kernel_constraint", lambda: "non_neg", 0.15)
        starts = ["he_normal", "LecunUniform", "zeros", None, "no_such_start"]
        _maybe(random, args, "kernel_initializer", lambda: random.choice(starts), 0.15)
        _maybe(random, args, "activity_regularizer", lambda: random.choice(["l1", "L1L2", "l3"]), 0.1)
    elif what == "Embedding":
        args |= {
            "input_dim": random.choice([1, 10, 0]),
            "output_dim": random.choice([1, 4, -1] if random.random() < 0.2 else [1, 4]),
        }
        _maybe(random, args, "mask_zero", lambda: True, 0.2)
        _maybe(random, args, "embeddings_constraint", lambda: "non_neg", 0.15)
    if what != "Identity":
        _maybe(random, args, "lora_rank", lambda: random.randint(1, 4), 0.2)
        if random.random() < 0.08:
            args.pop(random.choice(list(args)))
    if random.random() < 0.05:
        args["nonsense"] = 1
    dtype = random.choice(["int32", "int64", "float32"]) if what != "Dense" else "float32"
    return Case(
        what,
        args,
        [shape],
        dtype,
        random.random() < 0.85,
        random.choice(["float32", "float32", "mixed_float16", "float16", "bfloat16"]),
    )


def regularization(random: Random) -> Case:
    noises = ["Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization"]
    what = random.choice([*noises, "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"])
    args: dict[str, Any] = {}
    rate = random.choice([0, 0.1, 0.5, 1, 1.0, 1.5, -0.1] if random.random() < 0.4 else [0.0, 0.3, 0.5])
    rank = random.randint(1, 4)
    if what == "ActivityRegularization":
        _maybe(random, args, "l1", lambda: random.choice([0.1, 0, None, -0.1]))
        _maybe(random, args, "l2", lambda: random.choice([0.2, 1, float("inf"), float("nan"), "0.1"]))
    else:
        args["stddev" if what == "GaussianNoise" else "rate"] = rate
        _maybe(random, args, "seed", lambda: random.choice([7, None, *([1.5, "7"] if rate else [])]), 0.2)
    if what == "Dropout":
        _maybe(random, args, "noise_shape", lambda: random.choice([(1, None), (1, 0), "text", (1, 2, 3), (-1,)]), 0.3)
    if what.startswith("Spatial"):
        rank = int(what[-2]) + 1 if random.random() < 0.85 else rank
        if what[-2] != "1":
            _maybe(random, args, "data_format", lambda: _format(random, "wrong"))
    elif random.random() < 0.08:
        args["nonsense"] = 1
    return Case(what, args, [(_batch(random), *(_size(random) for _ in range(rank)))])


def activation(random: Random) -> Case:
    what = random.choice(["Activation", "ReLU", "LeakyReLU", "PReLU", "PReLU", "ELU", "Softmax"])
    rank = random.randint(1, 4)
    shape = (_batch(random), *(_size(random, 1, 9, 0.08) for _ in range(rank)))
    args: dict[str, Any] = {}
    if what == "Activation":
        args["activation"] = random.choice(["relu", "tanh", "softmax", "swish", "nope", None, "hard_sigmoid"])
    elif what == "ReLU":
        _maybe(random, args, "max_value", lambda: random.choice([6, None, -1, 0.5]))
        _maybe(random, args, "negative_slope", lambda: random.choice([0.1, 0, -0.1]))
        _maybe(random, args, "threshold", lambda: random.choice([0.5, -1]), 0.2)
    elif what == "LeakyReLU":
        _maybe(random, args, "negative_slope", lambda: random.choice([0.1, -0.2, 0]))
    elif what == "PReLU":
        _maybe(
            random,
            args,
            "shared_axes",
            lambda: random.choice([1, [1], [1, 2], (1, rank), [2], [rank + 1], [-1], [0], None]),
            0.7,
        )
    elif what == "ELU":
        _maybe(random, args, "alpha", lambda: 0.7)
    else:
        _maybe(random, args, "axis", lambda: random.choice([-1, 1, [1, 2]]))
    if random.random() < 0.06:
        args["nonsense"] = 1
    return Case(
        what, args, [shape], dtype=random.choice(["float32", "float32", "int32"]), trainable=random.random() < 0.9
    )


def normalization(random: Random) -> Case:
    what = random.choice(["BatchNormalization", "LayerNormalization", "GroupNormalization"])
    rank = random.randint(1, 4)
    shape = (
        _batch(random),
        *(random.choice([1, 2, 4, 6, 8, 12, *([None, 0] if random.random() < 0.3 else [])]) for _ in range(rank)),
    )
    args: dict[str, Any] = {}
    _maybe(random, args, "axis", lambda: random.choice([-1, 1, 2, -2, rank, rank + 1, -rank - 2]), 0.5)
    if what == "LayerNormalization":
        _maybe(random, args, "axis", lambda: random.choice([[-1], [1, 2], (-1, -2), [1, -1], [7]]), 0.4)
    if what == "GroupNormalization":
        _maybe(random, args, "groups", lambda: random.choice([1, 2, 3, 4, -1, 0, 32]), 0.85)
    if what == "BatchNormalization":
        _maybe(random, args, "renorm", lambda: True, 0.3)
        limits = [None, {"rmax": 3, "rmin": 0.3, "dmax": 5}, {"rmin": 2, "rmax": 1}, {"dmax": -1}, {"rmid": 1}]
        _maybe(random, args, "renorm_clipping", lambda: random.choice(limits), 0.3)
    _maybe(random, args, "center", lambda: random.random() < 0.5, 0.3)
    _maybe(random, args, "scale", lambda: random.random() < 0.5, 0.3)
    _maybe(random, args, "epsilon", lambda: 1e-5, 0.2)
    if random.random() < 0.05:
        args["nonsense"] = 1
    return Case(
        what,
        args,
        [shape],
        trainable=random.random() < 0.85,
        policy=random.choice(["", "float32", "mixed_float16"]),
    )


def merging(random: Random) -> Case:
    what = random.choice(
        ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Concatenate", "Dot", "Dot"]
    )
    rank = random.randint(1, 4)
    first = [_size(random, 1, 5, 0.12) for _ in range(rank)]
    batch = _batch(random)
    # Keras accepts a merging layer with one input. In a Concatenate with one input, it accepts even a wrong axis, so no
    # such case is made.
    alone = [] if what == "Concatenate" else [1]
    count = (
        random.choice([2, 2, 2, 3, 4, *alone]) if what not in ("Subtract", "Dot") else random.choice([2, 2, 2, 2, 3])
    )
    shapes = []
    axis = random.choice([-1, 1, rank, -2, *([rank + 2] if random.random() < 0.3 else [])])
    for _ in range(count):
        sizes = list(first)
        if what == "Concatenate" and -rank - 1 <= axis <= rank and axis % (rank + 1):
            sizes[axis % (rank + 1) - 1] = _size(random, 1, 5, 0.1)
        elif random.random() < 0.4:
            sizes[random.randrange(rank)] = random.choice([1, 1, None, 7])
        if what not in ("Concatenate", "Dot") and random.random() < 0.15:
            sizes = sizes[random.randint(0, rank - 1) :]
        shapes.append((batch if random.random() < 0.9 else _batch(random), *sizes))
    args: dict[str, Any] = {}
    if what == "Concatenate":
        args["axis"] = axis
    elif what == "Dot":
        pick = [n for n in range(-rank, rank + 2) if n and n != -rank - 1]
        args["axes"] = random.choice([random.choice(pick), (random.choice(pick), random.choice(pick))])
        if random.random() < 0.15:
            args["normalize"] = True
        if random.random() < 0.06:
            args["axes"] = random.choice([(1,), "axis", (1, 2, 3), None])
        # Keras takes an axis that is out of range modulo the number of axes. If this gives the batch axis, the case has
        # the axis -1.
        if random.random() < 0.1:
            around = random.choice([-5, -6, -7, -8, -9, -10])
            args["axes"] = around if around % len(shapes[0]) and around % len(shapes[-1]) else -1
    if random.random() < 0.05:
        args["nonsense"] = 1
    return Case(what, args, shapes, policy=random.choice(["", "float32", "mixed_bfloat16"]))


def preprocessing(random: Random) -> Case:
    what = random.choice(["Rescaling", "Normalization", "Normalization"])
    rank = random.randint(1, 4)
    shape = (_batch(random), *(_size(random, 1, 6, 0.1) for _ in range(rank)))
    args: dict[str, Any] = {}
    if what == "Rescaling":
        _maybe(random, args, "scale", lambda: 0.5, 0.9)
        _maybe(random, args, "offset", lambda: -1.0)
    else:
        _maybe(random, args, "axis", lambda: random.choice([-1, 1, None, (1, -1), (rank,), rank + 1, -rank - 2]), 0.6)
        form = random.random()
        if form < 0.3:
            args |= {"mean": 0.5, "variance": 2.0}
        elif form < 0.4:
            last = shape[-1] or 1
            args |= {"mean": [0.5] * last, "variance": [1.0] * random.choice([last, last + 1])}
        elif form < 0.45:
            args["mean"] = 1.0
        elif form < 0.6:
            given = random.choice([[1.0], [[1.0]], [[1.0], [2.0]], [[1.0], [2.0, 3.0]], "text", ["1"], [], True])
            args |= {"mean": given, "variance": given if random.random() < 0.9 else 1}
        _maybe(random, args, "invert", lambda: True, 0.2)
    if random.random() < 0.05:
        args["nonsense"] = 1
    return Case(
        what,
        args,
        [shape],
        dtype=random.choice(["float32", "float32", "int32"]),
        policy=random.choice(["", "float32", "float16"]),
    )


FAMILIES: dict[str, Generator] = {
    generator.__name__.replace("_", " "): generator
    for generator in (
        convolution,
        transposed,
        depthwise,
        separable,
        pooling,
        global_pooling,
        resizing,
        reshaping,
        core,
        inputs,
        regularization,
        activation,
        normalization,
        merging,
        preprocessing,
        *SEQUENCES,
        *PREPROCESSING,
    )
}


# Factors for the number of cases. Families with many classes or many refused cases get more cases.
_MORE = {
    "merging": 3,
    "resizing": 3,
    "adaptive pooling": 3,
    "regularization": 3,
    **dict.fromkeys(("reshaping", "pooling", "global pooling", "activation", "normalization"), 2),
    **dict.fromkeys(("wrappers", "attention", "further core", "preprocessing categories"), 2),
}


# Layers without a random dtype policy: they ignore a dtype, or take it from their data.
_OWN_DTYPES = {"Pipeline", "InputLayer", "IntegerLookup", "StringLookup", "TextVectorization"}


def cases(family: str, seed: int, count: int) -> Iterator[Case]:
    """Yields ``count`` cases of a family. Families in ``_MORE`` get several times as many.

    The same seed gives the same cases.
    """
    random = Random(f"{family} {seed}")
    for _ in range(count * _MORE.get(family, 1)):
        case = FAMILIES[family](random)
        if not case.policy and case.name not in _OWN_DTYPES and random.random() < 0.2:
            case = case._replace(policy=random.choice(["float32", "float64", "mixed_bfloat16", "int8"]))
        yield case
