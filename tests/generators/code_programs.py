"""Random programs with Keras, in the styles that people write. Each program makes a model with the name ``model``."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Style = Callable[[Random], str]
STYLES: dict[str, Style] = {}


def program(random: Random) -> tuple[str, str]:
    """Returns the name of a style, and a random program in this style."""
    name = random.choice(list(STYLES))
    return name, STYLES[name](random)


def style(function: Style) -> Style:
    """Declares a style."""
    STYLES[function.__name__] = function
    return function


IMPORTS = [
    ("import keras\nfrom keras import layers\n", "keras.", "layers."),
    (
        "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras import layers\n",
        "keras.",
        "layers.",
    ),
    ("import tensorflow as tf\n", "tf.keras.", "tf.keras.layers."),
    ("import keras\nimport keras.layers as L\n", "keras.", "L."),
    ("from keras.layers import *\nimport keras\n", "keras.", ""),
]


def head(random: Random) -> tuple[str, str, str]:
    return random.choice(IMPORTS)


def activation(random: Random) -> str:
    return random.choice(["relu", "relu", "tanh", "elu", "gelu", "sigmoid", "swish", "selu"])


def image_layer(random: Random, L: str) -> str:
    """Returns a layer for images that keeps their size positive."""
    size = random.choice([1, 3, 3, 5])
    filters = random.randint(2, 16)
    f, a = f"{L}Conv2D", activation(random)
    return random.choice(
        [
            f'{f}({filters}, {size}, padding="same", activation="{a}")',
            f'{f}({filters}, ({size}, 3), padding="same", use_bias=False)',
            f'{f}(filters={filters}, kernel_size={size}, strides=2, padding="same", kernel_initializer="he_normal")',
            f'{L}SeparableConv2D({filters}, 3, padding="same", depth_multiplier={random.randint(1, 2)})',
            f'{L}DepthwiseConv2D(3, padding="same")',
            f'{L}Conv2DTranspose({filters}, 3, strides=2, padding="same")',
            f"{L}BatchNormalization()",
            f"{L}BatchNormalization(scale=False, momentum=0.9)",
            f'{L}Activation("{a}")',
            f"{L}Dropout({random.choice([0.1, 0.25, 0.5])})",
            f'{L}MaxPooling2D(2, padding="same")',
            f'{L}AveragePooling2D((2, 2), padding="same")',
            f"{L}UpSampling2D(2)",
            f"{L}ZeroPadding2D(({random.randint(0, 2)}, {random.randint(1, 2)}))",
            f"{L}LayerNormalization()",
            f"{L}LeakyReLU()",
            f"{L}PReLU(shared_axes=[1, 2])",
            f"{L}SpatialDropout2D(0.2)",
            f"{L}GroupNormalization(1)",
        ]
    )


def sequence_layer(random: Random, L: str) -> str:
    units = random.randint(2, 12)
    return random.choice(
        [
            f"{L}LSTM({units}, return_sequences=True)",
            f"{L}GRU({units}, return_sequences=True, reset_after={random.random() < 0.5})",
            f"{L}Bidirectional({L}LSTM({units}, return_sequences=True))",
            f'{L}Bidirectional({L}GRU({units}, return_sequences=True), merge_mode="{random.choice(["sum", "mul", "ave", "concat"])}")',
            f'{L}Conv1D({units}, 3, padding="{random.choice(["same", "causal"])}", dilation_rate={random.randint(1, 3)})',
            f"{L}RNN({L}LSTMCell({units}), return_sequences=True)",
            f"{L}RNN([{L}GRUCell({units}), {L}SimpleRNNCell({units + 1})], return_sequences=True)",
            f"{L}TimeDistributed({L}Dense({units}, activation='{activation(random)}'))",
            f"{L}LayerNormalization(epsilon=1e-6)",
            f"{L}Dense({units})",
            f"{L}SpatialDropout1D(0.1)",
            f"{L}BatchNormalization()",
        ]
    )


def end(random: Random, L: str, rank: int) -> list[str]:
    pool = [f"{L}GlobalAveragePooling{rank}D()", f"{L}GlobalMaxPooling{rank}D()", f"{L}Flatten()"]
    dense = [f'{L}Dense({random.randint(4, 40)}, activation="{activation(random)}")'] if random.random() < 0.6 else []
    return [random.choice(pool), *dense, f'{L}Dense({random.randint(1, 12)}, activation="softmax")']


def shape(random: Random, rank: int = 3) -> tuple[int, ...]:
    return tuple([random.randint(12, 40) for _ in range(rank - 1)] + [random.choice([1, 2, 3, 4])])


def body(random: Random, L: str, kind: str = "") -> tuple[tuple[int, ...], list[str]]:
    """Returns the shape of an input and layers for it."""
    kind = kind or random.choice(["image", "image", "sequence", "vector"])
    if kind == "image":
        return shape(random), [image_layer(random, L) for _ in range(random.randint(2, 6))] + end(random, L, 2)
    if kind == "sequence":
        return shape(random, 2), [sequence_layer(random, L) for _ in range(random.randint(1, 4))] + end(random, L, 1)
    dense = [
        f'{L}Dense({random.randint(2, 64)}, activation="{activation(random)}")' for _ in range(random.randint(1, 4))
    ]
    return (random.randint(2, 60),), [*dense, f"{L}Dropout(0.3)", f"{L}Dense(1)"]


def named(random: Random, text: str, number: int) -> str:
    return text[:-1] + (", " if text[-2] != "(" else "") + f'name="part_{number}")'


# Sequential -----------------------------------------------------------------------------------------------------------


@style
def sequential_list(random: Random) -> str:
    imports, K, L = head(random)
    size, parts = body(random, L)
    parts = [named(random, part, n) if random.random() < 0.15 else part for n, part in enumerate(parts)]
    first = random.choice([f"{K}Input(shape={size})", f"{K}Input({size})", f"{L}InputLayer(shape={size})"])
    name = random.choice(["", ', name="net"'])
    if random.random() < 0.3 and "(" in parts[0]:  # the spelling of Keras 2
        start = parts[0]
        if not start.startswith((f"{L}Bidirectional", f"{L}TimeDistributed", f"{L}RNN")):
            parts[0] = start[:-1] + (", " if start[-2] != "(" else "") + f"input_shape={size})"
            return f"{imports}\nmodel = {K}Sequential([\n    " + ",\n    ".join(parts) + f",\n]{name})\n"
    return f"{imports}\nmodel = {K}Sequential([\n    " + ",\n    ".join([first, *parts]) + f",\n]{name})\n"


@style
def sequential_add(random: Random) -> str:
    imports, K, L = head(random)
    size, parts = body(random, L)
    lines = [imports, f"model = {K}models.Sequential()", f"model.add({K}Input({size}))"]
    for part in parts:
        if random.random() < 0.12 and part.startswith(f"{L}Dense"):
            lines += [f"for _ in range({random.randint(1, 3)}):", f"    model.add({part})"]
        elif random.random() < 0.1:
            lines += [f"if {random.choice(['True', 'False', 'len(model.layers) > 2'])}:", f"    model.add({part})"]
        else:
            lines.append(f"model.add({part})")
    if random.random() < 0.2:
        lines += ["model.pop()", f"model.add({L}Dense({random.randint(1, 9)}))"]
    lines.append('model.compile(optimizer="adam", loss="mse")')
    return "\n".join(lines) + "\n"


@style
def sequential_loop(random: Random) -> str:
    imports, K, L = head(random)
    filters = [random.randint(2, 24) for _ in range(random.randint(2, 4))]
    size = shape(random)
    return f"""{imports}
FILTERS = {filters}
def add_block(model, filters, kernel=3, pool=True):
    model.add({L}Conv2D(filters, kernel, padding="same"))
    model.add({L}BatchNormalization())
    model.add({L}Activation("{activation(random)}"))
    if pool and {L}MaxPooling2D:
        model.add({L}MaxPooling2D(pool_size=2))

model = {K}Sequential()
model.add({L}Input(shape={size}))
for index, filters in enumerate(FILTERS):
    add_block(model, filters, kernel={random.choice([1, 3, 5])}, pool=index % {random.randint(1, 3)} == 0)
model.add({L}Flatten())
for units in ({random.randint(3, 40)}, {random.randint(3, 40)}):
    model.add({L}Dense(units, activation="relu"))
model.add({L}Dense({random.randint(2, 10)}, activation="softmax", name=f"out_{{len(FILTERS)}}"))
"""


@style
def comprehension(random: Random) -> str:
    imports, K, L = head(random)
    widths = [random.randint(2, 50) for _ in range(random.randint(2, 5))]
    return f"""{imports}
widths = {widths}
hidden = [{L}Dense(w, activation="{activation(random)}", name=f"hidden_{{i}}") for i, w in enumerate(widths) if w % {random.randint(2, 5)}]
drops = {{name: {L}Dropout(rate) for name, rate in zip(["a", "b", "c"], (0.1, 0.2, 0.3))}}
model = {K}Sequential([{K}Input(({random.randint(2, 30)},)), *hidden, *drops.values(), {L}Dense(sum(widths) // {random.randint(2, 7)} + 1)])
"""


# Functional -----------------------------------------------------------------------------------------------------------


@style
def functional(random: Random) -> str:
    imports, K, L = head(random)
    size, parts = body(random, L)
    lines = [imports, f"inputs = {K}Input(shape={size}" + random.choice([")", ', name="image")'])]
    variable = "inputs"
    for part in parts:
        lines.append(f"x = {part}({variable})")
        variable = "x"
    lines.append(
        f"model = {K}Model(" + random.choice(["inputs, x)", "inputs=inputs, outputs=x)", '[inputs], [x], name="m")'])
    )
    return "\n".join(lines) + "\n"


@style
def residual(random: Random) -> str:
    imports, K, L = head(random)
    size = shape(random)
    filters = [random.randint(2, 16) for _ in range(random.randint(1, 4))]
    merge = random.choice([f"{L}Add()([x, shortcut])", f"{L}add([x, shortcut])", "x + shortcut", f"{L}Maximum()([x, shortcut])",
                           f"{L}Concatenate(axis=-1)([x, shortcut])", f"{L}concatenate([x, shortcut])", f"{L}Multiply()([x, shortcut])"])  # fmt: skip
    return f"""{imports}
def conv_bn(x, filters, size=3, *, strides=1, act="{activation(random)}", name=None):
    x = {L}Conv2D(filters, size, strides=strides, padding="same", use_bias=False, name=name and name + "_conv")(x)
    x = {L}BatchNormalization(name=name and f"{{name}}_bn")(x)
    return {L}Activation(act)(x) if act is not None else x

def block(x, filters, stride=1, number=0):
    shortcut = x
    x = conv_bn(x, filters, strides=stride, name="b%d" % number)
    x = conv_bn(x, filters, act=None)
    if stride != 1 or shortcut.shape[-1] != filters:
        shortcut = conv_bn(shortcut, filters, 1, strides=stride, act=None)
    x = {merge}
    return {L}ReLU()(x)

def build(input_shape={size}, widths={tuple(filters)}, classes={random.randint(2, 11)}):
    inputs = {K}Input(input_shape)
    x = {L}Rescaling(1.0 / 255)(inputs)
    for number, width in enumerate(widths):
        x = block(x, width, stride=2 if number > 0 else 1, number=number)
    x = {L}GlobalAveragePooling2D()(x)
    outputs = {L}Dense(classes)(x)
    return {K}Model(inputs, outputs{random.choice(["", ', name="tiny_resnet"'])})

model = build({random.choice(["", f"classes={random.randint(2, 9)}", f"widths=[{random.randint(2, 9)}] * 3"])})
"""


@style
def closures(random: Random) -> str:
    imports, K, L = head(random)
    return f"""{imports}
from functools import partial
config = dict(kernel_size={random.choice([1, 3])}, padding="same", activation="{activation(random)}")
Conv = partial({L}Conv2D, kernel_initializer="he_normal", **config)

def stage(filters, repeats=2, rate=0.1):
    def apply(x):
        for _ in range(repeats):
            x = Conv(filters)(x)
            if rate:
                x = {L}Dropout(rate)(x)
        return x
    return apply

scale = lambda n, k={random.randint(1, 3)}: max(4, int(n * k / 2))
inputs = {K}Input({shape(random)})
x = inputs
skips = []
for f in [scale(n) for n in ({random.randint(3, 9)}, {random.randint(3, 9)})]:
    x = stage(f, repeats={random.randint(1, 3)})(x)
    skips.append(x)
    x = {L}MaxPooling2D(padding="same")(x)
x = stage(rate=0, filters={random.randint(2, 12)})(x)
pooled = [{L}GlobalAveragePooling2D()(s) for s in skips[::-1]] + [{L}GlobalMaxPooling2D()(x)]
x = {L}Concatenate()(pooled)
model = {K}Model(inputs, {L}Dense({random.randint(1, 9)})(x))
"""


@style
def several_inputs(random: Random) -> str:
    imports, K, L = head(random)
    a, b = random.randint(2, 20), random.randint(2, 20)
    vocabulary = random.randint(50, 300)
    outputs = random.choice(["[score, kind]", '{"score": score, "kind": kind}', "(score, kind)"])
    inputs = random.choice(["[title, tags]", '{"title": title, "tags": tags}'])
    return f"""{imports}
title = {K}Input(shape=(None,), name="title", dtype="int32")
tags = {K}Input(shape=({a},), name="tags")
x = {L}Embedding({vocabulary}, {b})(title)
x = {L}{random.choice(["LSTM", "GRU"])}({random.randint(2, 16)})(x)
y = {L}Dense({random.randint(2, 16)}, activation="relu")(tags)
merged = {L}{random.choice(["concatenate", "Concatenate()"])}([x, y])
score = {L}Dense(1, name="score")(merged)
kind = {L}Dense({random.randint(2, 8)}, activation="softmax", name="kind")(merged)
model = {K}Model(inputs={inputs}, outputs={outputs})
"""


@style
def shared(random: Random) -> str:
    imports, K, L = head(random)
    size, parts = body(random, L, random.choice(["image", "vector"]))
    distance = random.choice(
        [f"{L}Dot(axes=1, normalize=True)([left, right])", f"{L}Subtract()([left, right])", "left - right",
         "abs(left - right)", f"{L}Concatenate()([left, right, left * right])"]
    )  # fmt: skip
    return f"""{imports}
def make_encoder(shape):
    return {K}Sequential([{K}Input(shape), {", ".join(parts)}], name="encoder")

encoder = make_encoder({size})
a, b = {K}Input({size}), {K}Input({size})
left, right = encoder(a), encoder(b)
together = {distance}
dense = {L}Dense({random.randint(2, 9)})
x = dense({L}Dense({random.randint(3, 9)})(together))
model = {K}Model([a, b], x)
"""


@style
def nested(random: Random) -> str:
    imports, K, L = head(random)
    size, parts = body(random, L, "image")
    frozen = random.choice(["inner.trainable = False", "for layer in inner.layers[:2]:\n    layer.trainable = False", "",
                            "for layer in inner.layers:\n    if isinstance(layer, %sBatchNormalization):\n        layer.trainable = False" % (L or "")])  # fmt: skip
    return f"""{imports}
start = {K}Input({size})
x = {parts[0]}(start)
x = {parts[1]}(x)
inner = {K}Model(start, x, name="inner")
{frozen}
outer = {K}Input({size})
h = inner(outer)
h = {parts[-3] if "Flat" in parts[-3] or "Global" in parts[-3] else f"{L}Flatten()"}(h)
head = {K}Sequential([{L}Dense({random.randint(2, 9)}, activation="relu"), {L}Dense({random.randint(1, 5)})])
model = {K}Model(outer, head(h))
"""


@style
def tensor_arithmetic(random: Random) -> str:
    n, d = random.randint(6, 20), random.choice([4, 6, 8])
    steps = [
        "x = x * 2.0 + 1.0", "x = ops.relu(x)", "x = ops.tanh(x) * x", "x = x[:, 1:]", "x = x[:, :-1, :]", "x = x[:, ::2]",
        f"x = ops.concatenate([x, x], axis={random.choice([1, -1])})", "x = -x", "x = x / ops.sqrt(ops.cast(4, x.dtype))",
        "x = ops.transpose(x, (0, 2, 1))", "x = ops.expand_dims(x, -1)\nx = ops.squeeze(x, axis=-1)",
        "x = x - ops.mean(x, axis=-1, keepdims=True)", "x = ops.softmax(x, axis=-1)", "x = x ** 2", "x = 1 - x",
        "a, b = ops.split(x, 2, axis=-1)\nx = a * ops.sigmoid(b)" , "x = ops.stack([x, x], axis=1)\nx = ops.sum(x, axis=1)",
        "x = ops.matmul(x, ops.transpose(x, (0, 2, 1)))", "x = ops.pad(x, [[0, 0], [1, 1], [0, 0]])",
        "x = ops.einsum('btd,bsd->bts', x, x)", "x = ops.maximum(x, 0.0)", "x = ops.where(x > 0, x, 0.1 * x)",
        "x = ops.repeat(x, 2, axis=1)", "x = ops.flip(x, axis=1)", f"x = layers.Dense({random.randint(1, 4) * 2})(x)",
        "x = layers.LayerNormalization()(x)", "x = ops.reshape(x, (-1, x.shape[1] * x.shape[2], 1))\nx = layers.Dense(4)(x)",
    ]  # fmt: skip
    chosen = [random.choice(steps) for _ in range(random.randint(3, 9))]
    code = []
    for step in chosen:
        code.append(f"if x.shape[-1] % 2 == 0:\n    {step}".replace("\nx", "\n    x") if "split" in step else step)
    return f"""import keras
from keras import layers, ops
inputs = keras.Input(({n}, {d}))
x = layers.Dense({d})(inputs)
{chr(10).join(code)}
outputs = layers.Dense(2)({random.choice(["ops.mean(x, axis=1)", "layers.GlobalAveragePooling1D()(x)", "x[:, 0]", "x[:, -1, :]", "layers.Flatten()(x)"])})
model = keras.Model(inputs, outputs)
"""


@style
def lambdas(random: Random) -> str:
    imports, K, L = head(random)
    n, d = random.randint(4, 12), random.randint(2, 8)
    function = random.choice(
        ["lambda t: t[:, 0]", "lambda t: t * 0.5", "lambda t: ops.mean(t, axis=1)", "last_step", "lambda t: ops.max(t, axis=-1)",
         "lambda t: ops.concatenate([t, t], axis=-1)"]
    )  # fmt: skip
    return f"""{imports}
from keras import ops
def last_step(t, axis=1):
    "The last step."
    return t[:, -1, :]

inputs = {K}Input(({n}, {d}))
x = {L}Dense({random.randint(2, 8)})(inputs)
x = {L}Lambda({function}{random.choice(["", ', name="cut"'])})(x)
x = {L}Flatten()(x)
model = {K}Model(inputs, {L}Dense(3)(x))
"""


@style
def attention(random: Random) -> str:
    imports, K, L = head(random)
    heads, key = random.randint(1, 4), random.randint(2, 8)
    dim = heads * key
    return f"""{imports}
HP = {{"num_heads": {heads}, "key_dim": {key}}}
def encoder(x, ff={random.randint(4, 30)}, rate=0.1, **attention):
    y = {L}LayerNormalization(epsilon=1e-6)(x)
    y = {L}MultiHeadAttention(dropout=rate, **attention)(y, y)
    x = {L}{random.choice(["Add()", "add"])}([x, {L}Dropout(rate)(y)])
    z = {L}LayerNormalization()(x)
    z = {L}Dense(ff, activation="gelu")(z)
    z = {L}Dense(x.shape[-1])(z)
    return x + z

tokens = {K}Input(shape=({random.randint(5, 20)},), dtype="int64")
x = {L}Embedding({random.randint(20, 99)}, {dim}{random.choice(["", ", mask_zero=True"])})(tokens)
for _ in range({random.randint(1, 3)}):
    x = encoder(x, **HP)
x = {L}GlobalAveragePooling1D()(x)
model = {K}Model(tokens, {L}Dense({random.randint(2, 6)}, activation="softmax")(x))
"""


@style
def encoder_decoder(random: Random) -> str:
    imports, K, L = head(random)
    units = random.randint(3, 16)
    return f"""{imports}
latent = {units}
enc_in = {K}Input((None, {random.randint(2, 9)}))
enc_out, state_h, state_c = {L}LSTM(latent, return_state=True)(enc_in)
states = [state_h, state_c]
dec_in = {K}Input(shape=(None, {random.randint(2, 9)}), name="decoder")
lstm = {L}LSTM(latent, return_sequences=True, return_state=True)
dec_out, *_ = lstm(dec_in, initial_state=states)
dec_out = {L}TimeDistributed({L}Dense({random.randint(2, 9)}, activation="softmax"))(dec_out)
model = {K}Model([enc_in, dec_in], dec_out)
"""


@style
def unet(random: Random) -> str:
    imports, K, L = head(random)
    side, depth = random.choice([16, 32]), random.randint(1, 3)
    return f"""{imports}
def double(x, f):
    for _ in range(2):
        x = {L}Conv2D(f, 3, activation="relu", padding="same")(x)
    return x

def get_unet(size=({side}, {side}), base={random.randint(2, 8)}, depth={depth}, n_classes={random.randint(1, 4)}):
    inputs = {L}Input(size + ({random.randint(1, 3)},))
    x, skips = inputs, []
    for level in range(depth):
        x = double(x, base * 2 ** level)
        skips.append(x)
        x = {L}MaxPooling2D((2, 2))(x)
    x = double(x, base * 2 ** depth)
    for level, skip in reversed(list(enumerate(skips))):
        x = {random.choice([f"{L}UpSampling2D()", f'{L}Conv2DTranspose(base << level, 2, strides=2, padding="same")'])}(x)
        x = {L}concatenate([x, skip])
        x = double(x, base * 2 ** level)
    outputs = {L}Conv2D(n_classes, 1, activation="sigmoid" if n_classes == 1 else "softmax")(x)
    return {K}Model(inputs, outputs, name="unet")

model = get_unet()
"""


# Custom classes -------------------------------------------------------------------------------------------------------


@style
def own_layer(random: Random) -> str:
    imports, K, L = head(random)
    base = random.choice([f"{K}layers.Layer"])
    extra = random.choice(
        ["", 'self.scale = self.add_weight(name="scale", shape=(1,), initializer="ones", trainable=False)',
         'self.extra = self.add_weight(shape=(self.units, input_shape[-1]), initializer="zeros")']
    )  # fmt: skip
    place = random.choice(["sequential", "functional"])
    n, units = random.randint(2, 20), random.randint(2, 20)
    use = (
        f"model = {K}Sequential([{K}Input(({n},)), Linear({units}), {L}Activation('relu'), Linear(units={units + 2}, name='last')])"
        if place == "sequential"
        else f"i = {K}Input(({n},))\nx = Linear({units})(i)\nx = Linear({units - 1}, bias=False)(x)\nmodel = {K}Model(i, x)"
    )
    return f"""{imports}
from keras import ops
class Linear({base}):
    def __init__(self, units={random.randint(2, 9)}, bias=True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.bias = bias

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
        if self.bias:
            self.b = self.add_weight(shape=(self.units,), initializer="zeros")
        {extra or "pass"}

    def call(self, inputs{random.choice(["", ", training=None", ", training=False, mask=None"])}):
        y = ops.matmul(inputs, self.w)
        return y + self.b if self.bias else y

    def get_config(self):
        return {{**super().get_config(), "units": self.units, "bias": self.bias}}

{use}
"""


@style
def own_block(random: Random) -> str:
    imports, K, L = head(random)
    size = shape(random)
    repeats = random.randint(1, 3)
    return f"""{imports}
class ConvBlock({L}Layer):
    def __init__(self, filters, repeats={repeats}, **kwargs):
        super(ConvBlock, self).__init__(**kwargs)
        self.convs = [{L}Conv2D(filters, 3, padding="same") for _ in range(repeats)]
        self.norms = {{}}
        self.bn = {L}BatchNormalization()
        self.pool = {L}MaxPooling2D(2) if filters % 2 else None

    def call(self, x, training=False):
        for conv in self.convs:
            x = conv(x)
        x = self.bn(x, training=training)
        if self.pool is not None:
            x = self.pool(x)
        return x

class Stack({L}Layer):
    def __init__(self, widths, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [ConvBlock(w, name=f"block_{{w}}") for w in widths]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x

inputs = {K}Input({size})
x = ConvBlock({random.randint(2, 9)})(inputs)
x = Stack([{random.randint(2, 9)}, {random.randint(10, 14)}])(x)
x = {L}GlobalAveragePooling2D()(x)
model = {K}Model(inputs, {L}Dense({random.randint(1, 9)})(x))
"""


@style
def own_model(random: Random) -> str:
    imports, K, L = head(random)
    size = shape(random)
    build = random.choice(
        [f"model.build((None, {size[0]}, {size[1]}, {size[2]}))", f"model.build(input_shape={(None, *size)})",
         f"_ = model({K}Input({size}))", f"import numpy as np\nmodel(np.zeros({(random.randint(1, 5), *size)}, 'float32'))"]
    )  # fmt: skip
    widths = [random.randint(2, 12) for _ in range(random.randint(1, 3))]
    return f"""{imports}
class Net({K}Model):
    def __init__(self, num_classes={random.randint(2, 10)}, widths=None, dropout=0.2):
        super().__init__({random.choice(["", 'name="net"'])})
        widths = widths or {widths}
        self.convs = [{L}Conv2D(w, 3, activation="relu", padding="same") for w in widths]
        self.pool = {L}MaxPooling2D()
        self.features = {K}Sequential([{L}Conv2D(widths[-1], 1), {L}BatchNormalization()])
        self.drop = {L}Dropout(dropout)
        self.gap = {L}GlobalAveragePooling2D()
        self.out = {L}Dense(num_classes)

    def call(self, x, training=None):
        for conv in self.convs:
            x = self.pool(conv(x))
        x = self.features(x)
        x = self.gap(x)
        if training:
            x = self.drop(x, training=training)
        return self.out(x)

model = Net({random.choice(["", f"widths=[{random.randint(2, 8)}]", f"num_classes={random.randint(2, 9)}, dropout=0.0"])})
{build}
"""


@style
def own_transformer(random: Random) -> str:
    imports, K, L = head(random)
    length, vocabulary, heads = random.randint(6, 20), random.randint(20, 99), random.randint(1, 3)
    dim = heads * random.randint(2, 5)
    return f"""{imports}
from keras import ops
class TokenAndPositionEmbedding({L}Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = {L}Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = {L}Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        maxlen = ops.shape(x)[-1]
        positions = ops.arange(start=0, stop=maxlen, step=1)
        positions = self.pos_emb(positions)
        x = self.token_emb(x)
        return x + positions

class TransformerBlock({L}Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.att = {L}MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = {K}Sequential([{L}Dense(ff_dim, activation="relu"), {L}Dense(embed_dim)])
        self.layernorm1 = {L}LayerNormalization(epsilon=1e-6)
        self.layernorm2 = {L}LayerNormalization(epsilon=1e-6)
        self.dropout1 = {L}Dropout(rate)
        self.dropout2 = {L}Dropout(rate)

    def call(self, inputs):
        attn_output = self.att(inputs, inputs)
        attn_output = self.dropout1(attn_output)
        out1 = self.layernorm1(inputs + attn_output)
        ffn_output = self.ffn(out1)
        ffn_output = self.dropout2(ffn_output)
        return self.layernorm2(out1 + ffn_output)

maxlen, vocab_size, embed_dim = {length}, {vocabulary}, {dim}
inputs = {L}Input(shape=(maxlen,))
x = TokenAndPositionEmbedding(maxlen, vocab_size, embed_dim)(inputs)
for _ in range({random.randint(1, 2)}):
    x = TransformerBlock(embed_dim, {heads}, ff_dim={random.randint(4, 20)})(x)
x = {L}GlobalAveragePooling1D()(x)
x = {L}Dropout(0.1)(x)
model = {K}Model(inputs=inputs, outputs={L}Dense({random.randint(2, 5)}, activation="softmax")(x))
"""


@style
def own_attention(random: Random) -> str:
    imports, K, L = head(random)
    return f"""{imports}
from keras import ops
class AttentionPool({L}Layer):
    def __init__(self, hidden={random.randint(2, 12)}, **kw):
        super().__init__(**kw)
        self.score = {L}Dense(hidden, activation="tanh")
        self.v = {L}Dense(1, use_bias=False)

    def call(self, h):
        a = ops.softmax(self.v(self.score(h)), axis=1)
        return ops.sum(a * h, axis=1)

class SqueezeExcite({L}Layer):
    ratio = {random.randint(1, 2)}
    def build(self, shape):
        c = shape[-1]
        self.fc = {{"down": {L}Dense(max(1, c // self.ratio)), "up": {L}Dense(c, activation="sigmoid")}}
        self.built = True
    def call(self, x):
        s = ops.mean(x, axis=1, keepdims=True)
        return x * self.fc["up"](self.fc["down"](s))

inp = {K}Input(({random.randint(4, 20)}, {random.randint(2, 6)}))
h = {L}{random.choice([f"Bidirectional({L}GRU(4, return_sequences=True))", "GRU(6, return_sequences=True)", 'Conv1D(5, 3, padding="same")'])}(inp)
h = SqueezeExcite()(h)
pooled = AttentionPool({random.choice(["", 'name="pool"'])})(h)
model = {K}Model(inp, {L}Dense(2)(pooled))
"""


@style
def subclass_with_functional(random: Random) -> str:
    imports, K, L = head(random)
    n = random.randint(3, 30)
    return f"""{imports}
class MLP({K}Model):
    def __init__(self, n_in, units, **kwargs):
        inputs = {K}Input((n_in,))
        x = inputs
        for u in units:
            x = {L}Dense(u, activation="relu")(x)
        super().__init__(inputs=inputs, outputs={L}Dense(1)(x), **kwargs)
        self.n_in = n_in

model = MLP({n}, ({random.randint(2, 9)}, {random.randint(2, 9)}){random.choice(["", ', name="mlp"'])})
"""


@style
def autoencoder(random: Random) -> str:
    imports, K, L = head(random)
    side = random.choice([8, 12, 16])
    return f"""{imports}
class Autoencoder({K}Model):
    def __init__(self, latent_dim, shape):
        super().__init__()
        self.latent_dim = latent_dim
        self.shape = shape
        self.encoder = {K}Sequential([{L}Input(shape), {L}Flatten(), {L}Dense(latent_dim, activation="relu")])
        self.decoder = {K}Sequential([
            {L}Dense(shape[0] * shape[1], activation="sigmoid"),
            {L}Reshape(shape),
        ])

    def call(self, x):
        encoded = self.encoder(x)
        return self.decoder(encoded)

model = Autoencoder({random.randint(2, 20)}, ({side}, {side + 1}))
model.build((None, {side}, {side + 1}))
"""


# Applications, freezing and cuts ------------------------------------------------------------------------------------------


@style
def transfer(random: Random) -> str:
    imports, K, L = head(random)
    name = random.choice(["MobileNetV2", "MobileNet", "VGG16", "ResNet50", "EfficientNetB0", "DenseNet121"])
    size = random.choice([64, 96, 75])
    freeze = random.choice(
        ["base.trainable = False", f"for layer in base.layers[:-{random.randint(2, 30)}]:\n    layer.trainable = False",
         f"base.trainable = True\nfor layer in base.layers[:{random.randint(5, 40)}]:\n    layer.trainable = False", ""]
    )  # fmt: skip
    form = random.choice(["sequential", "functional", "output"])
    if form == "sequential":
        end = f"model = {K}Sequential([base, {L}GlobalAveragePooling2D(), {L}Dropout(0.2), {L}Dense({random.randint(2, 9)})])"
    elif form == "functional":
        end = f"""inputs = {K}Input(({size}, {size}, 3))
x = base(inputs, training=False)
x = {L}GlobalAveragePooling2D()(x)
model = {K}Model(inputs, {L}Dense({random.randint(2, 9)})(x))"""
    else:
        end = f"""x = {L}Flatten()(base.output)
x = {L}Dense({random.randint(4, 20)}, activation="relu")(x)
model = {K}Model(inputs=base.input, outputs={L}Dense({random.randint(2, 9)})(x))"""
    return f"""{imports}
base = {K}applications.{name}(weights=None, include_top=False, input_shape=({size}, {size}, 3))
{freeze}
{end}
"""


@style
def cut(random: Random) -> str:
    imports, K, L = head(random)
    size = shape(random)
    return f"""{imports}
full = {K}Sequential([
    {K}Input({size}),
    {L}Conv2D({random.randint(2, 9)}, 3, name="conv_a"),
    {L}Conv2D({random.randint(2, 9)}, 3, name="conv_b"),
    {L}Flatten(name="flat"),
    {L}Dense({random.randint(2, 9)}, name="out"),
])
names = [layer.name for layer in full.layers if layer.name.startswith("conv")]
outputs = [full.get_layer(name).output for name in names]
outputs = outputs if {random.choice(["True", "False"])} else full.layers[-{random.randint(2, 3)}].output
full.get_layer("conv_a").trainable = {random.choice(["True", "False"])}
model = {K}Model(inputs={random.choice(["full.inputs[0]", "full.inputs"])}, outputs=outputs)
"""


# Settings and data ------------------------------------------------------------------------------------------------------


@style
def arguments(random: Random) -> str:
    imports, K, L = head(random)
    return f"""{imports}
import argparse
import math

def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default={random.randint(2, 40)})
    parser.add_argument("--layers", default={random.randint(1, 4)}, type=int)
    parser.add_argument("--dropout", type=float, default={random.choice([0.0, 0.3])})
    parser.add_argument("--batch-norm", action="store_true")
    return parser.parse_args([])

class Config:
    side = {random.randint(8, 20)}
    channels: int = {random.choice([1, 3])}
    @property
    def shape(self):
        return (self.side, self.side, self.channels)

def build_model(args, config):
    model = {K}Sequential(name=f"mlp_{{args.units}}x{{args.layers}}")
    model.add({K}Input(config.shape))
    model.add({L}Flatten())
    for i in range(args.layers):
        model.add({L}Dense(math.ceil(args.units / (i + 1)), activation="relu"))
        if args.batch_norm:
            model.add({L}BatchNormalization())
        if args.dropout > 0:
            model.add({L}Dropout(args.dropout))
    model.add({L}Dense({random.randint(1, 9)}))
    return model

def main():
    return build_model(parse(), Config())

model = main()
"""


@style
def data(random: Random) -> str:
    imports, K, L = head(random)
    n, h, w, c = random.randint(10, 30), random.randint(6, 14), random.randint(6, 14), random.randint(2, 9)
    return f"""{imports}
import numpy as np
x_train = np.random.rand({n}, {h}, {w}).astype("float32") / 255.0
y_train = np.random.randint(0, {c}, size=({n},))
x_train = {random.choice(["np.expand_dims(x_train, -1)", "x_train[..., np.newaxis]", f"x_train.reshape(x_train.shape[0], {h}, {w}, 1)"])}
y_train = {K}utils.to_categorical(y_train, {c})
input_shape = x_train.shape[1:]
num_classes = y_train.shape[1]
model = {K}Sequential([
    {L}Input(shape=input_shape),
    {L}Conv2D({random.randint(2, 9)}, (3, 3), activation="relu"),
    {L}Flatten(),
    {L}Dense(num_classes, activation="softmax"),
])
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
if __name__ == "__main__":
    model.summary()
"""


@style
def dispatch(random: Random) -> str:
    imports, K, L = head(random)
    return f"""{imports}
from dataclasses import dataclass, field
@dataclass
class Spec:
    width: int = {random.randint(2, 20)}
    kinds: list = field(default_factory=lambda: {[random.choice(["dense", "norm", "drop"]) for _ in range(random.randint(1, 5))]})

def make(kind, width):
    makers = {{
        "dense": lambda: {L}Dense(width, activation="{activation(random)}"),
        "norm": {L}BatchNormalization,
        "drop": lambda: {L}Dropout(0.5),
    }}
    return makers[kind]()

class Builder:
    def __init__(self, spec):
        self.spec, self.count = spec, 0
    def block(self, x):
        self.count += 1
        for kind in self.spec.kinds:
            x = make(kind, self.spec.width * self.count)(x)
        return x
    def build(self, n):
        inputs = {K}Input(shape=(n,), name="features")
        x = inputs
        while self.count < {random.randint(1, 3)}:
            x = self.block(x)
        return {K}Model(inputs, {L}Dense(1, name="out_{{}}".format(self.count))(x))

model = Builder(Spec()).build({random.randint(2, 20)})
"""


# Longer programs ----------------------------------------------------------------------------------------------------------


@style
def own_layers_in_a_loop(random: Random) -> str:
    imports, K, L = head(random)
    widths = [random.randint(2, 12) for _ in range(random.randint(2, 4))]
    kept = random.choice(["self.blocks = []", "self.blocks = list()"])
    return f"""{imports}
class Block({L}Layer):
    def __init__(self, filters, index, **kwargs):
        super().__init__(**kwargs)
        self.conv = {L}Conv2D(filters, 3, padding="same", name=f"conv_{{index}}")
        self.norm = {L}BatchNormalization()
        self.match = None if index else {L}Conv2D(filters, 1, use_bias=False)
        self.scale = self.add_weight(name="scale", shape=(filters,), trainable=bool(index % 2))
    def call(self, x, training=None):
        y = self.norm(self.conv(x), training=training)
        if self.match is not None:
            y = y + self.match(x)
        return y * self.scale

class Tower({L}Layer):
    def __init__(self, widths):
        super().__init__()
        {kept}
        for index, width in enumerate(widths):
            self.blocks.append(Block(width, index))
        self.pools = {{str(i): {L}MaxPooling2D(2, padding="same") for i in range(len(widths))}}
    def call(self, x):
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index % {random.randint(1, 3)} == 0:
                x = self.pools[str(index)](x)
        return x

inputs = {K}Input({shape(random)})
model = {K}Model(inputs, {L}Flatten()(Tower({widths})(inputs)))
"""


@style
def named_inputs_and_outputs(random: Random) -> str:
    imports, K, L = head(random)
    sizes = {
        name: random.randint(2, 20)
        for name in random.sample(["age", "city", "text", "price", "image"], random.randint(2, 4))
    }
    heads = {
        name: random.randint(1, 5) for name in random.sample(["score", "label", "rank", "group"], random.randint(2, 3))
    }
    outputs = random.choice(["outputs", "list(outputs.values())"])
    inputs = random.choice(["inputs", "list(inputs.values())"])
    return f"""{imports}
SIZES = {sizes}
inputs = {{name: {K}Input((size,), name=name) for name, size in SIZES.items()}}
encoded = [{L}Dense({random.randint(2, 9)}, activation="relu", name=f"{{name}}_encoder")(tensor) for name, tensor in inputs.items()]
joined = {random.choice([f"{L}Concatenate()(encoded)", f"{L}Add()(encoded)", f"{L}concatenate(encoded, axis=-1)"])}
outputs = {{}}
for name, units in {heads}.items():
    hidden = {L}Dense({random.randint(2, 9)})(joined)
    outputs[name] = {L}Dense(units, name=name)(hidden)
model = {K}Model(inputs={inputs}, outputs={outputs})
model.compile("adam", {{name: "mse" for name in outputs}}, loss_weights={{name: 0.5 for name in outputs}})
"""


@style
def freezing(random: Random) -> str:
    imports, K, L = head(random)
    loop = random.choice(
        [
            f"for layer in model.layers[:{random.randint(1, 5)}]:\n    layer.trainable = False",
            "for layer in model.layers:\n    layer.trainable = not isinstance(layer, " + f"{L}BatchNormalization)",
            'for layer in model.layers:\n    if layer.name.startswith("conv"):\n        layer.trainable = False',
            "for number, layer in enumerate(model.layers):\n    layer.trainable = number % 2 == 0",
            'frozen = True\nfor layer in model.layers:\n    if layer.name == "conv_1":\n        frozen = False\n    layer.trainable = not frozen',
            f"model.trainable = False\nfor layer in model.layers[-{random.randint(1, 3)}:]:\n    layer.trainable = True",
            'model.get_layer("conv_0").trainable = False\nmodel.get_layer(index=-1).trainable = False',
            "for part in (model.layers[1], model.layers[-2]):\n    part.trainable = False",
        ]
    )
    return f"""{imports}
inputs = x = {K}Input({shape(random)})
for number in range({random.randint(2, 4)}):
    x = {L}Conv2D({random.randint(2, 9)}, 3, padding="same", name=f"conv_{{number}}")(x)
    x = {L}BatchNormalization()(x)
    x = {L}ReLU()(x)
x = {L}GlobalAveragePooling2D()(x)
model = {K}Model(inputs, {L}Dense({random.randint(2, 9)}, name="out")(x))
{loop}
"""


@style
def shared_models(random: Random) -> str:
    imports, K, L = head(random)
    n, m = random.randint(4, 20), random.randint(2, 9)
    tower = random.choice(
        [
            f"{K}Sequential([{K}Input(({n},)), {L}Dense({m}, activation='relu'), {L}Dropout(0.1), {L}Dense({m})], name='tower')",
            f"{K}Sequential([{L}Dense({m}), {L}BatchNormalization(), {L}Dense({m})])",
            f"make_tower({n}, {m})",
        ]
    )
    return f"""{imports}
def make_tower(size, units):
    i = {K}Input((size,))
    return {K}Model(i, {L}Dense(units)({L}Dense(units, activation="tanh")(i)), name="made")

tower = {tower}
left, right = {K}Input(({n},), name="left"), {K}Input(({n},), name="right")
a, b = tower(left), tower(right)
outer = {K}Model([left, right], [{L}Subtract()([a, b]), {L}Multiply()([a, b])], name="pair")
first, second = {K}Input(({n},)), {K}Input(({n},))
differ, same = outer([first, second])
again, _ = outer([second, first])
tower.trainable = {random.choice(["True", "False"])}
model = {K}Model([first, second], {L}Dense(1)({L}Concatenate()([differ, same, again, tower(first)])))
"""


@style
def custom_training(random: Random) -> str:
    imports, K, L = head(random)
    latent, n = random.randint(2, 9), random.randint(6, 30)
    build = random.choice([f"model.build((None, {n}))", f"model({K}Input(({n},)))"])
    return f"""{imports}
class Sampling({L}Layer):
    def call(self, inputs):
        mean, log_var = inputs
        return mean + {K}ops.exp(0.5 * log_var) * {K}random.normal({K}ops.shape(mean))

class Vae({K}Model):
    def __init__(self, latent={latent}, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.decoder = self._encoder(latent), self._decoder(latent)
        self.loss_tracker = {K}metrics.Mean(name="loss")
        self.sampling = Sampling()

    @staticmethod
    def _encoder(latent):
        i = {K}Input(({n},))
        h = {L}Dense({random.randint(4, 20)}, activation="relu")(i)
        return {K}Model(i, [{L}Dense(latent, name="mean")(h), {L}Dense(latent, name="log_var")(h)], name="encoder")

    def _decoder(self, latent):
        return {K}Sequential([{K}Input((latent,)), {L}Dense({random.randint(4, 20)}), {L}Dense({n})], name="decoder")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def call(self, x):
        mean, log_var = self.encoder(x)
        return self.decoder(self.sampling([mean, log_var]))

    def train_step(self, data):
        raise NotImplementedError

    def test_step(self, data):
        return {{m.name: m.result() for m in self.metrics}}

model = Vae({random.choice(["", 'name="vae"', f"{latent + 1}"])})
{build}
"""
