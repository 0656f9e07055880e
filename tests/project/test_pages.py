"""Tests that each command in the README and in docs/ prints the output that the page shows, and that each spec is valid."""

import re
from pathlib import Path

import pytest

from convcalc import infer
from convcalc.base.problems import Source
from convcalc.checking.expectations import check_expectations
from convcalc.read.spec.custom import KEYS, TEMPLATE_KEYS
from convcalc.read.spec.entries import EXPECTATIONS, NESTED
from convcalc.read.spec.spec import TOP_KEYS, read_spec
from convcalc.read.spec.values import COMMON_OPTIONS
from tests.paths import ROOT
from tests.regenerate.pages import PAGES, README, Step, marked, run, steps

pytestmark = pytest.mark.slow

STEPS = [(page, step) for page in PAGES for step in steps(page.read_text(encoding="utf-8"))]
SPECS_PAGE = ROOT / "docs" / "specs.md"


@pytest.mark.parametrize(
    ("page", "step"), STEPS, ids=lambda part: part.name if isinstance(part, Path) else part.command
)
def test_each_console_block_prints_what_it_shows(page: Path, step: Step) -> None:
    assert run(step.command) == step.output


def test_the_readme_has_its_blocks_and_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(steps(text)) >= 4
    assert "convcalc summary" in marked("run", text)
    assert "pytest" in marked("test", text)
    assert len(text.splitlines()) <= 200


@pytest.mark.parametrize("text", re.findall(r"(?ms)^```yaml\n(.*?)^```$", SPECS_PAGE.read_text(encoding="utf-8")))
def test_each_spec_on_the_page_is_valid(text: str) -> None:
    model = read_spec(Source("page.yaml", text))
    assert not model.problems
    assert infer(model).totals.params is not None
    assert not check_expectations(infer(model))


def test_the_page_describes_every_key_of_a_spec() -> None:
    text = SPECS_PAGE.read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", text))
    assert {*TOP_KEYS, *COMMON_OPTIONS, *EXPECTATIONS, *NESTED} <= words


def test_the_page_on_custom_layers_describes_every_key() -> None:
    words = set(re.findall(r"\w+", (ROOT / "docs" / "custom-layers.md").read_text(encoding="utf-8")))
    assert {*KEYS, *TEMPLATE_KEYS} <= words


def test_each_link_leads_to_a_file_and_a_heading() -> None:
    missing = []
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
            path, _, heading = link.partition("#")
            target = page if not path else page.parent / path
            headings = [_anchor(line) for line in _lines(target) if line.startswith("#")]
            if not target.exists() or (heading and target.suffix == ".md" and heading not in headings):
                missing.append(f"{page.name}: {link}")
    assert not missing


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _anchor(heading: str) -> str:
    """Returns the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lstrip("#").strip().lower()).replace(" ", "-")
