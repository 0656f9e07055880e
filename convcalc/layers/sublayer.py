"""Layers as arguments of other layers, such as the layer inside a wrapper. In a spec: ``{LSTM: 32}``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, TypeAlias

from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN, Number, Shape, as_constant
from convcalc.base.problems import Refusal, did_you_mean
from convcalc.base.structs import Struct
from convcalc.layers import views
from convcalc.layers.application import apply, elementwise, frozen
from convcalc.layers.arguments import RankFree
from convcalc.layers.dtypes import POLICIES
from convcalc.layers.registry import Inferred, LayerDefinition, Weight, all_layers, bind, find, known_names
from convcalc.layers.views import ReceptiveFieldRule, Views
from convcalc.model import Model

# Options that every layer accepts in addition to its own arguments.
_COMMON = ("name", "trainable", "dtype")
_FROZEN = "the inner layer is frozen: trainable is false"


class SubLayer(Struct):
    """A layer inside another one. ``args`` are bound. ``dtype`` is its dtype policy, which is not inherited from the outer layer."""

    definition: LayerDefinition
    args: Mapping[str, Any]
    name: str | None = None
    trainable: bool = True
    dtype: str = "float32"

    def infer(self, *inputs: Shape) -> Inferred:
        """Runs the layer's rule on these shapes. The returned weights have a dtype and ``trainable``."""
        result = apply(self.definition, self.args, inputs, self.dtype)
        return result if self.trainable else result._replace(weights=frozen(result.weights, _FROZEN))

    def views(self, *inputs: Shape) -> Views:
        """Returns how the layer reads inputs of these shapes."""
        rule: ReceptiveFieldRule = self.definition.receptive_field_rule or views.unknown
        return rule(self.definition.rule_arguments(self.args), inputs, self.infer(*inputs))

    def elementwise(self, *inputs: Shape) -> Number:
        """Returns the operations without products and biases, for one sample of these shapes."""
        return elementwise(self.definition, self.args, inputs, self.infer(*inputs))

    def setting(self, name: str) -> Any:
        """Returns the value of an argument or its default; None if the layer does not have the argument."""
        return self.args.get(name, self.definition.defaults.get(name))


RunModel: TypeAlias = "Callable[[Model, Sequence[Shape]], Inferred]"


class SubModel(Struct):
    """A model used as a layer, for example in TimeDistributed.

    ``config`` is its Keras config. ``run`` is None until an engine applies the rule (:func:`with_engine`).
    """

    name: str
    model: Model
    config: Mapping[str, Any]
    run: RunModel | None = None

    def infer(self, *inputs: Shape) -> Inferred:
        """Runs the model on these shapes. The returned weights have a dtype and ``trainable``."""
        assert self.run is not None, "rules with models must be applied by an engine, see with_engine"
        return self.run(self.model, inputs)

    def views(self, *inputs: Shape) -> Views:
        """Returns unknown views."""
        return views.unknown({}, inputs, Inferred(()))

    def elementwise(self, *inputs: Shape) -> Number:
        """Returns unknown."""
        return UNKNOWN

    def setting(self, name: str) -> Any:
        """Returns None: a model has no arguments."""
        return None


class LayerValue(RankFree):
    """The kind of arguments that are layers. ``accepts`` restricts which layers are accepted, such as cells."""

    expects = "a layer, such as {LSTM: 32}"

    def __init__(self, accepts: Callable[[LayerDefinition], bool] | None = None) -> None:
        self.accepts = accepts

    @property
    def names(self) -> tuple[str, ...]:
        """Returns the names of the accepted layers; empty if all are accepted."""
        accepts = self.accepts
        return () if accepts is None else tuple(name for name, known in all_layers().items() if accepts(known))

    def read(self, value: Any) -> SubLayer | SubModel:
        """Reads a layer from ``"Flatten"``, ``{Dense: 3}``, or a Keras config ``{class_name: …, config: …}``."""
        if isinstance(value, SubLayer) or (isinstance(value, SubModel) and self.accepts is None):
            return value
        if isinstance(value, str):
            return self._layer(value, None)
        if isinstance(value, Mapping) and "class_name" in value and isinstance(value.get("config"), Mapping):
            return self._layer(str(value["class_name"]), _known_arguments(str(value["class_name"]), value["config"]))
        if not isinstance(value, Mapping) or len(value) != 1:
            raise ValueError
        ((name, arguments),) = value.items()
        return self._layer(str(name), arguments)

    def _layer(self, name: str, arguments: Any) -> SubLayer:
        definition = find(name)
        if definition is None or (self.accepts is not None and not self.accepts(definition)):
            raise ValueError(did_you_mean(name, self.names or known_names()))
        named = dict(arguments) if isinstance(arguments, Mapping) else {}
        positional: list[Any] = []
        if isinstance(arguments, list):
            positional = arguments
        elif arguments is not None and not isinstance(arguments, Mapping):
            positional = [arguments]
        common = {key: named.pop(key) for key in _COMMON if key in named and key not in definition.unsupported_options}
        args, refusals = bind(definition, positional, named)
        if refusals:
            raise Refusal(refusals[0].message, refusals[0].code)
        dtype, trainable = common.get("dtype") or definition.policy(args), common.get("trainable", True)
        explicit_name = common.get("name")
        if dtype not in POLICIES or not isinstance(trainable, bool) or not isinstance(explicit_name, (str, NoneType)):
            raise ValueError
        return SubLayer(definition, args, explicit_name, trainable, dtype)


def _known_arguments(name: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the config without unknown arguments: Keras writes some that the layer itself does not accept."""
    definition = find(name)
    return {
        key: value for key, value in config.items() if definition is None or key in _COMMON or definition.argument(key)
    }


class LayerValues(RankFree):
    """A list of layers."""

    expects = "a list of layers, such as [{LSTMCell: 32}]"

    def __init__(self, item: LayerValue | None = None) -> None:
        self.item = item or LayerValue()

    def read(self, value: Any) -> tuple[SubLayer | SubModel, ...]:
        """Reads a layer from each item of the list."""
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise ValueError
        return tuple(map(self.item.read, value))


def with_engine(args: Mapping[str, Any], run: RunModel) -> dict[str, Any]:
    """Returns the arguments of a layer, with ``run`` set in each model among them."""
    return {name: value._replace(run=run) if isinstance(value, SubModel) else value for name, value in args.items()}


def sublayers_of(args: Mapping[str, Any]) -> Iterator[SubLayer]:
    """Yields the layers among the arguments of a layer, innermost first: the order in which Keras creates them."""
    for value in args.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, SubLayer):
                yield from sublayers_of(item.args)
                yield item


def name_inside(args: Mapping[str, Any], names: Names) -> None:
    """Uses up automatic names for the layers among the arguments that have no explicit name."""
    for sublayer in sublayers_of(args):
        if sublayer.name is None:
            names.automatic(sublayer.definition.class_name)


def over_steps(weights: Sequence[Weight], steps: Number) -> tuple[Weight, ...]:
    """Returns the weights of a layer that is applied at this number of steps."""
    return tuple(
        weight._replace(
            multiplied_per_sample=_times(weight.multiplied_per_sample, steps),
            added_per_sample=_times(weight.added_per_sample, steps),
        )
        for weight in weights
    )


def _times(number: Number, steps: Number) -> Number:
    return 0 if isinstance(number, int) and number == 0 else number * as_constant(steps)
