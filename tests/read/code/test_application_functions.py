"""Tests models of ``keras.applications`` in programs: a program can use their layers and tensors in its own models."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEAD = """
import keras
from keras import layers
from keras.applications import EfficientNetB0, MobileNetV2, ResNet50, VGG16
from keras.applications import vgg16, densenet
"""


def report(code: str, target: str = "model", **settings: object) -> Report:
    return infer(read_program(HEAD + code, "model.py", target=target, settings=settings))


def test_a_frozen_base_with_a_new_head() -> None:
    code = """
base = VGG16(include_top=False, input_shape=(150, 150, 3))
for layer in base.layers[:-4]:
    layer.trainable = False
model = keras.Model(base.input, layers.Dense(3)(layers.Flatten()(base.output)))
"""
    totals = report(code).totals
    assert (totals.params, totals.trainable_params) == (14_739_267, 7_104_003)


def test_a_model_is_cut_at_a_layer() -> None:
    code = """
base = VGG16()
model = keras.Model(inputs=base.input, outputs=base.get_layer("block3_pool").output)
"""
    assert report(code).totals.params == 1_735_488


def test_an_input_tensor_becomes_the_input() -> None:
    code = """
inputs = keras.Input((224, 224, 3), name="image")
base = MobileNetV2(weights=None, include_top=False, input_tensor=inputs, pooling="avg")
model = keras.Model(inputs, layers.Dense(2)(base.output))
"""
    result = report(code)
    assert result.layers[0].name == "image"
    assert (result.totals.params, result.totals.trainable_params) == (2_260_546, 2_226_434)


def test_a_base_inside_of_a_sequential() -> None:
    code = """
base = EfficientNetB0(include_top=False, input_shape=(64, 64, 3))
base.trainable = False
model = keras.Sequential([keras.Input((64, 64, 3)), base, layers.GlobalAveragePooling2D(), layers.Dense(4)])
"""
    totals = report(code).totals
    assert (totals.params, totals.trainable_params) == (4_054_695, 5_124)


@pytest.mark.parametrize(
    ("module", "operations"),
    [("vgg16", ["GetItem", "GetItem", "GetItem", "Stack", "Add"]), ("densenet", ["TrueDivide", "Add", "TrueDivide"])],
)
def test_images_are_prepared_inside_of_the_model(module: str, operations: list[str]) -> None:
    code = f"""
inputs = keras.Input((32, 32, 3))
model = keras.Model(inputs, {module}.preprocess_input(inputs))
"""
    result = report(code)
    assert [row.class_name for row in result.layers[1:]] == operations
    assert shape_text(result.layers[-1].output_shapes[0]) == "(None, 32, 32, 3)"


def test_a_size_that_the_code_does_not_state() -> None:
    code = """
def build(size):
    return VGG16(include_top=False, input_shape=(size, size, 3))
"""
    result = report(code, "build")
    assert result.totals.params == 14_714_688
    assert shape_text(result.layers[0].output_shapes[0]) == "(None, size, size, 3)"
    assert shape_text(report(code, "build", size=64).layers[-1].output_shapes[0]) == "(None, 2, 2, 512)"


def test_what_keras_refuses_is_a_problem_of_the_call() -> None:
    with pytest.raises(Exception, match=r"model.py:7:9: error.*VGG16 'input_shape'"):
        report("\nmodel = VGG16(input_shape=(16, 16, 3), include_top=False)\n")
