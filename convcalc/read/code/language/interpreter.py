"""The interpreter follows a program statement by statement.

Its class extends a chain of classes, one in each module. ``run``, ``texts``, ``comparisons``, ``containers``, ``attributes`` and
``operators`` compute values. ``expressions``, ``assignments``, ``branches``, ``exceptions``, ``functions`` and ``classes`` follow
code. ``statements`` maps each type of statement to the method that follows it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.read.code.language.classes import Classes
from convcalc.read.code.language.values import MISSING, Environment, Library, ModuleValue


class Interpreter(Classes):
    """Follows the statements of a program. The subclass :class:`convcalc.read.code.program.Program` adds the libraries."""

    def _import(self, node: ast.Import, env: Environment) -> None:
        for alias in node.names:
            module = self.imported(alias.name, 0, env, self.spot(node))
            if alias.asname is None and "." in alias.name:
                module = self.imported(alias.name.partition(".")[0], 0, env, self.spot(node))
            env.variables[alias.asname or alias.name.partition(".")[0]] = module

    def _import_from(self, node: ast.ImportFrom, env: Environment) -> None:
        spot = self.spot(node)
        module = self.imported(node.module or "", node.level, env, spot)
        for alias in node.names:
            if alias.name == "*":
                if isinstance(module, ModuleValue):
                    exported = module.variables.get("__all__")
                    names = (
                        exported
                        if isinstance(exported, (list, tuple))
                        else [name for name in module.variables if not name.startswith("_")]
                    )
                    env.variables.update({name: module.variables[name] for name in names if name in module.variables})
                    env.module.star_imports += module.star_imports
                elif isinstance(module, Library):
                    env.module.star_imports.append(module)
                continue
            value = self.attribute_or_missing(module, alias.name, spot)
            if isinstance(module, Library) and isinstance(value, Library) and node.level:
                found = self.imported(f"{node.module or ''}.{alias.name}".strip("."), node.level, env, spot)
                value = found if isinstance(found, ModuleValue) else value
            if value is MISSING:
                value = self.imported(f"{node.module or ''}.{alias.name}".strip("."), node.level, env, spot)
                if isinstance(value, Library) and isinstance(module, ModuleValue):
                    value = self.unknown(f"the module {module.name} does not define '{alias.name}'", spot)
            env.variables[alias.asname or alias.name] = value

    def _global(self, node: ast.Global, env: Environment) -> None:
        env.declared_global.update(node.names)

    def _nonlocal(self, node: ast.Nonlocal, env: Environment) -> None:
        env.declared_nonlocal.update(node.names)

    statements: Mapping[type, Callable[..., Any]] = {
        **Classes.statements,
        ast.Import: _import,
        ast.ImportFrom: _import_from,
        ast.Global: _global,
        ast.Nonlocal: _nonlocal,
    }
