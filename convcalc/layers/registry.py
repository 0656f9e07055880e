"""Declares layers, looks them up and binds their arguments.

The decorator :func:`layer` declares a layer: its arguments, its facets (fields of :class:`LayerDefinition`), and one
rule that computes an :class:`Inferred` from input shapes. Parameters, MACs, formulas and receptive fields are derived
from the facets and from the result of the rule.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from operator import index
from typing import Any, TypeAlias

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.problems import Refusal, closest, did_you_mean, listed
from convcalc.base.structs import Struct
from convcalc.base.window import Window
from convcalc.layers.arguments import REQUIRED, Argument, shown
from convcalc.layers.families import FAMILIES, FAMILY_OF

Args: TypeAlias = "Mapping[str, Any]"


class Weight(Struct):
    """A variable of a layer."""

    name: str
    shape: Shape
    # How many times each element of the weight is multiplied for one sample.
    multiplied_per_sample: Number = 0
    # None: unknown, because the weight is known only from a file.
    trainable: bool | None = True
    # The reason why the weight is not trainable; empty if it is trainable or no reason is known.
    frozen_because: str = ""
    # None if the weight has the layer's variable dtype.
    dtype: str | None = None
    # True for float8 statistics: Keras counts such a variable as trainable, but a training step replaces it by its
    # gradient. So the optimizer has no variables for it.
    replaced_by_gradient: bool = False
    # How many times each element of a bias is added for one sample.
    added_per_sample: Number = 0


class Product(Struct):
    """Multiply-accumulates that belong to no weight, for one sample."""

    name: str
    macs: Number


# Marks outputs that have the dtype of the input.
SAME = "same"
# Marks outputs that have the dtype of the layer's variables.
VARIABLE = "variable"

# How Keras 2's summary shows output shapes: ``[(1,), (2,)]``, ``((1,), (2,))``, or a single shape as ``[(1,)]``.
LIST = "list"
TUPLE = "tuple"
LIST_OF_ONE = "list of one"

# In place: an elementwise layer may overwrite its input. View: a reshape shares the memory of its input.
IN_PLACE = "in place"
VIEW = "view"


class Inferred(Struct):
    """The result of a rule for one call of a layer."""

    # The output shapes; None for a tensor whose number of axes is unknown.
    outputs: tuple[Shape | None, ...]
    weights: tuple[Weight, ...] = ()
    # Multiply-accumulates that belong to no weight.
    products: tuple[Product, ...] = ()
    # The window on each spatial axis.
    windows: tuple[Window, ...] = ()
    # The dtype of the outputs: one dtype, or a tuple with one dtype for each output. None means the layer's compute
    # dtype, :data:`SAME` the dtype of the input, :data:`VARIABLE` the dtype of the variables. A function computes the
    # dtype from the dtype of the first input.
    dtype: str | tuple[str, ...] | Callable[[str], str] | None = None
    # The counts that are unknown: ``params``, ``macs``, ``flops``.
    unknown: frozenset[str] = frozenset()
    # The elements of small integer outputs; empty if unknown. TensorFlow functions use such tensors as shapes.
    values: tuple[Any, ...] = ()


Rule: TypeAlias = "Callable[..., Inferred]"
Cost: TypeAlias = "Callable[[Args, Sequence[Shape], Inferred], Number]"
QuantizationRule: TypeAlias = "Callable[[Args, str, Inferred], Inferred]"
MaskRule: TypeAlias = "Callable[[Args, Sequence[Any], Sequence[Any]], Sequence[Any]]"
HiddenSublayers: TypeAlias = "Sequence[str] | Callable[[Args, bool], Sequence[str]]"


class LayerDefinition(Struct):
    """An entry of the catalogue: all facts about one layer.

    :func:`layer` computes the fields above the line "Facets". A declaration sets the other fields, the facets, by name.
    Code that treats some layers differently must read a facet instead of listing layers by name.
    """

    def __repr__(self) -> str:
        """Returns the name. All fields would be thousands of characters."""
        return f"{type(self).__name__}({self.name!r})"

    # The name under which Keras exports the layer.
    name: str
    # The module that declares the layer: ``convolution``, ``pooling`` …
    family: str
    arguments: tuple[Argument, ...]
    rule: Rule
    # The rule's docstring.
    doc: str
    # The layer as an entry of a spec, for inputs of the shape ``example_input``.
    example: str
    example_input: tuple[int, ...]
    aliases: tuple[str, ...]
    # How many tensors a call accepts: a number, (minimum, maximum), or None for at least one.
    inputs: int | tuple[int, int] | None
    # The names of the input's axes after the batch axis; None: at least ``min_axes`` axes.
    axes: tuple[str, ...] | None
    min_axes: int
    # The axis of the channels with ``channels_first``. The rule is written for ``channels_last``: input shapes
    # are converted before the rule, and output shapes after it. 0 if the rule does not depend on the data format.
    channels_first_at: int
    # The normalised defaults of all arguments.
    defaults: Mapping[str, Any]
    # Arguments of the call, not of the layer, such as ``return_attention_scores``.
    call_arguments: tuple[Argument, ...] = ()
    # The name of the class in Keras's summaries and files.
    class_name: str = ""

    # Facets ---------------------------------------------------------------------------------------------------------

    # Further values for the rule. Layers that share one rule differ in these values.
    rule_options: Mapping[str, Any] = {}
    # The classes of unnamed inner layers: Keras counts them when it numbers automatic names. Or a function that
    # computes the classes from the arguments and a boolean: True if this layer has an explicit name.
    hidden_sublayers: HiddenSublayers = ()
    # True if all weights belong to layers inside this layer.
    contains_layers: bool = False
    # The options ``trainable`` and ``dtype``, if this layer does not accept them.
    unsupported_options: Sequence[str] = ()
    # The name of the argument that is a list of layers to run in sequence; "" if there is none. An expanded summary of
    # Keras shows these layers.
    sublayers_argument: str = ""
    # Computes the default dtype policy from the arguments.
    default_policy: Callable[[Args], str] = lambda args: "float32"
    # The names of the inner layers with weights. They have the layer's dtype policy, unless a DTypePolicyMap names
    # another.
    inner_layers: Sequence[str] = ()
    # Changes the weights of a result for a dtype policy. None if a policy changes only dtypes.
    quantization_rule: QuantizationRule | None = None
    # Returns the masks of the outputs (:mod:`convcalc.layers.masks`); None if masks are lost.
    mask_rule: MaskRule | None = None
    # True if a call uses the mask of its only input.
    consumes_mask: bool = False
    # True if Keras casts inputs of another float type before the call.
    autocasts: bool = True
    # How the output may reuse the memory of the input: :data:`IN_PLACE`, :data:`VIEW`, or "" (not at all).
    buffer_reuse: str = ""
    # Returns how a call reads its inputs, axis by axis (:mod:`convcalc.layers.views`); None if unknown.
    receptive_field_rule: Callable[..., Any] | None = None
    # Returns the operations without multiply-accumulates and bias additions (:mod:`convcalc.layers.costs`); None if
    # unknown.
    flops: Cost | None = None
    # Returns the FLOPs that TensorFlow's profiler counts (:mod:`convcalc.layers.costs`); None if unknown.
    tf_flops: Cost | None = None
    # True if Keras 3 builds the layer in ``__init__``. Inside another layer, an expanded summary then shows no output
    # shape for it. None if unknown.
    built_when_made: bool | None = None
    # How Keras 2's summary writes outputs: :data:`LIST`, :data:`TUPLE`, or :data:`LIST_OF_ONE`.
    output_container: str = LIST
    # True if several inputs are passed as separate arguments of the call, not as one list.
    separate_inputs: bool = False
    # True if the inputs after the first are the call's ``initial_state``.
    takes_initial_state: bool = False
    # Returns the sizes of the states of a recurrent cell from its arguments; None if the layer is not a cell.
    state_sizes: Callable[[Args], Sequence[Number]] | None = None
    # True if the layer's last steps add a bias to each channel and apply ``activation``.
    ends_with_bias: bool = False
    # True if the layer multiplies the last axis by a matrix: Dense.
    is_dense: bool = False
    # True if the layer sets random values to 0 in training: the dropout layers.
    drops_values: bool = False
    # True for a layer of ``keras2``: no spec can name it, and Keras 3 cannot load it.
    keras2_only: bool = False
    # The module of the class in Keras, if ``keras.layers`` does not export it.
    keras_module: str = "keras.layers"
    # True for a layer that is not part of Keras. Such a layer is declared in a spec, under ``custom:``, or in another
    # package.
    is_custom: bool = False
    # Builds a model of the layers inside this layer, from its arguments, input shapes, input dtypes and dtype policy.
    # None if the layer has a ``rule`` instead.
    template: Callable[..., Any] | None = None
    # The package that declares the layer, for messages; "" for convcalc itself.
    provider: str = ""
    # True if the layer runs unknown code: its output shape comes from its arguments or its file, not from its inputs.
    is_opaque: bool = False
    # True if no rule of convcalc can infer the weights.
    has_unknown_weights: bool = False
    # True if a Keras file has an extra key ``vocabulary_size`` for the layer.
    records_vocabulary_size: bool = False
    # A sentence about the code that runs if Keras loads the layer from a file; "" if no code runs.
    runs_code: str = ""
    # Maps each argument that may name a file to a text that says how Keras uses the file.
    file_arguments: Mapping[str, str] = {}

    @property
    def is_exported(self) -> bool:
        """True if Keras exports the class from ``keras.layers``."""
        return self.keras_module == "keras.layers"

    def rule_arguments(self, args: Args) -> dict[str, Any]:
        """Returns the arguments for the rule: the defaults, the given arguments, and the rule's options."""
        return {**self.defaults, **args, **self.rule_options}

    @property
    def merges(self) -> bool:
        """True if a call takes several tensors, so that a spec must name them under ``from:``."""
        return self.inputs is None or (self.inputs[0] if isinstance(self.inputs, tuple) else self.inputs) > 1

    def axis_names(self, args: Args) -> tuple[str, ...]:
        """Returns the names of the axes after the batch axis, in the order of the data format; an empty tuple if any
        number of axes is accepted.
        """
        axes = self.axes or ()
        if self.channels_first_at and args.get("data_format") == "channels_first":
            before = self.channels_first_at - 1
            return (*axes[:before], axes[-1], *axes[before:-1])
        return axes

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.doc.partition("\n")[0]

    @property
    def source(self) -> str:
        """A sentence that says where the class comes from."""
        return f"From {self.provider}, not Keras" if self.provider else f"In Keras: {self.keras}"

    @property
    def keras(self) -> str:
        """The full name under which Keras exports the layer."""
        return f"keras.layers.{self.name}"

    def hidden_sublayer_classes(self, args: Args, named: bool) -> Sequence[str]:
        """Returns the classes of the unnamed layers that Keras creates inside this layer. ``named`` is True if this
        layer has an explicit name.
        """
        classes = self.hidden_sublayers
        return classes({**self.defaults, **args}, named) if callable(classes) else classes

    def policy(self, args: Args) -> str:
        """Returns the dtype policy of a layer without an explicit policy."""
        return self.default_policy({**self.defaults, **args})

    def is_default(self, name: str, value: Any) -> bool:
        """Returns True if a value equals the default of an argument, possibly by another name (``zero``, ``zeros``)."""
        default = self.defaults.get(name)
        if name == "data_format" and default is None:
            return value in (None, "channels_last")
        if name == "activation" and default is None:
            return value in (None, "linear")
        if name.endswith("_initializer") and isinstance(value, str):
            return bool(_INITIALIZERS.get(value, value) == _INITIALIZERS.get(str(default), default))
        return type(value) is type(default) and bool(value == default)

    def argument(self, name: str) -> Argument | None:
        """Returns the argument with this name; None if the layer has no such argument."""
        return next((argument for argument in (*self.arguments, *self.call_arguments) if argument.name == name), None)


# Maps Keras's short names of initializers to the names in Keras files.
_INITIALIZERS = {"uniform": "random_uniform", "normal": "random_normal", "zero": "zeros", "one": "ones"}
# The layers of the families imported so far. :func:`all_layers` imports all families.
REGISTERED: dict[str, LayerDefinition] = {}
_ALIASES: dict[str, str] = {}
# The layers of the families imported so far, by name, alias and class name.
_KNOWN: dict[str, LayerDefinition] = {}

# The packages whose layers are being loaded. The list is empty at all other times.
_loading: list[str] = []

_AXES = {0: (), 1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


_FACETS = frozenset(LayerDefinition._field_defaults) - {"call_arguments", "class_name", "provider", "is_custom"}


def layer(
    name: str,
    *arguments: Argument,
    example: str,
    ranks: Sequence[int] = (0,),
    aliases: Sequence[str] = (),
    inputs: int | tuple[int, int] | None = 1,
    call: Sequence[Argument] = (),
    timed: bool = False,
    axes: Sequence[str] | None = None,
    min_axes: int = 0,
    example_input: Sequence[int] = (),
    class_name: str = "",
    **facets: Any,
) -> Callable[[Rule], Rule]:
    """Returns a decorator that declares a layer. ``ranks`` lists numbers of spatial axes: the decorator declares one
    layer for each number. The number replaces ``{rank}`` in names.

    ``arguments`` are in the order of Keras's signature. The rule's docstring is the layer's documentation; its first
    line is the summary. A layer with spatial axes expects (*axes, channels) after the batch axis. ``call`` lists the
    arguments of the call, such as ``return_attention_scores``; they are passed by name only. A ``timed`` layer has a
    time axis before its spatial axes. ``facets`` are fields of :class:`LayerDefinition`.

    Raises :class:`TypeError` for a facet that does not exist.
    """
    for facet in facets:
        if facet not in _FACETS:
            hint = did_you_mean(facet, sorted(_FACETS))
            raise TypeError(f"the declaration of {name} has an unknown facet '{facet}'{hint}")

    def declare(rule: Rule) -> Rule:
        family = rule.__module__.rpartition(".")[2]
        is_own = rule.__module__.startswith("convcalc.layers.")
        provider = "" if is_own else _loading[-1] if _loading else rule.__module__.partition(".")[0]
        origin = {} if is_own else {"provider": provider, "is_custom": True, "keras_module": ""}
        doc = inspect.cleandoc(rule.__doc__ or "")
        for rank in ranks:
            rank_arguments = tuple(Argument(a.name, a.kind.for_rank(rank), a.default, a.nullable) for a in arguments)
            rank_name = name.format(rank=rank)
            lead = ("time",) if timed else ()
            spatial = (*lead, *_AXES[rank], "channels") if rank else (None if axes is None else tuple(axes))
            has_data_format = rank and any(a.name == "data_format" for a in rank_arguments)
            definition = LayerDefinition(
                name=rank_name,
                family=family,
                arguments=rank_arguments,
                rule=rule,
                doc=doc.format(name=rank_name, axes=listed(_AXES[rank], "and")),
                example=example.format(name=rank_name),
                example_input=tuple(example_input) or (*(8,) * (len(spatial or ()) - 1), 4),
                aliases=tuple(alias.format(rank=rank) for alias in aliases),
                inputs=inputs,
                axes=spatial,
                min_axes=min_axes,
                channels_first_at=1 + len(lead) if has_data_format else 0,
                defaults={a.name: _default(a, rank_name) for a in (*rank_arguments, *call)},
                call_arguments=tuple(call),
                class_name=class_name or rank_name.rpartition(">")[2],
                **{**facets, **origin},
            )
            # Two packages may have a class of the same name. So their layers are known only as "package>Class".
            known_as = () if ">" in rank_name else (definition.class_name,)
            names = (rank_name, *known_as, *definition.aliases)
            for known in names:
                _require_indexed(known, rule.__module__)
            REGISTERED[rank_name] = definition
            _KNOWN.update(dict.fromkeys(names, definition))
            _ALIASES.update(dict.fromkeys(definition.aliases, rank_name))
        return rule

    return declare


def _default(argument: Argument, owner: str) -> Any:
    if argument.default is REQUIRED or argument.default is None:
        return argument.default
    return argument.read(argument.default, owner)


def find(name: str) -> LayerDefinition | None:
    """Returns the layer with this name, alias or class name, or None. For an unknown name, plugins are loaded first."""
    definition = lookup_builtin(name)
    if definition is None:
        _load_plugins()
        definition = lookup_builtin(name)
    return definition


def lookup_builtin(name: str) -> LayerDefinition | None:
    """Returns the layer with this name, alias or class name, or None. Plugins are not loaded."""
    definition = _KNOWN.get(name)
    if definition is None and name in FAMILY_OF:
        import_module(f"convcalc.layers.{FAMILY_OF[name]}")
        definition = _KNOWN.get(name)
    return definition


def is_builtin(name: str) -> bool:
    """Returns True if a built-in layer has this name, alias or class name."""
    return name in FAMILY_OF


def require_builtin(name: str) -> LayerDefinition:
    """Returns the built-in layer with this name. Raises :class:`KeyError` if it does not exist."""
    definition = lookup_builtin(name)
    if definition is None:
        raise KeyError(name)
    return definition


def all_layers() -> Mapping[str, LayerDefinition]:
    """Returns all layers: the built-in layers in the order of ``families.py``, then those of packages loaded so far.

    Does not load packages: see :func:`load_plugins`.
    """
    for family in FAMILIES:
        import_module(f"convcalc.layers.{family}")
    ordered = {name: REGISTERED[name] for name in FAMILY_OF if name in REGISTERED}
    return {**ordered, **REGISTERED}


def _require_indexed(name: str, module: str) -> None:
    """Raises RuntimeError if ``families.py`` lacks a built-in layer, because look-ups would not find the layer."""
    package, _, family = module.rpartition(".")
    if package == "convcalc.layers" and FAMILY_OF.get(name) != family:
        raise RuntimeError(
            f"the layer {name} of {module} is not in convcalc/layers/families.py: run `python -m tests.regenerate.families`"
        )


class PluginWarning(UserWarning):
    """Issued if a package that declares layers cannot be loaded."""


def load_plugins() -> None:
    """Loads the layers of installed packages. Does nothing on later calls."""
    _load_plugins()


@cache
def _load_plugins() -> None:
    """Imports the modules that packages list as entry points ``convcalc.layers``. Later calls do nothing."""
    from importlib.metadata import entry_points

    for point in entry_points(group="convcalc.layers"):
        package = getattr(point, "dist", None)
        _loading.append(f"the package '{point.name if package is None else package.name}'")
        try:
            point.load()
        # Warn only: the code of a package may raise anything, and the model may not need its layers.
        except (Exception, SystemExit) as error:
            whose = f" of the package '{package.name}'" if package is not None else ""
            text = f"the layers '{point.name}'{whose} cannot be loaded: {type(error).__name__}: {error}"
            warnings.warn(text, PluginWarning, stacklevel=2)
        finally:
            _loading.pop()


def known_names() -> list[str]:
    """Returns all names, aliases and class names of layers. Only for error messages: it imports all families."""
    return list(dict.fromkeys([*FAMILY_OF, *all_layers(), *_ALIASES]))


def bind(
    definition: LayerDefinition, positional: Sequence[Any], named: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Refusal]]:
    """Binds the arguments of a layer. Returns the normalised values, and the problems.

    Problems are returned instead of raised, so that one run reports all of them.
    """
    bound: dict[str, Any] = {}
    refusals: list[Refusal] = []
    declared = (*definition.arguments, *definition.call_arguments)
    names = [argument.name for argument in declared]
    takes_positional = len(definition.arguments)
    if len(positional) > takes_positional:
        counted = f"{takes_positional} argument{'s' * (takes_positional != 1)}"
        takes = f"takes {counted}" if takes_positional else "takes no arguments"
        refusals.append(Refusal(f"{definition.name} {takes}, not {len(positional)}", codes.TOO_MANY_ARGUMENTS))
    values: dict[str, Any] = dict(zip(names[:takes_positional], positional))
    misspelled: set[str] = set()
    for name, value in named.items():
        if name in values:
            refusals.append(
                Refusal(
                    f"{definition.name}'s argument '{name}' is given twice, by position and by name",
                    codes.DUPLICATE_ARGUMENT,
                    name,
                )
            )
        elif name not in names:
            hint = did_you_mean(name, names)
            misspelled.add(closest(name, names))
            has = f"; it has {listed(names, 'and')}" if names and len(names) <= 6 and not hint else ""
            refusals.append(
                Refusal(f"{definition.name} has no argument '{name}'{hint or has}", codes.UNKNOWN_ARGUMENT, name)
            )
        else:
            values[name] = value
    for argument in declared:
        if argument.name not in values:
            # an argument whose name is misspelled is already reported
            if argument.default is REQUIRED and argument.name not in misspelled:
                refusals.append(
                    Refusal(
                        f"{definition.name} needs the argument '{argument.name}': {argument.expects}",
                        codes.MISSING_ARGUMENT,
                        argument.name,
                    )
                )
            continue
        try:
            bound[argument.name] = argument.read(values[argument.name], definition.name)
        except Refusal as refusal:
            refusals.append(refusal)
    return bound, _one_list(definition, positional, refusals)


def _one_list(definition: LayerDefinition, positional: Sequence[Any], refusals: list[Refusal]) -> list[Refusal]:
    """Returns the refusals, with a hint for a common mistake: ``Reshape: [4, 4]`` passes two arguments, not a list."""
    first = definition.arguments[0] if definition.arguments else None
    by_position = {argument.name for argument in definition.arguments[: len(positional)]}
    blamed = [r for r in refusals if r.code == codes.TOO_MANY_ARGUMENTS or r.argument in by_position]
    if first is None or len(positional) < 2 or not blamed:
        return refusals
    try:
        first.read(list(positional), definition.name)
    except Refusal:
        return refusals
    values = shown(list(positional))
    message = (
        f"{definition.name}: {values} is {len(positional)} arguments; for one list as '{first.name}', write [{values}]"
    )
    return [Refusal(message, codes.TOO_MANY_ARGUMENTS), *(r for r in refusals if r not in blamed)]


def required(size: Number, what: str) -> Number:
    """Returns the size unchanged. Raises :class:`Refusal` if the size is unknown, because the shapes of weights depend
    on it.
    """
    if size is UNKNOWN:
        raise Refusal(f"needs a known {what}: its weights depend on it", codes.UNKNOWN_SIZE)
    return size


def axis_index(axis: Any, rank: int, argument: str = "axis") -> int:
    """Returns the axis as a non-negative number. Raises :class:`Refusal` if it is not one of ``rank`` axes."""
    number = index(axis)
    if not -rank <= number < rank:
        raise Refusal(f"has no axis {number} in an input of {rank} axes", codes.WRONG_AXIS, argument)
    return number % rank
