"""Evaluates expressions of a program."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.read.code.language.operators import Operators
from convcalc.read.code.language.values import (
    MISSING,
    Environment,
    FunctionValue,
    Generator,
    OpenArguments,
    OpenTuple,
    Special,
    Spot,
    Unknown,
    first_unknown,
    is_too_large,
)

_SYMBOLS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Expressions(Operators):
    """Evaluates the nodes of expressions in an environment. :class:`~convcalc.read.code.language.interpreter.Interpreter`
    adds statements."""

    def evaluate(self, node: ast.expr, env: Environment) -> Any:
        """Returns the value of an expression."""
        self.step(node)
        value = self.evaluators[type(node)](self, node, env)
        if self.doubt is not None and type(value) in (list, dict, set) and _makes_new(node):
            self.note_new(value)
        return value

    def spot(self, node: Any, arguments: Mapping[str, Any] | None = None) -> Spot:
        """Returns the position of a node."""
        return Spot(self.source, node.lineno, node.col_offset, self.via, arguments or {})

    # Names and constants ----------------------------------------------------------------------------------------------

    def _constant(self, node: ast.Constant, env: Environment) -> Any:
        return node.value

    def _name(self, node: ast.Name, env: Environment) -> Any:
        value = self.look_up(node.id, env)
        if value is MISSING:
            return self.missing_name(node.id, self.spot(node))
        if isinstance(value, Unknown):
            return value.named(node.id)
        return value

    def look_up(self, name: str, env: Environment) -> Any:
        """Returns the value of a name, or MISSING."""
        if name not in env.declared_global:
            scope: Environment | None = env
            while scope is not None:
                if name in scope.variables:
                    return scope.variables[name]
                scope = scope.outer
        variables = env.module.variables
        if name in variables:
            return variables[name]
        return self.builtins.get(name, MISSING)

    def _attribute(self, node: ast.Attribute, env: Environment) -> Any:
        value = self.evaluate(node.value, env)
        result = self.attribute(value, node.attr, self.spot(node))
        return result.named(node) if isinstance(result, Unknown) else result

    def _subscript(self, node: ast.Subscript, env: Environment) -> Any:
        value = self.evaluate(node.value, env)
        result = self.item(value, self.evaluate(node.slice, env), self.spot(node))
        return result.named(node) if isinstance(result, Unknown) else result

    def _slice(self, node: ast.Slice, env: Environment) -> Any:
        parts = [None if part is None else self.evaluate(part, env) for part in (node.lower, node.upper, node.step)]
        return slice(*parts)

    # Containers -------------------------------------------------------------------------------------------------------

    def _elements(self, nodes: list[ast.expr], env: Environment) -> Any:
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                part = self.iterate(self.evaluate(node.value, env), self.spot(node))
                if isinstance(part, Unknown):
                    return part
                values += part
            else:
                values.append(self.evaluate(node, env))
        if any(isinstance(value, (list, tuple, dict)) for value in values) and is_too_large(values):
            return self.unknown("the nested list is too large to compute", self.spot(nodes[0]))
        return values

    def _list(self, node: ast.List, env: Environment) -> Any:
        return self._elements(node.elts, env)

    def _tuple(self, node: ast.Tuple, env: Environment) -> Any:
        values = self._elements(node.elts, env)
        return values if isinstance(values, Unknown) else tuple(values)

    def _set(self, node: ast.Set, env: Environment) -> Any:
        values = self._elements(node.elts, env)
        return values if isinstance(values, Unknown) else self.set_of(values, self.spot(node))

    def _dict(self, node: ast.Dict, env: Environment) -> Any:
        result: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values):
            value = self.evaluate(value_node, env)
            if key_node is None:
                value = self.mapping(value)
                if isinstance(value, Unknown):
                    return value
                result.update(value)
                continue
            key = self.key(self.evaluate(key_node, env), self.spot(key_node))
            if isinstance(key, Unknown):
                return key
            result[key] = value
        if any(isinstance(value, (list, tuple, dict)) for value in result.values()) and is_too_large(result):
            return self.unknown("the nested dict is too large to compute", self.spot(node))
        return result

    def _comprehension(self, node: Any, env: Environment) -> Any:
        results: list[Any] = []
        scope = Environment(env.module, env, {})
        scope.is_comprehension = True
        unknown = self._generate(node.generators, 0, scope, env, node, results)
        if unknown is not None:
            return unknown
        if isinstance(node, ast.DictComp):
            return dict(results)
        if isinstance(node, ast.SetComp):
            return self.set_of(results, self.spot(node))
        return results

    def _generate(
        self,
        generators: list[ast.comprehension],
        at: int,
        scope: Environment,
        env: Environment,
        node: Any,
        results: list[Any],
    ) -> Unknown | None:
        if at == len(generators):
            if isinstance(node, ast.DictComp):
                key = self.key(self.evaluate(node.key, scope), self.spot(node))
                if isinstance(key, Unknown):
                    return key
                results.append((key, self.evaluate(node.value, scope)))
            else:
                results.append(self.evaluate(node.elt, scope))
            return None
        generator = generators[at]
        values = self.iterate(self.evaluate(generator.iter, scope if at else env), self.spot(node))
        if isinstance(values, Unknown):
            return values
        for value in values:
            self.step(node)
            self.assign(generator.target, value, scope)
            tests = [self.truth(self.evaluate(test, scope)) for test in generator.ifs]
            unknown = first_unknown(tests)
            if unknown is not None:
                return unknown
            if all(tests):
                unknown = self._generate(generators, at + 1, scope, env, node, results)
                if unknown is not None:
                    return unknown
        return None

    def _generator(self, node: ast.GeneratorExp, env: Environment) -> Any:
        return Generator(lambda: self._comprehension(node, env))

    # Operators --------------------------------------------------------------------------------------------------------

    def _binary(self, node: ast.BinOp, env: Environment) -> Any:
        left, right = self.evaluate(node.left, env), self.evaluate(node.right, env)
        if left is None and isinstance(node.left, ast.Name) and node.left.id in _parameters(env):
            raise self.error("TypeError", f"the parameter `{node.left.id}` is None, not a number", self.spot(node))
        result = self.binary(_SYMBOLS[type(node.op)], left, right, self.spot(node))
        return result.named(node) if isinstance(result, Unknown) else result

    def symbol(self, op: ast.operator) -> str:
        """Returns the text of an operator, such as ``+``."""
        return _SYMBOLS[type(op)]

    def _unary(self, node: ast.UnaryOp, env: Environment) -> Any:
        value = self.evaluate(node.operand, env)
        if isinstance(node.op, ast.Not):
            truth = self.truth(value)
            return truth if isinstance(truth, Unknown) else not truth
        return self.unary(_UNARY[type(node.op)], value, self.spot(node))

    def _boolean(self, node: ast.BoolOp, env: Environment) -> Any:
        wanted = isinstance(node.op, ast.Or)
        value: Any = None
        doubt: Unknown | None = None
        for part in node.values:
            value = self.evaluate(part, env)
            truth = self.truth(value)
            if isinstance(truth, Unknown):
                doubt = doubt or truth
            elif truth is wanted:
                # `unknown or True` is true in a test, but its value may be `unknown`.
                return value if doubt is None else (wanted if isinstance(value, bool) else doubt)
        return value if doubt is None else doubt

    def _compare(self, node: ast.Compare, env: Environment) -> Any:
        left = self.evaluate(node.left, env)
        result: Any = True
        for op, right_node in zip(node.ops, node.comparators):
            right = self.evaluate(right_node, env)
            result = self._comparison(op, left, right, self.spot(node))
            truth = self.truth(result)
            if isinstance(truth, Unknown) or not truth:
                return result
            left = right
        return result

    def _comparison(self, op: ast.cmpop, left: Any, right: Any, spot: Spot) -> Any:
        if isinstance(op, (ast.Is, ast.IsNot)):
            same = self.identical(left, right)
            return same if isinstance(same, Unknown) else same is isinstance(op, ast.Is)
        if isinstance(op, (ast.In, ast.NotIn)):
            inside = self.contains(right, left, spot)
            return inside if isinstance(inside, Unknown) else inside is isinstance(op, ast.In)
        return self.compare(_SYMBOLS[type(op)], left, right, spot)

    def compare(self, symbol: str, left: Any, right: Any, spot: Spot) -> Any:
        """Returns the result of a comparison such as ``<``."""
        for value, other, reflected in ((left, right, False), (right, left, True)):
            if isinstance(value, Special):
                result = value.operate(self, symbol, other, reflected, spot)
                if result is not MISSING:
                    return result
        if symbol in ("==", "!="):
            same = self.equal(left, right)
            return same if isinstance(same, Unknown) else same is (symbol == "==")
        unknown = first_unknown((left, right))
        if unknown is not None:
            return unknown
        if isinstance(left, Special) or isinstance(right, Special):
            return self.unknown("this comparison is not supported", spot)
        return self.guarded(lambda: _COMPARISONS[symbol](left, right), spot)

    def _conditional(self, node: ast.IfExp, env: Environment) -> Any:
        truth = self.truth(self.evaluate(node.test, env))
        if isinstance(truth, Unknown):
            with self.doubting(truth):
                values = [self.evaluate(part, env) for part in (node.body, node.orelse)]
            return self.merged(values, truth)
        return self.evaluate(node.body if truth else node.orelse, env)

    def _named(self, node: ast.NamedExpr, env: Environment) -> Any:
        value = self.evaluate(node.value, env)
        scope = env
        while scope.is_comprehension and scope.outer is not None:
            scope = scope.outer
        self.assign(node.target, value, scope)
        return value

    # Calls and functions ----------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, env: Environment) -> Any:
        function = self.evaluate(node.func, env)
        args: list[Any] = []
        places: dict[str, Any] = {}
        is_open = False
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                value = self.evaluate(argument.value, env)
                is_open = is_open or isinstance(value, OpenTuple)
                part = self.iterate(value, self.spot(argument))
                if isinstance(part, Unknown):
                    return self.call_unknown(function, part, self.spot(node))
                args += part
            else:
                places[str(len(args))] = argument
                args.append(self.evaluate(argument, env))
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, env)
            if keyword.arg is None:
                value = self.mapping(value)
                if isinstance(value, Unknown):
                    return self.call_unknown(function, value, self.spot(node))
                is_open = is_open or isinstance(value, OpenArguments)
                kwargs.update((str(key), part) for key, part in value.items())
            else:
                places[keyword.arg] = keyword.value
                kwargs[keyword.arg] = value
        if is_open:
            kwargs = OpenArguments(kwargs)
        if function is self.builtins.get("super") and not args:
            return self.super_of(env, self.spot(node))
        result = self.call(function, args, kwargs, self.spot(node, places), env)
        return result.named(node) if isinstance(result, Unknown) and not result.has_name else result

    def _lambda(self, node: ast.Lambda, env: Environment) -> Any:
        return self.function("<lambda>", node, env)

    def function(self, name: str, node: Any, env: Environment) -> FunctionValue:
        """Returns the function that a ``def`` or ``lambda`` creates. Evaluates its defaults, as Python does."""
        function = FunctionValue(name, node, env, self.spot(node))
        function.defaults = [self.evaluate(default, env) for default in node.args.defaults]
        function.keyword_defaults = {
            argument.arg: self.evaluate(default, env)
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults)
            if default is not None
        }
        return function

    def _await(self, node: ast.Await, env: Environment) -> Any:
        return self.evaluate(node.value, env)

    def _yield(self, node: ast.Yield, env: Environment) -> Any:
        value = None if node.value is None else self.evaluate(node.value, env)
        self.yielded(value, self.spot(node))
        return None

    def _yield_from(self, node: ast.YieldFrom, env: Environment) -> Any:
        values = self.iterate(self.evaluate(node.value, env), self.spot(node))
        for value in [values] if isinstance(values, Unknown) else values:
            self.yielded(value, self.spot(node))
        return None

    # Texts ------------------------------------------------------------------------------------------------------------

    def _joined(self, node: ast.JoinedStr, env: Environment) -> Any:
        parts: list[str] = []
        unknown: Unknown | None = None
        for part in node.values:
            value = self.evaluate(part, env)
            if isinstance(value, Unknown):
                unknown = unknown or value
            else:
                parts.append(str(value))
        return "".join(parts) if unknown is None else unknown.named("")

    def _formatted(self, node: ast.FormattedValue, env: Environment) -> Any:
        value = self.evaluate(node.value, env)
        spec = "" if node.format_spec is None else self.evaluate(node.format_spec, env)
        unknown = first_unknown((value, spec))
        if unknown is not None:
            return unknown
        return self.formatted(value, spec, node.conversion, self.spot(node))

    evaluators: Mapping[type, Callable[..., Any]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.Slice: _slice,
        ast.List: _list,
        ast.Tuple: _tuple,
        ast.Set: _set,
        ast.Dict: _dict,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.DictComp: _comprehension,
        ast.GeneratorExp: _generator,
        ast.BinOp: _binary,
        ast.UnaryOp: _unary,
        ast.BoolOp: _boolean,
        ast.Compare: _compare,
        ast.IfExp: _conditional,
        ast.NamedExpr: _named,
        ast.Call: _call,
        ast.Lambda: _lambda,
        ast.Await: _await,
        ast.Yield: _yield,
        ast.YieldFrom: _yield_from,
        ast.JoinedStr: _joined,
        ast.FormattedValue: _formatted,
    }


def _parameters(env: Environment) -> set[str]:
    """Returns the names of the parameters of the function that is being followed."""
    if env.function is None:
        return set()
    signature = env.function.node.args
    return {argument.arg for argument in (*signature.posonlyargs, *signature.args, *signature.kwonlyargs)}


def _makes_new(node: ast.expr) -> bool:
    """Returns True if an expression always makes a new object: ``[]``, ``{}``, ``list()`` or ``a + b``."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("list", "dict", "set")
    return isinstance(node, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.BinOp))
