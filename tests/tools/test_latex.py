"""Tests that LaTeX prints the tables without errors, and without warnings about characters.

The tests are skipped if pdflatex is missing.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from convcalc.rendering.latex import PREAMBLE, latex_text
from convcalc.rendering.table import summary_sheet
from tests.generators import reports as graphs

pytestmark = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")

DOCUMENT = r"""\documentclass{article}
\usepackage[landscape,margin=1cm]{geometry}
%(packages)s
\begin{document}
%(tables)s
\end{document}
"""


@pytest.mark.parametrize("packages", ["", "\\usepackage[T1]{fontenc}\n"])
def test_latex_typesets_every_table(tmp_path: Path, packages: str) -> None:
    sheets = [summary_sheet(graphs.every()[name], depth=5) for name in ("hostile", "nested", "densenet121", "lenet5")]
    needed = re.findall(r"\\usepackage\{.*?\}", PREAMBLE)
    assert needed
    tables = "\n\n".join(map(latex_text, sheets))
    text = DOCUMENT % {"packages": packages + "\n".join(needed), "tables": tables}
    (tmp_path / "table.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Missing character" not in done.stdout
    assert (tmp_path / "table.pdf").read_bytes().startswith(b"%PDF")
