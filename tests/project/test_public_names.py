"""Tests that the public names are few, typed, and described in the README."""

import subprocess
import sys
from pathlib import Path

import pytest

import convcalc
from tests.paths import SPECS

SPEC = SPECS / "fashion_mnist.yaml"


def test_a_model_is_loaded_inferred_and_rendered() -> None:
    report = convcalc.infer(convcalc.load(SPEC))
    assert isinstance(report, convcalc.Report)
    assert report.totals.params == 1_101_526
    assert report.as_dict()["schema_version"] == 1
    assert '"params": 1101526' in convcalc.render(report, "json")
    assert "18,496" in convcalc.render(report)
    with pytest.raises(convcalc.ConvcalcError, match="there is no format 'jsn'; did you mean 'json'"):
        convcalc.render(report, "jsn")


def test_the_calculator_is_a_function() -> None:
    assert convcalc.conv(6, 3, strides=2, padding="same").output == (3,)


def test_exactly_the_public_names_exist() -> None:
    assert all(getattr(convcalc, name) is not None for name in convcalc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        convcalc.nosuch  # noqa: B018


def test_load_reports_errors_at_once(tmp_path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("input: [3]\nlayers: [{Dens: 3}]")
    with pytest.raises(convcalc.ConvcalcError, match="did you mean 'Dense'"):
        convcalc.load(path)


@pytest.fixture(scope="module")
def resnet50() -> convcalc.Report:
    return convcalc.infer(convcalc.load(SPECS / "resnet50.yaml"))


def test_the_repr_of_a_large_report_is_one_short_line(resnet50) -> None:
    # The number of parameters is that of keras.applications.ResNet50.
    assert repr(resnet50) == "Report('resnet50', 177 layers, 25,636,712 params)"
    assert repr(resnet50.model) == "Model('resnet50', 177 layers)"
    assert repr(resnet50.layers[2]) == "LayerReport('conv1_conv', Conv2D, (None, 112, 112, 64), 9,472 params)"
    assert repr(resnet50.layers[2].calls) == "(CallReport(conv1_pad[0][0] → (None, 112, 112, 64)),)"


def test_no_record_of_the_public_objects_has_a_long_repr(resnet50) -> None:
    """The kind of F1: the repr of an object must not contain the reprs of everything inside it."""
    comparison = convcalc.diff(resnet50, convcalc.infer(convcalc.load(SPECS / "resnet8.yaml")))
    row, model = resnet50.layers[2], resnet50.model
    objects = [
        *(resnet50, model, model.layers[2], model.calls[2], model.layers[2].place, row, row.calls[0], row.counts),
        *(row.definition, row.layer, resnet50.totals, resnet50.run, comparison, comparison.before),
        *(comparison.pairs[2], comparison.pairs[2].before, comparison.totals[0]),
        convcalc.conv((6, 6), 3, padding=((1, 0), (0, 1)), filters=3, channels=2),
    ]
    long = {repr(thing)[:60]: len(repr(thing)) for thing in objects if len(repr(thing)) > 250}
    assert not long


def test_the_text_of_a_report_and_a_comparison_is_their_table(resnet50) -> None:
    assert str(resnet50) == convcalc.render(resnet50)
    comparison = convcalc.diff(resnet50, resnet50)
    assert "No differences" in str(comparison)
    assert repr(comparison).endswith("resnet50.yaml', 177 same)")


def test_dir_lists_the_public_names_before_their_first_use() -> None:
    script = "import convcalc; print(*dir(convcalc))"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert set(convcalc.__all__) <= set(printed.split())
    assert not {"Any", "TYPE_CHECKING", "annotations"} & set(printed.split())


def test_the_package_is_typed() -> None:
    """Without this file in the package, type checkers treat every name of the package as Any."""
    assert (Path(convcalc.__file__).parent / "py.typed").is_file()
