"""Tests structs. A struct is an object with named fields, and it is not a tuple.

Two structs are equal if their classes and their values are equal.
"""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from convcalc import infer, load
from convcalc.base.structs import Struct
from convcalc.base.window import Window, slide
from convcalc.layers import LayerDefinition, Weight
from convcalc.layers.registry import lookup_builtin
from convcalc.model import Ref, Slot
from tests.paths import SPECS


class Point(Struct):
    """A struct with a default and a method."""

    x: int
    y: int = 0
    UNIT = 1

    @property
    def total(self) -> int:
        """Returns the sum of both fields."""
        return self.x + self.y


class Other(Struct):
    """Another struct with the same fields as Point."""

    x: int
    y: int = 0


def struct_of(count: int) -> type[Struct]:
    """Returns a new struct class with this many fields. The last field has a default."""
    names = [f"field{number}" for number in range(count)]
    return type(Struct)("Made", (Struct,), {"__annotations__": dict.fromkeys(names, "int"), names[-1]: -1})


@pytest.mark.parametrize("count", range(1, 30))
def test_each_number_of_fields_has_its_arguments(count: int) -> None:
    cls: Any = struct_of(count)
    values = [*range(count - 1), -1]
    by_name = {f"field{number}": value for number, value in enumerate(values)}
    for struct in (
        cls(*values),
        cls(*values[:-1]),
        cls(**by_name),
        cls(*values[: count // 2], **dict(list(by_name.items())[count // 2 :])),
    ):
        assert struct._asdict() == by_name
        assert struct == cls(*values)
        assert hash(struct) == hash(cls(*values))
    for args, kwargs in (
        ((*values, 0), {}),
        ((), {"unknown": 1}),
        ((0,), {**by_name, "field0": 0}),
        ((), by_name | {"more": 1}),
    ):
        with pytest.raises(TypeError):
            cls(*args, **kwargs)
    if count > 1:
        with pytest.raises(TypeError):
            cls()


def test_defaults_and_methods() -> None:
    assert Point(1) == Point(1, 0) == Point(x=1) == Point(y=0, x=1)
    assert (Point(1, 2).total, Point.UNIT) == (3, 1)
    assert str(inspect.signature(Point)) == "(x, y=0)"


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(TypeError, match=r"Point.__init__\(\) missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]


@pytest.mark.parametrize("struct", [Ref(1, 0), Slot(1), Point(1, 0), slide(6, 3)])
def test_a_struct_equals_only_structs_of_its_class(struct: Struct) -> None:
    values = tuple(struct._asdict().values())
    assert struct != values
    assert values != struct
    assert values not in {struct: 1}
    assert struct == copy.copy(struct)
    assert Point(1, 0) != Other(1, 0)
    assert Point(1, 0) != Point(1, 1)


@pytest.mark.parametrize(
    "use",
    [iter, len, tuple, lambda struct: struct[0], lambda struct: sorted([struct, struct]), lambda struct: [*struct]],
)
def test_a_struct_is_not_a_sequence(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        use(Ref(1, 0))
    with pytest.raises(TypeError):
        _call, _output = Ref(1, 0)  # type: ignore[misc]


def test_a_copy_with_changes() -> None:
    weight = Weight("kernel", (3, 4), multiplied_per_sample=2)
    assert weight._replace(multiplied_per_sample=5) == Weight("kernel", (3, 4), 5)
    assert weight.multiplied_per_sample == 2
    assert Slot(1)._replace(number=2) == Slot(2)
    with pytest.raises(TypeError, match="Weight has no field 'uses'"):
        weight._replace(uses=1)


def test_structs_are_copied_and_sent_to_other_processes() -> None:
    report = infer(load(SPECS / "lenet5.yaml"))
    for struct in (Slot(2), slide(6, 3), Weight("kernel", (3, 4)), report.totals, report.model.inputs[0]):
        assert pickle.loads(pickle.dumps(struct)) == struct
        assert copy.deepcopy(struct) == struct


def test_a_struct_shows_its_fields() -> None:
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"
    assert repr(Slot(1)) == "Slot(number=1)"


def test_a_struct_has_its_fields_and_nothing_else() -> None:
    assert not hasattr(Point(1), "__dict__")
    with pytest.raises(AttributeError):
        Point(1).z = 1  # type: ignore[attr-defined]
    assert isinstance(lookup_builtin("Conv2D"), LayerDefinition)
    assert list(Window._fields)[:2] == ["size", "kernel"]


def test_nothing_assigns_to_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """No field of a struct is assigned a second time while a model is read and analysed."""

    def set_once(self: Any, name: str, value: Any) -> None:
        assert not hasattr(self, name), f"{type(self).__name__}.{name} is assigned a second time"
        object.__setattr__(self, name, value)

    monkeypatch.setattr(Struct, "__setattr__", set_once, raising=False)
    with pytest.raises(AssertionError):
        Point(1).x = 2  # type: ignore[misc]
    assert infer(load(SPECS / "resnet8.yaml")).layers
