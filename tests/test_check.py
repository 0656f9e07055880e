"""A spec held to its own expectations and budget."""

import pytest

from convcalc.analyse import infer
from convcalc.check.expectations import check_expectations
from convcalc.check.quantities import quantity
from convcalc.problems import Problem, Refusal, Source
from convcalc.read.spec import read_spec

QUANTITIES = [
    (1000, 1000),
    ("1000", 1000),
    ("5M", 5_000_000),
    ("1.5 G", 1_500_000_000),
    ("256KiB", 262_144),
    ("4MB", 4_000_000),
    ("1,101,526", 1_101_526),
    ("2 kib", 2048),
]


@pytest.mark.parametrize(("written", "number"), QUANTITIES)
def test_quantities(written: object, number: int) -> None:
    assert quantity(written) == number


@pytest.mark.parametrize("written", ["", "M", "-1", -1, 1.5, True, None, "5 X", "5 MM", "1e3", [5], "9" * 100])
def test_what_is_no_quantity_is_refused(written: object) -> None:
    with pytest.raises(Refusal):
        quantity(written)


def problems(layer: str, budget: str = "{}", allow_incomplete: bool = False, size: str = "28") -> list[Problem]:
    text = (
        f"input: [{size}, {size}, 1]\nbudget: {budget}\nlayers:\n  - Conv2D: {{filters: 32, kernel_size: 3, {layer}}}\n"
    )
    return list(check_expectations(infer(read_spec(Source("spec.yaml", text))), allow_incomplete))


@pytest.mark.parametrize(
    "expect",
    [
        "{output_shape: [null, 26, 26, 32]}",
        "{output_shape: [26, 26, 32], params: 320}",
        "{macs: 194688}",
        "{params: 0.32K}",
    ],
)
def test_expectations_that_hold(expect: str) -> None:
    assert problems(f"expect: {expect}") == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (
            "{output_shape: [26, 26, 31]}",
            "'conv2d' has the output shape (None, 26, 26, 32), not (26, 26, 31) as expected",
        ),
        ("{params: 321}", "'conv2d' has 320 params, not 321 as expected"),
        ("{params: many}", "'conv2d' expects of 'params': expected a number such as 1000, 5M or 256KiB, not 'many'"),
    ],
)
def test_expectations_that_do_not(expect: str, message: str) -> None:
    (problem,) = problems(f"expect: {expect}")
    assert problem.message == message
    assert problem.mark is not None and problem.mark.line == 4


def test_a_budget_lists_all_that_is_over() -> None:
    found = problems("padding: same", "{params: 300, macs: 200K, param_bytes: 2KiB}")
    assert [problem.message for problem in found] == [
        "the model has 320 params, 20 more than the budget of 300",
        "the model has 225,792 macs, 25,792 more than the budget of 200,000",
    ]
    assert all(problem.mark is not None and problem.mark.line == 2 for problem in found)


def test_an_unknown_number_holds_no_budget_unless_allowed() -> None:
    (problem,) = problems("strides: 1", "{macs: 1G}", size="null")
    assert problem.code == "incomplete"
    assert problems("strides: 1", "{macs: 1G}", size="null", allow_incomplete=True) == []
