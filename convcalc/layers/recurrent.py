"""Recurrent layers: cells, and layers that run a cell at each step. Sources: ``keras/src/layers/rnn``.

A cell uses its weights once at each step. So a recurrent layer has the MACs of its cell, times the number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, as_constant, shape_text
from convcalc.base.problems import Refusal
from convcalc.base.window import windows
from convcalc.layers import costs, masks, sliding, views
from convcalc.layers.arguments import (
    ACTIVATION,
    DATA_FORMAT,
    SEED,
    Argument,
    AutoOrBoolean,
    Boolean,
    Integer,
    Real,
    ignored_arguments,
    initializer,
)
from convcalc.layers.dtypes import compute_dtype
from convcalc.layers.registry import Args, Inferred, LayerDefinition, Weight, layer, required
from convcalc.layers.sublayer import LayerValue, LayerValues, SubLayer, over_steps

_UNITS = Argument("units", Integer(1))
_BIAS = Argument("use_bias", Boolean(), True)
_DROPOUT = [
    Argument("dropout", Real(null_in_files=False), 0.0),
    Argument("recurrent_dropout", Real(null_in_files=False), 0.0),
]
_USE_CUDNN = Argument("use_cudnn", AutoOrBoolean(), "auto")
_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}


def _function(name: str, default: str) -> Argument:
    return Argument(name, ACTIVATION, default, nullable=True)


def _initializers() -> list[Argument]:
    return [
        initializer("kernel_initializer", "glorot_uniform"),
        initializer("recurrent_initializer", "orthogonal"),
        initializer("bias_initializer", "zeros"),
    ]


def _regularizers(*, activity: bool) -> list[Argument]:
    names = [
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        *(["activity_regularizer"] if activity else []),
    ]
    return ignored_arguments(*names, "kernel_constraint", "recurrent_constraint", "bias_constraint")


def _loop() -> list[Argument]:
    names = ["return_sequences", "return_state", "go_backwards", "stateful", "unroll"]
    return [Argument(name, Boolean(), False) for name in names]


def _cell_weights(a: Args, features: Number, gates: int, uses: Number) -> tuple[Weight, ...]:
    """Returns the kernel, the recurrent kernel and the bias. Each is used ``uses`` times for one sample."""
    units = a["units"]
    width = units * gates if gates > 1 else units
    kernel = Weight("kernel", (required(features, "number of features"), width), uses)
    recurrent = Weight("recurrent_kernel", (units, width), uses)
    if not a["use_bias"]:
        return (kernel, recurrent)
    # A GRU with reset_after has two biases: one for the product with the input, and one for the product with the state.
    shape = (2, width) if gates == _GATES["GRU"] and a["reset_after"] else (width,)
    return (kernel, recurrent, Weight("bias", shape, added_per_sample=uses))


def _cell(a: Args, gates: int, state_count: int, x: Shape, *states: Shape) -> Inferred:
    """Computes one step: the output and the new states. The first state equals the output."""
    _check_states([a["units"]] * state_count, states)
    state = (x[0], a["units"])
    return Inferred((state,) * (1 + state_count), _cell_weights(a, x[-1], gates, 1))


def _recurrent(a: Args, gates: int, state_count: int, x: Shape, *states: Shape) -> Inferred:
    """Computes a recurrent layer: one cell that runs at every step."""
    sizes = [a["units"]] * state_count
    weights = _cell_weights(a, x[-1], gates, as_constant(x[1]))
    return Inferred(_outputs(a, x, a["units"], sizes, states), weights)


def _check_states(sizes: Sequence[Number], states: Sequence[Shape]) -> None:
    """Raises :class:`Refusal` for a state whose shape is not (batch, size). As in Keras, any batch size is accepted."""
    for size, shape in zip(sizes, states):
        if len(shape) != 2 or (shape[1] is not UNKNOWN and shape[1] != size):
            expected = shape_text((UNKNOWN, size))
            raise Refusal(f"needs a state of {expected}, not {shape_text(shape)}", codes.WRONG_SHAPE)


def _check_stateful(a: Args, x: Shape) -> None:
    if a["stateful"] and x[0] is UNKNOWN:
        raise Refusal(
            "is stateful and needs a batch size: set batch_size in the input layer",
            codes.UNKNOWN_SIZE,
            "stateful",
        )


def _outputs(a: Args, x: Shape, width: Number, sizes: Sequence[Number], states: Sequence[Shape]) -> tuple[Shape, ...]:
    """Returns the output shapes of a recurrent layer: the outputs, and with ``return_state`` the last states."""
    if len(states) not in (0, len(sizes)):
        raise Refusal(
            f"takes {len(sizes)} initial state{'s' * (len(sizes) > 1)}, not {len(states)}", codes.WRONG_INPUTS
        )
    _check_states(sizes[: len(states)], states)
    _check_stateful(a, x)
    output = (x[0], x[1], width) if a["return_sequences"] else (x[0], width)
    return (output, *((x[0], size) for size in sizes)) if a["return_state"] else (output,)


def _unit_flops(a: Args) -> Number:
    """Counts the operations of one unit at one step, without the matrix products and their sum."""
    activation = costs.of_activation(a["activation"])
    if "recurrent_activation" not in a:
        return activation
    gate = costs.of_activation(a["recurrent_activation"])
    # A GRU computes r·h (1 operation) and (1 − z)·g + z·h (4 operations); ``reset_after`` adds a sum.
    if "reset_after" in a:
        return 2 * gate + activation + 5 + bool(a["reset_after"])
    # An LSTM computes c = f·c + i·g (3 operations) and h = o·activation(c) (1 operation).
    return 3 * gate + 2 * activation + 4


def _recurrent_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of all units at all steps; a cell runs one step."""
    steps = inputs[0][1] if len(inputs[0]) > 2 else 1
    return costs.times(_unit_flops(a), a["units"] * steps)


def _one_state(a: Args) -> list[Number]:
    """Returns the size of the only state, which is also the size of the output."""
    return [a["units"]]


def _two_states(a: Args) -> list[Number]:
    """Returns the sizes of an LSTM's states: output and memory."""
    return [a["units"]] * 2


_SEQUENCE = ("length", "features")
_LSTM_TAIL = [*_initializers(), Argument("unit_forget_bias", Boolean(), True)]


@layer(
    "SimpleRNNCell",
    *(
        _UNITS,
        _function("activation", "tanh"),
        _BIAS,
        *_initializers(),
        *_regularizers(activity=False),
        *_DROPOUT,
        SEED,
    ),
    inputs=(2, 2),
    state_sizes=_one_state,
    axes=("features",),
    receptive_field_rule=views.whole_sample,
    flops=_recurrent_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="SimpleRNNCell: {{units: 4, from: [a, b]}}",
)
def simple_rnn_cell(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Computes one step of a SimpleRNN: the new state from the input and the previous state.

    Parameters: features·units + units·units, and units for the bias.
    """
    return _cell(a, 1, 1, x, *states)


@layer(
    "SimpleRNN",
    *(
        _UNITS,
        _function("activation", "tanh"),
        _BIAS,
        *_initializers(),
        *_regularizers(activity=True),
        *_DROPOUT,
        *_loop(),
        SEED,
    ),
    inputs=(1, 2),
    takes_initial_state=True,
    axes=_SEQUENCE,
    inner_layers=("simple_rnn_cell",),
    mask_rule=masks.sequences,
    consumes_mask=True,
    receptive_field_rule=views.whole_sample,
    flops=_recurrent_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="SimpleRNN: 8",
    example_input=(5, 4),
)
def simple_rnn(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Computes each output from the input and the previous output.

    Parameters: features·units + units·units, and units for the bias; each is used at every step.
    """
    return _recurrent(a, 1, 1, x, *states)


_GRU = [_UNITS, _function("activation", "tanh"), _function("recurrent_activation", "sigmoid"), _BIAS, *_initializers()]
_RESET = Argument("reset_after", Boolean(), True)


@layer(
    "GRUCell",
    *(*_GRU, *_regularizers(activity=False), *_DROPOUT, _RESET, SEED),
    inputs=(2, 2),
    state_sizes=_one_state,
    axes=("features",),
    receptive_field_rule=views.whole_sample,
    flops=_recurrent_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="GRUCell: {{units: 4, from: [a, b]}}",
)
def gru_cell(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Computes one step of a GRU: the new state from the input and the previous state.

    Parameters: 3·(features·units + units·units), and 6·units for the biases (3·units with reset_after false).
    """
    return _cell(a, _GATES["GRU"], 1, x, *states)


@layer(
    "GRU",
    *(
        *_GRU,
        *_regularizers(activity=True),
        *_DROPOUT,
        SEED,
        *_loop(),
        _RESET,
        _USE_CUDNN,
    ),
    inputs=(1, 2),
    takes_initial_state=True,
    axes=_SEQUENCE,
    inner_layers=("gru_cell",),
    mask_rule=masks.sequences,
    consumes_mask=True,
    receptive_field_rule=views.whole_sample,
    flops=_recurrent_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="GRU: 8",
    example_input=(5, 4),
)
def gru(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Updates a state at each step, with gates that update and reset it.

    Parameters: 3·(features·units + units·units), and 6·units for the biases (3·units with reset_after false).
    """
    return _recurrent(a, _GATES["GRU"], 1, x, *states)


_LSTM = [_UNITS, _function("activation", "tanh"), _function("recurrent_activation", "sigmoid"), _BIAS, *_LSTM_TAIL]


@layer(
    "LSTMCell",
    *(*_LSTM, *_regularizers(activity=False), *_DROPOUT, SEED),
    inputs=(3, 3),
    state_sizes=_two_states,
    axes=("features",),
    receptive_field_rule=views.whole_sample,
    flops=_recurrent_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="LSTMCell: {{units: 4, from: [a, b, c]}}",
)
def lstm_cell(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Computes one step of an LSTM: the new output and memory from the input and the previous output and memory.

    Parameters: 4·(features·units + units·units + units).
    """
    return _cell(a, _GATES["LSTM"], 2, x, *states)


@layer(
    "LSTM",
    *(
        *_LSTM,
        *_regularizers(activity=True),
        *_DROPOUT,
        SEED,
        *_loop(),
        _USE_CUDNN,
    ),
    inputs=(1, 3),
    takes_initial_state=True,
    axes=_SEQUENCE,
    inner_layers=("lstm_cell",),
    mask_rule=masks.sequences,
    consumes_mask=True,
    receptive_field_rule=views.whole_sample,
    flops=_recurrent_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="LSTM: 8",
    example_input=(5, 4),
)
def lstm(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Updates an output and a memory at each step, with gates that write, forget and read the memory.

    Parameters: 4·(features·units + units·units + units); each is used at every step.
    """
    return _recurrent(a, _GATES["LSTM"], 2, x, *states)


# Loops over cells -----------------------------------------------------------------------------------------------------


def _is_cell(inside: LayerDefinition) -> bool:
    """Returns True for cells: layers that a recurrent layer can run at each step."""
    return inside.state_sizes is not None


def _sizes(cell: SubLayer) -> list[Number]:
    """Returns the sizes of a cell's states."""
    definition = cell.definition
    assert definition.state_sizes is not None
    return list(definition.state_sizes(definition.rule_arguments(cell.args)))


def _states_of_all(a: Args) -> list[Number]:
    """Returns the sizes of the states of all stacked cells."""
    return [size for cell in a["cells"] for size in _sizes(cell)]


def _width(cell: SubLayer) -> Number:
    """Returns the output size of a cell: the size of its first state. For stacked cells, the last cell determines the
    size.
    """
    return _width(cell.args["cells"][-1]) if "cells" in cell.args else _sizes(cell)[0]


def _cell_inputs(cell: SubLayer, x: Shape) -> tuple[Shape, ...]:
    """Returns the input shapes of a cell: the input, then one shape for each state."""
    return (x, *((x[0], size) for size in _sizes(cell)))


def _stack(cells: Sequence[SubLayer], x: Shape) -> Iterator[tuple[SubLayer, tuple[Shape, ...]]]:
    """Yields each stacked cell with its input shapes. The first input is the output of the previous cell."""
    for cell in cells:
        yield cell, _cell_inputs(cell, x)
        x = (x[0], _width(cell))


def _stacked(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of all stacked cells."""
    return sum(cell.elementwise(*shapes) for cell, shapes in _stack(a["cells"], inputs[0]))


def _looped(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of the cell at each step."""
    batch, steps, *features = inputs[0]
    return costs.times(a["cell"].elementwise(*_cell_inputs(a["cell"], (batch, *features))), steps)


@layer(
    "StackedRNNCells",
    Argument("cells", LayerValues(LayerValue(_is_cell))),
    inputs=(2, 41),
    state_sizes=_states_of_all,
    axes=("features",),
    contains_layers=True,
    receptive_field_rule=views.whole_sample,
    flops=_stacked,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="StackedRNNCells: {{cells: [{{SimpleRNNCell: 4}}, {{GRUCell: 4}}], from: [a, b, c]}}",
)
def stacked_rnn_cells(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Combines several cells into one cell; the input of each cell is the output of the previous cell.

    Parameters: the sum of the parameters of all cells.
    """
    cells: tuple[SubLayer, ...] = a["cells"]
    weights: tuple[Weight, ...] = ()
    sizes: list[Number] = []
    for cell, shapes in _stack(cells, x):
        weights += cell.infer(*shapes).weights
        sizes += _sizes(cell)
    if len(states) != len(sizes):
        raise Refusal(f"needs an input and {len(sizes)} states, not {len(states)}", codes.WRONG_INPUTS)
    _check_states(sizes, states)
    # Each cell computes in the cell's own dtype, not in the stack's dtype.
    dtypes = [compute_dtype(cell.dtype) for cell in cells for _ in _sizes(cell)]
    outputs = ((x[0], _width(cells[-1])), *((x[0], size) for size in sizes))
    return Inferred(outputs, weights, dtype=(compute_dtype(cells[-1].dtype), *dtypes))


@layer(
    "RNN",
    Argument("cell", LayerValue(_is_cell)),
    *(*_loop(), Argument("zero_output_for_mask", Boolean(), False)),
    inputs=(1, 20),
    takes_initial_state=True,
    min_axes=2,
    contains_layers=True,
    mask_rule=masks.sequences,
    consumes_mask=True,
    receptive_field_rule=views.whole_sample,
    flops=_looped,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="RNN: {{cell: {{LSTMCell: 8}}}}",
    example_input=(5, 4),
)
def rnn(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Runs a cell, or a stack of cells, at each step.

    Parameters: the parameters of the cell; each is used at every step.
    """
    cell: SubLayer = a["cell"]
    weights = over_steps(cell.infer(*_cell_inputs(cell, (x[0], *x[2:]))).weights, x[1])
    return Inferred(_outputs(a, x, _width(cell), _sizes(cell), states), weights)


# Convolutional recurrence ---------------------------------------------------------------------------------------------

_CONV_LSTM: list[Any] = [
    Argument("filters", Integer(1)),
    *(sliding.KERNEL, sliding.STRIDES, sliding.PADDING, DATA_FORMAT, sliding.DILATION),
    _function("activation", "tanh"),
    _function("recurrent_activation", "sigmoid"),
    _BIAS,
    *_LSTM_TAIL,
    *_regularizers(activity=True),
    *_DROPOUT,
    SEED,
    *_loop()[:4],
]


def _time_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns the views of the input. Each output reads the whole time axis.

    The views of spatial axes are unknown, because their windows grow with each step.
    """
    return tuple((views.BATCH, views.WHOLE, *(None,) * (len(shape) - 2)) for shape in inputs)


def _conv_lstm_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of one LSTM unit (:func:`_unit_flops`) for each output element at each step."""
    steps = 1 if a["return_sequences"] else inputs[0][1]
    return costs.times(_unit_flops(a), costs.elements(result.outputs[0]) * steps)


@layer(
    "ConvLSTM{rank}D",
    *_CONV_LSTM,
    inputs=(1, 3),
    takes_initial_state=True,
    ranks=(1, 2, 3),
    timed=True,
    inner_layers=("conv_lstm_cell",),
    contains_layers=True,
    mask_rule=masks.sequences,
    consumes_mask=True,
    receptive_field_rule=_time_views,
    flops=_conv_lstm_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="{name}: {{filters: 4, kernel_size: 3, padding: same}}",
)
def conv_lstm(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Computes an LSTM whose matrix products are replaced by convolutions over {axes}.

    Parameters of the 4 gates (K: product of all kernel sizes, C: input channels): K·C·4·filters for the input,
    K·filters·4·filters for the state, and 4·filters for the bias. Each is used at every position and step.
    """
    sliding.strides_or_dilation(a)
    filters, channels = a["filters"], required(x[-1], "number of channels")
    for size in x[2:-1]:
        required(size, "size of every axis")
    slid = windows(a, x[1:])
    sizes = sliding.sizes_of(slid)
    uses = as_constant(x[1]) * sliding.positions_of(sizes)
    weights = (
        Weight("kernel", (*a["kernel_size"], channels, filters * 4), uses),
        Weight("recurrent_kernel", (*a["kernel_size"], filters, filters * 4), uses),
        *sliding.bias_of(a, filters * 4, uses),
    )
    _check_stateful(a, x)
    state = (x[0], *sizes, filters)
    output = (x[0], x[1], *sizes, filters) if a["return_sequences"] else state
    return Inferred((output, state, state) if a["return_state"] else (output,), weights, windows=slid)
