"""Layers inside of layers: what a wrapper wraps, written as in a spec: ``{LSTM: 32}``."""

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

# What a layer may have besides its own arguments.
_COMMON = ("name", "trainable", "dtype")
_FROZEN = "the layer inside is frozen: trainable is false"


class SubLayer(Struct):
    """A layer that another holds. ``args`` are bound; ``dtype`` is its policy, which it does not take from the other."""

    definition: LayerDefinition
    args: Mapping[str, Any]
    name: str | None = None
    trainable: bool = True
    dtype: str = "float32"

    def infer(self, *inputs: Shape) -> Inferred:
        """The layer's rule on these shapes; its weights with their dtype and whether they train."""
        found = apply(self.definition, self.args, inputs, self.dtype)
        return found if self.trainable else found._replace(weights=frozen(found.weights, _FROZEN))

    def views(self, *inputs: Shape) -> Views:
        """How the layer reads inputs of these shapes."""
        rule: ReceptiveFieldRule = self.definition.receptive_field_rule or views.unknown
        return rule(self.definition.rule_arguments(self.args), inputs, self.infer(*inputs))

    def elementwise(self, *inputs: Shape) -> Number:
        """The operations besides products and biases, for one sample of these shapes."""
        return elementwise(self.definition, self.args, inputs, self.infer(*inputs))

    def setting(self, name: str) -> Any:
        """The value of an argument, given or default; None where the layer has none of that name."""
        return self.args.get(name, self.definition.defaults.get(name))


RunModel: TypeAlias = "Callable[[Model, Sequence[Shape]], Inferred]"


class SubModel(Struct):
    """A model in the place of a layer, such as in TimeDistributed.

    ``config`` is how its file writes it. ``run`` is None until an engine is about to apply the rule (:func:`with_engine`).
    """

    name: str
    model: Model
    config: Mapping[str, Any]
    run: RunModel | None = None

    def infer(self, *inputs: Shape) -> Inferred:
        """The result of the model on these shapes; its weights with their dtype and whether they train."""
        assert self.run is not None, "a rule is applied by an engine, which runs models"
        return self.run(self.model, inputs)

    def views(self, *inputs: Shape) -> Views:
        """How the model reads its inputs: unknown."""
        return views.unknown({}, inputs, Inferred(()))

    def elementwise(self, *inputs: Shape) -> Number:
        """The operations besides products and biases: not known."""
        return UNKNOWN

    def setting(self, name: str) -> Any:
        """None: a model has no settings of a layer's."""
        return None


class LayerValue(RankFree):
    """The kind of an argument that is a layer; ``accepts`` narrows it to some layers of the catalogue, such as cells."""

    expects = "a layer, such as {LSTM: 32}"

    def __init__(self, accepts: Callable[[LayerDefinition], bool] | None = None) -> None:
        self.accepts = accepts

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the accepted layers; empty if all are accepted."""
        accepts = self.accepts
        return () if accepts is None else tuple(name for name, known in all_layers().items() if accepts(known))

    def read(self, value: Any) -> SubLayer | SubModel:
        """A layer of ``"Flatten"``, ``{Dense: 3}``, or a Keras config ``{class_name: …, config: …}``."""
        if isinstance(value, SubLayer) or (isinstance(value, SubModel) and self.accepts is None):
            return value
        if isinstance(value, str):
            return self._layer(value, None)
        if isinstance(value, Mapping) and "class_name" in value and isinstance(value.get("config"), Mapping):
            return self._layer(str(value["class_name"]), _known_to(str(value["class_name"]), value["config"]))
        if not isinstance(value, Mapping) or len(value) != 1:
            raise ValueError
        ((name, given),) = value.items()
        return self._layer(str(name), given)

    def _layer(self, name: str, given: Any) -> SubLayer:
        kind = find(name)
        if kind is None or (self.accepts is not None and not self.accepts(kind)):
            raise ValueError(did_you_mean(name, self.names or known_names()))
        named = dict(given) if isinstance(given, Mapping) else {}
        positional = (
            given if isinstance(given, list) else [] if given is None or isinstance(given, Mapping) else [given]
        )
        common = {key: named.pop(key) for key in _COMMON if key in named and key not in kind.unsupported_options}
        args, refusals = bind(kind, positional, named)
        if refusals:
            raise Refusal(refusals[0].message, refusals[0].code)
        dtype, trainable = common.get("dtype") or kind.policy(args), common.get("trainable", True)
        own = common.get("name")
        if dtype not in POLICIES or not isinstance(trainable, bool) or not isinstance(own, (str, NoneType)):
            raise ValueError
        return SubLayer(kind, args, own, trainable, dtype)


def _known_to(name: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a Keras config what the catalogue knows: Keras writes some settings that no layer of that class takes."""
    kind = find(name)
    return {key: value for key, value in config.items() if kind is None or key in _COMMON or kind.argument(key)}


class LayerValues(RankFree):
    """A list of layers."""

    expects = "a list of layers, such as [{LSTMCell: 32}]"

    def __init__(self, each: LayerValue | None = None) -> None:
        self.each = each or LayerValue()

    def read(self, value: Any) -> tuple[SubLayer | SubModel, ...]:
        """A layer for each entry."""
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise ValueError
        return tuple(map(self.each.read, value))


def with_engine(args: Mapping[str, Any], run: RunModel) -> dict[str, Any]:
    """The arguments of a layer, with ``run`` in each model among them."""
    return {name: value._replace(run=run) if isinstance(value, SubModel) else value for name, value in args.items()}


def made_inside(args: Mapping[str, Any]) -> Iterator[SubLayer]:
    """The layers among the arguments of a layer, the innermost first: the order in which they are made."""
    for value in args.values():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, SubLayer):
                yield from made_inside(each.args)
                yield each


def name_inside(args: Mapping[str, Any], names: Names) -> None:
    """Use up the automatic names of the layers among the arguments that have none of their own."""
    for inside in made_inside(args):
        if inside.name is None:
            names.automatic(inside.definition.class_name)


def over_steps(weights: Sequence[Weight], steps: Number) -> tuple[Weight, ...]:
    """Weights as they are used over so many steps."""
    return tuple(
        weight._replace(
            multiplied_per_sample=_times(weight.multiplied_per_sample, steps),
            added_per_sample=_times(weight.added_per_sample, steps),
        )
        for weight in weights
    )


def _times(number: Number, steps: Number) -> Number:
    return 0 if isinstance(number, int) and number == 0 else number * as_constant(steps)
