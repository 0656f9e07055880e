"""Tests that Keras loads the configs of ``tests/helpers/whole_files.py``, and gives the expected shapes and parameters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.helpers.whole_files import CASES

pytestmark = pytest.mark.keras
# Keras does not export Functional, so it finds the class only by the name of its module.
FUNCTIONAL = '"keras.src.models.functional", "class_name": "Functional"'


def custom_classes(keras: Any) -> dict[str, Any]:
    """Returns the custom classes that the configs use, by name."""

    class Halves(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x[:, :2], x[:, 2:]

    class Thirds(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x[:, :1], x[:, 1:], x[:, 1:3]

    class Same(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    class Backbone(keras.Model):  # type: ignore[misc]
        def __init__(self, **kwargs: Any) -> None:
            x = keras.Input((4,))
            super().__init__(x, keras.ops.relu(x), **kwargs)

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "trainable": self.trainable}

        @classmethod
        def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
            return cls(**config)

    return {cls.__name__: cls for cls in (Halves, Thirds, Same, Backbone)}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.keras])
def test_a_config(name: str) -> None:
    case = CASES[name]
    if case.keras == 3:
        import keras

        objects = custom_classes(keras)
        with keras.saving.custom_object_scope(
            {**objects, **{f"package>{key}": value for key, value in objects.items()}}
        ):
            text = json.dumps(case.config).replace('"keras", "class_name": "Functional"', FUNCTIONAL)
            model = keras.models.model_from_json(text)
    else:
        import tf_keras as keras

        keras.backend.clear_session()
        model = keras.models.model_from_json(json.dumps(case.config))
    for path, (shapes, params) in case.rows.items():
        layer = model
        for part in path.split("/"):
            layer = layer.get_layer(part)
        theirs = output_shapes(layer)
        assert len(shapes) <= len(theirs), path
        assert [mine for mine in shapes if mine is not None] == [
            shape for mine, shape in zip(shapes, theirs) if mine is not None
        ], path
        assert params is None or layer.count_params() == params, path
    outputs = model.outputs if isinstance(model.outputs, list) else [model.outputs]
    assert all(len(tuple(output.shape)) for output in outputs)


def output_shapes(layer: Any) -> list[tuple[Any, ...]]:
    """Returns the shapes of a layer's outputs in the layer's last call."""
    if not hasattr(layer, "compute_output_spec"):  # layers of Keras 2 do not have this method
        shape = layer.output_shape
        return [shape] if isinstance(shape, tuple) and not any(isinstance(part, tuple) for part in shape) else [*shape]
    tensors = layer._inbound_nodes[-1].output_tensors
    return [tuple(tensor.shape) for tensor in tensors]
