"""Tests layers that only Keras 2 has, and layers that behave differently in Keras 2 and in Keras 3.

tf_keras writes the files. The results of convcalc and tf_keras for these files must be equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read import read

pytestmark = pytest.mark.keras


def _cudnn(kind: str, **arguments: Any) -> Any:
    from tf_keras.src.layers.rnn import cudnn_gru, cudnn_lstm

    return (cudnn_lstm.CuDNNLSTM if kind == "LSTM" else cudnn_gru.CuDNNGRU)(3, **arguments)


# The shape of the input, with the batch size, and a function that makes a list of layers.
CASES: dict[str, tuple[tuple[int | None, ...], Callable[[Any], list[Any]]]] = {
    "ThresholdedReLU": ((None, 5), lambda L: [L.ThresholdedReLU(0.5), L.Dense(3)]),
    "ThresholdedReLU in TimeDistributed": ((None, 5, 4), lambda L: [L.TimeDistributed(L.ThresholdedReLU(0.5))]),
    "RandomHeight": ((None, 9, 8, 3), lambda L: [L.RandomHeight(0.3), L.Conv2D(4, 3)]),
    "RandomWidth": ((None, 9, 8, 3), lambda L: [L.RandomWidth((0.1, 0.2)), L.Conv2D(4, 3)]),
    "both": ((None, 9, 8, 3), lambda L: [L.RandomHeight(0.3), L.RandomWidth(0.3), L.Conv2D(4, 3)]),
    "SyncBatchNormalization": ((None, 9, 3), lambda L: [L.experimental.SyncBatchNormalization()]),
    "SyncBatchNormalization axis 1": ((None, 9, 3), lambda L: [L.experimental.SyncBatchNormalization(axis=1)]),
    "BatchNormalization [1, 2]": ((None, 9, 8, 3), lambda L: [L.BatchNormalization(axis=[1, 2])]),
    "BatchNormalization [1, -1]": ((None, 9, 8, 3), lambda L: [L.BatchNormalization(axis=[1, -1], scale=False)]),
    "BatchNormalization [3]": ((None, 9, 8, 3), lambda L: [L.BatchNormalization(axis=[3])]),
    "wrapped [2]": ((None, 9, 8, 3), lambda L: [L.TimeDistributed(L.BatchNormalization(axis=[2]))]),
    "wrapped [1, 2]": ((None, 9, 8, 3), lambda L: [L.TimeDistributed(L.BatchNormalization(axis=[1, 2]))]),
    "wrapped LeakyReLU": ((None, 9, 8), lambda L: [L.TimeDistributed(L.LeakyReLU(0.1)), L.Dense(2)]),
    "EinsumDense": (
        (None, 5, 3),
        lambda L: [L.EinsumDense("abc,cd->abd", output_shape=(None, 7), bias_axes="d"), L.Flatten(), L.Dense(2)],
    ),
    "EinsumDense, two new axes": (
        (None, 5, 3),
        lambda L: [L.EinsumDense("abc,cde->abde", output_shape=(None, 7, 2), bias_axes="de")],
    ),
    "EinsumDense with dots": (
        (None, 5, 3, 4),
        lambda L: [L.EinsumDense("abc...,cd->abd...", output_shape=(None, 7))],
    ),
    "CuDNNLSTM": ((None, 5, 4), lambda L: [_cudnn("LSTM"), L.Dense(2)]),
    "CuDNNLSTM in Bidirectional": ((None, 5, 4), lambda L: [L.Bidirectional(_cudnn("LSTM")), L.Dense(2)]),
    "CuDNNGRU": ((None, 5, 4), lambda L: [_cudnn("GRU", return_sequences=True)]),
    "CuDNNGRU in Bidirectional": ((None, 5, 4), lambda L: [L.Bidirectional(_cudnn("GRU")), L.Dense(2)]),
    "two sizes in Bidirectional": (
        (None, 5, 6),
        lambda L: [L.Bidirectional(L.LSTM(4), backward_layer=L.GRU(3, go_backwards=True)), L.Dense(2)],
    ),
    "two sizes in Bidirectional, sequences": (
        (None, 5, 6),
        lambda L: [
            L.Bidirectional(
                L.LSTM(4, return_sequences=True), backward_layer=L.LSTM(3, return_sequences=True, go_backwards=True)
            )
        ],
    ),
    **{
        f"{name} with {axes} further axes": (
            (None, *range(5, 5 + axes), 9, 8, 3),
            lambda L, name=name, size=size: [getattr(L, name)(4, size, padding="same", strides=2), L.Flatten()],
        )
        for name, size, axes in (("Conv2D", 3, 1), ("Conv2D", 2, 2), ("Conv1D", 3, 1), ("Conv3D", 2, 1))
    },
    "time_major RNN": ((7, 5, 4), lambda L: [L.RNN(L.LSTMCell(3), time_major=True, return_sequences=True)]),
    "time_major in Bidirectional": (
        (7, 5, 4),
        lambda L: [L.Bidirectional(L.LSTM(3, time_major=True, return_sequences=True))],
    ),
    **{
        f"time_major {name} {sequences} {batch}": (
            (batch, 5, 4),
            lambda L, name=name, sequences=sequences: [
                getattr(L, name)(3, time_major=True, return_sequences=sequences)
            ],
        )
        for name in ("LSTM", "GRU", "SimpleRNN")
        for sequences in (False, True)
        for batch in (None, 7)
    },
    **{
        f"LocallyConnected1D {implementation} {padding}": (
            (None, 9, 3),
            lambda L, implementation=implementation, padding=padding: [
                L.LocallyConnected1D(4, 3, strides=2, padding=padding, implementation=implementation)
            ],
        )
        for implementation, padding in ((1, "valid"), (2, "valid"), (2, "same"), (3, "valid"), (3, "same"))
    },
    **{
        f"LocallyConnected2D {implementation} {padding}": (
            (None, 9, 8, 3),
            lambda L, implementation=implementation, padding=padding: [
                L.LocallyConnected2D(4, (4, 2), padding=padding, implementation=implementation, use_bias=False)
            ],
        )
        for implementation, padding in ((1, "valid"), (2, "valid"), (2, "same"), (3, "valid"), (3, "same"))
    },
}


def _sizes(shape: Any) -> list[tuple[Any, ...]]:
    """Returns the output shapes of a layer with one output or several outputs."""
    return [shape] if shape and not isinstance(shape[0], tuple) else list(shape)


@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_layer_of_keras_2(name: str, functional: bool) -> None:
    import tf_keras

    tf_keras.backend.clear_session()
    (batch, *sample), make = CASES[name]
    layers = make(tf_keras.layers)
    x = first = tf_keras.layers.Input(sample, batch_size=batch)
    if functional:
        for layer in layers:
            x = layer(x)
        model = tf_keras.Model(first, x)
    else:
        model = tf_keras.Sequential([first, *layers])
    texts = [model.to_json()]
    if '"BatchNormalization"' in texts[0]:  # as in TensorFlow 1.14 to 2.0
        texts += [texts[0].replace('"BatchNormalization"', f'"BatchNormalizationV{n}"') for n in (1, 2)]
    for text in texts:
        report = infer(read(text.encode(), "model.json"))
        assert not report.problems
        rows = {row.path: row for row in report.layers}
        for layer in model.layers:
            if type(layer).__name__ == "InputLayer":
                continue
            row = rows[layer.name]
            shapes = [tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in row.output_shapes]
            assert shapes == _sizes(layer.output_shape)
            trained = sum(weight.shape.num_elements() for weight in layer.trainable_weights)
            assert (row.params, row.trainable_params) == (layer.count_params(), trained)
