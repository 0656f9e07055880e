"""The problem codes that a module of the product uses."""

import ast
from pathlib import Path

from convcalc.base import codes


def codes_used(path: Path) -> set[str]:
    """Returns the codes that a module names as constants, such as ``codes.UNKNOWN_LAYER``."""
    return {
        getattr(codes, node.attr)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "codes"
        and node.attr.isupper()
    }
