"""Tests the models of ``keras.applications`` that convcalc builds without Keras: published numbers, refused arguments,
and automatic names. ``live/test_applications.py`` compares all models with Keras, layer by layer.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal
from convcalc.layers import require_builtin
from convcalc.model import Call, Layer, Model, Ref
from convcalc.read.code.applications import APPLICATIONS, InputTensor, application, parameters


def built(application_name: str, /, **arguments: Any) -> Model:
    return application(application_name, {"weights": None, **arguments}, Names())


def refused(application_name: str, /, **arguments: Any) -> tuple[str | None, str]:
    with pytest.raises(Refusal) as caught:
        built(application_name, **arguments)
    return caught.value.argument, caught.value.message


def params(model: Model) -> Any:
    return infer(model).totals.params


@pytest.mark.parametrize(
    ("name", "number"),
    [  # the numbers that earlier versions of keras.io/api/applications listed
        ("Xception", 22_910_480),
        ("VGG16", 138_357_544),
        ("VGG19", 143_667_240),
        ("ResNet50", 25_636_712),
        ("ResNet101", 44_707_176),
        ("ResNet152", 60_419_944),
        ("ResNet50V2", 25_613_800),
        ("ResNet101V2", 44_675_560),
        ("ResNet152V2", 60_380_648),
        ("InceptionV3", 23_851_784),
        ("InceptionResNetV2", 55_873_736),
        ("MobileNet", 4_253_864),
        ("MobileNetV2", 3_538_984),
        ("DenseNet121", 8_062_504),
        ("DenseNet169", 14_307_880),
        ("DenseNet201", 20_242_984),
        ("NASNetMobile", 5_326_716),
        ("NASNetLarge", 88_949_818),
        ("EfficientNetB0", 5_330_571),
        ("EfficientNetB7", 66_658_687),
    ],
)
def test_published_numbers(name: str, number: int) -> None:
    assert params(built(name)) == number


@pytest.mark.parametrize("name", APPLICATIONS)
def test_every_application_without_its_top(name: str) -> None:
    model = built(name, include_top=False, pooling="avg", input_shape=(96, 128, 3))
    report = infer(model)
    assert not report.problems
    (shape,) = report.layers[-1].output_shapes
    assert shape is not None
    assert len(shape) == 2
    assert len(model.layers) == len({layer.name for layer in model.layers})


def test_the_default_input_shape() -> None:
    def shape(model: Model) -> Any:
        return model.layers[0].args["shape"]

    assert shape(built("ResNet50")) == (224, 224, 3)
    assert shape(built("EfficientNetB3")) == (300, 300, 3)
    assert shape(built("ResNet50", include_top=False)) == (UNKNOWN, UNKNOWN, 3)
    assert shape(built("MobileNetV3Small")) == (UNKNOWN, UNKNOWN, 3)
    assert shape(built("NASNetMobile", include_top=False)) == (224, 224, 3)
    assert shape(built("NASNetLarge", include_top=False)) == (UNKNOWN, UNKNOWN, 3)


def test_the_name_of_a_model() -> None:
    assert built("VGG16").name == "vgg16"
    assert built("VGG16", name="base").name == "base"
    assert built("MobileNet", alpha=0.5, input_shape=(160, 160, 3)).name == "mobilenet_0.50_160"
    assert built("MobileNetV2", include_top=False).name == "mobilenetv2_1.00_None"
    assert built("MobileNetV2", include_top=False, weights="imagenet").name == "mobilenetv2_1.00_224"
    assert built("Xception", name=None).name == "functional"


def test_automatic_names_count_on() -> None:
    names = Names()
    first = application("ResNet50V2", {}, names)
    second = application("ResNet50V2", {}, names)
    automatic = [layer.name for layer in first.layers if layer.name.startswith(("input", "max_pooling"))]
    assert automatic == ["input_layer", "max_pooling2d", "max_pooling2d_1", "max_pooling2d_2"]
    automatic = [layer.name for layer in second.layers if layer.name.startswith(("input", "max_pooling"))]
    assert automatic == ["input_layer_1", "max_pooling2d_3", "max_pooling2d_4", "max_pooling2d_5"]


def test_a_nested_sequential_uses_up_names() -> None:
    names = Names()
    application("ConvNeXtTiny", {"include_top": False}, names)
    assert names.automatic("InputLayer") == "input_layer_5"
    assert names.automatic("LayerNormalization") == "layer_normalization_1"
    assert names.automatic("Functional") == "functional_4"


def test_weights_add_a_layer_to_efficientnet() -> None:
    with_weights = built("EfficientNetB0", weights="imagenet")
    assert [layer.name for layer in with_weights.layers[1:4]] == ["rescaling", "normalization", "rescaling_1"]
    assert len(with_weights.layers) == len(built("EfficientNetB0").layers) + 1


def test_an_input_tensor() -> None:
    names = Names()
    sizes = (UNKNOWN, 100, 120, 3)
    layers = (
        Layer("image", "InputLayer", require_builtin("InputLayer"), {"shape": sizes[1:]}),
        Layer(names.automatic("Rescaling"), "Rescaling", require_builtin("Rescaling"), {"scale": 2.0}),
    )
    inner = Model("", "Functional", layers, (Call(0, ()), Call(1, (Ref(0),))), (Ref(0),), (Ref(1),))
    model = application("ResNet50", {"include_top": False}, names, InputTensor(inner, sizes))
    assert [layer.name for layer in model.layers[:3]] == ["image", "rescaling", "conv1_pad"]
    assert infer(model).layers[-1].output_shapes == ((UNKNOWN, 4, 4, 2048),)
    assert names.automatic("InputLayer") == "input_layer"
    with pytest.raises(Refusal, match="'input_shape' must have 3 channels for weights='imagenet', not 1"):
        arguments = {"include_top": False, "input_shape": (96, 96, 1)}
        application("ResNet50", arguments, Names(), InputTensor(inner, sizes))
    clash = inner._replace(layers=(layers[0], layers[1]._replace(name="conv1_conv")))
    with pytest.raises(Refusal, match="has a layer named 'conv1_conv', but the layers of 'input_tensor' already use"):
        application("ResNet50", {"include_top": False}, Names(), InputTensor(clash, sizes))


def test_the_policy_and_the_layers_that_share_arguments() -> None:
    model = application("VGG16", {}, Names(), policy="mixed_float16")
    assert {layer.dtype for layer in model.layers} == {"float32", "mixed_float16"}
    assert model.layers[0].dtype == "float32"
    convolutions = [layer.args for layer in model.layers if layer.args.get("filters") == 512]
    assert len({*map(id, convolutions)}) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "argument", "message"),
    [
        ("ResNet50", {"clases": 10}, "clases", "has no argument 'clases'; did you mean 'classes'?"),
        ("ResNet50", {"alpha": 1.0}, "alpha", "has no argument 'alpha'"),
        ("ResNet50", {"weights": "imagenet", "classes": 10}, "classes", "must be 1000 for weights='imagenet', not 10"),
        ("ResNet50", {"weights": "Imagenet"}, "weights", "must be None, 'imagenet' or the path of a file"),
        ("ResNet50", {"weights": "imagenet", "input_shape": (200, 200, 3)}, "input_shape", "must be (224, 224, 3)"),
        (
            "ResNet50",
            {"input_shape": (31, 64, 3)},
            "input_shape",
            "a height and a width of at least 32, not (31, 64, 3)",
        ),
        ("Xception", {"input_shape": (70, 71, 3)}, "input_shape", "at least 71"),
        ("InceptionV3", {"input_shape": (75, 74, 3)}, "input_shape", "at least 75"),
        ("ResNet50", {"input_shape": (224, 224)}, "input_shape", "must be (height, width, channels)"),
        (
            "ResNet50",
            {"input_shape": (224, 0.5, 3)},
            "input_shape",
            "must have positive whole numbers or None, not 0.5",
        ),
        (
            "ResNet50",
            {"input_shape": (None, None, 3)},
            "input_shape",
            "must contain only numbers if include_top is True",
        ),
        ("VGG16", {"classes": 0}, "classes", "must be a positive whole number, not 0"),
        ("VGG16", {"name": "a/b"}, "name", "must be a text without '/'"),
        (
            "VGG16",
            {"weights": "a.h5", "classifier_activation": "relu"},
            "classifier_activation",
            "must be 'softmax' or None",
        ),
        (
            "VGG16",
            {"include_top": False, "weights": "imagenet", "input_shape": (64, 64, 1)},
            "input_shape",
            "3 channels",
        ),
        (
            "EfficientNetB0",
            {"include_top": False, "input_shape": (64, None, 3)},
            "input_shape",
            "a height but no width",
        ),
        ("MobileNet", {"alpha": 0}, "alpha", "must be at least 1/32, not 0"),
        (
            "MobileNet",
            {"weights": "imagenet", "depth_multiplier": 2},
            "depth_multiplier",
            "must be 1 for weights='imagenet'",
        ),
        ("MobileNetV2", {"weights": "imagenet", "alpha": 0.6}, "alpha", "must be 0.35, 0.5, 0.75, 1.0, 1.3 or 1.4"),
        ("MobileNetV3Large", {"weights": "imagenet", "alpha": 0.5}, "alpha", "must be 0.75 or 1.0"),
        (
            "EfficientNetV2B0",
            {"name": "base"},
            "name",
            "must be 'efficientnetv2-b0', not ",
        ),
        (
            "ConvNeXtTiny",
            {"weights": "imagenet", "name": "base"},
            "name",
            "must be 'convnext_tiny' for weights='imagenet'",
        ),
        ("ConvNeXtTiny", {"name": None}, "name", "cannot be None"),
    ],
)
def test_refusals(name: str, arguments: dict[str, Any], argument: str, message: str) -> None:
    refusal = refused(name, **arguments)
    assert refusal[0] == argument
    assert message in refusal[1]


def test_ignored_arguments() -> None:
    assert params(built("VGG16", include_top=False, classes=0, classifier_activation="?")) == params(
        built("VGG16", include_top=False, pooling="other")
    )


@pytest.mark.slow
def test_a_family_is_imported_only_when_requested() -> None:
    code = (
        "import sys; from convcalc.read.code.applications import application; from convcalc.base.keras_names import Names; "
        "application('VGG16', {}, Names()); print(*[name for name in sys.modules if 'read.code.applications.' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name.rpartition(".")[2] for name in done.stdout.split()} == {"graph", "request", "vgg"}


def test_parameters() -> None:
    assert next(iter(parameters("MobileNet"))) == "input_shape"
    assert next(iter(parameters("ResNet50"))) == "include_top"
    assert parameters("ConvNeXtXLarge")["name"] == "convnext_xlarge"
