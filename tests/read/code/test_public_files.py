"""Tests data files at public addresses: their columns and classes are known without a download."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEAD = "import keras, os, pathlib\nimport numpy as np\nimport pandas as pd\nimport tensorflow as tf\n"
DATA = "https://storage.googleapis.com/download.tensorflow.org/"
JENA = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/jena_climate_2009_2016.csv.zip"
TABLE = """
model = keras.Sequential([keras.Input((df.shape[1],)), keras.layers.Dense(1)])
"""
FOLDER = """
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(len(data.class_names))])
"""


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "train.py", target="model"))


def messages(result: Report) -> str:
    return "\n".join(problem.message for problem in result.problems)


@pytest.mark.parametrize(
    ("code", "columns"),
    [
        (f"df = pd.read_csv('{DATA}data/creditcard.csv')", 31),
        (f"path = keras.utils.get_file('heart.csv', '{DATA}data/heart.csv')\ndf = pd.read_csv(path)", 14),
        (f"df = pd.read_csv('{DATA}data/ecg.csv', header=None)", 141),
        (f"df = pd.read_csv('{DATA}data/heart.csv')\ndf.pop('target')\ndf['more'] = 2 * df['age']", 14),
        (
            f"z = keras.utils.get_file(origin='{JENA}', fname='jena_climate_2009_2016.csv.zip', extract=True)\n"
            "path, _ = os.path.splitext(z)\ndf = pd.read_csv(path)\ndf.pop('Date Time')",
            14,
        ),
        (
            f"import urllib.request\nurllib.request.urlretrieve('{DATA}data/creditcard.zip', 'cards.zip')\n"
            "df = pd.read_csv('creditcard.csv').drop(columns=['Class'])",
            30,
        ),
        (f"df = pd.read_csv('{DATA}data/heart.csv', ',', index_col='age')", 13),
        (f"df = pd.read_csv('{DATA}data/heart.csv', index_col=[0, 'sex'])", 12),
    ],
)
def test_columns(code: str, columns: int) -> None:
    assert report(code + TABLE).totals.params == columns + 1


@pytest.mark.parametrize(
    "code",
    [
        "df = pd.read_csv('heart.csv')",
        "df = pd.read_csv('https://example.com/heart.csv')",
        f"df = pd.read_csv('{DATA}data/heart.csv', index_col='other')",
        f"df = pd.read_csv('{DATA}data/heart.csv', ';')",
        f"df = pd.read_csv('{DATA}data/heart.csv', sep=';')",
        "df = pd.read_csv(keras.utils.get_file('heart.csv', 'https://example.com/heart.csv'))",
        f"keras.utils.get_file('heart.csv', '{DATA}data/heart.csv')\ndf = pd.read_csv('other.csv')",
    ],
)
def test_other_files_stay_unknown(code: str) -> None:
    result = report(code + TABLE)
    assert "the number of columns of the file is unknown" in messages(result)
    assert "params" in result.totals.incomplete


FLOWERS = f"path = keras.utils.get_file('flower_photos', '{DATA}example_images/flower_photos.tgz', untar=True)\n"


@pytest.mark.parametrize(
    "code",
    [
        FLOWERS + "data = keras.utils.image_dataset_from_directory(path)",
        FLOWERS + "data = keras.utils.image_dataset_from_directory(pathlib.Path(path).parent / 'x' / 'flower_photos')",
        f"path = keras.utils.get_file(origin='{DATA}example_images/flower_photos.tgz', extract=True)\n"
        "data = keras.utils.image_dataset_from_directory(pathlib.Path(path).with_suffix(''))",
        f"path = keras.utils.get_file(origin='{DATA}example_images/flower_photos.tgz', extract=True)\n"
        "data = keras.utils.image_dataset_from_directory(os.path.join(path, 'flower_photos'), label_mode='categorical')",
    ],
)
def test_classes(code: str) -> None:
    assert report(code + FOLDER).totals.params == 20


def test_the_program_names_fewer_classes() -> None:
    code = FLOWERS + "data = keras.utils.image_dataset_from_directory(path, class_names=['roses', 'tulips'])"
    assert report(code + FOLDER).totals.params == 8


def test_other_folders_stay_unknown() -> None:
    result = report(FLOWERS + "data = keras.utils.image_dataset_from_directory('mine')" + FOLDER)
    assert "the names of the classes are unknown" in messages(result)


def test_an_image_generator() -> None:
    code = FLOWERS + (
        "data = keras.preprocessing.image.ImageDataGenerator().flow_from_directory(path, target_size=(8, 8))\n"
        "model = keras.Sequential([keras.Input(data.image_shape), keras.layers.Flatten(), keras.layers.Dense(data.num_classes)])"
    )
    assert report(code).totals.params == 193 * 5


MPG = """
url = "http://archive.ics.uci.edu/ml/machine-learning-databases/auto-mpg/auto-mpg.data"
names = ["MPG", "Cylinders", "Displacement", "Horsepower", "Weight", "Acceleration", "Model Year", "Origin"]
df = pd.read_csv(url, names=names, na_values="?", comment="\\t", sep=" ", skipinitialspace=True).dropna()
{more}
labels = df.pop("MPG")
normalizer = keras.layers.Normalization(axis=-1)
normalizer.adapt(np.array(df))
model = keras.Sequential([normalizer, keras.layers.Dense(2)])
model.fit(df, labels)
"""


@pytest.mark.parametrize(
    ("more", "features"),
    [
        (
            "df['Origin'] = df['Origin'].map({1: 'USA', 2: 'Europe', 3: 'Japan'})\ndf = pd.get_dummies(df, columns=['Origin'])",
            9,
        ),
        ("df = pd.get_dummies(df, columns=['Origin'], prefix='')", 9),
        (
            "df['Origin'] = df['Origin'].map({1: 'USA', 2: 'other', 3: 'other'})\ndf = pd.get_dummies(df, columns=['Origin'])",
            8,
        ),
        ("df['count'] = df['Origin'].nunique()", 8),
    ],
)
def test_values_of_a_column(more: str, features: int) -> None:
    """A table gives a model its input, too."""
    assert report(MPG.format(more=more)).totals.params == 2 * features + 1 + 2 * features + 2


@pytest.mark.parametrize("more", ["df['Origin'] = df['Weight']", "df['Origin'] = df['Origin'].map({1: 'USA'})"])
def test_the_values_are_unknown_after_other_changes(more: str) -> None:
    result = report(MPG.format(more=f"{more}\ndf = pd.get_dummies(df, columns=['Origin'])"))
    assert "params" in result.totals.incomplete


SOUNDS = """
data = keras.utils.audio_dataset_from_directory("sounds", class_names=["a", "b"], output_sequence_length=16000{more})
data = data.map(lambda sound, label: (tf.squeeze(sound, axis=-1), label))
data = data.map(lambda sound, label: (tf.abs(tf.signal.stft(sound, frame_length=255, frame_step=128))[..., None], label))
for batch, labels in data.take(1):
    break
model = keras.Sequential([keras.Input(batch.shape[1:]), keras.layers.Conv2D(2, 3)])
"""


def test_sounds() -> None:
    """TensorFlow 2.21 gives (None, 124, 129, 1)."""
    result = report(SOUNDS.format(more=""))
    assert shape_text(result.layers[0].output_shapes[0]) == "(None, 122, 127, 2)"
    assert "the length of these sounds is unknown" in messages(report(SOUNDS.format(more=", ragged=True")))
