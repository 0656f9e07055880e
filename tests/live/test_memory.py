"""Compares memory with the installed Keras: the variables of Keras's optimizers, and the order in which Keras runs a
graph.

``CONVCALC_MODEL=123`` runs only one random model, as in ``test_models``.
"""

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from convcalc import infer, load
from convcalc.analyse.assumptions import Assumptions
from convcalc.analyse.optimizers import SLOTS, slots
from convcalc.analyse.report import weight_bytes
from convcalc.base.problems import Source
from convcalc.layers import Weight
from convcalc.layers.dtypes import size_in_bytes
from convcalc.model import call_numbers, execution_order, with_input_sizes
from convcalc.read.spec.spec import read_spec
from tests.live.models import grow, keras_model, spec
from tests.live.session import fresh

pytestmark = pytest.mark.keras

# For each optimizer of convcalc, the name of Keras's class and its arguments.
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamw": ("AdamW", {}),
    "nadam": ("Nadam", {}),
    "adamax": ("Adamax", {}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_momentum": ("RMSprop", {"momentum": 0.9}),
    "rmsprop_centered": ("RMSprop", {"centered": True}),
    "rmsprop_momentum_centered": ("RMSprop", {"momentum": 0.9, "centered": True}),
    "adafactor": ("Adafactor", {}),
    "lion": ("Lion", {}),
    "lamb": ("Lamb", {}),
    "ftrl": ("Ftrl", {}),
    "schedule_free_adamw": ("ScheduleFreeAdamW", {}),
}


def bytes_of(variables: list[Any]) -> int:
    return sum(size_in_bytes(math.prod(each.shape), str(each.dtype)) for each in variables)


@pytest.mark.parametrize("name", SLOTS)
def test_an_optimizer_has_the_variables_that_we_count(name: str) -> None:
    import keras

    models = [
        keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), alpha=0.35),
        keras.Sequential(
            [keras.Input((5, 4)), keras.layers.LSTM(8, return_sequences=True), keras.layers.Dense(3, dtype="float16")]
        ),
        keras.Sequential([keras.Input((8, 8, 2)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]),
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, dtype="float8_from_float32")]),
    ]
    class_name, settings = SETTINGS[name]
    for model in models:
        optimizer = getattr(keras.optimizers, class_name)(**settings)
        optimizer.build(model.trainable_variables)
        ours = [
            Weight(
                each.name, tuple(each.shape), dtype=str(each.dtype), replaced_by_gradient=each.overwrite_with_gradient
            )
            for each in model.trainable_variables
        ]
        assert weight_bytes(slots(name, ours)) == bytes_of(optimizer.variables), model.name


def test_training_of_a_spec_is_that_of_keras() -> None:
    """Compares the memory of a whole spec: its trained weights, and the variables that the optimizer has for these
    weights.
    """
    import keras

    model = keras.applications.MobileNetV2(weights=None)
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    report = replace(infer(load("specs/mobilenet_v2.yaml")), assumptions=Assumptions(optimizer="adam"))
    training = report.memory.training
    assert training is not None
    assert training.slots == bytes_of(optimizer.variables)
    assert training.gradients == bytes_of(model.trainable_variables)
    assert training.weights == bytes_of(model.variables) - seed_bytes(model)


def test_weights_replaced_by_gradients_have_no_optimizer_state() -> None:
    """Training replaces the scales of a float8 layer by their gradients, so the optimizer has no variables for them."""
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, dtype="float8_from_float32")])
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    text = "{input: [4], layers: [{Dense: {units: 3, dtype: float8_from_float32}}]}"
    report = replace(infer(read_spec(Source("spec", text))), assumptions=Assumptions(optimizer="adam"))
    training = report.memory.training
    assert training is not None
    assert training.slots == bytes_of(optimizer.variables)


def seed_bytes(model: Any) -> int:
    """Returns the bytes of random seeds, which are in ``model.variables`` but not in ``model.weights``."""
    known = {id(each) for each in model.weights}
    return bytes_of([each for each in model.variables if id(each) not in known])


def order_of_keras(model: Any) -> list[tuple[str, int]]:
    """Returns the calls of a model's operations in the order in which Keras runs them. Inputs are left out."""
    result = []
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if not node.is_input:
                result.append((node.operation.name, node.operation._inbound_nodes.index(node)))
    return result


def order_of_ours(text: str) -> list[tuple[str, int]]:
    model = infer(read_spec(Source("random", text))).model
    inputs = {ref.call for ref in model.inputs}
    numbers = call_numbers(model)
    return [
        (model.layers[model.calls[number].layer].name, numbers[number])
        for number in execution_order(model)
        if number not in inputs
    ]


def test_the_order_of_execution(tell: Any) -> None:
    one = os.environ.get("CONVCALC_MODEL")
    seeds = [int(one)] if one else range(1, 201)
    calls = 0
    for seed in seeds:
        fresh(free_memory=seed % 20 == 0)
        program = grow(Random(seed))
        theirs, ours = order_of_keras(keras_model(program)), order_of_ours(json.dumps(spec(program)))
        assert theirs == ours, f"CONVCALC_MODEL={seed}"
        calls += len(theirs)
    tell(f"order of execution: {len(seeds)} models, {calls:,} calls agree")


@pytest.mark.parametrize("name", ["DenseNet121", "MobileNetV2", "ResNet50"])
def test_the_activations_are_the_arrays_that_keras_makes(name: str, tmp_path: Path) -> None:
    """Runs a model on two samples. The bytes of each output must be those that convcalc reports."""
    import keras
    import numpy

    model = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3))
    inputs = [layer for layer in model.layers if isinstance(layer, keras.layers.InputLayer)]
    outputs = [layer.output for layer in model.layers if layer not in inputs]
    arrays = keras.Model(model.inputs, outputs)(numpy.zeros((2, 64, 64, 3), "float32"))
    file = tmp_path / "model.json"
    file.write_text(model.to_json())
    memory = infer(with_input_sizes(load(file), {}, 2)).memory
    assert memory.activations == sum(array.numpy().nbytes for array in arrays)
