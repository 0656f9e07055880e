"""Tests declarations of custom layers for files: the option ``--custom``, the setting in pyproject.toml, and the names
by which declarations are found.

The numbers are from Keras 3.15 and tf_keras 2.21 for the same models.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Source
from convcalc.model import Foreign
from convcalc.read import custom_layers_in, parse, read
from convcalc.read.custom_layers import CustomLayers, possible_names
from convcalc.read.spec.layers_file import read_layers
from tests.helpers.command_line import run
from tests.helpers.keras_configs import layer, tensor

SCALE = "{arguments: [{init: 1}], input: [..., c], output: [..., c], weights: {g: [c], f: {shape: [2, c], trainable: false}}, macs: 0}"
DROPOUT = "{input: [...], output: [...], macs: 0}"


def declared(**layers: str) -> CustomLayers:
    lines = [f'  "{name}": {body}' for name, body in layers.items()]
    return read_layers(Source("layers.yaml", "\n".join(["custom:", *lines])))


def at(name: str, *sizes: int) -> Any:
    """Returns the tensor of a layer, with the shape (8, 4) if no sizes are given."""
    found = tensor(name)
    found["config"]["shape"] = [None, *(sizes or (8, 4))]
    return found


def custom(class_name: str, name: str, *nodes: Any, module: Any = None, registered: Any = None, **config: Any) -> Any:
    entry = {**layer(class_name, name, *nodes, **config), "module": module, "registered_name": registered}
    if module is None and registered is None:
        del entry["module"], entry["registered_name"]
    return entry


def model(*layers: Any) -> bytes:
    first = layer("InputLayer", "x", batch_shape=[None, 8, 4], dtype="float32")
    last = layers[-1]["name"]
    config = {"name": "m", "layers": [first, *layers], "input_layers": ["x", 0, 0], "output_layers": [last, 0, 0]}
    return json.dumps(
        {"module": "keras", "class_name": "Functional", "config": config, "registered_name": None}
    ).encode()


def report(data: bytes, layers: CustomLayers) -> Report:
    return infer(read(data, "model.json", layers))


NAMES = [
    ("my_pkg.layers", "my_pkg>Scale", "my_pkg>Scale", True),
    ("my_pkg.layers", "my_pkg>Scale", "my_pkg.layers.Scale", True),
    ("other.place", "my_pkg>Scale", "my_pkg>Scale", True),
    ("my_pkg.layers", "Scale", "my_pkg>Scale", True),
    ("my_pkg.layers", "Scale", "my_pkg.layers.Scale", True),
    ("my_pkg.layers", "Custom>Scale", "my_pkg>Scale", True),
    (None, "Scale", "Scale", True),
    (None, "Custom>Scale", "Scale", True),
    (None, "Custom>Scale", "Custom>Scale", True),
    (None, None, "Scale", True),
    (None, None, "Custom>Scale", True),
    ("__main__", "Scale", "Scale", True),
    ("my_pkg.layers", "my_pkg>Scale", "Scale", False),
    ("my_pkg.layers", "Scale", "Scale", False),
    ("my_pkg.layers", "my_pkg>Scale", "other>Scale", False),
    # The class is registered in the package ``other``, but its module belongs to ``my_pkg``.
    ("my_pkg.layers", "other>Scale", "my_pkg>Scale", False),
    ("my_pkg.layers", "my_pkg>Scale", "my_pkg.Scale", False),
    (None, None, "my_pkg>Scale", False),
]


@pytest.mark.parametrize(("module", "registered", "name", "found"), NAMES)
def test_a_declaration_is_found_by_each_name_of_the_class(module: Any, registered: Any, name: str, found: bool) -> None:
    data = model(custom("Scale", "s", [at("x")], module=module, registered=registered, init=2.0))
    result = report(data, declared(**{name: SCALE}))
    row = result.layers[1]
    assert row.class_name == "Scale"
    if not found:
        assert row.params is UNKNOWN
        (problem,) = result.problems
        assert f"the declaration of '{name}' is for another class" in str(problem)
        return
    assert (row.params, row.trainable_params, row.macs) == (12, 4, 0)
    assert row.output_shapes == ((UNKNOWN, 8, 4),)
    assert not result.problems and result.totals.incomplete == {}
    # The layer still has a custom class, but its shapes and parameters are known.
    assert isinstance(row.definition, Foreign) and row.definition.module == module
    assert row.config["init"] == 2.0


def test_the_most_specific_name_is_preferred() -> None:
    assert [*possible_names("A", "p.q", "r>B")] == ["r>B", "p.q.A"]
    assert [*possible_names("A", "p.q", "A")] == ["p.q.A", "p>A"]
    assert [*possible_names("r>A", None, None)] == ["r>A"]
    assert [*possible_names("A", None, "A")] == ["Custom>A", "A"]


def test_a_class_with_the_name_of_a_keras_class() -> None:
    data = model(custom("Dense", "d", [at("x")], module="my_pkg", registered="my_pkg>Dense", units=3))
    result = report(data, declared(**{"my_pkg>Dense": "{arguments: [units], input: [..., c], output: [..., units]}"}))
    assert result.layers[1].output_shapes == ((UNKNOWN, 8, 3),)
    assert (result.layers[1].class_name, result.layers[1].params) == ("my_pkg.Dense", 0)
    assert not result.problems


def test_a_declared_layer_inside_a_wrapper() -> None:
    inner = {"module": None, "class_name": "Scale", "config": {"name": "s", "init": 1}, "registered_name": "Scale"}
    data = model(layer("TimeDistributed", "t", [at("x")], layer=inner))
    result = report(data, declared(Scale=SCALE))
    assert (result.layers[1].params, result.layers[1].trainable_params) == (12, 4)
    assert result.layers[1].output_shapes == ((UNKNOWN, 8, 4),)
    assert not result.problems


UNFIT = [
    ({"Scale": "{arguments: [size], input: [..., c], output: [..., c]}"}, {}, "needs the argument 'size'"),
    ({"Scale": "{input: [c], output: [c]}"}, {}, "expects (c)"),
    ({"Scale": "{input: [..., c], output: [..., c / 3]}"}, {}, "is not a whole number"),
    ({"Scale": SCALE}, {"dtype": "int8_from_float32"}, "the layer is quantized"),
]


UNFIT += [
    ({"Scale": f"{{input: {pattern}, {result}}}"}, {}, reason)
    for pattern, reason in (
        ("[h, w, c]", "expects (h, w, c)"),
        ("[]", "expects ()"),
        ("[8, 5]", "expects (8, 5)"),
        ("[c, c]", "expects (c, c), but the size 'c' would be 8 and 4"),
    )
    for result in ("output: [2], weights: {k: [3]}", "layers: [{Dense: 2}]")
]
UNFIT += [
    ({"Scale": f"{{arguments: [n], input: [..., c], output: [..., c], {rest}}}"}, {"n": value}, reason)
    for rest in ("weights: {k: [n]}", "weights: {k: [c, n]}", "macs: n * c")
    for value, reason in (
        (None, "'n' is null"),
        ("three", "'n' is 'three'"),
        (2.5, "'n' is 2.5"),
        (True, "'n' is true"),
        ([2, 3], "'n' is [2, 3]"),
        (-2, "gets the negative size -"),
    )
]
UNFIT += [
    ({"Scale": f"{{arguments: [n], input: [..., c], {rest}}}"}, {"n": 0}, reason)
    for expression, reason in (
        ("c // n", "divides by zero"),
        ("c / n", "divides by zero"),
        ("c % n", "divides by zero"),
        ("size", "there is no variable 'size'"),
        ("c +", "is not an integer expression"),
    )
    for rest in (
        f"output: [..., c], weights: {{k: ['{expression}']}}",
        f"output: ['{expression}', 4]",
        f"layers: [{{Dense: '${{{expression}}}'}}]",
    )
]


@pytest.mark.parametrize(("layers", "config", "reason"), UNFIT)
def test_a_layer_that_does_not_fit_its_declaration_is_unknown(layers: Any, config: Any, reason: str) -> None:
    data = model(custom("Scale", "s", [at("x")], registered="Scale", **config), layer("ReLU", "r", [at("s")]))
    result = report(data, declared(**layers))
    assert result.layers[1].params is UNKNOWN
    assert result.layers[2].params == 0
    (problem,) = result.problems
    assert problem.severity == "warning" and reason in problem.message and "layers.yaml" in problem.message


ONLY = "arguments: [{axis: -1}], when: {axis: [-1, [-1]]}, input: [..., c]"


@pytest.mark.parametrize(
    "rest", ["output: [..., c], weights: {g: [c]}", "layers: [{Dense: {units: 1, use_bias: false}}]"]
)
@pytest.mark.parametrize(
    ("config", "known"),
    [
        ({}, True),
        ({"axis": -1}, True),
        ({"axis": [-1]}, True),
        ({"axis": 1}, False),
        ({"axis": [1]}, False),
        ({"axis": None}, False),
    ],
)
def test_a_declaration_is_used_only_for_the_listed_arguments(rest: str, config: Any, known: bool) -> None:
    result = report(
        model(custom("Scale", "s", [at("x")], registered="Scale", **config)), declared(Scale=f"{{{ONLY}, {rest}}}")
    )
    assert result.layers[1].params == (4 if known else UNKNOWN)
    assert known is not any("is declared only for axis -1 or [-1], not" in str(problem) for problem in result.problems)


def test_the_shape_recorded_in_the_file_is_preferred() -> None:
    data = model(custom("Scale", "s", [at("x")], registered="Scale"), layer("Dense", "d", [at("s", 8, 5)], units=2))
    result = report(data, declared(Scale=SCALE))
    assert result.layers[1].output_shapes == ((UNKNOWN, 8, 5),)
    assert result.layers[2].params == 12
    assert "gives the output (None, 8, 4), but the file records (None, 8, 5)" in str(result.problems[0])


def test_a_layer_without_weights_after_an_unknown_shape_has_no_parameters() -> None:
    data = model(custom("Thing", "t", [at("x")]), custom("FixedDropout", "f", [at("t")], rate=0.2))
    entries = json.loads(data)
    entries["config"]["layers"][2]["inbound_nodes"][0]["args"][0]["config"].pop("shape")
    result = report(json.dumps(entries).encode(), declared(FixedDropout=DROPOUT))
    assert result.layers[2].params == 0


WRONG = [
    ("[]", "must be a mapping with 'custom:'"),
    ("input: [8]", "has no key 'input'"),
    ("custom: {Dense: {output: [3]}}", "cannot be named 'Dense'"),
    ("custom: {A: {outputs: [3]}}", "must be a mapping with 'input:' and 'output:'"),
    ("blocks: {b: {layers: [Flatten]}}", "must be a mapping with 'custom:'"),
    ("", "must be a mapping with 'custom:'"),
    ("custom: {A: {input: [3], output: [3]}, A: {output: [4]}}", "'A' is given twice"),
    (
        "custom: {A: {arguments: [c], input: [..., c], output: [c]}}",
        "an argument and an input size with the same name 'c'",
    ),
    ("custom: {A: {arguments: [{c: 3}], input: [c], layers: [Flatten]}}", "an argument and an input size"),
    (
        "custom: {A: {arguments: [c], inputs: {a: {shape: [c]}}, layers: [Flatten]}}",
        "an argument and an input size",
    ),
    (
        "custom: {A: {arguments: [n], when: {m: [1]}, input: [c], output: [c]}}",
        "there is no argument 'm' for a condition",
    ),
    ("custom: {A: {arguments: [n], when: {n: 1}, input: [c], output: [c]}}", "a condition must be a mapping"),
    ("custom: {A: {arguments: [n], when: {n: []}, input: [c], layers: [Flatten]}}", "a condition must be a mapping"),
    ("custom: {A: {arguments: [n], when: n, input: [c], layers: [Flatten]}}", "a condition must be a mapping"),
    ("custom: {A: {arguments: [n], unless: {n: [1]}, input: [c], output: [c]}}", "has no key 'unless'"),
    ("custom: {A: {input: [c], output: [true]}}", "has an 'output' that is not a list of sizes"),
    ("custom: {A: {input: [true], output: [3]}}", "has an 'input' that is not a list of sizes"),
    (
        "custom: {A: {input: [c], output: [c], weights: {w: [true]}}}",
        "has a weight 'w' whose shape is not a list of numbers",
    ),
    (
        "custom: {A: {input: [c], output: [c], weights: {w: [2.5]}}}",
        "has a weight 'w' whose shape is not a list of numbers",
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_broken_file_of_custom_layers_is_reported(text: str, message: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        read_layers(Source("layers.yaml", text))
    assert message in str(failed.value) and "layers.yaml" in str(failed.value)


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    for name in "ab":
        Path(tmp_path, f"{name}.yaml").write_text(f"custom: {{{name}: 3}}")
    with pytest.raises(ConvcalcError) as failed:
        custom_layers_in(tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml")
    assert len(failed.value.problems) == 3


def test_the_declarations_can_be_the_whole_file_and_the_last_file_wins() -> None:
    first = read_layers(Source("a.yaml", f"Scale: {SCALE}\nOther: {DROPOUT}"))
    second = read_layers(Source("b.yaml", f"custom: {{Scale: {DROPOUT}}}"), first)
    assert [*second.declared] == ["Scale", "Other"]
    assert [declaration.source for declaration in second.declared.values()] == ["b.yaml", "a.yaml"]


@pytest.mark.parametrize(("units", "message"), [(4, ""), (5, "two different values of the size 'c'")])
def test_inputs_with_one_name_of_a_size_have_the_same_size(units: int, message: str) -> None:
    two = declared(Two="{inputs: {a: [h, c], b: [n, c]}, layers: [{Concatenate: {axis: 1, from: [a, b]}}]}")
    dense = layer("Dense", "d", [at("x")], units=units)
    result = report(model(dense, custom("Two", "t", [[at("x"), at("d", 8, units)]], registered="Two")), two)
    assert [message in str(problem) for problem in result.problems] == [True] * bool(message)
    assert result.layers[2].output_shapes == (None if message else (UNKNOWN, 16, 4),)


def test_a_spec_can_use_the_declarations_of_a_file(tmp_path: Path) -> None:
    spec = tmp_path / "model.yaml"
    spec.write_text('input: [8, 4]\nlayers:\n  - Scale: {init: 2}\n  - "my_pkg>Other": {rate: 0.5}\n')
    result = infer(parse(spec, declared(Scale=SCALE, **{"my_pkg>Other": DROPOUT})))
    assert [(row.name, row.params, row.output_shapes[0]) for row in result.layers] == [
        ("scale", 12, (UNKNOWN, 8, 4)),
        ("other", 0, (UNKNOWN, 8, 4)),
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    data = model(custom("Scale", "s", [at("x")], registered="Scale", init=2.0), layer("ReLU", "r", [at("s")]))
    Path(tmp_path, "model.json").write_bytes(data)
    Path(tmp_path, "layers.yaml").write_text(f"custom:\n  Scale: {SCALE}\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("summary", "--strict"),
        ("check", "--max-params", "12"),
        ("explain", "s"),
        ("convert", "-o", "converted.yaml"),
        ("diff", "model.json"),
        ("audit",),
    ],
)
@pytest.mark.parametrize("in_project", [False, True])
def test_every_command_takes_custom_layers(
    project: Path, command: Any, in_project: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    options = ("--custom", "layers.yaml")
    if in_project:
        Path("pyproject.toml").write_text('[tool.convcalc]\ncustom = ["layers.yaml"]\n')
        options = ()
    done = run(command[0], "model.json", *command[1:], *options)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    if command[0] == "audit":
        assert "model.json: Scale is declared in layers.yaml for convcalc, not for Keras\n" in done.stdout
    if command[0] == "convert":
        assert "4" in run("summary", "converted.yaml", "--strict").stdout
    unknown = run(command[0], "model.json", *command[1:], *options, "--custom", "nowhere.yaml")
    assert unknown.returncode == 2 and "nowhere.yaml: no such file" in unknown.stderr
