"""Tests that the public names are few, typed, and described in the README."""

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
