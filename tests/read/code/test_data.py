"""Tests data in programs: known data sets have known shapes, and unknown sizes of other data get names."""

from typing import Any

import pytest

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.file import follow
from convcalc.read.code.language.values import Unknown

START = """
import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.utils import to_categorical
from keras.datasets import mnist, cifar10, imdb, reuters, boston_housing
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MinMaxScaler, OneHotEncoder, StandardScaler
"""


def value_of(text: str, **settings: Any) -> Any:
    """Returns the value of a program's last variable. An unknown value without a name becomes ``?``."""
    program = follow(START + text, "program.py", settings=settings)
    return plain(list(program.main.variables.values())[-1])


def plain(value: Any) -> Any:
    if isinstance(value, Unknown):
        return value.name or "?"
    if isinstance(value, Array):
        return (*plain(value.shape), value.dtype)
    return type(value)(map(plain, value)) if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            "(x, y), (xt, yt) = mnist.load_data()\nr = x, y, xt, yt",
            ((60000, 28, 28, "uint8"), (60000, "uint8"), (10000, 28, 28, "uint8"), (10000, "uint8")),
        ),
        (
            "(x, y), _ = mnist.load_data()\nr = x.reshape(-1, 784).astype('float32') / 255",
            (60000, 784, "float32"),
        ),
        ("(x, y), _ = mnist.load_data()\nr = x[..., np.newaxis] / 255.0", (60000, 28, 28, 1, "float64")),
        ("(x, y), _ = mnist.load_data()\nr = x.reshape(x.shape[0], 28, 28, 1).shape[1:]", (28, 28, 1)),
        ("(x, y), _ = mnist.load_data()\nr = (x - x.mean()) / x.std()", (60000, 28, 28, "float64")),
        ("(x, y), _ = mnist.load_data()\nr = len(np.unique(y))", 10),
        ("(x, y), _ = mnist.load_data()\nr = len(set(y))", 10),
        ("(x, y), _ = mnist.load_data()\nr = np.unique(y[5000:]).shape[0]", 10),
        ("(x, y), _ = mnist.load_data()\nr = int(np.max(y)) + 1", 10),
        ("(x, y), _ = mnist.load_data()\nr = to_categorical(y)", (60000, 10, "float64")),
        (
            "(x, y), _ = mnist.load_data()\nr = to_categorical(y[:10]).shape[1]",
            "to_categorical(y[:10]).shape[1]",
        ),
        ("(x, y), _ = cifar10.load_data()\nr = to_categorical(y, 10)", (50000, 10, "float64")),
        ("(x, y), _ = cifar10.load_data()\nr = len(set(y.flatten()))", 10),
        (
            "(x, y), _ = reuters.load_data(num_words=10000)\nr = max(y.shape), to_categorical(y).shape[1], y.max() + 1",
            (8982, 46, 46),
        ),
        (
            "(x, y), _ = imdb.load_data(num_words=20000)\nr = keras.utils.pad_sequences(x, maxlen=200)",
            (25000, 200, "int32"),
        ),
        (
            "(x, y), _ = imdb.load_data(num_words=20000)\nr = np.zeros((len(x), 20000))",
            (25000, 20000, "float64"),
        ),
        (
            "(x, y), _ = boston_housing.load_data()\n"
            "mean = x.mean(axis=0)\n"
            "x -= mean\n"
            "x /= x.std(axis=0)\n"
            "r = x.shape[1]",
            13,
        ),
        (
            "x = keras.preprocessing.sequence.pad_sequences([[1, 2], [3]], padding='post')\nr = x",
            (2, 2, "int32"),
        ),
        (
            "d = datasets.load_digits()\nr = d.data, d.target, d['images']",
            ((1797, 64, "float64"), (1797, "int64"), (1797, 8, 8, "float64")),
        ),
        (
            "x, y = datasets.load_iris(return_X_y=True)\nr = train_test_split(x, y, test_size=0.2)",
            [(120, 4, "float64"), (30, 4, "float64"), (120, "int64"), (30, "int64")],
        ),
        (
            "x, y = datasets.load_iris(return_X_y=True)\nr = OneHotEncoder().fit_transform(y.reshape(-1, 1)).toarray()",
            (150, 3, "float64"),
        ),
        (
            "x, y = datasets.load_iris(return_X_y=True)\ns = StandardScaler()\ns.fit(x)\nr = s.transform(x)",
            (150, 4, "float64"),
        ),
        (
            "x, y = datasets.load_iris(return_X_y=True)\nr = LabelBinarizer().fit_transform(y)",
            (150, 3, "int64"),
        ),
        (
            "x, y = datasets.load_iris(return_X_y=True)\nr = to_categorical(LabelEncoder().fit_transform(y))",
            (150, 3, "float64"),
        ),
        (
            "d = pd.DataFrame({'a': [1, 2, 3], 'b': [4, 5, 6]})\nr = d.drop('a', axis=1).values",
            (3, 1, "float64"),
        ),
        ("d = pd.read_csv('x.csv')\nr = d[['a', 'b']].values.shape[1]", 2),
        (
            "d = pd.read_csv('x.csv', names=['a', 'b', 'c'])\ny = d.pop('c')\nr = d.shape[1], y.shape",
            (2, ("d.shape[0]",)),
        ),
        (
            "d = pd.read_csv('x.csv', usecols=[1]).values.astype('float32')\n"
            "r = MinMaxScaler().fit_transform(d).shape[1]",
            1,
        ),
        ("d = pd.read_csv('x.csv')\nx = d.drop('y', axis=1).values\nr = x.shape[1]", "x.shape[1]"),
        (
            "d = pd.read_csv('x.csv')\nx = d.iloc[:, 1:].values.reshape(-1, 28, 28, 1)\nr = x.shape[1:]",
            (28, 28, 1),
        ),
        ("x = np.load('x.npy')\nr = x.shape[1]", "x.shape[1]"),
        ("x = np.load('x.npy').reshape(-1, 28, 28, 1)\nr = x.shape[1:]", (28, 28, 1)),
        (
            "x = keras.utils.load_img('a.png', target_size=(32, 24))\n"
            "x = keras.utils.img_to_array(x)\n"
            "r = np.expand_dims(x, 0)",
            (1, 32, 24, 3, "float32"),
        ),
        (
            "t = keras.preprocessing.text.Tokenizer()\n"
            "t.fit_on_texts(['Well done!', 'Good work', 'good'])\n"
            "r = len(t.word_index) + 1, t.texts_to_sequences(['good done'])",
            (5, [[1, 3]]),
        ),
        (
            "t = keras.preprocessing.text.Tokenizer(num_words=50)\n"
            "t.fit_on_texts(open('x').read())\n"
            "r = t.texts_to_matrix(['a', 'b'])",
            (2, 50, "float64"),
        ),
        (
            "t = keras.preprocessing.text.Tokenizer()\nt.fit_on_texts(open('x').read())\nr = len(t.word_index)",
            "len(t.word_index)",
        ),
    ],
)
def test_arrays(text: str, expected: Any) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            "d = keras.utils.image_dataset_from_directory('x', image_size=(180, 160))\nr = next(iter(d))",
            ((None, 180, 160, 3, "float32"), (None, "int32")),
        ),
        ("d = keras.utils.image_dataset_from_directory('x')\nr = len(d.class_names)", "len(d.class_names)"),
        (
            "d = keras.utils.image_dataset_from_directory('x', class_names=['a', 'b'])\nr = len(d.class_names)",
            2,
        ),
        (
            "d = keras.utils.image_dataset_from_directory('x')\n"
            "d = d.map(lambda a, b: (a / 255, b)).cache().prefetch(1)\n"
            "for a, b in d.take(1):\n"
            "    r = a.shape",
            (None, 256, 256, 3),
        ),
        (
            "g = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255).flow_from_directory('x', target_size=(150, 150))\n"
            "r = next(g)[0], g.image_shape, g.num_classes",
            ((None, 150, 150, 3, "float32"), (150, 150, 3), "g.num_classes"),
        ),
        (
            "d = tf.data.Dataset.from_tensor_slices((np.zeros((10, 4)), np.zeros(10))).shuffle(5).batch(2)\n"
            "r = next(iter(d))",
            ((None, 4, "float64"), (None, "float64")),
        ),
        (
            "d = tf.data.Dataset.from_tensor_slices(np.zeros((10, 4), 'float32')).batch(5, drop_remainder=True)\n"
            "r = d.element_spec",
            (5, 4, "float32"),
        ),
    ],
)
def test_streams(text: str, expected: Any) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(
    "text, name, expected",
    [
        ("x = np.load('x.npy')\nr = x.shape[1]", "x.shape[1]", 30),
        ("d = pd.read_csv('x.csv')\nx = d.values\nr = x.shape[1:]", "x.shape[1]", (30,)),
        ("d = pd.read_csv('x.csv')\nx = d.values\nr = x.shape[1]", "d.shape[1]", 30),
        (
            "g = keras.preprocessing.image.ImageDataGenerator().flow_from_directory('x')\nr = g.num_classes",
            "g.num_classes",
            30,
        ),
        ("r = len(names)", "len(names)", 30),
        ("x = np.load('x.npy')\nxt, xv = train_test_split(x)\nr = xt.shape[1]", "xt.shape[1]", 30),
    ],
)
def test_the_user_gives_sizes_that_the_code_does_not_state(text: str, name: str, expected: Any) -> None:
    assert value_of(text, **{name: 30}) == expected


def test_lists_that_change_in_an_unknown_loop_are_unknown_data() -> None:
    text = "xs = []\nfor line in open('x'):\n    xs.append([1, 2, 3])\n"
    assert value_of(f"{text}r = np.array(xs)") == "np.array(xs)"
    assert value_of(f"{text}r = np.zeros((3, 3)) + xs") == "np.zeros((3, 3)) + xs"
    assert value_of(f"{text}r = np.reshape(xs, (len(xs), 3, 1)).shape[1:]") == (3, 1)


def test_a_function_that_reads_data_says_so() -> None:
    program = follow("import numpy as np\nx = np.load('x.npy')\n", "program.py")
    assert program.main.variables["x"].reason == "`numpy.load()` reads data, which is not part of the code"


def test_windows_of_a_time_series_have_their_length() -> None:
    text = "d = keras.utils.timeseries_dataset_from_array(np.zeros((20, 3)), None, sequence_length=4)\n"
    assert value_of(f"{text}for x in d.take(1):\n    r = x.shape") == (None, 4, 3)
