"""Compares the operations of ``keras.ops`` with the installed Keras: shapes and dtypes of generated calls.

``CONVCALC_SEED=7 CONVCALC_CASES=200 pytest -m keras tests/live/test_operations.py`` tests more and other cases.
"""

from __future__ import annotations

import importlib
import inspect
import operator
import os
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Refusal
from convcalc.model import Slot
from convcalc.ops import OPERATIONS, Tensor
from tests.live.cases_operations import Asked, automatic_name, cases, in_a_spec, model_of
from tests.live.tensors import T
from tests.live.test_files import different
from tests.live.written import executed, loaded

pytestmark = pytest.mark.keras

SEED = int(os.environ.get("CONVCALC_SEED", "1"))
COUNT = min(int(os.environ.get("CONVCALC_CASES", "40")), 400)
MODULES = ("numpy", "nn", "core", "math", "linalg", "image")


# Operations whose arguments only the function of keras.ops checks, not the class.
CHECKED = {"ISTFT", "STFT", "SegmentMax", "SegmentMin", "SegmentProd", "SegmentSum"}


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, T):
        return change(value)
    return [_mapped(part, change) for part in value] if isinstance(value, list) else value


def keras_says(asked: Asked) -> Any:
    """Returns the shapes and dtypes of Keras's outputs, or the text of Keras's refusal."""
    import keras

    cls = getattr(importlib.import_module(asked.operation.module), asked.operation.name)
    try:
        call = _mapped(asked.call, lambda t: keras.KerasTensor(t.shape, dtype=t.dtype))
        if asked.operation.name in CHECKED:
            result = operator.attrgetter(asked.operation.function)(keras.ops)(*call, **asked.made)
        else:
            result = cls(**asked.made).compute_output_spec(*call)
        flat = [each for each in keras.tree.flatten(result) if each is not None]
        return [(tuple(each.shape), each.dtype) for each in flat]
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"


def we_say(asked: Asked) -> Any:
    """Returns the shapes and dtypes of convcalc's outputs, or the text of convcalc's refusal."""
    tensors: list[Tensor] = []

    def slot(tensor: T) -> Slot:
        tensors.append(Tensor(tuple(UNKNOWN if size is None else size for size in tensor.shape), tensor.dtype))
        return Slot(len(tensors) - 1)

    operation = asked.operation
    call = _mapped(asked.call, slot)
    named = {operation.parameters[0]: call} if operation.variadic else dict(zip(operation.parameters, call))
    made = {key: list(value) if isinstance(value, tuple) else value for key, value in asked.made.items()}
    try:
        result = operation.infer(made, named, tensors)
    except Refusal as refused:
        return str(refused)
    assert isinstance(result.dtype, tuple)
    shapes = [tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in result.outputs]
    return list(zip(shapes, result.dtype))


def test_operations_agree_with_keras(tell: Any) -> None:
    result, refused, asked = [], 0, cases(SEED, COUNT)
    valid: dict[str, int] = {}
    for case in asked:
        theirs, ours = keras_says(case), we_say(case)
        if isinstance(theirs, str):
            refused += 1
        else:
            valid[case.operation.name] = valid.get(case.operation.name, 0) + 1
        if theirs != ours and not (isinstance(theirs, str) and isinstance(ours, str)):
            result.append(f"{case}\n    keras: {str(theirs)[:200]}\n    ours:  {str(ours)[:200]}")
    tell(
        f"operations: {len(valid)} classes, {len(asked)} calls ({refused} refused), {len(result)} disagreements (seed {SEED})"
    )
    assert not result, f"{len(result)} disagreements:\n" + "\n".join(result[:40])
    assert set(valid) == {name for _, name in OPERATIONS}


def test_rules_have_the_parameters_of_keras() -> None:
    """Compares the arguments of each operation's class and call with Keras: names, order and defaults.

    Also checks that keras.ops has the function that creates the operation.
    """
    import keras

    wrong = []
    for operation in OPERATIONS.values():
        cls = getattr(importlib.import_module(operation.module), operation.name)
        called, made = (_parameters(each) for each in (cls.call, cls.__init__))
        if [*operation.parameters] != [*called]:
            wrong.append(f"{operation.name}: called with {[*called]}, ours {[*operation.parameters]}")
        if [*operation.init_parameters] != [*made][: len(operation.init_parameters)]:
            wrong.append(f"{operation.name}: made with {[*made]}, ours {[*operation.init_parameters]}")
        defaults = {**called, **made}
        for name in (*operation.parameters, *operation.init_parameters):
            ours = operation.defaults.get(name, inspect.Parameter.empty)
            if name in defaults and defaults[name] != ours:
                wrong.append(f"{operation.name}: {name} is {defaults[name]} by default, ours {ours}")
        if not callable(operator.attrgetter(operation.function)(keras.ops)):
            wrong.append(f"{operation.name}: there is no keras.ops.{operation.function}")
    assert not wrong, "\n".join(wrong)


def _parameters(function: Any) -> dict[str, Any]:
    own = inspect.signature(function).parameters.values()
    return {
        each.name: each.default
        for each in own
        if each.kind is not each.VAR_KEYWORD and each.name not in ("self", "name")
    }


# Errors of functions of keras.ops for inputs that the operation's class accepts. These errors are ignored.
REFUSED_BY_FUNCTIONS = {
    "Linspace": "returned a non-tensor",
    "Vander": "must be 1-dimensional",
    **dict.fromkeys(("STFT", "ISTFT"), "`sequence_stride` must be a positive integer"),
    **dict.fromkeys(("SegmentMax", "SegmentMin", "SegmentProd", "SegmentSum"), "Argument `segment_ids`"),
}


def test_written_operations_are_read_back_by_keras(tell: Any) -> None:
    """Writes a model with one operation as a config and as code. Keras must create the same operation from both."""
    wrong, own = [], set()
    seen: dict[str, int] = {}
    for case in cases(SEED, 20):
        if not in_a_spec(case) or seen.get(case.operation.name, 0) == 2:
            continue
        try:
            report = infer(model_of(case, automatic_name(case)))
        except ConvcalcError:
            continue
        for make in (loaded, executed):
            try:
                model = make(report)
            except Exception as refused:
                if make is loaded and not reloads(report):
                    own.add(case.operation.name)
                    continue
                words = REFUSED_BY_FUNCTIONS.get(case.operation.name)
                if make is executed and words and words in str(refused):
                    continue
                wrong.append(f"{case}: {make.__name__}: {type(refused).__name__}: {str(refused)[:200]}")
                continue
            result = model.operations[-1]
            if type(result).__name__ != case.operation.name or different(report, model, [(200, {})]):
                wrong.append(f"{case}: {make.__name__}: {different(report, model, [(200, {})])}")
        seen[case.operation.name] = seen.get(case.operation.name, 0) + 1
    tell(
        f"operations written and made by Keras: {len(seen)} classes, {len(wrong)} disagreements; of configs that Keras "
        f"writes itself, it does not load: {', '.join(sorted(own))}"
    )
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])
    assert set(seen) | {"Arange"} == {name for _, name in OPERATIONS}


def reloads(report: Any) -> bool:
    """Returns True if Keras can load the config that Keras itself writes for this model."""
    import keras

    try:
        keras.models.model_from_json(executed(report).to_json())
    except Exception:
        return False
    return True


# Classes without a function in keras.ops: they take custom functions, or are abstract.
OF_FUNCTIONS = {"AssociativeScan", "Cond", "ForiLoop", "JVP", "Map", "Scan", "Switch", "VectorizedMap", "WhileLoop"}
ABSTRACT = {"SegmentReduction"}


def test_every_operation_of_keras_is_known_or_named(tell: Any) -> None:
    from keras.src.ops.operation import Operation

    theirs = set()
    for module in MODULES:
        path = f"keras.src.ops.{module}"
        for name, cls in vars(importlib.import_module(path)).items():
            if inspect.isclass(cls) and issubclass(cls, Operation) and cls is not Operation and cls.__module__ == path:
                theirs.add((path, name))
    assert set(OPERATIONS) <= theirs
    missing = {name for _, name in theirs - set(OPERATIONS)}
    tell(f"operations: {len(theirs)} in Keras, {len(OPERATIONS)} known, not known: {', '.join(sorted(missing))}")
    assert missing == OF_FUNCTIONS | ABSTRACT
