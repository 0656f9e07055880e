"""Where the files of the project are."""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PACKAGE = ROOT / "convcalc"
SPECS = ROOT / "specs"
GOLDEN = TESTS / "cli" / "golden"  # outputs of commands, to the letter
CHANGED = TESTS / "cli" / "changed"  # specs of specs/ with changes, for comparisons
BROKEN = TESTS / "read" / "spec" / "broken"  # specs with errors, each with the text of its errors
