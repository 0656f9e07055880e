"""Tests targets such as ``model.py:build``: the model that a target names, and the messages for wrong targets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from convcalc.api import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read import all_models, load, parse
from convcalc.read.code.file import read_program
from convcalc.read.code_settings import CodeSettings, names_code, split_target
from tests.helpers import command_line

ONE = """
import keras
from keras import layers
model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
"""
TWO = """
import keras
from keras import layers
a = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
b = keras.Sequential([keras.Input((4,)), layers.Dense(5)])
a = keras.Sequential([keras.Input((7,)), layers.Dense(3)])
"""
BUILDERS = """
import keras
from keras import layers

SIZE = 3

def block(x, n):
    return layers.Dense(n)(x)

def build(classes, width=8):
    inputs = keras.Input((4,))
    return keras.Model(inputs, block(block(inputs, width), classes))

def pair():
    return build(2), "history"

class Net(keras.Model):
    def __init__(self, units=6):
        super().__init__()
        self.dense = layers.Dense(units)

    def call(self, x):
        return self.dense(x)

class Maker:
    def __init__(self, units=5):
        self.units = units

    def make(self):
        return keras.Sequential([keras.Input((2,)), layers.Dense(self.units)])

    @staticmethod
    def small(units=2):
        return keras.Sequential([keras.Input((2,)), layers.Dense(units)])

    @classmethod
    def big(cls):
        return cls(50).make()
"""


def run(arguments: list[str]) -> tuple[int, str, str]:
    """Runs convcalc. Returns the exit code and the texts on standard output and standard error."""
    done = command_line.run(*arguments)
    return done.returncode, done.stdout, done.stderr


def params(code: str, target: str = "", **settings: object) -> object:
    """Returns the number of parameters of a model."""
    return infer(read_program(code, "model.py", target=target, settings=settings)).totals.params


def message(code: str, target: str = "", name: str = "model.py") -> str:
    """Returns the error message for a program with this target."""
    with pytest.raises(ConvcalcError) as failed:
        infer(read_program(code, name, target=target))
    return str(failed.value)


def test_the_only_model_needs_no_name() -> None:
    assert params(ONE) == params(ONE, "model") == 15


def test_the_last_model_of_a_variable_counts() -> None:
    assert params(TWO, "a") == 24
    assert params(TWO, "b") == 25


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("build(3)", 40 + 27),
        ("build(classes=3, width=2)", 10 + 9),
        ("build(3, 2)", 10 + 9),
        ("pair", 40 + 18),
        ("Maker.make", 15),
        ("Maker.small", 6),
        ("Maker.small(units=4)", 12),
        ("Maker.big", 150),
    ],
)
def test_functions_and_methods_are_called(target: str, expected: int) -> None:
    assert params(BUILDERS, target) == expected


def test_a_parameter_without_default_is_a_named_size() -> None:
    model = read_program(BUILDERS, "model.py", target="build")
    (warning,) = [str(problem) for problem in model.problems]
    assert "the parameter `classes` of `build` has no default; give it with --set n=…" in warning
    assert infer(model).totals.incomplete["params"] == "partial"
    assert params(BUILDERS, "build", n=3) == params(BUILDERS, "build", classes=3) == 40 + 27
    assert params(BUILDERS, "build", classes=3, width=2) == 10 + 9


def test_a_class_is_called_on_the_input_of_the_command_line() -> None:
    model = read_program(BUILDERS, "model.py", target="Net", inputs={None: (3,)})
    assert infer(model).totals.params == 24
    model = read_program(BUILDERS, "model.py", target="Net(units=2)", inputs={None: (3,)})
    assert infer(model).totals.params == 8


LAYER = """
import keras
class Scale(keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],))
    def call(self, x):
        return x * self.w
"""


def test_a_layer_alone_needs_the_size_of_its_input() -> None:
    assert "'Scale' is the layer 'scale', not a model" in message(LAYER, "Scale")
    model = read_program(LAYER, "model.py", target="Scale", inputs={None: (7,)})
    assert infer(model).totals.params == 7


LOCAL = """
import keras
def main(units=4):
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
    net.compile("adam", "mse")
    net.fit([1])
if __name__ == "__main__":
    main()
"""


def test_a_model_in_a_variable_of_a_function_that_runs() -> None:
    assert params(LOCAL) == params(LOCAL, "net") == 16


ATTRIBUTE = """
import keras
class Trainer:
    def __init__(self):
        self.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
trainer = Trainer()
"""


def test_a_model_in_an_attribute_of_an_object() -> None:
    assert params(ATTRIBUTE) == params(ATTRIBUTE, "trainer.model") == 8


def test_a_helper_that_another_builder_calls_is_not_listed() -> None:
    code = BUILDERS.partition("class Net")[0]
    assert params(code) == 40 + 18  # pair() calls build(), which calls block()


# Messages -----------------------------------------------------------------------------------------------------------------


def test_several_models_are_listed() -> None:
    assert message(TWO) == (
        "error[several-models]: model.py: the code has 2 models; name one, such as model.py:b, or show all with model.py:*\n"
        "  model.py:b  Sequential 'sequential_1', line 5\n"
        "  model.py:a  Sequential 'sequential_2', line 6"
    )
    assert message(BUILDERS).split("\n")[1:] == [
        "  model.py:pair         function, line 14",
        "  model.py:Net          class, line 17",
        "  model.py:Maker.small  method, line 33",
        "  model.py:Maker.big    method, line 37",
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("bild", "there is no 'bild' in the code; did you mean 'build'?"),
        ("zzz", "there is no 'zzz' in the code; the models are pair, Net, Maker.small and Maker.big"),
        ("Maker.smal", "there is no 'smal' in 'Maker'; did you mean 'small'?"),
        ("SIZE", "'SIZE' is 3, not a model; the models are"),
        ("keras", "'keras' is keras, not a model"),
        ("build(", "cannot read the target 'build('; write it as NAME, CLASS.METHOD or NAME(ARGUMENT=VALUE)"),
        ("build(__import__('os'))", "cannot read the target"),
        ("1 + 1", "cannot read the target"),
        ("build(1, 2, 3)", "the code raises TypeError: build() takes 2 positional arguments but 3 were given"),
    ],
)
def test_a_wrong_target(target: str, expected: str) -> None:
    assert expected in message(BUILDERS, target)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", "error[empty]: model.py: the file is empty; give a file with Keras code"),
        ("x = 1\n", "the code makes no Keras model"),
        ("import keras\nx = (\n", "model.py:2:5: error[python-syntax]: the code is not valid Python: '(' was never closed"),
        ("print 'x'\n", "model.py:1:1: error[python-syntax]: the code is Python 2, and convcalc reads Python 3"),
        ("try:\n    x\nexcept E, e:\n    pass\n", "model.py:3:8: error[python-syntax]: the code is Python 2"),
        ("x = 0777\n", "the code is Python 2"),
        ("x = 1 <> 2\n", "the code is Python 2"),
        ("a = 1\n  b = 2\n", "model.py:2:"),
        ("x = '\0'", "the code is not valid Python"),
        ("import keras\nmodel = undefined()\n", "the code makes no Keras model"),
    ],
)  # fmt: skip
def test_code_without_a_model(code: str, expected: str) -> None:
    assert expected in message(code)


# Sources ------------------------------------------------------------------------------------------------------------------


def test_sources(tmp_path: Path) -> None:
    assert split_target("a/b.py:f(x=1)") == ("a/b.py", "f(x=1)")
    assert split_target("nb.ipynb") == ("nb.ipynb", "")
    assert split_target("model.yaml:x") == ("model.yaml:x", "")
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("from .net import build\nmodel = build()\n")
    (package / "net.py").write_text(BUILDERS.replace("classes, ", "classes=3, "))
    assert split_target(f"{package}:model") == (str(package), "model")
    assert names_code(str(package))
    for source in (str(package), f"{package}:model", f"{package}:build"):
        assert infer(load(source)).totals.params == 67


def test_all_models(tmp_path: Path) -> None:
    path = tmp_path / "two.py"
    path.write_text(TWO)
    assert all_models(f"{path}:*") == [f"{path}:b", f"{path}:a"]
    assert all_models(str(path)) == [str(path)]
    code, out, err = run(["summary", f"{path}:*", "--format", "csv"])
    assert (code, err) == (0, "")
    assert "two.py:b" in out and "two.py:a" in out


def test_imports_of_a_project(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("")
    (tmp_path / "utils").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "utils" / "blocks.py").write_text("from keras.layers import Dense\nUNITS = 3\n")
    (tmp_path / "models" / "net.py").write_text(
        "import keras\nfrom utils.blocks import *\nfrom utils import blocks as b\n"
        "model = keras.Sequential([keras.Input((4,)), Dense(UNITS), Dense(b.UNITS)])\n"
    )
    assert infer(load(tmp_path / "models" / "net.py")).totals.params == 15 + 12


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("UNITS = 3\n")
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "config.py").symlink_to(tmp_path / "secret.py")
    (inside / "net.py").write_text(
        "import keras\nfrom config import UNITS\nmodel = keras.Sequential([keras.Input((4,)), keras.layers.Dense(UNITS)])\n"
    )
    assert infer(parse(inside / "net.py")).totals.incomplete["params"]


# Settings -----------------------------------------------------------------------------------------------------------------


def test_a_setting_that_is_not_used() -> None:
    model = read_program(BUILDERS, "model.py", target="build", settings={"clases": 3})
    assert "--set clases: the code has no variable and no unknown value of this name; did you mean 'classes'?" in str(
        model.problems[0]
    )
    assert model.problems[0].severity == "warning"


def test_an_input_size_changes_only_the_inputs_of_the_model() -> None:
    code = """
import keras
from keras import layers
latent = keras.Input((4,), name="z")
decoder = keras.Model(latent, layers.Dense(3)(latent))
image = keras.Input((8, 8, 1))
encoder = keras.Model(image, layers.Dense(4)(layers.Flatten()(image)))
"""
    assert infer(read_program(code, "m.py", target="encoder", inputs={None: (4, 4, 1)})).totals.params == 17 * 4
    assert infer(read_program(code, "m.py", target="decoder", inputs={"z": (2,)})).totals.params == 9
    with pytest.raises(ConvcalcError, match="there is no input 'y'"):
        read_program(code, "m.py", target="decoder", inputs={"y": (2,)})


def test_settings_of_the_python_interface(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(BUILDERS)
    assert infer(load(f"{path}:build", settings=CodeSettings({"classes": 3}))).totals.params == 67


# Commands -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the programs of this file, as the working directory."""
    for name, code in {"one": ONE, "two": TWO, "builders": BUILDERS}.items():
        (tmp_path / f"{name}.py").write_text(code)
    (tmp_path / "bad.py").write_text(
        "import keras\nmodel = keras.Sequential([\n    keras.Input((8, 8, 3)),\n    keras.layers.Conv2D(4, 9)])\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_reads_code(project: Path) -> None:
    assert run(["explain", "one.py", "dense"])[0] == 0
    assert run(["explain", "builders.py:build", "dense_1", "--set", "classes=3"])[0] == 0
    assert run(["check", "one.py"])[:2] == (0, "one.py: 1 layer, 15 parameters: OK\n")
    assert run(["check", "two.py"])[1].count("OK") == 2
    assert run(["check", "two.py:b", "--max-params", "24"])[0] == 1
    assert run(["diff", "two.py:a", "two.py:b", "-q"])[0] == 1
    assert run(["diff", "one.py", "one.py:model", "-q"])[0] == 0
    assert run(["audit", "one.py"])[0] == 1
    for name in ("m.json", "m.yaml", "m.py"):
        assert run(["convert", "one.py:model", "-o", name])[0] == 0
        assert run(["diff", "one.py", name, "-q"])[0] == 0


def test_a_fault_in_code_fails_the_check(project: Path) -> None:
    code, _, err = run(["check", "bad.py"])
    assert code == 1
    assert err.startswith("bad.py:4:5: error[vanishing-size]: Conv2D 'conv2d' has a kernel of 9")
    assert run(["summary", "bad.py"])[0] == 2
    assert "file=bad.py,line=4,col=5" in run(["check", "bad.py", "--format", "github"])[1]
    assert '"startLine": 4' in run(["check", "bad.py", "--format", "sarif"])[1]
    assert "<failure" in run(["check", "bad.py", "--format", "junit"])[1]


def test_code_that_cannot_be_read_is_no_failed_check(project: Path) -> None:
    (project / "syntax.py").write_text("x = (")
    assert run(["check", "syntax.py"])[0] == 2
    assert run(["check", "missing.py"])[0] == 2


def test_records_of_the_models_of_a_file(project: Path) -> None:
    (project / "records").mkdir()
    assert run(["check", "two.py", "--record", "records"])[0] == 0
    assert sorted(path.name for path in (project / "records").iterdir()) == ["two-a.txt", "two-b.txt"]
    assert run(["check", "two.py", "--against", "records"])[0] == 0


def test_revisions_of_code_and_of_the_files_it_imports(project: Path) -> None:
    (project / "sizes.py").write_text("UNITS = 3\n")
    (project / "net.py").write_text(
        ONE.replace("Dense(3)", "Dense(UNITS)").replace("import keras", "import keras\nfrom sizes import UNITS")
    )
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    (project / "sizes.py").write_text("UNITS = 4\n")
    code, out, _ = run(["diff", "net.py:model", "--git", "HEAD"])
    assert code == 1
    assert "units 3 → 4" in out


def test_set_is_only_for_code(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("input: [4]\nlayers: [Dense: 3]\n")
    code, _, err = run(["summary", str(path), "--set", "x=1"])
    assert code == 0
    assert "--set x=1 is not used, because --set works only for Python code" in err


def test_warnings_about_unknown_values_are_short_and_limited(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    layers = "".join("    x = layers.Dense(n)(x)\n" for _ in range(30))
    path.write_text(
        f"import keras\nfrom keras import layers\ndef build(n):\n    x = i = keras.Input((4,))\n{layers}    return keras.Model(i, x)\n"
    )
    lines = run(["summary", str(path)])[2].splitlines()
    assert len(lines) == 21
    assert lines[0].endswith("give it with --set n=…")
    assert lines[-1] == "10 more warnings about unknown values are not shown"
