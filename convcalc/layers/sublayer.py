"""Layers as arguments of other layers, such as the layer inside a wrapper. In a spec: ``{LSTM: 32}``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, ClassVar, TypeAlias

from convcalc.base import codes
from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN, Number, Shape, as_constant
from convcalc.base.problems import Refusal, did_you_mean
from convcalc.base.structs import Struct
from convcalc.layers import views
from convcalc.layers.application import apply, elementwise, frozen
from convcalc.layers.arguments import RankFree, as_keras_reads
from convcalc.layers.dtypes import is_policy
from convcalc.layers.registry import Inferred, LayerDefinition, Weight, all_layers, bind, find, known_names
from convcalc.layers.views import ReceptiveFieldRule, Views
from convcalc.model import Model

# Options that a layer accepts in addition to its own arguments.
_COMMON = ("name", "trainable", "dtype")
_FROZEN = "the inner layer is frozen: trainable is false"


class SubLayer(Struct):
    """A layer inside another layer. ``args`` are normalised (:func:`bind`). ``dtype`` is the inner layer's policy."""

    definition: LayerDefinition
    args: Mapping[str, Any]
    name: str | None = None
    trainable: bool = True
    dtype: str = "float32"

    def infer(self, *inputs: Shape) -> Inferred:
        """Runs the layer's rule on these shapes. The returned weights have a dtype and ``trainable``.

        ``trainable: false`` freezes only the layer's own weights, not the weights of its inner layers.
        """
        if contains_foreign(self.args):
            return UNKNOWN_RESULT
        result = apply(self.definition, self.args, inputs, self.dtype)
        if self.trainable or self.definition.contains_layers:
            return result
        return result._replace(weights=frozen(result.weights, _FROZEN))

    def views(self, *inputs: Shape) -> Views:
        """Returns how the layer reads inputs of these shapes."""
        rule: ReceptiveFieldRule = self.definition.receptive_field_rule or views.unknown
        return rule(self.definition.rule_arguments(self.args), inputs, self.infer(*inputs))

    def elementwise(self, *inputs: Shape) -> Number:
        """Returns the operations for one sample of these shapes, without multiply-accumulates and bias additions."""
        return elementwise(self.definition, self.args, inputs, self.infer(*inputs))

    def setting(self, name: str) -> Any:
        """Returns the value of an argument or its default; None if the layer does not have the argument."""
        return self.args.get(name, self.definition.defaults.get(name))


RunModel: TypeAlias = "Callable[[Model, Sequence[Shape]], Inferred]"


class SubModel(Struct):
    """A model used as a layer, for example in TimeDistributed.

    ``config`` is the model's Keras config. ``run`` computes the model's result; :func:`with_engine` sets it.
    """

    name: str
    model: Model
    config: Mapping[str, Any]
    run: RunModel | None = None
    dtype: ClassVar[str] = ""  # a model has no dtype policy: its layers decide

    def infer(self, *inputs: Shape) -> Inferred:
        """Runs the model on these shapes. The returned weights have a dtype and ``trainable``."""
        assert self.run is not None, "call with_engine() first: it sets `run`"
        return self.run(self.model, inputs)

    def views(self, *inputs: Shape) -> Views:
        """Returns unknown views: convcalc does not follow how a model inside a layer reads its inputs."""
        return views.unknown({}, inputs, Inferred(()))

    def elementwise(self, *inputs: Shape) -> Number:
        """Returns unknown, because the operations of a model are not counted here."""
        return UNKNOWN

    def setting(self, name: str) -> Any:
        """Returns None: a model has no arguments."""
        return None


# The result of a layer that contains an undeclared custom layer. The one output is a placeholder: their number is
# unknown.
UNKNOWN_RESULT = Inferred((None,), unknown=frozenset({"params", "macs", "flops"}))


class SubForeign(Struct):
    """A layer of a custom class inside another layer. ``config`` is its Keras config.

    ``known`` is the declared layer; None if no declaration of the class exists.
    """

    name: str
    config: Mapping[str, Any]
    known: SubLayer | None = None

    @property
    def dtype(self) -> str:
        """Returns the dtype policy of a declared layer."""
        return "float32" if self.known is None else self.known.dtype

    def infer(self, *inputs: Shape) -> Inferred:
        """Runs the declared rule. Returns unknown shapes and counts if no rule is declared, or if the rule fails."""
        if self.known is None:
            return UNKNOWN_RESULT
        if not self.known.definition.provider:
            return self.known.infer(*inputs)
        try:
            return self.known.infer(*inputs)
        except (Exception, SystemExit):  # a rule of another package may raise anything; its result is then unknown
            return UNKNOWN_RESULT

    def views(self, *inputs: Shape) -> Views:
        """Returns unknown views."""
        return views.unknown({}, inputs, UNKNOWN_RESULT)

    def elementwise(self, *inputs: Shape) -> Number:
        """Returns unknown, because the operations of a custom class cannot be counted."""
        return UNKNOWN

    def setting(self, name: str) -> Any:
        """Returns the value of a declared argument, or the argument's default; None if the layer does not declare the
        argument.
        """
        return None if self.known is None else self.known.setting(name)


class LayerValue(RankFree):
    """The kind of an argument whose value is a layer. ``accepts`` restricts the layers, for example to cells."""

    expects = "a layer, such as {LSTM: 32}"

    def __init__(self, accepts: Callable[[LayerDefinition], bool] | None = None) -> None:
        self.accepts = accepts

    @property
    def names(self) -> tuple[str, ...]:
        """Returns the names of the accepted layers; empty if all are accepted."""
        accepts = self.accepts
        return () if accepts is None else tuple(name for name, known in all_layers().items() if accepts(known))

    def read(self, value: Any) -> SubLayer | SubModel | SubForeign:
        """Reads a layer from ``"Flatten"``, ``{Dense: 3}``, or a Keras config ``{class_name: …, config: …}``."""
        if isinstance(value, (SubLayer, SubForeign)) or (isinstance(value, SubModel) and self.accepts is None):
            return value
        if isinstance(value, str):
            return self._layer(value, None, find(value))
        if isinstance(value, Mapping) and "class_name" in value and isinstance(value.get("config"), Mapping):
            name = str(value["class_name"])
            definition = find(name)
            _require_known(definition, value)
            if definition is None:
                from convcalc.layers.keras2 import keras2_layer

                definition = keras2_layer(name)
            arguments = _known_arguments(definition, value["config"])
            return self._layer(name, arguments, definition, any_policy=True)
        if not isinstance(value, Mapping) or len(value) != 1:
            raise ValueError
        ((name, arguments),) = value.items()
        return self._layer(str(name), arguments, find(str(name)))

    def _layer(
        self, name: str, arguments: Any, definition: LayerDefinition | None, any_policy: bool = False
    ) -> SubLayer:
        """Returns the layer. With ``any_policy``, unknown dtype policies are accepted: a Keras file may contain them."""
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
        if not isinstance(dtype, str) or not (any_policy or is_policy(dtype)):
            raise ValueError
        if not isinstance(trainable, bool) or not isinstance(explicit_name, (str, NoneType)):
            raise ValueError
        return SubLayer(definition, args, explicit_name, trainable, dtype)


# Keys of a layer in a Keras file, and arguments that Keras writes for a layer although its class does not accept them.
_WRITTEN_KEYS = ("class_name", "config", "module", "registered_name", "build_config", "name", "shared_object_id")
_WRITTEN_ARGUMENTS = (
    *_COMMON,
    "implementation",
    "zero_output_for_mask",
    "time_major",
    "num_constants",
    "batch_input_shape",
)


def _require_known(definition: LayerDefinition | None, value: Mapping[str, Any]) -> None:
    """Raises :class:`Refusal` for a key that no version of Keras writes."""
    for key in value:
        if key not in _WRITTEN_KEYS:
            hint = did_you_mean(str(key), _WRITTEN_KEYS)
            raise Refusal(f"a layer has no key '{key}'{hint}", codes.UNKNOWN_KEY)
    if definition is None:
        return
    for key in value["config"]:
        if definition.argument(str(key)) is None and key not in _WRITTEN_ARGUMENTS:
            hint = did_you_mean(str(key), [argument.name for argument in definition.arguments])
            raise Refusal(f"{definition.name} has no argument '{key}'{hint}", codes.UNKNOWN_ARGUMENT)


def _known_arguments(definition: LayerDefinition | None, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the config without unknown arguments, because Keras also writes arguments that the class does not accept."""
    if definition is None:
        return config
    known: dict[str, Any] = {}
    for key, value in config.items():
        argument = definition.argument(key)
        if argument is not None:
            known[key] = as_keras_reads(argument, value)
        elif key in _COMMON:
            known[key] = value
    return known


class LayerValues(RankFree):
    """The kind of an argument whose value is a list of layers."""

    expects = "a list of layers, such as [{LSTMCell: 32}]"

    def __init__(self, item: LayerValue | None = None) -> None:
        self.item = item or LayerValue()

    def read(self, value: Any) -> tuple[SubLayer | SubModel | SubForeign, ...]:
        """Reads a layer from each item of the list."""
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise ValueError
        return tuple(map(self.item.read, value))


def with_engine(args: Mapping[str, Any], run: RunModel) -> dict[str, Any]:
    """Sets ``run`` in every :class:`SubModel` among a layer's arguments, at any depth. Returns the new arguments."""
    return {name: _with_engine(value, run) for name, value in args.items()}


def _with_engine(value: Any, run: RunModel) -> Any:
    if isinstance(value, SubModel):
        return value._replace(run=run)
    if isinstance(value, SubLayer):
        return value._replace(args=with_engine(value.args, run))
    return tuple(_with_engine(item, run) for item in value) if isinstance(value, tuple) else value


def sublayers_of(args: Mapping[str, Any]) -> Iterator[SubLayer]:
    """Yields the layers in a layer's arguments, innermost first: the order in which Keras creates them."""
    for value in args.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, SubLayer):
                yield from sublayers_of(item.args)
                yield item


def foreign_inside(args: Mapping[str, Any]) -> Iterator[SubForeign]:
    """Yields the layers of custom classes in a layer's arguments, at any depth, but not inside models."""
    for value in args.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, SubForeign):
                yield item
            elif isinstance(item, SubLayer):
                yield from foreign_inside(item.args)


def contains_foreign(args: Mapping[str, Any]) -> bool:
    """Returns True if an undeclared custom layer is among the arguments, at any depth. The outer layer's rule cannot
    run then.
    """
    return any(foreign.known is None for foreign in foreign_inside(args))


def name_inside(args: Mapping[str, Any], names: Names) -> None:
    """Counts the inner layers without a name, because each takes an automatic name such as ``dense_3``."""
    for sublayer in sublayers_of(args):
        if sublayer.name is None:
            names.automatic(sublayer.definition.class_name)


def over_steps(weights: Sequence[Weight], steps: Number) -> tuple[Weight, ...]:
    """Returns the weights of a layer that runs at each step: ``steps`` multiplies how often a weight is used."""
    return tuple(
        weight._replace(
            multiplied_per_sample=_times(weight.multiplied_per_sample, steps),
            added_per_sample=_times(weight.added_per_sample, steps),
        )
        for weight in weights
    )


def _times(number: Number, steps: Number) -> Number:
    return 0 if isinstance(number, int) and number == 0 else number * as_constant(steps)
