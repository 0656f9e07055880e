"""Fuzzing guided by coverage: ``python -m tests.fuzz TARGET|all --seconds N`` (Python 3.11, the extra ``fuzz``).

A target is a function that takes bytes and must not raise an exception. :mod:`tests.fuzz.targets` has all targets, and
:mod:`tests.fuzz.worker` runs a target in libFuzzer.
"""
