"""Reads and sets the attributes of values, and calls their methods.

Methods of strings, lists, dicts and other plain values are those of Python, up to a maximum size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convcalc.read.code.language.containers import Containers
from convcalc.read.code.language.limits import MAX_ELEMENTS
from convcalc.read.code.language.plain import PLAIN, is_hashable
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Instance,
    Library,
    LibraryObject,
    ModuleValue,
    Native,
    Special,
    Spot,
    Super,
    Unknown,
    Wrapped,
    first_unknown,
    is_too_large,
)

_VIEWS: tuple[Any, ...] = (
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)  # the types of `keys()`, `values()` and `items()`
# The methods that change a list, a dict, a set or a model.
CHANGES = frozenset(
    (
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "update",
        "setdefault",
        "popitem",
        "add",
        "discard",
        "popleft",
        "appendleft",
        "extendleft",
        "rotate",
        "move_to_end",
        "subtract",
    )
)


class Attributes(Containers):
    """Reads and sets the attributes of values."""

    def attribute(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns ``value.name``."""
        result = self.attribute_or_missing(value, name, spot)
        if result is not MISSING:
            return result
        if isinstance(value, LibraryObject) and value.path.endswith(".InputSpec") and name in value.kwargs:
            return value.kwargs[name]
        if isinstance(value, Special):
            return self.unknown(f"`.{name}` of this object is not supported", spot)
        raise self.error("AttributeError", f"there is no attribute '{name}'", spot)

    def attribute_or_missing(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns ``value.name``, or MISSING."""
        if isinstance(value, Unknown):
            if name == "reshape":  # the result of `unknown.reshape(28, 28)` has a known shape
                return Native(name, lambda run, args, kwargs, at: run.reshaped(value, args, kwargs, at))
            return Unknown(value.reason, value.spot)
        if isinstance(value, Special):
            return value.attribute(self, name, spot)
        if isinstance(value, Instance):
            return self._instance_attribute(value, name, spot)
        if isinstance(value, Library):
            return self.library_member(value, name, spot)
        if isinstance(value, ModuleValue):
            return value.variables.get(name, MISSING)
        if isinstance(value, ClassValue):
            return self._class_attribute(value, name, spot)
        if isinstance(value, Super):
            return self._super_attribute(value, name, spot)
        if isinstance(value, FunctionValue):
            if name == "__name__":
                return value.name
            return value.attributes.get(name, MISSING)
        if isinstance(value, Wrapped) and name in ("setter", "getter", "deleter"):
            return Native(
                name,
                lambda run, args, kwargs, at: (
                    Wrapped("property", value.function, args[0]) if name == "setter" else value
                ),
            )
        if isinstance(value, PLAIN) and not name.startswith("__"):
            method = self._method(value, name)
            is_number = method is MISSING and isinstance(value, (int, float))
            return self.number_attribute(value, name, spot) if is_number else method
        if name == "__class__":
            return self.type_of(value)
        return MISSING

    def _method(self, value: Any, name: str) -> Any:
        if not hasattr(value, name):
            return MISSING
        method = getattr(value, name)
        if not callable(method):
            return method  # such as `range.start` or `complex.real`

        def run(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
            if name in CHANGES and isinstance(value, (list, dict, set)):
                run.change(value)
            elif (doubt := run.doubtful(value)) is not None:
                return doubt
            if isinstance(value, list) and name in ("append", "insert", "index", "count", "remove"):
                return run.list_method(value, name, args, spot)
            if isinstance(value, dict) and name in ("get", "pop", "setdefault") and args:
                key = run.key(args[0], spot)
                return key if isinstance(key, Unknown) else run.guarded(lambda: method(key, *args[1:], **kwargs), spot)
            return run.plain_method(value, name, method, args, kwargs, spot)

        return Native(name, run)

    def list_method(self, value: list[Any], name: str, args: list[Any], spot: Spot) -> Any:
        """Calls a method of a list that may contain unknown values and objects."""
        if name in ("index", "count", "remove"):
            same = [self.equal(part, args[0]) for part in value]
            if (unknown := first_unknown(same)) is not None:
                return unknown
            if name == "count":
                return sum(map(bool, same))
            if True not in same:
                raise self.error("ValueError", "the value is not in the list", spot)
            return same.index(True) if name == "index" else value.pop(same.index(True)) and None
        result = self.guarded(lambda: getattr(value, name)(*args), spot)
        if args and isinstance(args[-1], (list, tuple, dict)) and is_too_large(value):
            value.clear()
            self.changed[id(value)] = (value, self.unknown("the nested list is too large to compute", spot))
        return result

    def plain_method(
        self, value: Any, name: str, method: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], spot: Spot
    ) -> Any:
        """Calls a method of a string, a dict or another plain Python value."""
        args = [self.listed(arg, spot) for arg in args]
        if isinstance(value, (str, bytes)):
            unknown = first_unknown((args, kwargs))
            if unknown is not None:
                return Unknown(unknown.reason, unknown.spot)
            if name in ("format", "format_map"):
                return self.text_format(value, name, args, kwargs, spot)
            if any(isinstance(arg, int) and abs(arg) > MAX_ELEMENTS for arg in args):
                return self.unknown("the text is too long", spot)
        elif any(isinstance(arg, Unknown) for arg in args) and name not in ("append", "insert", "add"):
            unknown = first_unknown(args)
            if name in ("extend", "update"):
                self.changed[id(value)] = (value, Unknown(unknown.reason, unknown.spot))  # type: ignore[union-attr]
                return None
            return unknown
        if name == "sort" and "key" in kwargs:
            ordered = self.sorted(value, kwargs, spot)
            if not isinstance(ordered, Unknown):
                value[:] = ordered
            return None
        if isinstance(value, set) and name in ("add", "discard", "remove") and not all(map(is_hashable, args)):
            return self.unknown("this set is not supported", spot)
        result = self.guarded(lambda: method(*args, **kwargs), spot)
        return [*result] if isinstance(result, _VIEWS) else result

    def _instance_attribute(self, value: Instance, name: str, spot: Spot) -> Any:
        if name in value.attributes:
            return value.attributes[name]
        if name == "__dict__":
            return value.attributes
        if name == "__class__":
            return value.cls
        found = value.cls.find(name)
        if found is not MISSING:
            return self.bind(found, value, value.cls, spot)
        if value.items is not None and (method := self._method(value.items, name)) is not MISSING:
            return method
        getter = value.cls.find("__getattr__")
        if getter is not MISSING and not name.startswith("__"):
            return self.call(Bound(getter, value), [name], {}, spot)
        if any(isinstance(base, Library) for base in value.cls.order):
            return self.unknown(f"`.{name}` comes from a class of a library that is not supported", spot)
        return MISSING

    def bind(self, found: Any, receiver: Any, cls: ClassValue, spot: Spot) -> Any:
        """Returns the value of ``instance.name``. ``found`` is the attribute of the class: a method, a property or
        another value.
        """
        if isinstance(found, (FunctionValue, Native)):
            return Bound(found, receiver)
        if isinstance(found, Wrapped):
            if found.kind == "property":
                return self.call(Bound(found.function, receiver), [], {}, spot)
            return found.function if found.kind == "staticmethod" else Bound(found.function, cls)
        return found

    def _class_attribute(self, value: ClassValue, name: str, spot: Spot) -> Any:
        found = value.find(name)
        if name in ("__name__", "__qualname__") and found is MISSING:
            return value.name
        if isinstance(found, Wrapped) and found.kind != "property":
            return found.function if found.kind == "staticmethod" else Bound(found.function, value)
        if found is MISSING and name == "__members__" and value.kind == "enum":
            return {key: part for key, part in value.attributes.items() if isinstance(part, Instance)}
        if found is MISSING and any(isinstance(base, Library) for base in value.order):
            return self.library_class_attribute(value, name, spot)
        return found

    def _super_attribute(self, value: Super, name: str, spot: Spot) -> Any:
        cls = value.receiver if isinstance(value.receiver, ClassValue) else self.class_of(value.receiver)
        order = cls.order if isinstance(cls, ClassValue) else ()
        start = next((at for at, base in enumerate(order) if base is value.cls), -1)
        for base in order[start + 1 :]:
            if isinstance(base, ClassValue) and name in base.attributes:
                return self.bind(base.attributes[name], value.receiver, cls, spot)
            if isinstance(base, Library):
                method = self.library_method(base, value.receiver, name, spot)
                if method is not MISSING:
                    return method
        if isinstance(value.receiver, Instance) and value.receiver.items is not None:
            method = self._method(value.receiver.items, name)
            if method is not MISSING and not name.startswith("__"):
                return method
        if name in ("__init__", "__init_subclass__", "__post_init__", "__enter__", "__exit__"):
            return Native(name, lambda run, args, kwargs, at: None)
        if name == "__new__":
            return Native(name, lambda run, args, kwargs, at: run.raw_instance(args[0] if args else cls, at))
        if name == "__setattr__":
            return Native(name, lambda run, args, kwargs, at: set_directly(value.receiver, *args))
        return self.unknown(f"`super().{name}` is not supported", spot)

    def set_attribute(self, value: Any, name: str, new: Any, spot: Spot) -> None:
        """Does ``value.name = new``."""
        self.change(value)
        if isinstance(value, Special):
            value.set_attribute(self, name, new, spot)
        elif isinstance(value, Instance):
            found = value.cls.find(name)
            own = value.cls.find("__setattr__")
            if isinstance(found, Wrapped) and found.kind == "property" and found.setter is not None:
                self.call(Bound(found.setter, value), [new], {}, spot)
            elif own is not MISSING:
                self.call(Bound(own, value), [name, new], {}, spot)
            else:
                value.attributes[name] = new
        elif isinstance(value, (ClassValue, FunctionValue)):
            value.attributes[name] = new
        elif isinstance(value, ModuleValue):
            value.variables[name] = new


def set_directly(value: Any, name: str, new: Any) -> None:
    """Sets an attribute of an object, as ``object.__setattr__`` does."""
    if isinstance(value, Instance):
        value.attributes[name] = new
