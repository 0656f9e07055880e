"""The environments of Gym and Gymnasium whose observations and actions have fixed shapes."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.language.values import MISSING, Native, Special, Spot, Unknown, UnknownNumber
from convcalc.read.code.libraries import function

# The observations and the actions of each environment, without its version: a shape, or the number of values if a
# value is a whole number. All versions have the same ones.
_SPACES: dict[str, tuple[tuple[int, ...] | int, tuple[int, ...] | int]] = {
    "Acrobot": ((6,), 3),
    "BipedalWalker": ((24,), (4,)),
    "BipedalWalkerHardcore": ((24,), (4,)),
    "CartPole": ((4,), 2),
    "CliffWalking": (48, 4),
    "FrozenLake": (16, 4),
    "FrozenLake8x8": (64, 4),
    "LunarLander": ((8,), 4),
    "LunarLanderContinuous": ((8,), (2,)),
    "MountainCar": ((2,), 3),
    "MountainCarContinuous": ((2,), (1,)),
    "Pendulum": ((3,), (1,)),
    "Taxi": (500, 6),
}
_HARMLESS = frozenset(
    [
        "id",
        "render_mode",
        "max_episode_steps",
        "disable_env_checker",
        "new_step_api",
        "apply_api_compatibility",
        "is_slippery",
    ]
)
# Wrappers that change neither the observations nor the actions.
_WRAPPERS = (
    *("Monitor", "RecordVideo", "RecordEpisodeStatistics", "TimeLimit", "OrderEnforcing", "PassiveEnvChecker"),
    *("AutoResetWrapper", "Autoreset", "HumanRendering"),
)


class Space(Special):
    """A space of Gym: the observations or the actions of an environment."""

    __slots__ = ("count", "dtype", "shape")

    def __init__(self, values: tuple[int, ...] | int) -> None:
        self.shape: tuple[int, ...] = values if isinstance(values, tuple) else ()
        self.count = values if isinstance(values, int) else None
        self.dtype = "int64" if isinstance(values, int) else "float32"

    def value(self, spot: Spot) -> Any:
        """Returns a value of the space: an array, or an unknown number."""
        return (
            UnknownNumber("a value of an environment is unknown", spot) if self.count else Array(self.shape, self.dtype)
        )

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the shape, the bounds, the number of values, or a random value."""
        if name in ("shape", "dtype"):
            return getattr(self, name)
        if name == "n" and self.count is not None:
            return self.count
        if name in ("low", "high") and self.count is None:
            return Array(self.shape, self.dtype)
        if name == "sample":
            return Native(name, lambda run, args, kwargs, at: self.value(at))
        return MISSING

    def type_path(self) -> str:
        """The class is Box or Discrete."""
        return "gym.spaces.Box" if self.count is None else "gym.spaces.Discrete"

    def truth(self) -> Any:
        """A space is a true value."""
        return True


class _Result(Special):
    """The result of ``reset()`` or ``step()``: its number of parts depends on the version of Gym."""

    __slots__ = ("observation", "parts")

    def __init__(self, observation: Any, parts: tuple[int, ...]) -> None:
        self.observation = observation
        self.parts = parts

    def unpacked(self, run: Any, count: int, spot: Spot) -> Any:
        """Returns the parts for ``state, info = …``."""
        if count not in self.parts:
            return MISSING
        rest = [Unknown("a value of an environment is unknown", spot) for _ in range(count - 1)]
        return [self.observation, *rest]

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns the observation for ``[0]``."""
        unknown = Unknown("a value of an environment is unknown", spot)
        return self.observation if isinstance(key, int) and key == 0 else unknown


class _First(Array):
    """The result of ``reset()`` of Gym: the observation, or in newer versions, the observation and a dict."""

    __slots__ = ()

    def unpacked(self, run: Any, count: int, spot: Spot) -> Any:
        """Returns the observation and an unknown dict for ``state, info = …``."""
        return _Result(self.with_shape(self.shape), (2,)).unpacked(run, count, spot)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns an unknown value for ``[0]``: a number of the observation, or the observation."""
        if isinstance(key, int):
            return Unknown("the result of `reset()` depends on the version of Gym", spot)
        return super().item(run, key, spot)


class Environment(Special):
    """An environment of Gym."""

    __slots__ = ("actions", "is_gymnasium", "observations")

    def __init__(self, observations: Space, actions: Space, is_gymnasium: bool) -> None:
        self.observations = observations
        self.actions = actions
        self.is_gymnasium = is_gymnasium

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns a space, or a method."""
        if name in ("observation_space", "single_observation_space"):
            return self.observations
        if name in ("action_space", "single_action_space"):
            return self.actions
        if name in ("env", "unwrapped"):
            return self
        if name == "reset":
            return Native(name, lambda run, args, kwargs, at: self._reset(at))
        if name == "step":
            counts = (5,) if self.is_gymnasium else (4, 5)
            return Native(name, lambda run, args, kwargs, at: _Result(self.observations.value(at), counts))
        if name in ("seed", "close"):
            return Native(name, lambda run, args, kwargs, at: None)
        return MISSING

    def _reset(self, spot: Spot) -> Any:
        observation = self.observations.value(spot)
        if self.is_gymnasium:
            return _Result(observation, (2,))
        return _First(observation.shape, observation.dtype) if isinstance(observation, Array) else observation

    def truth(self) -> Any:
        """An environment is a true value."""
        return True


@function("gym.make")
def _make(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _made(args, kwargs, False, spot)


@function("gymnasium.make")
def _make_gymnasium(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _made(args, kwargs, True, spot)


def _made(args: list[Any], kwargs: dict[str, Any], is_gymnasium: bool, spot: Spot) -> Any:
    name = args[0] if args else kwargs.get("id")
    if isinstance(name, Unknown):
        return Unknown(name.reason, name.spot)
    key = name.partition("-v")[0] if isinstance(name, str) else ""
    if key not in _SPACES or set(kwargs) - _HARMLESS:
        return Unknown("the observations and actions of this environment are not known", spot)
    observations, actions = _SPACES[key]
    return Environment(Space(observations), Space(actions), is_gymnasium)


@function(*(f"{library}.wrappers.{name}" for library in ("gym", "gymnasium") for name in _WRAPPERS))
def _wrapped(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    environment = args[0] if args else kwargs.get("env")
    if isinstance(environment, Environment):
        return environment
    return Unknown("this environment is not supported", spot)
