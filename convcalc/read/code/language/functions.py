"""Defines and calls functions and generators of a program. Applies decorators."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.base.problems import Source
from convcalc.read.code.language.branches import Return
from convcalc.read.code.language.exceptions import Exceptions
from convcalc.read.code.language.limits import MAX_DEPTH, MAX_ENDLESS, MAX_LOOP_STEPS, MAX_YIELDED
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    Environment,
    FunctionValue,
    Generator,
    Instance,
    Library,
    Native,
    OpenArguments,
    OpenRest,
    OpenTuple,
    Raised,
    Special,
    Spot,
    Unknown,
    Wrapped,
    first_unknown,
)


class Functions(Exceptions):
    """Defines and calls functions."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        # the values that each running generator has yielded, and the maximum number of these values
        self.generating: list[tuple[list[Any], int]] = []

    def _function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Environment) -> None:
        function: Any = self.function(node.name, node, env)
        function.is_generator = _is_generator(node)
        for decorator in reversed(node.decorator_list):
            function = self.decorated(decorator, function, env)
        env.variables[node.name] = function

    def decorated(self, node: ast.expr, function: Any, env: Environment) -> Any:
        """Returns the result of a decorator. A decorator that is not supported returns the function or class unchanged."""
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
            kind = OpenRest if isinstance(args, OpenRest) else list
            return self.call(function.function, kind([function.receiver, *args]), kwargs, spot)
        if isinstance(function, Native):
            return function.run(self, args, kwargs, spot)
        if isinstance(function, ClassValue):
            return self.instantiate(function, args, kwargs, spot)
        if isinstance(function, Library):
            return self.call_library(function.path, args, kwargs, spot)
        if isinstance(function, Special):
            result = function.call(self, args, kwargs, spot)
            return self.unknown("this call is not supported", spot) if result is MISSING else result
        if isinstance(function, Instance):
            method = function.cls.find("__call__")
            if method is not MISSING:
                return self.call(Bound(method, function), args, kwargs, spot)
        if isinstance(function, Unknown):
            return Unknown(function.reason, function.spot)
        if isinstance(function, Wrapped):
            return self.call(function.function, args, kwargs, spot)
        return self.unknown("this call is not supported", spot)

    def instantiate(self, cls: ClassValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns a new object of a class of the program."""
        raise NotImplementedError

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
            try:
                signal = self.block(function.node.body, env)
            except Raised:
                if not env.returns:
                    raise
                signal = Return(env.returns.pop())  # the program continues only if an earlier `return` was reached
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
        """Adds a value to the values that the running generator has yielded."""
        if not self.generating:
            raise _TooManyValues
        values, maximum = self.generating[-1]
        if len(values) >= maximum:
            raise _TooManyValues
        values.append(value)

    def required_parameter(self, name: str, function: FunctionValue) -> Any:
        """Returns an unknown value for a parameter that has no default and that no call gives."""
        return Unknown(f"the parameter `{name}` of `{function.name}` has no default", function.spot, name)

    def bound(self, function: FunctionValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> dict[str, Any]:
        """Returns the value of each parameter in a call. Raises the TypeError that Python raises for wrong arguments."""
        signature = function.node.args
        positional = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
        variables: dict[str, Any] = dict(zip(positional, args))
        rest = args[len(positional) :]
        extra: dict[str, Any] = OpenArguments() if isinstance(kwargs, OpenArguments) else {}
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
            variables[signature.vararg.arg] = OpenTuple(rest) if isinstance(args, OpenRest) else tuple(rest)
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
        if missing and isinstance(kwargs, OpenArguments):
            variables.update((name, self.required_parameter(name, function)) for name in missing)
        elif missing:
            raise self.error("TypeError", f"{function.name}() is missing the argument '{missing[0]}'", spot)
        return variables

    statements: Mapping[type, Callable[..., Any]] = {
        **Exceptions.statements,
        ast.FunctionDef: _function_definition,
        ast.AsyncFunctionDef: _function_definition,
    }


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
