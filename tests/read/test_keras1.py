"""Tests files of Keras 1. The expected numbers are from Keras 1.2.2, which built the models in ``keras1.json``.

``tests/live/packages_keras2/keras1_models.py`` builds the models.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError
from convcalc.read import read
from convcalc.write import require_writable
from convcalc.write.config import config_json
from convcalc.write.spec import spec_yaml
from tests.live.packages_keras2.stored import STORED

MODELS: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
# This model has the order channels first, but the file does not state it for the first layer, whose output shape is
# then unknown.
OPEN = "images_th_padded"


def report_of(config: Any) -> Any:
    return infer(read(json.dumps(config).encode(), "model.json"))


def sizes(shape: Any) -> Any:
    return None if shape is None else [size if isinstance(size, int) else None for size in shape]


@pytest.mark.parametrize("name", [name for name in MODELS if name != OPEN])
def test_rows_are_those_of_keras(name: str) -> None:
    model = MODELS[name]
    report = report_of(model["config"])
    top = [row for row in report.layers if row.path == row.name]
    rows = {row.name: row for row in top}
    assert not report.problems and not report.model.problems
    for layer, shapes, params, trainable in model["rows"]:
        assert list(map(sizes, rows[layer].output_shapes)) == shapes, layer
        assert (rows[layer].params, rows[layer].trainable_params) == (params, trainable), layer
    # Unlike a summary of Keras 1, ours has rows for the input of a Sequential, and for a merge layer at its start.
    others = [row for row in top if row.name not in {layer for layer, *_ in model["rows"]}]
    assert all(row.class_name == "InputLayer" or row.name.startswith("merge_") for row in others)
    assert (report.totals.params, report.totals.trainable_params) == (model["params"], model["trainable"])


def test_layers_without_an_order_of_axes_are_unknown_if_another_layer_has_the_order_of_theano() -> None:
    report = report_of(MODELS[OPEN]["config"])
    (problem,) = report.model.problems
    assert "'zeropadding2d_1'" in problem.message
    assert "'(not in the file)'" in problem.message
    assert report.layers[0].output_shapes == (None,)


def one(class_name: str, **config: Any) -> Any:
    layer = {"class_name": class_name, "config": {"name": "layer", "trainable": True, **config}}
    return {"class_name": "Sequential", "config": [layer], "keras_version": "1.2.1"}


def test_a_padding_that_keras_1_has_only_with_theano_makes_the_layer_unknown() -> None:
    convolution = {"nb_filter": 4, "nb_row": 3, "nb_col": 3, "border_mode": "full", "dim_ordering": "tf"}
    report = report_of(one("Convolution2D", batch_input_shape=[None, 8, 8, 3], **convolution))
    assert "'full'" in report.model.problems[0].message


@pytest.mark.parametrize("name", ["Highway", "MaxoutDense", "Merge", "Convolution2D", "LSTM"])
def test_a_custom_class_of_keras_2_with_a_name_of_keras_1_stays_custom(name: str) -> None:
    report = report_of(one(name, batch_input_shape=[None, 8], other=3))
    assert report.model.problems[0].code == codes.UNKNOWN_LAYER


@pytest.mark.parametrize("name", ["MaxoutDense", "Highway", "SReLU", "ParametricSoftplus"])
def test_layers_that_keras_3_lacks_are_not_written(name: str) -> None:
    config = MODELS["mlp"]["config"]
    layers = [config["config"][0], *[layer for layer in config["config"] if layer["class_name"] == name]]
    model = read(json.dumps({**config, "config": layers}).encode(), "model.json")
    with pytest.raises(ConvcalcError, match=name):
        require_writable(infer(model))


def test_other_layers_are_written_for_keras_3() -> None:
    model = read(json.dumps(MODELS["words"]["config"]).encode(), "model.json")
    again = infer(read(config_json(infer(model)).encode(), "again.json"))
    assert again.totals.params == MODELS["words"]["params"]
    assert infer(read(spec_yaml(infer(model)).encode(), "again.yaml")).totals.params == MODELS["words"]["params"]
