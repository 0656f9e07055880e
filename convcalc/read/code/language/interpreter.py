"""Follows the statements of a program: assignments, tests, loops, functions, classes and imports.

If a test is unknown, all its branches are followed, except branches that always raise an exception. Variables that
differ after the branches are unknown. A loop over unknown elements is followed once; variables that it changes are
unknown.
"""

from __future__ import annotations

import ast
import builtins as python
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.base.problems import Source
from convcalc.base.structs import Struct
from convcalc.read.code.language.expressions import Expressions
from convcalc.read.code.language.objects import MAX_DEPTH, MAX_ENDLESS, MAX_YIELDED
from convcalc.read.code.language.patterns import matches
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    Environment,
    FunctionValue,
    Generator,
    Instance,
    Library,
    LibraryObject,
    ModuleValue,
    Native,
    Raised,
    Special,
    Spot,
    Super,
    Unknown,
    UnknownElements,
    Wrapped,
    depending,
    first_unknown,
)

MAX_ROUNDS = 2_000  # the maximum number of rounds of a loop; variables that a longer loop changes are unknown
MAX_TRAINING_ROUNDS = 2  # the maximum number of rounds of a loop that trains a model with `train_on_batch`
MAX_UNKNOWN_TESTS = 1_000  # the maximum number of unknown tests and loops that are followed in one loop
MAX_LOOP_STEPS = 200_000  # the maximum number of steps of a loop; variables that a longer loop changes are unknown


class Return(Struct):
    """The value of a ``return`` statement."""

    value: Any


class _Signal:
    """Shows why a block of statements ended: ``break``, ``continue`` or an exception."""


BREAK, CONTINUE, RAISED = _Signal(), _Signal(), _Signal()


class Interpreter(Expressions):
    """Follows the statements of a program. The subclass :class:`convcalc.read.code.program.Program` adds the libraries."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        # the values that each running generator has yielded, and the maximum number of these values
        self.generating: list[tuple[list[Any], int]] = []
        self.handled: list[Raised] = []  # the exceptions whose ``except`` blocks are being followed
        self.unknown_tests = 0  # the number of unknown tests and loops so far
        self.trying = 0  # the number of ``try`` blocks with handlers around the current statement

    # Blocks -----------------------------------------------------------------------------------------------------------

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
        elements = self.iterate(value, self.spot(target))
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

    # Tests and loops --------------------------------------------------------------------------------------------------

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
            self.doubt = self.doubt or test
        going_on = [(signal, variables) for signal, variables in ends if not isinstance(signal, Return)]
        for name in dict.fromkeys(name for _, variables in going_on for name in variables):
            values = [variables.get(name, MISSING) for _, variables in going_on]
            if MISSING in values:
                known = [value for value in values if value is not MISSING]
                env.variables[name] = (
                    Unknown(f"it is defined under a test that is unknown: {test.reason}", test.spot) if known else None
                )
            else:
                env.variables[name] = self.merged(values, test)
        signals = {id(signal) for signal, _ in going_on}
        if len(signals) == 1:
            return going_on[0][0]
        # a branch may have ended the loop, so the rest of the loop is uncertain, until the loop ends
        self.doubt = self.doubt or test
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
        if isinstance(node, ast.For):
            element = unknown.element if isinstance(unknown, UnknownElements) else Unknown(unknown.reason, unknown.spot)
            self.assign(node.target, element, env)
        with self.doubting(unknown):
            try:
                signal = self.block(node.body, env)
            except Raised:
                signal = None
        self.doubt = doubt
        for name, value in list(env.variables.items()):
            old = before.get(name, MISSING)
            if old is not value and (old is MISSING or self.equal(old, value) is not True):
                env.variables[name] = (
                    value
                    if old is MISSING and isinstance(value, (FunctionValue, ClassValue))
                    else Unknown(reason, unknown.spot)
                )
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

    # Exceptions and contexts ------------------------------------------------------------------------------------------

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
            entered: Any = (
                context if isinstance(context, Special) else Unknown("the value of this context is not followed", spot)
            )
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

    # Functions --------------------------------------------------------------------------------------------------------

    def _function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Environment) -> None:
        function: Any = self.function(node.name, node, env)
        function.is_generator = _is_generator(node)
        for decorator in reversed(node.decorator_list):
            function = self.decorated(decorator, function, env)
        env.variables[node.name] = function

    def decorated(self, node: ast.expr, function: Any, env: Environment) -> Any:
        """Returns the result of a decorator. A decorator that is not followed returns the function or class unchanged."""
        decorator = self.evaluate(node, env)
        if isinstance(decorator, Library) and decorator.path in ("builtins.staticmethod", "builtins.classmethod"):
            return Wrapped(decorator.name, function)
        if isinstance(decorator, Library) and decorator.path in _PROPERTIES:
            cached = decorator.name == "cached_property"
            return Wrapped("property", _cached(function) if cached else function)
        if isinstance(decorator, (FunctionValue, ClassValue, Bound)) or (
            isinstance(decorator, Native) and decorator.name in ("setter", "partial", "decorator")
        ):
            result = self.call(decorator, [function], {}, self.spot(node))
            return function if isinstance(result, Unknown) else result
        return function

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot, env: Any = None) -> Any:
        """Returns the result of a call."""
        if isinstance(function, FunctionValue):
            return self.call_function(function, args, kwargs, spot)
        if isinstance(function, Bound):
            return self.call(function.function, [function.receiver, *args], kwargs, spot)
        if isinstance(function, Native):
            return function.run(self, args, kwargs, spot)
        if isinstance(function, ClassValue):
            return self.instantiate(function, args, kwargs, spot)
        if isinstance(function, Library):
            return self.call_library(function.path, args, kwargs, spot)
        if isinstance(function, Special):
            result = function.call(self, args, kwargs, spot)
            return self.unknown("this call is not followed", spot) if result is MISSING else result
        if isinstance(function, Instance):
            method = function.cls.find("__call__")
            if method is not MISSING:
                return self.call(Bound(method, function), args, kwargs, spot)
        if isinstance(function, Unknown):
            return Unknown(function.reason, function.spot)
        if isinstance(function, Wrapped):
            return self.call(function.function, args, kwargs, spot)
        return self.unknown("this call is not followed", spot)

    def call_unknown(self, function: Any, unknown: Unknown, spot: Spot) -> Any:
        """Returns the result of a call such as ``f(**unknown)``, whose arguments have unknown names."""
        return Unknown(unknown.reason, unknown.spot)

    def call_function(self, function: FunctionValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of a call of a function of the program."""
        variables = self.bound(function, args, kwargs, spot)
        env = Environment(function.module, function.outer, variables, function)
        if function.is_generator:
            generator = Generator(lambda: self._generated(generator, function, env, spot))
            return generator
        return self._run(function, env, spot)

    def _run(self, function: FunctionValue, env: Environment, spot: Spot) -> Any:
        if self.depth >= MAX_DEPTH:
            raise self.error("RecursionError", "calls are nested too deeply to follow", spot)
        outer = (self.source, self.via, self.doubt, self.depth)
        self.source, self.via, self.depth = function.spot.source, spot, self.depth + 1
        try:
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body, env)
            signal = self.block(function.node.body, env)
            value = signal.value if isinstance(signal, Return) else None
        finally:
            doubt = self.doubt
            self.source, self.via, self.doubt, self.depth = outer
        if env.returns:
            return self.merged(
                [*env.returns, value], doubt or first_unknown(env.returns) or Unknown("a test is unknown", spot)
            )
        return value

    def _generated(self, generator: Generator, function: FunctionValue, env: Environment, spot: Spot) -> Any:
        values: list[Any] = []
        self.generating.append((values, MAX_ENDLESS if _has_endless_loop(function.node) else MAX_YIELDED))
        first = self.steps
        try:
            self._run(function, env, spot)
        except _TooManyValues:
            generator.is_endless = True
        finally:
            self.generating.pop()
        return (
            Unknown("the generator takes too many steps to follow", spot)
            if self.steps - first > MAX_LOOP_STEPS
            else values
        )

    def yielded(self, value: Any, spot: Spot) -> None:
        """Adds a value to the running generator."""
        if not self.generating:
            raise _TooManyValues
        values, maximum = self.generating[-1]
        if len(values) >= maximum:
            raise _TooManyValues
        values.append(value)

    def bound(self, function: FunctionValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> dict[str, Any]:
        """Returns the value of each parameter in a call. Raises the TypeError that Python raises for wrong arguments."""
        signature = function.node.args
        positional = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
        variables: dict[str, Any] = dict(zip(positional, args))
        rest = args[len(positional) :]
        extra: dict[str, Any] = {}
        names = {*positional[len(signature.posonlyargs) :], *(argument.arg for argument in signature.kwonlyargs)}
        for name, value in kwargs.items():
            if name in variables and name in names:
                raise self.error("TypeError", f"{function.name}() got multiple values for argument '{name}'", spot)
            if name in names:
                variables[name] = value
            elif signature.kwarg is not None:
                extra[name] = value
            else:
                raise self.error("TypeError", f"{function.name}() got an unexpected keyword argument '{name}'", spot)
        if rest and signature.vararg is None:
            message = f"{function.name}() takes {len(positional)} positional arguments but {len(args)} were given"
            raise self.error("TypeError", message, spot)
        if signature.vararg is not None:
            variables[signature.vararg.arg] = tuple(rest)
        if signature.kwarg is not None:
            variables[signature.kwarg.arg] = extra
        for name, value in zip(positional[len(positional) - len(function.defaults) :], function.defaults):
            variables.setdefault(name, value)
        for name, value in function.keyword_defaults.items():
            variables.setdefault(name, value)
        missing = [
            name
            for name in (*positional, *(argument.arg for argument in signature.kwonlyargs))
            if name not in variables
        ]
        if missing:
            raise self.error("TypeError", f"{function.name}() is missing the argument '{missing[0]}'", spot)
        return variables

    # Classes ----------------------------------------------------------------------------------------------------------

    def _class_definition(self, node: ast.ClassDef, env: Environment) -> None:
        bases = tuple(
            base
            for base in (self.evaluate(base, env) for base in node.bases)
            if isinstance(base, (ClassValue, Library))
        )
        if len(bases) < len(node.bases):
            bases = (*bases, Library("unknown.class"))
        scope = Environment(env.module, env.for_functions(), {})
        scope.is_class = True
        self.block(node.body, scope)
        cls = ClassValue(node.name, bases, scope.variables, self.spot(node))
        for value in scope.variables.values():
            function = value.function if isinstance(value, Wrapped) else value
            if isinstance(function, FunctionValue):
                function.owner = cls
            if isinstance(value, Wrapped) and isinstance(value.setter, FunctionValue):
                value.setter.owner = cls
        inherited = [base.fields for base in reversed(cls.order) if isinstance(base, ClassValue)]
        cls.fields = {name: default for fields in inherited for name, default in fields.items()}
        for part in node.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                cls.fields[part.target.id] = scope.variables.get(part.target.id, MISSING)
        cls.kind = next(
            (base.kind for base in cls.order if isinstance(base, ClassValue) and base.kind), self._kind_of(cls)
        )
        result: Any = cls
        for decorator in reversed(node.decorator_list):
            path = self.decorator_path(decorator, env)
            if path in ("dataclasses.dataclass", "attr.s", "attrs.define", "attr.dataclass"):
                cls.kind = "dataclass"
            else:
                result = self.decorated(decorator, result, env)
        if cls.kind == "enum":
            self._make_members(cls)
        hook = next((base.find("__init_subclass__") for base in bases if isinstance(base, ClassValue)), MISSING)
        if isinstance(hook, (FunctionValue, Wrapped)):
            function = hook.function if isinstance(hook, Wrapped) else hook
            options = {
                str(part.arg): self.evaluate(part.value, env) for part in node.keywords if part.arg != "metaclass"
            }
            self.call(Bound(function, cls), [], options, self.spot(node))
        env.variables[node.name] = result

    def decorator_path(self, node: ast.expr, env: Environment) -> str:
        """Returns the path of a decorator, such as ``dataclasses.dataclass``. "" for a decorator of the program."""
        value = self.evaluate(node.func if isinstance(node, ast.Call) else node, env)
        return value.path if isinstance(value, Library) else ""

    def _kind_of(self, cls: ClassValue) -> str:
        paths = {base.path for base in cls.order if isinstance(base, Library)}
        if paths & {"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"}:
            return "enum"
        return "namedtuple" if "typing.NamedTuple" in paths else ""

    def _make_members(self, cls: ClassValue) -> None:
        count = 0
        for name, value in list(cls.attributes.items()):
            if name.startswith("_") or isinstance(value, (FunctionValue, Wrapped, ClassValue)):
                continue
            if isinstance(value, LibraryObject) and value.path == "enum.auto":
                value = count + 1
            count = value if isinstance(value, int) else count
            member = Instance(cls)
            member.attributes.update(name=name, value=value, _name_=name, _value_=value)
            cls.attributes[name] = member

    def instantiate(self, cls: ClassValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns a new object of a class of the program."""
        if cls.kind == "enum":
            for member in cls.attributes.values():
                if (
                    isinstance(member, Instance)
                    and args
                    and self.equal(member.attributes.get("value"), args[0]) is True
                ):
                    return member
            return self.unknown("this member of the enum is not followed", spot)
        new = cls.find("__new__")
        if isinstance(new, Wrapped):
            new = new.function
        if isinstance(new, FunctionValue) and not cls.library_base():
            instance = self.call(new, [cls, *args], kwargs, spot)
            if not isinstance(instance, Instance) or instance.cls is not cls:
                return instance
        else:
            instance = self.raw_instance(cls, spot)
        if isinstance(instance, Instance):
            for base in cls.order:
                if isinstance(base, Library) and base.path in (
                    "builtins.dict",
                    "builtins.list",
                    "collections.OrderedDict",
                ):
                    instance.items = [] if base.path == "builtins.list" else {}
                    for value in args:
                        elements = (
                            self.mapping(value) if isinstance(instance.items, dict) else self.iterate(value, spot)
                        )
                        if not isinstance(elements, Unknown):
                            instance.items = type(instance.items)(elements)
        init = cls.find("__init__")
        if init is MISSING and cls.kind in ("dataclass", "namedtuple"):
            self._fill_fields(instance, cls, args, kwargs, spot)
        elif init is not MISSING:
            self.call(Bound(init, instance), args, kwargs, spot)
        else:
            method = next(
                (
                    self.library_method(base, instance, "__init__", spot)
                    for base in cls.order
                    if isinstance(base, Library)
                ),
                MISSING,
            )
            if method is not MISSING:
                self.call(method, args, kwargs, spot)
            if isinstance(instance, Instance):
                instance.attributes.setdefault("args", tuple(args))
        return instance

    def raw_instance(self, cls: ClassValue, spot: Spot) -> Any:
        """Returns an object on which ``__init__`` was not called."""
        made = self.library_instance(cls, spot)
        return made if made is not None else Instance(cls)

    def _fill_fields(self, instance: Any, cls: ClassValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
        given = {**dict(zip(cls.fields, args)), **kwargs}
        for name, default in cls.fields.items():
            value = given.get(name, default)
            if name not in given and isinstance(value, LibraryObject) and value.path == "dataclasses.field":
                factory = value.kwargs.get("default_factory", MISSING)
                value = value.kwargs.get("default", MISSING) if factory is MISSING else self.call(factory, [], {}, spot)
            if value is MISSING:
                raise self.error("TypeError", f"{cls.name}() is missing the argument '{name}'", spot)
            self.set_attribute(instance, name, value, spot)
        after = cls.find("__post_init__")
        if after is not MISSING:
            self.call(Bound(after, instance), [], {}, spot)

    def super_of(self, env: Environment, spot: Spot) -> Any:
        """Returns the value of ``super()`` in a method."""
        scope: Environment | None = env
        while scope is not None and (scope.function is None or scope.function.owner is None):
            scope = scope.outer
        if scope is None or scope.function is None or scope.function.owner is None:
            return self.unknown("`super()` is outside of a method", spot)
        arguments = scope.function.node.args
        first = [*arguments.posonlyargs, *arguments.args][:1]
        return Super(scope.function.owner, scope.variables.get(first[0].arg) if first else None)

    # Imports and other statements -------------------------------------------------------------------------------------

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
        ast.Expr: _expression,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Delete: _delete,
        ast.If: _if,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.While: _while,
        ast.Break: _break,
        ast.Continue: _continue,
        ast.Return: _return,
        ast.Match: _match,
        ast.Try: _try,
        ast.Raise: _raise,
        ast.Assert: _assert,
        ast.With: _with,
        ast.AsyncWith: _with,
        ast.FunctionDef: _function_definition,
        ast.AsyncFunctionDef: _function_definition,
        ast.ClassDef: _class_definition,
        ast.Import: _import,
        ast.ImportFrom: _import_from,
        ast.Global: _global,
        ast.Nonlocal: _nonlocal,
        **({ast.TryStar: _try} if hasattr(ast, "TryStar") else {}),
    }

    # Defined by the subclass Program
    # -----------------------------------------------------------------------------------

    def imported(self, name: str, level: int, env: Environment, spot: Spot) -> Any:
        """Returns the module with this name: a file of the program, or a library."""
        raise NotImplementedError

    def call_library(self, path: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of a call of a function or a class of a library."""
        raise NotImplementedError

    def library_instance(self, cls: ClassValue, spot: Spot) -> Any:
        """Returns a new object for a class that extends a class of Keras. None for other classes."""
        raise NotImplementedError


def _cached(function: Any) -> Native:
    """Returns a method that is followed only once for each object. Later calls return the first result."""
    values: dict[int, tuple[Any, Any]] = {}

    def run(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        key = id(args[0])
        if key not in values:
            values[key] = (args[0], run.call(function, args, kwargs, spot))
        return values[key][1]

    return Native(function.name, run)


_PROPERTIES = ("builtins.property", "functools.cached_property", "abc.abstractproperty")


class _TooManyValues(Exception):
    """Raised in a generator that yields more values than the maximum."""


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


def _has_endless_loop(node: ast.AST) -> bool:
    """Returns True if a function contains ``while True`` or ``while 1``."""
    loops = (part for part in ast.walk(node) if isinstance(part, ast.While))
    return any(isinstance(loop.test, ast.Constant) and bool(loop.test.value) for loop in loops)


def _is_generator(node: ast.AST) -> bool:
    """Returns True if a function contains ``yield``, not counting the functions inside it."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        part = waiting.pop()
        if isinstance(part, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(part)
    return False
