"""Follows `if`, `for`, `while` and `match`.

If a test is unknown, all its branches are followed, except branches that always raise an exception. Variables that differ after the
branches are unknown. A loop over unknown elements is followed once; variables that it changes are unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.base.problems import Source
from convcalc.base.structs import Struct
from convcalc.read.code.language.assignments import Assignments
from convcalc.read.code.language.limits import MAX_LOOP_STEPS, MAX_ROUNDS, MAX_TRAINING_ROUNDS, MAX_UNKNOWN_TESTS
from convcalc.read.code.language.patterns import matches
from convcalc.read.code.language.values import (
    MISSING,
    ClassValue,
    Environment,
    FunctionValue,
    Raised,
    Special,
    Unknown,
    UnknownElements,
    depending,
)


class Return(Struct):
    """The value of a ``return`` statement."""

    value: Any


class _Signal:
    """Shows why a block of statements ended: ``break``, ``continue`` or an exception."""


BREAK, CONTINUE = _Signal(), _Signal()


class Branches(Assignments):
    """Follows `if`, `for`, `while` and `match`."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.unknown_tests = 0  # the number of unknown tests and loops so far

    def _if(self, node: ast.If, env: Environment) -> Any:
        truth = self.truth(self.evaluate(node.test, env))
        if isinstance(truth, Unknown):
            return self._doubtful_if([node.body, node.orelse], truth, env)
        return self.block(node.body if truth else node.orelse, env)

    def _doubtful_if(self, branches: list[list[ast.stmt]], test: Unknown, env: Environment) -> Any:
        """Follows all branches of an unknown test. Variables that differ after the branches are unknown."""
        self.unknown_tests += 1
        taken = [body for body in branches if not _always_raises(body)]
        if len(taken) == 1:
            return self.block(taken[0], env)
        before = dict(env.variables)
        ends: list[tuple[Any, dict[str, Any]]] = []
        failed: Raised | None = None
        for body in taken:
            env.variables.clear()
            env.variables.update(before)
            with self.doubting(test):
                try:
                    signal = self.block(body, env)
                except Raised as raised:
                    failed = raised
                    continue
            ends.append((signal, dict(env.variables)))
        env.variables.clear()
        env.variables.update(before)
        if not ends:
            if failed is not None:
                raise failed
            return None
        if len(ends) == 1 and failed is not None:
            env.variables.update(ends[0][1])
            return ends[0][0]
        return self._joined_branches(ends, test, env)

    def _joined_branches(self, ends: list[tuple[Any, dict[str, Any]]], test: Unknown, env: Environment) -> Any:
        returned = [signal.value for signal, _ in ends if isinstance(signal, Return)]
        if len(returned) == len(ends):
            return Return(self.merged(returned, test))
        if returned:
            env.returns += returned
            # a branch may have returned, so the rest of the function is uncertain, until the call ends
            self.doubt = self.deeper(test)
        going_on = [(signal, variables) for signal, variables in ends if not isinstance(signal, Return)]
        for name in dict.fromkeys(name for _, variables in going_on for name in variables):
            values = [variables.get(name, MISSING) for _, variables in going_on]
            if MISSING in values:
                known = [value for value in values if value is not MISSING]
                env.variables[name] = (
                    Unknown(f"it is defined only in a branch of an unknown test: {test.reason}", test.spot)
                    if known
                    else None
                )
            else:
                env.variables[name] = self.merged(values, test)
        signals = {id(signal) for signal, _ in going_on}
        if len(signals) == 1:
            return going_on[0][0]
        # a branch may have ended the loop, so the rest of the loop is uncertain, until the loop ends
        self.doubt = self.deeper(test)
        return None

    def _for(self, node: ast.For, env: Environment) -> Any:
        elements, is_endless = self.some_elements(self.evaluate(node.iter, env), self.spot(node))
        if isinstance(elements, Unknown):
            return self._doubtful_loop(node, elements, env)
        doubt, first = self.doubt, (self.steps, self.unknown_tests)
        rounds = _rounds(node)
        try:
            for number, element in enumerate(elements):
                if number == rounds or self._is_long(first):
                    return self._doubtful_loop(
                        node, Unknown("the loop takes too many steps to follow", self.spot(node)), env
                    )
                self.assign(node.target, element, env)
                signal = self.block(node.body, env)
                if signal is BREAK:
                    return None
                if signal is not None and signal is not CONTINUE:
                    return signal
            if is_endless:
                return self._doubtful_loop(node, Unknown("the loop does not end", self.spot(node)), env)
        finally:
            self.doubt = doubt
        return self.block(node.orelse, env)

    def _is_long(self, first: tuple[int, int]) -> bool:
        """Returns True if a loop takes too long to follow. ``first`` has the counts of steps and unknown tests before
        the loop.
        """
        steps, tests = first
        return self.steps - steps > MAX_LOOP_STEPS or self.unknown_tests - tests > MAX_UNKNOWN_TESTS

    def _while(self, node: ast.While, env: Environment) -> Any:
        doubt, first = self.doubt, (self.steps, self.unknown_tests)
        rounds = _rounds(node)
        try:
            while True:
                rounds -= 1
                truth = self.truth(self.evaluate(node.test, env))
                if isinstance(truth, Unknown):
                    return self._doubtful_loop(node, truth, env)
                if not truth:
                    return self.block(node.orelse, env)
                if rounds < 0 or self._is_long(first):
                    return self._doubtful_loop(
                        node, Unknown("the loop takes too many steps to follow", self.spot(node)), env
                    )
                signal = self.block(node.body, env)
                if signal is BREAK:
                    return None
                if signal is not None and signal is not CONTINUE:
                    return signal
        finally:
            self.doubt = doubt

    def _doubtful_loop(self, node: ast.For | ast.While, unknown: Unknown, env: Environment) -> Any:
        """Follows the body of a loop once. Variables that it changes are unknown, because the number of rounds is
        unknown.
        """
        self.unknown_tests += 1
        before = dict(env.variables)
        doubt = self.doubt
        reason = depending("loop", unknown)
        changed = len(self.changed)
        if isinstance(node, ast.For):
            element = unknown.element if isinstance(unknown, UnknownElements) else Unknown(unknown.reason, unknown.spot)
            self.assign(node.target, element, env)
        with self.doubting(unknown):
            try:
                signal = self.block(node.body, env)
            except Raised:
                signal = None
        self.doubt = doubt
        new = {
            name: value
            for name, value in env.variables.items()
            if (old := before.get(name, MISSING)) is not value
            and (old is MISSING or self.equal(old, value) is not True)
        }
        only_tensors = len(self.changed) == changed and all(
            name not in before or isinstance(before[name], Special) for name in new
        )
        for name, value in new.items():
            old = before.get(name, MISSING)
            if old is MISSING and isinstance(value, (FunctionValue, ClassValue)):
                continue
            after = Unknown(reason, unknown.spot)
            if isinstance(old, Special) and isinstance(value, Special):
                after = self.merged_objects([old, value], after, only_tensors)
            env.variables[name] = after
        if isinstance(signal, Return):
            env.returns.append(signal.value)
        return None

    def _break(self, node: ast.Break, env: Environment) -> Any:
        return BREAK

    def _continue(self, node: ast.Continue, env: Environment) -> Any:
        return CONTINUE

    def _return(self, node: ast.Return, env: Environment) -> Any:
        return Return(None if node.value is None else self.evaluate(node.value, env))

    def _match(self, node: ast.Match, env: Environment) -> Any:
        subject = self.evaluate(node.subject, env)
        for case in node.cases:
            answer = matches(self, case.pattern, subject, env)
            if answer is True and case.guard is not None:
                answer = self.truth(self.evaluate(case.guard, env))
            if isinstance(answer, Unknown):
                return self._doubtful_if([case.body for case in node.cases], answer, env)
            if answer:
                return self.block(case.body, env)
        return None

    statements: Mapping[type, Callable[..., Any]] = {
        **Assignments.statements,
        ast.If: _if,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.While: _while,
        ast.Break: _break,
        ast.Continue: _continue,
        ast.Return: _return,
        ast.Match: _match,
    }


_TRAINING = {"train_on_batch", "test_on_batch", "apply_gradients"}


def _rounds(node: ast.For | ast.While | ast.AsyncFor) -> int:
    """Returns the maximum number of rounds to follow in a loop."""
    trains = any(isinstance(part, ast.Attribute) and part.attr in _TRAINING for part in ast.walk(node))
    return MAX_TRAINING_ROUNDS if trains else MAX_ROUNDS


def _always_raises(body: list[ast.stmt]) -> bool:
    """Returns True if a block always ends with ``raise`` or with a call such as ``sys.exit()``."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, ast.Raise):
        return True
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and ast.unparse(last.value.func) in ("sys.exit", "exit", "quit", "os._exit")
    )
