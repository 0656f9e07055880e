"""A Keras model-summary calculator: shapes, parameters and costs of a model, without Keras.

``load`` reads a model, ``infer`` finds everything out about it, ``render`` writes that as text, ``diff`` holds two of them
against each other; ``conv`` is the calculator. What is wrong with an input is a :class:`ConvcalcError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcalc.problems import ConvcalcError

# Not left for later, as the names below are: the function has the name of its package, which would take its place.
from convcalc.render import render

if TYPE_CHECKING:
    from convcalc.analyse import Report, infer
    from convcalc.calculator.conv import conv
    from convcalc.check.comparing.compare import diff
    from convcalc.read import load

__all__ = ["ConvcalcError", "Report", "__version__", "conv", "diff", "infer", "load", "render"]
__version__ = "0.1.0"

_HOMES = {
    "Report": "convcalc.analyse",
    "conv": "convcalc.calculator.conv",
    "diff": "convcalc.check.comparing.compare",
    "infer": "convcalc.analyse",
    "load": "convcalc.read",
}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for, so that the command line starts without all of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'convcalc' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
