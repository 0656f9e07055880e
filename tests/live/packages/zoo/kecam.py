"""Models of kecam (keras_cv_attention_models) that can be built with Keras 3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

os.environ["KECAM_BACKEND"] = "tensorflow"

NAMES = """
mobilenetv3.MobileNetV3Small050 mobilenetv3.LCNet050 efficientnet.EfficientNetV1Lite0 fasternet.FasterNetT0
resnet_family.ResNet26T ghostnet.GhostNet_050 ghostnet.GhostNetV2_1X levit.LeViT128S repvit.RepViT_M09 tinynet.TinyNetE
edgenext.EdgeNeXt_XX_Small convnext.ConvNeXtAtto mobilevit.MobileViT_XXS mobilevit.MobileViT_V2_050 starnet.StarNet050
efficientformer.EfficientFormerV2S0 efficientvit.EfficientViT_M0 efficientvit.EfficientViT_B0 tinyvit.TinyViT_5M
coatnet.CoAtNetT caformer.PoolFormerV2S12 wave_mlp.WaveMLP_T gmlp.GMLPTiny16 mlp_mixer.ResMLP12 volo.VOLO_d1
cmt.CMTTiny uniformer.UniformerSmall32 pvt.PVT_V2B0 nat.NAT_Mini swin_transformer_v2.SwinTransformerV2Tiny_window8
fastvit.FastViT_T8 hornet.HorNetTiny gcvit.GCViT_XXTiny davit.DaViT_T vanillanet.VanillaNet5 iformer.IFormerSmall
"""


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import keras_cv_attention_models as kecam

    for name in NAMES.split():
        module, _, function = name.partition(".")
        build = getattr(getattr(kecam, module, None), function, None)
        if build is not None:
            yield function, partial(build, input_shape=(64, 64, 3), pretrained=None, num_classes=5)
