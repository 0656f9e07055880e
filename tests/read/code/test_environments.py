"""Tests programs that take sizes from the environments of Gym. Gym 0.26 and Gymnasium 1.2 gave the shapes."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

AGENT = """
import {library} as gym
from gym import wrappers
import keras
import numpy as np
from keras import layers

env = {made}
inputs = keras.Input(shape=env.observation_space.shape)
model = keras.Model(inputs, layers.Dense({actions})(inputs))
"""


def report(code: str) -> Report:
    return infer(read_program(code, "agent.py", target="model"))


def shapes(result: Report) -> list[str]:
    return [shape_text(row.output_shapes[0]) for row in result.layers]


@pytest.mark.parametrize(
    ("made", "observations", "actions"),
    [
        ("gym.make('CartPole-v1')", 4, 2),
        ("gym.make('CartPole-v0', render_mode='rgb_array')", 4, 2),
        ("wrappers.Monitor(gym.make('MountainCar-v0'), directory='x', force=True)", 2, 3),
        ("gym.make(id='Acrobot-v1').unwrapped", 6, 3),
        ("gym.make('LunarLander-v2')", 8, 4),
    ],
)
def test_spaces(made: str, observations: int, actions: int) -> None:
    result = report(AGENT.format(library="gym", made=made, actions="env.action_space.n"))
    assert shapes(result) == [f"(None, {observations})", f"(None, {actions})"]


@pytest.mark.parametrize(("name", "observations", "actions"), [("Pendulum-v1", 3, 1), ("BipedalWalker-v3", 24, 4)])
def test_actions_of_real_numbers(name: str, observations: int, actions: int) -> None:
    code = AGENT.format(library="gymnasium", made=f"gym.make('{name}')", actions="env.action_space.shape[0]")
    assert shapes(report(code)) == [f"(None, {observations})", f"(None, {actions})"]


def test_whole_numbers_as_observations() -> None:
    code = """
import gym, keras
env = gym.make("FrozenLake-v1", is_slippery=False)
model = keras.Sequential([keras.Input((env.observation_space.n,)), keras.layers.Dense(env.action_space.n)])
state, info = env.reset()
"""
    assert shapes(report(code)) == ["(None, 4)"]


@pytest.mark.parametrize("made", ["gym.make('Mine-v0')", "gym.make('LunarLander-v2', continuous=True)"])
def test_other_environments_are_unknown(made: str) -> None:
    result = report(AGENT.format(library="gym", made=made, actions=2))
    assert "the observations and actions of this environment are not known" in result.problems[0].message


@pytest.mark.parametrize(
    ("library", "start"),
    [
        ("gym", "state = env.reset()"),
        ("gym", "state, info = env.reset()"),
        ("gymnasium", "state, _ = env.reset(seed=1)"),
        ("gymnasium", "state = env.reset()[0]"),
        ("gym", "env.reset()\nstate, reward, done, info = env.step(0)"),
        ("gymnasium", "env.reset()\nstate, reward, done, truncated, info = env.step(env.action_space.sample())"),
    ],
)
def test_a_model_is_called_on_an_observation(library: str, start: str) -> None:
    code = f"""
import {library} as gym
import keras
import numpy as np
env = gym.make("CartPole-v1")
{start}
model = keras.Sequential([keras.layers.Dense(env.action_space.n)])
model(np.expand_dims(state, 0))
"""
    assert report(code).totals.params == 4 * 2 + 2


def test_the_first_part_of_a_result_of_gym_depends_on_its_version() -> None:
    code = """
import gym, keras
env = gym.make("CartPole-v1")
state = env.reset()[0]
model = keras.Sequential([keras.Input(state.shape), keras.layers.Dense(2)])
"""
    assert "the result of `reset()` depends on the version of Gym" in report(code).problems[0].message
