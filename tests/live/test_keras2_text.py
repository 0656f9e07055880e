"""Compares the text of Keras 2's ``model.summary()`` byte for byte, for handwritten models, random models, and models
of Keras 3.

The expected text is the summary that Keras 2 prints after it has loaded the file. ``CONVCALC_FILES=2000 pytest -m keras
tests/live/test_keras2_text.py`` tests more random models. ``CONVCALC_MODEL=7`` in place of ``CONVCALC_FILES`` tests
only the random model with seed 7.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from convcalc import infer
from convcalc.keras_text.options import Options
from convcalc.keras_text.print2 import keras2_text
from convcalc.read import read
from tests.generators.model_mutations import Tally, hold
from tests.regenerate.golden import GOLDEN, path

pytestmark = pytest.mark.keras

COUNT = int(os.environ.get("CONVCALC_FILES", "200"))
ONE = os.environ.get("CONVCALC_MODEL")


def printed(model: Any, **options: Any) -> str:
    """Returns the summary that Keras 2 prints."""
    lines: list[str] = []
    options = {key: list(value) if key == "positions" else value for key, value in options.items()}
    model.summary(print_fn=lines.append, **options)
    return "".join(f"{line}\n" for line in lines)


def looks(model: Any) -> list[dict[str, Any]]:
    """Returns the options to test: each option alone, and some combinations."""
    first, last = model.layers[len(model.layers) // 4].name, model.layers[-1].name
    return [
        {},
        {"line_length": 70},
        {"line_length": 130},
        {"expand_nested": True},
        {"show_trainable": True},
        {"expand_nested": True, "show_trainable": True, "line_length": 110},
        {"positions": [0.4, 0.6, 0.75, 1.0]},
        {"positions": [40, 60, 80, 120], "line_length": 125},
        {"layer_range": (first, last)},
        {"layer_range": (last, first), "expand_nested": True},
    ]


def different(report: Any, model: Any, texts: list[tuple[Options, str]] | None = None) -> str | None:
    """Returns the first line in which convcalc's text differs from Keras 2's text, or None.

    Adds Keras 2's texts to ``texts``.
    """
    for options in looks(model):
        theirs, ours = printed(model, **options), keras2_text(report, Options(**options))
        if texts is not None:
            texts.append((Options(**options), theirs))
        if theirs != ours:
            pairs = zip(theirs.split("\n"), ours.split("\n"))
            a, b = next(((a, b) for a, b in pairs if a != b), ("(the end)", "(the end)"))
            return f"with {options}:\n  keras: {a}\n  ours:  {b}"
    return None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("summary_keras2", {}),
        ("summary_keras2_nested", {"expand_nested": True, "show_trainable": True}),
        ("summary_keras2_range", {"line_length": 60, "layer_range": ("po", "two")}),
    ],
)
def test_the_golden_texts(name: str, options: dict[str, Any]) -> None:
    import tf_keras

    model = tf_keras.models.model_from_json((GOLDEN / "two_heads.json").read_text(encoding="utf-8"))
    assert printed(model, **options) == path(name).read_text(encoding="utf-8")


# Handwritten models ---------------------------------------------------------------------------------------------------


def _sequential(k: Any) -> Any:
    layers = k.layers
    model = k.Sequential([layers.Conv2D(4, 3, input_shape=(9, 9, 1)), layers.BatchNormalization(), layers.Flatten()])
    model.add(layers.Dense(1000))
    model.layers[0].trainable = False
    return model


def _half(k: Any) -> Any:
    k.mixed_precision.set_global_policy("mixed_float16")
    try:
        return _sequential(k)
    finally:
        k.mixed_precision.set_global_policy("float32")


def _nested(k: Any) -> Any:
    layers = k.layers
    a, b = k.Input((8,)), k.Input((8,))
    total = layers.Add()([a, b])
    inner = k.Model([a, b], [layers.Dense(3)(total), layers.Dense(2)(total)], name="two")
    x, y = k.Input((8,)), k.Input((8,))
    (one, other), second = inner([x, y]), inner([y, x])
    return k.Model([x, y], [layers.Concatenate()([one, other]), *second])


def _dicts(k: Any) -> Any:
    """Returns a model whose inputs and outputs have names. The nested model keeps the order of the names."""
    inputs = {name: k.Input((3,), name=name) for name in "ba"}
    joined = k.layers.Concatenate()([inputs["b"], inputs["a"]])
    inner = k.Model(inputs, {"z": k.layers.Dense(2)(joined), "k": k.layers.Dense(1)(joined)})
    outer = {name: k.Input((3,), name=f"outer_{name}") for name in "ba"}
    result = inner(outer)
    return k.Model(outer, [result["z"], result["k"]])


def _deep(k: Any) -> Any:
    """Returns models that are nested in several levels. Some inner models are the last layer of the model around them;
    other inner models are followed by a Dense layer.
    """
    made = k.Sequential([k.layers.Dense(4, input_shape=(4,))])
    for extra in (True, False, True):
        start = k.Input((4,))
        out = made(start)
        made = k.Model(start, k.layers.Dense(4)(out) if extra else out)
    return made


def _deferred(k: Any) -> Any:
    """Returns a model that contains a Sequential without an input shape. The Sequential gets its input shape when it is
    called.
    """
    inner = k.Sequential([k.layers.Dense(4), k.Sequential([k.layers.Dense(2)])])
    x, y = k.Input((3,)), k.Input((3,))
    return k.Model([x, y], [inner(x), inner(y)])


def _shared(k: Any) -> Any:
    """Returns a model with a shared layer and a shared nested model. Both are called on inputs of several shapes."""
    dense = k.layers.Dense(4)
    start = k.Input((None, 3))
    inner = k.Model(start, k.layers.Conv1D(3, 2)(start))
    x, y = k.Input((6, 3)), k.Input((5, 3))
    return k.Model([x, y], [dense(x), dense(y), dense(inner(x)), inner(y)])


def _recurrent(k: Any) -> Any:
    layers = k.layers
    x = k.Input((7, 5))
    out, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    again = layers.LSTM(3)(out, initial_state=[h, c])
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True))(out)
    cells = layers.RNN([layers.LSTMCell(4), layers.GRUCell(2)])(x)
    states = layers.Bidirectional(layers.LSTM(2, return_state=True))(x)
    return k.Model(x, [again, layers.TimeDistributed(layers.Dense(2))(both), cells, *states])


def _masked(k: Any) -> Any:
    """Returns a model with masks. One mask belongs to a tensor. Other masks are arguments of a call, and the arguments
    are not in alphabetical order.
    """
    import tensorflow as tf

    layers = k.layers
    words, mask = k.Input((7,), dtype="int32"), k.Input((7,), dtype="bool")
    result = layers.Embedding(100, 16, mask_zero=True)(words)
    attention = layers.MultiHeadAttention(2, 3)(query=result, value=result, attention_mask=tf.expand_dims(mask, 1))
    scores = layers.Attention()([result, attention], return_attention_scores=True)
    return k.Model([words, mask], [layers.LSTM(3)(result, mask=mask), layers.LSTM(3)(result), *scores])


def _second_output(k: Any) -> Any:
    """Returns a chain in which a layer reads the second output of the layer before it. Such a model is still a chain."""
    x = k.Input((7, 5))
    return k.Model(x, k.layers.Dense(2)(k.layers.LSTM(3, return_state=True)(x)[1]))


def _operations(k: Any) -> Any:
    import tensorflow as tf

    x = k.Input((8, 8, 3))
    picked = x[:, 1:, ..., 0]
    parts = tf.split(picked, 4, axis=-1)
    joined = tf.concat([parts[0], parts[3]], axis=1) * 2.0
    return k.Model(
        x,
        [
            tf.reduce_mean(picked, axis=[1, 2]),
            joined,
            1 - joined,
            tf.cast(tf.nn.relu(joined), "float16"),
            *tf.split(x, 1),
        ],
    )


def _frozen_wrapper(k: Any) -> Any:
    """Returns a model with a frozen wrapper. The inner layer of the wrapper is frozen too, and the other layers of the
    model are not frozen.
    """
    x = k.Input((3, 4))
    wrapper = k.layers.TimeDistributed(k.layers.Dense(2))
    wrapper.trainable = False
    return k.Model(x, k.layers.Dense(3)(wrapper(x)))


def _inputs_alone(k: Any) -> Any:
    """Returns a model with an input that no layer reads, an input with one axis, a fixed batch size, and long names."""
    x, y = k.Input((3,), batch_size=2), k.Input((), name="an_input_that_leads_nowhere_at_all")
    return k.Model([x, y], k.layers.Dense(123456, name="a_layer_whose_name_is_too_long_for_its_column")(x))


def _transfer(k: Any) -> Any:
    base = k.applications.MobileNet(include_top=False, weights=None, alpha=0.25)
    return k.Sequential([k.Input((64, 64, 3)), k.layers.Rescaling(1 / 127.5), base, k.layers.GlobalMaxPooling2D()])


BY_HAND: list[Callable[[Any], Any]] = [
    _sequential,
    _half,
    _nested,
    _dicts,
    _deep,
    _deferred,
    _shared,
    _recurrent,
    _masked,
    _second_output,
    _operations,
    _frozen_wrapper,
    _inputs_alone,
    _transfer,
]


@pytest.mark.parametrize("build", BY_HAND, ids=lambda build: build.__name__.strip("_"))
def test_a_model_by_hand(build: Callable[[Any], Any]) -> None:
    import tf_keras

    tf_keras.backend.clear_session()
    config = build(tf_keras).to_json()
    model = tf_keras.models.model_from_json(config)
    report, tally, texts = infer(read(config.encode(), "by hand")), Tally(), []
    assert different(report, model, texts) is None
    hold(tally, report, "keras2", texts, Random(build.__name__))
    assert not tally.failed, "\n".join(tally.failed)


# Random models --------------------------------------------------------------------------------------------------------


def grown(k: Any, random: Random) -> Any:
    """Returns a random model of vectors.

    It has shared layers, joins, operations, and nested models with one and two outputs.
    """
    import tensorflow as tf

    layers = k.layers
    inputs = [k.Input((4,)) for _ in range(random.randint(1, 3))]
    tensors = list(inputs)
    shared: list[Any] = [layers.Dense(4), k.Sequential([layers.Dense(4, activation="relu"), layers.Dropout(0.5)])]

    def model() -> Any:
        start = k.Input((4,))
        middle = layers.Dense(4)(start)
        return k.Model(start, [middle, layers.Dense(4)(middle)] if random.random() < 0.5 else middle)

    def kept(layer: Any, x: Any) -> Any:
        shared.append(layer)
        return layer(x)

    made_of: list[Callable[[Any, Any], Any]] = [
        lambda x, y: layers.Dense(4, trainable=random.random() < 0.7)(x),
        lambda x, y: random.choice(shared)(x),
        lambda x, y: random.choice([layers.Add, layers.Maximum])()([x, y]),
        lambda x, y: layers.Dense(4)(layers.Concatenate()([x, y])),
        lambda x, y: random.choice([tf.nn.relu, tf.square, lambda t: t + y, lambda t: 2.0 * t])(x),
        lambda x, y: layers.GRU(4, return_state=True)(layers.Reshape((2, 2))(x)),
        lambda x, y: layers.BatchNormalization()(x),
        lambda x, y: kept(model(), x),
    ]
    for _ in range(random.randint(2, 14)):
        x, y = random.choice(tensors), random.choice(tensors)
        made = random.choice(made_of)(x, y)
        tensors += made if isinstance(made, list) else [made]
    return k.Model(inputs, random.sample(tensors, random.randint(1, min(3, len(tensors)))))


def difference(seed: int, tally: Tally) -> str | None:
    import tf_keras

    tf_keras.backend.clear_session()
    config = grown(tf_keras, Random(seed)).to_json()
    report = infer(read(config.encode(), "random"))
    texts: list[tuple[Options, str]] = []
    result = different(report, tf_keras.models.model_from_json(config), texts)
    hold(tally, report, "keras2", texts, Random(seed))
    return result


def test_random_models(tell: Any) -> None:
    seeds = [int(ONE)] if ONE else range(1, COUNT + 1)
    tally = Tally()
    failed = [f"CONVCALC_MODEL={seed}: {result}" for seed in seeds if (result := difference(seed, tally))]
    tell(f"Keras 2, random models: {len(seeds)} models, 10 texts each, {len(failed)} disagreements; {tally}")
    assert not failed, "\n".join(failed[:12])
    assert not tally.failed, "\n".join(tally.failed[:12])


# Files of Keras 3 -----------------------------------------------------------------------------------------------------


def _named(k: Any) -> Any:
    """Returns a model that is the same in Keras 2 and Keras 3; ``k`` is the module of the version.

    Every layer has a given name, because the two versions number automatic names differently.
    """
    layers = k.layers
    words, more = k.Input((7,), dtype="int32", name="words"), k.Input((5,), name="more")
    result = layers.Embedding(50, 8, mask_zero=True, name="embedding")(words)
    out = layers.LSTM(6, name="lstm")(layers.Masking(name="masking")(result))
    start = k.Input((5,), name="start")
    inner = k.Model(start, [layers.Dense(6, name="a")(start), layers.Dense(6, name="b")(start)], name="inner")
    one, other = inner(more)
    return k.Model([words, more], layers.Add(name="add")([out, one, other]), name="named")


def _chain(k: Any) -> Any:
    layers = k.layers
    words = k.Input((7,), dtype="int32", name="words")
    result = layers.Embedding(50, 8, mask_zero=True, name="embedding")(words)
    return k.Model(words, layers.Bidirectional(layers.GRU(4), name="both")(result), name="chain")


@pytest.mark.parametrize("build", [_named, _chain])
def test_a_file_of_keras_3(build: Callable[[Any], Any]) -> None:
    import keras
    import tf_keras

    report = infer(read(build(keras).to_json().encode(), "three"))
    assert different(report, build(tf_keras)) is None
