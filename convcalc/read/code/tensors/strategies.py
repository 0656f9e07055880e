"""The strategies of ``tf.distribute``: they call functions and pass on data; how many devices there are is unknown."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.language.values import MISSING, Native, Special, Spot, Unknown, UnknownNumber
from convcalc.read.code.libraries import function


class Strategy(Special):
    """A strategy, such as ``MirroredStrategy``."""

    __slots__ = ()

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns a method, or the unknown number of devices."""
        if name == "num_replicas_in_sync":
            return UnknownNumber("the number of devices is unknown", spot)
        if name == "scope":
            return Native(name, lambda run, args, kwargs, at: self)
        if name in ("run", "experimental_run_v2", "experimental_run"):
            return Native(name, _called)
        if name in ("experimental_distribute_dataset", "make_dataset_iterator"):
            return Native(name, lambda run, args, kwargs, at: args[0] if args else kwargs.get("dataset"))
        if name in ("distribute_datasets_from_function", "experimental_distribute_datasets_from_function"):
            context = Unknown("the input of this device is unknown", spot)
            return Native(name, lambda run, args, kwargs, at: run.call([*args, *kwargs.values()][0], [context], {}, at))
        return MISSING

    def truth(self) -> Any:
        """A strategy is a true value."""
        return True


def _called(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Does ``strategy.run(function, args=(…), kwargs={…})``."""
    given = {**dict(zip(("fn", "args", "kwargs"), args)), **kwargs}
    values, named = given.get("args", ()), given.get("kwargs") or {}
    if not isinstance(values, (list, tuple)) or not isinstance(named, dict):
        return Unknown("the arguments of this function are unknown", spot)
    return run.call(given.get("fn"), list(values), named, spot)


_NAMES = (
    *("MirroredStrategy", "MultiWorkerMirroredStrategy", "TPUStrategy", "OneDeviceStrategy", "CentralStorageStrategy"),
    *("ParameterServerStrategy", "get_strategy", "Strategy"),
)


@function(*(f"tensorflow.distribute.{part}{name}" for part in ("", "experimental.") for name in _NAMES))
def _strategy(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Strategy()
