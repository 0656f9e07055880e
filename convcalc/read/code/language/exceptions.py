"""Follows `try`, `raise`, `assert` and `with`."""

from __future__ import annotations

import ast
import builtins as python
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.base.problems import Source
from convcalc.read.code.language.branches import Branches
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    Environment,
    Generator,
    Instance,
    Library,
    LibraryObject,
    Raised,
    Special,
    Spot,
    Unknown,
)


class Exceptions(Branches):
    """Follows `try`, `raise`, `assert` and `with`."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.handled: list[Raised] = []  # the exceptions whose ``except`` blocks are being followed
        self.trying = 0  # the number of ``try`` blocks with handlers around the current statement

    def _try(self, node: Any, env: Environment) -> Any:
        self.trying += bool(node.handlers)
        open_tries = self.trying
        signal = None
        try:
            try:
                signal = self.block(node.body, env)
            finally:
                self.trying = open_tries - bool(node.handlers)
            if signal is None:
                signal = self.block(node.orelse, env)
        except Raised as raised:
            handler = next((handler for handler in node.handlers if self._handles(handler, raised, env)), None)
            if handler is None:
                self.block(node.finalbody, env)
                raise
            if handler.name:
                env.variables[handler.name] = raised.value
            self.handled.append(raised)
            try:
                signal = self.block(handler.body, env)
            except Raised:
                self.block(node.finalbody, env)
                raise
            finally:
                self.handled.pop()
        last = self.block(node.finalbody, env)
        return last if last is not None else signal

    def _handles(self, handler: ast.ExceptHandler, raised: Raised, env: Environment) -> bool:
        if handler.type is None:
            return True
        types = self.evaluate(handler.type, env)
        return any(self.is_raised(raised, cls) for cls in (types if isinstance(types, (tuple, list)) else (types,)))

    def is_raised(self, raised: Raised, cls: Any) -> bool:
        """Returns True if ``except cls`` catches the exception."""
        if isinstance(cls, ClassValue):
            return isinstance(raised.value, Instance) and self.is_subclass(raised.value.cls, cls)
        if not isinstance(cls, Library):
            return False
        known, own = getattr(python, cls.name, None), getattr(python, raised.class_name, None)
        if isinstance(raised.value, Instance):
            bases = (base.name for base in raised.value.cls.order if isinstance(base, Library))
            own = next((getattr(python, name, None) for name in bases), None)
        return isinstance(known, type) and isinstance(own, type) and issubclass(own, known)

    def _raise(self, node: ast.Raise, env: Environment) -> Any:
        if node.exc is None and self.handled:
            raise self.handled[-1]
        value = LibraryObject("builtins.Exception") if node.exc is None else self.evaluate(node.exc, env)
        if isinstance(value, Library):
            value = LibraryObject(value.path)
        raise Raised(value, self.spot(node))

    def _assert(self, node: ast.Assert, env: Environment) -> Any:
        truth = self.truth(self.evaluate(node.test, env))
        if truth is False:
            message = "an assertion fails" if node.msg is None else self.text_of(self.evaluate(node.msg, env))
            raise self.error("AssertionError", message or "", self.spot(node))

    def _with(self, node: Any, env: Environment) -> Any:
        contexts: list[Any] = []
        for item in node.items:
            context = self.evaluate(item.context_expr, env)
            spot = self.spot(item.context_expr)
            entered: Any = Unknown("the value of this context is not supported", spot)
            if isinstance(context, (Special, Unknown)):
                entered = context
            if isinstance(context, Instance) and context.cls.find("__enter__") is not MISSING:
                entered = self.call(Bound(context.cls.find("__enter__"), context), [], {}, spot)
            elif isinstance(context, Generator):
                values = self.iterate(context, spot)
                entered = values[0] if isinstance(values, list) and values else entered
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered, env)
            contexts.append(context)
        signal, failed = None, None
        try:
            signal = self.block(node.body, env)
        except Raised as raised:
            failed = raised
        for context in reversed(contexts):
            if self._exits(context, failed, self.spot(node)):
                failed = None
        if failed is not None:
            raise failed
        return signal

    def _exits(self, context: Any, failed: Raised | None, spot: Spot) -> bool:
        """Ends a ``with`` block. Returns True if the context suppresses the exception ``failed``."""
        if isinstance(context, Instance) and (method := context.cls.find("__exit__")) is not MISSING:
            kind = None if failed is None else self.type_of(failed.value)
            value = None if failed is None else failed.value
            result = self.call(Bound(method, context), [kind, value, None], {}, spot)
            return self.truth(result) is True
        if failed is not None and isinstance(context, LibraryObject) and context.path == "contextlib.suppress":
            return any(self.is_raised(failed, cls) for cls in context.args)
        return False

    statements: Mapping[type, Callable[..., Any]] = {
        **Branches.statements,
        ast.Try: _try,
        ast.Raise: _raise,
        ast.Assert: _assert,
        ast.With: _with,
        ast.AsyncWith: _with,
        **({ast.TryStar: _try} if hasattr(ast, "TryStar") else {}),
    }
