"""Generates cases for the layers for sequences and attention, for wrappers, and for other core layers."""

from __future__ import annotations

from random import Random
from typing import Any

from convcalc.layers.dtypes import POLICIES
from tests.live.judge import Case


def _maybe(random: Random, args: dict[str, Any], **values: Any) -> None:
    """Adds some of the given arguments to ``args``, each with one of its possible values."""
    for name, value in values.items():
        if random.random() < 0.35:
            args[name] = random.choice(value)


def _size(random: Random, low: int = 1, high: int = 7, unknown: float = 0.12) -> int | None:
    return None if random.random() < unknown else random.randint(low, high)


def _batch(random: Random) -> int | None:
    return random.choice([None, None, 2])


_FLAGS = {
    "return_sequences": [True, False],
    "return_state": [True, False],
    "go_backwards": [True, False],
    "stateful": [True, False, False, False],
    "unroll": [False],
}
_CELL_ARGS = {
    "use_bias": [True, False],
    "dropout": [0.1],
    "recurrent_dropout": [0.2],
    "activation": ["tanh", "relu", None],
}


def _units(random: Random) -> int:
    return random.choice([1, 3, 4, 8, *([0, -1] if random.random() < 0.15 else [])])


def _cell(random: Random, depth: int = 0) -> dict[str, Any]:
    """Returns a recurrent cell in the form of a spec."""
    if depth == 0 and random.random() < 0.25:
        return {"StackedRNNCells": {"cells": [_cell(random, 1) for _ in range(random.randint(1, 3))]}}
    name = random.choice(["SimpleRNNCell", "LSTMCell", "GRUCell"])
    args: dict[str, Any] = {"units": random.choice([2, 3, 5])}
    _maybe(random, args, **_CELL_ARGS)
    if name == "GRUCell":
        _maybe(random, args, reset_after=[True, False])
    return {name: args}


def _recurrent_args(random: Random, name: str) -> dict[str, Any]:
    args: dict[str, Any] = {"units": _units(random)}
    _maybe(random, args, **_CELL_ARGS, **_FLAGS)
    if name == "GRU":
        _maybe(random, args, reset_after=[True, False])
    if name == "LSTM":
        _maybe(random, args, unit_forget_bias=[True, False])
    if random.random() < 0.05:
        args["nonsense"] = 1
    return args


def _sequence(random: Random) -> tuple[int | None, ...]:
    shape = (_batch(random), _size(random), _size(random, unknown=0.04))
    return shape if random.random() < 0.93 else random.choice([shape[:2], (*shape, 3)])


def _states(cell: dict[str, Any]) -> list[int]:
    ((name, args),) = cell.items()
    if name == "StackedRNNCells":
        return [size for inner in args["cells"] for size in _states(inner)]
    return [args["units"]] * (2 if name == "LSTMCell" else 1)


def _given_states(random: Random, cell: dict[str, Any], batch: int | None) -> list[tuple[int | None, ...]]:
    """Returns the shapes of the states of a recurrent cell. Sometimes one of the shapes has an unknown size."""
    states: list[tuple[int | None, ...]] = [(batch, size) for size in _states(cell)]
    if random.random() < 0.1:
        states[random.randrange(len(states))] = (batch, None)
    return states


def cells(random: Random) -> Case:
    """Returns a case that calls a recurrent cell for one step, with an input and the previous states."""
    cell = _cell(random)
    ((name, args),) = cell.items()
    batch = _batch(random)
    x = (batch, _size(random, unknown=0.04))
    states = _given_states(random, cell, batch)
    if random.random() < 0.05:
        states[random.randrange(len(states))] = (batch, 11)
    if random.random() < 0.1:
        args["nonsense"] = 1
    elif name != "StackedRNNCells" and random.random() < 0.05:
        args["units"] = random.choice([0, -1])
    return Case(name, args, [x, *states])


def recurrent(random: Random) -> Case:
    name = random.choice(["SimpleRNN", "LSTM", "GRU", "RNN", "RNN"])
    if name == "RNN":
        args: dict[str, Any] = {"cell": _cell(random)}
        _maybe(random, args, **_FLAGS)
        shape = (_batch(random), _size(random), _size(random, unknown=0.04))
    else:
        args, shape = _recurrent_args(random, name), _sequence(random)
    cell = args.get("cell") or {f"{name}Cell": args}
    states = _given_states(random, cell, shape[0]) if random.random() < 0.25 else []
    return Case(
        name,
        args,
        [shape, *states],
        trainable=random.random() < 0.85,
        policy=random.choice(["", "float32", "mixed_float16"]),
    )


def wrappers(random: Random) -> Case:
    name = random.choice(
        ["Bidirectional", "Bidirectional", "TimeDistributed", "TimeDistributed", "SpectralNormalization", "Pipeline"]
    )
    shape = (_batch(random), _size(random, unknown=0.05), _size(random, unknown=0.02))
    trainable = random.random() < 0.85
    if name == "Bidirectional":
        inner = random.choice(["SimpleRNN", "LSTM", "GRU"])
        layer = _recurrent_args(random, inner)
        layer.pop("nonsense", None)
        args: dict[str, Any] = {"layer": {inner: layer}}
        _maybe(random, args, merge_mode=["concat", "sum", "mul", "ave", None, "wrong"])
        if random.random() < 0.3:
            back = dict(layer) if random.random() < 0.7 else _recurrent_args(random, inner)
            back.pop("nonsense", None)
            back["go_backwards"] = not layer.get("go_backwards", False) if random.random() < 0.8 else False
            args["backward_layer"] = {inner: back}
        return Case(name, args, [shape], trainable=trainable)
    if name == "TimeDistributed":
        inner = random.choice(
            [
                {"Dense": 3},
                {"Flatten": {}},
                {"Conv2D": {"filters": 2, "kernel_size": 2}},
                {"BatchNormalization": {}},
                {"Dropout": 0.2},
            ]
        )
        sizes = [_size(random, 2, 5, 0.05) for _ in range(3 if "Conv2D" in inner else random.randint(0, 2))]
        return Case(name, {"layer": inner}, [(_batch(random), _size(random), *sizes)], trainable=trainable)
    if name == "SpectralNormalization":
        inner = random.choice(
            [
                {"Dense": 3},
                {"Conv1D": {"filters": 2, "kernel_size": 1}},
                {"Flatten": {}},
                {"Dense": {"units": 2, "use_bias": False}},
            ]
        )
        return Case(
            name,
            {"layer": inner, **({"power_iterations": random.choice([1, 2, 0])} if random.random() < 0.4 else {})},
            [shape],
        )
    chain = random.choices(
        [{"Rescaling": 0.5}, {"Dropout": 0.1}, {"Flatten": {}}, {"Reshape": {"target_shape": [-1]}}],
        k=random.randint(1, 3),
    )
    return Case(name, {"layers": chain}, [shape])


def conv_lstm(random: Random) -> Case:
    rank = random.choice([1, 2, 2, 3])
    args: dict[str, Any] = {
        "filters": random.choice([1, 2]),
        "kernel_size": random.choice([1, 2, (2,) * rank]),
    }
    _maybe(
        random,
        args,
        strides=[1, 2],
        dilation_rate=[1, 2],
        padding=["same", "valid", "causal"],
        data_format=["channels_first", "channels_last"],
    )
    _maybe(random, args, use_bias=[True, False], return_sequences=[True], return_state=[True])
    sizes = [_size(random, 3, 6, 0.03) for _ in range(rank)]
    channels = _size(random, 1, 3, 0.03)
    body = [channels, *sizes] if args.get("data_format") == "channels_first" else [*sizes, channels]
    return Case(f"ConvLSTM{rank}D", args, [(_batch(random), _size(random, 1, 3), *body)])


def attention(random: Random) -> Case:
    name = random.choice(
        ["MultiHeadAttention", "MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"]
    )
    width = random.randint(2, 6)
    batch = _batch(random)
    args: dict[str, Any] = {}
    query = (batch, _size(random), width)
    length = _size(random)
    value = (batch, length, width if random.random() < 0.8 else random.randint(2, 6))
    key = (batch, length if random.random() < 0.9 else 9, random.randint(2, 6))
    if name == "MultiHeadAttention":
        args = {
            "num_heads": random.choice([1, 2, 3, *([0] if random.random() < 0.2 else [])]),
            "key_dim": random.randint(1, 5),
        }
        _maybe(
            random,
            args,
            value_dim=[None, 2, 3],
            use_bias=[True, False],
            output_shape=[5, [4], None],
            use_gate=[True, False],
            dropout=[0.1],
        )
        if random.random() < 0.25:
            query, value = (batch, 3, 4, width), (batch, 3, 5, width)
            _maybe(random, args, attention_axes=[2, [1, 2], [2], -2])
            return Case(name, args, [query, value], trainable=random.random() < 0.9)
    elif name == "GroupQueryAttention":
        args = {
            "head_dim": random.randint(1, 4),
            "num_query_heads": random.choice([2, 4, 6]),
            "num_key_value_heads": random.choice([1, 2, 3]),
        }
        _maybe(random, args, use_bias=[True, False], use_gate=[True, False])
    elif name == "Attention":
        _maybe(random, args, use_scale=[True, False], score_mode=["dot", "concat", "other"], dropout=[0.1])
        key = (batch, length, width)
    else:
        _maybe(random, args, use_scale=[True, False], dropout=[0.1])
        key = (batch, length, width)
    if random.random() < 0.05:
        args["nonsense"] = 1
    call = {"return_attention_scores": True} if random.random() < 0.3 else {}
    shapes = [query, value, key][: random.choice([2, 2, 3, *([1] if random.random() < 0.1 else [])])]
    if random.random() < 0.2:  # Keras also accepts inputs with different numbers of axes
        shapes = [(batch, *(_size(random, 4, 5, 0.1) for _ in range(random.randint(0, 4)))) for _ in shapes]
        shapes = [shape if len(shape) < 3 else (*shape[:-1], 4) for shape in shapes]
        shapes[2:] = shapes[1:2] if len(shapes) == 3 and random.random() < 0.7 else shapes[2:]
        if name == "MultiHeadAttention":
            _maybe(random, args, attention_axes=[0, 1, 2, 3, -1, -3, [1, 2]])
    return Case(name, args, shapes, call=call, policy=random.choice(["", "float32", "mixed_bfloat16"]))


_EQUATIONS = [
    "ab,bc->ac",
    "abc,cd->abd",
    "abc,bd->adc",
    "...x,xy->...y",
    "ab...,bc->ac...",
    "abc,cde->abde",
    "abcd,cde->abe",
    "abc,bcd->abd",
    "a,b",
    "ab,bc->ad",
]


def further_core(random: Random) -> Case:
    name = random.choice(
        [
            "EinsumDense",
            "EinsumDense",
            "ReversibleEmbedding",
            "Masking",
            "RMSNormalization",
            "UnitNormalization",
        ]
    )
    sizes = [_size(random, 2, 5, 0.08) for _ in range(random.randint(1, 3))]
    args: dict[str, Any] = {}
    call: dict[str, Any] = {}
    trainable = random.random() < 0.85
    if name == "EinsumDense":
        equation = random.choice(_EQUATIONS)
        target = equation.rpartition("->")[2].replace("...", "")
        source = equation.partition(",")[0].replace("...", "")
        if "..." not in equation:
            sizes = [_size(random, 2, 5, 0.05) for _ in source[1:]]
        known = dict(zip(source, (None, *sizes)))
        out = [
            known.get(dim) if random.random() < 0.6 else None if dim in known else random.randint(2, 5)
            for dim in target[0 if "...x" in equation else 1 :]
        ]
        args = {
            "equation": equation,
            "output_shape": out if len(out) != 1 or out[0] is None or random.random() < 0.5 else out[0],
        }
        _maybe(random, args, bias_axes=[target[-1], target[1:], None, "z"], lora_rank=[2])
    elif name == "ReversibleEmbedding":
        args = {"input_dim": random.choice([5, 7]), "output_dim": random.choice([3, 4])}
        _maybe(random, args, tie_weights=[True, False], mask_zero=[True], lora_rank=[1, 2])
        if random.random() < 0.5:
            call, sizes = {"reverse": True}, [*sizes, args["output_dim"]]
    elif name == "Masking":
        _maybe(random, args, mask_value=[0.0, 1.5])
    else:
        _maybe(random, args, axis=[-1, 1, [1], [-1], 5, [1, -1]])
    if random.random() < 0.05:
        args["nonsense"] = 1
    dtype = "int32" if name == "ReversibleEmbedding" and not call else "float32"
    return Case(
        name,
        args,
        [(_batch(random), *sizes)],
        dtype,
        trainable,
        random.choice(["", "float32", "mixed_float16"]),
        call,
    )


_QUANTIZED = [name for name in POLICIES if "_from_" in name]
_NUMBERED = [
    "int4/1",
    "int4/2",
    "int4/3",
    "int4/-1",
    "int4/128",
    "gptq/2/1",
    "gptq/3/2",
    "gptq/4/-1",
    "gptq/4/3",
    "gptq/8/128",
]
_NUMBERED += ["awq/4/-1", "awq/4/2", "awq/4/128"]
_NUMBERED_SOURCES = ["float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"]
_REFUSED = ["int8_from_float16", "int8_from_mixed_float16", "float8_from_nonsense", "int8", "float8_e5m2"]
_REFUSED += [
    "int4/0_from_float32",
    "int4/-2_from_float32",
    "gptq/5/2_from_float32",
    "awq/8/2_from_float32",
    "gptq_from_float32",
]
_REFUSED += ["int4/2/3_from_float32", "int4/a_from_float32", "awq/4_from_float32", "int4/2", "int4/2_from_nonsense"]
_ATTEND = ["MultiHeadAttention", "GroupQueryAttention"]


def quantized(random: Random) -> Case:
    """Returns a case of a layer with a quantized policy. For some layers, the policy changes the weights."""
    name = random.choice(
        ["Dense", "Embedding", "ReversibleEmbedding", "EinsumDense", "EinsumDense", "Conv2D", "Flatten", *_ATTEND]
    )
    sizes = [random.randint(2, 5) for _ in range(random.randint(1, 3))]
    args: dict[str, Any] = {}
    call: dict[str, Any] = {}
    dtype = "float32"
    if name == "Dense":
        args = {"units": random.randint(1, 4)}
        _maybe(random, args, use_bias=[False], lora_rank=[2], activation=["relu"])
    elif name in ("Embedding", "ReversibleEmbedding"):
        args = {"input_dim": random.randint(2, 6), "output_dim": random.randint(2, 6)}
        dtype = "int32"
        _maybe(random, args, lora_rank=[2])
        if name == "ReversibleEmbedding":
            _maybe(random, args, tie_weights=[True, False])
            if random.random() < 0.4:
                call, sizes, dtype = {"reverse": True}, [*sizes, args["output_dim"]], "float32"
    elif name == "EinsumDense":
        equation = random.choice(
            [*_EQUATIONS, "abc,abcd->ad", "abc,bcd->ad", "abc,ce->abe", "abc,dc->adb", "ab,bcd->acd"]
        )
        source, target = equation.partition(",")[0].replace("...", ""), equation.rpartition("->")[2].replace("...", "")
        sizes = [random.randint(2, 4) for _ in source[1:]] or [3]
        known = dict(zip(source, (None, *sizes)))
        args = {"equation": equation, "output_shape": [known.get(dim) or random.randint(2, 5) for dim in target[1:]]}
        _maybe(random, args, bias_axes=[target[-1:]], lora_rank=[2])
    elif name == "Conv2D":
        args, sizes = {"filters": 2, "kernel_size": 2}, [4, 4, 3]
    elif name in _ATTEND:
        many = name == "MultiHeadAttention"
        args = (
            {"num_heads": 2, "key_dim": 3} if many else {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
        )
        _maybe(random, args, use_bias=[False], use_gate=[True], **({"output_shape": [5, (2, 3)]} if many else {}))
        sizes = [4, 6] if not many or random.random() < 0.8 else [2, 4, 6]
    policy = random.choice(_REFUSED if random.random() < 0.08 else _QUANTIZED)
    if random.random() < 0.5:
        policy = f"{random.choice(_NUMBERED)}_from_{random.choice(_NUMBERED_SOURCES)}"
    shapes = [(_batch(random), *sizes)] * (1 + (name in _ATTEND))
    return Case(name, args, shapes, dtype, random.random() < 0.85, policy, call)


def adaptive_pooling(random: Random) -> Case:
    rank = random.randint(1, 3)
    args: dict[str, Any] = {"output_size": random.choice([1, 2, (2,) * rank, (2,) * rank, (2,) * (rank + 1)])}
    _maybe(random, args, data_format=["channels_first", "channels_last", "channels_last", "wrong"])
    if random.random() < 0.05:
        args["nonsense"] = 1
    sizes = [_size(random, 2, 6, 0.1) for _ in range(rank + 1)]
    policy = random.choice(["", "float32", "mixed_float16"])
    return Case(
        f"Adaptive{random.choice(['Max', 'Average'])}Pooling{rank}D", args, [(_batch(random), *sizes)], policy=policy
    )


SEQUENCES = (recurrent, cells, wrappers, conv_lstm, attention, further_core, quantized, adaptive_pooling)
