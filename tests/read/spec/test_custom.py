"""Tests layers that Keras does not have: declared in a spec, declared by an installed package, or not declared at all."""

from __future__ import annotations

import importlib.metadata
import json
import types
from collections.abc import Iterator
from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Source
from convcalc.layers import Inferred, find, layer, registry
from convcalc.layers.arguments import Argument, Boolean, Integer
from convcalc.read import read
from convcalc.read.spec.spec import read_spec
from tests.helpers.keras_configs import INPUT, tensor
from tests.helpers.keras_configs import layer as layer_entry


def report(text: str) -> Report:
    return infer(read_spec(Source("spec.yaml", text)))


DECLARED = """
custom:
  LayerScale:
    arguments: [{init: 1}]
    input: [..., channels]
    output: [..., channels]
    weights: {gamma: [channels], frozen: {shape: [2, "channels // 2"], trainable: false}}
    macs: 0
  PatchMerge:
    arguments: [factor]
    input: [height, width, channels]
    output: ["height // factor", "width / factor", "channels * factor * factor"]
"""


def test_a_declared_layer_works_like_any_other() -> None:
    result = report(
        DECLARED
        + "input: [8, 8, 4]\nlayers:\n  - LayerScale: {init: 0.5, name: scale}\n  - PatchMerge: 2\n  - LayerScale"
    )
    assert [row.name for row in result.layers] == ["scale", "patch_merge", "layer_scale"]
    assert result.output_shapes == ((UNKNOWN, 4, 4, 16),)
    assert [(row.params, row.trainable_params) for row in result.layers] == [(8, 4), (0, 0), (32, 16)]
    # The spec does not declare the multiplications of patch_merge, so they are unknown, not 0.
    assert (result.layers[1].macs, result.totals.incomplete["macs"]) == (UNKNOWN, "unknown")
    assert result.as_dict()["layers"][0]["module"] is None


def test_unknown_sizes_pass_through_a_declared_layer() -> None:
    result = report(DECLARED + "input: [null, 8, 4]\nlayers:\n  - PatchMerge: 2")
    assert result.output_shapes == ((UNKNOWN, UNKNOWN, 4, 16),)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("PatchMerge: 3", "8 / 3 is not a whole number"),
        ("PatchMerge", "PatchMerge needs the argument 'factor'"),
        ("PatchMerge: {faktor: 2}", "did you mean 'factor'"),
        ("Flatten\n  - PatchMerge: 2", "expects (height, width, channels)"),
        ("PatchMerg: 2", "did you mean 'PatchMerge'"),
    ],
)
def test_an_entry_that_does_not_fit_a_declaration_is_refused(entry: str, message: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        report(DECLARED + f"input: [8, 8, 4]\nlayers:\n  - {entry}")
    assert message in str(failed.value)


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        ("[]", "'custom' must be a mapping"),
        ("{Dense: {output: [3]}}", "cannot be named 'Dense'"),
        ("{A: 3}", "must be a mapping with 'input:' and 'output:'"),
        ("{A: {output: [3], outputs: [3]}}", "has no key 'outputs'; did you mean 'output'"),
        ("{A: {input: [..., a, ...], output: [a]}}", "can have '...' only once in its input"),
        ("{A: {output: 3}}", "that is not a list"),
        ("{A: {output: [3], weights: {w: 3}}}", "has a weight 'w' whose shape is not a list"),
    ],
)
def test_broken_declarations_are_reported(custom: str, message: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        report(f"custom: {custom}\ninput: [8]\nlayers: [Flatten]")
    assert message in str(failed.value)


def test_a_custom_class_is_shown_and_reading_continues() -> None:
    result = report(
        "input: [8]\nlayers: [{Dense: 4}, {my_pkg.Thing: {x: 1}}, {Dense: 2}, {Lambda: {function: f, output_shape: [3]}}, {Dense: 5}]"
    )
    assert [row.class_name for row in result.layers] == ["Dense", "Thing", "Dense", "Lambda", "Dense"]
    assert [row.params for row in result.layers] == [36, UNKNOWN, UNKNOWN, 0, 20]
    assert result.layers[1].incomplete == {"params": "unknown", "trainable_params": "unknown", "macs": "unknown"}
    assert (result.totals.params, result.totals.incomplete["params"]) == (56, "partial")
    assert result.output_shapes == ((UNKNOWN, 5),)


def test_python_packages_declare_layers_like_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    def offer() -> None:
        @layer("Doubled", example="Doubled")
        def doubled(a, x):
            """Doubles the last axis.

            Output: the last axis is twice as long.
            """
            return Inferred(((*x[:-1], x[-1] * 2),))

    point = types.SimpleNamespace(name="test", load=offer)
    broken = types.SimpleNamespace(name="broken", load=lambda: 1 / 0)
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: [broken, point] if group == "convcalc.layers" else []
    )
    registry._load_plugins.cache_clear()
    try:
        assert "Doubled" not in registry.REGISTERED
        with pytest.warns(registry.PluginWarning, match="the layers 'broken' .*cannot be loaded: ZeroDivisionError"):
            result = report("input: [8]\nlayers: [Doubled]")
        assert result.output_shapes == ((UNKNOWN, 16),)
        assert find("Doubled") is registry.REGISTERED["Doubled"]
    finally:
        registry.REGISTERED.pop("Doubled", None)
        registry._KNOWN.pop("Doubled", None)


def _broken_rule(a: Any, x: Any) -> Inferred:
    """Raises an error."""
    raise ZeroDivisionError("no")


def _scored(a: Any, x: Any) -> Inferred:
    """Returns one output, or two outputs if ``return_scores`` is true."""
    return Inferred((x, (x[0], a["size"])) if a["return_scores"] else (x,))


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs a package that declares two layers: one whose rule raises an error, and one with arguments."""

    def offer() -> None:
        layer("pkg>Broken", example="Broken")(_broken_rule)
        scores = Argument("return_scores", Boolean(), False)
        layer("pkg>Scored", Argument("size", Integer(1)), call=[scores], example="Scored: 3")(_scored)

    point = types.SimpleNamespace(name="test", load=offer, dist=types.SimpleNamespace(name="plug"))
    points = lambda group: [point] if group == "convcalc.layers" else []  # noqa: E731
    monkeypatch.setattr(importlib.metadata, "entry_points", points)
    registry._load_plugins.cache_clear()
    yield
    for name in ("pkg>Broken", "pkg>Scored"):
        registry.REGISTERED.pop(name, None)
        registry._KNOWN.pop(name, None)


def _file(class_name: str, registered: str, node: Any = None, outputs: int = 1, **config: Any) -> Report:
    entry = layer_entry(class_name, "s", [tensor("x")], **config)
    entry |= {"module": "pkg.layers", "registered_name": registered}
    if node is not None:
        entry["inbound_nodes"][0]["kwargs"] = node
    last = [["s", 0, number] for number in range(outputs)]
    inner = {"name": "m", "layers": [INPUT, entry], "input_layers": ["x", 0, 0], "output_layers": last}
    data = {"module": "keras", "class_name": "Functional", "config": inner, "registered_name": None}
    return infer(read(json.dumps(data).encode(), "m.json"))


def test_the_rule_of_a_package_runs_on_bound_arguments(plugin: None) -> None:
    result = _file("Scored", "pkg>Scored", size=4)
    assert result.layers[1].output_shapes == ((UNKNOWN, 3),)
    assert not result.problems
    assert result.as_dict()["layers"][1]["module"] is None


def test_the_rule_of_a_package_knows_the_arguments_of_the_call(plugin: None) -> None:
    result = _file("Scored", "pkg>Scored", {"return_scores": True}, outputs=2, size=4)
    assert result.output_shapes == ((UNKNOWN, 3), (UNKNOWN, 4))
    unknown = _file("Scored", "pkg>Scored", {"other": 3}, size=4)
    assert "does not know the argument 'other' of a call" in str(unknown.problems[0])


BAD_FILES = [
    ("Broken", "pkg>Broken", {}, "the package 'plug' that raises ZeroDivisionError: no"),
    ("Scored", "pkg>Scored", {}, "the package 'plug' is not used, because pkg>Scored needs the argument 'size'"),
    ("Scored", "pkg>Scored", {"size": "x"}, "argument 'size' expects a whole number"),
    ("Scored", "other>Scored", {"size": 4}, "is not a layer of Keras"),
]


@pytest.mark.parametrize(("class_name", "registered", "config", "reason"), BAD_FILES)
def test_a_package_never_breaks_a_file(
    plugin: None, class_name: str, registered: str, config: Any, reason: str
) -> None:
    result = _file(class_name, registered, **config)
    assert result.layers[1].params is UNKNOWN
    (problem,) = result.problems
    assert problem.severity == "warning" and reason in problem.message


def test_in_a_spec_the_broken_rule_of_a_package_is_an_error_that_names_it(plugin: None) -> None:
    with pytest.raises(ConvcalcError, match="a rule of the package 'plug' that raises ZeroDivisionError: no"):
        report('input: [8]\nlayers: ["pkg>Broken"]')
    result = report('input: [8]\nlayers: [{"pkg>Scored": 3}]')
    assert (result.layers[0].name, result.layers[0].class_name) == ("scored", "Scored")
    assert result.layers[0].module == ""


def test_the_layers_of_packages_are_listed(plugin: None) -> None:
    registry.load_plugins()
    definition = registry.all_layers()["pkg>Scored"]
    assert (definition.source, definition.is_exported) == ("From the package 'plug', not Keras", False)


def test_packages_are_not_asked_if_every_name_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: pytest.fail("asked"))
    registry._load_plugins.cache_clear()
    report("blocks: {b: {layers: [Flatten]}}\ninput: [8]\nlayers: [b, {Dense: 3}]")
