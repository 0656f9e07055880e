"""Follows assignments, and blocks of statements."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.read.code.language.expressions import Expressions
from convcalc.read.code.language.values import (
    MISSING,
    ClassValue,
    Environment,
    Instance,
    Special,
    Spot,
    Unknown,
    first_unknown,
)


class Assignments(Expressions):
    """Follows blocks of statements, and statements such as ``x = 1``, ``x += 1`` and ``del x``."""

    def block(self, nodes: Sequence[ast.stmt], env: Environment) -> Any:
        """Follows a list of statements. If ``return``, ``break`` or another statement ends the block early, returns the
        reason.
        """
        for node in nodes:
            self.step(node)
            follow = self.statements.get(type(node))
            signal = follow(self, node, env) if follow is not None else None
            if signal is not None:
                return signal
        return None

    def _expression(self, node: ast.Expr, env: Environment) -> None:
        self.evaluate(node.value, env)

    def _assign(self, node: ast.Assign, env: Environment) -> None:
        value = self.evaluate(node.value, env)
        for target in node.targets:
            self.assign(target, value, env)

    def _annotated(self, node: ast.AnnAssign, env: Environment) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, env), env)

    def _augmented(self, node: ast.AugAssign, env: Environment) -> None:
        symbol = self.symbol(node.op)
        target = node.target
        spot = self.spot(node)
        if isinstance(target, ast.Attribute):
            owner = self.evaluate(target.value, env)
            self.set_attribute(
                owner, target.attr, self._increased(self.attribute(owner, target.attr, spot), symbol, node, env), spot
            )
        elif isinstance(target, ast.Subscript):
            owner, key = self.evaluate(target.value, env), self.evaluate(target.slice, env)
            self.set_item(owner, key, self._increased(self.item(owner, key, spot), symbol, node, env), spot)
        else:
            self.assign(target, self._increased(self.evaluate(target, env), symbol, node, env), env)

    def _increased(self, old: Any, symbol: str, node: ast.AugAssign, env: Environment) -> Any:
        new = self.evaluate(node.value, env)
        if symbol == "+" and isinstance(old, list):  # ``+=`` changes the list in place
            return self.extended(old, new, self.spot(node))
        return self.binary(symbol, old, new, self.spot(node))

    def extended(self, old: list[Any], new: Any, spot: Spot) -> Any:
        """Appends the elements of a value to a list, as ``+=`` does. Returns the list."""
        self.change(old)
        elements = self.iterate(new, spot)
        if isinstance(elements, Unknown):
            self.changed[id(old)] = (old, elements)
        else:
            old.extend(elements)
        return old

    def _delete(self, node: ast.Delete, env: Environment) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                env.variables.pop(target.id, None)
            elif isinstance(target, ast.Attribute):
                owner = self.evaluate(target.value, env)
                if isinstance(owner, (Instance, ClassValue)):
                    self.change(owner)
                    owner.attributes.pop(target.attr, None)
            elif isinstance(target, ast.Subscript):
                owner, key = self.evaluate(target.value, env), self.evaluate(target.slice, env)
                if isinstance(owner, (list, dict)) and first_unknown((key,)) is None:
                    self.change(owner)
                    self.guarded(lambda owner=owner, key=key: owner.__delitem__(key), self.spot(node))  # type: ignore[misc]

    def assign(self, target: Any, value: Any, env: Environment) -> None:
        """Assigns a value to a target, such as ``x``, ``self.x``, ``x[0]`` or ``x, y``."""
        if isinstance(target, ast.Name):
            name = target.id
            if name in env.declared_global:
                env.module.variables[name] = value
            elif name in env.declared_nonlocal:
                scope = env.outer
                while scope is not None and name not in scope.variables:
                    scope = scope.outer
                (scope or env).variables[name] = value
            else:
                env.variables[name] = value
        elif isinstance(target, ast.Attribute):
            self.set_attribute(self.evaluate(target.value, env), target.attr, value, self.spot(target))
        elif isinstance(target, ast.Subscript):
            owner = self.evaluate(target.value, env)
            self.set_item(owner, self.evaluate(target.slice, env), value, self.spot(target))
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, env)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, env)

    def _unpack(self, target: ast.Tuple | ast.List, value: Any, env: Environment) -> None:
        targets = target.elts
        spot = self.spot(target)
        elements: Any = value.unpacked(self, len(targets), spot) if isinstance(value, Special) else MISSING
        if elements is MISSING:
            elements = self.iterate(value, spot)
        if isinstance(elements, Unknown):
            for part in targets:
                self.assign(part, Unknown(elements.reason, elements.spot, part), env)
            return
        star = next((at for at, part in enumerate(targets) if isinstance(part, ast.Starred)), None)
        if star is None:
            if len(elements) != len(targets):
                message = f"{len(targets)} names for {len(elements)} values"
                raise self.error("ValueError", message, self.spot(target))
            for part, element in zip(targets, elements):
                self.assign(part, element, env)
            return
        after = len(targets) - star - 1
        if len(elements) < len(targets) - 1:
            raise self.error("ValueError", "there are fewer values than names", self.spot(target))
        middle = elements[star : len(elements) - after]
        for part, element in zip(targets, [*elements[:star], middle, *elements[len(elements) - after :]]):
            self.assign(part, element, env)

    statements: Mapping[type, Callable[..., Any]] = {
        ast.Expr: _expression,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Delete: _delete,
    }
