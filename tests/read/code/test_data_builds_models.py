"""Data that `fit` and similar methods get: they give a model its input shape."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import follow, read_program

HEADER = """
import numpy as np
import tensorflow as tf
from tensorflow import keras
from keras import layers
"""


def report(code: str, target: str = "model") -> Report:
    return infer(read_program(HEADER + code, "train.py", target=target))


def test_a_dataset_builds_a_sequential() -> None:
    result = report("""
(x, y), _ = keras.datasets.mnist.load_data()
data = tf.data.Dataset.from_tensor_slices((x[..., None] / 255.0, y)).shuffle(100).batch(32)
model = keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(data, epochs=2, validation_data=data)
""")
    assert result.totals.params == 40 + 27_050
    assert not result.totals.incomplete


def test_lists_in_a_dataset() -> None:
    result = report("""
features, labels = [[1.0, 1.5], [2.0, 2.5]], [[0.3], [0.5]]
data = tf.data.Dataset.from_tensor_slices((features, labels)).batch(1)
model = keras.Sequential([layers.Dense(2)])
model.fit(data)
""")
    assert result.totals.params == 6


@pytest.mark.parametrize("fit", ["model.fit(Batches(8))", "model.fit_generator(Batches(8), epochs=2)"])
def test_a_sequence_of_the_program(fit: str) -> None:
    result = report(f"""
class Batches(keras.utils.Sequence):
    def __init__(self, size):
        self.size = size
    def __getitem__(self, index):
        return np.empty((self.size, 20, 20, 3)), np.zeros(self.size)
model = keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(1)])
model.compile("adam", "mse")
{fit}
""")
    assert result.totals.params == 112 + 1297


def test_a_dict_of_arrays_builds_an_own_model() -> None:
    result = report("""
class Two(keras.Model):
    def __init__(self):
        super().__init__()
        self.a = layers.Dense(4)
        self.b = layers.Dense(2)
    def call(self, x):
        return self.b(self.a(x["p"]) + x["q"])
model = Two()
model.fit({"p": np.zeros((9, 3)), "q": np.zeros((9, 4))}, np.zeros((9, 2)))
""")
    assert result.totals.params == 16 + 10


def test_a_sequential_with_another_training_step() -> None:
    result = report("""
class Custom(keras.Sequential):
    def train_step(self, data):
        return {"loss": self(data[0])}
model = Custom([layers.Dense(3)])
model.fit(np.zeros((8, 5)), np.zeros((8, 3)))
""")
    assert result.totals.params == 18


def test_a_dataset_that_does_not_fit() -> None:
    problems = follow(
        HEADER
        + """
data = tf.data.Dataset.from_tensor_slices((np.zeros((60, 32, 32, 3)), np.zeros(60))).batch(4)
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10)])
model.compile("adam", "mse")
model.fit(data)
""",
        "train.py",
    ).problems
    assert [problem.code for problem in problems] == ["wrong-shape"]


def test_a_batch_is_no_sample_count() -> None:
    code = """
data = tf.data.Dataset.from_tensor_slices((np.zeros((60, 4)), np.zeros((60, 2)))).batch(4, drop_remainder=True)
model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
model.compile("adam", "mse")
model.fit(data)
model.predict(data)
"""
    assert follow(HEADER + code, "train.py").problems == []


def test_a_model_that_is_called_on_unknown_data() -> None:
    code = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(4)
    def call(self, x):
        return self.d(x)
model = Net()
model(load())
"""
    result = report(code)
    assert "does not state the shape of its input" in result.problems[0].message
    assert "`load` is not defined" in result.problems[0].message
    known = report(code + "model(np.zeros((2, 3)))")
    assert known.totals.params == 16


TFDS = """
import tensorflow_datasets as tfds
def scaled(image, label):
    return tf.cast(image, tf.float32) / 255.0, label
"""


@pytest.mark.parametrize(
    ("load", "rest", "params"),
    [
        (
            "(data, test), info = tfds.load('mnist', split=['train', 'test'], as_supervised=True, with_info=True)",
            "",
            7850,
        ),
        (
            "data, info = tfds.load(name='cifar10', split='train', as_supervised=True, with_info=True)",
            "",
            10 * 32 * 32 * 3 + 10,
        ),
        (
            "data, info = tfds.load('tf_flowers', split='train[:80%]', as_supervised=True, with_info=True)",
            "data = data.map(lambda x, y: (tf.image.resize(x, (20, 20)), y))",
            5 * 20 * 20 * 3 + 5,
        ),
    ],
)
def test_data_sets_of_tensorflow_datasets(load: str, rest: str, params: int) -> None:
    result = report(f"""{TFDS}
{load}
data = data.map(scaled).cache().shuffle(100)
{rest}
data = data.batch(32).prefetch(tf.data.AUTOTUNE)
model = keras.Sequential([layers.Flatten(), layers.Dense(info.features["label"].num_classes)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(data)
""")
    assert result.totals.params == params


def test_other_data_sets_are_unknown() -> None:
    problem = report(f"""{TFDS}
data = tfds.load("other", split="train", as_supervised=True)
model = keras.Sequential([layers.Dense(3)])
model.fit(data.batch(3))
""").problems[0]
    assert "does not state the shape of its input" in problem.message
