"""Makes random models. Each model is first a program: a list of steps, each of which adds or calls a layer.

The program is built in Keras, and it is written as a spec for convcalc. Both must give the same model. A program may have
branches, shared layers, nested models, several inputs and outputs, and unknown sizes. convcalc's rules decide which steps are
possible, so the test fails if Keras refuses a step. If a layer creates a mask, Keras adds operations such as ``NotEqual`` and
``Any``. convcalc must add the same operations, with the same automatic names and in the same order.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal, Source
from convcalc.layers import apply, bind, find
from convcalc.layers.application import output_dtypes
from convcalc.layers.dtypes import is_policy
from convcalc.read.spec.spec import read_spec
from tests.live.cases import FAMILIES
from tests.live.judge import Case, _called, _lists, _made

Ref = tuple[int, int]  # the index of a step, and the index of one of the step's outputs


@dataclass
class Step:
    """One step of a program: creates a layer, and calls it on outputs of earlier steps.

    If ``again`` is the index of a step, the layer of that step is called again, and no layer is created.
    """

    name: str
    args: dict[str, Any] = field(default_factory=dict)
    inputs: list[Ref] = field(default_factory=list)
    trainable: bool = True
    policy: str = ""
    again: int | None = None
    inner: Program | None = None


@dataclass
class Program:
    """The steps of a model, beginning with the inputs, and its outputs."""

    steps: list[Step] = field(default_factory=list)
    outputs: list[Ref] = field(default_factory=list)
    sequential: bool = False


class Grower:
    """Builds a program step by step. ``tensors`` has the shape and dtype of each output so far."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.program = Program()
        self.tensors: dict[Ref, tuple[tuple[Any, ...], str]] = {}
        self.used: set[Ref] = set()

    def add_input(self, shape: tuple[Any, ...], dtype: str = "float32") -> Ref:
        self.program.steps.append(Step("InputLayer", {"shape": shape, "dtype": dtype}))
        ref = (len(self.program.steps) - 1, 0)
        self.tensors[ref] = ((UNKNOWN, *(UNKNOWN if size is None else size for size in shape)), dtype)
        return ref

    def add(self, step: Step) -> bool:
        """Adds a step if convcalc's rules allow it. Returns True if the step was added."""
        maker = step if step.again is None else self.program.steps[step.again]
        shapes = [self.tensors[ref][0] for ref in step.inputs]
        if maker.inner is not None:
            outputs, dtypes = self._inner_outputs(maker.inner, shapes)
            if not outputs:
                return False
        else:
            kind = find(maker.name)
            assert kind is not None, maker.name
            args, refusals = bind(kind, (), _lists(maker.args))
            if refusals or (maker.policy and not is_policy(maker.policy)):
                return False
            try:
                result = apply(kind, args, shapes, maker.policy or None)
                if step.again is not None:
                    first = apply(kind, args, [self.tensors[ref][0] for ref in maker.inputs])
                    if [w.shape for w in first.weights] != [w.shape for w in result.weights]:
                        return False
            except Refusal:
                return False
            outputs = list(result.outputs)
            dtypes = list(output_dtypes(result, self.tensors[step.inputs[0]][1], maker.policy or kind.policy(args)))
        if any(math.prod(size for size in shape if size is not UNKNOWN) > 2_000_000 for shape in outputs):
            return False
        self.program.steps.append(step)
        for number, (shape, dtype) in enumerate(zip(outputs, dtypes)):
            self.tensors[len(self.program.steps) - 1, number] = (shape, dtype)
        self.used.update(step.inputs)
        return True

    def _inner_outputs(self, inner: Program, shapes: list[Any]) -> tuple[list[Any], list[str]]:
        expected = [
            tuple(UNKNOWN if size is None else size for size in s.args["shape"])
            for s in inner.steps
            if s.name == "InputLayer"
        ]
        if [shape[1:] for shape in shapes] != expected:
            return [], []
        report = infer(read_spec(Source("inner", json.dumps(spec(inner)))))
        return list(report.output_shapes), ["float32"] * len(report.output_shapes)

    def floats(self, rank: int | None = None) -> list[Ref]:
        return [r for r, (shape, _) in self.tensors.items() if rank is None or len(shape) == rank]

    def pick(self, refs: list[Ref]) -> Ref:
        """Returns a random tensor; later tensors are more likely."""
        return refs[max(self.random.randrange(len(refs)) for _ in range(2))]


def _per_rank(rank: int) -> list[Callable[[Random], tuple[str, dict[str, Any]]]]:
    """Returns functions that make layers. Each layer accepts a tensor that has this many axes after the batch axis."""

    def fixed(name: str, **args: Any) -> Callable[[Random], tuple[str, dict[str, Any]]]:
        return lambda random: (name, dict(args))

    def chosen(name: str, **values: list[Any]) -> Callable[[Random], tuple[str, dict[str, Any]]]:
        return lambda random: (name, {key: random.choice(options) for key, options in values.items()})

    common = [
        chosen("Dense", units=[1, 3, 8], use_bias=[True, False], activation=["relu", None]),
        chosen("Dropout", rate=[0.1, 0.5]),
        chosen("Activation", activation=["relu", "tanh"]),
        fixed("LeakyReLU"),
        fixed("ELU"),
        fixed("ReLU"),
        fixed("Softmax"),
        fixed("PReLU"),
        fixed("BatchNormalization"),
        chosen("BatchNormalization", scale=[False], center=[True, False]),
        fixed("LayerNormalization"),
        chosen("GroupNormalization", groups=[1, -1]),
        fixed("RMSNormalization"),
        fixed("UnitNormalization"),
        fixed("GaussianNoise", stddev=0.1),
        fixed("GaussianDropout", rate=0.1),
        fixed("AlphaDropout", rate=0.1),
        fixed("ActivityRegularization", l2=0.1),
        fixed("Identity"),
        fixed("Flatten"),
        fixed("Rescaling", scale=0.5),
        fixed("Normalization"),
    ]
    if rank == 1:
        return [*common, chosen("RepeatVector", n=[2, 5]), chosen("Reshape", target_shape=[(-1, 1), (1, -1), (2, -1)])]
    sizes, data = ([3, 2, 1], ["channels_last", "channels_last", "channels_first"])
    dims = rank - 1
    windowed: list[Callable[[Random], tuple[str, dict[str, Any]]]] = []
    if dims <= 3:
        windowed = [
            chosen(
                f"Conv{dims}D",
                filters=[2, 4],
                kernel_size=sizes,
                strides=[1, 2],
                padding=["same", "valid"],
                data_format=data,
            ),
            chosen(f"Conv{dims}D", filters=[2], kernel_size=[2], dilation_rate=[2], use_bias=[True, False]),
            chosen(
                f"Conv{dims}DTranspose", filters=[2, 3], kernel_size=sizes, strides=[1, 2], padding=["same", "valid"]
            ),
            chosen(f"MaxPooling{dims}D", pool_size=[2, 3], padding=["same", "valid"], data_format=data),
            chosen(f"AveragePooling{dims}D", pool_size=[2], strides=[1, None]),
            chosen(f"GlobalAveragePooling{dims}D", keepdims=[True, False]),
            chosen(f"GlobalMaxPooling{dims}D", keepdims=[False]),
            chosen(f"AdaptiveMaxPooling{dims}D", output_size=[1, 2]),
            chosen(f"ZeroPadding{dims}D", padding=[1, 2]),
            chosen(f"Cropping{dims}D", cropping=[1]),
            chosen(f"UpSampling{dims}D", size=[2]),
            chosen(f"SpatialDropout{dims}D", rate=[0.2]),
        ]
    if dims <= 2:
        windowed += [
            chosen(f"DepthwiseConv{dims}D", kernel_size=sizes, depth_multiplier=[1, 2], padding=["same"]),
            chosen(f"SeparableConv{dims}D", filters=[3], kernel_size=sizes, padding=["same"]),
        ]
    if rank == 2:
        windowed += [
            chosen("LSTM", units=[2, 4], return_sequences=[True, False], return_state=[True, False, False]),
            chosen("GRU", units=[3], return_sequences=[True, False]),
            chosen("SimpleRNN", units=[3], return_state=[True, False]),
            chosen(
                "RNN",
                cell=[{"LSTMCell": 3}, {"StackedRNNCells": {"cells": [{"GRUCell": 2}, {"LSTMCell": 3}]}}],
                return_sequences=[True],
            ),
            chosen(
                "Bidirectional",
                layer=[{"LSTM": 2}, {"GRU": {"units": 2, "return_sequences": True}}],
                merge_mode=["concat", "sum", None],
            ),
            fixed("Permute", dims=(2, 1)),
            *[chosen("Masking", mask_value=[0.0, 1.5])] * 2,
        ]
    if rank in (3, 4):
        windowed.append(
            chosen(
                f"ConvLSTM{rank - 2}D",
                filters=[2],
                kernel_size=[1, 2],
                padding=["same"],
                return_sequences=[True, False],
            )
        )
    return [
        *common,
        *windowed,
        *windowed,
        chosen("TimeDistributed", layer=[{"Dense": 2}, {"BatchNormalization": {}}, {"Flatten": {}}]),
        chosen("Reshape", target_shape=[(-1,), (-1, 2)]),
        fixed("SpectralNormalization", layer={"Dense": 3}),
    ]


_MERGES = ["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate", "Concatenate", "Dot"]


def grow(random: Random, most: int = 60, depth: int = 0) -> Program:
    """Returns a random program with at most this many steps."""
    grower = Grower(random)
    for _ in range(1 if depth else random.choice([1, 1, 2, 3])):
        rank = random.choice([1, 2, 2, 3, 3, 3, 4])
        low = 1 if rank == 1 else 4
        sizes = [None if random.random() < 0.08 and axis < rank - 1 else random.randint(low, 9) for axis in range(rank)]
        sizes[-1] = random.choice([1, 3, 4])
        grower.add_input(tuple(sizes))
    if not depth and random.random() < 0.25:
        grower.add_input((random.randint(2, 6),), "int32")
    for _ in range(random.randint(4 if depth else 5, most)):
        _step(grower, random, depth)
    leaves = [ref for ref in grower.tensors if ref not in grower.used]
    # A layer with several outputs may have unused outputs, but at least one output must be used.
    done = {ref[0] for ref in grower.used}
    grower.program.outputs = [ref for ref in leaves if ref[0] not in done or random.random() < 0.3]
    return grower.program


# Layers that no program contains. An Equalization may return its input tensor itself, which Keras reports as a cycle.
_NO_STEP = {"Equalization"}


def _further(grower: Grower, random: Random, case: Case) -> list[Ref] | None:
    """Returns float tensors for the second and later inputs of a case. None if no tensors fit.

    They have the sizes of the case if possible, otherwise the same number of axes.
    """
    result = []
    floats = [ref for ref, (_, dtype) in grower.tensors.items() if "float" in dtype]
    for wanted in case.shapes[1:]:
        sizes = tuple(UNKNOWN if size is None else size for size in wanted[1:])
        alike = [ref for ref in floats if grower.tensors[ref][0][1:] == sizes]
        near = alike or [ref for ref in floats if len(grower.tensors[ref][0]) == len(wanted)]
        if not near:
            return None
        result.append(random.choice(near))
    return result


def _step(grower: Grower, random: Random, depth: int) -> None:
    trainable = random.random() > 0.07
    policy = random.choice([""] * 9 + ["mixed_float16", "float16", "float32"]) if not depth else ""
    refs = grower.floats()
    first = grower.pick(refs)
    shape, dtype = grower.tensors[first]
    roll = random.random()
    if dtype == "int32" and len(shape) == 2:
        masked = {"mask_zero": True} if random.random() < 0.6 else {}
        grower.add(Step("Embedding", {"input_dim": 10, "output_dim": 4, **masked}, [first], trainable))
    elif roll < 0.15:
        name = random.choice(_MERGES)
        count = 2 if name in ("Subtract", "Dot") else random.choice([2, 2, 3])
        others = [grower.pick(refs) for _ in range(count - 1)]
        if random.random() < 0.7:
            alike = [ref for ref in refs if grower.tensors[ref][0][1:] == shape[1:]]
            others = [random.choice(alike) for _ in others]
        grower.add(Step(name, {"axes": -1} if name == "Dot" else {}, [first, *others], policy=policy))
    elif roll < 0.22:
        alike = [ref for ref in refs if len(grower.tensors[ref][0]) == len(shape) == 3]
        if alike:
            name = random.choice(["MultiHeadAttention", "Attention", "AdditiveAttention"])
            args = {"num_heads": 2, "key_dim": 3} if name == "MultiHeadAttention" else {}
            grower.add(Step(name, args, [first, random.choice(alike)], trainable))
    elif roll < 0.32:
        makers = [n for n, step in enumerate(grower.program.steps) if step.again is None and step.name != "InputLayer"]
        if makers:
            number = random.choice(makers)
            arity = len(grower.program.steps[number].inputs)
            inputs = [first, *(grower.pick(refs) for _ in range(arity - 1))]
            ranks = [len(grower.tensors[ref][0]) for ref in grower.program.steps[number].inputs]
            if [len(grower.tensors[ref][0]) for ref in inputs] == ranks:
                grower.add(Step("again", {}, inputs, again=number))
    elif roll < 0.37 and depth < 2:
        inner = grow(random, 8, depth + 1)
        wanted = tuple(size for size in inner.steps[0].args["shape"])
        fits = [
            r
            for r in refs
            if tuple(None if s is UNKNOWN else s for s in grower.tensors[r][0][1:]) == wanted
            and grower.tensors[r][1] == "float32"
        ]
        source = random.choice(fits) if fits else grower.add_input(wanted)
        grower.add(Step("Model", {}, [source], trainable, inner=inner))
    elif roll < 0.5:
        for _ in range(12):  # several attempts, because most cases do not fit the shape of the tensor
            case = FAMILIES[random.choice(list(FAMILIES))](random)
            further = _further(grower, random, case)
            if find(case.name) is None or case.name in _NO_STEP or case.call or not case.shapes or further is None:
                continue
            lacks = find(case.name).unsupported_options
            own = "" if "dtype" in lacks else random.choice([policy, case.policy])
            if grower.add(Step(case.name, dict(case.args), [first, *further], trainable or "trainable" in lacks, own)):
                break
    else:
        name, args = random.choice(_per_rank(len(shape) - 1) if len(shape) > 1 else [lambda r: ("Identity", {})])(
            random
        )
        grower.add(Step(name, args, [first], trainable or name.startswith("Spatial"), policy))


def spec(program: Program) -> dict[str, Any]:
    """Returns the program as a spec."""

    def written(ref: Ref) -> Any:
        return f"t{ref[0]}" if ref[1] == 0 else [f"t{ref[0]}", ref[1]]

    layers: list[dict[str, Any]] = []
    for number, step in enumerate(program.steps):
        source: dict[str, Any] = {"as": f"t{number}"}
        if step.inputs:
            source["from"] = [written(ref) for ref in step.inputs]
        if step.again is not None:
            layers.append({"call": f"t{step.again}", **source})
        elif step.inner is not None:
            layers.append({"Model": {**spec(step.inner), "trainable": step.trainable, **source}})
        else:
            args = {key: list(value) if isinstance(value, tuple) else value for key, value in step.args.items()}
            own = {} if step.trainable else {"trainable": False}
            own |= {"dtype": step.policy} if step.policy else {}
            layers.append({step.name: {**args, **own, **source}})
    return {"layers": layers, "outputs": [written(ref) for ref in program.outputs]}


def keras_model(program: Program) -> Any:
    """Builds the program in Keras."""
    import keras

    outputs: list[list[Any]] = []
    made: list[Any] = []
    for step in program.steps:
        if step.name == "InputLayer":
            made.append(None)
            outputs.append([keras.Input(step.args["shape"], dtype=step.args["dtype"])])
            continue
        tensors = [outputs[number][output] for number, output in step.inputs]
        if step.again is not None:
            layer = made[step.again]
        elif step.inner is not None:
            layer = keras_model(step.inner)
            layer.trainable = step.trainable
        else:
            settings = ({} if step.trainable else {"trainable": False}) | (
                {"dtype": step.policy} if step.policy else {}
            )
            layer = getattr(keras.layers, step.name)(
                **{key: _made(key, value) for key, value in step.args.items()}, **settings
            )
        made.append(layer)
        kind = find(step.name if step.again is None else program.steps[step.again].name)
        # ``kind`` is None for a nested model, which is not in the catalogue. Every nested model here has one input.
        result = layer(tensors[0]) if step.inner is not None or kind is None else _called(layer, kind, tensors, {})
        outputs.append(keras.tree.flatten(result))
    inputs = [outputs[n][0] for n, step in enumerate(program.steps) if step.name == "InputLayer"]
    return keras.Model(inputs, [outputs[number][output] for number, output in program.outputs])


def rows_of_keras(model: Any) -> list[tuple[Any, ...]]:
    """Returns a row for each layer, such as its name, its class, and the shapes and dtypes of its last call."""
    import keras

    rows = []
    for layer in model.operations:
        last = keras.tree.flatten(layer._inbound_nodes[-1].output_tensors)
        counts = (0, 0)
        if isinstance(layer, keras.Layer):
            counts = layer.count_params(), sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        called = [t._keras_history.operation.name for node in layer._inbound_nodes for t in node.input_tensors]
        shapes = tuple(tuple(t.shape) for t in last)
        rows.append(
            (
                layer.name,
                type(layer).__name__,
                shapes,
                tuple(t.dtype for t in last),
                *counts,
                called,
            )
        )
    rows.append(("total", sum(math.prod(weight.shape) for weight in model.trainable_weights), model.count_params()))
    return rows


def rows_of_ours(program: Program) -> list[tuple[Any, ...]]:
    """Returns the same rows as :func:`rows_of_keras`, from a report of convcalc."""
    report = infer(read_spec(Source("random", json.dumps(spec(program)))))
    rows = []
    for row in report.layers:
        if row.depth:
            continue
        shapes = tuple(tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in row.output_shapes)
        called = [source.partition("[")[0] for call in row.calls for source in call.inputs]
        rows.append(
            (row.name, row.class_name, shapes, row.calls[-1].output_dtypes, row.params, row.trainable_params, called)
        )
    rows.append(("total", report.totals.trainable_params, report.totals.params))
    return rows
