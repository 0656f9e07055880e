"""Every backbone of keras_hub in a small configuration, and every task for such a backbone.

SMALL has values for arguments of all classes, by the argument's name. SPECIAL has values for single classes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.live.packages.zoo.filled import filled

QUICK = [
    "BertBackbone",
    "GPT2Backbone",
    "MistralBackbone",
    "DenseNetBackbone",
    "ViTBackbone",
    "T5Backbone",
    "BloomBackbone",
]

SMALL: dict[str, Any] = {
    "vocabulary_size": 20,
    "vocab_size": 20,
    "num_layers": 2,
    "num_heads": 2,
    "num_attention_heads": 2,
    "num_query_heads": 2,
    "num_key_value_heads": 1,
    "hidden_dim": 8,
    "intermediate_dim": 12,
    "embedding_dim": 8,
    "head_dim": 4,
    "max_sequence_length": 12,
    "image_shape": (32, 32, 3),
    "image_size": 16,
    "patch_size": 4,
    "projection_dim": 6,
    "num_experts": 3,
    "moe_intermediate_dim": 6,
    "top_k": 2,
    "sliding_window": 4,
    "sliding_window_size": 4,
    "num_classes": 3,
    "input_channels": 3,
    "output_channels": 3,
}


def _hub(name: str) -> Any:
    """Returns the class of keras_hub with this name, even if keras_hub does not export the class."""
    return _subclasses()[name]


def _small(name: str, /, **special: Any) -> Any:
    return filled(_hub(name), SMALL, SPECIAL.get(name, {}) | special)


def _layer(name: str, **options: Any) -> Any:
    import keras_hub

    return getattr(keras_hub.layers, name)(**options)


def _encoder(**options: Any) -> Any:
    return _small("ResNetBackbone", image_shape=(32, 32, 3), **options)


_T5GEMMA = {
    "encoder_hidden_dim": 8,
    "encoder_intermediate_dim": 12,
    "encoder_num_layers": 2,
    "encoder_num_attention_heads": 2,
    "encoder_num_key_value_heads": 1,
    "encoder_head_dim": 4,
    "encoder_layer_types": ["sliding_attention", "full_attention"],
    "decoder_hidden_dim": 8,
    "decoder_intermediate_dim": 12,
    "decoder_num_layers": 2,
    "decoder_num_attention_heads": 2,
    "decoder_num_key_value_heads": 1,
    "decoder_head_dim": 4,
    "decoder_layer_types": ["sliding_attention", "full_attention"],
}
_QWEN3_5 = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 4,
    "linear_value_head_dim": 4,
    "layer_types": ["linear_attention", "full_attention"],
}
_SAM3 = {"num_layers": 2, "hidden_dim": 32, "intermediate_dim": 12, "num_heads": 2}

SPECIAL: dict[str, dict[str, Any]] = {
    "AlbertBackbone": {"embedding_dim": 4},
    "BASNetBackbone": {
        "image_encoder": lambda: _small(
            "ResNetBackbone",
            stackwise_num_filters=[64] * 4,
            stackwise_num_blocks=[1] * 4,
            stackwise_num_strides=[1, 2, 2, 2],
            image_shape=(None, None, 3),
        ),
        "projection_filters": 64,
    },
    "CLIPBackbone": {
        "vision_encoder": lambda: _small("CLIPVisionEncoder"),
        "text_encoder": lambda: _small("CLIPTextEncoder"),
    },
    "MetaCLIP2Backbone": {
        "vision_encoder": lambda: _small("MetaCLIP2VisionEncoder"),
        "text_encoder": lambda: _small("MetaCLIP2TextEncoder"),
    },
    "SigLIPBackbone": {
        "vision_encoder": lambda: _small("SigLIPVisionEncoder"),
        "text_encoder": lambda: _small("SigLIPTextEncoder"),
    },
    "CSPNetBackbone": {
        "stem_filters": 4,
        "stem_kernel_size": 3,
        "stem_strides": 2,
        "stackwise_depth": [1, 2],
        "stackwise_strides": [1, 2],
        "stackwise_num_filters": [8, 12],
        "stage_type": "dark",
        "block_type": "dark_block",
        "bottle_ratio": [0.5, 1.0],
        "block_ratio": [1.0, 1.0],
        "expand_ratio": [1.0, 1.0],
    },
    "DINOV2Backbone": {"image_shape": (16, 16, 3), "position_embedding_shape": (16, 16, 3), "num_register_tokens": 2},
    "DINOV3Backbone": {"image_shape": (16, 16, 3)},
    "DeepLabV3Backbone": {
        "image_encoder": lambda: _encoder(),
        "spatial_pyramid_pooling_key": "P3",
        "upsampling_size": 2,
        "dilation_rates": [2, 3],
        "low_level_feature_key": "P2",
        "projection_filters": 4,
    },
    "DeiTBackbone": {"image_shape": (16, 16, 3)},
    "DenseNetBackbone": {"stackwise_num_repeats": [1, 2], "growth_rate": 4},
    "EdRecBackbone": {"num_layers_enc": 1, "num_layers_dec": 2},
    "EfficientNetBackbone": {
        "stackwise_width_coefficients": [0.5, 0.5],
        "stackwise_depth_coefficients": [1.0, 1.0],
        "stackwise_kernel_sizes": [3, 5],
        "stackwise_num_repeats": [1, 2],
        "stackwise_input_filters": [16, 8],
        "stackwise_output_filters": [8, 16],
        "stackwise_expansion_ratios": [1, 4],
        "stackwise_strides": [1, 2],
        "stackwise_squeeze_and_excite_ratios": [0.25, 0.25],
        "stackwise_block_types": ["v1", "fused"],
        "stackwise_force_input_filters": [0, 0],
        "stackwise_nores_option": [False, False],
        "num_features": 24,
        "input_shape": (32, 32, 3),
    },
    "ElectraBackbone": {"embedding_dim": 4},
    "FluxBackbone": {
        "input_channels": 6,
        "hidden_size": 8,
        "mlp_ratio": 2.0,
        "num_heads": 2,
        "depth": 1,
        "depth_single_blocks": 1,
        "axes_dim": [2, 2],
        "theta": 100,
        "use_bias": True,
        "guidance_embed": True,
        "image_shape": (6, 6),
        "text_shape": (5, 6),
        "image_ids_shape": (6, 2),
        "text_ids_shape": (5, 2),
        "y_shape": (8,),
    },
    "Gemma3Backbone": {"image_size": 16, "vision_encoder": None},
    "GptOssBackbone": {},
    "HGNetV2Backbone": {
        "depths": [1, 1],
        "embedding_size": 8,
        "hidden_sizes": [8, 12],
        "stem_channels": [3, 6, 8],
        "hidden_act": "relu",
        "use_learnable_affine_block": True,
        "apply_downsample": [False, True],
        "stackwise_stage_filters": [[8, 4, 8, 1, 2, 3], [8, 4, 12, 1, 2, 3]],
        "use_lightweight_conv_block": [False, True],
    },
    "MMDiT": {
        "patch_size": 2,
        "hidden_dim": 8,
        "num_heads": 2,
        "position_size": 8,
        "latent_shape": (8, 8, 4),
        "context_shape": (None, 6),
        "pooled_projection_shape": (5,),
        "qk_norm": "rms_norm",
        "dual_attention_indices": (0,),
    },
    "MiTBackbone": {
        "layerwise_depths": [1, 1],
        "num_layers": 2,
        "layerwise_num_heads": [1, 2],
        "layerwise_sr_ratios": [4, 1],
        "max_drop_path_rate": 0.1,
        "layerwise_patch_sizes": [7, 3],
        "layerwise_strides": [4, 2],
        "hidden_dims": [4, 8],
    },
    "MobileNetBackbone": {
        "stackwise_expansion": [[8, 16], [24]],
        "stackwise_num_blocks": [2, 1],
        "stackwise_num_filters": [[8, 8], [12]],
        "stackwise_kernel_size": [[3, 3], [5]],
        "stackwise_num_strides": [[2, 1], [2]],
        "stackwise_se_ratio": [[0.25, None], [0.25]],
        "stackwise_activation": [["relu", "relu"], ["hard_swish"]],
        "stackwise_padding": [[1, 1], [2]],
        "output_num_filters": 24,
        "depthwise_filters": 8,
        "depthwise_stride": 2,
        "depthwise_residual": False,
        "last_layer_filter": 24,
        "squeeze_and_excite": 0.5,
        "input_num_filters": 8,
    },
    "MoonshineBackbone": {
        "filter_dim": 8,
        "encoder_num_layers": 1,
        "decoder_num_layers": 1,
        "encoder_num_heads": 2,
        "decoder_num_heads": 2,
    },
    "PARSeqBackbone": {
        "image_encoder": lambda: _small("ViTBackbone", use_class_token=False),
        "max_label_length": 6,
        "decoder_hidden_dim": 8,
        "num_decoder_layers": 1,
        "num_decoder_heads": 2,
        "decoder_mlp_dim": 12,
    },
    "PaliGemmaBackbone": {
        "image_size": 16,
        "vit_patch_size": 4,
        "vit_num_heads": 2,
        "vit_hidden_dim": 8,
        "vit_num_layers": 1,
        "vit_intermediate_dim": 12,
        "vit_classifier_activation": None,
    },
    "Qwen3_5Backbone": _QWEN3_5,
    "Qwen3_5MoeBackbone": {**_QWEN3_5, "shared_expert_intermediate_size": 6},
    "QwenMoeBackbone": {"shared_expert_intermediate_dim": 6},
    "RQVAEBackbone": {
        "input_dim": 10,
        "encoder_layer_dims": [8],
        "output_dim": 4,
        "decoder_layer_dims": [8],
        "num_embeddings": 6,
        "num_quantizers": 2,
    },
    "RWKV7Backbone": {
        "hidden_size": 8,
        "head_size": 4,
        "gate_lora": 4,
        "mv_lora": 3,
        "aaa_lora": 3,
        "decay_lora": 3,
    },
    "ResNetBackbone": {
        "input_conv_filters": [64],
        "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 64],
        "stackwise_num_blocks": [2, 1],
        "stackwise_num_strides": [1, 2],
        "block_type": "basic_block",
    },
    "RetinaNetBackbone": {
        "image_encoder": lambda: _encoder(
            stackwise_num_filters=[64] * 4, stackwise_num_blocks=[1] * 4, stackwise_num_strides=[1, 2, 2, 2]
        ),
        "min_level": 3,
        "max_level": 6,
        "use_p5": False,
    },
    "RoformerV2Backbone": {"head_size": 4},
    "SAM3PromptableConceptBackbone": {
        "vision_encoder": lambda: _layer(
            "SAM3VisionEncoder",
            **{**_SAM3, "image_shape": (56, 56, 3), "patch_size": 14},
            fpn_hidden_dim=32,
            fpn_scale_factors=[4.0, 2.0, 1.0, 0.5],
            pretrain_image_shape=(28, 28, 3),
            window_size=2,
            global_attn_indexes=[1],
        ),
        "text_encoder": lambda: _layer("SAM3TextEncoder", vocabulary_size=20, embedding_dim=8, **_SAM3),
        "geometry_encoder": lambda: _layer("SAM3GeometryEncoder", roi_size=7, **_SAM3),
        "detr_encoder": lambda: _layer("SAM3DetrEncoder", **_SAM3),
        "detr_decoder": lambda: _layer(
            "SAM3DetrDecoder", image_shape=(56, 56, 3), patch_size=14, num_queries=6, **_SAM3
        ),
        "mask_decoder": lambda: _layer("SAM3MaskDecoder", num_upsampling_stages=3, hidden_dim=32, num_heads=2),
    },
    "SAMBackbone": {
        "image_encoder": lambda: _small("ViTDetBackbone", image_shape=(32, 32, 3), num_output_channels=8),
        "prompt_encoder": lambda: _layer(
            "SAMPromptEncoder",
            hidden_size=8,
            image_embedding_size=(8, 8),
            input_image_size=(32, 32),
            mask_in_channels=4,
        ),
        "mask_decoder": lambda: _layer(
            "SAMMaskDecoder",
            num_layers=1,
            hidden_size=8,
            intermediate_dim=12,
            num_heads=2,
            embedding_dim=8,
            num_multimask_outputs=3,
            iou_head_depth=2,
            iou_head_hidden_dim=8,
        ),
    },
    "BLIP2Backbone": {"vision_encoder": None, "qformer": None, "language_model": lambda: _small("OPTBackbone")},
    "DFineBackbone": {
        "backbone": lambda: _small(
            "HGNetV2Backbone", image_shape=(64, 64, 3), out_features=["stage1", "stage2"], hidden_sizes=[8, 12]
        ),
        "decoder_in_channels": [8, 8],
        "encoder_hidden_dim": 8,
        "num_labels": 4,
        "num_denoising": 0,
        "learn_initial_query": False,
        "num_queries": 6,
        "anchor_image_size": (64, 64),
        "feat_strides": [4, 8],
        "num_feature_levels": 2,
        "encoder_in_channels": [8, 12],
        "encode_proj_layers": [1],
        "encoder_ffn_dim": 12,
        "num_encoder_layers": 1,
        "hidden_expansion": 0.5,
        "depth_multiplier": 0.5,
        "eval_idx": -1,
        "num_decoder_layers": 2,
        "decoder_attention_heads": 2,
        "decoder_ffn_dim": 12,
        "decoder_n_points": [2, 2],
        "lqe_hidden_dim": 6,
        "num_lqe_layers": 2,
        "out_features": ["stage1", "stage2"],
        "image_shape": (64, 64, 3),
        "seed": 0,
    },
    "DepthAnythingBackbone": {
        "image_encoder": lambda: _small(
            "DINOV2Backbone", num_layers=4, image_shape=(32, 32, 3), position_embedding_shape=(32, 32, 3)
        ),
        "reassemble_factors": [4, 2, 1, 0.5],
        "neck_hidden_dims": [4, 4, 8, 8],
        "fusion_hidden_dim": 8,
        "head_hidden_dim": 4,
        "head_in_index": -1,
        "feature_keys": ["stage1", "stage2", "stage3", "stage4"],
    },
    "Gemma3nBackbone": {
        "text_vocab_size": 20,
        "text_hidden_size": 8,
        "num_hidden_layers": 2,
        "pad_token_id": 0,
        "intermediate_size": [12, 12],
        "hidden_activation": "gelu_approximate",
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_theta": 100.0,
        "max_position_embeddings": 16,
        "vocab_size_per_layer_input": 20,
        "hidden_size_per_layer_input": 2,
        "altup_num_inputs": 2,
        "laurel_rank": 1,
    },
    "MobileNetV5Backbone": {
        "stackwise_block_types": [["er"], ["uir", "uir"]],
        "stackwise_num_blocks": [1, 2],
        "stackwise_num_filters": [[8], [12, 12]],
        "stackwise_strides": [[2], [2, 1]],
        "stackwise_act_layers": [["relu"], ["relu", "relu"]],
        "stackwise_exp_ratios": [[2.0], [3.0, 3.0]],
        "stackwise_se_ratios": [[0.0], [0.0, 0.0]],
        "stackwise_dw_kernel_sizes": [[0], [5, 5]],
        "stackwise_dw_start_kernel_sizes": [[0], [0, 0]],
        "stackwise_dw_end_kernel_sizes": [[0], [0, 0]],
        "stackwise_exp_kernel_sizes": [[3], [0, 0]],
        "stackwise_pw_kernel_sizes": [[1], [0, 0]],
        "stackwise_num_heads": [[0], [0, 0]],
        "stackwise_key_dims": [[0], [0, 0]],
        "stackwise_value_dims": [[0], [0, 0]],
        "stackwise_kv_strides": [[0], [0, 0]],
        "stackwise_use_cpe": [[False], [False, False]],
        "use_msfa": False,
        "num_features": 16,
    },
    "SegFormerBackbone": {"image_encoder": lambda: _small("MiTBackbone"), "projection_filters": 6},
    "SmolLM3Backbone": {
        "attention_bias": False,
        "attention_dropout": 0.0,
        "rope_layer_enabled_list": [True, False],
        "layer_types": ["full_attention", "full_attention"],
        "mlp_bias": False,
        "layer_norm_epsilon": 1e-6,
        "max_position_embeddings": 16,
        "rope_theta": 100.0,
        "partial_rotary_factor": 1.0,
    },
    "StableDiffusion3Backbone": {
        "mmdit_patch_size": 2,
        "mmdit_hidden_dim": 8,
        "mmdit_num_layers": 1,
        "mmdit_num_heads": 2,
        "mmdit_position_size": 8,
        "mmdit_qk_norm": None,
        "mmdit_dual_attention_indices": None,
        "vae": lambda: _small("VAEBackbone"),
        "clip_l": lambda: _small("CLIPTextEncoder", name="clip_l", intermediate_output_index=-2),
        "clip_g": lambda: _small(
            "CLIPTextEncoder", name="clip_g", embedding_dim=6, hidden_dim=6, intermediate_output_index=-2
        ),
        "latent_channels": 4,
        "image_shape": (32, 32, 3),
    },
    "SwinTransformerBackbone": {
        "embed_dim": 8,
        "depths": [1, 2],
        "num_heads": [1, 2],
        "window_size": 2,
        "patch_size": 4,
    },
    "T5GemmaBackbone": _T5GEMMA,
    "T5Gemma2Backbone": _T5GEMMA,
    "VAEBackbone": {
        "encoder_num_filters": [32, 32],
        "encoder_num_blocks": [1, 1],
        "decoder_num_filters": [32, 32],
        "decoder_num_blocks": [1, 1],
        "sample_channels": 8,
    },
    "VGGBackbone": {"stackwise_num_repeats": [1, 2], "stackwise_num_filters": [4, 8]},
    "ViTBackbone": {"image_shape": (16, 16, 3), "mlp_dim": 12},
    "ViTDetBackbone": {
        "hidden_size": 8,
        "global_attention_layer_indices": [1],
        "image_shape": (16, 16, 3),
        "num_output_channels": 4,
        "window_size": 2,
    },
    "VideoPrismBackbone": {
        "num_frames": 2,
        "num_spatial_layers": 1,
        "num_temporal_layers": 1,
        "num_auxiliary_layers": 0,
        "image_shape": (16, 16, 3),
    },
    "WhisperBackbone": {"num_mels": 8, "max_encoder_sequence_length": 12, "max_decoder_sequence_length": 10},
    "XceptionBackbone": {"stackwise_conv_filters": [[4, 8], [8, 12]], "stackwise_pooling": [True, False]},
    # Tasks
    "RetinaNetObjectDetector": {"pre_logits_num_conv_layers": 1},
    "VGGImageClassifier": {"pooling_hidden_dim": 12},
    "MobileNetImageClassifier": {"num_features": 12},
    "MobileNetV5ImageClassifier": {"head_hidden_size": 12},
    "Gemma4AssistantCausalLM": {
        "backbone_hidden_size": 8,
        "num_centroids": 4,
        "centroid_intermediate_top_k": 2,
        "use_ordered_embeddings": False,
    },
    "DepthAnythingDepthEstimator": {"depth_estimation_type": "relative"},
}

# This task cannot be built without a tokenizer.
NO_MODELS = ("PARSeqCausalLM",)

EXPORTED = True  # the models are also exported as SavedModels


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model: the backbones first."""
    from keras_hub.src.models.backbone import Backbone
    from keras_hub.src.models.task import Task

    classes = _subclasses()
    backbones = [name for name, cls in classes.items() if issubclass(cls, Backbone)]
    for name in backbones:
        if name != "FeaturePyramidBackbone" and (not quick or name in QUICK):
            yield name, partial(_small, name)
    for name, cls in classes.items():
        if not issubclass(cls, Task) or getattr(cls, "backbone_cls", None) is None or name in NO_MODELS:
            continue
        of = cls.backbone_cls.__name__
        if not quick or of in QUICK:
            yield name, partial(_task, name, of)


def _task(name: str, backbone: str) -> Any:
    import keras_hub

    options: dict[str, Any] = {}
    if name == "BLIP2Seq2SeqLM":
        language = {"num_query_tokens": 0, "qformer_hidden_dim": 8}
        options = {"language_model": filled(keras_hub.models.BLIP2FlanT5, SMALL, language)}
    return _small(name, backbone=_small(backbone, **options), preprocessor=None)


def _subclasses() -> dict[str, Any]:
    """Returns all backbones and tasks of keras_hub by name, including those that keras_hub does not export."""
    import keras_hub
    from keras_hub.src import models
    from keras_hub.src.models.backbone import Backbone
    from keras_hub.src.models.task import Task

    if not _CLASSES:
        assert keras_hub
        for module in pkgutil.walk_packages(models.__path__, "keras_hub.src.models."):
            importlib.import_module(module.name)
        todo = [Backbone, Task]
        while todo:
            for cls in todo.pop().__subclasses__():
                _CLASSES[cls.__name__] = cls
                todo.append(cls)
    return dict(sorted(_CLASSES.items()))


_CLASSES: dict[str, Any] = {}
