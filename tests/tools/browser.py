"""Opens a page in headless Chromium, and returns the document after rendering, or a picture of the page."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

CHROMIUM = os.environ.get("CONVCALC_CHROMIUM", "chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files")


def document(page: Path, milliseconds: int = 1000) -> str:
    """Returns the document's HTML after this many milliseconds of the browser's simulated time."""
    return _run(page, "--dump-dom", f"--virtual-time-budget={milliseconds}").stdout


def picture(page: Path, to: Path, width: int, height: int, dark: bool = False) -> bytes:
    """Returns the page as PNG, in a window of this size."""
    scheme = ("--force-dark-mode",) if dark else ()
    _run(page, f"--screenshot={to}", f"--window-size={width},{height}", *scheme)
    return to.read_bytes()


def _run(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [CHROMIUM, *FLAGS, *options, page.as_uri()], capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done
