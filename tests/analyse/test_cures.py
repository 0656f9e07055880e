"""The advice for layers that refuse their inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from convcalc import infer
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read import parse, read
from convcalc.read.spec.spec import read_spec
from tests.helpers.keras_configs import data, functional, layer, tensor


def refusal(text: str) -> str:
    with pytest.raises(ConvcalcError) as failed:
        infer(read_spec(Source("s.yaml", text)))
    return failed.value.problems[0].message


def spec(sizes: str, *entries: str) -> str:
    return f"input: {sizes}\nlayers:\n" + "".join(f"  - {entry}\n" for entry in entries)


SEQUENCES = "set return_sequences: true in '{}', which otherwise returns only its last output"


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        (["Embedding: [1000, 16]", "LSTM: 32", "LSTM: 32"], "lstm"),
        (["Embedding: [1000, 16]", "GRU: 32", "Dropout: 0.5", "BatchNormalization", "LSTM: 8"], "gru"),
        (["Embedding: [1000, 16]", "Bidirectional: {layer: {LSTM: 8}}", "LSTM: 32"], "bidirectional"),
        (["Embedding: [1000, 16]", "SimpleRNN: 8", "Conv1D: [8, 3]"], "simple_rnn"),
        (["Embedding: [1000, 16]", "GRU: 8", "TimeDistributed: {layer: {Dense: 3}}"], "gru"),
        (["Embedding: [1000, 16]", "LSTM: 8", "Dense: 8", "LSTM: 8"], "lstm"),
        (["Embedding: [1000, 16]", "LSTM: 8", "GlobalAveragePooling1D"], "lstm"),
    ],
)
def test_stacked_recurrent_layers(entries: list[str], name: str) -> None:
    assert SEQUENCES.format(name) in refusal(spec("[50]", *entries))


def test_a_sequence_that_another_layer_has_flattened() -> None:
    text = refusal(spec("[50, 3]", "LSTM: {units: 8, return_sequences: true}", "Flatten", "LSTM: 8"))
    assert "return_sequences" not in text
    assert "'- Reshape: [10, …]'" in text


@pytest.mark.parametrize(
    ("sizes", "entries", "advice"),
    [
        ("[32, 28, 28, 1]", ["Conv2D: [8, 3]"], "leave it out: the input is [28, 28, 1]"),
        ("[32, 28, 28, 1]", ["Rescaling: 0.1", "Conv2D: [8, 3]"], "leave it out: the input is [28, 28, 1]"),
        ("[16, 100, 4]", ["Conv1D: [8, 3]"], "leave it out: the input is [100, 4]"),
        ("[28, 28]", ["Conv2D: [8, 3]"], "for one channel, write [28, 28, 1]"),
        ("[784]", ["Conv2D: [8, 3]"], "for an image, write [28, 28, 1]"),
        ("[100]", ["LSTM: 8"], "for one number at each step, write [100, 1]; for words, put '- Embedding"),
        ("[28, 28, 1]", ["Flatten", "Conv2D: [8, 3]"], "move 'flatten' below this layer, or remove it"),
        ("[28, 28, 1]", ["Flatten", "Dense: 784", "Conv2D: [8, 3]"], "move 'flatten' below this layer"),
        ("[64]", ["Dense: 49", "Conv2D: [8, 3]"], "'- Reshape: [7, 7, 1]'"),
        ("[28, 28, 1]", ["Conv2D: [8, 3]", "LSTM: 8"], "'- Reshape: [26, 208]'"),
        ("[1, 28, 28]", ["Conv2D: [8, 3]"], "write [28, 28, 1]"),
        ("[3, 224, 224]", ["Conv2D: [8, 3]", "MaxPooling2D"], "write [224, 224, 3]"),
        ("[3, 64, 64]", ["Conv2D: [8, 5]"], "write [64, 64, 3]"),
        ("[28, 28, 1]", ["MaxPooling2D: 4"] * 3 + ["Conv2D: [8, 3]"], "shrink it less"),
        ("[5, 1]", ["LSTM: {units: 3, stateful: true}"], "write 'input: {shape: [5, 1], batch_size: 1}'"),
    ],
)
def test_advice(sizes: str, entries: list[str], advice: str) -> None:
    assert advice in refusal(spec(sizes, *entries))


UNET = """input: [{size}, {size}, 1]
layers:
  - Conv2D: {{filters: 4, kernel_size: 3, padding: same}}
  - MaxPooling2D: 2
  - Conv2D: {{filters: 4, kernel_size: 3, padding: same}}
  - MaxPooling2D: 2
  - Conv2D: {{filters: 4, kernel_size: 3, padding: same, as: c}}
  - MaxPooling2D: 2
  - Conv2D: {{filters: 4, kernel_size: 3, padding: same}}
  - {up}
  - {merge}: {{from: [{name}, c]}}
"""


@pytest.mark.parametrize(
    ("up", "name", "merge"),
    [
        ("UpSampling2D: 2", "up_sampling2d", "Concatenate"),
        ("Conv2DTranspose: [4, 2, 2]", "conv2d_transpose", "Concatenate"),
        ("UpSampling2D: 2", "up_sampling2d", "Add"),
    ],
)
def test_branches_that_differ_by_a_pixel(up: str, name: str, merge: str) -> None:
    text = refusal(UNET.format(size=358, up=up, merge=merge, name=name))
    assert (
        "'max_pooling2d_2' drops the last row and column of 89; sizes that 8 divides fit, such as 352×352 or 360×360"
        in text
    )
    for size in (352, 360):
        assert infer(read_spec(Source("s.yaml", UNET.format(size=size, up=up, merge=merge, name=name))))


def test_branches_that_differ_for_other_reasons() -> None:
    shortcut = spec(
        "[32, 32, 16]", "Conv2D: {filters: 64, kernel_size: 3, padding: same, name: a}", "Add: {from: [a, input_layer]}"
    )
    assert "to give 'input_layer' 64 channels, put '- Conv2D: [64, 1]' after it" in refusal(shortcut)
    strided = spec(
        "[32, 32, 16]",
        "Conv2D: {filters: 16, kernel_size: 3, strides: 2, padding: same, name: a}",
        "Add: {from: [a, input_layer]}",
    )
    assert "the output of 'input_layer' is 2 times as large: use strides 2 there" in refusal(strided)
    valid = spec("[32, 32, 16]", "Conv2D: {filters: 16, kernel_size: 3, name: a}", "Add: {from: [a, input_layer]}")
    assert "'a' without padding makes it smaller: use padding same there" in refusal(valid)
    same = spec(
        "[33, 33, 4]",
        "Conv2D: {filters: 4, kernel_size: 3, strides: 2, padding: same, name: a}",
        "UpSampling2D: {size: 2, name: b}",
        "Add: {from: [b, input_layer]}",
    )
    assert "'a' rounds 33 to 17 up" in refusal(same)


def test_advice_for_a_program_is_python(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(
        "import keras\nfrom keras import layers\n"
        "model = keras.Sequential([keras.Input((5, 3)), layers.LSTM(8), layers.LSTM(8)])\n"
    )
    with pytest.raises(ConvcalcError) as failed:
        infer(parse(path))
    assert "set return_sequences=True in 'lstm'" in str(failed.value)


def test_an_input_that_has_not_run_yet_is_not_asked() -> None:
    """In a file, the second input can follow the layer that refuses."""
    image = layer("InputLayer", "x", batch_shape=[None, 5, 5, 1], dtype="float32")
    late = layer("InputLayer", "z", batch_shape=[None, 5, 5, 1], dtype="float32")
    pool = layer("MaxPooling2D", "pool", [tensor("x")], pool_size=2)
    up = layer("UpSampling2D", "up", [tensor("pool")], size=2)
    joined = layer("Add", "add", [[tensor("x"), tensor("up")]])
    last = layer("Add", "dense", [[tensor("add"), tensor("z")]])
    model = functional(image, pool, up, joined, late, last, input_layers=[["x", 0, 0], ["z", 0, 0]])
    with pytest.raises(ConvcalcError, match="'pool' drops the last row and column of 5"):
        infer(read(data(model), "model.json"))
