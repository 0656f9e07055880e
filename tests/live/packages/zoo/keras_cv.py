"""Backbones and tasks of keras_cv."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

# A small configuration of each backbone. The presets of keras_cv need a download.
BACKBONES: dict[str, dict[str, Any]] = {
    "ResNetBackbone": {
        "stackwise_filters": [64, 64],
        "stackwise_blocks": [2, 1],
        "stackwise_strides": [1, 2],
        "block_type": "basic_block",
    },
    "ResNetV2Backbone": {
        "stackwise_filters": [64, 64],
        "stackwise_blocks": [2, 2],
        "stackwise_strides": [1, 2],
        "stackwise_dilations": [1, 1],
    },
    "CSPDarkNetBackbone": {"stackwise_channels": [8, 12], "stackwise_depth": [1, 2]},
    "DenseNetBackbone": {"stackwise_num_repeats": [1, 2], "growth_rate": 4},
    "EfficientNetLiteBackbone": {
        "width_coefficient": 1.0,
        "depth_coefficient": 1.0,
        "stackwise_kernel_sizes": [3, 5],
        "stackwise_num_repeats": [1, 2],
        "stackwise_input_filters": [32, 16],
        "stackwise_output_filters": [16, 24],
        "stackwise_expansion_ratios": [1, 6],
        "stackwise_strides": [1, 2],
    },
    "EfficientNetV1Backbone": {
        "width_coefficient": 1.0,
        "depth_coefficient": 1.0,
        "stackwise_kernel_sizes": [3, 5],
        "stackwise_num_repeats": [1, 2],
        "stackwise_input_filters": [32, 16],
        "stackwise_output_filters": [16, 24],
        "stackwise_expansion_ratios": [1, 6],
        "stackwise_strides": [1, 2],
        "stackwise_squeeze_and_excite_ratios": [0.25, 0.25],
    },
    "EfficientNetV2Backbone": {
        "width_coefficient": 1.0,
        "depth_coefficient": 1.0,
        "stackwise_kernel_sizes": [3, 3],
        "stackwise_num_repeats": [1, 2],
        "stackwise_input_filters": [32, 16],
        "stackwise_output_filters": [16, 24],
        "stackwise_expansion_ratios": [1, 4],
        "stackwise_squeeze_and_excite_ratios": [0.0, 0.25],
        "stackwise_strides": [1, 2],
        "stackwise_conv_types": ["fused", "unfused"],
    },
    "MiTBackbone": {"depths": [1, 1, 1, 1], "embedding_dims": [8, 16, 24, 32]},
    "MobileNetV3Backbone": {
        "stackwise_expansion": [1, 4, 3],
        "stackwise_filters": [8, 16, 16],
        "stackwise_kernel_size": [3, 3, 5],
        "stackwise_stride": [2, 2, 1],
        "stackwise_se_ratio": [0.25, None, 0.25],
        "stackwise_activation": ["relu", "relu", "hard_swish"],
    },
    "YOLOV8Backbone": {"stackwise_channels": [8, 12], "stackwise_depth": [1, 1]},
    "ViTDetBackbone": {
        "patch_size": 8,
        "embed_dim": 16,
        "depth": 2,
        "mlp_dim": 24,
        "num_heads": 2,
        "out_chans": 8,
        "window_size": 4,
        "global_attention_indices": [1],
    },
    "VideoSwinBackbone": {
        "input_shape": (8, 32, 32, 3),
        "embed_dim": 12,
        "depths": [1, 1],
        "num_heads": [2, 3],
        "window_size": [2, 4, 4],
    },
}


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import keras
    import keras_cv

    held = keras_cv.models

    def backbone(name: str, options: dict[str, Any]) -> Any:
        return getattr(held, name)(**{"input_shape": (64, 64, 3), "include_rescaling": True, **options})

    def small(shape: tuple[int | None, ...] = (64, 64, 3), **options: Any) -> Any:
        stages: dict[str, Any] = {"stackwise_filters": [64, 64, 16, 16], "stackwise_blocks": [2, 2, 2, 2]}
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
    for name, options in BACKBONES.items():
        yield name, partial(backbone, name, options)
    yield "droppath", partial(layer, "DropPath", (8, 8, 3), rate=0.2)
    yield "squeeze", partial(layer, "SqueezeAndExcite2D", (8, 8, 6), filters=6)
    yield "mbconv", partial(layer, "MBConvBlock", (8, 8, 6), input_filters=6, output_filters=8)
    yield "fused", partial(layer, "FusedMBConvBlock", (8, 8, 6), input_filters=6, output_filters=8)
    yield "pyramid", partial(layer, "SpatialPyramidPooling", (8, 8, 6), dilation_rates=[2, 3], num_channels=4)
    yield "grid", partial(layer, "RandomCutout", (8, 8, 3), height_factor=0.1, width_factor=0.1)
