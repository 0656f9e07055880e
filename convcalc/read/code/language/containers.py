"""Reads containers: items, elements, lengths, `in` and `sorted`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from convcalc.read.code.language.comparisons import Comparisons
from convcalc.read.code.language.limits import MAX_ELEMENTS, MAX_YIELDED
from convcalc.read.code.language.plain import PLAIN, is_hashable, set_order
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Generator,
    Instance,
    Library,
    Native,
    OpenArguments,
    Raised,
    Special,
    Spot,
    Unknown,
    UnknownElements,
    UnknownNumber,
    first_unknown,
    is_too_large,
)


class Containers(Comparisons):
    """Reads and changes the elements of containers."""

    def item(self, value: Any, key: Any, spot: Spot) -> Any:
        """Returns ``value[key]``."""
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.spot)
        if (doubt := self.doubtful(value)) is not None:
            return doubt
        if isinstance(value, Special):
            result = value.item(self, key, spot)
            return self.unknown("this subscript is not supported", spot) if result is MISSING else result
        if isinstance(value, Instance):
            if value.items is not None:
                return self.item(value.items, key, spot)
            getter = value.cls.find("__getitem__")
            if getter is not MISSING:
                return self.call(Bound(getter, value), [key], {}, spot)
            if value.cls.kind == "namedtuple":
                return self.item(tuple(value.attributes.values()), key, spot)
        if isinstance(value, (Library, ClassValue)):  # `list[int]`, or `Color["RED"]` of an enum
            if isinstance(value, ClassValue) and value.kind == "enum" and isinstance(key, str):
                return self.attribute(value, key, spot)
            return value
        unknown = first_unknown((key.start, key.stop, key.step) if isinstance(key, slice) else key)
        if unknown is not None:
            return Unknown(unknown.reason, unknown.spot)
        if isinstance(value, dict):
            key = self.key(key, spot)
            if isinstance(key, Unknown):
                return key
            if isinstance(value, OpenArguments) and key not in value:
                return Unknown(f"the parameter `{key}` has no default", spot, str(key))
        if value is None:
            raise self.error("TypeError", "'NoneType' object is not subscriptable", spot)
        if not isinstance(value, PLAIN):
            return self.unknown("this subscript is not supported", spot)
        container: Any = value
        return self.guarded(lambda: container[key], spot)

    def set_item(self, value: Any, key: Any, new: Any, spot: Spot) -> None:
        """Does ``value[key] = new``."""
        if not (isinstance(value, Special) and value.keeps_shape):
            self.change(value)
        if isinstance(value, Special):
            value.set_item(self, key, new, spot)
        elif isinstance(value, Instance):
            if value.items is not None:
                self.set_item(value.items, key, new, spot)
            elif (setter := value.cls.find("__setitem__")) is not MISSING:
                self.call(Bound(setter, value), [key, new], {}, spot)
        elif isinstance(value, (list, dict)):
            key = self.key(key, spot) if isinstance(value, dict) else key
            if isinstance(key, Unknown):
                self.changed[id(value)] = (value, Unknown(key.reason, key.spot))
                return

            def change() -> None:
                value[key] = new

            self.guarded(change, spot)
            if isinstance(new, (list, tuple, dict)) and is_too_large(value):
                value.clear()
                self.changed[id(value)] = (value, self.unknown("the nested value is too large to compute", spot))

    def key(self, value: Any, spot: Spot) -> Any:
        """Returns a value if it can be a key of a dict. Otherwise raises the program's TypeError."""
        if isinstance(value, Unknown):
            return value
        if not is_hashable(value):
            raise self.error("TypeError", "this value cannot be a key", spot)
        return value

    def iterate(self, value: Any, spot: Spot) -> Any:
        """Returns the elements of a value as a list. Returns an unknown value if they are unknown."""
        if isinstance(value, UnknownElements):
            return value
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.spot)
        if (doubt := self.doubtful(value)) is not None:
            return doubt
        if isinstance(value, Generator):
            values = self.started(value)
            if isinstance(values, Unknown):
                return values
            if value.is_endless:
                return self.unknown("the generator does not end", spot)
            value.values = []
            return values
        if isinstance(value, Special):
            elements = value.elements(self, spot)
            return self.unknown("this loop is not supported", spot) if elements is MISSING else elements
        if isinstance(value, ClassValue) and value.kind == "enum":
            return [part for part in value.attributes.values() if isinstance(part, Instance)]
        if isinstance(value, Instance):
            return self._instance_elements(value, spot)
        if isinstance(value, (range, str, bytes)) and len(value) > MAX_ELEMENTS:
            return self.unknown(f"it has more than {MAX_ELEMENTS:,} elements", spot)
        if isinstance(value, (list, tuple, dict, str, bytes, range)):
            return list(value)
        if isinstance(value, (set, frozenset)):
            return sorted(value, key=set_order)
        if isinstance(value, (Library, Native, FunctionValue, Bound)):
            return self.unknown("this loop is not supported", spot)
        raise self.error("TypeError", "the value is not iterable", spot)

    def _instance_elements(self, value: Instance, spot: Spot) -> Any:
        if value.items is not None:
            return self.iterate(value.items, spot)
        if value.cls.kind == "namedtuple":
            return list(value.attributes.values())
        method = value.cls.find("__iter__")
        if method is not MISSING:
            result = self.call(Bound(method, value), [], {}, spot)
            return self._next_values(value, spot) if result is value else self.iterate(result, spot)
        length = value.cls.find("__len__")
        if length is not MISSING and value.cls.find("__getitem__") is not MISSING:
            count = self.call(Bound(length, value), [], {}, spot)
            if isinstance(count, int) and count <= MAX_ELEMENTS:
                return [self.item(value, at, spot) for at in range(count)]
        return self.unknown("this loop is not supported", spot)

    def _next_values(self, value: Instance, spot: Spot) -> Any:
        """Calls ``__next__`` of an object until it ends. Returns the values."""
        method = value.cls.find("__next__")
        values: list[Any] = []
        while method is not MISSING and len(values) < MAX_YIELDED:
            try:
                values.append(self.call(Bound(method, value), [], {}, spot))
            except Raised as raised:
                if raised.class_name == "StopIteration":
                    return values
                raise
        return self.unknown("the loop does not end" if values else "this loop is not supported", spot)

    def started(self, generator: Generator) -> Any:
        """Runs a generator that has not run yet. Returns its remaining values."""
        if generator.values is None:
            generator.values = generator.run()
        return generator.values

    def some_elements(self, value: Any, spot: Spot) -> tuple[Any, bool]:
        """Returns the elements of a value. The flag is True for an endless generator, of which only the first elements
        are listed.
        """
        if isinstance(value, Generator) and isinstance(self.started(value), list) and value.is_endless:
            return value.values, True
        return self.iterate(value, spot), False

    def listed(self, value: Any, spot: Spot) -> Any:
        """Converts a generator to a list. Returns any other value unchanged."""
        return self.iterate(value, spot) if isinstance(value, Generator) else value

    def mapping(self, value: Any) -> Any:
        """Returns the dict for ``**value``."""
        if isinstance(value, dict):
            return self.doubtful(value) or value
        if isinstance(value, Instance) and isinstance(value.items, dict):
            return value.items
        if isinstance(value, Unknown):
            return value
        return Unknown("the arguments after `**` are not supported", None)

    def set_of(self, values: Iterable[Any], spot: Spot) -> Any:
        """Returns a set of values."""
        values = list(values)
        unknown = first_unknown(values)
        if unknown is not None:
            return unknown
        return (
            self.guarded(lambda: set(values), spot)
            if all(map(is_hashable, values))
            else self.unknown("this set is not supported", spot)
        )

    def length(self, value: Any, spot: Spot) -> Any:
        """Returns ``len(value)``."""
        if isinstance(value, Unknown):
            return UnknownNumber(value.reason, value.spot)
        if (doubt := self.doubtful(value)) is not None:
            return UnknownNumber(doubt.reason, doubt.spot)
        if isinstance(value, Special):
            result = value.length()
            return self.unknown("the length is not supported", spot) if result is MISSING else result
        if isinstance(value, Instance):
            method = value.cls.find("__len__")
            if method is not MISSING:
                return self.call(Bound(method, value), [], {}, spot)
        elements: Any = value if isinstance(value, PLAIN) else self.iterate(value, spot)
        return elements if isinstance(elements, Unknown) else self.guarded(lambda: len(elements), spot)

    def contains(self, container: Any, value: Any, spot: Spot) -> Any:
        """Returns ``value in container``."""
        if isinstance(container, Instance) and container.cls.find("__contains__") is not MISSING:
            return self.truth(self.call(Bound(container.cls.find("__contains__"), container), [value], {}, spot))
        if isinstance(container, (str, bytes)):
            return value if isinstance(value, Unknown) else self.guarded(lambda: value in container, spot)
        if isinstance(container, range) and isinstance(value, int):
            return value in container
        elements = self.iterate(container, spot)
        if isinstance(elements, Unknown):
            return elements
        same = [self.equal(value, element) for element in elements]
        return True if True in same else first_unknown(same) or False

    def sorted(self, value: Any, options: Mapping[str, Any], spot: Spot) -> Any:
        """Returns ``sorted(value, key=…, reverse=…)``."""
        elements = self.iterate(value, spot)
        if isinstance(elements, Unknown):
            return elements
        key = options.get("key")
        keys = elements if key is None else [self.call(key, [element], {}, spot) for element in elements]
        unknown = first_unknown(keys)
        if unknown is not None:
            return unknown
        reverse = bool(options.get("reverse", False))
        order = self.guarded(lambda: sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse), spot)
        return order if isinstance(order, Unknown) else [elements[at] for at in order]
