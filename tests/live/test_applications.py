"""Compares the models that convcalc builds for ``keras.applications`` with Keras: every layer, in Keras's order.

Names, classes, arguments, calls, shapes and parameters must be equal. The automatic names of layers that are created
after the model must be equal too. If Keras refuses the arguments, convcalc must refuse them too.
``CONVCALC_APPLICATIONS=20`` tries 20 further random calls of each application; ``CONVCALC_CALL=3`` tries only the
random call number 3.

No weights are downloaded or created: with ``weights="imagenet"``, only the layers and the checks are compared.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from convcalc import infer
from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal
from convcalc.layers import require_builtin
from convcalc.model import Call, Layer, Model, Ref, call_numbers, summary_order
from convcalc.read import read
from convcalc.read.code.applications import APPLICATIONS, InputTensor, application, parameters
from tests.live.models import rows_of_keras
from tests.live.session import fresh

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore::UserWarning")]

COUNT = int(os.environ.get("CONVCALC_APPLICATIONS", "0"))
ONE = os.environ.get("CONVCALC_CALL")
NAMES = (Path(__file__).parent / "applications.txt").read_text(encoding="utf-8").split()
CLASSES = [
    "Activation Add AveragePooling2D BatchNormalization Concatenate Conv2D Cropping2D CustomScaleLayer Dense Dropout Flatten",
    "Functional GlobalAveragePooling2D GlobalMaxPooling2D InputLayer LayerNormalization MaxPooling2D Multiply Normalization",
    "ReLU Rescaling Reshape Sequential ZeroPadding2D",
]


class Case(NamedTuple):
    """A call of an application. ``tensor`` is the shape of its ``input_tensor``; ``scaled`` is True if a layer computes
    this tensor.

    ``earlier`` is the number of layers that are created before the call. They change the automatic names of its layers.
    """

    name: str
    args: Mapping[str, Any]
    tensor: tuple[int | None, ...] | None = None
    scaled: bool = False
    earlier: int = 0
    policy: str = "float32"


def usual_cases(name: str) -> list[Case]:
    special = {
        key: value for key, value in {"alpha": 0.5, "dropout": 0.25, "minimalistic": True}.items() if has(name, key)
    }
    return [
        Case(name, {"weights": None}),
        Case(
            name,
            {"weights": None, "include_top": False, "input_shape": (101, 150, 3), "pooling": "max", **special},
            earlier=2,
        ),
    ]


def has(name: str, argument: str) -> bool:
    return argument in parameters(name)


def random_case(name: str, number: int) -> Case:
    random = Random(f"{name} {number}")
    some = random.choice
    args: dict[str, Any] = {"weights": some([None, None, None, "imagenet"])}
    values = {
        "include_top": [True, False, False],
        "input_shape": [None, shape(random), shape(random), shape(random)],
        "pooling": [None, "avg", "max", "none"],
        "classes": [1000, 1000, 10, 10, 2, 1, 1, 0],
        "classifier_activation": ["softmax", "softmax", None, None, "sigmoid", "linear", "softmx"],
        "name": ["backbone", "backbone", None, "a/b", 3],
        "alpha": [0.25, 0.35, 0.5, 0.75, 1.0, 1.0, 1, 1.3, 1.4, 0.1, 2.5, 0.0],
        "depth_multiplier": [1, 1, 2],
        "dropout": [0.0, 0.5, 1.5],
        "dropout_rate": [0, 0.0, 0.5, 1.5],
        "minimalistic": [True, False],
        "include_preprocessing": [True, False],
    }
    for argument, choices in values.items():
        if has(name, argument) and random.random() < (0.1 if argument == "name" else 0.6):
            args[argument] = some(choices)
    if random.random() < 0.3:
        return Case(name, args, some([(224, 224, 3), shape(random)]), random.random() < 0.5, some([0, 1]))
    return Case(name, args, earlier=some([0, 1, 3]), policy=some(["float32", "float32", "mixed_float16", "bfloat16"]))


def shape(random: Random) -> Any:
    lowest = random.choice([20, 32, 75, 75, 75, 75])
    height, width = random.randint(lowest, 260), random.randint(lowest, 260)
    channels = random.choice([3, 3, 3, 3, 1, 4])
    kind = random.random()
    if kind < 0.1:
        return (None, None, channels)
    if kind < 0.2:
        return random.choice([(height, None, channels), (None, width, channels), (height, width, None)])
    if kind < 0.25:
        return random.choice([[224, 224, 3], (224, 224), (height, width, 3, 1), ()])
    square = random.choice([96, 128, 160, 192, 224, 299, 331, height])
    return (square, square, channels) if kind < 0.6 else (height, width, channels)


def of_keras(case: Case) -> Any:
    """Returns Keras's model, or the text of the error that Keras raises."""
    import keras

    args = dict(case.args)
    for _ in range(case.earlier):
        keras.layers.Activation("relu"), keras.layers.Conv2D(1, 1), keras.Input((1,))
    try:
        if case.tensor is not None:
            args["input_tensor"] = keras.Input(case.tensor, name="image")
            if case.scaled:
                args["input_tensor"] = keras.layers.Rescaling(2.0)(args["input_tensor"])
        return getattr(keras.applications, case.name)(**args)
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"


def of_convcalc(case: Case, names: Names) -> Model | str:
    """Returns convcalc's model, or the text of the error that convcalc raises."""
    for _ in range(case.earlier):
        for class_name in ("Activation", "Conv2D", "InputLayer"):
            names.automatic(class_name)
    tensor = None
    if case.tensor is not None:
        sizes = (UNKNOWN, *(UNKNOWN if size is None else size for size in case.tensor))
        layers = [Layer("image", "InputLayer", require_builtin("InputLayer"), {"shape": sizes[1:]})]
        calls = [Call(0, ())]
        if case.scaled:
            layers.append(
                Layer(names.automatic("Rescaling"), "Rescaling", require_builtin("Rescaling"), {"scale": 2.0})
            )
            calls.append(Call(1, (Ref(0),)))
        inner = Model("", "Functional", tuple(layers), tuple(calls), (Ref(0),), (Ref(len(calls) - 1),))
        tensor = InputTensor(inner, sizes)
    try:
        return application(case.name, case.args, names, tensor, case.policy)
    except Refusal as refusal:
        return refusal.message


def structure(model: Model) -> Iterator[Any]:
    """Yields the properties and connections of a model and of its layers, also of nested models.

    The layers of a Functional model are in the order of Keras's summary.
    """
    yield model.name, model.class_name, model.trainable, model.own_flags, model.input_tree, model.output_tree
    numbers = call_numbers(model)

    def place(ref: Ref) -> tuple[str, int, int]:
        return model.layer_of(ref).name, numbers[ref.call], ref.output

    yield [*map(place, model.inputs)], [*map(place, model.outputs)]
    order = summary_order(model) if model.class_name == "Functional" else range(len(model.layers))
    for number in order:
        layer = model.layers[number]
        yield layer.name, layer.class_name, layer.definition.name, arguments(layer), layer.trainable, layer.dtype
        for call in model.calls:
            if call.layer == number:
                yield [*map(place, call.sources)], dict(call.args), call.constants
        if layer.model is not None:
            yield from structure(layer.model)


def arguments(layer: Layer) -> dict[str, Any]:
    """Returns the arguments of a layer. The axis of a normalization becomes a number: ``[3]`` → ``3``."""
    args = dict(layer.args)
    axis = args.get("axis")
    if isinstance(axis, tuple) and len(axis) == 1:
        args["axis"] = axis[0]
    if args.get("axis") == -1:
        del args["axis"]
    return args


def rows(model: Model) -> list[Any]:
    """Returns the same rows as :func:`rows_of_keras`."""
    report = infer(model)
    result: list[Any] = []
    for row in report.layers:
        shapes = tuple(tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in row.output_shapes)
        called = [source.partition("[")[0] for call in row.calls for source in call.inputs]
        if not row.depth:
            numbers = (row.params, row.trainable_params, called)
            result.append((row.name, row.class_name, shapes, row.calls[-1].output_dtypes, *numbers))
    return [*result, ("total", report.totals.trainable_params, report.totals.params)]


def difference(case: Case) -> tuple[str | None, bool]:
    """Returns the first difference (or None), and True if both Keras and convcalc refuse the arguments."""
    import keras
    from keras.src.backend.common import global_state
    from keras.src.utils.naming import auto_name

    fresh(free_memory=False)
    keras.config.set_dtype_policy(case.policy)
    with keras.StatelessScope():  # variables without values, to save time
        theirs = of_keras(case)
        global_state.set_global_attribute("uninitialized_variables", [])
        names = Names()
        ours = of_convcalc(case, names)
        if isinstance(ours, str) or isinstance(theirs, str):
            both = isinstance(ours, str) and isinstance(theirs, str)
            return None if both else f"{case}\n  keras: {theirs}\n  ours: {ours}", both
        config = read(theirs.to_json().encode(), "config")
        pairs = [*zip(structure(config), structure(ours)), *zip(rows_of_keras(theirs), rows(ours))]
        pairs += [([*map(auto_name, words(CLASSES))], [*map(names.automatic, words(CLASSES))])]
        for expected, result in pairs:
            if expected != result:
                return f"{case}\n  keras: {expected}\n  ours:  {result}", False
        if len(ours.layers) != len(config.layers):
            return f"{case}\n  {len(config.layers)} and {len(ours.layers)} layers", False
    return None, False


def words(lines: list[str]) -> list[str]:
    return [word for line in lines for word in line.split()]


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Replaces Keras's download of weights. Checks only the name of the file and the shapes that may differ from the
    file.
    """
    import keras

    def download(file: str, *args: Any, **named: Any) -> str:
        if "backbone" in file:
            raise ValueError(f"there is no {file}")
        return file

    def load(model: Any, *args: Any, **named: Any) -> None:
        kernel = next(weight for weight in model.weights if len(weight.shape) == 4)
        # only VGG has this layer
        dense = next((weight for weight in model.weights if weight.path.endswith("fc1/kernel")), None)
        if kernel.shape[2] != 3 or (dense is not None and dense.shape[0] != 25088):
            raise ValueError("the shapes differ from those in the file")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", download)
    monkeypatch.setattr(keras.Model, "load_weights", load)
    yield
    keras.config.set_dtype_policy("float32")


def test_the_functions_have_the_arguments_of_keras() -> None:
    import keras

    assert sorted(APPLICATIONS) == NAMES
    for name in NAMES:
        signature = inspect.signature(getattr(keras.applications, name))
        assert list(parameters(name).items()) == [(p.name, p.default) for p in signature.parameters.values()], name


@pytest.mark.parametrize("name", NAMES)
def test_an_application(name: str, tell: Any) -> None:
    cases = usual_cases(name) + [random_case(name, number) for number in range(COUNT)]
    cases = [random_case(name, int(ONE))] if ONE else cases
    results = [difference(case) for case in cases]
    failed = [f"{number - 2}: {text}" for number, (text, _) in enumerate(results) if text]
    tell(f"{name}: {len(cases)} calls, {sum(both for _, both in results)} refused by both, {len(failed)} disagreements")
    assert not failed, "\n".join(failed[:12])
