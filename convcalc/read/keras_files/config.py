"""Converts Keras's configs (``model.to_json()``) to models. Configs of Keras 1 and 2 are upgraded to Keras 3 first.

A config contains the whole graph, with operations and masks. Problems name the layer and its path in the file, such as
``config.layers[3]``. A layer with an error is marked as broken, and reading continues with the next layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.keras_names import Names, short_class
from convcalc.base.numbers import LARGEST, UNKNOWN, Shape
from convcalc.base.problems import ConvcalcError, Problem, Refusal, did_you_mean, error, limited
from convcalc.layers import LayerDefinition, bind, find, is_builtin, require_builtin
from convcalc.layers.arguments import Argument, KnownName, as_keras_reads
from convcalc.layers.data_arguments import Factor
from convcalc.layers.dtypes import DTYPES, find_policy, is_policy
from convcalc.layers.sublayer import LayerValue, LayerValues, SubForeign, SubLayer, SubModel, sublayers_of
from convcalc.model import Call, Foreign, ForeignRule, Layer, Model, Ref, input_args
from convcalc.ops import TENSORFLOW, Operation, find_operation
from convcalc.read.custom_layers import (
    NO_CUSTOM_LAYERS,
    CustomLayers,
    Declaration,
    class_names,
    possible_names,
    short_name,
)
from convcalc.read.interning import ArgumentInterner
from convcalc.read.keras_files import origin, serialized
from convcalc.read.keras_files.calls import CallGraph, LayerEntry, Unreadable, type_text
from convcalc.read.keras_files.keras2_signs import LOST, is_keras2
from convcalc.read.keras_files.older_versions import builtin_or_old_layer, upgraded, with_config_mapping
from convcalc.read.keras_files.policies import layer_policy
from convcalc.read.third_party import find_third_party

MODELS = ("Functional", "Sequential", "Model")
MAX_NESTED_MODELS = 32
MAX_LAYERS = (
    20_000  # the maximum number of layers in one file, as in a spec; the largest models of Keras have about 1,000
)
MAX_CALLS = 100_000  # the maximum number of calls of these layers
_FOREIGN_NOTE = "its output shapes, weights and costs are unknown, except those that the file records"


@dataclass
class ConfigReader:
    """Reads one file. ``problems`` holds the errors and warnings found so far."""

    source: str
    problems: list[Problem] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    interner: ArgumentInterner = field(default_factory=ArgumentInterner)
    custom: CustomLayers = NO_CUSTOM_LAYERS
    layers_left: int = MAX_LAYERS
    calls_left: int = MAX_CALLS

    def fail(self, path: str, message: str, code: Code = codes.INVALID_CONFIG) -> Unreadable:
        """Returns an error for the caller to raise."""
        return Unreadable(Problem(code, f"{self.source}: {path}: {message}"))

    def too_many(self, what: str) -> Problem:
        """Returns the problem of a file that is too large. Reading does not continue."""
        return Problem(codes.TOO_LARGE, f"{self.source}: the model has more than {what}")

    def report(self, error: Unreadable) -> None:
        """Adds an error. Reading continues."""
        self.problems += [error.problem] if error.problem is not None else []

    def warn(self, path: str, message: str, layer: str, code: Code) -> None:
        """Adds a warning about a layer."""
        self.problems.append(Problem(code, f"{self.source}: {path}: {message}", None, layer, "warning"))

    def mapping(self, value: Any, path: str) -> Mapping[str, Any]:
        """Returns the value if it is a mapping; otherwise raises an error."""
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expects a mapping, not {type_text(value)}")
        return value

    def items(self, value: Any, path: str) -> Sequence[Any]:
        """Returns the value if it is a list; otherwise raises an error."""
        if not isinstance(value, list):
            raise self.fail(path, f"expects a list, not {type_text(value)}")
        return value

    def word(self, value: Any, path: str) -> str:
        """Returns the value if it is a name (a short string that is not empty); otherwise raises an error."""
        if not isinstance(value, str) or not value or len(value) > 1000:
            raise self.fail(path, f"expects a name, not {type_text(value)}")
        return value

    # Models -----------------------------------------------------------------------------------------------------------

    def model(self, entry: Mapping[str, Any], path: str = "", depth: int = 0) -> Model:
        """Returns the model of an object ``{class_name, config, …}``."""
        entry = with_config_mapping(entry, self.names.automatic)
        if depth > MAX_NESTED_MODELS:
            raise self.fail(path, f"models are nested more than {MAX_NESTED_MODELS} levels deep", codes.TOO_DEEP)
        inner = f"{path}.config".lstrip(".")
        config = self.mapping(entry.get("config"), inner)
        entries = self.items(config.get("layers"), f"{inner}.layers")
        self.layers_left -= len(entries)
        if self.layers_left < 0:
            raise ConvcalcError([self.too_many(f"{MAX_LAYERS:,} layers")])
        name = self.word(config.get("name"), f"{inner}.name")
        functional = "input_layers" in config or entry.get("class_name") == "Functional"
        entries, legacy = upgraded(entries, functional, config.get("output_layers"))
        if functional:
            model = self._functional(config, entries, legacy, name, inner, depth)
        else:
            model = self._sequential(config, entries, name, inner, depth)
        class_name = entry.get("class_name")
        is_custom = isinstance(class_name, str) and not (class_name in MODELS and origin.may_be_keras(entry))
        if not is_custom:
            return model
        # The class can create further layers and variables. They are not in the config, only among the stored weights.
        return model._replace(own_class=_foreign(entry)._replace(config=None), has_more_weights=True)

    def _sequential(
        self,
        config: Mapping[str, Any],
        entries: Sequence[Any],
        name: str,
        path: str,
        depth: int,
    ) -> Model:
        layers: list[Layer] = []
        taken: set[str] = set()
        for number, entry in enumerate(entries):
            at = f"{path}.layers[{number}]"
            layer = self._layer_or_broken(entry, at, depth) or _broken(f"layers[{number}]")
            if isinstance(layer.definition, Foreign) and layer.name in taken:
                # A ``name`` in the config of a custom class may be an argument with another meaning. If another layer
                # has this name, the layer gets an automatic name.
                layer = layer._replace(name=self.names.automatic(layer.class_name))
            try:
                self._take_name(taken, layer.name, at)
                if isinstance(layer.definition, Operation):
                    raise self.fail(at, f"'{layer.name}' is an operation, and a Sequential contains only layers")
                if number and layer.class_name == "InputLayer":
                    raise self.fail(
                        at, f"'{layer.name}' is an input layer, which can only be the first layer of a Sequential"
                    )
            except Unreadable as bad:
                self.report(bad)
                layer = layer._replace(broken=True)
            layers.append(layer)
        keras2 = is_keras2(entries)
        if keras2:
            layers = [*map(_of_keras2, layers)]
        if not layers or layers[0].class_name != "InputLayer":
            shape = serialized.recorded_shape(config.get("build_input_shape"))
            shape = shape or _first_shape(layers, entries)
            input_name = f"{name}_input" if shape is None else "input_layer"
            while input_name in taken:
                input_name += "_"
            layers.insert(0, _input(input_name, shape))
        calls = [Call(n, (Ref(n - 1),) if n else ()) for n in range(len(layers))]
        # ``build_config`` states the input shape of a layer, which is the output shape of the previous layer.
        for number, entry in enumerate(reversed(entries)):
            built = entry.get("build_config") if isinstance(entry, Mapping) else None
            shape = serialized.recorded_shape(built.get("input_shape")) if isinstance(built, Mapping) else None
            before = len(calls) - 2 - number
            if shape is not None and before >= 0 and layers[before].class_name != "InputLayer":
                calls[before] = calls[before]._replace(recorded={0: (shape, "")})
        outputs = (Ref(len(calls) - 1),)
        return Model(name, "Sequential", tuple(layers), tuple(calls), (Ref(0),), outputs, own_flags=True, keras2=keras2)

    def _functional(
        self,
        config: Mapping[str, Any],
        entries: Sequence[Any],
        legacy: bool,
        name: str,
        path: str,
        depth: int,
    ) -> Model:
        layer_entries: dict[str, LayerEntry] = {}
        taken: set[str] = set()
        double_name: Unreadable | None = None
        is_whole = True
        for number, value in enumerate(entries):
            at = f"{path}.layers[{number}]"
            if isinstance(value, Mapping) and not legacy:
                value = origin.with_module_of_operation(value)
            layer = self._layer_or_broken(value, at, depth)
            if layer is None:
                is_whole = False
                continue
            entry: Mapping[str, Any] = value
            key = entry.get("name", layer.name)
            try:
                key = self.word(key, f"{at}.name")
                self._take_name(taken, key, at)
                if layer.name != key:
                    self._take_name(taken, layer.name, at)
                nodes = self._nodes(entry.get("inbound_nodes", []), at)
            except Unreadable as bad:
                if bad.problem is not None and bad.problem.code == codes.NAME_TAKEN:
                    double_name = double_name or bad
                    continue
                if not layer.broken:
                    self.report(bad)
                layer, nodes = layer._replace(broken=True), []
                if not isinstance(key, str) or key not in taken:
                    is_whole = False
                    continue
            # Keras 3 counts the calls of a nested Functional from 1, but only in ``output_layers``. Keras 2 counts all
            # calls of all nested models from 1.
            from_one = layer.model is not None and (legacy or layer.model.class_name == "Functional")
            self._warn_lost_operands(entry.get(LOST), layer.name, at)
            layer = _of_keras2(layer) if legacy else layer
            is_built = isinstance(entry.get("build_config"), Mapping)
            layer_entries[key] = LayerEntry(key, layer, at, 1 if from_one else 0, nodes, is_built)
        if double_name is not None:  # tensors refer to layers by name, and two layers have this name
            raise double_name
        return CallGraph(self.fail, self.report, layer_entries, legacy, is_whole).model(config, name, path)

    def _layer_or_broken(self, entry: Any, path: str, depth: int) -> Layer | None:
        """Returns the layer of an entry. If the entry has errors, reports them and returns a broken layer.

        Returns None if not even the layer's name can be read.
        """
        try:
            return self.layer(self.mapping(entry, path), path, depth)
        except Unreadable as bad:
            self.report(bad)
        name = entry.get("name") if isinstance(entry, Mapping) else None
        config = entry.get("config") if isinstance(entry, Mapping) else None
        if name is None and isinstance(config, Mapping):
            name = config.get("name")
        return _broken(name) if isinstance(name, str) and name else None

    def _warn_lost_operands(self, lost: Any, name: str, path: str) -> None:
        """Warns about a function whose input tensors Keras 2 did not save. ``lost`` names the layers that may compute
        them.
        """
        if isinstance(lost, list) and lost:
            layers = " and ".join(f"'{layer}'" for layer in lost)
            guess = f"probably the unused outputs of {layers}"
            message = f"'{name}' reads tensors that the file does not name ({guess}), so its output shape is unknown"
            self.warn(path, message, name, codes.UNKNOWN_OPERATION)

    def _take_name(self, taken: set[str], name: str, path: str) -> None:
        """Adds a layer's name to the names of its model. Raises if another layer has this name."""
        if name in taken:
            raise self.fail(path, f"two layers are named '{name}'", codes.NAME_TAKEN)
        taken.add(name)

    def _nodes(self, value: Any, path: str) -> list[tuple[Any, Mapping[str, Any]]]:
        """Returns, for each call of a layer, the positional arguments and the named arguments."""
        nodes = []
        entries = self.items(value, f"{path}.inbound_nodes")
        self.calls_left -= len(entries)
        if self.calls_left < 0:
            raise ConvcalcError([self.too_many(f"{MAX_CALLS:,} calls of layers")])
        for number, entry in enumerate(entries):
            at = f"{path}.inbound_nodes[{number}]"
            node = self.mapping(entry, at)
            nodes.append(
                (self.items(node.get("args", []), f"{at}.args"), self.mapping(node.get("kwargs", {}), f"{at}.kwargs"))
            )
        return nodes

    def declared_model(self, data: Mapping[str, Any], fallback: Model) -> Model:
        """Returns the model of a custom class. Its layers come from the declaration of the class, because the config
        lists none.

        Returns ``fallback``, the model from the file alone, if the class has no declaration with layers. If the config does not
        fit the declaration, also warns.
        """
        declaration = self._declaration(data)
        if declaration is None or declaration.definition.template is None or not isinstance(data["config"], Mapping):
            return fallback
        config, definition = data["config"], declaration.definition
        policy = layer_policy(config.get("dtype"), fallback.name, None, data.get("build_config")) or "float32"
        rule, reason = self._rule(data, policy, fallback.name, "config", 0)
        if rule is not None:
            assert definition.template is not None
            try:
                model: Model = definition.template({**definition.defaults, **rule.args}, None, policy, fallback.name)
            except Refusal as refusal:
                reason = f"its declaration in {declaration.source} is not used, because it {refusal.message}"
            else:
                return model._replace(
                    class_name=fallback.class_name,
                    source=self.source,
                    trainable=serialized.is_trainable(config),
                    fallback=fallback,
                    declared_in=declaration.source,
                    problems=tuple(self.problems),
                    optimizer=_optimizer(data),
                )
        message = f"{self.source}: config: {fallback.class_name}: {reason}"
        problem = Problem(codes.UNKNOWN_LAYER, message, None, None, "warning")
        return fallback._replace(problems=(*fallback.problems, *self.problems, problem))

    # Layers -----------------------------------------------------------------------------------------------------------

    def layer(self, entry: Mapping[str, Any], path: str, depth: int) -> Layer:
        """Returns the layer, operation or nested model of an object ``{module, class_name, config}``."""
        class_name = self.word(entry.get("class_name"), f"{path}.class_name").rpartition(">")[2]
        entry = with_config_mapping(entry, self.names.automatic)
        config = self.mapping(entry.get("config"), f"{path}.config")
        module = origin.module_of(entry) or ""
        definition = builtin_or_old_layer(class_name) if origin.may_be_keras(entry) else None
        misfit = "" if definition is None else origin.unlike_keras(entry, definition)
        is_custom = definition is None or misfit != ""
        name = config.get("name") or entry.get("name")
        if is_custom and not isinstance(config.get("layers"), list):
            # In the config of a custom class, ``name`` may be an argument with another meaning. The entry of a
            # functional model has a separate name.
            name = entry.get("name") or (name if isinstance(name, str) else None)
        if name is None and is_custom and not module.startswith("keras.src.ops."):
            # The config has no name. When Keras loads the file, it also gives such a layer an automatic name.
            name = self.names.automatic(class_name)
        name = self.word(name, f"{path}.config.name")
        trainable = serialized.is_trainable(config)
        if isinstance(config.get("layers"), list) and (
            class_name in MODELS or "input_layers" in config or _is_custom_sequential(config["layers"])
        ):
            inner = self.model(entry, path, depth + 1)
            # The config of a Functional has a ``trainable``. Keras ignores it in a Sequential: only the layers in it
            # can be frozen.
            return Layer(name, inner.shown_class, inner, trainable=inner.trainable)
        if module.startswith("keras.src.ops.") or module == TENSORFLOW:
            return self._operation(name, class_name, module, entry, path)
        built = entry.get("build_config")
        # A map of dtype policies has the paths of layers as keys. In a Functional, the path is the layer's name.
        # Elsewhere, it may begin with the name of the Sequential or of the outer layer.
        policy = layer_policy(config.get("dtype"), name, definition, built, own_path="inbound_nodes" in entry)
        args: Mapping[str, Any] = {}
        if definition is not None and not misfit:
            args, refusals = self._arguments(definition, config, name, path, depth)
            if refusals and "module" in entry:
                problems = [
                    Problem(r.code, f"{self.source}: {path}: '{name}': {r.message}", None, name) for r in refusals
                ]
                self.problems += problems[:-1]
                raise Unreadable(problems[-1])
            misfit = f"because {refusals[0].message}" if refusals else ""
            if not misfit:
                self._warn_unknown_arguments(entry, definition, name, path)
        if definition is None or misfit:
            rule, reason = self._rule(entry, policy, name, path, depth)
            if rule is None:
                self._warn_custom(f"'{name}'", entry, misfit, name, path, reason)
            return Layer(
                name,
                _foreign_name(entry),
                _foreign(entry, rule),
                {key: serialized.plain(value) for key, value in config.items()},
                trainable=trainable,
                dtype=policy or "float32",
            )
        args = self.interner.intern(args)
        self._check_policies(policy, definition, args, name, path)
        dtype = policy or definition.policy(args)
        return Layer(name, definition.class_name, definition, args, trainable=trainable, dtype=dtype)

    def _warn_custom(
        self, what: str, entry: Mapping[str, Any], misfit: str, name: str, path: str, reason: str = ""
    ) -> None:
        """Adds the warning that a layer has a custom class. ``reason`` says why the declaration of the class is not used."""
        not_keras = f"not Keras's class, {misfit}" if misfit else "not a layer of Keras"
        text = f"{what} ({origin.description(entry)}) is {not_keras}: {_FOREIGN_NOTE}"
        self.warn(path, f"{text}; {reason}" if reason else text, name, codes.UNKNOWN_LAYER)

    def _declaration(self, entry: Mapping[str, Any]) -> Declaration | None:
        """Returns the declaration of a custom class; None if the class is not declared.

        Searches the files of custom layers first, then the installed packages, then the declarations of convcalc
        itself.
        """
        names = class_names(entry)
        declaration = self.custom._replace(elsewhere=None).find(*names)
        if declaration is not None:
            return declaration
        for name in possible_names(*names):
            definition = None if is_builtin(name) else find(name)
            if definition is not None:
                return Declaration(definition, definition.provider or "an installed package")
        return find_third_party(*names)

    def _rule(
        self, entry: Mapping[str, Any], policy: str | None, name: str, path: str, depth: int
    ) -> tuple[ForeignRule | None, str]:
        """Returns the rule of a custom layer, or None with the reason why no declaration can be used.

        The reason is empty if the class is not declared.
        """
        declaration = self._declaration(entry)
        if declaration is None:
            class_name = short_name(str(entry.get("class_name")))
            other = self.custom.other_name(class_name)
            own_name = next(possible_names(*class_names(entry)))
            return (
                None,
                f"the declaration of '{other}' is for another class; to use the declaration here, rename it to '{own_name}'"
                if other
                else "",
            )
        unused = f"its declaration in {declaration.source} is not used, because"
        own = find_policy(policy or "float32")
        if own is None or own.mode or own.inner:
            return None, f"{unused} the layer is quantized or has an unknown dtype"
        definition = declaration.definition
        if unknown := declaration.unknown_argument(entry["config"]):
            return None, f"{unused} it has no argument '{unknown}'"
        args, refusals = self._arguments(definition, entry["config"], name, path, depth)
        if refusals:
            return None, f"{unused} {refusals[0].message}"
        return ForeignRule(definition, self.interner.intern(args), declaration.source, declaration.built_in), ""

    def _check_policies(
        self, policy: str | None, definition: LayerDefinition, args: Mapping[str, Any], name: str, path: str
    ) -> None:
        """Warns if the dtype policy of a layer, or of a layer among its arguments, is unknown."""
        if policy is not None and not (policy in DTYPES if definition.inputs == 0 else is_policy(policy)):
            unknown = "its dtype is" if definition.inputs == 0 else "its parameters and dtypes are"
            self.warn(path, f"'{name}' has the unknown dtype '{policy}': {unknown} unknown", name, codes.UNKNOWN_DTYPE)
        for sublayer in sublayers_of(args):
            if not is_policy(sublayer.dtype):
                message = f"'{name}' contains {sublayer.definition.name} with the unknown dtype '{sublayer.dtype}'"
                self.warn(path, f"{message}: its parameters and dtypes are unknown", name, codes.UNKNOWN_DTYPE)

    def _arguments(
        self, definition: LayerDefinition, config: Mapping[str, Any], name: str, path: str, depth: int
    ) -> tuple[dict[str, Any], list[Refusal]]:
        """Returns the arguments of a layer that differ from their defaults, and the problems with the arguments.

        If the layer is inside another layer, ``name`` and ``path`` are those of the outer layer.
        """
        if definition.name == "InputLayer":
            batch_shape = config.get("batch_shape", config.get("batch_input_shape"))
            if batch_shape is not None:
                batch_shape = self.items(serialized.plain(batch_shape), f"{path}.config.batch_shape")
            config = _input_config(config, batch_shape)
        if definition.name == "Discretization" and config.get("bin_boundaries") is not None:
            # Keras writes both ``bin_boundaries`` and ``num_bins`` after ``adapt``, but reads only ``bin_boundaries``.
            config = {key: value for key, value in config.items() if key != "num_bins"}
        values = {
            argument.name: self._value(argument, config[argument.name], name, f"{path}.config.{argument.name}", depth)
            for argument in definition.arguments
            if argument.name in config
        }
        bound, refusals = bind(definition, (), values)
        if refusals:
            return {}, refusals
        args = {key: value for key, value in bound.items() if not definition.is_default(key, value)}
        size = config.get("vocabulary_size")
        if definition.records_vocabulary_size and isinstance(size, int) and 0 <= size <= LARGEST:
            args["vocabulary_size"] = size
        return args, []

    def _value(self, argument: Argument, value: Any, name: str, path: str, depth: int) -> Any:
        """Returns the value of an argument. Layers, models and custom functions inside the value are read too."""
        kind = argument.kind
        if isinstance(kind, LayerValue):
            return self._sublayer(kind, value, name, path, depth)
        if isinstance(kind, LayerValues) and isinstance(value, list):
            return [
                self._sublayer(kind.item, part, name, f"{path}[{number}]", depth) for number, part in enumerate(value)
            ]
        if isinstance(kind, KnownName):
            return self._known_or_custom(argument.name, kind, value, name, path)
        return _single_factor(argument, as_keras_reads(argument, serialized.plain(value)))

    def _known_or_custom(self, argument: str, kind: KnownName, value: Any, name: str, path: str) -> Any:
        """Returns the value of an activation, initializer, regularizer or constraint. Warns about a custom one."""
        value = self._without_unknown_keys(argument, value, name, path)
        function = origin.custom_function(value, kind)
        if function:
            what = (
                f"function {function}"
                if isinstance(value, str)
                else f"function {function}, module {value.get('module')}"
            )
            value = origin.function_object(function)
        elif origin.is_custom_object(value, kind):
            what = f"class {origin.description(value)}"
        else:
            return serialized.plain(value)
        unknown = "the layer's FLOPs are unknown" if argument.endswith("activation") else "no number depends on it"
        message = f"'{name}' has a custom {argument} ({what}), which is not one of Keras's: {unknown}"
        self.warn(path, message, name, codes.UNKNOWN_FUNCTION)
        return value if function else serialized.plain(value)

    def _without_unknown_keys(self, argument: str, value: Any, name: str, path: str) -> Any:
        """Returns an initializer, regularizer or constraint with Keras's arguments only. Warns about others."""
        if not isinstance(value, Mapping) or not isinstance(value.get("config"), Mapping):
            return value
        from convcalc.layers import keras_objects  # imported lazily: few files have such objects

        if not origin.may_be_keras(value):
            return value
        unknown = keras_objects.unknown_keys(value)
        if unknown:
            hint = keras_objects.unknown_key_hint(value, unknown[0])
            message = f"the {argument} of '{name}' has an unknown argument: {value['class_name']} has no '{unknown[0]}'"
            self.warn(path, f"{message}{hint}", name, codes.UNKNOWN_ARGUMENT)
        return keras_objects.without_keys(value, unknown)

    def _warn_unknown_arguments(
        self, entry: Mapping[str, Any], definition: LayerDefinition, name: str, path: str
    ) -> None:
        """Warns about arguments that Keras's class does not have, if the file states that the class is Keras's."""
        if "module" not in entry or definition.is_custom:
            return
        unknown = origin.unknown_arguments(entry["config"], definition)
        if unknown:
            known = [argument.name for argument in definition.arguments]
            more = f" ({len(unknown) - 1:,} more)" if len(unknown) > 1 else ""
            hint = did_you_mean(unknown[0][:100], known)
            message = f"'{name}' has the argument '{unknown[0][:100]}'{more}, which {definition.name} does not have"
            self.warn(path, f"{message}, so it is ignored{hint}", name, codes.UNKNOWN_ARGUMENT)

    def _sublayer(self, kind: LayerValue, value: Any, name: str, path: str, depth: int) -> Any:
        """Returns the layer or model in an argument. ``name`` is the layer with this argument.

        Warns about a custom class. Returns a value of another type unchanged: the check of the arguments reports it
        later.
        """
        if _is_model(value):
            model = self.model(value, path, depth + 1)
            return SubModel(model.name, model, value)
        config = value.get("config") if isinstance(value, Mapping) else None
        if not isinstance(config, Mapping) or not isinstance(value.get("class_name"), str):
            return serialized.plain(value)
        ((value,), _) = upgraded([value], functional=False)
        config = value["config"]
        is_keras = origin.may_be_keras(value)
        class_name = short_class(value["class_name"])
        own = builtin_or_old_layer(class_name) if is_keras else None
        definition = own if is_keras else None
        misfit = origin.unlike_keras(value, definition) if definition is not None else ""
        if definition is not None and _has_one_layer_twice(definition, config):
            message = f"'{name}' uses one layer twice in its {definition.name}: {_FOREIGN_NOTE}"
            self.warn(path, message, name, codes.UNKNOWN_LAYER)
            return SubForeign(definition.name, value)
        if definition is not None and not misfit:
            inner_name = config.get("name")
            if not isinstance(inner_name, (str, NoneType)) or (
                kind.accepts is not None and not kind.accepts(definition)
            ):
                return serialized.plain(value)
            args, refusals = self._arguments(definition, config, name, path, depth)
            if not refusals:
                self._warn_unknown_arguments(value, definition, name, path)
                built = value.get("build_config")
                dtype = layer_policy(config.get("dtype"), inner_name, definition, built, own_path=False)
                dtype = dtype or definition.policy(args)
                return SubLayer(definition, args, inner_name, serialized.is_trainable(config), dtype)
            if "module" in value:
                return serialized.plain(value)
            misfit = f"because {refusals[0].message}"
        policy = layer_policy(config.get("dtype"), config.get("name"), None, value.get("build_config"), own_path=False)
        rule, reason = self._rule(value, policy, name, path, depth)
        if (
            rule is not None
            and rule.definition.template is None
            and (kind.accepts is None or kind.accepts(rule.definition))
        ):
            trainable = serialized.is_trainable(config)
            known = SubLayer(rule.definition, rule.args, None, trainable, policy or "float32")
            return SubForeign(_foreign_name(value), value, known)
        self._warn_custom(f"the layer in '{name}'", value, misfit, name, path, reason)
        return SubForeign(_foreign_name(value), value)

    def _operation(self, name: str, class_name: str, module: str, entry: Mapping[str, Any], path: str) -> Layer:
        operation = find_operation(class_name, module)
        args = {key: serialized.plain(value) for key, value in entry["config"].items() if key != "name"}
        if operation is None:
            message = f"'{name}' ({class_name} of {module}) is an unknown operation"
            self.warn(path, message, name, codes.UNKNOWN_OPERATION)
            return Layer(name, _foreign_name(entry), _foreign(entry), args)
        shown = str(entry.get("shown") or class_name)
        return Layer(
            name,
            shown,
            operation,
            {key: value for key, value in args.items() if key in operation.init_parameters},
        )


def _broken(name: str) -> Layer:
    """Returns a placeholder for a layer that cannot be read."""
    return Layer(name, "Layer", Foreign("Layer"), broken=True)


def _of_keras2(layer: Layer) -> Layer:
    """Returns a layer of Keras 2. If it is a nested model, marks it as written by Keras 2."""
    return layer if layer.model is None else layer._replace(definition=layer.model._replace(keras2=True))


def _first_shape(layers: Sequence[Layer], entries: Sequence[Any]) -> Shape | None:
    """Returns the input shape that the first layer of a Keras 2 config states.

    For a nested model, this is the shape of its input.
    """
    if not layers or isinstance(layers[0].definition, Foreign):
        return None
    model = layers[0].model
    if model is None:
        from convcalc.read.keras_files.upgrade_keras2 import stated_input_shape

        return serialized.recorded_shape(stated_input_shape(entries[0]))
    first = model.layer_of(model.inputs[0])
    if first.broken or first.class_name != "InputLayer":
        return None
    args = input_args(first)
    return (args.get("batch_size", UNKNOWN), *args["shape"]) if "shape" in args else None


def _has_one_layer_twice(definition: LayerDefinition, config: Mapping[str, Any]) -> bool:
    """Returns True if a list of layers contains the same layer twice. Keras 3 writes a ``shared_object_id`` in both
    places.
    """
    for argument in definition.arguments:
        values = config.get(argument.name)
        if isinstance(argument.kind, LayerValues) and isinstance(values, list):
            written = [value.get("shared_object_id") for value in values if isinstance(value, Mapping)]
            numbers = [number for number in written if isinstance(number, int)]
            if len(set(numbers)) < len(numbers):
                return True
    return False


def _is_model(value: Any) -> bool:
    """Returns True if a value in a config is a model."""
    config = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or value.get("class_name") not in MODELS:
        return False
    return isinstance(config, list) or (isinstance(config, Mapping) and isinstance(config.get("layers"), list))


def _is_custom_sequential(layers: Sequence[Any]) -> bool:
    """Returns True if a list of layers in the config of a custom class begins with an input layer.

    A subclass of Sequential has such a config. Another class would have no use for an input layer.
    """
    first = layers[0] if layers else None
    return isinstance(first, Mapping) and first.get("class_name") == "InputLayer" and origin.may_be_keras(first)


def _foreign(entry: Mapping[str, Any], rule: ForeignRule | None = None) -> Foreign:
    """Returns the definition of a custom class. ``rule`` comes from the declaration of the class."""
    registered, class_name = entry.get("registered_name"), entry.get("class_name")
    if not isinstance(registered, str):
        registered = class_name if isinstance(class_name, str) and ">" in class_name else None
    config = entry.get("config")
    config = config if isinstance(config, Mapping) else None
    return Foreign(_foreign_name(entry), origin.module_of(entry), registered, rule=rule, config=config)


def _foreign_name(entry: Mapping[str, Any]) -> str:
    """Returns the name of a custom class. If Keras has a class of the same name, the package or module of the custom
    class is included.
    """
    class_name = short_class(str(entry.get("class_name")))
    return origin.full_name(entry) if is_builtin(class_name) else class_name


def _single_factor(argument: Argument, value: Any) -> Any:
    """Converts a symmetric pair to a single number: [-0.5, 0.5] → 0.5.

    Keras writes the pair for a single number, but some layers of Keras refuse the pair when Keras loads the file.
    """
    is_pair = isinstance(value, list) and len(value) == 2 and all(isinstance(part, (int, float)) for part in value)
    if isinstance(argument.kind, Factor) and is_pair and value[0] == -value[1]:
        return abs(value[1])
    return value


def _input_config(config: Mapping[str, Any], batch_shape: Sequence[Any] | None) -> Mapping[str, Any]:
    """Returns the config of an input layer in the form of a spec: ``shape`` and ``batch_size`` instead of
    ``batch_shape``.
    """
    rest = {
        key: value
        for key, value in config.items()
        if key not in ("batch_shape", "batch_input_shape", "dtype") and value not in (False, None)
    }
    if not batch_shape:
        return {**rest, **({} if batch_shape is None else {"batch_shape": batch_shape})}
    batch_size = {} if batch_shape[0] is None else {"batch_size": batch_shape[0]}
    return {**rest, "shape": batch_shape[1:], **batch_size}


def _input(name: str, batch_shape: Shape | None) -> Layer:
    """Returns an input layer for a model whose file contains no input layer. The layer is marked as broken if its shape
    is unknown.
    """
    definition = require_builtin("InputLayer")
    if batch_shape is None:
        return Layer(name, definition.class_name, definition, broken=True)
    args: dict[str, Any] = {"shape": batch_shape[1:]}
    if batch_shape[0] is not UNKNOWN:
        args["batch_size"] = batch_shape[0]
    return Layer(name, definition.class_name, definition, args)


def read_config(data: Any, source: str, custom: CustomLayers = NO_CUSTOM_LAYERS) -> Model:
    """Returns the model of a parsed config. Raises :class:`ConvcalcError` if the config is invalid."""
    if not isinstance(data, Mapping) or "class_name" not in data or "config" not in data:
        raise error(codes.NOT_A_MODEL, f"{source}: a model's config must have a class_name and a config")
    reader = ConfigReader(source, custom=custom)
    data = with_config_mapping(data, reader.names.automatic)
    config = data["config"]
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        from convcalc.read.keras_files.weights_tree import class_model

        return reader.declared_model(data, class_model(data, source))
    try:
        model = reader.model(data)
    except Unreadable as bad:
        reader.report(bad)
        raise ConvcalcError(limited(reader.problems)) from None
    return model._replace(source=source, problems=tuple(reader.problems), optimizer=_optimizer(data))


def _optimizer(data: Mapping[str, Any]) -> Any:
    """Returns the optimizer in the config of a compiled model; None if the model is not compiled."""
    compiled = data.get("compile_config")
    return compiled.get("optimizer") if isinstance(compiled, Mapping) else None
