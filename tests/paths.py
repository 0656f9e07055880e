"""The paths of the project's folders."""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PACKAGE = ROOT / "convcalc"
SPECS = ROOT / "specs"
GOLDEN = TESTS / "cli" / "golden"  # golden files: the expected outputs of commands, which tests compare exactly
CHANGED = TESTS / "cli" / "changed"  # changed copies of files in specs/, for tests that compare models
BROKEN = TESTS / "read" / "spec" / "broken"  # specs with errors, each with its expected error text
