"""Tests cases that the fuzzer (python -m tests.fuzz) found, reduced to the essential part.

The result must be a consistent report, or one clear error.
"""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import h5py
import pytest
import yaml

from convcalc import infer
from convcalc.analyse.assumptions import NO_ASSUMPTIONS
from convcalc.analyse.memory import memory_of
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Refusal, error
from convcalc.checking.budget import check_budget, limits_of
from convcalc.cli.project import Project, project
from convcalc.keras_text.options import in_range
from convcalc.model import Call, Model, Ref, with_input_sizes
from convcalc.read import read
from convcalc.write.config import config_json
from convcalc.write.python import python_code
from convcalc.write.spec import spec_yaml
from tests.fuzz import targets
from tests.fuzz.oracle import judge
from tests.helpers.handmade import handmade_layer
from tests.helpers.keras_configs import DENSE, INPUT, data, functional, layer, on, sequential, tensor, untold

OUT = [["made", 0, 0]]
RELU = {"class_name": "ReLU", "config": {"name": "relu", "max_value": None}}
SAME_LETTER = {"fi": 1, "\N{LATIN SMALL LIGATURE FI}": 2}
VECTOR = layer("InputLayer", "v", batch_shape=[None])


def made(
    class_name: str, *args: Any, module: str = "keras.layers", first: Any = INPUT, **config: Any
) -> dict[str, Any]:
    """Returns a model with one layer or operation. ``args`` are the tensors on which it is called."""
    inner = layer(class_name, "made", list(args), module=module, **config)
    inputs = [[first["name"], 0, 0], *([["v", 0, 0]] if VECTOR["name"] in str(args) else [])]
    return functional(first, VECTOR, inner, outputs=OUT, input_layers=inputs)


def operation(class_name: str, kind: str = "numpy", **config: Any) -> dict[str, Any]:
    """Returns a model with one operation on one tensor."""
    return made(class_name, tensor("x"), module=f"keras.src.ops.{kind}", **config)


def attending(class_name: str, **config: Any) -> dict[str, Any]:
    """Returns a model with an attention layer. One of the layer's inputs has only a batch axis."""
    image = layer("InputLayer", "x", batch_shape=[None, 5, 4])
    return made(class_name, [tensor("x"), tensor("v")], first=image, **config)


def texts(change: Any) -> bytes:
    """Returns an HDF5 file with a config. The function ``change`` changes the bytes of the file."""
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        written.attrs["model_config"] = json.dumps(functional(INPUT, DENSE))
    return bytes(change(bytearray(file.getvalue())))


def endless(file: bytearray) -> bytearray:
    """Sets the size of the last heap object to 0: the HDF5 library then adds 0 to a position in an endless loop."""
    heap = file.index(b"GCOL")
    size = int.from_bytes(file[heap + 24 : heap + 32], "little")
    rest = heap + 32 + -(-size // 8) * 8
    assert file[rest : rest + 2] == b"\0\0"
    file[rest + 8 : rest + 16] = bytes(8)
    return file


def around(file: bytearray) -> bytearray:
    """Makes a text so long that its position plus its length overflows in the HDF5 library."""
    first = file.index(b"GCOL") + 16
    file[first + 8 : first + 16] = (2**64 - 16).to_bytes(8, "little")
    return file


def short(file: bytearray) -> bytearray:
    """Changes the header, so that the file claims to store lengths in 4 bytes."""
    file[14] = 4
    return file


SLICE = {"class_name": "__slice__", "config": {"start": 1}}
ELLIPSIS = {"class_name": "__ellipsis__", "config": {}}

WRONG: dict[str, tuple[Any, str]] = {
    "a name in the graph that is a list": (functional(INPUT, {**DENSE, "name": ["dense"]}), "invalid-config"),
    "a class that is a list, in a Sequential": (sequential({**RELU, "class_name": ["ReLU"]}), "invalid-config"),
    "two layers of one name in a Sequential": (sequential(RELU, RELU), "name-taken"),
    "two layers of one name under two names": (functional(INPUT, DENSE, {**DENSE, "name": "other"}), "name-taken"),
    "an input layer that is not the first of a Sequential": (sequential(RELU, INPUT), "invalid-config"),
    "a graph without inputs": (
        {"class_name": "Functional", "config": {"name": "model", "layers": [INPUT, DENSE], "output_layers": OUT}},
        "invalid-config",
    ),
    "an operation in a Sequential": (sequential({**RELU, "class_name": "Relu", "module": "keras.src.ops.nn"}), "invalid-config"),
    "a sum of nothing": (functional(INPUT, layer("Add", "made"), outputs=OUT), "wrong-inputs"),
    "a concatenation of nothing": (functional(INPUT, layer("Concatenate", "made"), outputs=OUT), "wrong-inputs"),
    "an input that is called on another": (functional(INPUT, DENSE, input_layers=[["dense", 0, 0]]), "invalid-config"),
    "an input of two tensors": (
        functional({**INPUT, "class_name": "Mine"}, layer("Dense", "dense", [tensor("x", 0, 1)], units=4)),
        "no-such-output",
    ),
    "an output that its layer does not have": (functional(INPUT, DENSE, outputs=[["dense", 0, 1]]), "no-such-output"),
    "a second output of an input of an unknown class": (
        functional({**INPUT, "class_name": "Mine"}, DENSE, outputs=[["x", 0, 1]]),
        "no-such-output",
    ),
    "output number a million": (functional(INPUT, DENSE, outputs=[["dense", 0, 10**6]]), "no-such-output"),
    "output number a million of an unknown class": (
        functional(INPUT, {**DENSE, "class_name": "Mine"}, outputs=[["dense", 0, 10**6]]),
        "no-such-output",
    ),
    "output number a million as an input": (on(tensor("x", 0, 10**6)), "invalid-config"),
    "an operation with a size that is a word": (operation("TopK", "math", k="../x"), "invalid-value"),
    "an operation with a size that is a fraction": (operation("TopK", "math", k=2.5), "invalid-value"),
    "an operation with a negative size": (operation("TopK", "math", k=-3), "invalid-value"),
    "an operation with a size of thirty digits": (operation("TopK", "math", k=10**30), "too-large"),
    "an operation with a size that is a mapping": (
        made(
            "Resize",
            tensor("x"),
            module="keras.src.ops.image",
            first=layer("InputLayer", "x", batch_shape=[None, 8, 8, 3]),
            size=[{}, 4],
        ),
        "invalid-value",
    ),
    "an operation with a type that is a mapping": (operation("Cast", "core", dtype={"a": 1}), "invalid-value"),
    "an operation along an axis that is a word": (operation("Nanmax", axis=["1"]), "invalid-value"),
    "an operation along an axis that is a fraction": (operation("Nanmax", axis=[0.5]), "invalid-value"),
    "an attention in heads to keys without features": (
        attending("MultiHeadAttention", num_heads=2, key_dim=3),
        "unknown-size",
    ),
    "an attention in groups to keys without positions": (
        attending("GroupQueryAttention", head_dim=3, num_query_heads=2, num_key_value_heads=1),
        "wrong-rank",
    ),
    "half a character": (functional(INPUT, {**DENSE, "module": "\ud800"}), "encoding"),
    "a batch shape that is a number": (
        functional(layer("InputLayer", "x", batch_shape=9), layer("Dense", "dense", [tensor("x")], units=4)),
        "invalid-config",
    ),
    "a layer in a layer with a name that is a mapping": (
        made("TimeDistributed", tensor("x"), layer={"class_name": "ReLU", "config": {"name": {}, "max_value": None}}),
        "invalid-value",
    ),
    "a tuple of operands that is a number": (
        made("Add", {"class_name": "__tuple__", "items": 3}, tensor("x"), module="keras.src.ops.numpy"),
        "invalid-value",
    ),
    "a heap of texts that never ends": (texts(endless), "damaged"),
    "a text in HDF5 that is not UTF-8": (texts(lambda file: file.replace(b'"dense"', b'"dens\xe9"')), "encoding"),
    "a heap of texts whose size wraps around": (texts(around), "damaged"),
    "lengths that Keras does not write": (texts(short), "damaged"),
}  # fmt: skip

FINE: dict[str, Any] = {
    "a class that Python cannot name": made("Mi+ne", tensor("x")),
    "a class that is a keyword": made("class", tensor("x")),
    "arguments that are keywords": made("Other", tensor("x"), module="other", **{"as": 1, "None": 2, "__debug__": 3}),
    "arguments with letters that are equal in Python": made("Other", tensor("x"), module="other", **SAME_LETTER),
    "a slice in the config of an unknown class": made("Mine", tensor("x"), key=SLICE, rest=[ELLIPSIS]),
    "a config of an unknown class that looks like a slice": functional(
        {**INPUT, "class_name": "Mine", "config": {**SLICE, "name": "x"}}, DENSE
    ),
    "a null as the registered name of a class": functional(
        INPUT, {**DENSE, "registered_name": {"a": "b>c"}}
    ),
    "an ellipsis as an initializer": made("Dense", tensor("x"), units=2, kernel_initializer=ELLIPSIS),
    "a layer's class among the operations": made("InputLayer", tensor("x"), module="keras.src.ops.image"),
    "a layer's class in a missing module of operations": made("ReLU", tensor("x"), module="keras.src.ops.x"),
    "a Sequential with an unknown input": sequential({"class_name": "Flatten", "config": {"name": "flatten"}}),
    "a Sequential that begins with an unknown class": sequential(
        {"class_name": "Mine", "config": {"name": "input_layer", "batch_shape": [None, 4]}}, RELU
    ),
    "an unknown model without inputs": functional(
        layer("Mine", "x"), layer("Add", "made", [tensor("x"), untold(keras_history=["x", 0, 0])]), outputs=OUT, input_layers=[]
    ),
    "an input of an unknown class": functional({**INPUT, "class_name": "Mine"}, DENSE),
    "an input of an unknown class that is also an output": functional(
        {**INPUT, "class_name": "Mine"}, DENSE, outputs=[["x", 0, 0], ["dense", 0, 0]]
    ),
    "an unknown class with an empty registered name": sequential(
        {"module": "mine", "class_name": "InputLayer", "config": {"name": "", "batch_shape": [2, 3]}, "name": "mine"}
    ),
    "an operation on numbers only": functional(
        INPUT, DENSE, layer("Less", "made", module="keras.src.ops.numpy", inbound_nodes=[])
        | {"inbound_nodes": [{"args": [2**53, True], "kwargs": {}}]},
        outputs=[["dense", 0, 0], ["made", 0, 0]],
    ),
    "the second output of an unknown model": functional(
        INPUT,
        {
            **functional(
                {**INPUT, "class_name": "Mine"}, DENSE, name="inner", outputs=[["dense", 0, 0], ["dense", 0, 0]]
            ),
            "name": "inner",
            "inbound_nodes": [{"args": [tensor("x")], "kwargs": {}}],
        },
        layer("Add", "made", [[tensor("inner", 0, 1), tensor("inner")]]),
        outputs=OUT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_each_found_error_has_its_code_and_text(name: str) -> None:
    content, code = WRONG[name]
    began = time.process_time()
    with pytest.raises(ConvcalcError) as failed:
        infer(read(data(content), "found.json"))
    assert failed.value.problems[-1].code == code, str(failed.value)
    assert len(str(failed.value)) < 1500
    assert time.process_time() - began < 1


LONGEST = 2**53 - 1
STRIDES = f"{{repeat: 25, layers: [{{MaxPooling1D: {{pool_size: 1, strides: {LONGEST}, padding: same}}}}]}}"
GIANTS = {
    "a stride too large for a float": f"input: [null, 3]\nlayers: [{{UpSampling1D: 3}}, {STRIDES}]",
    "bytes too large for a float": f"input: {[LONGEST] * 40}\nlayers: [{{LayerNormalization: {{axis: {[*range(1, 41)]}}}}}]",
}


@pytest.mark.parametrize("name", GIANTS)
def test_huge_numbers_are_printed_completely(name: str) -> None:
    judge(read(GIANTS[name].encode(), "spec.yaml"))


def test_a_text_without_end_is_searched_only_once() -> None:
    """A JSON string of 4 MB without a closing quote must be refused quickly.

    In an earlier version this took minutes, because each quote started a search to the end of the file.
    """
    began = time.process_time()
    with pytest.raises(ConvcalcError, match="json-syntax"):
        read(b'{"class_name": "Functional", "config": ["' + b'\\"' * 2_000_000, "model.json")
    assert time.process_time() - began < 20


@pytest.mark.parametrize("name", FINE)
def test_each_found_model_has_a_consistent_report(name: str) -> None:
    content = data(FINE[name])
    infer(read(content, "found.json"))  # this call must not raise an error
    judge(read(content, "found.json"))


RECORDS = {
    "a table of Keras 2 of one column": f"{'_' * 65}\nL\n{'=' * 65}\n#\n{'=' * 65}",
    "a table of Keras 2 of two columns": f" {'_' * 65}\n Layer (type)   Output Shape\n {'=' * 65}\n #\n {'=' * 65}",
    "a table with rows without a shape": "┏━━━━━━━━\n┃\n┡━━━━━━━━━━━━━━━╇━━━╇━━\n│\n├─\n│ (Concatenate)  o][1],\n└─",
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_broken_record_is_a_difference_or_an_error(name: str) -> None:
    targets.record(RECORDS[name].encode())


# Python reads this number, but cannot print it: it has more than 4,300 decimal digits.
GIANT = "0x" + "f" * 6_000
BUDGET = "[tool.convcalc.budget]\n"
SETTINGS = {
    "a number with too many digits": f"{BUDGET}params = {'9' * 6_000}",
    "a budget with a huge number": f"{BUDGET}params = {GIANT}",
    "a receptive field with a huge number": f"{BUDGET}min_receptive_field = {GIANT}",
    "a huge and an invalid receptive field": f"{BUDGET}min_receptive_field = [{GIANT}, -1]",
    "a flag that is a huge number": f"[tool.convcalc]\nignore-names = {GIANT}",
    "a record that is a huge number": f"[tool.convcalc.records]\n'a.yaml' = {GIANT}",
    "a model with a NUL in its path": '[tool.convcalc.records]\n"a\\u0000" = "b"',
    "a record with a NUL in its path": '[tool.convcalc.records]\n"a" = "b\\u0000"',
}


@pytest.mark.parametrize("name", SETTINGS)
def test_broken_project_settings_are_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS[name], encoding="utf-8")
    report = infer(read(b"input: [8, 3]\nlayers: [{Conv1D: [4, 3]}]\n", "spec.yaml"))
    with pytest.raises(ConvcalcError) as failed:
        check_budget(report, limits_of(project(tmp_path).budget))
    assert len(str(failed.value)) < 500


def test_a_model_that_is_a_link_to_itself_has_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    settings = Project(records={"loop.yaml": "loop.txt"})
    assert settings.record_of("other.yaml") is None
    assert settings.record_of("loop.yaml") == "loop.txt"


def test_a_deleted_working_directory_is_in_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert project() == Project()


@pytest.mark.parametrize("pattern", ["a{99999999999}", "(" * 5_000, "*"])
def test_an_invalid_pattern_matches_nothing(pattern: str) -> None:
    report = infer(read(b"input: [3]\nlayers: [Flatten]\n", "spec.yaml"))
    with pytest.raises(ConvcalcError, match="--layer-range expects names or regular expressions"):
        in_range(report, (pattern, "flatten"))


def test_outputs_of_an_unknown_class_are_selected_by_number() -> None:
    """A config refers to an output by its number in the flattened outputs, so the written code must flatten them."""
    add = layer("Add", "made", [[tensor("mine"), tensor("mine", 0, 1)]])
    model = functional(INPUT, layer("Mine", "mine", [tensor("x")]), add, outputs=OUT)
    code = python_code(infer(read(data(model), "found.json")))
    assert 'layers.Add(name="made")([keras.tree.flatten(x)[0], keras.tree.flatten(x)[1]])' in code


def test_calls_that_no_output_needs_are_left_out() -> None:
    """Keras does not write calls that no output needs. If a file contains such calls, Keras drops them."""
    dense = layer("Dense", "shared", [tensor("x")], [tensor("dead")], units=3)
    inner = functional(INPUT, dense, layer("Dense", "dead", [tensor("x")], units=3), outputs=[["shared", 0, 0]])
    report = infer(read(data(inner), "found.json"))
    assert [(row.name, row.macs, len(row.calls)) for row in report.layers] == [("x", 0, 1), ("shared", 9, 1)]
    judge(report.model)
    called = {**inner, "name": "model", "inbound_nodes": [{"args": [tensor("x")], "kwargs": {}}]}
    outer = functional(INPUT, called, outputs=[["model", 1, 0]], name="outer")
    assert infer(read(data(outer), "found.json")).totals.macs == 9


WHOLE = [
    # (input in the spec that is read, input in the spec that is written, batch shape in the config that is written)
    ("{batch_shape: [2, 3]}", "{shape: [3], batch_size: 2}", [2, 3]),
    ("{batch_shape: [null, 3]}", "[3]", [None, 3]),
    ("{shape: [3], batch_shape: null, batch_size: 2}", "{shape: [3], batch_size: 2}", [2, 3]),
]


@pytest.mark.parametrize(("stated", "spec", "config"), WHOLE)
def test_a_batch_shape_of_an_input_is_written_completely(stated: str, spec: str, config: list[Any]) -> None:
    report = infer(read(f"input: {stated}\nlayers: [{{Dense: 3}}]\n".encode(), "spec.yaml"))
    judge(report.model)
    assert f"\ninput: {spec}\n" in spec_yaml(report)
    assert json.loads(config_json(report))["config"]["layers"][0]["config"]["batch_shape"] == config


def of_input(*outputs: int) -> Model:
    """Returns a model whose input layer has an unknown class. No reader makes such a model.

    ``outputs`` are the numbers of the input layer's outputs that the model returns.
    """
    layers = (handmade_layer("x", "Mine"),)
    return Model("model", "Functional", layers, (Call(0, ()),), (Ref(0),), tuple(Ref(0, each) for each in outputs))


def test_an_input_of_an_unknown_class_is_one_tensor() -> None:
    assert infer(of_input(0)).output_shapes == (None,)
    with pytest.raises(ConvcalcError, match="returns output 1 of 'x', which has 1 output, counted from 0"):
        infer(of_input(0, 1))


@pytest.mark.parametrize("stated", [9, {"a": 1}, [], "shape"])
def test_an_input_of_an_unknown_class_cannot_be_a_spec(stated: Any) -> None:
    """A spec cannot contain an input of an unknown class. Writing such a model as a spec must raise an error."""
    report = infer(
        read(
            data(functional({**INPUT, "class_name": "Mine", "config": {"name": "x", "batch_shape": stated}}, DENSE)),
            "a",
        )
    )
    with pytest.raises(ConvcalcError, match="cannot be written as a spec"):
        spec_yaml(report)


def test_memory_is_computed_from_the_report_if_batch_sizes_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory needs no second run of the engine if every batch size is known.

    Otherwise the engine runs again for one sample. If the model refuses one sample, the sizes are unknown.
    """
    known = infer(read(b"input: {shape: [3], batch_size: 4}\nlayers: [{Dense: 3}]\n", "spec.yaml"))
    open_ended = infer(read(b"input: [3]\nlayers: [{Dense: 3}]\n", "spec.yaml"))
    assert open_ended.memory.inputs == 12

    def refused(*_: Any) -> Any:
        raise error("wrong-shape", "not on these shapes")

    monkeypatch.setattr("convcalc.analyse.memory.run_on", refused)
    assert (memory_of(known, NO_ASSUMPTIONS).inputs, memory_of(known, NO_ASSUMPTIONS).batch) == (48, 4)
    assert (memory_of(open_ended, NO_ASSUMPTIONS).inputs, memory_of(open_ended, NO_ASSUMPTIONS).batch) == (
        UNKNOWN,
        UNKNOWN,
    )


@pytest.mark.parametrize("asked", [({None: (5,)}, None), ({"x": (5,)}, None), ({}, 2)])
def test_sizes_of_an_input_of_an_unknown_class_are_fixed(asked: Any) -> None:
    """Only the file states the size of an input of an unknown class.

    A size that the user gives would have no effect, so it is refused.
    """
    model = read(
        data(functional({**INPUT, "class_name": "Mine", "config": {"name": "x", "batch_shape": 9}}, DENSE)), "a"
    )
    assert with_input_sizes(model, {}) == model
    with pytest.raises(Refusal, match="the input 'x' has the custom class Mine"):
        with_input_sizes(model, *asked)


@pytest.mark.parametrize("escape", ["\\ud800", "\\U00110000"])
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_escapes_that_are_not_characters(loader: str, escape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """libyaml refuses these escapes. PyYAML's own parser accepts them or fails with a traceback.

    convcalc uses PyYAML's own parser if libyaml is missing, so the test runs with both parsers.
    """
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, loader))
    with pytest.raises(ConvcalcError, match="yaml-syntax"):
        read(f'name: "{escape}"\ninput: [3]\nlayers: [Flatten]\n'.encode(), "spec.yaml")
