"""``convcalc convert`` on code: a model is written as it is, or refused with the layer, its line and a cure."""

import re
from pathlib import Path

import pytest

from convcalc.api import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read.code.file import read_program
from convcalc.write import FORMATS, require_graph, require_writable
from tests.helpers import command_line

HEAD = """import keras
from keras import layers, ops
x = keras.Input((4,))
class Own(layers.Layer):
    def call(self, x):
        return x * 2
class MyDense(layers.Dense):
    pass
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)
    def call(self, x):
        return self.dense(x)
def double(x):
    return x * 2
"""


def refusal(code: str, ending: str) -> str:
    """Returns the message for a model that cannot be written."""
    model = read_program(f"{HEAD}m = {code}\n", "net.py")
    with pytest.raises(ConvcalcError) as failed:
        require_graph(model)
        FORMATS[ending](infer(model))
    return str(failed.value).splitlines()[0]


@pytest.mark.parametrize("ending", [".yaml", ".json", ".py"])
@pytest.mark.parametrize(
    ("code", "place", "start"),
    [
        (
            "keras.Model(x, Own()(x))",
            "17:20",
            "'own' (Own) cannot be written: a file cannot hold the code of its class",
        ),
        (
            "keras.Model(x, MyDense(3)(x))",
            "17:20",
            "'my_dense' (MyDense) cannot be written: a file cannot hold the code",
        ),
        (
            "keras.Model(x, layers.Lambda(double)(x))",
            "17:20",
            "'lambda' (Lambda) cannot be written: a file cannot hold this",
        ),
        (
            "keras.Model(x, Net()(x))",
            "17:20",
            "'net' (Net) cannot be written: a file cannot hold the code of its class",
        ),
        ("Net(); m(x)", "17:5", "'net' (Net) cannot be written: its class defines `call`"),
        (
            "keras.Model(x, layers.Activation(lambda x: x)(x))",
            "17:20",
            "'activation' (Activation) cannot be written: its `activation` is a lambda",
        ),
        (
            "keras.Model(x, layers.TimeDistributed(Own())(ops.expand_dims(x, 1)))",
            "17:20",
            "'time_distributed' (TimeDistributed) cannot be written: it contains a layer of the custom class Own",
        ),
    ],
)
def test_code_in_a_model_is_refused(code: str, place: str, start: str, ending: str) -> None:
    assert refusal(code, ending).startswith(f"net.py:{place}: error[cannot-write]: {start}")


def test_an_unknown_value_is_refused_at_its_line() -> None:
    message = refusal("keras.Model(x, layers.Dense(units)(x))", ".json")
    assert message.startswith("net.py:17:") and "--set units=…" in message


def test_each_class_is_named_once() -> None:
    model = read_program(f"{HEAD}m = keras.Model(x, layers.Lambda(double)(Own()(Own()(x))))\n", "net.py")
    with pytest.raises(ConvcalcError) as failed:
        require_graph(model)
    assert [problem.layer for problem in failed.value.problems] == ["own_1", "lambda"]


@pytest.mark.parametrize("ending", ["yaml", "json", "py"])
@pytest.mark.parametrize(
    "code",
    [
        "keras.Model(x, layers.Dense(3, activation=double)(x))",
        "keras.Model(x, layers.LSTM(3)(ops.expand_dims(x, 1)))",
        "keras.Model(x, layers.LSTM(3)(ops.expand_dims(ops.expand_dims(x, 1)[:, 0], 1)))",
        "keras.Model(x, x[:, 1:3] + ops.mean(x, axis=1, keepdims=True))",
        "keras.Model({'input_layer': x}, {'b': layers.Dense(2)(x), 'a': x})",
        "keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten()])",
    ],
)
def test_a_model_is_written_and_read_again(
    code: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(f"{HEAD}m = {code}\n")
    written = f"written.{ending}"
    done = command_line.run("convert", "net.py:m", "-o", written)
    assert done.returncode == 0, done.stderr
    if ending == "py":  # a user supplies the program's function in place of the line that asks for it
        text = Path(written).read_text()
        Path(written).write_text(re.sub("(?m)^raise NotImplementedError.*$", "def double(x):\n    return x * 2", text))
    assert command_line.run("diff", "net.py:m", written, "-q").returncode == 0


@pytest.mark.parametrize(
    "code",
    [
        "keras.Model({'a': x}, {'b': layers.Dense(2)(x)})",
        "keras.Model([x], layers.Dense(2)(x))",
        "keras.Model(x, [layers.Dense(2)(x), {'b': x}])",
    ],
)
def test_the_arrangement_of_inputs_and_outputs_is_kept_or_said(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(f"{HEAD}m = {code}\n")
    assert command_line.run("convert", "net.py:m", "-o", "net.json").returncode == 0
    assert command_line.run("diff", "net.py:m", "net.json", "-q").returncode == 0
    assert "without their lists and dicts" in command_line.run("convert", "net.py:m", "-o", "net.yaml").stderr


def test_a_class_of_keras_that_the_program_renames_keeps_its_new_name() -> None:
    """Keras prints the name of the program's class."""
    layers = infer(read_program(f"{HEAD}m = keras.Model(x, MyDense(3)(x))\n", "net.py")).layers
    assert [(row.name, row.class_name, row.params) for row in layers][1:] == [("my_dense", "MyDense", 15)]


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("keras.Model(x, keras.Model(x, shared(x))(x) + shared(x))", "shared"),
        ("keras.Model(x, layers.concatenate([one(x), two(x)]))", "shared"),
        ("keras.Model(x, keras.Model(x, one(x))(x) + one(x))", "shared"),
        ("keras.Model(x, keras.Model(x, relu(x))(x) + relu(x))", ""),
        ("keras.Model(x, one(x) + one(x))", ""),
    ],
)
def test_a_layer_in_several_models_is_refused(code: str, refused: str) -> None:
    """A file would have copies of the layer, with more weights in total."""
    text = (
        f"{HEAD}shared, relu = layers.Dense(4, name='shared'), layers.ReLU()\n"
        "one, two = keras.Sequential([x, shared], name='one'), keras.Sequential([x, shared, layers.Dense(2)])\n"
    )
    report = infer(read_program(f"{text}m = {code}\n", "net.py", target="m"))
    if not refused:
        require_writable(report)
        return
    with pytest.raises(ConvcalcError, match="has a copy with its own weights") as failed:
        require_writable(report)
    assert (failed.value.problems[0].layer or "").rpartition("/")[2] == refused
