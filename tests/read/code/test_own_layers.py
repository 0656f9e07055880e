"""Custom layers and models. The expected numbers are those of Keras 3.15.1: parameters, trainable parameters and bytes."""

import pytest

from convcalc.api import infer
from convcalc.read.code.file import read_program
from convcalc.report_json.write import report_data

HEAD = """import keras
import numpy as np
from keras import layers, ops
x = keras.Input((6,))
img = keras.Input((8, 8, 3))
"""
# The name of each program is what it shows. The numbers follow.
PROGRAMS = {
    "build": (
        """
class L(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units), name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=False)
    def call(self, x):
        return ops.matmul(x, self.w) + self.b
m = keras.Model(x, L(4)(x))
""",
        (28, 24, 112),
        "l L 28",
    ),
    "sublayers_list": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.parts = [layers.Dense(n) for n in (3, 4)]
    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x
m = keras.Model(x, L()(x))
""",
        (37, 37, 148),
        "l L 37",
    ),
    "sublayers_dict": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.parts = {"a": layers.Dense(3), "b": layers.Dense(3, use_bias=False)}
    def call(self, x):
        return self.parts["a"](x) + self.parts["b"](x)
m = keras.Model(x, L()(x))
""",
        (39, 39, 156),
        "l L 39",
    ),
    "sublayers_setattr": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        for i in range(3):
            setattr(self, f"d{i}", layers.Dense(2))
    def call(self, x):
        return ops.concatenate([getattr(self, f"d{i}")(x) for i in range(3)])
m = keras.Model(x, L()(x))
""",
        (42, 42, 168),
        "l L 42",
    ),
    "append_after": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.parts = []
        self.parts.append(layers.Dense(2))
        self.parts.append(layers.Dense(5))
    def call(self, x):
        for p in self.parts:
            x = p(x)
        return x
m = keras.Model(x, L()(x))
""",
        (29, 29, 116),
        "l L 29",
    ),
    "tuple_nested": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.parts = ((layers.Dense(2), layers.Dense(3)), layers.Dense(4))
    def call(self, x):
        (a, b), c = self.parts
        return c(b(a(x)))
m = keras.Model(x, L()(x))
""",
        (39, 39, 156),
        "l L 39",
    ),
    "build_sublayers": (
        """
class L(layers.Layer):
    def build(self, shape):
        self.d = layers.Dense(shape[-1] * 2)
        self.d.build(shape)
        super().build(shape)
    def call(self, x):
        return self.d(x)
m = keras.Model(x, L()(x))
""",
        (84, 84, 336),
        "l L 84",
    ),
    "compute_output_shape": (
        """
class L(layers.Layer):
    def __init__(self, n, **kw):
        super().__init__(**kw)
        self.n = n
    def build(self, shape):
        self.k = self.add_weight(shape=(shape[-1], self.n))
    def call(self, x):
        return x @ self.k
    def compute_output_shape(self, shape):
        return (*shape[:-1], self.n)
m = keras.Model(x, L(7, name="mine")(x))
""",
        (42, 42, 168),
        "mine L 42",
    ),
    "shared_twice": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(6)
    def call(self, x):
        return self.d(self.d(x))
l = L()
m = keras.Model(x, l(l(x)))
""",
        (42, 42, 168),
        "l L 42",
    ),
    "shared_between": (
        """
class L(layers.Layer):
    def __init__(self, d):
        super().__init__()
        self.d = d
    def call(self, x):
        return self.d(x)
d = layers.Dense(6)
m = keras.Model(x, L(d)(L(d)(x)))
""",
        (42, 42, 168),
        "l_1 L 42, l L 42",
    ),
    "nested_three": (
        """
class A(layers.Layer):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(6)
        self.n = layers.LayerNormalization()
    def call(self, x):
        return self.n(self.d(x))
class B(layers.Layer):
    def __init__(self):
        super().__init__()
        self.a1 = A(); self.a2 = A()
    def call(self, x):
        return x + self.a1(x) + self.a2(x)
class C(layers.Layer):
    def __init__(self):
        super().__init__()
        self.bs = [B(), B()]
    def call(self, x):
        for b in self.bs:
            x = b(x)
        return x
m = keras.Model(x, C()(x))
""",
        (216, 216, 864),
        "c C 216",
    ),
    "frozen": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(6)
        self.e = layers.Dense(6)
        self.e.trainable = False
    def call(self, x):
        return self.e(self.d(x))
m = keras.Model(x, L()(x))
""",
        (84, 42, 336),
        "l L 84",
    ),
    "frozen_whole": (
        """
class L(layers.Layer):
    def __init__(self, **kw):
        super().__init__(**kw)
        self.d = layers.Dense(6)
        self.w = self.add_weight(shape=(6,))
    def call(self, x):
        return self.d(x) * self.w
l = L(trainable=False)
m = keras.Model(x, l(x))
""",
        (48, 42, 192),
        "l L 48",
    ),
    "frozen_after": (
        """
class L(layers.Layer):
    def __init__(self, **kw):
        super().__init__(**kw)
        self.d = layers.Dense(6)
    def build(self, s):
        self.w = self.add_weight(shape=(6,))
        self.d.build(s)
    def call(self, x):
        return self.d(x) * self.w
l = L()
y = l(x)
l.trainable = False
m = keras.Model(x, y)
""",
        (48, 0, 192),
        "l L 48",
    ),
    "dtype16": (
        """
class L(layers.Layer):
    def build(self, s):
        self.w = self.add_weight(shape=(s[-1],))
    def call(self, x):
        return x * self.w
m = keras.Model(x, L(dtype="float16")(x))
""",
        (6, 6, 12),
        "l L 6",
    ),
    "mixed": (
        """
keras.mixed_precision.set_global_policy("mixed_float16")
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(3)
    def build(self, s):
        self.w = self.add_weight(shape=(s[-1],))
        self.d.build(s)
    def call(self, x):
        return self.d(x * self.w)
m = keras.Model(x, L()(x))
""",
        (27, 27, 108),
        "l L 27",
    ),
    "weight_dtype": (
        """
class L(layers.Layer):
    def build(self, s):
        self.w = self.add_weight(shape=(4,), dtype="int32", initializer="zeros", trainable=False)
        self.v = self.add_weight(shape=(), initializer="ones")
    def call(self, x):
        return x * self.v
m = keras.Model(x, L()(x))
""",
        (5, 1, 20),
        "l L 5",
    ),
    "variable": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.v = keras.Variable(np.ones((6,)), name="v")
        self.u = keras.Variable(ops.zeros((2, 3)), trainable=False)
    def call(self, x):
        return x * self.v
m = keras.Model(x, L()(x))
""",
        (12, 6, 72),
        "l L 12",
    ),
    "weight_positional": (
        """
class L(layers.Layer):
    def build(self, s):
        self.a = self.add_weight((s[-1], 3), "glorot_uniform")
        self.c = self.add_weight(name="c", shape=[3])
    def call(self, x):
        return ops.dot(x, self.a) + self.c
m = keras.Model(x, L()(x))
""",
        (21, 21, 84),
        "l L 21",
    ),
    "model_subclass": (
        """
class M(keras.Model):
    def __init__(self):
        super().__init__()
        self.c = layers.Conv2D(4, 3)
        self.blocks = [keras.Sequential([layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization()]) for _ in range(2)]
        self.g = layers.GlobalAveragePooling2D()
        self.d = layers.Dense(2)
    def call(self, x, training=False):
        x = self.c(x)
        for b in self.blocks:
            x = x + b(x, training=training)
        return self.d(self.g(x))
m = M()
m(img)
""",
        (450, 434, 1800),
        "conv2d Conv2D 112, sequential Sequential 164, "
        "sequential_1 Sequential 164, global_average_pooling2d GlobalAveragePooling2D 0, dense Dense 10",
    ),
    "model_inside": (
        """
class M(keras.Model):
    def __init__(self):
        super().__init__()
        self.a = layers.Dense(5)
    def call(self, x):
        return self.a(x)
sub = M()
m = keras.Model(x, layers.Dense(3)(sub(x)))
""",
        (53, 53, 212),
        "m M 35, dense_1 Dense 18",
    ),
    "model_add_weight": (
        """
class M(keras.Model):
    def __init__(self):
        super().__init__()
        self.a = layers.Dense(5)
        self.t = self.add_weight(shape=(5,), name="t")
    def call(self, x):
        return self.a(x) * self.t
m = M()
m(np.zeros((2, 6)))
""",
        (40, 40, 160),
        "dense Dense 35",
    ),
    "functional_subclass": (
        """
class M(keras.Model):
    def __init__(self, n):
        i = keras.Input((6,))
        super().__init__(i, layers.Dense(n)(i), name="mine")
        self.n = n
m = M(3)
""",
        (21, 21, 84),
        "dense Dense 21",
    ),
    "two_inputs": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.q = layers.Dense(4); self.k = layers.Dense(4)
    def call(self, inputs):
        a, b = inputs
        return self.q(a) + self.k(b)
y = keras.Input((3,))
m = keras.Model([x, y], L()([x, y]))
""",
        (44, 44, 176),
        "l L 44",
    ),
    "two_args": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.q = layers.Dense(4)
    def call(self, a, b=None):
        return self.q(a) if b is None else self.q(a) * b
y = keras.Input((4,))
m = keras.Model([x, y], L()(x, b=y))
""",
        (28, 28, 112),
        "l L 28",
    ),
    "two_outputs": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.a = layers.Dense(4); self.b = layers.Dense(2)
    def call(self, x):
        return self.a(x), self.b(x)
p, q = L()(x)
m = keras.Model(x, [p, layers.Dense(1)(q)])
""",
        (45, 45, 180),
        "l L 42, dense_2 Dense 3",
    ),
    "dict_output": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.a = layers.Dense(4); self.b = layers.Dense(2)
    def call(self, x):
        return {"a": self.a(x), "b": self.b(x)}
o = L()(x)
m = keras.Model(x, [o["a"], o["b"]])
""",
        (42, 42, 168),
        "l L 42",
    ),
    "build_list": (
        """
class L(layers.Layer):
    def build(self, shapes):
        self.w = self.add_weight(shape=(shapes[0][-1], shapes[1][-1]))
    def call(self, inputs):
        return inputs[0] @ self.w + inputs[1]
y = keras.Input((3,))
m = keras.Model([x, y], L()([x, y]))
""",
        (18, 18, 72),
        "l L 18",
    ),
    "build_two_shapes": (
        """
class L(layers.Layer):
    def build(self, a_shape, b_shape):
        self.w = self.add_weight(shape=(a_shape[-1], b_shape[-1]))
    def call(self, a, b):
        return a @ self.w + b
y = keras.Input((3,))
m = keras.Model([x, y], L()(x, y))
""",
        (18, 18, 72),
        "l L 18",
    ),
    "inherit_own": (
        """
class A(layers.Layer):
    def __init__(self, n=3):
        super().__init__()
        self.d = layers.Dense(n)
    def call(self, x):
        return self.act(self.d(x))
    def act(self, x):
        return x
class B(A):
    def __init__(self):
        super().__init__(n=5)
        self.p = layers.PReLU()
    def act(self, x):
        return self.p(x)
m = keras.Model(x, B()(x))
""",
        (40, 40, 160),
        "b B 40",
    ),
    "inherit_dense_weight": (
        """
class D(layers.Dense):
    def build(self, s):
        super().build(s)
        self.extra = self.add_weight(shape=(3,), name="extra")
m = keras.Model(x, D(4)(x))
""",
        (31, 31, 124),
        "d D 31",
    ),
    "inherit_dense_call": (
        """
class D(layers.Dense):
    def __init__(self, n, scale=2.0, **kw):
        super().__init__(n, activation="relu", **kw)
        self.scale = scale
    def call(self, x):
        return super().call(x) * self.scale
m = keras.Model(x, D(4)(x))
""",
        (28, 28, 112),
        "d D 28",
    ),
    "inherit_rename": (
        """
class D(layers.Dense):
    def __init__(self, n, **kw):
        super().__init__(n, use_bias=False, **kw)
m = keras.Sequential([x, D(4), D(2, name="last")])
""",
        (32, 32, 128),
        "d D 24, last D 8",
    ),
    "wrapper": (
        """
class W(layers.Wrapper):
    def call(self, x):
        return self.layer(x) + 1
m = keras.Model(x, W(layers.Dense(3))(x))
""",
        (21, 21, 84),
        "w W 21",
    ),
    "own_in_sequential": (
        """
class L(layers.Layer):
    def __init__(self, n):
        super().__init__()
        self.n = n
    def build(self, s):
        self.w = self.add_weight(shape=(s[-1], self.n))
    def call(self, x):
        return x @ self.w
m = keras.Sequential([keras.Input((6,)), L(3), L(2)])
""",
        (24, 24, 96),
        "l L 18, l_1 L 6",
    ),
    "sequential_inside": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.net = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(6)])
        self.norm = layers.LayerNormalization(epsilon=1e-6)
        self.drop = layers.Dropout(0.1)
    def call(self, x, training=None):
        return self.norm(x + self.drop(self.net(x), training=training))
m = keras.Model(x, L()(x))
""",
        (70, 70, 280),
        "l L 70",
    ),
    "attention": (
        """
class Block(layers.Layer):
    def __init__(self, dim, heads, ff, **kw):
        super().__init__(**kw)
        self.att = layers.MultiHeadAttention(heads, dim)
        self.ffn = keras.Sequential([layers.Dense(ff, activation="relu"), layers.Dense(dim)])
        self.n1 = layers.LayerNormalization(); self.n2 = layers.LayerNormalization()
    def call(self, x):
        a = self.n1(x + self.att(x, x))
        return self.n2(a + self.ffn(a))
s = keras.Input((5, 6))
m = keras.Model(s, Block(6, 2, 12)(Block(6, 2, 12)(s)))
""",
        (1032, 1032, 4128),
        "block_1 Block 516, block Block 516",
    ),
    "called_two_shapes": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.c = layers.Conv2D(4, 3, padding="same")
    def call(self, x):
        return self.c(x)
l = L()
a = l(img)
b = l(layers.MaxPooling2D()(img))
m = keras.Model(img, [a, b])
""",
        (112, 112, 448),
        "max_pooling2d MaxPooling2D 0, l L 112",
    ),
    "unused_sublayer": (
        """
class L(layers.Layer):
    def __init__(self):
        super().__init__()
        self.a = layers.Dense(3); self.unused = layers.Dense(9)
    def call(self, x):
        return self.a(x)
m = keras.Model(x, L()(x))
""",
        (21, 21, 84),
        "l L 21",
    ),
    "seed_generator": (
        """
class Sampling(layers.Layer):
    def __init__(self, **kw):
        super().__init__(**kw)
        self.seed_generator = keras.random.SeedGenerator(1)
    def call(self, inputs):
        mean, log_var = inputs
        eps = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_var) * eps
a, b = layers.Dense(2)(x), layers.Dense(2)(x)
m = keras.Model(x, Sampling()([a, b]))
""",
        (28, 28, 112),
        "dense Dense 14, dense_1 Dense 14, sampling Sampling 0",
    ),
    "self_layer_loop": (
        """
class M(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense_layers = []
        for u in units:
            self.dense_layers.append(layers.Dense(u, activation="relu"))
        self.out = layers.Dense(1)
    def call(self, x):
        for l in self.dense_layers:
            x = l(x)
        return self.out(x)
m = M([5, 4])
m(x)
""",
        (64, 64, 256),
        "dense Dense 35, dense_1 Dense 24, dense_2 Dense 5",
    ),
    "autoencoder": (
        """
class AE(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([layers.Dense(3)])
        self.decoder = keras.Sequential([layers.Dense(6)])
    def call(self, x):
        return self.decoder(self.encoder(x))
m = AE()
m.compile("adam", "mse")
m.fit(np.zeros((8, 6)), np.zeros((8, 6)), verbose=0)
""",
        (45, 45, 180),
        "sequential Sequential 21, sequential_1 Sequential 24",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_numbers_are_those_of_keras(name: str) -> None:
    code, numbers, rows = PROGRAMS[name]
    report = infer(read_program(HEAD + code, "own.py", target="m"))
    totals = report.totals
    assert (totals.params, totals.trainable_params, totals.param_bytes) == numbers
    shown = (row for row in report.layers if row.depth == 0 and row.class_name != "InputLayer")
    assert ", ".join(f"{row.name} {row.class_name} {row.params}" for row in shown) == rows
    report_data(report)  # the JSON report can be written


def test_a_cell_of_a_custom_class_is_unknown() -> None:
    code = """
class Cell(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.state_size = units
    def call(self, x, states):
        return x, states
m = keras.Model(x, layers.RNN(Cell(4))(ops.expand_dims(x, 1)))
"""
    report = infer(read_program(HEAD + code, "own.py", target="m"))
    assert report.totals.incomplete["params"] == "unknown"


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("'int'", 8), ("int", 8), ("float", 4), ("bool", 1), ("'int32'", 4), ("np.float16", 2), ("None", 4)],
)
def test_the_dtype_of_a_variable(dtype: str, size: int) -> None:
    """Keras's TensorFlow backend reads ``int`` as int64, and ``float`` as float32."""
    code = f"""
import numpy as np
import keras

class Table(keras.layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=(5,), dtype={dtype}, initializer="zeros", trainable=False)

    def call(self, x):
        return x

inputs = keras.Input((3,))
model = keras.Model(inputs, Table()(inputs))
"""
    totals = infer(read_program(code, "model.py", target="model")).totals
    assert (totals.params, totals.param_bytes) == (5, 5 * size)
