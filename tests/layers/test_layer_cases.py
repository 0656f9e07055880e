"""Tests every layer of the catalogue with examples: arguments and input shapes, and the expected result.

A row is (layer, arguments, input shapes, output shape, weight shapes, source). The input and output shapes are written
without the batch axis. Every layer of the catalogue must have a row here, a summary, and an example that can be run.
"""

from __future__ import annotations

from math import inf, prod
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN, plain
from convcalc.base.problems import Refusal, Source
from convcalc.layers import CATALOGUE, apply, bind, find, layer, parameters
from convcalc.layers.examples import example_spec
from convcalc.read.spec.spec import read_spec

KERAS = "Keras 3.15.1, run"
RULE = "the layer's rule, by hand"
CASES: list[tuple[str, dict[str, Any], Any, Any, list[tuple[int, ...]], str]] = [
    ("Conv2D", {"filters": 32, "kernel_size": 3}, (28, 28, 1), (26, 26, 32), [(3, 3, 1, 32), (32,)], KERAS),
    ("Conv2D", {"filters": 64, "kernel_size": 3}, (28, 28, 32), (26, 26, 64), [(3, 3, 32, 64), (64,)], KERAS),
    (
        "Conv2D",
        {"filters": 32, "kernel_size": 3, "groups": 4},
        (8, 8, 16),
        (6, 6, 32),
        [(3, 3, 4, 32), (32,)],
        f"{KERAS}: 1,184",
    ),
    (
        "Conv2D",
        {"filters": 8, "kernel_size": 3},
        (None, None, 3),
        (None, None, 8),
        [(3, 3, 3, 8), (8,)],
        f"{KERAS}: 224",
    ),
    (
        "Conv2D",
        {"filters": 8, "kernel_size": 3, "data_format": "channels_first"},
        (3, 9, 8),
        (8, 7, 6),
        [(3, 3, 3, 8), (8,)],
        RULE,
    ),
    (
        "Conv1D",
        {"filters": 8, "kernel_size": 3, "dilation_rate": 2, "padding": "causal"},
        (50, 4),
        (50, 8),
        [(3, 4, 8), (8,)],
        f"{KERAS}: 104",
    ),
    ("Conv1D", {"filters": 8, "kernel_size": 3, "padding": "causal"}, (0, 4), (0, 8), [(3, 4, 8), (8,)], KERAS),
    ("Conv1D", {"filters": 8, "kernel_size": 3, "padding": "SAME"}, (9, 4), (9, 8), [(3, 4, 8), (8,)], KERAS),
    ("Conv3D", {"filters": 2, "kernel_size": 2}, (4, 4, 4, 1), (3, 3, 3, 2), [(2, 2, 2, 1, 2), (2,)], RULE),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, (4, 5), (9, 2), [(3, 2, 5), (2,)], KERAS),
    (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
        (4, 4, 5),
        (8, 8, 2),
        [(3, 3, 2, 5), (2,)],
        KERAS,
    ),
    (
        "Conv3DTranspose",
        {"filters": 2, "kernel_size": 2, "use_bias": False},
        (2, 2, 2, 3),
        (3, 3, 3, 2),
        [(2, 2, 2, 2, 3)],
        RULE,
    ),
    ("DepthwiseConv1D", {"kernel_size": 3}, (8, 4), (6, 4), [(3, 4, 1), (4,)], RULE),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "padding": "same"},
        (8, 8, 16),
        (8, 8, 16),
        [(3, 3, 16, 1), (16,)],
        f"{KERAS}: 160",
    ),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "depth_multiplier": 2},
        (8, 8, 16),
        (6, 6, 32),
        [(3, 3, 16, 2), (32,)],
        f"{KERAS}: 320",
    ),
    ("SeparableConv1D", {"filters": 6, "kernel_size": 3}, (8, 4), (6, 6), [(3, 4, 1), (1, 4, 6), (6,)], RULE),
    (
        "SeparableConv2D",
        {"filters": 100, "kernel_size": 5},
        (8, 8, 10),
        (4, 4, 100),
        [(5, 5, 10, 1), (1, 1, 10, 100), (100,)],
        f"{KERAS}: 1,350",
    ),
    ("MaxPooling1D", {}, (7, 3), (3, 3), [], KERAS),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2}, (112, 112, 4), (55, 55, 4), [], KERAS),
    ("MaxPooling3D", {"padding": "same"}, (7, 7, 7, 2), (4, 4, 4, 2), [], KERAS),
    ("AveragePooling1D", {"pool_size": 2}, (7, 3), (3, 3), [], KERAS),
    ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, (112, 112, 4), (56, 56, 4), [], KERAS),
    ("AveragePooling3D", {"pool_size": 2}, (4, 6, 8, 2), (2, 3, 4, 2), [], RULE),
    ("GlobalMaxPooling1D", {}, (7, 3), (3,), [], RULE),
    ("GlobalMaxPooling2D", {"keepdims": True}, (7, 7, 3), (1, 1, 3), [], RULE),
    ("GlobalMaxPooling2D", {"data_format": "CHANNELS_FIRST"}, (3, 4, 5), (3,), [], f"{KERAS}: in any case"),
    ("GlobalMaxPooling3D", {"data_format": "channels_first"}, (3, 4, 5, 6), (3,), [], RULE),
    ("GlobalAveragePooling1D", {"keepdims": True}, (None, 3), (1, 3), [], RULE),
    ("GlobalAveragePooling2D", {}, (7, 7, 3), (3,), [], RULE),
    (
        "GlobalAveragePooling3D",
        {"keepdims": True, "data_format": "channels_first"},
        (3, 4, 5, 6),
        (3, 1, 1, 1),
        [],
        RULE,
    ),
    ("ZeroPadding1D", {"padding": [1, 2]}, (5, 3), (8, 3), [], RULE),
    ("ZeroPadding2D", {"padding": [[1, 0], [1, 0]]}, (6, 6, 3), (7, 7, 3), [], RULE),
    ("ZeroPadding3D", {"padding": [1, 2, 3]}, (4, 4, 4, 1), (6, 8, 10, 1), [], RULE),
    ("Cropping1D", {"cropping": [1, 2]}, (5, 3), (2, 3), [], RULE),
    ("Cropping2D", {"cropping": 2}, (8, 9, 3), (4, 5, 3), [], RULE),
    ("Cropping3D", {}, (4, 4, 4, 1), (2, 2, 2, 1), [], RULE),
    ("UpSampling1D", {"size": 3}, (5, 3), (15, 3), [], RULE),
    ("UpSampling2D", {"size": [2, 3], "interpolation": "bilinear"}, (5, None, 3), (10, None, 3), [], RULE),
    ("UpSampling3D", {"data_format": "channels_first"}, (1, 2, 3, 4), (1, 4, 6, 8), [], RULE),
    ("Flatten", {}, (13, 13, 64), (10_816,), [], KERAS),
    ("UpSampling2D", {"interpolation": "Nearest"}, (5, 4, 3), (10, 8, 3), [], KERAS),
    ("Reshape", {"target_shape": [-1, 4]}, (2, 3, 8), (12, 4), [], RULE),
    ("Reshape", {"target_shape": [-1, 1]}, (4,), (4, 1), [], RULE),
    ("Reshape", {"target_shape": [-1, 2]}, (None, 4), (None, 2), [], RULE),
    ("Reshape", {"target_shape": [3, 4]}, (None, 4), (3, 4), [], RULE),
    ("Reshape", {"target_shape": [None, 2]}, (4, 2), (None, 2), [], RULE),
    ("Permute", {"dims": [2, 1]}, (10, 64), (64, 10), [], RULE),
    ("RepeatVector", {"n": 3}, (32,), (3, 32), [], RULE),
    ("InputLayer", {"shape": [28, 28, 1]}, None, (28, 28, 1), [], RULE),
    ("Dense", {"units": 100}, (10_816,), (100,), [(10_816, 100), (100,)], f"{KERAS}: 1,081,700"),
    ("Dense", {"units": 10}, (7, 7, 64), (7, 7, 10), [(64, 10), (10,)], f"{KERAS}: 650"),
    ("Dense", {"units": 10, "lora_rank": 2}, (64,), (10,), [(64, 10), (10,), (64, 2), (2, 10)], RULE),
    ("Embedding", {"input_dim": 1, "output_dim": 1}, (20,), (20, 1), [(1, 1)], RULE),
    ("Embedding", {"input_dim": 1000, "output_dim": 16}, (20,), (20, 16), [(1000, 16)], RULE),
    ("Identity", {}, (3, 4), (3, 4), [], RULE),
    ("Activation", {"activation": "relu"}, (3,), (3,), [], RULE),
    ("ReLU", {"max_value": 6}, (3,), (3,), [], RULE),
    ("LeakyReLU", {}, (3,), (3,), [], RULE),
    ("ELU", {}, (3,), (3,), [], RULE),
    ("Softmax", {}, (3,), (3,), [], RULE),
    ("PReLU", {}, (4, 5), (4, 5), [(4, 5)], RULE),
    ("PReLU", {"shared_axes": [1, 2]}, (4, 5, 6), (4, 5, 6), [(1, 1, 6)], RULE),
    ("BatchNormalization", {}, (512,), (512,), [(512,)] * 4, f"{KERAS}: 2,048"),
    ("BatchNormalization", {"scale": False, "renorm": True}, (8, 6), (8, 6), [(6,)] * 6, RULE),
    ("LayerNormalization", {}, (512,), (512,), [(512,)] * 2, f"{KERAS}: 1,024"),
    ("LayerNormalization", {"axis": [1, 2], "center": False}, (4, 5, 6), (4, 5, 6), [(4, 5)], RULE),
    (
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"rmin": 1, "rmax": 1, "dmax": 0}},
        (3,),
        (3,),
        [(3,)] * 7,
        KERAS,
    ),
    ("LayerNormalization", {"scale": False, "center": False}, (None,), (None,), [], KERAS),
    ("GroupNormalization", {"groups": -1}, (8, 3), (8, 3), [(3,)] * 2, RULE),
    ("GroupNormalization", {"groups": 4}, (8, 8, 16), (8, 8, 16), [(16,)] * 2, RULE),
    ("Add", {}, [(4, 1), (1, 3)], (4, 3), [], RULE),
    ("Subtract", {}, [(4,), (4,)], (4,), [], RULE),
    ("Multiply", {}, [(4, 4, 8), (8,)], (4, 4, 8), [], RULE),
    ("Average", {}, [(4,), (4,), (4,)], (4,), [], RULE),
    ("Maximum", {}, [(None,), (4,)], (None,), [], RULE),
    ("Minimum", {}, [(4,), (4,)], (4,), [], RULE),
    ("Concatenate", {}, [(4, 3), (4, 5)], (4, 8), [], RULE),
    ("Concatenate", {}, [(4, 3), (None, 5)], (4, 8), [], f"{KERAS}: the other axes are the first's"),
    ("Concatenate", {"axis": 1}, [(4, 3), (None, 3)], (None, 3), [], RULE),
    ("Dot", {"axes": [2, 1]}, [(3, 4), (4, 5)], (3, 5), [], RULE),
    ("Dot", {"axes": 1}, [(4,), (4,)], (1,), [], RULE),
    ("Dot", {"axes": 1}, [(4, 5), (4, 6, 7)], (5, 6, 7), [], KERAS),
    ("Dot", {"axes": -5}, [(4,), (4,)], (1,), [], f"{KERAS}: -5 goes around to axis 1"),
    ("Dropout", {"rate": 0.5}, (3,), (3,), [], RULE),
    ("AlphaDropout", {"rate": 0.5}, (3,), (3,), [], RULE),
    ("GaussianDropout", {"rate": 0.5}, (3,), (3,), [], RULE),
    ("GaussianNoise", {"stddev": 0.5}, (3,), (3,), [], RULE),
    ("SpatialDropout1D", {"rate": 0.5}, (3, 4), (3, 4), [], RULE),
    ("SpatialDropout2D", {"rate": 0.5}, (3, 4, 5), (3, 4, 5), [], RULE),
    ("SpatialDropout3D", {"rate": 0.5}, (3, 4, 5, 6), (3, 4, 5, 6), [], RULE),
    ("ActivityRegularization", {"l2": 0.1}, (3,), (3,), [], RULE),
    ("ActivityRegularization", {"l1": None}, (3,), (3,), [], KERAS),
    ("Rescaling", {"scale": 0.5}, (3,), (3,), [], RULE),
    ("Normalization", {}, (5, 3), (5, 3), [(3,), (3,), ()], KERAS),
    ("Normalization", {"mean": 0.0, "variance": 1.0}, (5, 3), (5, 3), [], RULE),
    ("Pipeline", {"layers": [{"Rescaling": 0.5}, "Flatten"]}, (5, 3), (15,), [], RULE),
    ("SimpleRNN", {"units": 32}, (5, 16), (32,), [(16, 32), (32, 32), (32,)], f"{KERAS}: 1,568"),
    ("LSTM", {"units": 32}, (5, 16), (32,), [(16, 128), (32, 128), (128,)], f"{KERAS}: 6,272"),
    (
        "GRU",
        {"units": 32, "return_sequences": True},
        (5, 16),
        (5, 32),
        [(16, 96), (32, 96), (2, 96)],
        f"{KERAS}: 4,800",
    ),
    ("GRU", {"units": 32, "reset_after": False}, (5, 16), (32,), [(16, 96), (32, 96), (96,)], f"{KERAS}: 4,704"),
    ("SimpleRNNCell", {"units": 4}, [(3,), (4,)], [(4,), (4,)], [(3, 4), (4, 4), (4,)], RULE),
    ("LSTMCell", {"units": 4}, [(3,), (4,), (4,)], [(4,), (4,), (4,)], [(3, 16), (4, 16), (16,)], RULE),
    ("GRUCell", {"units": 4, "use_bias": False}, [(3,), (4,)], [(4,), (4,)], [(3, 12), (4, 12)], RULE),
    (
        "StackedRNNCells",
        {"cells": [{"GRUCell": 4}, {"SimpleRNNCell": 2}]},
        [(3,), (4,), (2,)],
        [(2,), (4,), (2,)],
        [(3, 12), (4, 12), (2, 12), (4, 2), (2, 2), (2,)],
        RULE,
    ),
    (
        "RNN",
        {"cell": {"LSTMCell": 4}, "return_state": True},
        (None, 3),
        [(4,), (4,), (4,)],
        [(3, 16), (4, 16), (16,)],
        RULE,
    ),
    ("Bidirectional", {"layer": {"GRU": 32}}, (5, 16), (64,), [(16, 96), (32, 96), (2, 96)] * 2, f"{KERAS}: 9,600"),
    ("TimeDistributed", {"layer": {"Conv2D": [2, 3]}}, (5, 6, 6, 1), (5, 4, 4, 2), [(3, 3, 1, 2), (2,)], RULE),
    ("ConvLSTM1D", {"filters": 2, "kernel_size": 3}, (5, 8, 3), (6, 2), [(3, 3, 8), (3, 2, 8), (8,)], RULE),
    (
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": 3, "padding": "same", "return_sequences": True, "data_format": "channels_first"},
        (5, 3, 8, 7),
        (5, 2, 8, 7),
        [(3, 3, 3, 8), (3, 3, 2, 8), (8,)],
        RULE,
    ),
    (
        "ConvLSTM3D",
        {"filters": 2, "kernel_size": 1},
        (5, 2, 2, 2, 3),
        (2, 2, 2, 2),
        [(1, 1, 1, 3, 8), (1, 1, 1, 2, 8), (8,)],
        RULE,
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 8, "key_dim": 64},
        [(9, 64), (9, 64)],
        (9, 64),
        [(64, 8, 64), (8, 64)] * 3 + [(8, 64, 64), (64,)],
        f"{KERAS}: 132,672",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 8, "key_dim": 8},
        [(9, 64), (9, 64)],
        (9, 64),
        [(64, 8, 8), (8, 8)] * 3 + [(8, 8, 64), (64,)],
        f"{KERAS}: 16,640",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 8, "value_dim": 12},
        [(9, 16), (7, 32), (7, 32)],
        (9, 16),
        [(16, 2, 8), (2, 8), (32, 2, 8), (2, 8), (32, 2, 12), (2, 12), (2, 12, 16), (16,)],
        f"{KERAS}: q16, v32",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 100, "key_dim": 1},
        [(1800,), (1800,)],
        (1800,),
        [(1800, 100, 1), (100, 1)] * 3 + [(100, 1, 1800), (1800,)],
        f"{KERAS}: 722,100",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 100, "key_dim": 1, "use_bias": False, "attention_axes": 0},
        [(1800,), (1800,)],
        (1800,),
        [(1800, 100, 1)] * 3 + [(100, 1, 1800)],
        f"{KERAS}: 720,000",
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2, "use_bias": False},
        [(9, 8), (9, 8)],
        (9, 8),
        [(8, 4, 4), (8, 2, 4), (8, 2, 4), (4, 4, 8)],
        RULE,
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        [(4, 6), (4, 5, 6)],
        (4, 6),
        [(6, 4, 3), (4, 3), (5, 2, 3), (2, 3, 1), (5, 2, 3), (2, 3, 1), (4, 3, 6), (6,)],
        f"{KERAS}: Keras projects axis 2 of the value",
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 1, "num_query_heads": 4, "num_key_value_heads": 1, "use_gate": True},
        [(None, 4, 5), (3, 4, 5)],
        (None, 4, 5),
        [(4, 4, 1), (4, 1, 1), (4, 1, 1), (1, 1, 1), (4, 4, 1), (4, 1, 1), (4, 1, 1), (1, 1, 1), (4, 1, 5), (5,)],
        f"{KERAS}: Keras projects axis 2 of the query, the key and the value",
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 2, "use_bias": False},
        [(3, 7), (3, 4, 5, 7), (3, 4, 5, 6)],
        (3, 7),
        [(7, 2, 2), (4, 2, 2), (4, 2, 2), (2, 2, 7)],
        KERAS,
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "attention_axes": 3, "use_bias": False},
        [(5, 4), (5, 4)],
        (5, 4),
        [(4, 2, 3)] * 3 + [(2, 3, 4)],
        f"{KERAS}: axis 3 is that of the heads' features",
    ),
    ("Attention", {"use_scale": True}, [(), ()], (), [()], KERAS),
    ("Attention", {"score_mode": "concat"}, [(3, 4), ()], (3, None), [()], KERAS),
    ("AdditiveAttention", {}, [(3, 4), ()], (3, None), [(4,)], KERAS),
    ("Attention", {"use_scale": True}, [(9, 8), (7, 8)], (9, 8), [()], RULE),
    ("AdditiveAttention", {}, [(9, 8), (7, 8)], (9, 8), [(8,)], RULE),
    (
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": [None, 2, 4], "bias_axes": "de"},
        (9, 8),
        (None, 2, 4),
        [(8, 2, 4), (2, 4)],
        RULE,
    ),
    ("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": [6]}, (5, 7), (6, 7), [(5, 6)], KERAS),
    (
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": [5, 3], "bias_axes": "b"},
        (5, 4),
        (5, 3),
        [(4, 3), (5, 1)],
        RULE,
    ),
    (
        "EinsumDense",
        {"equation": "ab...,bc->ac...", "output_shape": [6], "bias_axes": "c"},
        (5, 7, 2),
        (6, 7, 2),
        [(5, 6), (6, 1, 1)],
        KERAS,
    ),
    (
        "EinsumDense",
        {"equation": "...ab,bc->...ac", "output_shape": [4, 6], "bias_axes": "c"},
        (2, 3, 4, 5),
        (3, 2, 4, 6),
        [(5, 6), (6,)],
        KERAS,
    ),
    (
        "ReversibleEmbedding",
        {"input_dim": 100, "output_dim": 8, "tie_weights": False},
        (9,),
        (9, 8),
        [(100, 8), (8, 100)],
        RULE,
    ),
    ("ReversibleEmbedding", {"input_dim": 100, "output_dim": 8, "reverse": True}, (9, 8), (9, 100), [(100, 8)], RULE),
    ("Masking", {}, (9, 8), (9, 8), [], RULE),
    ("AdaptiveMaxPooling1D", {"output_size": 2}, (9, 8), (2, 8), [], RULE),
    ("AdaptiveMaxPooling2D", {"output_size": [2, 3]}, (9, 9, 8), (2, 3, 8), [], RULE),
    ("AdaptiveMaxPooling3D", {"output_size": 2, "data_format": "channels_first"}, (8, 9, 9, 9), (8, 2, 2, 2), [], RULE),
    ("AdaptiveAveragePooling1D", {"output_size": 2}, (9, 8), (2, 8), [], RULE),
    ("AdaptiveAveragePooling2D", {"output_size": 2}, (None, 9, 8), (2, 2, 8), [], RULE),
    ("AdaptiveAveragePooling3D", {"output_size": 2}, (9, 9, 9, 8), (2, 2, 2, 8), [], RULE),
    ("RMSNormalization", {}, (9, 8), (9, 8), [(8,)], RULE),
    ("UnitNormalization", {}, (9, 8), (9, 8), [], RULE),
    ("Lambda", {"function": "f", "output_shape": [7]}, (9, 8), (7,), [], RULE),
    ("Lambda", {"function": "f"}, (9, 8), [None], [], RULE),
    ("TorchModuleWrapper", {"module": "m", "output_shape": [7]}, (9, 8), (7,), [], RULE),
    ("JaxLayer", {"call_fn": "f"}, (9, 8), [None], [], RULE),
    ("FlaxLayer", {"module": "m"}, (9, 8), [None], [], RULE),
    ("TFSMLayer", {"filepath": "p"}, (9, 8), [None], [], RULE),
    ("SpectralNormalization", {"layer": {"Dense": 4}}, (8,), (4,), [(8, 4), (4,), (1, 4)], RULE),
    ("SpectralNormalization", {"layer": {"Embedding": [9, 4]}}, (5,), (5, 4), [(9, 4), (1, 4)], KERAS),
    (
        "SpectralNormalization",
        {"layer": {"Conv2D": [2, 3]}},
        (6, 6, 1),
        (4, 4, 2),
        [(3, 3, 1, 2), (2,), (1, 2)],
        KERAS,
    ),
    ("Resizing", {"height": 4, "width": 5}, (8, 9, 3), (4, 5, 3), [], RULE),
    ("Resizing", {"height": 4, "width": 5, "data_format": "channels_first"}, (3, 8, 9), (3, 4, 5), [], RULE),
    ("CenterCrop", {"height": 4, "width": 5}, (None, None, 3), (4, 5, 3), [], RULE),
    ("RandomCrop", {"height": 4, "width": 5, "data_format": "channels_first"}, (3, 8, 9), (3, 4, 5), [], RULE),
    ("RandomColorDegeneration", {"factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("AutoContrast", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("ContrastLimitedAdaptiveHistogramEqualization", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("CutMix", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("Equalization", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("MaxNumBoundingBoxes", {"max_number": 3}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("MixUp", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandAugment", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("AugMix", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomBrightness", {"factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomColorJitter", {"hue_factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomContrast", {"factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomElasticTransform", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomErasing", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomFlip", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomGaussianBlur", {"kernel_size": [3, 5]}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomGrayscale", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomHue", {"factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomInvert", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomPerspective", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomPosterization", {"factor": 4}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomRotation", {"factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomSaturation", {"factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomSharpness", {"factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomShear", {"x_factor": 0.2}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomTranslation", {"height_factor": 0.1, "width_factor": [-0.2, 0.3]}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("RandomZoom", {"height_factor": 0.1}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("Solarization", {}, (8, 8, 3), (8, 8, 3), [], RULE),
    ("CategoryEncoding", {"num_tokens": 5}, (3,), (5,), [], RULE),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "one_hot"}, (3,), (3, 5), [], RULE),
    ("Discretization", {"bin_boundaries": [0.0, 1.0]}, (3,), (3,), [], RULE),
    ("Discretization", {"num_bins": 4, "output_mode": "one_hot"}, (1,), (4,), [], RULE),
    ("Hashing", {"num_bins": 5}, (3,), (3,), [], RULE),
    ("Hashing", {"num_bins": 5, "output_mode": "one_hot"}, (3,), (5,), [], RULE),
    ("HashedCrossing", {"num_bins": 5, "output_mode": "one_hot"}, [(1,), (1,)], (5,), [], RULE),
    ("IntegerLookup", {"vocabulary": [7, 8], "output_mode": "count"}, (3,), (3,), [], RULE),
    (
        "StringLookup",
        {"vocabulary": ["a", "b"], "output_mode": "one_hot", "num_oov_indices": 2},
        (3,),
        (3, 4),
        [],
        RULE,
    ),
    ("TextVectorization", {"output_sequence_length": 20}, (1,), (20,), [], RULE),
    ("TextVectorization", {"output_mode": "tf_idf", "max_tokens": 9, "pad_to_max_tokens": True}, (), (9,), [], RULE),
    ("MelSpectrogram", {}, (16000,), (128, 32), [], RULE),
    ("STFTSpectrogram", {"frame_length": 200, "frame_step": 100}, (1000, 2), (9, 258), [(200, 1, 129)] * 2, RULE),
    (
        "STFTSpectrogram",
        {"mode": "real", "expand_dims": True, "data_format": "channels_first"},
        (2, 1000),
        (2, 6, 129),
        [(256, 1, 129)],
        RULE,
    ),
    ("LayerScale", {"init_values": 1e-6, "projection_dim": 3}, (5, 3), (5, 3), [(3,)], RULE),
    ("CustomScaleLayer", {"scale": 0.2}, [(5, 3), (5, 3)], (5, 3), [], RULE),
    ("TFDIdentity", {}, (5, 3), (5, 3), [], RULE),
    ("TFDConcat", {"axis": -1}, [(1,), (4,), (2,)], (7,), [], RULE),
]


def unknown(shape: Any) -> tuple[Any, ...]:
    return tuple(UNKNOWN if size is None else size for size in shape)


@pytest.mark.parametrize(
    ("name", "args", "shapes", "output", "weights", "source"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES]
)
def test_a_layer_has_the_expected_shapes_and_weights(
    name: str, args: dict[str, Any], shapes: Any, output: Any, weights: list[Any], source: str
) -> None:
    kind = find(name)
    assert kind is not None
    bound, refusals = bind(kind, (), args)
    assert refusals == []
    inputs = [] if shapes is None else shapes if isinstance(shapes, list) else [shapes]
    result = apply(kind, bound, [(UNKNOWN, *unknown(shape)) for shape in inputs])
    outputs = output if isinstance(output, list) else [output]
    assert result.outputs == tuple(None if shape is None else (UNKNOWN, *unknown(shape)) for shape in outputs), source
    assert [weight.shape for weight in result.weights] == weights, source
    assert parameters(result) == sum(map(prod, weights))


# Inputs that Keras refuses, and convcalc's code: (layer, arguments, input shapes with the batch axis, code). Users
# often make these mistakes, or an earlier version accepted them.
REFUSED: list[tuple[str, dict[str, Any], list[tuple[Any, ...]], str]] = [
    ("InputLayer", {"batch_shape": [2, 3], "batch_size": 2}, [], "invalid-value"),
    ("InputLayer", {"batch_shape": [2, 3], "shape": [3]}, [], "invalid-value"),
    ("InputLayer", {"batch_shape": []}, [], "invalid-value"),
    ("InputLayer", {}, [], "missing-argument"),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
        [(None, 9, 9, 3)],
        "strides-and-dilation",
    ),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2}, [(None, 9, 9, 3)], "indivisible-groups"),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "groups": 2}, [(None, 9, 9, 4)], "indivisible-groups"),
    ("Conv2D", {"filters": 3, "kernel_size": 3}, [(None, 2, 9, 4)], "vanishing-size"),
    ("Conv2D", {"filters": 3, "kernel_size": 3}, [(None, 9, 9, None)], "unknown-size"),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "causal"}, [(None, 9, 9, 4)], "invalid-value"),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": 3, "lora_rank": 2, "kernel_constraint": "max_norm"},
        [(None, 9, 9, 4)],
        "lora-and-constraint",
    ),
    ("Conv2D", {"filters": 3, "kernel_size": 3}, [(None, 28, 28)], "wrong-rank"),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "output_padding": 1}, [(None, 9, 4)], "output-padding"),
    (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same", "output_padding": 0},
        [(None, 0, 4)],
        "vanishing-size",
    ),
    ("MaxPooling2D", {"pool_size": 3}, [(None, 2, 9, 4)], "vanishing-size"),
    ("MaxPooling2D", {"padding": "SAME"}, [(None, 9, 9, 4)], "invalid-value"),
    ("AdaptiveMaxPooling1D", {"output_size": 2, "data_format": "CHANNELS_FIRST"}, [(None, 9, 4)], "invalid-value"),
    ("Cropping1D", {"cropping": 2}, [(None, 4, 3)], "vanishing-size"),
    ("Reshape", {"target_shape": [5, -1]}, [(None, 4, 3)], "reshape"),
    ("Reshape", {"target_shape": [-1, -1]}, [(None, 4, 3)], "reshape"),
    ("Permute", {"dims": [2, 1]}, [(None, 4, 3, 2)], "wrong-rank"),
    ("Permute", {"dims": [1, 3]}, [(None, 4, 3)], "permutation"),
    ("Dense", {"units": 0}, [(None, 3)], "invalid-value"),
    ("Dense", {"units": 2**53 + 1}, [(None, 3)], "invalid-value"),
    ("Embedding", {"input_dim": 0, "output_dim": 1}, [(None, 3)], "invalid-value"),
    ("Embedding", {"input_dim": 1, "output_dim": 0}, [(None, 3)], "invalid-value"),
    ("Dense", {"units": 1, "kernel_initializer": "no_such_start"}, [(None, 3)], "invalid-value"),
    (
        "ReversibleEmbedding",
        {"input_dim": 100, "output_dim": 8, "reverse": True},
        [(None, 9, 7)],
        "wrong-shape",
    ),
    ("ReversibleEmbedding", {"input_dim": 9, "output_dim": 8, "reverse": True}, [(None, None, 7)], "wrong-shape"),
    (
        "ReversibleEmbedding",
        {"input_dim": 9, "output_dim": 8, "tie_weights": False, "lora_rank": 2},
        [(None, 7)],
        "invalid-value",
    ),
    ("LayerNormalization", {"scale": False}, [(None, None)], "unknown-size"),
    ("SpectralNormalization", {"layer": "Flatten"}, [(None, 3, 4)], "no-kernel"),
    ("Dropout", {"rate": 1.5}, [(None, 3)], "invalid-value"),
    ("Dropout", {"rate": 0.5, "seed": 1.5}, [(None, 3)], "invalid-value"),
    ("ActivityRegularization", {"l1": -0.1}, [(None, 3)], "invalid-value"),
    ("ActivityRegularization", {"l2": inf}, [(None, 3)], "invalid-value"),
    ("BatchNormalization", {"axis": 2}, [(None, 3)], "wrong-axis"),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmid": 1}}, [(None, 3)], "invalid-value"),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmin": 2, "rmax": 1}}, [(None, 3)], "invalid-value"),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"dmax": -1}}, [(None, 3)], "invalid-value"),
    ("GroupNormalization", {"groups": 2}, [(None, 3)], "indivisible-groups"),
    ("GroupNormalization", {"groups": -1}, [(None, 0)], "indivisible-groups"),
    ("PReLU", {}, [(None, None)], "unknown-size"),
    ("Add", {}, [(None, 3), (None, 4)], "shapes-differ"),
    ("Add", {}, [(2, 3), (4, 3)], "shapes-differ"),
    ("Subtract", {}, [(None, 3)] * 3, "wrong-inputs"),
    ("Concatenate", {}, [(None, 3, 2), (None, 4, 2)], "shapes-differ"),
    ("Dot", {"axes": 1}, [(None, 3), (None, 4)], "shapes-differ"),
    ("Dot", {"axes": 0}, [(3, 3), (3, 3)], "wrong-axis"),
    ("Dot", {"axes": [0, 1]}, [(3, 3), (3, 3)], "wrong-axis"),
    ("Dot", {"axes": [-3, 1]}, [(None, 3), (None, 3)], "wrong-axis"),
    ("Normalization", {"mean": 1.0}, [(None, 3)], "missing-argument"),
    ("Normalization", {"mean": "text", "variance": "text"}, [(None, 3)], "invalid-value"),
    ("Normalization", {"mean": [[1.0], [1.0, 2.0]], "variance": [[1.0], [1.0, 2.0]]}, [(None, 3)], "invalid-value"),
]


@pytest.mark.parametrize(("name", "args", "shapes", "code"), REFUSED, ids=[f"{case[0]} {case[1]}" for case in REFUSED])
def test_a_refusal_has_its_code(name: str, args: dict[str, Any], shapes: list[tuple[Any, ...]], code: str) -> None:
    kind = find(name)
    assert kind is not None
    bound, refusals = bind(kind, (), args)
    if not refusals:
        with pytest.raises(Refusal) as raised:
            apply(kind, bound, [unknown(shape) for shape in shapes])
        refusals = [raised.value]
    assert [refusal.code for refusal in refusals] == [code]
    assert all(refusal.argument is None or kind.argument(refusal.argument) for refusal in refusals)


# These refusals have one code but different reasons, so the messages are tested too.
REASONS: list[tuple[str, dict[str, Any], list[tuple[Any, ...]], str]] = [
    ("InputLayer", {"shape": [3], "batch_shape": [2, 3]}, [], "cannot have both shape and batch_shape"),
    ("InputLayer", {"batch_size": 2, "batch_shape": [2, 3]}, [], "cannot have both batch_size and batch_shape"),
    (
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": [3, 5]},
        [(None, 4)],
        "does not fit the axes of its input",
    ),
    (
        "EinsumDense",
        {"equation": "...abc,cd->...abd", "output_shape": [5]},
        [(None, 4)],
        "does not fit the axes of its input",
    ),
    ("EinsumDense", {"equation": "aba,ac->bc", "output_shape": [5]}, [(None, 4)], "does not fit the axes of its input"),
    (
        "EinsumDense",
        {"equation": "ab,bc->ac...", "output_shape": []},
        [(None, 4)],
        "does not fit the axes of its input",
    ),
    ("EinsumDense", {"equation": "ab,b->ad", "output_shape": [3]}, [(None, 4)], "has an output axis in its equation"),
    ("EinsumDense", {"equation": "ab,cb->ab", "output_shape": [4]}, [(None, 4)], "has a kernel axis in its equation"),
    (
        "EinsumDense",
        {"equation": "ab,bc->ac", "output_shape": [3], "bias_axes": "z"},
        [(None, 4)],
        "needs bias_axes from the output axes 'ac', not 'z'",
    ),
    (
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": [3, 5]},
        [(None, 4, 6)],
        "has size 3 for axis 'b' in output_shape, but size 4 in its input",
    ),
    (
        "Reshape",
        {"target_shape": [5, 2]},
        [(None, 4, 3)],
        r"cannot reshape the 12 values of a sample to \(5, 2\), which holds 10$",
    ),
    (
        "Reshape",
        {"target_shape": [5, -1]},
        [(None, 4, 3)],
        r"the 12 values of a sample to \(5, -1\): 12 is not a multiple of 5",
    ),
    (
        "Reshape",
        {"target_shape": [5, -1]},
        [(None, 11)],
        r"the 11 values of a sample to \(5, -1\): 11 is not a multiple of 5",
    ),
    (
        "Reshape",
        {"target_shape": [0, -1]},
        [(None, 12)],
        r"the 12 values of a sample to \(0, -1\): 12 is not a multiple of 0",
    ),
    ("Conv1D", {"filters": 1, "kernel_size": 3}, [(None, 2, 1)], "a kernel of 3, but an input of 2; "),
]


@pytest.mark.parametrize(("name", "args", "shapes", "reason"), REASONS, ids=[case[3] for case in REASONS])
def test_a_refusal_gives_its_reason(
    name: str, args: dict[str, Any], shapes: list[tuple[Any, ...]], reason: str
) -> None:
    kind = find(name)
    assert kind is not None
    bound, refusals = bind(kind, (), args)
    assert not refusals
    with pytest.raises(Refusal, match=reason):
        apply(kind, bound, [unknown(shape) for shape in shapes])


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_argument_with_a_default_of_null_accepts_null(name: str) -> None:
    kind = CATALOGUE[name]
    for argument in kind.arguments:
        if argument.default is None:
            assert argument.read(None, name) is None, argument.name


def test_a_batch_size_given_by_one_input_is_that_of_all() -> None:
    kind = find("Add")
    assert kind is not None
    for shapes in ([(UNKNOWN, 3), (4, 3)], [(4, 3), (UNKNOWN, 3)], [(4, 3, 1), (4, 1, 3)]):
        assert apply(kind, {}, shapes).outputs[0][0] == 4  # type: ignore[index]


def test_initial_weights_are_those_of_keras() -> None:
    for name in ("Conv2D", "Conv2DTranspose", "SeparableConv2D"):
        starts = {key: value for key, value in CATALOGUE[name].defaults.items() if key.endswith("_initializer")}
        assert starts.pop("bias_initializer") == "zeros"
        assert starts and set(starts.values()) == {"glorot_uniform"}


# Pairs of different layers that must have equal results.


def counted(name: str, args: dict[str, Any], shape: tuple[int, ...]) -> tuple[tuple[Any, ...], int, int]:
    from convcalc.layers import sample_macs

    kind = find(name)
    assert kind is not None
    result = apply(kind, bind(kind, (), args)[0], [(UNKNOWN, *shape)])
    return result.outputs[0], parameters(result), plain(sample_macs(result))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("equation", "output", "shape", "macs"),
    [
        ("ab,bc->ac", [6], (5,), 5 * 6),
        ("abc,cd->abd", [5, 3], (5, 4), 5 * 4 * 3),
        ("abc,cde->abde", [9, 2, 4], (9, 8), 9 * 8 * 2 * 4),
        ("...a,ab->...b", [6], (5,), 5 * 6),
        ("...ab,bc->...ac", [4, 6], (4, 5), 4 * 5 * 6),
        ("...ab,bc->...ac", [4, 6], (2, 3, 4, 5), 2 * 3 * 4 * 5 * 6),
        ("ab...,bc->ac...", [6], (5, 7), 5 * 6 * 7),
        ("ab...,bc->ac...", [6], (5, 7, 2), 5 * 6 * 7 * 2),
    ],
)
def test_an_einsum_multiplies_once_for_every_index(
    equation: str, output: list[int], shape: tuple[int, ...], macs: int
) -> None:
    assert counted("EinsumDense", {"equation": equation, "output_shape": output}, shape)[2] == macs


@pytest.mark.parametrize("tied", [True, False])
def test_only_a_reversed_embedding_multiplies(tied: bool) -> None:
    args = {"input_dim": 100, "output_dim": 8, "tie_weights": tied}
    assert counted("ReversibleEmbedding", args, (9,)) == ((UNKNOWN, 9, 8), 800 * (1 if tied else 2), 0)
    back = counted("ReversibleEmbedding", {**args, "reverse": True}, (9, 8))
    assert back == ((UNKNOWN, 9, 100), 800 * (1 if tied else 2), 9 * 8 * 100)


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_separable_is_depthwise_without_bias_and_a_1x1_convolution(multiplier: int, padding: str) -> None:
    more = {"kernel_size": 3, "padding": padding, "depth_multiplier": multiplier}
    depthwise = counted("DepthwiseConv2D", {**more, "use_bias": False}, (9, 8, 5))
    pointwise = counted("Conv2D", {"filters": 7, "kernel_size": 1}, depthwise[0][1:])
    assert counted("SeparableConv2D", {"filters": 7, **more}, (9, 8, 5)) == (
        pointwise[0],
        depthwise[1] + pointwise[1],
        depthwise[2] + pointwise[2],
    )


@pytest.mark.parametrize("name", ["Conv", "SeparableConv", "MaxPooling", "Transpose"])
def test_one_axis_equals_two_axes_if_one_axis_has_size_one(name: str) -> None:
    pooling = name == "MaxPooling"
    first = {"pool_size": 3} if pooling else {"filters": 4, "kernel_size": 3}
    wide = (
        {"pool_size": [3, 1], "strides": [2, 1]}
        if pooling
        else {"filters": 4, "kernel_size": [3, 1], "strides": [2, 1]}
    )
    one, two = (f"Conv{n}DTranspose" if name == "Transpose" else f"{name}{n}D" for n in (1, 2))
    line = counted(one, {**first, "strides": 2}, (11, 5))
    plane = counted(two, wide, (11, 1, 5))
    assert (plane[0][0], plane[0][1], plane[0][3]) == line[0]
    assert plane[1:] == line[1:]


def test_grouped_by_channel_is_depthwise() -> None:
    grouped = counted("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 6}, (9, 9, 6))
    assert grouped == counted("DepthwiseConv2D", {"kernel_size": 3}, (9, 9, 6))


# Requirements for the declaration of every layer.

# Each declaration must state these keyword arguments, because they have no good default.
STATED = {
    "flops": "costs.unknown if it cannot be counted",
    "tf_flops": "costs.unknown if it was not compared with TensorFlow's profiler",
    "receptive_field_rule": "views.unknown if it cannot be determined",
    "built_when_made": "True if Keras's __init__ sets self.built or calls _build_at_init()",
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_declaration_states_the_facets_without_default(name: str) -> None:
    missing = [f"{facet} ({hint})" for facet, hint in STATED.items() if getattr(CATALOGUE[name], facet) is None]
    assert not missing, f"the declaration of {name} lacks {', '.join(missing)}"


def test_a_facet_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(
        TypeError, match="declaration of Halved has an unknown facet 'mask_rul'; did you mean 'mask_rule'"
    ):
        layer("Halved", example="Halved", mask_rul=None)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_layer_has_a_summary_an_example_and_a_row(name: str) -> None:
    kind = CATALOGUE[name]
    assert any(case[0] == name for case in CASES), f"add a row for {name} to CASES"
    assert kind.summary.endswith(".") and len(kind.summary) <= 110
    assert len(kind.doc.split("\n\n")) >= 2, "write a summary, and describe the rule"
    assert kind.keras == f"keras.layers.{name}"
    report = infer(read_spec(Source("example", example_spec(kind))))
    assert report.output_shapes[0] is not None or kind.is_opaque
