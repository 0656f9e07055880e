"""Compares specs with the installed Keras, layer by layer: names, order, classes, shapes, parameters, connections."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read import load
from tests.live.build import build, count
from tests.live.session import fresh
from tests.paths import SPECS

pytestmark = pytest.mark.keras


def application(name: str) -> Callable[[], Any]:
    def build() -> Any:
        import keras

        return getattr(keras.applications, name)(weights=None)

    return build


def fashion_mnist() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(100, activation="relu"),
            layers.Dense(10, activation="softmax", name="probabilities"),
        ],
        name="fashion_mnist",
    )


def lenet5() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((32, 32, 1)),
            layers.Conv2D(6, 5, activation="tanh", name="C1"),
            layers.AveragePooling2D(2, name="S2"),
            layers.Conv2D(16, 5, activation="tanh", name="C3"),
            layers.AveragePooling2D(2, name="S4"),
            layers.Conv2D(120, 5, activation="tanh", name="C5"),
            layers.Flatten(),
            layers.Dense(84, activation="tanh", name="F6"),
            layers.Dense(10, activation="softmax", name="output"),
        ],
        name="lenet5",
    )


def alexnet() -> Any:
    from keras import Input, Sequential, layers

    def conv(filters: int, size: int, name: str, **more: Any) -> Any:
        return layers.Conv2D(filters, size, activation="relu", name=name, **more)

    return Sequential(
        [
            Input((227, 227, 3)),
            conv(96, 11, "conv1", strides=4),
            layers.MaxPooling2D(3, 2, name="pool1"),
            conv(256, 5, "conv2", padding="same", groups=2),
            layers.MaxPooling2D(3, 2, name="pool2"),
            conv(384, 3, "conv3", padding="same"),
            conv(384, 3, "conv4", padding="same", groups=2),
            conv(256, 3, "conv5", padding="same", groups=2),
            layers.MaxPooling2D(3, 2, name="pool5"),
            layers.Flatten(),
            layers.Dense(4096, activation="relu", name="fc6"),
            layers.Dropout(0.5),
            layers.Dense(4096, activation="relu", name="fc7"),
            layers.Dropout(0.5),
            layers.Dense(1000, activation="softmax", name="fc8"),
        ],
        name="alexnet",
    )


def unet() -> Any:
    from keras import Input, Model, layers

    def double(x: Any, filters: int) -> Any:
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        return layers.Conv2D(filters, 3, activation="relu")(x)

    x = image = Input((572, 572, 1), name="image")
    skips = []
    for filters in (64, 128, 256, 512):
        x = double(x, filters)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = double(x, 1024)
    for filters, skip in zip((512, 256, 128, 64), reversed(skips)):
        up = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        cropped = layers.Cropping2D((skip.shape[1] - up.shape[1]) // 2)(skip)
        x = double(layers.Concatenate()([cropped, up]), filters)
    x = layers.Conv2D(2, 1, activation="softmax", name="segmentation")(x)
    return Model(image, x, name="unet")


MODELS: dict[str, Callable[[], Any]] = {
    "fashion_mnist": fashion_mnist,
    "lenet5": lenet5,
    "alexnet": alexnet,
    "vgg16": application("VGG16"),
    "resnet50": application("ResNet50"),
    "mobilenet": application("MobileNet"),
    "mobilenet_v2": application("MobileNetV2"),
    "inception_v3": application("InceptionV3"),
    "densenet121": application("DenseNet121"),
    "unet": unet,
    "xception": application("Xception"),
    "nasnet_mobile": application("NASNetMobile"),
}


# More models of keras.applications. Only their layers are compared, not the operations in their graphs.
PARTLY: dict[str, str] = {
    "efficientnet_b0": "EfficientNetB0",
    "mobilenet_v3_small": "MobileNetV3Small",
    "convnext_tiny": "ConvNeXtTiny",
}


def theirs(model: Any) -> list[tuple[Any, ...]]:
    """Returns a row for each layer: name, class, output shape, parameters, trainable parameters, names of the layers it
    reads.
    """
    import keras

    return [
        (
            layer.name,
            type(layer).__name__,
            tuple(keras.tree.flatten(layer._inbound_nodes[-1].output_tensors)[0].shape),
            layer.count_params(),
            count(layer.trainable_weights),
            tuple(t._keras_history.operation.name for node in layer._inbound_nodes for t in node.input_tensors),
        )
        for layer in model.layers
    ]


def settings(model: Any) -> list[tuple[str, dict[str, Any]]]:
    """Returns each layer's configuration in Keras, including options that do not affect shapes and counts."""
    rows = []
    for layer in model.layers:
        config = layer.get_config()
        # Replaces -1 for the last axis by the number of the axis, so that both forms are equal.
        if config.get("axis") == -1:
            config["axis"] = len(layer.output.shape) - 1
        rows.append((layer.name, config))
    return rows


def ours(name: str) -> tuple[Any, list[tuple[Any, ...]]]:
    report = infer(load(SPECS / f"{name}.yaml"))
    rows = [
        (
            row.name,
            row.class_name,
            tuple(None if size is UNKNOWN else size for size in row.output_shapes[0] or ()),
            row.params,
            row.trainable_params,
            tuple(source.partition("[")[0] for call in row.calls for source in call.inputs),
        )
        for row in report.layers
        if row.depth == 0
    ]
    return report, rows


def compared(name: str, model, tell):
    """Compares a spec with a Keras model: the row of each layer, and the totals. Returns the report of the spec."""
    report, rows = ours(name)
    expected = theirs(model)
    different = [f"\n  keras: {a}\n  ours:  {b}" for a, b in zip(expected, rows) if a != b]
    tell(
        f"specs/{name}.yaml: {len(expected)} layers, {model.count_params():,} parameters, {len(different)} disagreements"
    )
    assert not different, "".join(different[:5])
    assert len(rows) == len(expected)
    assert report.totals.params == model.count_params()
    assert report.totals.trainable_params == count(model.trainable_weights)
    return report


@pytest.mark.parametrize("name", MODELS)
def test_a_spec_is_the_model_that_keras_builds(name: str, tell) -> None:

    fresh()
    model = MODELS[name]()
    report = compared(name, model, tell)
    assert report.model.name == model.name
    for of_keras, of_ours in zip(settings(model), settings(build(load(SPECS / f"{name}.yaml"))), strict=True):
        assert of_keras == of_ours


@pytest.mark.parametrize("name", sorted({path.stem for path in SPECS.glob("*.yaml")} - set(MODELS)))
def test_a_spec_built_layer_by_layer_in_keras_is_the_same(name: str, tell) -> None:

    fresh()
    model = build(load(SPECS / f"{name}.yaml"))
    compared(name, model, tell)


@pytest.mark.parametrize("name", PARTLY)
def test_named_layers_are_those_of_the_application(name: str, tell) -> None:
    import keras

    fresh()
    model = getattr(keras.applications, PARTLY[name])(weights=None)
    report, rows = ours(name)
    mine = {row[0]: row[:5] for row in rows}
    explicit = [row for row in theirs(model) if not re.fullmatch(r"(re_lu|activation|add|multiply)(_\d+)?", row[0])]
    different = [
        f"\n  keras: {row[:5]}\n  ours:  {mine.get(row[0])}" for row in explicit if row[:5] != mine.get(row[0])
    ]
    tell(f"specs/{name}.yaml and {PARTLY[name]}: {len(explicit)} named layers, {len(different)} disagreements")
    assert not different, "".join(different[:5])
    assert len(explicit) > 60
    assert report.totals.params == model.count_params()
