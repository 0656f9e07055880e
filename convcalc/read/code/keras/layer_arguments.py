"""Makes layers of Keras from the arguments that a program gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import snake_case
from convcalc.layers import LayerDefinition, bind, costs, find, views
from convcalc.layers.arguments import (
    ACTIVATION,
    INITIALIZER,
    REQUIRED,
    Integer,
    KnownName,
    PerAxis,
    Sizes,
    as_keras_reads,
)
from convcalc.layers.dtypes import BITS, is_policy
from convcalc.layers.keras2 import keras2_layer
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel
from convcalc.model import Foreign
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import LayerValue, ModelValue, engine_size, from_sizes
from convcalc.read.code.keras.old_arguments import has_old_arguments, modern_arguments
from convcalc.read.code.keras.vocabularies import open_vocabulary, plain_text_arguments
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Instance,
    Library,
    LibraryObject,
    Native,
    Special,
    Spot,
    Unknown,
    UnknownNumber,
    first_unknown,
)
from convcalc.read.code.libraries import is_known

# Arguments that layers accept in some version of Keras, and that change no shape and no weight.
_IGNORED = ("weights", "autocast", "dynamic", "input_length", "batch_size", "sparse", "ragged")
_SHAPES = ("input_shape", "batch_input_shape", "input_dim")


def make_layer(
    run: Any, path: str, args: list[Any], kwargs: dict[str, Any], spot: Spot, definition: LayerDefinition | None = None
) -> Any:
    """Returns the layer that ``path(*args, **kwargs)`` creates. Reports wrong arguments as problems.

    If the layer is not in the catalogue, ``definition`` is its definition.
    """
    class_name = path.rpartition(".")[2]
    if definition is None:
        given_name = class_name
        if has_old_arguments(kwargs):
            run.is_old_keras = True
        class_name, args, kwargs = modern_arguments(given_name, args, kwargs, run.keras_of != {"tensorflow"})
        if class_name != given_name:
            path = f"keras.layers.{class_name}"
        definition = find(class_name) or keras2_layer(class_name)
    if class_name == "TextVectorization":
        args, kwargs = plain_text_arguments(args, kwargs)
    if class_name == "RNN":
        args, kwargs = _stacked(run, args, kwargs, spot)
    named = dict(kwargs)
    name, trainable, dtype = named.pop("name", None), named.pop("trainable", True), named.pop("dtype", None)
    if definition is not None and find(class_name) is definition:  # Keras calls `MaxPool2D` `MaxPooling2D`
        path = f"keras.layers.{definition.class_name}"
    layer = LayerValue(path, "", spot)
    run.note_new(layer)
    layer.given = (
        {**dict(zip((a.name for a in definition.arguments), args)), **kwargs}
        if definition is not None
        else dict(kwargs)
    )
    axes = definition.axes if definition is not None else None
    layer.input_shape_argument = _input_shape(run, named, axes) or _input_length(class_name, named)
    declared = {argument.name for argument in definition.arguments} if definition is not None else set()
    for ignored in (*_SHAPES, *_IGNORED, *_base_arguments(definition, declared)):
        if ignored not in declared:
            named.pop(ignored, None)
    if "activity_regularizer" not in declared:
        named.pop("activity_regularizer", None)
    layer.named = isinstance(name, str)
    layer.name = (
        name if isinstance(name, str) else run.names.automatic(definition.class_name if definition else class_name)
    )
    layer.is_trainable = trainable if isinstance(trainable, bool) else True
    if _lacks_pool_size(definition, args, kwargs):
        named["pool_size"] = 2
        run.only_keras2(codes.MISSING_ARGUMENT, f"{class_name} needs the argument 'pool_size' in Keras 3", spot, layer)
    if definition is None:
        layer.definition = Foreign(class_name, module=path.rpartition(".")[0])
        layer.unknown = Unknown(f"`{path}` is not a layer that convcalc knows", spot)
        return layer
    layer.definition = definition
    if run.data_format == "channels_first" and "data_format" in declared and named.get("data_format") is None:
        at = [argument.name for argument in definition.arguments].index("data_format")
        if definition.arguments[at].default in (None, "channels_last") and len(args) <= at:
            named["data_format"] = "channels_first"
    values: dict[str, Any] = {}
    positional = [argument_value(run, value, argument) for value, argument in zip(args, definition.arguments)]
    positional += args[len(positional) :]
    for key, value in named.items():
        values[key] = argument_value(run, value, definition.argument(key))
    layer.args = _bound(run, layer, definition, positional, values, spot)
    layer.dtype = policy_of(run, dtype) or (definition.policy(layer.args) if run.policy == "float32" else run.policy)
    for hidden in definition.hidden_sublayer_classes(layer.args, layer.named):
        run.names.automatic(hidden)
    return layer


def _base_arguments(definition: LayerDefinition | None, declared: set[str]) -> Iterator[str]:
    """Yields the arguments that a base class in Keras accepts, although the layer does not list them."""
    if "return_sequences" in declared:  # of the class RNN
        yield "zero_output_for_mask"
    if "use_scale" in declared:  # of the class Attention
        yield "seed"
    if definition is not None and "height" in (definition.axes or ()):  # of the base class of image preprocessing
        yield "data_format"


def _lacks_pool_size(definition: LayerDefinition | None, args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Returns True for a layer that has a default pool size in Keras 1 and 2, but not in Keras 3."""
    if definition is None or args or "pool_size" in kwargs:
        return False
    argument = definition.argument("pool_size")
    return argument is not None and argument.default is REQUIRED


def layer_from_config(run: Any, path: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the layer that ``Dense.from_config(config)`` makes."""
    config = args[0] if args else kwargs.get("config")
    if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
        return Unknown("this config is not supported", spot)
    return make_layer(run, path, [], dict(config), spot)


def _stacked(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> tuple[list[Any], dict[str, Any]]:
    """Returns the arguments of ``RNN(…)``. A list of cells becomes a StackedRNNCells layer, as in Keras."""
    cell = args[0] if args else kwargs.get("cell")
    if not isinstance(cell, (list, tuple)):
        return args, kwargs
    cell = make_layer(run, "keras.layers.StackedRNNCells", [cell], {}, spot)
    return ([cell, *args[1:]], kwargs) if args else (args, {**kwargs, "cell": cell})


def named_sizes(run: Any, shape: Unknown, axes: int, name: str = "", first: int = 0) -> tuple[Any, ...]:
    """Returns named sizes for an unknown shape with ``axes`` axes: ``input_shape[0]``, ``input_shape[1]`` and so on.

    If the user gives a size with ``--set``, returns this size.
    """
    names = [f"{name or shape.name}[{at}]" for at in range(first, first + axes)]
    return tuple(run.settings.get(text, UnknownNumber(shape.reason, shape.spot, text)) for text in names)


def _input_shape(run: Any, named: Mapping[str, Any], axes: tuple[str, ...] | None) -> tuple[Any, ...] | None:
    """Returns the input shape in the arguments of a layer, with the batch axis. None if there is none.

    ``axes`` are the names of the input's axes; None if the layer accepts any number of axes.
    """
    if isinstance(shape := named.get("batch_input_shape"), (list, tuple)):
        return tuple(shape)
    batch = named.get("batch_size") if isinstance(named.get("batch_size"), int) else None
    if isinstance(shape := named.get("input_shape"), (list, tuple)):
        return (batch, *shape)
    if isinstance(shape, int):
        return (batch, shape)
    if isinstance(shape, Unknown):
        return (batch, *named_sizes(run, shape, len(axes))) if axes and shape.name else None
    if "input_dim" in named and "output_dim" not in named:
        sizes = (named["input_length"], named["input_dim"]) if "input_length" in named else (named["input_dim"],)
        return (batch, *sizes)
    return None


def _input_length(class_name: str, named: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Returns the input shape of an Embedding of Keras 2: ``input_length=10`` → ``(None, 10)``. None if it is not
    stated.
    """
    length = named.get("input_length") if class_name == "Embedding" else None
    if length is None:
        return None
    return (named.get("batch_size"), *(length if isinstance(length, (list, tuple)) else (length,)))


def _bound(
    run: Any, layer: LayerValue, definition: LayerDefinition, positional: list[Any], named: dict[str, Any], spot: Spot
) -> Mapping[str, Any]:
    """Returns the layer's arguments as a config has them. Unknown arguments are left out, or become unknown sizes."""
    given = {**dict(zip((argument.name for argument in definition.arguments), positional)), **named}
    extra = positional[len(definition.arguments) :]
    unknown = {key: value for key, value in given.items() if first_unknown(value) is not None}
    known = {key: value for key, value in given.items() if key not in unknown}
    if definition.name == "InputLayer":
        known.update(
            {
                key: from_sizes(value)
                for key, value in known.items()
                if key in ("shape", "batch_shape") and isinstance(value, tuple)
            }
        )
    # An argument with an unknown value is not a missing argument.
    words = unknown.pop("vocabulary", None) if definition.records_vocabulary_size else None
    bound, refusals = bind(definition, [], {**known, **{str(number): value for number, value in enumerate(extra)}})
    refusals = [
        refusal for refusal in refusals if not (refusal.code == codes.MISSING_ARGUMENT and refusal.argument in unknown)
    ]
    for refusal in refusals:
        run.refuse(layer, refusal, spot)
    if refusals:
        layer.unknown = Unknown(f"{refusals[0].message}", spot)
        layer.definition = Foreign(definition.class_name)
        return bound
    for key, value in unknown.items():
        argument = definition.argument(key)
        reason = first_unknown(value)
        assert reason is not None
        if argument is not None and isinstance(argument.kind, Integer) and not isinstance(value, (list, tuple)):
            bound[key] = engine_size(reason)
            layer.unknown = layer.unknown or _named(reason, f"{definition.class_name}'s `{key}`")
        elif argument is not None and (sizes := _open_sizes(argument, value)) is not None:
            bound[key] = sizes
            layer.unknown = layer.unknown or _named(reason, f"{definition.class_name}'s `{key}`")
            if isinstance(layer.definition, LayerDefinition):
                layer.definition = without_windows(layer.definition)
        elif argument is not None and affects_shapes(argument):
            layer.unknown = _named(reason, f"{definition.class_name}'s `{key}`")
            layer.definition = Foreign(definition.class_name)
    if words is not None and (reason := first_unknown(words)) is not None:
        layer.args = bound
        open_vocabulary(run, layer, reason.reason, spot)
        return layer.args
    return bound


def _open_sizes(argument: Any, value: Any) -> tuple[Any, ...] | None:
    """Returns the sizes of ``strides``, ``target_shape`` or a similar argument, some of which are unknown. None for others."""
    kind = argument.kind
    is_list = isinstance(value, (list, tuple))
    if isinstance(kind, PerAxis):
        parts = tuple(value) if is_list else (value,) * kind.rank
        if len(parts) != kind.rank:
            return None
    elif argument.name == "target_shape" and is_list:
        parts = tuple(value)
    else:
        return None
    return from_sizes(parts) if all(isinstance(part, (int, Unknown)) for part in parts) else None


def without_windows(definition: LayerDefinition) -> LayerDefinition:
    """Returns the definition for unknown kernel sizes or strides: no receptive field and no FLOPs are computed."""

    def rule(args: Mapping[str, Any], *inputs: Any) -> Any:
        return definition.rule(args, *inputs)._replace(windows=())

    return definition._replace(
        rule=rule, receptive_field_rule=views.unknown, flops=costs.unknown, tf_flops=costs.unknown
    )


def _named(reason: Unknown, what: str) -> Unknown:
    """Returns the reason with the argument in front: "units is `n`, which is unknown: …"."""
    text = f"{what} is `{reason.name}`, which is unknown" if reason.name else f"{what} is unknown"
    return Unknown(f"{text}: {reason.reason}", reason.spot, reason.name)


def affects_shapes(argument: Any) -> bool:
    """Returns True if an argument may change shapes or counts."""
    kind = type(argument.kind).__name__
    return kind not in ("Anything", "Real", "KnownName", "Text")


def argument_value(run: Any, value: Any, argument: Any = None) -> Any:
    """Converts a value of the program to an argument of a layer."""
    kind = getattr(argument, "kind", None)
    if isinstance(value, Unknown) or value is None:
        return value
    if argument is not None and isinstance(value, (bool, int, float)):
        if isinstance(value, float) and argument.name == "pool_size" and not value.is_integer():
            return Unknown(f"Keras accepts a pool size of {value:g}, but convcalc does not know how it rounds it")
        return as_keras_reads(argument, value)
    if isinstance(kind, Sizes) and isinstance(value, (FunctionValue, Bound, Native)):
        return None  # Lambda's `output_shape` may be a function; the shape comes from the layer's code
    if isinstance(value, LayerValue):
        if kind is ACTIVATION:
            return snake_case(value.class_name) if value.cls is None else _function(value.class_name)
        return inner_layer(run, value)
    if isinstance(value, Library) and argument is not None and not is_known(value.path) and affects_shapes(argument):
        return Unknown(f"`{value.path}` comes from a module that convcalc does not read", None, value.name)
    if isinstance(value, (Library, LibraryObject)):
        return _of_library(value, kind)
    if isinstance(value, (FunctionValue, Bound, Native, ClassValue)):
        return _function(getattr(value, "name", None) or "function")
    if isinstance(value, Instance):
        return _function(value.cls.name)
    if isinstance(value, Array):
        if value.value is None and argument is not None and affects_shapes(argument):
            return Unknown("the values of an array are unknown")
        return value.value if value.value is not None else {"class_name": "array", "config": {}}
    if isinstance(value, Special):
        return _function(type(value).__name__)
    if isinstance(value, (list, tuple)):
        return (
            type(value)(argument_value(run, part, argument) for part in value)
            if type(value) in (list, tuple)
            else [argument_value(run, part, argument) for part in value]
        )
    if isinstance(value, str) and isinstance(kind, KnownName) and value not in kind.names:
        is_own = value in run.custom_objects or (kind is INITIALIZER and "." in value)
        return _function(value) if is_own else value
    return value


def _function(name: str) -> dict[str, Any]:
    """Returns the config that Keras writes for a function of the program."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _of_library(value: Library | LibraryObject, kind: Any) -> Any:
    """Converts a function or an object of a library to an argument: its name, or its config."""
    name = value.path.rpartition(".")[2]
    if value.path.startswith(("tensorflow.", "numpy.")) and name in _DTYPES:
        return name.rstrip("_")
    if isinstance(value, LibraryObject):
        if value.path.startswith("keras.mixed_precision") or value.path.endswith("Policy"):
            return value.args[0] if value.args and isinstance(value.args[0], str) else name
        config = {key: part for key, part in value.kwargs.items() if isinstance(part, (int, float, str, bool))}
        if isinstance(kind, KnownName) and name not in kind.names:
            return snake_case(name) if snake_case(name) in kind.names else _function(name)
        return {"class_name": name, "config": config}
    if isinstance(kind, KnownName):
        for text in (name, snake_case(name)):
            if text in kind.names:
                return text
        return _function(name)
    return name


_DTYPES = {
    f"{kind}{bits}"
    for kind, sizes in (("float", (16, 32, 64)), ("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)))
    for bits in sizes
} | {"bool", "bool_", "string", "bfloat16", "complex64"}


def dtype_name(value: Any) -> str | None:
    """Returns the name of a dtype that a program gives as a text, a NumPy or a TensorFlow dtype."""
    if isinstance(value, str):
        return value
    if isinstance(value, (Library, LibraryObject)):
        name = value.path.rpartition(".")[2]
        return (
            {"int": "int64", "float": "float64"}.get(name, name.rstrip("_"))
            if name in _DTYPES or name in ("int", "float")
            else None
        )
    return None


# Names that are not Keras dtypes, but that the TensorFlow backend accepts, and the dtype that it uses for each.
_OTHER_NAMES = {"int": "int64", "float": "float32", "double": "float64", "half": "float16"}


def variable_dtype(value: Any) -> str | None:
    """Returns the dtype that a program gives to a variable; None if it gives none, or none that Keras knows."""
    if isinstance(value, Library) and value.path == "builtins.float":
        return "float32"
    name = dtype_name(value)
    name = name and _OTHER_NAMES.get(name, name)
    return name if name in BITS else None


def policy_of(run: Any, value: Any) -> str | None:
    """Returns the dtype policy that a program gives to a layer; None if it gives none."""
    if isinstance(value, LibraryObject) and value.args and isinstance(value.args[0], str):
        return value.args[0]
    name = dtype_name(value)
    return name if name is not None and is_policy(name) else None


def inner_layer(run: Any, layer: LayerValue) -> SubLayer | SubModel | SubForeign:
    """Converts a layer of the program to an argument of another layer, such as TimeDistributed."""
    if isinstance(layer, ModelValue) and layer.cls is None:
        if layer.is_sequential and layer.input_tensor is None:
            return SubForeign(layer.name, {})
        return SubModel(layer.name, run.model_of(layer), {})
    definition = run.definition_of(layer)
    is_own_cell = layer.cls is not None and (
        "state_size" in layer.attributes or layer.cls.find("state_size") is not MISSING
    )
    if not isinstance(definition, LayerDefinition) or is_own_cell:
        return SubForeign(layer.name, {})
    return SubLayer(definition, layer.args, layer.name, layer.is_trainable, layer.dtype)
