"""The problem codes that a module of convcalc uses."""

import ast
from functools import cache
from pathlib import Path

from convcalc.base import codes

NAMES = {name: value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}


@cache
def codes_used(path: Path) -> frozenset[str]:
    """Returns the codes that a module names as constants, such as ``codes.UNKNOWN_LAYER``."""
    attributes = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute))
    return frozenset(
        NAMES[node.attr]
        for node in attributes
        if isinstance(node.value, ast.Name) and node.value.id == "codes" and node.attr in NAMES
    )
