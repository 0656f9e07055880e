"""Tests files whose configs are incomplete, so that convcalc needs the stored weights.

Examples: a class whose config lists no layers, a file that contains only weights, a layer with an unknown input shape. The layouts
and the numbers are from Keras 3.15.1 and tf_keras 2.21. ``tests/live/test_weights_tree.py`` compares them with the installed
versions.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from convcalc import Report, infer, render
from convcalc.analyse.assumptions import Assumptions
from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.checking.verify import verify
from convcalc.cli import main
from convcalc.read import load, read
from convcalc.read.keras_files.weights import weights_in
from convcalc.report_json.write import report_json
from convcalc.write import FORMATS
from tests.helpers.keras_configs import INPUT, functional, layer, sequential, tensor
from tests.helpers.weights_files import Shapes, legacy, tree
from tests.helpers.weights_files import archive_with_weights as archive

OWN = {"module": None, "class_name": "MyModel", "config": {}, "registered_name": "ex>MyModel"}


def of(content: bytes) -> Report:
    return infer(read(content, "file"))


def rows(report: Report) -> list[tuple[str, str, int, Any]]:
    return [(row.path, row.class_name, row.depth, row.params) for row in report.layers]


@pytest.mark.parametrize(
    ("further", "total"),
    [
        ({"e/vars/height": (), "e/vars/width": ()}, 32),
        ({"e/vars/size": (2,)}, 32),
        ({"e/inner/vars/0": (3,), "e/inner/vars/step": ()}, 35),
        # Layer f has no numbered weight, such as f/vars/0, so the value f/vars/scale is its weight.
        ({"f/vars/scale": (5,)}, 37),
    ],
)
def test_named_values_beside_numbered_weights_are_not_weights(further: Shapes, total: int) -> None:
    shapes = {"e/vars/0": (1, 7, 4), "e/vars/1": (1, 1, 4), **further}
    assert of(archive(OWN, tree(shapes, {"e": "embedding"}))).totals.params == total


# The weights of a subclassed model, after training with Keras 3.15. The model contains a convolution, a list of two
# blocks, and a Sequential model.
SHAPES = {
    "vars/0": (),
    "c/vars/0": (3, 3, 1, 8),
    "c/vars/1": (8,),
    "blocks/block/a/vars/0": (8, 8),
    "blocks/block/vars/0": (1,),
    "blocks/block_1/a/vars/0": (8, 8),
    "blocks/block_1/vars/0": (1,),
    "decoder/layers/dense/vars/0": (8, 2),
    "decoder/layers/dense/vars/1": (2,),
    "drop/seed_generator/vars/0": (2,),
    "optimizer/vars/0": (),
    "optimizer/vars/1": (),
    "optimizer/vars/2": (3, 3, 1, 8),
    "d_optimizer/vars/0": (),
    "d_optimizer/vars/1": (),
    "d_optimizer/vars/2": (8, 2),
}
NAMES = {
    "": "my_model",
    "c": "conv2d",
    "blocks/block": "b0",
    "blocks/block/a": "dense",
    "blocks/block_1": "b1",
    "blocks/block_1/a": "dense_1",
    "decoder": "dec",
    "decoder/layers/dense": "dense_2",
    "drop": "dropout",
    "drop/seed_generator": "seed_generator",
    "f": "flatten",
    "d_optimizer": "adam",
}
TREE = [
    ("vars", "Variables", 0, 1),
    ("blocks/block", "b0", 0, 65),
    ("blocks/block/vars", "Variables", 1, 1),
    ("blocks/block/a", "dense", 1, 64),
    ("blocks/block_1", "b1", 0, 65),
    ("blocks/block_1/vars", "Variables", 1, 1),
    ("blocks/block_1/a", "dense_1", 1, 64),
    ("c", "conv2d", 0, 80),
    ("decoder", "dec", 0, 18),
    ("decoder/layers/dense", "dense_2", 1, 18),
    ("drop", "dropout", 0, 0),
    ("f", "flatten", 0, 0),
]


def test_a_class_without_layers_in_its_config_has_the_rows_of_its_weights() -> None:
    config = {**OWN, "build_config": {"input_shape": [None, 8, 8, 1]}}
    report = of(archive(config, tree(SHAPES, NAMES)))
    assert rows(report) == TREE
    totals = report.totals
    assert (totals.params, totals.param_bytes, totals.trainable_params, totals.macs) == (229, 916, UNKNOWN, UNKNOWN)
    assert totals.incomplete == {"trainable_params": "unknown", "non_trainable_params": "unknown", "macs": "unknown"}
    assert (report.model.name, report.model.class_name) == ("my_model", "MyModel")
    assert report.input_shapes == ((UNKNOWN, 8, 8, 1),)
    assert report.output_shapes == (None,)
    assert [problem.code for problem in report.problems] == [codes.UNKNOWN_LAYER]
    data = json.loads(report_json(Study.of(report, Assumptions())))
    assert data["totals"]["params"] == 229
    assert data["model"]["output_shapes"] == [None]


def test_files_before_keras_3_6_have_no_names_in_the_tree() -> None:
    report = of(archive({**OWN, "build_config": {"input_shape": [1, 8, 8, 1]}}, tree(SHAPES, dict.fromkeys(NAMES, ""))))
    assert report.totals.params == 229
    assert [row.class_name for row in report.layers if row.depth == 0] == ["Variables", "block", "block", *"????"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("g_opt", "sgd"), ("trainers/rms_sprop", "rm_sprop"), ("x", "adam_w_1"), ("opt", ""), ("scaled", "my_optimizer")],
)
@pytest.mark.parametrize("slots", [{"vars/1": ()}, {}], ids=["learning rate", "schedule"])
def test_the_weights_of_an_optimizer_are_no_parameters(path: str, name: str, slots: dict[str, Any]) -> None:
    """A model can have several optimizers, in attributes of any name.

    An optimizer with a learning rate schedule stores no learning rate.
    """
    weights = {**slots, "vars/2": (3, 3, 1, 8), "vars/3": (8,)}
    steps = {f"{path}/vars/0": np.int64(7)}
    shapes = {"c/vars/0": (3, 3, 1, 8), "c/vars/1": (8,), **{f"{path}/{key}": shape for key, shape in weights.items()}}
    report = of(archive(OWN, tree(shapes, {"": "m", "c": "conv2d", path: name}, steps)))
    assert rows(report) == [("c", "conv2d", 0, 80)]
    assert report.totals.params == 80


def test_a_file_that_contains_only_weights() -> None:
    report = of(tree(SHAPES, NAMES))
    assert rows(report) == TREE
    assert (report.model.name, report.model.class_name, report.totals.params) == ("my_model", "Weights", 229)
    old = of(legacy({"x": {}, "dense": {"dense/kernel:0": (3, 4), "dense/bias:0": (4,)}, "bn": {"bn/gamma:0": (4,)}}))
    assert rows(old) == [("x", "?", 0, 0), ("dense", "?", 0, 16), ("bn", "?", 0, 4)]
    assert old.totals.params == 20


def test_an_hdf5_file_of_something_else_is_not_a_model() -> None:
    with pytest.raises(ConvcalcError, match="contains neither a model nor weights of Keras") as failed:
        read(tree({"data": (3, 4), "group/data": (2,)}), "file")
    assert failed.value.problems[0].code == codes.NOT_A_MODEL


def test_keras_2_stores_metrics_which_no_summary_counts() -> None:
    shapes = {
        "layers/dense/vars/0": (3, 4),
        "layers/dense/vars/1": (4,),
        "layers/dense_1/vars/0": (4, 3),
        "metrics/auc/vars/0": (200,),
        "metrics/mean/vars/0": (),
        "metrics/mean/vars/1": (),
    }
    report = of(archive(OWN, tree(shapes)))
    assert rows(report) == [("layers/dense", "dense", 0, 16), ("layers/dense_1", "dense", 0, 12)]


def test_an_object_with_two_scalars_is_a_layer() -> None:
    """Example: the activation layer StarReLU, whose scale and bias are scalars."""
    report = of(archive(OWN, tree({"act/vars/0": (), "act/vars/1": ()}, {"act": "star_re_lu"})))
    assert rows(report) == [("act", "star_re_lu", 0, 2)]


def test_a_config_without_layers_and_without_weights_is_one_row() -> None:
    config = {
        "module": "keras_hub.src.models.vgg.vgg_backbone",
        "class_name": "VGGBackbone",
        "config": {"name": "vgg", "stackwise_num_filters": [8, 64]},
        "registered_name": "keras_hub>VGGBackbone",
    }
    report = of(json.dumps(config).encode())
    assert rows(report) == [("vgg", "VGGBackbone", 0, UNKNOWN)]
    assert report.totals.incomplete["params"] == "unknown"
    assert "a .keras archive also contains their weights" in report.problems[0].message
    built = {**config, "build_config": {"shapes_dict": {"token_ids_shape": [None, 7], "mask_shape": [None, 7]}}}
    report = of(json.dumps(built).encode())
    assert [row.name for row in report.layers] == ["token_ids", "mask", "vgg"]
    assert report.input_shapes == ((UNKNOWN, 7), (UNKNOWN, 7))


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Functional", "config": {}},
        {"class_name": "Sequential", "config": {"layers": 3}, "module": "keras"},
        {"class_name": "Dense", "config": {"units": 3}, "module": "keras.layers"},
        {"class_name": 3, "config": {}},
        {"class_name": "", "config": {}},
        {"class_name": "Mine", "config": []},
    ],
)
def test_a_config_that_is_not_a_model_is_refused(config: Any) -> None:
    with pytest.raises(ConvcalcError) as failed:
        read(json.dumps(config).encode(), "file")
    assert failed.value.problems[0].code == codes.NOT_A_MODEL


# Totals of parameters -------------------------------------------------------------------------------------------------


def foreign(source: str = "x", **config: Any) -> dict[str, Any]:
    entry = layer("Mine", "mine", [tensor(source)], **config)
    return {**entry, "module": "my.package", "registered_name": "my>Mine"}


def unrecorded(entry: Any) -> Any:
    """Removes the input shapes from a layer's config, as in files of Keras 2."""
    return json.loads(json.dumps(entry).replace('"shape": [null, 3]', '"shape": "unknown"'))


def test_layers_after_an_unknown_shape_have_the_weights_of_their_rule_and_of_the_file() -> None:
    layers = [
        foreign(),
        layer("Dense", "dense", [tensor("mine")], units=4, use_bias=False),
        layer("BatchNormalization", "bn", [tensor("dense")]),
        layer("ReLU", "relu", [tensor("bn")]),
        layer("Dense", "last", [tensor("relu")], units=2),
    ]
    config = functional(INPUT, *map(unrecorded, layers), outputs=[["last", 0, 0]])
    stored = {
        "x": {},
        "mine": {"mine/w:0": (5,)},
        "dense": {"dense/kernel:0": (7, 4)},
        "bn": {f"bn/{name}:0": (4,) for name in ("gamma", "beta", "moving_mean", "moving_variance")},
        "relu": {},
        "last": {"last/kernel:0": (4, 2), "last/bias:0": (2,)},
    }
    report = of(legacy(stored, config))
    assert [(row.name, row.params, row.trainable_params) for row in report.layers] == [
        ("x", 0, 0),
        ("mine", 5, UNKNOWN),
        ("dense", 28, 28),
        ("bn", 16, 8),
        ("relu", 0, 0),
        ("last", 10, 10),
    ]
    assert (report.totals.params, report.totals.trainable_params, report.totals.param_bytes) == (59, 46, 236)
    assert "params" not in report.totals.incomplete
    # Without stored weights, only layers that never have weights have known parameters.
    alone = of(json.dumps(config).encode())
    assert [row.params for row in alone.layers] == [0, UNKNOWN, UNKNOWN, UNKNOWN, 0, UNKNOWN]


@pytest.mark.parametrize(
    ("class_name", "config", "stored", "trainable"),
    [
        ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 3}, [(3, 3, 2, 6), (6,)], 114),
        ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, [(3, 3, 3, 2), (6,)], 60),
        ("SeparableConv1D", {"filters": 5, "kernel_size": 3}, [(3, 3, 1), (1, 3, 5), (5,)], 29),
        ("ConvLSTM2D", {"filters": 3, "kernel_size": 2}, [(2, 2, 2, 12), (2, 2, 3, 12), (12,)], 252),
        ("LSTM", {"units": 4}, [(3, 16), (4, 16), (16,)], 128),
        ("PReLU", {"shared_axes": [1, 2]}, [(1, 1, 5)], 5),
        ("BatchNormalization", {"axis": 1}, [(3,)] * 4, 6),
        ("Normalization", {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 1.0, 1.0]}, [], 0),
        ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 7], "bias_axes": "d"}, [(5, 7), (7,)], 42),
    ],
)
def test_each_family_after_an_unknown_shape(
    class_name: str, config: Any, stored: list[tuple[int, ...]], trainable: int
) -> None:
    """The expected numbers of parameters are those that tf_keras counts."""
    after = unrecorded(layer(class_name, "dense", [tensor("mine")], **config))
    weights = {f"dense/w{number}:0": shape for number, shape in enumerate(stored)}
    report = of(legacy({"x": {}, "mine": {}, "dense": weights}, functional(INPUT, unrecorded(foreign()), after)))
    params = sum(int(np.prod(shape)) for shape in stored)
    assert (report.layers[2].params, report.layers[2].trainable_params) == (params, trainable)


def test_weights_that_a_layer_shares_with_a_custom_layer_are_counted_once() -> None:
    """The archive stores the embedding once, because the head of a language model reuses the backbone's embedding.

    Example: keras_hub's GPT2CausalLM.
    """
    head = layer("Dense", "head", [tensor("mine")], units=4)
    config = functional(INPUT, foreign(), head, outputs=[["head", 0, 0]])
    shapes = {"layers/mine/inner/vars/0": (3, 4), "layers/mine/inner/vars/1": (4,), "layers/mine/vars/0": (5,)}
    report = of(archive(config, tree(shapes, {"layers/mine": "mine", "layers/mine/inner": "head"})))
    assert [row.params for row in report.layers] == [0, 21, 16]
    assert (report.totals.params, report.totals.param_bytes) == (21, 84)


def test_the_optimizer_trains_a_layer_shared_with_a_nested_model_once() -> None:
    """The archive stores the layer once, and Keras loads one layer. So Adam has only two variables for each weight."""
    dense = layer("Dense", "dense", [tensor("x")], units=3)
    inner = {**functional(INPUT, dense, name="inner"), "name": "inner", "inbound_nodes": [{"args": [tensor("dense")]}]}
    config = functional(INPUT, dense, inner, outputs=[["inner", 1, 0]])
    adam = {"module": "keras.optimizers", "class_name": "Adam", "config": {}}
    content = tree({"layers/dense/vars/0": (3, 3), "layers/dense/vars/1": (3,)})
    report = of(archive({**config, "compile_config": {"optimizer": adam}}, content))
    assert report.totals.params == 12
    text = render(report, "keras")
    assert "Total params: 38 (" in text and "Optimizer params: 26 (" in text


EMBEDDING = {"class_name": "Embedding", "config": {"name": "table", "input_dim": 11}, "module": "keras.layers"}
TABLE = np.random.default_rng(1).normal(size=(11, 4)).astype("float32")


def backbone_and_head() -> Any:
    """Returns a custom backbone and a custom head, whose config contains the backbone's embedding layer."""
    head = layer("Head", "head", [tensor("mine")], token_embedding=EMBEDDING)
    head = {**head, "module": "my.package", "registered_name": "my>Head"}
    return functional(INPUT, foreign(), head, outputs=[["head", 0, 0]])


def test_a_custom_layer_that_contains_a_layer_of_another_custom_layer() -> None:
    """Keras counts the shared embedding in the rows of both layers, but only once in the total.

    An example is keras_hub's MaskedLMHead.
    """
    shapes = {"layers/mine/table/vars/0": (11, 4), "layers/mine/vars/0": (5,), "layers/head/vars/0": (11,)}
    names = {"layers/mine": "mine", "layers/mine/table": "table", "layers/head": "head"}
    report = of(archive(backbone_and_head(), tree(shapes, names)))
    assert ([row.params for row in report.layers], report.totals.params) == ([0, 49, 55], 60)
    # If the file stores a table for the head too, this table is not the backbone's table.
    own = {**shapes, "layers/head/table/vars/0": (11, 4)}
    report = of(archive(backbone_and_head(), tree(own, {**names, "layers/head/table": "table"})))
    assert ([row.params for row in report.layers], report.totals.params) == ([0, 49, 55], 104)


def test_a_legacy_file_stores_shared_weights_in_each_layer() -> None:
    content = legacy(
        {
            "x": {},
            "mine": {"table/embeddings": (11, 4), "dense/kernel": (4, 4)},
            "head": {"head/bias": (11,), "table/embeddings": (11, 4)},
        },
        backbone_and_head(),
    )
    # Both tables contain only zeros. They may be equal by chance, so both count. With the values of TABLE, they count
    # as one shared table.
    assert of(content).totals.params == 44 + 16 + 11 + 44
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as written:
        for name in ("mine", "head"):
            written[f"model_weights/{name}/table/embeddings"][...] = TABLE
    report = of(file.getvalue())
    assert ([row.params for row in report.layers], report.totals.params) == ([0, 60, 55], 71)
    # Equal sorted arrays may be two computed tables, e.g. of frequencies, so both count.
    with h5py.File(file, "r+") as written:
        for name in ("mine", "head"):
            written[f"model_weights/{name}/table/embeddings"][...] = np.sort(TABLE, axis=None).reshape(11, 4)
    assert of(file.getvalue()).totals.params == 44 + 16 + 11 + 44


@pytest.mark.parametrize(("second", "params"), [("block/inner", 15), ("other/inner", 30)])
def test_constants_of_a_shared_layer_are_the_same_variables(second: str, params: int) -> None:
    """Equal zeros in the same inner layer ("block/inner") count once. Equal zeros in two layers count twice."""
    paths = [("mine", f"block/inner/{part}") for part in ("a/kernel", "b/bias")]
    paths += [("head", f"{second}/{part}") for part in ("a/kernel", "b/bias")]
    shapes = {"kernel": (4, 3), "bias": (3,)}
    layers: dict[str, Shapes] = {}
    for layer_name, weight in paths:
        layers.setdefault(layer_name, {})[weight] = shapes[weight.rpartition("/")[2]]
    file = io.BytesIO(legacy(layers))
    with h5py.File(file, "r+") as written:
        for layer_name, weight in paths[::2]:
            written[f"{layer_name}/{weight}"][...] = TABLE[:3].T
    assert of(file.getvalue()).totals.params == params


@pytest.mark.parametrize(
    ("entry", "stored", "params"),
    [
        (layer("BatchNormalization", "a", dtype="int8"), (4,) * 4, 16),
        (layer("Dense", "a", units=5, dtype="other"), ((4, 5), (5,)), 25),
        (layer("Embedding", "a", input_dim=9, output_dim=2, dtype="int3"), ((9, 2),), 18),
    ],
)
def test_a_layer_with_an_unknown_dtype_has_the_weights_of_the_file(entry: Any, stored: Any, params: int) -> None:
    config = sequential(layer("InputLayer", "i", batch_shape=[None, 4]), entry)
    shapes = {f"layers/a/vars/{n}": shape if isinstance(shape, tuple) else (shape,) for n, shape in enumerate(stored)}
    assert of(archive(config, tree(shapes))).totals.params == params
    assert of(json.dumps(config).encode()).totals.params == UNKNOWN


@pytest.mark.parametrize(
    ("class_name", "arguments", "shape"),
    [
        ("Cast", {"dtype": "float16"}, (3,)),
        ("Softmax", {"axis": -1}, (3,)),
        ("Reshape", {"newshape": [-1, 3, 1]}, (3, 1)),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_operations_in_hdf5_files(class_name: str, arguments: Any, shape: Any, named: bool) -> None:
    """An HDF5 file does not store the module of an operation. Before Keras 3.10, it does not store the name either."""
    name = {"name": "operation"} if named else {}
    entry = layer(class_name, "operation", [tensor("x")])
    entry = {key: entry[key] for key in ("class_name", "name", "inbound_nodes")} | {"config": {**arguments, **name}}
    config = functional(INPUT, entry, outputs=[["operation", 0, 0]])
    report = of(legacy({}, config))
    assert (report.output_shapes, report.totals.params, report.problems) == (((UNKNOWN, *shape),), 0, ())


def test_a_legacy_file_stores_a_layer_shared_with_a_nested_model_twice() -> None:
    """When Keras loads the ``.h5`` file, it creates two layers, so the weights count twice, even for a custom class."""
    inner = {**functional(INPUT, foreign(), name="inner", outputs=[["mine", 0, 0]]), "name": "inner"}
    config = functional(INPUT, foreign(), {**inner, "inbound_nodes": [{"args": [tensor("mine")], "kwargs": {}}]})
    config["config"]["output_layers"] = [["inner", 1, 0]]
    content = legacy({"x": {}, "mine": {"mine/w": (11, 4)}, "inner": {"mine/w": (11, 4)}}, config)
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as written:
        for name in ("mine", "inner"):
            written[f"model_weights/{name}/mine/w"][...] = TABLE
    assert of(file.getvalue()).totals.params == 88


def test_weights_of_another_model_do_not_change_the_total() -> None:
    head = layer("Dense", "head", [tensor("mine")], units=4)
    config = functional(INPUT, foreign(), head, outputs=[["head", 0, 0]])
    report = of(archive(config, tree({"layers/conv2d/vars/0": (9, 9)})))
    assert (report.totals.params, report.totals.incomplete["params"]) == (16, "partial")


def test_a_wrapper_that_stores_a_variable_of_its_layer_again() -> None:
    """A wrapper with ``self.w = self.layer.kernel`` stores the kernel twice in tf.keras 2.15. The kernel counts once.

    Example: SpectralNormalization of TensorFlow Addons has 304 parameters, not 592.
    """
    kernel = np.arange(15, dtype="float32").reshape(3, 5)
    values = {
        "layers/mine/layer/vars/0": kernel,
        "layers/mine/layer/vars/1": np.zeros(5, "float32"),
        "layers/mine/vars/0": kernel,
        "layers/mine/vars/1": np.zeros((1, 5), "float32"),
    }
    config = functional(INPUT, foreign(), outputs=[["mine", 0, 0]])
    assert of(archive(config, tree({}, values=values))).totals.params == 25
    # Kernels that contain only ones may be equal by chance, so both count.
    values["layers/mine/layer/vars/0"] = values["layers/mine/vars/0"] = np.ones((3, 5), "float32")
    assert of(archive(config, tree({}, values=values))).totals.params == 40


@pytest.mark.parametrize(
    ("inner", "config", "params", "trainable"),
    [
        ({"vars/0": (4,), "vars/1": (6, 4), "vars/2": (), "layer/vars/0": (4,)}, {"data_init": True}, 61, 32),
        (
            {"vars/0": (4,), "vars/1": (3, 3, 3, 4), "vars/2": (), "layer/vars/0": (4,)},
            {"data_init": True},
            229,
            116,
        ),
        ({"vars/0": (4,), "vars/1": (6, 4), "layer/vars/0": (4,)}, {"data_init": False}, 32, UNKNOWN),
        # The archive contains the frozen copy. If the kernel has the same values as the copy, it is left out.
        (
            {"vars/0": (4,), "vars/1": (6, 4), "vars/2": (), "layer/vars/0": (4,)}
            | {"_naked_clone_layer/vars/0": (6, 4), "_naked_clone_layer/vars/1": (4,)},
            {"data_init": True},
            61,
            32,
        ),
        (
            {"vars/0": (4,), "vars/2": (), "layer/vars/0": (4,)}
            | {"_naked_clone_layer/vars/0": (6, 4), "_naked_clone_layer/vars/1": (4,)},
            {"data_init": True},
            61,
            32,
        ),
    ],
)
def test_the_frozen_copy_in_a_weight_normalization_is_counted(
    inner: Shapes, config: dict[str, Any], params: int, trainable: Any
) -> None:
    """A WeightNormalization has a frozen copy of its inner layer, which initializes the scale.

    The archive of tf.keras 2.15 does not store the copy, but Keras counts its parameters.
    """
    entry = {
        **layer("WeightNormalization", "wn", [tensor("x")], **config),
        "registered_name": "Addons>WeightNormalization",
    }
    entry["module"] = "tensorflow_addons.layers.wrappers"
    shapes = {f"layers/weight_normalization/{path}": shape for path, shape in inner.items()}
    report = of(archive(functional(INPUT, entry, outputs=[["wn", 0, 0]]), tree(shapes)))
    assert (report.layers[1].params, report.layers[1].trainable_params) == (params, trainable)
    assert report.totals.params == params


@pytest.mark.parametrize(
    ("inner", "params"),
    [
        # a Conv2D: the kernel twice, the bias twice
        ({**dict(enumerate([(3, 3, 3, 8), (8,), (3, 3, 3, 8), (), (8,), (8,)])), "layer/vars/0": (8,)}, 241),
        # a Conv2D without bias, and a frozen Conv2D
        (dict(enumerate([(3, 3, 3, 8), (3, 3, 3, 8), (), (8,), (8,)])), 233),
        ({**dict(enumerate([(3, 3, 3, 8), (), (8,), (8,)])), "layer/vars/0": (8,)}, 241),
        # a BatchNormalization, then one whose scale is stored only once
        ({**dict(enumerate([(8,), (8,), ()])), **{f"layer/vars/{n}": (8,) for n in range(4)}}, 33),
        ({**dict(enumerate([(8,), ()])), **{f"layer/vars/{n}": (8,) for n in range(4)}}, 33),
        # a ReLU and a Dense
        (dict(enumerate([(), (), ()])), 3),
        ({**dict(enumerate([(8, 4), (4,), (8, 4), (), (), (), (), ()])), "layer/vars/0": (4,)}, 41),
    ],
)
def test_the_weights_that_a_quantize_wrapper_stores_twice_are_counted_once(
    inner: dict[Any, tuple[int, ...]], params: int
) -> None:
    """The stored weights and the counts are those of tf.keras 2.15 with tensorflow_model_optimization 0.7.5."""
    module = "tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper"
    entry = {**layer("QuantizeWrapperV2", "q", [tensor("x")]), "module": module, "registered_name": "QuantizeWrapperV2"}
    group = "layers/quantize_wrapper_v2"
    paths = {f"{group}/vars/{key}" if isinstance(key, int) else f"{group}/{key}": size for key, size in inner.items()}
    step = next(path for path, shape in paths.items() if shape == ())
    weights = tree({path: shape for path, shape in paths.items() if path != step}, values={step: np.int32(-1)})
    report = of(archive(functional(INPUT, entry, outputs=[["q", 0, 0]]), weights))
    assert report.layers[1].params == report.totals.params == params


@pytest.mark.parametrize(
    ("inner", "params"),
    [
        ({f"{path}/cell/vars/0": (6, 16) for path in ("layer", "layers/lstm", "layers/lstm_1")}, 192),
        (
            {"vars/0": (6, 10), "layer/vars/0": (6, 4), "layers/dense/vars/0": (6, 4), "layers/dense_1/vars/0": (6, 4)},
            108,
        ),
        ({"layers/lstm/cell/vars/0": (6, 16), "layers/gru/cell/vars/0": (6, 12)}, 168),
        ({"layer/vars/0": (6, 4)}, 24),
    ],
)
def test_the_layer_from_which_a_multi_head_makes_copies_is_not_counted(inner: Shapes, params: int) -> None:
    entry = {**layer("MultiHead", "heads", [tensor("x")]), "module": "keras_multi_head.multi_head"}
    entry["registered_name"] = "MultiHead"
    shapes = {f"layers/multi_head/{path}": shape for path, shape in inner.items()}
    report = of(archive(functional(INPUT, entry, outputs=[["heads", 0, 0]]), tree(shapes)))
    assert report.layers[1].params == report.totals.params == params


def test_lora_is_counted_though_archives_do_not_store_it() -> None:
    config = functional(INPUT, foreign(), layer("Dense", "dense", [tensor("mine")], units=4, lora_rank=2))
    shapes = {"layers/mine/vars/0": (5,), "layers/dense/vars/0": (3, 4), "layers/dense/vars/1": (4,)}
    report = of(archive(config, tree(shapes, {"layers/mine": "mine", "layers/dense": "dense"})))
    assert (report.layers[2].params, report.totals.params) == (16 + 14, 35)


def test_lora_in_a_custom_layer_is_not_stored_so_the_total_is_a_lower_bound() -> None:
    inner = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 5, "lora_rank": 2}}
    content = tree(
        {"layers/mine/layer/vars/0": (3, 5), "layers/mine/layer/vars/1": (5,), "layers/dense/vars/0": (5, 4)}
    )
    for rank, totals in ((2, (16, "partial")), (None, (40, None))):
        own = foreign(layer={**inner, "config": {**inner["config"], "lora_rank": rank}})
        config = functional(INPUT, own, layer("Dense", "dense", [tensor("mine")], units=4, use_bias=False))
        report = of(archive(config, content))
        assert report.layers[1].params == (20 if rank is None else UNKNOWN)
        assert report.totals.incomplete.get("params") == totals[1]


def test_an_unbuilt_model_has_unknown_counts() -> None:
    config = sequential(layer("Dense", "dense", units=4))
    report = of(archive(config, tree({}, {"": "model", "layers/dense": "dense"})))
    assert (report.layers[0].params, report.totals.params) == (UNKNOWN, UNKNOWN)


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


# Sharded weights, weights of another file, and commands ---------------------------------------------------------------


def sharded(folder: Path, names: Sequence[str]) -> Path:
    parts = [list(SHAPES.items())[:5], list(SHAPES.items())[5:]]
    for name, part in zip(("m_00000.weights.h5", "m_00001.weights.h5"), parts):
        whole = name.endswith("1.weights.h5")
        own = {path: text for path, text in NAMES.items() if whole or f"{path}/vars/0".lstrip("/") in dict(part)}
        (folder / name).write_bytes(tree(dict(part), own))
    path = folder / "m.weights.json"
    path.write_text(json.dumps({"metadata": {"total_size": 1.0}, "weight_map": {"/vars": names[0], "/c/vars": names}}))
    return path


def test_sharded_weights_are_read_from_the_files_beside_the_list(tmp_path: Path) -> None:
    report = infer(load(sharded(tmp_path, ["m_00000.weights.h5", "m_00001.weights.h5"])))
    assert [row for row in rows(report) if row[3]] == [row for row in TREE if row[3]]
    assert report.totals.params == 229


@pytest.mark.parametrize("name", ["../m_00000.weights.h5", "/etc/passwd", "a\\b.weights.h5", 3, None, "other.h5"])
def test_a_list_that_names_a_file_elsewhere_is_refused(name: Any, tmp_path: Path) -> None:
    with pytest.raises(ConvcalcError, match="which is not the name of a"):
        load(sharded(tmp_path, ["m_00000.weights.h5", name]))


def test_a_config_with_the_weights_of_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, weights = tmp_path / "model.json", tmp_path / "model.weights.h5"
    config.write_text(json.dumps(OWN))
    weights.write_bytes(tree(SHAPES, NAMES))
    assert exit_code("summary", str(config), "--weights", str(weights), "-q") == 0
    assert exit_code("summary", str(config), "--weights", str(weights), "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["totals"]["params"] == 229
    assert exit_code("summary", str(config), "--weights", str(config)) == 2


def test_a_class_without_layers_is_not_written_as_another_model(tmp_path: Path) -> None:
    for name, content in (("m.keras", archive(OWN, tree(SHAPES, NAMES))), ("m.json", json.dumps(OWN).encode())):
        path = tmp_path / name
        path.write_bytes(content)
        for ending in ("yaml", "json", "py"):
            assert exit_code("convert", str(path), "-o", str(tmp_path / f"out.{ending}")) == 2
            assert not (tmp_path / f"out.{ending}").exists()


WRAPPED = {
    key: part for key, part in layer("Dense", "dense", units=3, trainable=True).items() if key != "inbound_nodes"
}
BOTH = {"vars/0": (3, 3), "vars/1": (3,)}


@pytest.mark.parametrize(
    ("layers", "stored_by", "problems"),
    [
        # Keras can load the archive only if the inner layer is also a layer of the model, before the wrapper.
        (["dense", "outer"], ("dense", "dense"), 0),
        (["outer", "dense"], ("outer/layer", "dense"), 1),
        (["outer", "again"], ("outer/layer", "dense"), 1),
    ],
)
def test_a_layer_in_two_places_is_counted_once(layers: list[str], stored_by: tuple[str, str], problems: int) -> None:
    """An archive stores the weights of a shared layer once. Each row shows the layer's parameters, but the total counts
    them once.
    """
    entries = [layer("InputLayer", "x", batch_shape=[None, 5, 3], dtype="float32")]
    for name in layers:
        before = [tensor(entries[-1]["name"])]
        wrapper = layer("TimeDistributed", name, before, layer=WRAPPED)
        entries.append(layer("Dense", name, before, units=3) if name == "dense" else wrapper)
    config = functional(*entries, outputs=[[layers[-1], 0, 0]])
    shapes = {f"layers/{stored_by[0]}/{key}": shape for key, shape in BOTH.items()}
    names = {f"layers/{name}": name for name in ("outer", "again") if name in layers}
    content = archive(config, tree(shapes, {**names, f"layers/{stored_by[0]}": stored_by[1]}))
    report = of(content)
    assert [row.params for row in report.layers] == [0, 12, 12]
    assert (report.totals.params, report.totals.trainable_params, report.totals.param_bytes) == (12, 12, 48)
    weights = weights_in(io.BytesIO(content), "m.keras", report.model)
    assert len(verify(report, weights).problems) == problems
    for ending in (".json", ".py", ".yaml"):
        with pytest.raises(ConvcalcError, match="some layers share weights, but only the model's archive says so"):
            FORMATS[ending](report)


def test_layers_of_the_same_name_in_two_wrappers_are_counted_twice() -> None:
    config = functional(
        layer("InputLayer", "x", batch_shape=[None, 5, 3], dtype="float32"),
        layer("TimeDistributed", "a", [tensor("x")], layer=WRAPPED),
        layer("TimeDistributed", "b", [tensor("a")], layer=WRAPPED),
        outputs=[["b", 0, 0]],
    )
    shapes = {f"layers/{name}/layer/{key}": shape for name in "ab" for key, shape in BOTH.items()}
    report = of(
        archive(
            config,
            tree(shapes, {f"layers/{name}{end}": "dense" if end else name for name in "ab" for end in ("/layer", "")}),
        )
    )
    assert (report.totals.params, report.totals.trainable_params) == (24, 24)
