"""One or two models of each family of kimm, for small images."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

QUICK = ["GhostNet050", "MobileOneS0", "EfficientNetLiteB0", "VisionTransformerTiny16"]

NAMES = """
ConvMixer736D32 ConvNeXtAtto ConvNeXtPico DenseNet121 EfficientNetB0 EfficientNetLiteB0 EfficientNetV2B0 TinyNetE
GhostNet050 GhostNet100V2 GhostNetW050 GhostNetV2W100 GhostNetV3W050 HGNetTiny HGNetV2B0 InceptionNeXtTiny InceptionV3
MobileNetV2W050 MobileNetV3W050Small LCNet035 MobileOneS0 MobileOneS1 MobileViTS MobileViTV2W050 RegNetX002 RegNetY002
RegNetZ006 RepVGGA0 ResNet18 ResNet50 VGG11 VisionTransformerTiny16 VisionTransformerTiny32 Xception
"""

EXPORTED = True  # the models are also exported as SavedModels


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import kimm.models

    for name in QUICK if quick else NAMES.split():
        model = getattr(kimm.models, name, None)
        if model is None:
            continue
        size = 224 if name.startswith("Vision") else 75 if name in ("InceptionV3", "Xception") else 64
        yield name, partial(model, input_shape=(size, size, 3), weights=None, include_preprocessing=True)
        if not quick and name[-1] != "6" and not name.startswith(("VGG", "Mobile")):
            options = {"include_top": False, "weights": None, "include_preprocessing": False}
            yield f"{name}_features", partial(model, input_shape=(size, size, 3), **options)
