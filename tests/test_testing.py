"""Tests convcalc.testing. Other projects use it in their tests, to check a model against a record."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import convcalc
from convcalc.base.problems import ConvcalcError
from convcalc.testing import assert_summary
from convcalc.write import FORMATS
from tests.paths import ROOT

FASHION = ROOT / "specs" / "fashion_mnist.yaml"


class Live:
    """A replacement for a Keras model: it has a config and a name."""

    def __init__(self, path: Path) -> None:
        self.name = "live"
        self.report = convcalc.infer(convcalc.load(path))

    def to_json(self) -> str:
        return FORMATS[".json"](self.report)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Writes the summary of the model, as Keras prints it, to a file."""
    path = tmp_path / "fashion.txt"
    path.write_text(convcalc.render(convcalc.infer(convcalc.load(FASHION)), "keras"), encoding="utf-8")
    return path


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    path = tmp_path / "changed.yaml"
    path.write_text(FASHION.read_text().replace("filters: 64", "filters: 65"))
    return path


def models() -> dict[str, object]:
    model = convcalc.load(FASHION)
    return {
        "text": str(FASHION),
        "path": FASHION,
        "model": model,
        "report": convcalc.infer(model),
        "live": Live(FASHION),
    }


@pytest.mark.parametrize("kind", models())
def test_a_model_that_agrees_passes(kind: str, record: Path) -> None:
    assert_summary(models()[kind], record)
    assert_summary(models()[kind], record.read_text(encoding="utf-8"))
    assert_summary(models()[kind], FASHION)
    assert_summary(models()[kind])


def test_a_model_that_differs_fails_layer_by_layer(record: Path, changed: Path) -> None:
    for model in (changed, Live(changed)):
        for against in (record, record.read_text(encoding="utf-8"), FASHION):
            with pytest.raises(AssertionError) as failed:
                assert_summary(model, against)
            first, *rest = str(failed.value).splitlines()
            assert first.endswith(" failed its checks:")
            assert "conv2d_1" in rest[0] and "65" in rest[0] and "64" in rest[0]
    with pytest.raises(AssertionError, match=r"changed\.yaml:6:\d+: error\[record-differs\]"):
        assert_summary(changed, record)


def test_names_may_be_ignored(tmp_path: Path, record: Path) -> None:
    renamed = tmp_path / "renamed.yaml"
    renamed.write_text(FASHION.read_text().replace("name: probabilities", "name: classes"))
    with pytest.raises(AssertionError, match="classes"):
        assert_summary(renamed, record)
    assert_summary(renamed, record, ignore_names=True)


def test_a_budget_that_is_exceeded_fails() -> None:
    assert_summary(FASHION, budget={"params": "2M", "macs": 20_000_000})
    with pytest.raises(AssertionError, match="101,526 more than the budget of 1,000,000"):
        assert_summary(FASHION, budget={"params": "1M"})
    with pytest.raises(ConvcalcError, match="budget of 'params'"):
        assert_summary(FASHION, budget={"params": "many"})


def test_an_unknown_number_fails_a_budget_unless_allowed(tmp_path: Path) -> None:
    spec = tmp_path / "open.yaml"
    spec.write_text("input: [null, null, 1]\nlayers: [{Conv2D: [8, 3]}]\n")
    with pytest.raises(AssertionError, match="incomplete"):
        assert_summary(spec, budget={"macs": "1G"})
    assert_summary(spec, budget={"macs": "1G"}, allow_incomplete=True)


@pytest.mark.parametrize("form", ["path", "list", "Path"])
def test_declarations_of_custom_layers_are_used_for_the_model_and_the_record(form: str, tmp_path: Path) -> None:
    spec, layers = tmp_path / "model.yaml", tmp_path / "layers.yaml"
    spec.write_text("input: [4]\nlayers: [{Own: 3}]\n")
    layers.write_text("custom: {Own: {arguments: [n], input: [c], output: [n], weights: {w: [c, n]}}}\n")
    custom = {"path": str(layers), "list": [layers], "Path": layers}[form]
    assert_summary(spec, spec, custom=custom, budget={"params": 12})
    with pytest.raises(AssertionError, match="params"):
        assert_summary(spec, custom=custom, budget={"params": 11})
    with pytest.raises(ConvcalcError, match="Own"):
        assert_summary(spec)
    with pytest.raises(ConvcalcError, match="no such file"):
        assert_summary(spec, custom="nowhere.yaml")


@pytest.mark.parametrize("ending", [".txt", ".json"])
def test_a_record_is_written_on_request(
    ending: str, tmp_path: Path, changed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"record{ending}"
    with pytest.raises(ConvcalcError, match="there is no such record; run the test with CONVCALC_RECORD=1"):
        assert_summary(FASHION, path)
    monkeypatch.setenv("CONVCALC_RECORD", "1")
    assert_summary(FASHION, path)
    monkeypatch.delenv("CONVCALC_RECORD")
    assert_summary(FASHION, path)
    with pytest.raises(AssertionError):
        assert_summary(changed, path)
    monkeypatch.setenv("CONVCALC_RECORD", "1")
    assert_summary(changed, path)
    monkeypatch.delenv("CONVCALC_RECORD")
    assert_summary(changed, path)


def test_a_record_never_overwrites_a_model(tmp_path: Path, changed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "model.json"
    config.write_text(Live(FASHION).to_json())
    monkeypatch.setenv("CONVCALC_RECORD", "1")
    for model in (config, FASHION):
        before = model.read_text()
        with pytest.raises(AssertionError):
            assert_summary(changed, model)
        assert model.read_text() == before


def test_a_budget_is_checked_while_a_record_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVCALC_RECORD", "1")
    with pytest.raises(AssertionError, match="over-budget"):
        assert_summary(FASHION, tmp_path / "record.txt", budget={"params": 1})


def test_an_unreadable_model_is_an_error_and_not_a_difference(tmp_path: Path, record: Path) -> None:
    with pytest.raises(ConvcalcError, match="no such file"):
        assert_summary(tmp_path / "missing.yaml", record)


@pytest.mark.slow
def test_pytest_shows_the_test_and_not_our_own_lines(tmp_path: Path, record: Path, changed: Path) -> None:
    test = tmp_path / "test_model.py"
    test.write_text(
        "from convcalc.testing import assert_summary\n\n"
        f"def test_it():\n    assert_summary({str(changed)!r}, {str(record)!r})\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(test)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "error[record-differs]" in done.stdout
    assert "convcalc/testing.py" not in done.stdout.replace(os.sep, "/")


def test_the_module_imports_little() -> None:
    code = "import sys, convcalc.testing; print(sorted({'rich', 'click', 'yaml', 'pytest'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
