"""convcalc declares layers and models of other packages. These tests compare the declarations with the packages."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from convcalc import infer
from convcalc.analyse import Report
from convcalc.base.numbers import UNKNOWN
from convcalc.layers import lookup_builtin
from convcalc.model import Foreign
from convcalc.read import load, read
from convcalc.read.third_party import FILES, _layers

pytestmark = pytest.mark.keras

# Layers that do not work with Keras 3. ``tests/read/test_templates.py`` tests the declarations of these layers.
KERAS_2 = {"keras_cv>StochasticDepth"}
# Subclasses of Keras layers with equal weights and shapes. In declarations of models, Keras's layer replaces the
# subclass.
SAME = {"CachedMultiHeadAttention": "MultiHeadAttention"}
RMS = """
llama.llama_layernorm.LlamaLayerNorm mistral.mistral_layer_norm.MistralLayerNormalization
mixtral.mixtral_layer_norm.MixtralLayerNormalization phi3.phi3_layernorm.Phi3LayerNorm qwen.qwen_layernorm.QwenLayerNorm
qwen_moe.qwen_moe_layernorm.QwenMoeLayerNorm gpt_oss.gpt_oss_layer_norm.GptOssLayerNormalization t5.t5_layer_norm.T5LayerNorm
gemma.rms_normalization.RMSNormalization gemma3.gemma3_layers.RMSNormalization
"""
# Parts of declared models. They do not occur alone in files.
PARTS = {
    "keras_hub.src.models.llama.llama_rotary_embedding.LlamaRotaryEmbedding",
    "keras_hub.src.models.llama.llama_attention.LlamaAttention",
    "keras_hub.src.models.llama.llama_decoder.LlamaTransformerDecoder",
    "keras_hub.src.models.gemma.gemma_attention.CachedGemmaAttention",
    "keras_hub.src.models.gemma.gemma_decoder_block.GemmaDecoderBlock",
    *(f"keras_hub.src.models.vit.vit_layers.{name}" for name in ("MLP", "ViTEncoder", "ViTEncoderBlock")),
    "keras_hub.src.models.vit.vit_layers.ViTPatchingAndEmbedding",
}
BERT = {"vocabulary_size": 100, "num_layers": 3, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12}


def _layers_of(hub: Any, keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields pairs: the name of a declaration, and a model that contains the declared layer."""
    layers = hub.layers

    def model(shape: tuple[Any, ...], layer: Any, dtype: str = "float32") -> Any:
        first = keras.Input(shape, dtype=dtype)
        last = layer(first)
        return keras.Model(first, keras.layers.Dense(2)(last))

    for length in (5, None):
        yield "PositionEmbedding", model((length, 8), layers.PositionEmbedding(6))
        yield "TokenAndPositionEmbedding", model((length,), layers.TokenAndPositionEmbedding(10, 6, 8), "int32")
        yield "TransformerEncoder", model((length, 8), layers.TransformerEncoder(12, 2))
        yield "TransformerDecoder", model((length, 8), layers.TransformerDecoder(12, 2, normalize_first=True))
        yield "SinePositionEncoding", model((length, 8), layers.SinePositionEncoding())
        yield "RotaryEmbedding", model((length, 8), layers.RotaryEmbedding())
    tied = layers.TokenAndPositionEmbedding(10, 6, 8, tie_weights=False, mask_zero=True)
    yield "TokenAndPositionEmbedding", model((5,), tied, "int32")
    yield "PositionEmbedding", model((2, 5, 8), layers.PositionEmbedding(6))
    yield "RotaryEmbedding", model((5, 2, 8), layers.RotaryEmbedding(rope_type="yarn"))
    first = layers.TransformerEncoder(7, 3, normalize_first=True, activation="gelu", dropout=0.1)
    yield "TransformerEncoder", model((5, 10), first)
    yield "TransformerEncoder", model((5, 8), layers.TransformerEncoder(12, 2, dtype="mixed_bfloat16"))


def _normalizations(keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields pairs like :func:`_layers_of`. The layers are those that keras_hub defines only for its own models."""
    modules = importlib.import_module
    for path in RMS.split():
        module, _, name = f"keras_hub.src.models.{path}".rpartition(".")
        declared = f"{module}.{name}" if name == "RMSNormalization" else f"keras_hub>{name}"
        for shape, options in (((5, 8), {}), ((6,), {"epsilon": 0.1}), ((None, 8), {"dtype": "mixed_float16"})):
            yield declared, _between(keras, getattr(modules(module), name)(**options), shape)
    models = "keras_hub.src.models"
    yield "keras_hub>DropPath", _between(keras, modules(f"{models}.mit.mit_layers").DropPath(0.2, seed=3))
    swin = modules(f"{models}.swin_transformer.swin_transformer_layers")
    yield "keras_hub>DropPath", _between(keras, swin.DropPath(0.2))
    mobilenet = modules(f"{models}.mobilenetv5.mobilenetv5_layers")
    yield "keras_hub>DropPath", _between(keras, mobilenet.DropPath(0.2, scale_by_keep=False), (4, 4, 3))


def _between(keras: Any, layer: Any, shape: tuple[Any, ...] = (5, 8)) -> Any:
    """Returns a model of three layers: an input, the given layer, and a Dense layer."""
    first = keras.Input(shape)
    return keras.Model(first, keras.layers.Dense(2)(layer(first)))


def _models_of(hub: Any, keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields pairs: the name of a declaration, and the declared model."""
    variants: list[tuple[str, dict[str, Any]]] = [
        ("BertBackbone", BERT),
        ("BertBackbone", {**BERT, "num_segments": 4, "max_sequence_length": 16, "dtype": "bfloat16"}),
        ("GPT2Backbone", BERT),
        ("GPT2Backbone", {**BERT, "num_layers": 1, "max_sequence_length": 16}),
    ]
    sizes = Random(1)
    for _ in range(11):
        heads, width = sizes.choice((1, 2, 4)), sizes.choice((2, 4, 6))
        arguments = {
            "vocabulary_size": sizes.randint(5, 60),
            "num_layers": sizes.randint(1, 3),
            "num_query_heads": heads * sizes.choice((1, 2, 3)),
            "num_key_value_heads": heads,
            "intermediate_dim": sizes.randint(3, 20),
            "layer_norm_epsilon": 1e-5,
            "dropout": sizes.choice((0, 0.1)),
            "dtype": sizes.choice(("float32", "bfloat16")),
        }
        arguments["hidden_dim"] = arguments["num_query_heads"] * width
        variants += [(sizes.choice(("LlamaBackbone", "Llama3Backbone")), arguments)]
        gemma = {name: sizes.choice((False, True)) for name in ("use_post_ffw_norm", "use_post_attention_norm")}
        variants += [("GemmaBackbone", {**arguments, **gemma, "head_dim": width})]
    variants += [*_images(sizes)]
    for name, arguments in variants:
        # Operations get automatic names, which convcalc numbers as Keras does after this reset.
        keras.utils.clear_session()
        yield name, getattr(hub.models, name)(**arguments)


def _images(sizes: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields models for images. The blocks of ResNet-vd have no pre-activation."""
    for block in ("basic_block", "bottleneck_block", "basic_block_vd", "bottleneck_block_vd"):
        for pre_activation in (False, True)[: 1 if block.endswith("vd") else 2]:
            stacks = sizes.choice((1, 2, 3))
            first = sizes.choice(([64], [8, 64], [8, 6, 64]))
            yield (
                "ResNetBackbone",
                {
                    "input_conv_filters": first,
                    "input_conv_kernel_sizes": [sizes.choice((3, 7)), *[3] * (len(first) - 1)],
                    "stackwise_num_filters": [64, *(sizes.choice((4, 8, 12)) for _ in range(stacks - 1))],
                    "stackwise_num_blocks": [sizes.randint(1, 3) for _ in range(stacks)],
                    "stackwise_num_strides": [1, *(sizes.choice((1, 2)) for _ in range(stacks - 1))],
                    "block_type": block,
                    "use_pre_activation": pre_activation,
                    "image_shape": sizes.choice(((64, 48, 3), (None, None, 3), (64, 64, 1))),
                    "dtype": sizes.choice(("float32", "mixed_bfloat16")),
                },
            )
    for patch in (4, (4, 7), (14, 14)):
        heads = sizes.choice((1, 2, 4))
        yield (
            "ViTBackbone",
            {
                "image_shape": (28, 28, sizes.choice((1, 3))),
                "patch_size": patch,
                "num_layers": sizes.randint(1, 3),
                "num_heads": heads,
                "hidden_dim": 4 * heads,
                "mlp_dim": sizes.randint(3, 20),
                "dropout_rate": sizes.choice((0.0, 0.1)),
                "use_mha_bias": sizes.choice((False, True)),
                "use_mlp_bias": sizes.choice((False, True)),
            },
        )


def _compare(report: Report, model: Any) -> None:
    assert not report.problems, report.problems
    rows = [row for row in report.layers if row.depth == 0]
    assert [(row.name, row.class_name) for row in rows] == [
        (layer.name, _shown(type(layer))) for layer in _ordered(model)
    ]
    for row, layer in zip(rows, _ordered(model)):
        output = layer.output
        shapes = [list(tensor.shape) for tensor in (output if isinstance(output, list) else [output])]
        found = [[None if size is UNKNOWN else size for size in shape or ()] for shape in row.output_shapes]
        assert found == shapes, layer.name
        params = layer.count_params() if hasattr(layer, "count_params") else 0  # an operation has no weights
        assert row.params == params, layer.name
        if row.definition.__class__ is Foreign and any(call.result.nested for call in row.calls):
            found_inside = [
                inner for inner in report.layers if inner.path.startswith(f"{row.path}/") and inner.depth == 1
            ]
            inside = [
                (re.sub(r"_\d+$", "", inner.name), SAME.get(type(inner).__name__, type(inner).__name__))
                for inner in layer._layers
            ]
            shown = [(re.sub(r"_\d+$", "", inner.name), inner.class_name.rpartition(".")[2]) for inner in found_inside]
            assert sorted(shown) == sorted(inside)
    trainable = sum(int(_product(weight.shape)) for weight in model.trainable_weights)
    assert (report.totals.params, report.totals.trainable_params) == (model.count_params(), trainable)


def _shown(cls: type) -> str:
    """Returns the class name in a row. If Keras has another class with this name, it includes the module."""
    own = lookup_builtin(cls.__name__) is not None and cls.__module__.partition(".")[0] != "keras"
    return f"{cls.__module__}.{cls.__name__}" if own else cls.__name__


def _ordered(model: Any) -> list[Any]:
    """Returns the layers in the order of Keras's summary."""
    by_depth = model._layers if not hasattr(model, "_operations_by_depth") else None
    if by_depth is not None:
        return list(by_depth)
    return [
        layer
        for depth in sorted(model._operations_by_depth, reverse=True)
        for layer in model._operations_by_depth[depth]
    ]


def _product(shape: Any) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


def _compare_files(model: Any, name: str, folder: Path) -> None:
    _compare(infer(read(model.to_json().encode(), name)), model)
    model.save(folder / "model.keras")
    _compare(infer(load(folder / "model.keras")), model)


def test_layers_of_keras_hub(tmp_path: Path) -> None:
    hub, keras = pytest.importorskip("keras_hub"), importlib.import_module("keras")
    tried = set()
    for name, model in _layers_of(hub, keras):
        tried |= {f"keras_hub>{name}", f"keras_nlp>{name}"}
        _compare_files(model, name, tmp_path)
        # keras_nlp is the older name of keras_hub. Both names have the same classes.
        former = model.to_json().replace("keras_hub.src", "keras_nlp.src").replace("keras_hub>", "keras_nlp>")
        assert "keras_hub" not in former
        _compare(infer(read(former.encode(), name)), model)
    for name, model in _models_of(hub, keras):
        tried.add(f"keras_hub>{name}")
        _compare_files(model, name, tmp_path)
    for name, model in _normalizations(keras):
        tried.add(name)
        _compare_files(model, name, tmp_path)
    assert tried | PARTS == {*_layers("keras_hub.yaml").declared}


def test_a_tied_embedding_of_llama_is_known_from_the_weights(tmp_path: Path) -> None:
    """The config does not contain ``tie_word_embeddings``, so a config alone describes the untied model, as in Keras."""
    hub, keras = pytest.importorskip("keras_hub"), importlib.import_module("keras")
    sizes = {"num_layers": 1, "num_query_heads": 2, "num_key_value_heads": 1, "hidden_dim": 8, "intermediate_dim": 6}
    model = hub.models.LlamaBackbone(20, tie_word_embeddings=True, **sizes)
    model.save(tmp_path / "model.keras")
    assert infer(load(tmp_path / "model.keras")).totals.params == model.count_params()
    untied = keras.models.model_from_json(model.to_json())
    assert infer(read(model.to_json().encode(), "model.json")).totals.params == untied.count_params()


def test_layers_of_keras_cv(tmp_path: Path) -> None:
    cv, keras = pytest.importorskip("keras_cv"), importlib.import_module("keras")
    layers = cv.layers
    tried = {"keras_cv>DropPath": layers.DropPath(0.2, seed=3), "keras_cv>DropBlock2D": layers.DropBlock2D(0.1, 3)}
    for name, layer in tried.items():
        _compare_files(_between(keras, layer, (8, 8, 3)), name, tmp_path)
    _compare_files(_between(keras, layers.DropPath()), "DropPath", tmp_path)
    _compare_files(_between(keras, layers.DropBlock2D(0.1, (2, 3)), (None, None, 3)), "DropBlock2D", tmp_path)
    assert {*tried, *KERAS_2} == {*_layers("keras_cv.yaml").declared}


def test_layers_of_k3im(tmp_path: Path) -> None:
    pytest.importorskip("k3im")
    keras, modules = importlib.import_module("keras"), importlib.import_module
    tried = [modules("k3im.mlp_mixer").DropPath(0.2), modules("k3im.focalnet").LayerScale(0.1, 8)]
    tried += [modules("k3im.focalnet").StochasticDepth(0.2), modules("k3im.cct").StochasticDepth(0.2)]
    for layer in tried:
        _compare_files(_between(keras, layer), layer.name, tmp_path)
    assert {f"k3im>{type(layer).__name__}" for layer in tried} == {*_layers("k3im.yaml").declared}


def test_layers_of_kimm(tmp_path: Path) -> None:
    layers, keras = pytest.importorskip("kimm").layers, importlib.import_module("keras")
    tried = [layers.LayerScale(), layers.LayerScale(axis=[-1]), layers.LayerScale(dtype="mixed_float16")]
    tried += [layers.LearnableAffine(), layers.LearnableAffine(0.5, 0.1)]
    for layer in tried:
        for shape in ((5, 8), (4, 4, 3), (6,)):
            _compare_files(_between(keras, type(layer).from_config(layer.get_config()), shape), layer.name, tmp_path)
    # An archive with a PositionEmbedding stores its height and width too. Several values are tested.
    for height, width in ((2, 3), (1, 4), (5, 5)):
        tried.append(layers.PositionEmbedding(height, width))
        _compare_files(_between(keras, tried[-1], (height * width, 4)), "PositionEmbedding", tmp_path)
    other = infer(read(_between(keras, layers.LayerScale(axis=1)).to_json().encode(), "model.json"))
    assert other.layers[1].params is UNKNOWN and "only for axis -1 or [-1], not [1]" in str(other.problems)
    assert {f"kimm>{type(layer).__name__}" for layer in tried} == {*_layers("kimm.yaml").declared}


def test_layers_of_keras_rs(tmp_path: Path) -> None:
    layers, keras = pytest.importorskip("keras_rs").layers, importlib.import_module("keras")
    variants: list[dict[str, Any]] = [{}, {"projection_dim": 2}, {"projection_dim": 1, "diag_scale": None}]
    variants += [{"use_bias": False, "diag_scale": 0.3}, {"pre_activation": "relu", "dtype": "mixed_bfloat16"}]
    for options in variants:
        first = keras.Input((6,))
        model = keras.Model(first, layers.FeatureCross(**options)(first, keras.layers.Dense(6)(first)))
        _compare_files(model, "FeatureCross", tmp_path)
    for combiner, length in (("mean", 5), ("sum", None), ("sqrtn", 1)):
        items = keras.Input((length,), dtype="int32")
        reduced = layers.EmbedReduce(9, 4, combiner=combiner)(items)
        _compare_files(keras.Model(items, keras.layers.Dense(2)(reduced)), "EmbedReduce", tmp_path)
    assert {*_layers("keras_rs.yaml").declared} == {"keras_rs>FeatureCross", "keras_rs>EmbedReduce"}


def test_a_decoder_with_two_inputs_stays_unknown() -> None:
    hub, keras = pytest.importorskip("keras_hub"), importlib.import_module("keras")
    first, second = keras.Input((5, 8)), keras.Input((4, 8))
    model = keras.Model([first, second], hub.layers.TransformerDecoder(12, 2)(first, second))
    report = infer(read(model.to_json().encode(), "model.json"))
    assert report.layers[-1].params is UNKNOWN
    assert "takes 1 input, not 2" in str(report.problems[0])


def test_every_file_of_declarations_is_compared() -> None:
    keras_2 = ("efficientnet.yaml", "tensorflow_addons.yaml")
    assert {*FILES} == {"k3im.yaml", "keras_cv.yaml", "keras_hub.yaml", "keras_rs.yaml", "kimm.yaml", *keras_2}


def test_a_vit_without_a_class_token_is_known_from_its_weights(tmp_path: Path) -> None:
    hub = pytest.importorskip("keras_hub")
    for option in ("use_class_token", "use_patch_bias"):
        model = hub.models.ViTBackbone((8, 8, 3), 4, 1, 2, 8, 16, **{option: False})
        model.save(tmp_path / "model.keras")
        assert infer(load(tmp_path / "model.keras")).totals.params == model.count_params()
