"""A study runs every analysis of a report at most once, even if several printed parts need the analysis."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from convcalc import infer
from convcalc.analyse import Study
from convcalc.cli import cli
from tests.generators.reports import of_spec

SPEC = "name: net\ninput: {shape: [28, 28, 1], batch_size: %s}\nlayers: [{Conv2D: [8, 3]}, Flatten, {Dense: 10}]\n"
ANALYSES = {
    "engine": "convcalc.analyse.inference.run_calls",
    "memory": "convcalc.analyse.memory.memory_of",
    "receptive fields": "convcalc.analyse.receptive_field.receptive_fields",
    "flops": "convcalc.analyse.study.with_flops",
}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Returns a counter that maps the name of each analysis to the number of its runs."""
    counter: Counter[str] = Counter()

    def counted(name: str, function: Any) -> Any:
        def wrapper(*args: Any) -> Any:
            counter[name] += 1
            return function(*args)

        return wrapper

    for name, target in ANALYSES.items():
        module, _, attribute = target.rpartition(".")
        original = getattr(__import__(module, fromlist=[attribute]), attribute)
        monkeypatch.setattr(target, counted(name, original))
    return counter


@pytest.mark.parametrize(
    "options", [["--format", "json", "--insights"], ["--columns", "cost,memory,field", "--memory", "--insights"]]
)
@pytest.mark.parametrize(("batch", "engine"), [("4", 1), ("null", 2)])
def test_every_analysis_runs_once(
    tmp_path: Path, runs: Counter[str], options: list[str], batch: str, engine: int
) -> None:
    """Every analysis runs at most once. ``engine`` is the expected number of runs of the engine.

    With an unknown batch size, the engine runs again, because memory is computed for one sample.
    """
    spec = tmp_path / "net.yaml"
    spec.write_text(SPEC % batch)
    done = CliRunner().invoke(cli, ["summary", str(spec), *options], standalone_mode=False)
    assert done.exception is None
    assert runs == {"engine": engine, "memory": 1, "receptive fields": 1, "flops": 1}


def test_analyses_are_shared_with_the_study_that_has_flops() -> None:
    study = of_spec("lenet5")
    counted = study.with_flops()
    assert counted.memory is study.memory
    assert counted.receptive_fields is study.receptive_fields
    assert counted is study.with_flops() is counted.with_flops("tf")
    assert study.with_flops("tf").convention == "tf"


def test_studies_of_one_report_share_nothing() -> None:
    report = infer(of_spec("lenet5").model)
    assert Study.of(report).memory is not Study.of(report).memory
