"""Tests programs that train with ``tf.distribute``: a strategy calls the program's functions with its data."""

from __future__ import annotations

import pytest

from convcalc.analyse import infer
from convcalc.read.code.file import read_program

TRAINING = """
import tensorflow as tf
strategy = tf.distribute.MirroredStrategy()
(x, y), _ = tf.keras.datasets.mnist.load_data()
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8 * strategy.num_replicas_in_sync)
data = {distributed}
with strategy.scope():
    model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])

def step(inputs, factor=1):
    images, labels = inputs
    return model(images, training=True) * factor

@tf.function
def distributed_step(inputs):
    losses = {called}
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

for batch in data:
    distributed_step(batch)
"""


@pytest.mark.parametrize(
    ("distributed", "called"),
    [
        ("strategy.experimental_distribute_dataset(data)", "strategy.run(step, args=(inputs,))"),
        ("data", "strategy.run(step, (inputs,), {'factor': 2})"),
        (
            "strategy.distribute_datasets_from_function(lambda context: data)",
            "strategy.experimental_run_v2(step, args=(inputs,))",
        ),
    ],
)
def test_a_strategy_calls_the_model(distributed: str, called: str) -> None:
    program = TRAINING.format(distributed=distributed, called=called)
    assert infer(read_program(program, "train.py", target="model")).totals.params == 785 * 10
