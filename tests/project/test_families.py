"""Tests that families are imported only when a model needs them, and that commands import only a few modules.

Also tests that the indexes of families are up to date.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convcalc.layers import layer, registry
from convcalc.layers.families import FAMILIES, FAMILY_OF
from convcalc.ops.families import FAMILIES as OF_OPERATIONS
from tests.paths import PACKAGE, SPECS
from tests.regenerate.families import INDEXES


@pytest.mark.parametrize("index", INDEXES, ids=lambda path: path.parent.name)
def test_an_index_lists_what_the_families_declare(index: Path) -> None:
    assert index.read_text(encoding="utf-8") == INDEXES[index](), "run `python -m tests.regenerate.families`"


def test_the_error_for_a_layer_missing_in_the_index_says_what_to_run() -> None:
    def rule(a, x):
        """Halves the last axis."""

    rule.__module__ = "convcalc.layers.pooling"
    with pytest.raises(
        RuntimeError, match=r"the layer Halved of convcalc.layers.pooling .* `python -m tests.regenerate.families`"
    ):
        layer("Halved", example="Halved")(rule)
    assert "Halved" not in registry.REGISTERED


def imported(*words: str) -> set[str]:
    """Returns the names of all modules that a command imports. Modules of other libraries are included."""
    code = "import sys\nfrom convcalc.cli import main\ntry:\n    main(sys.argv[1:])\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    # Coverage itself imports many modules, so it must not run in the new process.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, env=alone)
    return set(done.stderr.split())


# Slow modules that only some files and formats need.
SELDOM = {
    "rich.console",
    "rich.table",
    "json",
    "fractions",
    "decimal",
    "shutil",
    "zipfile",
    "difflib",
    "click.shell_completion",
}


def test_a_summary_imports_what_its_format_needs() -> None:
    table = imported("summary", str(SPECS / "lenet5.yaml"))
    data = imported("summary", str(SPECS / "lenet5.yaml"), "--format", "json")
    assert not SELDOM & table
    assert not SELDOM & data
    assert {"convcalc.analyse.memory", "convcalc.analyse.receptive_field"} < data - table
    assert "rich" not in data
    assert "convcalc.rendering.table" in table - data
    for result in (table, data):
        assert not {
            name
            for name in result
            if name.startswith(("convcalc.write", "convcalc.checking", "convcalc.read.keras_files.config"))
        }
        assert not {"convcalc.read.spec.custom", "convcalc.calculator", "convcalc.cli.shells"} & result


def test_the_calculator_imports_no_catalogue_and_no_engine() -> None:
    result = imported("conv", "--in", "6", "--k", "3", "--s", "2", "--pad", "same")
    assert "convcalc.calculator.conv" in result
    engine = ("layers", "ops", "analyse", "model", "read", "rendering.table", "report_json", "cli.reading")
    assert not {name for name in result if name.startswith(tuple(f"convcalc.{part}" for part in engine))}
    assert not ({"yaml", "dataclasses", "convcalc.cli.output"} | SELDOM) & result


def test_the_costs_of_one_layer_import_only_its_family() -> None:
    result = imported("conv", "--in", "6x6x1", "--k", "3", "--filters", "2")
    assert {name.rpartition(".")[2] for name in result if name.startswith("convcalc.layers.")} & set(FAMILIES) == {
        "convolution"
    }
    assert not {name for name in result if name.startswith(("convcalc.analyse", "convcalc.read"))}


def test_a_summary_imports_only_the_families_of_its_layers() -> None:
    result = imported("summary", str(SPECS / "lenet5.yaml"))
    layers = {name.rpartition(".")[2] for name in result if name.startswith("convcalc.layers.")} & set(FAMILIES)
    assert layers == {"convolution", "core", "pooling", "reshaping"}
    assert not {name for name in result if name.rpartition(".")[2] in OF_OPERATIONS and ".ops." in name}


# These modules may list names from Keras 1 and 2, because those names never change.
LISTS_LAYERS = {
    "read/keras_files/upgrade_keras1.py",
    "read/keras_files/upgrade_keras2.py",
    "read/keras_files/tf_functions.py",
    "read/code/keras/old_arguments.py",
}


@pytest.mark.slow
def test_no_other_code_lists_layers() -> None:
    """A fact about a layer must be in the layer's declaration.

    If another module listed layers, a new layer could be missing in the list unnoticed.
    """
    wrong = []
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE).as_posix()
        if place in LISTS_LAYERS or place.startswith(("layers/", "ops/")):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            items = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [node])
            texts = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            names = " ".join(texts).split()
            if len(names) > 1 and set(names) <= set(FAMILY_OF) - {"InputLayer"}:
                wrong.append(f"{place}:{node.lineno} lists {names}: add a facet to their declarations")  # type: ignore[attr-defined]
    assert not wrong, "\n".join(wrong)
