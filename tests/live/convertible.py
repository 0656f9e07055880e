"""Builds random models that are hard to convert: with masks, constants, custom classes, states or nested arguments."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from random import Random
from types import ModuleType
from typing import Any, cast

PACKAGE = "convertible"
_made: dict[str, Any] = {}


def supplied() -> dict[str, Any]:
    """Returns the custom classes and functions by name, as a user passes them to Keras.

    Later calls return the same objects as the first call.
    """
    if not _made:
        for value in _custom_classes():
            value.__module__ = "custom_objects"
            _made[value.__name__] = value
        module = ModuleType("custom_objects")
        vars(module).update(_made)
        # convcalc's code takes a Lambda's function from this module. The module has no function of this name, so Python
        # calls __getattr__.
        vars(module)["__getattr__"] = lambda name: _made["double"]
        sys.modules["custom_objects"] = module
    return _made


def _custom_classes() -> Iterator[Any]:
    import keras

    def registered(value: Any) -> Any:
        return keras.saving.register_keras_serializable(PACKAGE)(value)

    class Weighted(keras.layers.Layer):  # type: ignore[misc]
        """A custom layer with one vector of weights. Its call has several optional arguments."""

        def __init__(self, amount: int = 1, extra: Any = None, **options: Any) -> None:
            super().__init__(**options)
            self.amount, self.extra = amount, extra
            self.supports_masking = True
            self.w = self.add_weight(shape=(amount,), name="w")

        def call(
            self, x: Any, y: Any = None, factor: float = 1.0, padding_mask: Any = None, training: Any = None
        ) -> Any:
            first = keras.tree.flatten(x)[0]
            return first * factor * self.w[0]

        def get_config(self) -> Any:
            return {**super().get_config(), "amount": self.amount, "extra": self.extra}

    class Several(keras.layers.Layer):  # type: ignore[misc]
        """A custom layer with several outputs. They are in a list, a tuple, a dict or a nested structure."""

        def __init__(self, structure: str = "list", **options: Any) -> None:
            super().__init__(**options)
            self.structure = structure

        def call(self, x: Any) -> Any:
            y = keras.ops.sum(x, axis=-1)
            return {
                "list": [x, y],
                "tuple": (x, y),
                "dict": {"b": x, "a": y},
                "nested": (x, [y, x]),
                "one": [x],
            }[self.structure]

        def get_config(self) -> Any:
            return {**super().get_config(), "structure": self.structure}

    class Scaled(keras.initializers.Initializer):  # type: ignore[misc]
        def __init__(self, scale: float = 1.0) -> None:
            self.scale = scale

        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return keras.ops.ones(shape, dtype) * self.scale

        def get_config(self) -> Any:
            return {"scale": self.scale}

    class Penalty(keras.regularizers.Regularizer):  # type: ignore[misc]
        def __init__(self, rate: float = 0.1) -> None:
            self.rate = rate

        def __call__(self, x: Any) -> Any:
            return self.rate * keras.ops.sum(x)

        def get_config(self) -> Any:
            return {"rate": self.rate}

    class Bound(keras.constraints.Constraint):  # type: ignore[misc]
        def __call__(self, w: Any) -> Any:
            return w

        def get_config(self) -> Any:
            return {}

    class Cell(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = self.state_size = self.output_size = units

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

        def call(self, x: Any, states: Any, training: Any = None) -> Any:
            y = keras.ops.matmul(x, self.kernel) + states[0]
            return y, [y]

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    def double(x: Any) -> Any:
        return x * 2

    def positive(x: Any) -> Any:
        return keras.ops.abs(x)

    yield from map(registered, (Weighted, Several, Scaled, Penalty, Cell))
    yield registered(double)
    yield Bound
    yield positive


def models(random: Random) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields pairs: the name of a kind of model, and a function that builds a random model of this kind."""
    import keras
    import numpy as np

    custom = supplied()
    layers, ops = keras.layers, keras.ops
    pick = random.choice
    Weighted, Several = custom["Weighted"], custom["Several"]

    def several(*shapes: Any, dtype: str = "float32") -> list[Any]:
        return [keras.Input(shape, dtype=dtype) for shape in shapes]

    def ended(inputs: Any, x: Any) -> Any:
        flat = keras.tree.flatten(x)
        ends = [layers.Dense(2)(part) if len(part.shape) > 1 else part for part in flat]
        return keras.Model(inputs, ends[0] if len(ends) == 1 and random.random() < 0.8 else ends)

    def constant(*shape: int) -> Any:
        value = np.ones(shape, "float32")
        return value if random.random() < 0.7 else ops.convert_to_tensor(value)

    # Masks ------------------------------------------------------------------------------------------------------------

    def attention_masks() -> Any:
        a, b = several((5, 4), (5, 4))
        names = random.sample(["attention_mask", "query_mask", "value_mask", "key_mask"], pick([1, 1, 2]))
        masks = {name: keras.Input((5, 5) if name == "attention_mask" else (5,), dtype="bool") for name in names}
        layer = layers.MultiHeadAttention(2, 3) if random.random() < 0.7 else layers.GroupQueryAttention(3, 2, 2)
        more = {"use_causal_mask": True} if random.random() < 0.3 else {}
        if random.random() < 0.3:
            more["return_attention_scores"] = True
        y = layer(a, b, **masks, **more) if random.random() < 0.6 else layer(query=a, value=b, **masks, **more)
        return ended([a, b, *masks.values()], y)

    def list_masks() -> Any:
        a, b = several((5, 4), (5, 4))
        m, n = several((5,), (5,), dtype="bool")
        layer = pick([layers.Attention, layers.AdditiveAttention])()
        masks = pick([[m, m], [m, n], [n, m], [None, m]])
        return ended([a, b, m, n], layer([a, pick([a, b])], mask=masks))

    def explicit_masks() -> Any:
        (a,) = several((5, 4))
        (m,) = several((5,), dtype="bool")
        layer = pick(
            [
                lambda: layers.LSTM(3, return_sequences=True),
                lambda: layers.Bidirectional(layers.GRU(3)),
                lambda: layers.RNN(layers.SimpleRNNCell(3)),
                lambda: layers.GlobalAveragePooling1D(),
                lambda: layers.BatchNormalization(),
                lambda: layers.TimeDistributed(layers.Dense(3)),
                lambda: layers.ConvLSTM1D(2, 1),
            ]
        )()
        if isinstance(layer, layers.ConvLSTM1D):
            (a,) = several((5, 4, 3))
        return ended([a, m], layer(a, mask=m))

    def softmax_mask() -> Any:
        (a,) = several((5, 4))
        (m,) = several((5, 4), dtype="bool")
        return ended([a, m], layers.Softmax()(a, mask=m))

    def automatic_masks() -> Any:
        (a,) = several((5,), dtype="int32")
        x = layers.Embedding(9, 4, mask_zero=True)(a)
        x = pick([layers.LSTM(3, return_sequences=True), layers.Bidirectional(layers.GRU(2, return_sequences=True))])(x)
        y = layers.Dropout(0.1)(x)
        other = pick(
            [lambda: layers.LSTM(2)(y), lambda: layers.MultiHeadAttention(2, 3)(y, x), lambda: layers.Add()([x, y])]
        )
        return ended(a, other())

    def mixed_masks() -> Any:
        (a,) = several((5,), dtype="int32")
        (m,) = several((5,), dtype="bool")
        x = layers.Embedding(9, 4, mask_zero=True)(a)
        y = layers.LSTM(3, return_sequences=True)(x, mask=m)
        z = layers.GRU(2)(y)
        return ended([a, m], [z, layers.LSTM(2)(x)] if random.random() < 0.5 else z)

    def computed_masks() -> Any:
        (a,) = several((5, 4))
        m = ops.any(ops.not_equal(a, pick([0.0, 1.0])), axis=-1)
        return ended(a, layers.LSTM(3)(a, mask=m))

    def model_masks() -> Any:
        a, b = several((5, 4), (5, 4))
        (m,) = several((5,), dtype="bool")
        i, j = several((5, 4), (5, 4))
        inner = keras.Model([i, j], layers.Concatenate()([i, j]))
        return ended([a, b, m], inner([a, pick([a, b])], mask=pick([[m, m], [m, None]])))

    # Inputs -----------------------------------------------------------------------------------------------------------

    def same_tensor_twice() -> Any:
        a, b = several((4,), (4,))
        layer = pick([layers.Add(), layers.Concatenate(), layers.Dot(-1), layers.Subtract(), layers.Maximum()])
        x = layer(pick([[a, a], [b, a], (a, a)]))
        i, j = several((4,), (4,))
        inner = keras.Model([i, j], layers.Subtract()([i, layers.Dense(4)(j)]), name="inner")
        return ended([a, b], [x, inner(pick([[a, a], [b, a]]))])

    def dicts() -> Any:
        inputs = {"b": keras.Input((4,), name="b"), "a": keras.Input((3,), name="a")}
        x = layers.Dense(3)(inputs["b"])
        y = layers.Add()([x, inputs["a"]])
        outputs = pick([{"y": y, "x": x}, [x, {"y": y}], (y, x), [[x], [y, x]], [y], {"only": y}])
        return keras.Model(pick([inputs, [inputs["b"], [inputs["a"]]]]), outputs)

    def nested_dicts() -> Any:
        i = {"b": keras.Input((4,)), "a": keras.Input((4,))}
        inner = keras.Model(
            i, pick([{"y": layers.Dense(3)(i["a"]), "x": i["b"]}, [layers.Dense(3)(i["a"])]]), name="inner"
        )
        a, b = several((4,), (4,))
        y = inner({"a": a, "b": pick([a, b])})
        if random.random() < 0.5:
            y = [y, inner({"a": b, "b": b})]
        return ended([a, b], y)

    def called_again() -> Any:
        a, b = several((4,), (4,))
        layer = pick([layers.Dense(3), Weighted(2)])
        return keras.Model([a, b], [layer(a), layer(b), layer(pick([a, b]))])

    # Constants --------------------------------------------------------------------------------------------------------

    def constants() -> Any:
        (a,) = several((4,))
        layer = pick(
            [
                layers.Add(),
                layers.Multiply(),
                layers.Concatenate(),
                layers.Maximum(),
                layers.Subtract(),
                layers.Average(),
            ]
        )
        parts = [a, constant(1, 4)]
        random.shuffle(parts)
        return ended(a, layer(parts))

    def attention_constants() -> Any:
        (a,) = several((5, 4))
        c = constant(1, 5, 4)
        layer = pick([layers.MultiHeadAttention(2, 3), layers.Attention()])
        y = layer(a, c) if isinstance(layer, layers.MultiHeadAttention) else layer([a, c])
        return ended(a, y)

    def mask_constants() -> Any:
        (a,) = several((5, 4))
        m = np.ones((1, 5), "bool")
        return ended(a, layers.LSTM(3)(a, mask=m))

    def state_constants() -> Any:
        (a,) = several((5, 4))
        return ended(a, layers.GRU(3)(a, initial_state=constant(1, 3)))

    def model_constants() -> Any:
        (a,) = several((4,))
        i, j = several((4,), (4,))
        inner = keras.Model([i, j], layers.Add()([layers.Dense(4)(i), j]))
        return ended(a, inner([a, constant(1, 4)]))

    def operation_constants() -> Any:
        (a,) = several((4,))
        x = a + constant(4)
        y = ops.where(ops.greater(x, 0.0), x, constant(1, 4))
        return ended(a, pick([x, y, ops.concatenate([x, y], axis=-1), ops.matmul(y, constant(4, 3))]))

    # Custom classes ---------------------------------------------------------------------------------------------------

    def custom_calls() -> Any:
        a, b = several((4,), (4,))
        (m,) = several((4,), dtype="bool")
        layer = Weighted(pick([1, 2]), extra=pick([None, (1, 2), [1], {"k": (1,)}, "word"]))
        y = pick(
            [
                lambda: layer(a, b),
                lambda: layer([a, b]),
                lambda: layer((a, b)),
                lambda: layer(a, [b, a]),
                lambda: layer({"b": a, "a": b}),
                lambda: layer(a, factor=2.0),
                lambda: layer(a, None, 3.0),
                lambda: layer(a, y=b, factor=0.5),
                lambda: layer(a, padding_mask=m),
                lambda: layer(a, b, padding_mask=m, training=False),
                lambda: layer(a, training=True),
                lambda: layer([a, a]),
                lambda: layer(x=a, y=b),
                lambda: layer(a, constant(4)),
            ]
        )()
        return ended([a, b, m], y)

    def custom_outputs() -> Any:
        (a,) = several((5, 4))
        y = Several(pick(["list", "tuple", "dict", "nested", "one"]))(a)
        flat = keras.tree.flatten(y)
        return keras.Model(a, [layers.Dense(2)(random.choice(flat)), flat[-1]])

    def custom_options() -> Any:
        (a,) = several((4,))
        return ended(
            a, Weighted(2, trainable=random.random() < 0.5, dtype=pick(["float16", "mixed_float16", "float32"]))(a)
        )

    def custom_objects() -> Any:
        (a,) = several((4,))
        args: dict[str, Any] = {
            "kernel_initializer": custom["Scaled"](2.0),
            "kernel_regularizer": custom["Penalty"](0.5),
            "bias_constraint": custom["Bound"](),
            "activation": pick([custom["double"], custom["positive"]]),
            "bias_initializer": custom["Scaled"](),
        }
        chosen = {name: args[name] for name in random.sample(list(args), pick([1, 2, 3]))}
        layer: Any = layers.Dense(3, **chosen)
        return ended(a, layer(a) if random.random() < 0.7 else layers.TimeDistributed(layer)(layers.Reshape((2, 2))(a)))

    def known_objects() -> Any:
        (a,) = several((4,))
        args: dict[str, Any] = {
            "kernel_initializer": keras.initializers.VarianceScaling(2.0, "fan_out", seed=pick([None, 3])),
            "kernel_regularizer": pick([keras.regularizers.L1L2(0.1, 0.2), keras.regularizers.OrthogonalRegularizer()]),
            "bias_constraint": pick([keras.constraints.MaxNorm(2.0), keras.constraints.NonNeg()]),
            "activation": pick([layers.LeakyReLU(0.3), "gelu", keras.activations.relu]),
        }
        chosen = {name: args[name] for name in random.sample(list(args), pick([1, 2, 3]))}
        return ended(a, layers.Dense(3, **chosen)(a))

    def custom_inside() -> Any:
        (a,) = several((5, 4))
        layer = pick(
            [
                lambda: layers.TimeDistributed(Weighted(2)),
                lambda: layers.RNN(custom["Cell"](4)),
                lambda: layers.RNN([custom["Cell"](4), layers.LSTMCell(2)]),
                lambda: layers.Bidirectional(layers.RNN(custom["Cell"](4))),
            ]
        )()
        return ended(a, layer(a))

    def lambdas() -> Any:
        (a,) = several((4,))
        return ended(a, layers.Lambda(custom["double"])(a))

    # Layers with states -----------------------------------------------------------------------------------------------

    def cell() -> Any:
        return pick([layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell])(pick([2, 3]))

    def states() -> Any:
        (a,) = several((5, 4))
        stacked = [cell() for _ in range(pick([1, 2, 3]))]
        rnn: Any = layers.RNN(stacked if random.random() < 0.8 else cell(), return_state=True, return_sequences=True)
        rnn = layers.Bidirectional(rnn) if random.random() < 0.35 else rnn
        y = rnn(a)
        flat = keras.tree.flatten(y)
        return keras.Model(a, [flat[0], layers.Dense(2)(pick(flat[1:])), layers.Dense(1)(flat[-1])])

    def given_states() -> Any:
        (a,) = several((5, 4))
        kind, units = pick([(layers.LSTM, 3), (layers.GRU, 2)])
        y = kind(units, return_sequences=True, return_state=True)(a)
        z = kind(units)(y[0], initial_state=y[1:])
        return ended(a, z)

    def given_nested_states() -> Any:
        (a,) = several((5, 4))
        cells = [layers.LSTMCell(3), pick([layers.GRUCell, layers.LSTMCell])(2)]
        y = layers.RNN(cells, return_state=True, return_sequences=True)(a)
        again = [type(one)(one.units) for one in cells]
        return ended(a, layers.RNN(again)(layers.Dense(4)(y[0]), initial_state=list(y[1:])))

    def cells() -> Any:
        a, h, c = several((4,), (3,), (3,))
        y, new = layers.LSTMCell(3)(a, [h, c])
        return keras.Model([a, h, c], [y, *new])

    # Flags and policies -----------------------------------------------------------------------------------------------

    def frozen() -> Any:
        (a,) = several((4,))
        i = keras.Input((4,))
        inner = keras.Model(i, layers.Dense(4, trainable=pick([True, False]))(layers.Dense(4)(i)), name="inner")
        if random.random() < 0.4:
            inner.trainable = False
        if random.random() < 0.3:
            inner.layers[1].trainable = True
        row = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()], name="row")
        row.trainable = random.random() < 0.5
        model = keras.Model(a, row(inner(a)), trainable=random.random() < 0.5)
        if random.random() < 0.3:
            model.trainable = False
        return model

    def frozen_wrappers() -> Any:
        (a,) = several((5, 4))
        layer = pick(
            [
                lambda: layers.TimeDistributed(layers.Dense(3, trainable=False)),
                lambda: layers.TimeDistributed(layers.Dense(3), trainable=False),
                lambda: layers.Bidirectional(layers.LSTM(2, trainable=False)),
                lambda: layers.Bidirectional(layers.LSTM(2), trainable=False),
                lambda: layers.RNN([layers.LSTMCell(2, trainable=False), layers.GRUCell(2)]),
                lambda: layers.TimeDistributed(layers.TimeDistributed(layers.Dense(2), trainable=False)),
            ]
        )()
        if isinstance(getattr(layer, "layer", None), layers.TimeDistributed):
            (a,) = several((5, 3, 4))
        return ended(a, layer(a))

    def frozen_sequential() -> Any:
        parts = [layers.Dense(3, trainable=pick([True, False])), layers.BatchNormalization(), layers.Dense(1)]
        return keras.Sequential([keras.Input((4,)), *parts], trainable=pick([True, False]))

    def policies() -> Any:
        (a,) = several((4,))
        names = ["float16", "mixed_float16", "bfloat16", "float64", "mixed_bfloat16"]
        x = layers.Dense(3, dtype=pick(names))(a)
        x = layers.BatchNormalization(dtype=pick(names))(x)
        return ended(a, pick([x, layers.Activation("relu", dtype="float32")(x)]))

    def quantized() -> Any:
        (a,) = several((8,))
        (b,) = several((5,), dtype="int32")
        x = layers.Dense(6)(a)
        y = layers.Embedding(7, 6)(b)
        y = layers.EinsumDense("abc,cd->abd", (None, 6), bias_axes="d")(y)
        model = keras.Model([a, b], [layers.Dense(3)(x), y])
        model.quantize(pick(["int8", "int8", "int4", "float8"]))
        return model

    def quantization_configs() -> Any:
        (a,) = several((8,))
        from keras.quantizers import AbsMaxQuantizer, Int4QuantizationConfig, Int8QuantizationConfig

        model = keras.Model(a, layers.Dense(3)(layers.Dense(6)(a)))
        config = pick(
            [
                lambda: Int8QuantizationConfig(),
                lambda: Int8QuantizationConfig(activation_quantizer=None),
                lambda: Int8QuantizationConfig(weight_quantizer=AbsMaxQuantizer(axis=0)),
                lambda: Int4QuantizationConfig(block_size=pick([2, -1, 4])),
            ]
        )()
        model.quantize(config=config)
        return model

    def training_arguments() -> Any:
        (a,) = several((4,))
        x = layers.Dropout(0.5)(a, training=pick([True, False]))
        return ended(a, layers.BatchNormalization()(x, training=False))

    # Models inside layers ---------------------------------------------------------------------------------------------

    def models_inside() -> Any:
        (a,) = several((5, 4))
        i = keras.Input((4,))
        functional = keras.Model(i, layers.Add()([layers.Dense(4)(i), i]), name="inner")
        row = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)], name="row")
        inner = pick([functional, row])
        if random.random() < 0.3:
            inner.trainable = False
        return ended(a, layers.TimeDistributed(inner)(a))

    def layers_inside() -> Any:
        (a,) = several((6, 4))
        layer = pick(
            [
                lambda: layers.SpectralNormalization(layers.Dense(3)),
                lambda: layers.SpectralNormalization(layers.Conv1D(3, 2)),
                lambda: layers.TimeDistributed(layers.Bidirectional(layers.LSTM(2))),
                lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2, go_backwards=True)),
                lambda: layers.Pipeline([layers.Rescaling(0.5), layers.Dense(2)]),
            ]
        )()
        if isinstance(layer, layers.TimeDistributed):
            (a,) = several((6, 5, 4))
        return ended(a, layer(a))

    # Names of layers --------------------------------------------------------------------------------------------------

    def names() -> Any:
        odd = ["slice", "x", "build", "model", "layers", "ops", "keras", "float", "None", "import", "a b", "é", "1st", "list",
               "x_1", "dense", "flatten", "tuple", "Dense", "print", "range"]  # fmt: skip
        first, second, third = random.sample(odd, 3)
        a = keras.Input((4, 4), name=first)
        x = layers.Dense(4, name=second)(a)
        y = ops.add(x, a)
        z = (
            x[:, pick([0, -1])]
            if random.random() < 0.5
            else keras.src.ops.numpy.GetItem(name=third)(x, (slice(None), 0))
        )
        return keras.Model(a, [layers.Dense(2, name="last")(y), z, x], name=pick(odd))

    # Operations -------------------------------------------------------------------------------------------------------

    def operations() -> Any:
        (a,) = several((6,))
        y = pick(
            [
                lambda: ops.split(a, pick([1, 2, 3]), axis=1),
                lambda: ops.unstack(a, axis=1),
                lambda: ops.top_k(a, 2),
                lambda: ops.meshgrid(ops.reshape(a, (-1,)), ops.reshape(a, (-1,))),
                lambda: ops.moments(a, axes=1),
                lambda: ops.where(a > 0, a, 0.0),
                lambda: ops.expand_dims(a, (1, 2)),
                lambda: ops.clip(a, 0.0, pick([1.0, 2])),
                lambda: a[:, ::2],
                lambda: a[..., None],
                lambda: 1.0 - a,
                lambda: ops.einsum("ab,cb->ac", a, a),
                lambda: ops.stack([a, a, a], axis=1),
                lambda: ops.pad(a, ((0, 0), (1, 2))),
                lambda: ops.nan_to_num(a, nan=float("inf")),
                lambda: ops.cast(a, "int32"),
            ]
        )()
        return keras.Model(a, y)

    def fixed_operations() -> Any:
        a = keras.Input(batch_shape=(3, 4))
        y = pick(
            [
                lambda: ops.unique(ops.reshape(a, (-1,)), size=pick([None, 3])),
                lambda: ops.unique(a, axis=0, size=2, return_inverse=True),
                lambda: ops.unique(a, axis=0, return_counts=True, size=2),
                lambda: ops.slogdet(a[:, :3]),
                lambda: ops.qr(a),
                lambda: ops.svd(a),
                lambda: ops.slice(a, (0, 1), (3, 2)),
            ]
        )()
        return keras.Model(a, y)

    def function_operations() -> Any:
        a = keras.Input(batch_shape=(3, 4))
        double = custom["double"]
        y = pick(
            [
                lambda: ops.map(double, a),
                lambda: ops.cond(ops.any(a > 0), lambda: a, lambda: a * 2),
                lambda: ops.vectorized_map(double, a),
                lambda: ops.scan(lambda carry, x: (carry + x, carry), ops.zeros((4,)), a),
            ]
        )()
        return keras.Model(a, y)

    built = cast("Mapping[str, Any]", locals())
    yield from (
        (name, value)
        for name, value in built.items()
        if callable(value)
        and getattr(value, "__module__", "") == __name__
        and name not in ("several", "ended", "constant", "cell", "pick", "Weighted", "Several")
    )
