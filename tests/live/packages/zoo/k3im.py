"""Every model function of k3im."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.live.packages.zoo.filled import filled

FIRST = ("image_size", "img_size", "input_shape", "seq_len")

SMALL = {
    "image_size": 16,
    "image_patch_size": 4,
    "frames": 8,
    "frame_patch_size": 4,
    "seq_len": 32,
    "patch_size": 4,
    "freq_patch_size": 4,
    "num_classes": 5,
    "dim": 8,
    "depth": 2,
    "heads": 2,
    "mlp_dim": 12,
    "dim_head": 4,
    "cls_depth": 1,
    "embedding_dim": 8,
    "num_blocks": 2,
    "dropout_rate": 0.1,
    "filters": 8,
    "num_transformer_blocks": 2,
    "num_heads": 2,
    "dim_coefficient": 2,
    "attention_dropout": 0.1,
    "projection_dropout": 0.1,
    "spatial_depth": 1,
    "temporal_depth": 1,
    "pool": "mean",
    "token_learner_units": 4,
    "projection_dim": 8,
    "kernel_size": 3,
    "stride": 1,
    "padding": 1,
    "transformer_units": [16, 8],
    "stochastic_depth_rate": 0.1,
    "transformer_layers": 2,
    "hidden_units": 8,
}

SPECIAL: dict[str, dict[str, Any]] = {
    "CCT": {"input_shape": (16, 16, 3)},
    "CCT_1DModel": {"input_shape": (32, 3)},
    "CCT3DModel": {"input_shape": (8, 16, 16, 3)},
    "EANet": {"input_shape": (16, 16, 3)},
    "CrossViT": {
        "channels": 3,
        "sm_dim": 8,
        "lg_dim": 12,
        "sm_patch_size": 4,
        "sm_enc_depth": 1,
        "sm_enc_heads": 2,
        "sm_enc_mlp_dim": 12,
        "sm_enc_dim_head": 4,
        "lg_patch_size": 8,
        "lg_enc_depth": 1,
        "lg_enc_heads": 2,
        "lg_enc_mlp_dim": 12,
        "lg_enc_dim_head": 4,
        "cross_attn_depth": 1,
        "cross_attn_heads": 2,
        "cross_attn_dim_head": 4,
    },
    "FocalNetModel": {"img_size": 32, "patch_size": 4, "embed_dim": 8, "num_classes": 5},
    "VideoMixerModel": {"mlp_dim": 8},
    "SwinTModel": {
        "img_size": 16,
        "patch_size": (2, 2),
        "embed_dim": 8,
        "num_heads": 2,
        "window_size": 2,
        "num_mlp": 16,
        "qkv_bias": True,
        "shift_size": 1,
    },
}

NO_MODELS = ("PatchEmbed", "FocalNet")  # functions that return tensors or functions

EXPORTED = True  # the models are also exported as SavedModels


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import k3im

    modules = [module for module in pkgutil.iter_modules(k3im.__path__) if module.name != "commons"]
    for module in modules[:: 4 if quick else 1]:
        held = importlib.import_module(f"k3im.{module.name}")
        for name, function in inspect.getmembers(held, inspect.isfunction):
            own = function.__module__ == held.__name__
            first = next(iter(inspect.signature(function).parameters), "")
            if own and first in FIRST and name[0].isupper() | name.startswith("gMLP") and name not in NO_MODELS:
                yield f"{module.name}_{name}", partial(filled, function, SMALL, SPECIAL.get(name, {}))
