"""Defines classes of a program, data classes and enums, and makes their objects."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.read.code.language.functions import Functions
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    Environment,
    FunctionValue,
    Instance,
    Library,
    LibraryObject,
    Spot,
    Super,
    Unknown,
    Wrapped,
)


class Classes(Functions):
    """Defines classes and makes their objects."""

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
            return self.unknown("convcalc cannot tell which member of the enum has this value", spot)
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
        made = made if made is not None else Instance(cls)
        self.note_new(made)
        return made

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

    statements: Mapping[type, Callable[..., Any]] = {
        **Functions.statements,
        ast.ClassDef: _class_definition,
    }
