"""Backbones and tasks of keras_cv."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

BACKBONES = """
resnet18 resnet18_v2 resnet50_v2 csp_darknet_tiny efficientnetv2_b0 efficientnetv1_b0 efficientnetlite_b0 densenet121
mobilenet_v3_small mobilenet_v3_large mit_b0 yolo_v8_xs_backbone videoswin_tiny vitdet_base
"""


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import keras
    import keras_cv

    held = keras_cv.models

    def backbone(preset: str, shape: tuple[int, ...] = (64, 64, 3)) -> Any:
        for cls in vars(held).values():
            if isinstance(cls, type) and preset in (getattr(cls, "presets", None) or {}):
                return cls.from_preset(preset, input_shape=shape, load_weights=False)
        raise ValueError(f"{preset} is no preset")

    def small(shape: tuple[int | None, ...] = (64, 64, 3), **options: Any) -> Any:
        stages: dict[str, Any] = {"stackwise_filters": [8, 8, 16, 16], "stackwise_blocks": [1, 1, 1, 1]}
        stages |= {"stackwise_strides": [1, 2, 2, 2], "block_type": "basic_block", "include_rescaling": True}
        return held.ResNetV2Backbone(**stages, input_shape=shape, **options)

    def pipeline() -> Any:
        start = keras.Input((64, 64, 3))
        x = keras.layers.GlobalAveragePooling2D()(small()(start))
        return keras.Model(start, keras.layers.Dense(3)(x))

    def output() -> Any:
        start = keras.Input((64, 64, 3))
        return keras.Model(start, small()(start))

    def layer(name: str, shape: tuple[int, ...], **options: Any) -> Any:
        start = keras.Input(shape)
        return keras.Model(start, keras.layers.ReLU()(getattr(keras_cv.layers, name)(**options)(start)))

    yield "small", small
    yield "small_open", partial(small, (None, None, 3))
    yield "pipeline", pipeline
    yield "output", output
    yield "classifier", lambda: held.ImageClassifier(backbone=small(), num_classes=4)
    yield "retinanet", lambda: held.RetinaNet(num_classes=3, bounding_box_format="xywh", backbone=small((64, 64, 3)))
    yield "deeplab", lambda: held.DeepLabV3Plus(backbone=small(), num_classes=3)
    for preset in BACKBONES.split():
        shape = (8, 64, 64, 3) if preset.startswith("video") else (64, 64, 3)
        yield preset, partial(backbone, preset, shape)
    yield "droppath", partial(layer, "DropPath", (8, 8, 3), rate=0.2)
    yield "squeeze", partial(layer, "SqueezeAndExcite2D", (8, 8, 6), filters=6)
    yield "mbconv", partial(layer, "MBConvBlock", (8, 8, 6), input_filters=6, output_filters=8)
    yield "fused", partial(layer, "FusedMBConvBlock", (8, 8, 6), input_filters=6, output_filters=8)
    yield "pyramid", partial(layer, "SpatialPyramidPooling", (8, 8, 6), dilation_rates=[2, 3], num_channels=4)
    yield "grid", partial(layer, "RandomCutout", (8, 8, 3), height_factor=0.1, width_factor=0.1)
