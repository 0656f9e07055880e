"""Families are imported when a model needs them: the lists of their names are what they declare."""

import os
import subprocess
import sys

from convcalc.layers import CATALOGUE
from convcalc.layers.families import FAMILIES
from convcalc.ops import OPERATIONS
from convcalc.ops.families import FAMILIES as OF_OPERATIONS
from tests.paths import SPECS


def test_each_family_of_layers_declares_what_is_listed() -> None:
    declared: dict[str, list[str]] = {}
    for kind in CATALOGUE.values():
        if kind.family in FAMILIES:
            names = dict.fromkeys((kind.name, *kind.aliases, kind.class_name))
            declared.setdefault(kind.family, []).extend(names)
    assert {family: names.split() for family, names in FAMILIES.items()} == declared


def test_each_family_of_operations_declares_what_is_listed() -> None:
    declared: dict[str, list[str]] = {}
    for operation in OPERATIONS.values():
        declared.setdefault(operation.rule.__module__.rpartition(".")[2], []).append(operation.name)
    assert {family: names.split() for family, names in OF_OPERATIONS.items()} == declared


def imported(*words: str) -> set[str]:
    """The modules that a command imports, of any library."""
    code = "import sys\nfrom convcalc.cli import main\ntry:\n    main(sys.argv[1:])\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    # Where coverage is measured, what measures it imports much.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, env=alone)
    return set(done.stderr.split())


# What only some files and formats need: modules that take long to import.
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


def test_a_summary_in_a_pipe_imports_what_its_format_needs() -> None:
    table = imported("summary", str(SPECS / "lenet5.yaml"))
    data = imported("summary", str(SPECS / "lenet5.yaml"), "--format", "json")
    assert not SELDOM & table
    assert not SELDOM & data
    assert {"convcalc.analyse.memory", "convcalc.analyse.receptive_field"} < data - table
    assert "rich" not in data
    assert "convcalc.rendering.table" in table - data
    for found in (table, data):
        assert not {
            name
            for name in found
            if name.startswith(("convcalc.write", "convcalc.checking", "convcalc.read.keras_files.config"))
        }
        assert not {"convcalc.read.spec.custom", "convcalc.calculator", "convcalc.cli.shells"} & found


def test_the_calculator_imports_no_catalogue_and_no_engine() -> None:
    found = imported("conv", "--in", "6", "--k", "3", "--s", "2", "--pad", "same")
    assert "convcalc.calculator.conv" in found
    engine = ("layers", "ops", "analyse", "model", "read", "rendering.table", "report_json", "cli.reading")
    assert not {name for name in found if name.startswith(tuple(f"convcalc.{part}" for part in engine))}
    assert not ({"yaml", "dataclasses", "convcalc.cli.output"} | SELDOM) & found


def test_what_a_whole_layer_comes_to_imports_its_family_alone() -> None:
    found = imported("conv", "--in", "6x1", "--k", "3", "--filters", "2")
    assert {name.rpartition(".")[2] for name in found if name.startswith("convcalc.layers.")} & set(FAMILIES) == {
        "convolution"
    }
    assert not {name for name in found if name.startswith(("convcalc.analyse", "convcalc.read"))}


def test_a_summary_imports_the_families_of_its_layers_alone() -> None:
    found = imported("summary", str(SPECS / "lenet5.yaml"))
    layers = {name.rpartition(".")[2] for name in found if name.startswith("convcalc.layers.")} & set(FAMILIES)
    assert layers == {"convolution", "core", "pooling", "reshaping"}
    assert not {name for name in found if name.rpartition(".")[2] in OF_OPERATIONS and ".ops." in name}
