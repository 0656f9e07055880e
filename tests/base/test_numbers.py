"""Tests the three types of numbers: ints, traced numbers and UNKNOWN.

The values and formulas must be right, and a traced number must have the same value as the int.
"""

import copy
import pickle
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc.base.numbers import (
    UNKNOWN,
    Number,
    Traced,
    as_constant,
    ceil_div,
    decimal,
    larger,
    map_numbers,
    named,
    plain,
    plain_number,
    product,
    shape_text,
    traced,
)

H = named("H")


def n(value: int) -> Traced:
    return Traced(value)


WORKED: list[tuple[Number, str]] = [
    (n(7), "7"),
    (n(-3), "−3"),
    (n(320), "320"),
    (n(3) * n(3) * n(1) * n(32) + n(32), "3·3·1·32 + 32 = 320"),
    ((n(6) - n(3)) // n(2) + 1, "(6 − 3)/2 + 1 = 2.5 → 2"),
    ((n(6) - n(3) + n(1)) // n(2) + 1, "(6 − 3 + 1)/2 + 1 = 3"),
    ((n(8) - n(3)) // n(3) + 1, "(8 − 3)/3 + 1 = 2.666… → 2"),
    (((n(6) - n(3)) // n(2) + 1) * n(4), "floor((6 − 3)/2 + 1)·4 = 8"),
    (n(9) - (n(4) - n(2)), "9 − (4 − 2) = 7"),
    (n(9) - (n(4) + n(2)), "9 − (4 + 2) = 3"),
    (n(8) // (n(2) * n(2)), "8/(2·2) = 2"),
    (n(8) // n(2) * n(3), "8/2·3 = 12"),
    (n(7) % n(4), "7 mod 4 = 3"),
    (n(0) + n(5), "5"),
    ((n(4) - n(3)) // n(2) + 1, "(4 − 3)/2 + 1 = 1.5 → 1"),
    ((n(7) - n(7)) // n(1) + 1, "(7 − 7)/1 + 1 = 1"),
    ((n(1) - 1) * n(2) + n(3), "(1 − 1)·2 + 3 = 3"),
    (n(5) - (n(2) - n(2)), "5 − (2 − 2) = 5"),
    (n(5) + 0, "5"),
    (n(5) * 1, "5"),
    (-n(3), "−3"),
    (-(n(2) + n(3)), "−(2 + 3) = −5"),
    (-(n(7) // n(2)), "−floor(7/2) = −3"),
    (ceil_div(n(7), n(2)), "ceil(7/2) = 4"),
    (ceil_div(n(7), 2), "ceil(7/2) = 4"),
    (ceil_div(7, n(2)), "ceil(7/2) = 4"),
    (larger(n(3) - n(3), 0), "3 − 3 = 0"),  # for equal numbers, larger returns the first
    (product([n(1000), n(1234)]), "1000·1234 = 1,234,000"),
    ((H - n(3)) // n(2) + 1, "floor((H − 3)/2) + 1"),
    ((H - n(3)) // n(1) + 1, "H − 3 + 1"),
    ((n(6) - H) // n(2) + 1, "floor((6 − H)/2) + 1"),
    ((n(6) + H) * n(2), "(6 + H)·2"),
    (ceil_div(H, n(2)), "ceil(H/2)"),
    (ceil_div(H, n(1)), "H"),
    (larger(H, 0), "max(H, 0)"),
    (larger(0, H), "max(0, H)"),
    (H * n(2) + named("W"), "H·2 + W"),
    (traced(UNKNOWN) + 1, "? + 1"),
]


@pytest.mark.parametrize(("number", "text"), WORKED, ids=[text for _, text in WORKED])
def test_formulas_of_traced_numbers(number: Number, text: str) -> None:
    assert traced(number).worked == text


def test_arithmetic_with_unknown_is_unknown_and_comparisons_are_false() -> None:
    results: list[Number] = [
        UNKNOWN + 1,
        1 - UNKNOWN,
        UNKNOWN * 0,
        UNKNOWN // 2,
        7 // UNKNOWN,
        UNKNOWN % 2,
        -UNKNOWN,
        ceil_div(UNKNOWN, 2),
        larger(UNKNOWN, 0),
        product([2, UNKNOWN, 3]),
    ]
    assert all(result is UNKNOWN for result in results)
    assert not (UNKNOWN < 1 or UNKNOWN > 1 or UNKNOWN <= 1 or UNKNOWN >= 1)
    assert copy.deepcopy(UNKNOWN) is UNKNOWN is pickle.loads(pickle.dumps(UNKNOWN))
    assert repr(UNKNOWN) == "None"


def test_comparisons_with_a_named_size_are_false_and_it_is_not_an_index() -> None:
    assert not named("H") == named("H")  # noqa: SIM201
    assert not (H != 3 or H != named("W") or H != UNKNOWN or 3 != H)  # noqa: SIM300
    assert not (H > 0 or H <= 0)
    with pytest.raises(TypeError, match="the size H is unknown"):
        range(H)


def test_plain_numbers_have_no_history() -> None:
    assert [plain_number(number) for number in (4, n(2) + n(3), H, UNKNOWN)] == [4, 5, None, None]
    assert [str(number) for number in (n(2) + n(3), H - n(3))] == ["5", "H − 3"]


def test_shapes_are_printed_as_keras_prints_them() -> None:
    shapes = [(UNKNOWN, 28, n(1)), (UNKNOWN, 4), (n(5),), (), None]
    assert [shape_text(shape) for shape in shapes] == ["(None, 28, 1)", "(None, 4)", "(5,)", "()", "?"]


def test_as_constant_drops_the_history_and_keeps_the_number() -> None:
    assert traced(as_constant(n(2) + n(3))).worked == "5"
    assert as_constant(H) is H
    assert as_constant(4) == 4


def test_map_numbers_changes_only_numbers() -> None:
    assert map_numbers(lambda number: number * 2, (1, [2, "same"], None, True)) == (2, (4, "same"), None, True)


@pytest.mark.parametrize(
    ("dividend", "divisor", "text"),
    [
        (5, 2, "2.5"),
        (6, 2, "3"),
        (7, 3, "2.333…"),
        (-7, 3, "−2.333…"),
        (7, -2, "−3.5"),
        (1, -2, "−0.5"),
        (-7, -2, "3.5"),
        (-1, 1, "−1"),
        (0, 3, "0"),
        (1, 4096, "0…"),
        (300, 1, "300"),
    ],
)
def test_decimal(dividend: int, divisor: int, text: str) -> None:
    assert decimal(dividend, divisor) == text


def test_decimal_of_a_whole_number() -> None:
    assert decimal(5) == "5"


OPERATIONS: dict[str, Callable[[Number, Number], Number]] = {
    "add": lambda one, other: one + other,
    "subtract": lambda one, other: one - other,
    "multiply": lambda one, other: one * other,
    "divide": lambda one, other: one // (other * other + 1),
    "round up": lambda one, other: ceil_div(one, other * other + 1),
    "remainder": lambda one, other: one % (other * other + 1),
    "larger": larger,
}

# A tree of operations on numbers. Each leaf is a pair: a number, and True if the number is traced.
TREES = st.recursive(
    st.tuples(st.integers(-20, 20), st.booleans()),
    lambda children: st.tuples(st.sampled_from(sorted(OPERATIONS)), children, children),
    max_leaves=6,
)


def computed(tree: tuple[object, ...], trace: bool) -> Number:
    if len(tree) == 2:
        value, marked = tree
        assert isinstance(value, int)
        return Traced(value) if trace and marked else value
    name, one, other = tree
    assert isinstance(name, str) and isinstance(one, tuple) and isinstance(other, tuple)
    return OPERATIONS[name](computed(one, trace), computed(other, trace))


@settings(max_examples=300)
@given(TREES)
def test_a_traced_number_has_the_value_of_the_plain_one(tree: tuple[object, ...]) -> None:
    assert plain(computed(tree, trace=True)) == computed(tree, trace=False)


@given(st.integers(-20, 20), st.integers(-20, 20))
def test_traced_numbers_compare_like_plain_ones(one: int, other: int) -> None:
    expected = (one < other, one <= other, one > other, one >= other, one == other)
    for a, b in ((n(one), n(other)), (n(one), other), (one, n(other))):
        assert (a < b, a <= b, a > b, a >= b, a == b) == expected


def evaluated(text: str) -> Fraction:
    """Returns the value of a formula as it is written: divisions are exact, and only ``floor`` and ``ceil`` round."""
    words = text.replace("−", "-").replace("·", "*").replace("/", "/_one/").replace(" mod ", "%")
    names = {"floor": lambda x: Fraction(x // 1), "ceil": lambda x: Fraction(-(-x // 1)), "_one": Fraction(1)}
    result = eval(words, {"__builtins__": {}}, names)
    assert isinstance(result, (int, Fraction))
    return Fraction(result)


@settings(max_examples=300)
@given(TREES)
def test_a_formula_evaluates_to_its_number(tree: tuple[object, ...]) -> None:
    number = traced(computed(tree, trace=True))
    value = evaluated(number.text)
    assert value == number.exact
    assert value // 1 == number.value
