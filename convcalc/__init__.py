"""Calculates Keras model summaries without Keras: shapes, parameters and costs.

``load`` reads a model, ``infer`` computes its report, ``render`` writes a report as text, and ``diff`` compares two
reports. ``conv`` is the convolution calculator. All of them raise :class:`ConvcalcError` for invalid input.
"""

from __future__ import annotations

from convcalc.base.version import __version__

# Not imported from typing: the import of this package does almost nothing, so that Ctrl-C during the other imports reaches
# ``convcalc.__main__.main``, which ends without a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convcalc.api import Report, diff, infer, render
    from convcalc.base.problems import ConvcalcError
    from convcalc.calculator.conv import conv
    from convcalc.read import load

__all__ = ["ConvcalcError", "Report", "__version__", "conv", "diff", "infer", "load", "render"]

_HOMES = {
    "ConvcalcError": "convcalc.base.problems",
    "Report": "convcalc.api",
    "conv": "convcalc.calculator.conv",
    "diff": "convcalc.api",
    "infer": "convcalc.api",
    "load": "convcalc.read",
    "render": "convcalc.api",
}


def __getattr__(name: str) -> Any:
    """Imports a public name at its first use. This makes the command line start faster."""
    if name not in _HOMES:
        raise AttributeError(f"module 'convcalc' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Returns the public names. They are listed before their first use, so that completion finds them."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
