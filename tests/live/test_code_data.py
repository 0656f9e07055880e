"""Compares data functions in programs with Keras and TensorFlow: the shapes and dtypes of their results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.data.data_pipelines import Stream
from convcalc.read.code.file import follow

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.keras

START = """
import numpy as np
import keras
import tensorflow as tf
from keras.utils import to_categorical, pad_sequences
x = np.zeros((12, 5, 3), "float32")
y = np.array([0, 1, 2, 3] * 3)
"""
EXPRESSIONS = """
to_categorical(y)
to_categorical(y, 7)
to_categorical(y.reshape(-1, 1), num_classes=4)
to_categorical([0, 1, 2])
to_categorical([[0, 1], [2, 1]])
to_categorical(y.reshape(3, 4), 5)
to_categorical(3, 5)
pad_sequences([[1, 2, 3], [4]])
pad_sequences([[1, 2, 3], [4]], maxlen=2)
pad_sequences([[1, 2, 3], [4]], maxlen=8, padding="post", dtype="float32")
keras.utils.normalize(x)
tf.data.Dataset.from_tensor_slices(x[..., :1]).batch(4).map(lambda a: tf.squeeze(a, axis=-1))
tf.data.Dataset.from_tensor_slices(np.zeros((4, 400), "float32")).batch(2).map(lambda a: tf.signal.stft(a, 255, 128)[..., None])
keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3), keras.layers.MaxPooling2D()]).predict(np.zeros((5, 10, 8, 3)))
tf.data.Dataset.from_tensors(tf.distribute.get_strategy().run(lambda a, b: a[:, b], args=(x,), kwargs={"b": 0}))
tf.data.Dataset.from_tensor_slices(x)
tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
tf.data.Dataset.from_tensor_slices({"a": x, "b": y}).batch(4)
tf.data.Dataset.from_tensor_slices((x, y)).batch(4, drop_remainder=True)
tf.data.Dataset.from_tensor_slices((x, y)).shuffle(5).repeat().batch(4).prefetch(1)
tf.data.Dataset.from_tensor_slices((x, y)).batch(4).unbatch()
tf.data.Dataset.from_tensor_slices((x, y)).batch(4).take(1)
tf.data.Dataset.from_tensors((x, y))
tf.data.Dataset.from_tensor_slices((x, y)).enumerate()
tf.data.Dataset.zip((tf.data.Dataset.from_tensor_slices(x), tf.data.Dataset.from_tensor_slices(y)))
tf.data.Dataset.from_tensor_slices((x, y)).map(lambda a, b: a)
tf.data.Dataset.from_tensor_slices((x, y)).map(lambda a, b: (a / 2, b))
tf.data.Dataset.from_tensor_slices((x, y)).map(lambda a, b: (a[:2], b)).batch(3)
tf.data.Dataset.from_tensor_slices((x, y)).apply(lambda d: d.batch(2))
tf.data.Dataset.range(5)
keras.utils.image_dataset_from_directory(FOLDER, image_size=(20, 30))
keras.utils.image_dataset_from_directory(FOLDER, image_size=(20, 30), label_mode="binary", color_mode="grayscale")
keras.utils.image_dataset_from_directory(FOLDER, image_size=(20, 30), label_mode="categorical", class_names=["a", "b"])
keras.utils.image_dataset_from_directory(FOLDER, image_size=(20, 30), labels=None)
keras.utils.image_dataset_from_directory(FOLDER, image_size=(20, 30), batch_size=None)
keras.utils.img_to_array(keras.utils.load_img(FOLDER + "/a/0.png", target_size=(8, 9)))
keras.utils.img_to_array(keras.utils.load_img(FOLDER + "/a/0.png", target_size=(8, 9), color_mode="grayscale"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pictures")
    for name in ("a", "b"):
        (root / name).mkdir()
        for number in range(3):
            picture = tf.io.encode_png(tf.zeros((16, 16, 3), tf.uint8))
            (root / name / f"{number}.png").write_bytes(picture.numpy())
    return root


def described(value: Any) -> Any:
    """Returns the shape and the dtype of each array in a value of Keras or of convcalc."""
    if isinstance(value, Stream):
        return described(value.element)
    if isinstance(value, Array):
        return (value.shape, value.dtype)
    if hasattr(value, "element_spec"):
        return described(value.element_spec)
    if isinstance(value, (tuple, list)):
        return tuple(map(described, value))
    if isinstance(value, dict):
        return {key: described(part) for key, part in value.items()}
    return (tuple(value.shape), getattr(value.dtype, "name", str(value.dtype)))


@pytest.mark.parametrize("expression", EXPRESSIONS.split("\n")[1:-1])
def test_expression(expression: str, folder: Path) -> None:
    if "load_img" in expression:
        pytest.importorskip("PIL")
    text = f"{START}FOLDER = {str(folder)!r}\nresult = {expression}\n"
    variables: dict[str, Any] = {}
    exec(text, variables)
    result = follow(text, "program.py").main.variables["result"]
    assert described(result) == described(variables["result"])
