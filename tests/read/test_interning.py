"""Tests that equal arguments of layers become one shared object, and that different arguments stay different objects."""

import gc

import pytest

from convcalc.base.gc_pause import gc_paused
from convcalc.read.interning import ArgumentInterner


def test_equal_arguments_are_one_object() -> None:
    interner = ArgumentInterner()
    first = interner.intern({"filters": 8, "kernel_size": (3, 3)})
    assert interner.intern({"filters": 8, "kernel_size": (3, 3)}) is first
    assert interner.intern({"filters": 8, "kernel_size": (3, 5)}) is not first


def test_values_of_different_types_stay_separate() -> None:
    interner = ArgumentInterner()
    values = [1, 1.0, True, 0.0, -0.0, False, (1,), (1.0,), None, "1", "None"]
    kept = [interner.intern({"value": value}) for value in values]
    assert [repr(args["value"]) for args in kept] == [repr(value) for value in values]


def test_many_new_objects_are_not_searched_at_once() -> None:
    if gc.get_freeze_count():
        pytest.skip(
            "some objects are frozen (Python 3.12 freezes some by itself), so new objects do not become old at once"
        )
    searched: list[int] = []
    gc.collect()
    gc.callbacks.append(lambda phase, info: searched.append(info["generation"]))
    try:
        with gc_paused():
            made = [[number] for number in range(200_000)]
        young = sum(len(gc.get_objects(generation)) for generation in (0, 1))
    finally:
        gc.callbacks.pop()
    assert gc.isenabled()
    # Objects from ``gc_paused`` are in generation 2, which the garbage collector seldom searches. ``gc_paused`` does
    # not search it.
    assert young < len(made)
    assert 2 not in searched
