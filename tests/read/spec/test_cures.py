"""The advice at the end of a problem with a spec: what the user meant, or the corrected line."""

from __future__ import annotations

import pytest

from convcalc import infer
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read.spec.spec import read_spec

CURES = {
    # the indentation slip
    "- Conv2D:\n    filters: 32\n    kernel_size: 3": "write '- Conv2D: {filters: 32, kernel_size: 3}'",
    "- Dense:\n    units: 3\n    activation: relu": "write '- Dense: {units: 3, activation: relu}'",
    "- type: Conv2D\n    filters: 32\n    kernel_size: 3": "write '- Conv2D: {filters: 32, kernel_size: 3}'",
    "- layer: Dense\n    units: 3": "write '- Dense: {units: 3}'",
    "- Dense: 3\n    activation: relu": "inside its braces, such as '- Dense: {activation: …}'",
    # arguments without names, names in a list
    "- Conv2D: [32, 3, padding: same]": "write '- Conv2D: {filters: 32, kernel_size: 3, padding: same}'",
    "- Conv2D: [32, 3, padding='same']": "write '- Conv2D: {filters: 32, kernel_size: 3, padding: same}'",
    "- Dense: [10, {activation: relu}]": "write '- Dense: {units: 10, activation: relu}'",
    "- Conv2D: {32, 3, padding: same}": "write '- Conv2D: {filters: 32, kernel_size: 3, padding: same}'",
    "- Dropout: {0.5}": "write '- Dropout: {rate: 0.5}'",
    "- LSTM: {32, return_sequences: true}": "write '- LSTM: {units: 32, return_sequences: true}'",
    # the name and its arguments
    "- Conv2D 32 3": "such as '- Conv2D: [32, 3]'",
    "- Dense:3": "such as '- Dense: 3'",
    "- Dense {units: 3}": "such as '- Dense: …'",
    # names of PyTorch and of old versions
    "- BatchNorm": "did you mean 'BatchNormalization'?",
    "- BatchNorm2d: 32": "did you mean 'BatchNormalization'?",
    "- Linear: [784, 10]": "did you mean 'Dense'?",
    "- maxpool: 2": "'MaxPooling2D'",
    "- zeropadding: 1": "'ZeroPadding2D'",
    "- max_pooling_2d: 2": "did you mean 'MaxPooling2D'?",
    "- Dropout2d: 0.5": "did you mean 'SpatialDropout2D'?",
    "- Sigmoid": "write '- Activation: sigmoid'",
    "- ConvTranspose2d: [8, 3]": "did you mean 'Conv2DTranspose'?",
    # arguments of PyTorch, Keras 1, and of the first layer of a Keras program
    "- Conv2D: {filters: 3, kernel_size: 3, input_shape: [28, 28, 1]}": "'input: [28, 28, 1]'",
    "- Dense: {units: 3, input_dim: 20}": "'input: [20]'",
    "- LSTM: {units: 3, batch_input_shape: [8, 5, 2]}": "'input: {shape: [5, 2], batch_size: 8}'",
    "- Conv2D: {out_channels: 3, kernel_size: 3}": "in Keras it is 'filters'",
    "- Conv2D: {filters: 3, kernel_size: 3, in_channels: 3}": "Keras takes this number from the layer's input",
    "- Conv2D: {filters: 3, kernel_size: 3, border_mode: same}": "in Keras it is 'padding'",
    "- Dense: {units: 3, bias: false}": "in Keras it is 'use_bias'",
    "- Dropout: {p: 0.5}": "in Keras it is 'rate'",
    "- BatchNormalization: {activation: relu}": "write '- Activation: relu' after this layer",
    # values
    '- Dense: "100"': "take off the quotes: 100",
    '- Conv2D: [8, "3"]': "take off the quotes: 3",
    "- Dense: 10.0": "write 10",
    "- Dense: {units: [10]}": "write 10",
    "- Dropout: 50": "did you mean 0.5?",
    "- Dropout: 50%": "write 0.5",
    "- Dropout: 0,5": "write 0.5",
    "- Conv2D: [8, 3x5]": "write [3, 5]",
    "- Dense: {units: 3, use_bias: yes}": "write true",
    '- LSTM: {units: 3, return_sequences: "True"}': "write true",
    "- Conv2D: {filters: 8, kernel_size: 3, padding: SAME PAD}": "'valid' or 'same'",
    "- Conv2D: {filters: 8, kernel_size: 3, padding: 1}": "write '- ZeroPadding2D: 1' before this layer",
    "- Conv2D: {filters: 8, kernel_size: 3, data_format: NCHW}": "write channels_first",
    # Python and loops
    "- nn.Conv2d(3, 16, kernel_size=3)": "did you mean 'Conv2D'? PyTorch's layers also name the inputs",
    "- nn.Linear(20, 10, bias=True)": "did you mean 'Dense'?",
    "- 'Lambda(lambda x: x / 255.)'": "'- Lambda: {output_shape: [28, 28, 1]}'",
    "- Lambda(lambda x: x / 255.)": "'- Lambda: {output_shape: [28, 28, 1]}'",
    "- Sequential([Dense(3), Dense(4)])": "list its layers here, one on each line",
    "- for i in range(3):\n      - Conv2D: [8, 3]": "write '- repeat: 3' and below it",
    "- repeat 3:\n      - Conv2D: [8, 3]": "write '- repeat: 3' and below it",
    "- Dense: 10, activation: softmax": "put the arguments in braces, each with its name: '- Dense: {…, activation: …}'",
    "- Conv2D: 8, 3, padding: same": "'- Conv2D: {…, padding: …}'",
    "- Add: [conv1, conv2]": "such as Add: {from: [conv1, conv2]}",
    # tensors
    "- Add: {from: [flatten, input]}": "the model's input is named 'input_layer'",
    "- Dense: {units: 3, from: 'input_layer[0]'}": "write [input_layer, 0]",
    "- Dense: {units: 3, from: input_layer:1}": "write [input_layer, 1]",
}


@pytest.mark.parametrize("entry", CURES)
def test_the_message_says_what_to_write(entry: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(read_spec(Source("s.yaml", f"input: [28, 28, 3]\nlayers:\n  {entry}\n")))
    assert CURES[entry] in str(failed.value)


@pytest.mark.parametrize("entry", [key for key, cure in CURES.items() if cure.startswith(("write '- ", "such as '- "))])
def test_the_corrected_line_is_a_correct_entry(entry: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(read_spec(Source("s.yaml", f"input: [28, 3]\nlayers:\n  {entry}\n")))
    line = str(failed.value.problems[0].message).partition("'- ")[2].partition("'")[0]
    if "…" not in line and "repeat" not in line:
        read = read_spec(Source("s.yaml", f"input: [28, 28, 3]\nlayers:\n  - {line}\n"))
        assert not read.problems


def test_one_problem_for_arguments_of_a_wrong_form() -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(read_spec(Source("s.yaml", "input: [9, 9, 1]\nlayers:\n  - Conv2D: {32, 3, padding: same}\n")))
    assert len(failed.value.problems) == 1


@pytest.mark.parametrize(
    ("sizes", "cure"),
    [
        ("[None, 28, 28]", "not 'None'; write null"),
        ("[28, '?']", "write null"),
        ("{height: 28, width: 28}", "'input: [28, 28, 1]'"),
    ],
)
def test_the_sizes_of_an_input(sizes: str, cure: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(read_spec(Source("s.yaml", f"input: {sizes}\nlayers: [Flatten]\n")))
    assert cure in str(failed.value)


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("input_shape: [28, 28, 1]", "'input: [28, 28, 1]'"),
        ("input_dim: 20", "'input: [20]'"),
        ("batch_input_shape: [8, 5, 2]", "'input: {shape: [5, 2], batch_size: 8}'"),
        ("batch_size: 25", "'input: {shape: [28, 28, 1], batch_size: 25}'"),
        ("model: {layers: [Flatten]}", "at the top of a spec, not inside another key"),
        ("optimizer: adam", "not training: remove it"),
    ],
)
def test_keys_at_the_top(line: str, cure: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(read_spec(Source("s.yaml", f"input: [28, 28, 1]\n{line}\nlayers: [Flatten]\n")))
    assert cure in failed.value.problems[0].message
