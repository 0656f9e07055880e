"""Tests checks of a model against the expectations and the budget in the model's own spec."""

import pytest

from convcalc import infer
from convcalc.base.problems import ConvcalcError, Problem, Refusal, Source
from convcalc.checking.budget import LargestFields, Limit, check_budget, largest_fields, spec_limits
from convcalc.checking.expectations import check_expectations
from convcalc.checking.quantities import quantity, sizes
from convcalc.model import MAXIMA
from convcalc.read import load
from convcalc.read.spec.spec import read_spec
from tests.paths import SPECS

QUANTITIES = [
    (1000, 1000),
    ("1000", 1000),
    ("5M", 5_000_000),
    ("1.5 G", 1_500_000_000),
    ("256KiB", 262_144),
    ("4MB", 4_000_000),
    ("1,101,526", 1_101_526),
    ("2 kib", 2048),
    ("1,081.5K", 1_081_500),
]


@pytest.mark.parametrize(("written", "number"), QUANTITIES)
def test_quantities_are_parsed(written: object, number: int) -> None:
    assert quantity(written) == number


@pytest.mark.parametrize(
    "written",
    ["", "M", "-1", -1, 1.5, True, None, "5 X", "5 MM", "1e3", [5], "9" * 100, "1,5M", "0,5M", "1,50", "12,34,567"],
)
def test_invalid_quantities_are_refused(written: object) -> None:
    with pytest.raises(Refusal):
        quantity(written)


def test_a_decimal_comma_is_not_a_thousand() -> None:
    with pytest.raises(Refusal, match=r"a decimal point is written as a dot: 1\.5M, not '1,5M'"):
        quantity("1,5M")


def problems(layer: str, budget: str = "{}", allow_incomplete: bool = False, size: str = "28") -> list[Problem]:
    text = (
        f"input: [{size}, {size}, 1]\nbudget: {budget}\nlayers:\n  - Conv2D: {{filters: 32, kernel_size: 3, {layer}}}\n"
    )
    report = infer(read_spec(Source("spec.yaml", text)))
    return [*check_expectations(report), *check_budget(report, spec_limits(report.model), allow_incomplete)]


@pytest.mark.parametrize(
    "expect",
    [
        "{output_shape: [null, 26, 26, 32]}",
        "{output_shape: [26, 26, 32], params: 320}",
        "{macs: 194688}",
        "{params: 0.32K}",
    ],
)
def test_expectations_that_are_met(expect: str) -> None:
    assert problems(f"expect: {expect}") == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (
            "{output_shape: [26, 26, 31]}",
            "'conv2d' has the output shape (None, 26, 26, 32), not (26, 26, 31) as expected",
        ),
        ("{params: 321}", "'conv2d' has 320 params, not 321 as expected"),
        (
            "{params: many}",
            "'conv2d' has an invalid expectation of 'params': expected a number such as 1000, 5M or 256KiB, not 'many'",
        ),
    ],
)
def test_expectations_that_are_not_met(expect: str, message: str) -> None:
    (problem,) = problems(f"expect: {expect}")
    assert problem.message == message
    assert problem.mark is not None and problem.mark.line == 4


def test_a_budget_lists_everything_over_it() -> None:
    result = problems("padding: same", "{params: 300, macs: 200K, param_bytes: 2KiB}")
    assert [problem.message for problem in result] == [
        "the model has 320 params, 20 more than the budget of 300",
        "the model has 225,792 macs, 25,792 more than the budget of 200,000",
    ]
    assert all(problem.mark is not None and problem.mark.line == 2 for problem in result)


def test_an_unknown_number_fails_a_budget_unless_allowed() -> None:
    (problem,) = problems("strides: 1", "{macs: 1G}", size="null")
    assert problem.code == "incomplete"
    assert problems("strides: 1", "{macs: 1G}", size="null", allow_incomplete=True) == []


@pytest.mark.parametrize(
    ("written", "found"),
    [(64, (64,)), ("64", (64,)), ("64x48", (64, 48)), ("64×48×3", (64, 48, 3)), ([64, 48], (64, 48)), ("7,5", (7, 5))],
)
def test_sizes_are_parsed(written: object, found: tuple[int, ...]) -> None:
    assert sizes(written) == found


@pytest.mark.parametrize(
    "written", ["", "x", "64x", 0, -1, True, 1.5, None, [], [1, 2, 3, 4], ["a"], "1x2x3x4", "9" * 99]
)
def test_invalid_sizes_are_refused(written: object) -> None:
    with pytest.raises(Refusal):
        sizes(written)


def test_an_invalid_limit_is_an_error_in_a_spec_or_an_option() -> None:
    report = infer(load(str(SPECS / "lenet5.yaml")))
    limits = {
        "params": Limit("many", "--max-params"),
        "macs": Limit("1e3", "pyproject.toml"),
        "min_receptive_field": Limit("x", "--min-receptive-field"),
    }
    with pytest.raises(ConvcalcError) as failed:
        check_budget(report, limits)
    assert [problem.message.partition(": expected")[0] for problem in failed.value.problems] == [
        "--max-params",
        "pyproject.toml: budget of 'macs'",
        "--min-receptive-field",
    ]


# The published sizes of receptive fields: 212 for the last pooling of VGG16, 483 for the last convolution of ResNet-50,
# and 195 for the last pooling of AlexNet.
@pytest.mark.parametrize(("name", "size"), [("vgg16", 212), ("resnet50", 483), ("alexnet", 195)])
def test_a_budget_may_require_a_receptive_field(name: str, size: int) -> None:
    report = infer(load(str(SPECS / f"{name}.yaml")))
    assert largest_fields(report) == LargestFields((size, size), False)
    assert check_budget(report, {"min_receptive_field": Limit(size)}) == ()
    (problem,) = check_budget(report, {"min_receptive_field": Limit(f"{size}x{size + 1}", "--min-receptive-field")})
    assert problem.message == (
        f"the receptive field is {size}×{size}, smaller than the budget of {size}×{size + 1} (--min-receptive-field)"
    )


def test_an_unknown_receptive_field_fails_unless_allowed() -> None:
    text = "input: [64, 64, 3]\nlayers:\n  - Conv2D: [4, 5]\n  - Resizing: [32, 32]\n  - Conv2D: [4, 3]\n"
    report = infer(read_spec(Source("spec.yaml", text)))
    assert check_budget(report, {"min_receptive_field": Limit(5)}) == ()  # the field is at least 5
    (problem,) = check_budget(report, {"min_receptive_field": Limit(6)})
    assert problem.code == "incomplete" and "is at least 5×5" in problem.message
    assert check_budget(report, {"min_receptive_field": Limit(6)}, allow_incomplete=True) == ()


def test_a_model_without_windows_has_a_small_field_or_none() -> None:
    report = infer(read_spec(Source("spec.yaml", "input: [4]\nlayers: [{Dense: 3}]\n")))
    (problem,) = check_budget(report, {"min_receptive_field": Limit(2)})
    assert problem.message == "the receptive field is 1, smaller than the budget of 2"
    report = infer(read_spec(Source("spec.yaml", "input: []\nlayers: [{Reshape: [[1]]}]\n")))
    (problem,) = check_budget(report, {"min_receptive_field": Limit(2)})
    assert problem.message == "no input of the model has a spatial axis, so it has no receptive field of 2"


def test_every_total_can_be_limited() -> None:
    report = infer(load(str(SPECS / "lenet5.yaml")))
    result = check_budget(report, {key: Limit(0, "--max") for key in MAXIMA})
    assert [problem.message.split()[4].rstrip(",") for problem in result] == [
        key for key in MAXIMA if key != "non_trainable_params"
    ]
    assert check_budget(report, {key: Limit("1T") for key in MAXIMA}) == ()
