"""What an operation is: a function of ``keras.ops`` that stands in a functional graph beside the layers.

A rule is a function of the operation's own parameters: those of its call by position, as in Keras's ``call()``, and those of
its making behind a ``*``, as in Keras's ``__init__()``. Tensors come as :class:`Tensor`, everything else as it was written.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

from convcalc.base import codes
from convcalc.base.keras_names import snake_case
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.base.structs import NamedTuple
from convcalc.layers.application import bounded
from convcalc.layers.arguments import shown
from convcalc.layers.registry import Inferred
from convcalc.model import Constant, Slot
from convcalc.ops.families import FAMILIES, FAMILY_OF


class Tensor(NamedTuple):
    """A tensor as a rule sees it."""

    shape: Shape
    dtype: str


# What Python raises where an argument is of a kind that a rule cannot compute with. Kinds of arguments are not declared:
# a rule is a plain function.
WRONG_KIND = (TypeError, ValueError, IndexError, KeyError, AttributeError, ArithmeticError)

Rule: TypeAlias = "Callable[..., Tensor | Sequence[Tensor] | Inferred]"
AnyRule = TypeVar("AnyRule", bound=Rule)


class Operation(NamedTuple):
    """An entry of the operations. ``parameters`` are those of its call, in Keras's order, ``init_parameters``
    those of its making, ``defaults`` those of either that may be left out, ``required`` those that may not. ``variadic`` says
    that its tensors are the call's arguments, however many; ``takes_list`` that they are a list in its first one, ``gives_list``
    that its output is a list, even of one. ``tensor_parameters`` names the parameters that take a tensor and nothing else.
    ``receptive_field_rule`` says how a call reads its tensors (:mod:`convcalc.layers.views`); None where that is not
    known. ``buffer_reuse`` is what it may do with its input's memory, as a layer has it.
    """

    name: str
    module: str
    rule: Rule
    doc: str
    parameters: tuple[str, ...]
    init_parameters: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = {}
    variadic: bool = False
    takes_list: bool = False
    returns_list: bool = False
    tensor_parameters: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    family: str = "operation"
    contains_layers: bool = False
    receptive_field_rule: Callable[..., Any] | None = None
    buffer_reuse: str = ""

    @property
    def function(self) -> str:
        """The function of ``keras.ops`` that makes it: ``add``, ``image.resize``."""
        name = _function(self.name)
        return f"image.{name}" if self.module.endswith(".image") else name

    @property
    def positional(self) -> tuple[str, ...]:
        """The arguments that may stand without a name behind the tensor, in their order."""
        return (*(() if self.variadic else self.parameters[1:]), *self.init_parameters)

    def own_values(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a making or a call that are not as by default."""
        known = self.defaults
        return {name: value for name, value in args.items() if name not in known or value != known[name]}

    @property
    def summary(self) -> str:
        """What the operation does, in a line."""
        return self.doc.partition("\n")[0]

    def infer(self, made: Mapping[str, Any], call: Mapping[str, Any], tensors: Sequence[Tensor]) -> Inferred:
        """What one call comes to. ``made`` are the arguments of its making, ``call`` those of the call, with a
        :class:`Slot` in place of each tensor.

        Raises :class:`Refusal` for what the operation cannot take.
        """
        values = {name: filled(value, tensors) for name, value in call.items()}
        if absent := [name for name in self.required if name not in values and name not in made]:
            raise Refusal(f"is not given '{absent[0]}'", codes.MISSING_ARGUMENT, absent[0])
        for name in (each for each in values if each in self.tensor_parameters):
            if not isinstance(values[name], Tensor):
                raise Refusal("needs a tensor, and is given a number or a list", codes.WRONG_OPERAND, name)
        many = values.pop(self.parameters[0], ()) if self.variadic else ()
        try:
            return _plain(self.rule(*many, **values, **made))
        except WRONG_KIND:
            given = {name: value for name, value in {**call, **made}.items() if not isinstance(value, Slot)}
            raise Refusal(
                f"cannot take {', '.join(f'{name}: {shown(value)}' for name, value in given.items()) or 'this'}",
                codes.INVALID_VALUE,
            ) from None


def _plain(found: Tensor | Sequence[Tensor] | Inferred) -> Inferred:
    """What a rule found, whichever way it says it. Raises :class:`ValueError` for sizes and types that are none: a rule hands
    on what a file gives it.
    """
    if not isinstance(found, Inferred):
        outputs = (found,) if isinstance(found, Tensor) else tuple(found)
        found = Inferred(tuple(each.shape for each in outputs), dtype=tuple(each.dtype for each in outputs))
    sizes = [size for shape in found.outputs for size in shape or ()]
    types = (found.dtype,) if isinstance(found.dtype, str) else found.dtype or ()
    if any(isinstance(size, float) or size < 0 for size in sizes) or not all(isinstance(each, str) for each in types):
        raise ValueError
    return bounded(found)


def shape_of(value: Any) -> Shape:
    """The shape of an operand: a tensor's, or that of a constant, a number or lists of them."""
    if isinstance(value, Tensor):
        return value.shape
    sizes: list[Number] = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    if isinstance(value, (str, Mapping, slice)) or value is ...:
        raise TypeError
    return tuple(sizes)


def filled(value: Any, tensors: Sequence[Tensor]) -> Any:
    """A value with its tensors put in place of their slots, and of constants."""
    if isinstance(value, Slot):
        return tensors[value.number]
    if isinstance(value, Constant):
        return Tensor(shape_of(value.value), value.dtype)
    if isinstance(value, (list, tuple)):
        return [filled(part, tensors) for part in value]
    return value


def of_one_sample(shape: Shape) -> Number:
    """How many elements a shape has; of a batch that is not known, one sample's."""
    return product(shape[1:] if shape and shape[0] is UNKNOWN else shape)


def uncounted(*outputs: Tensor) -> Inferred:
    """Outputs of what multiplies as often as its algorithm likes: the count is unknown."""
    shapes, dtypes = tuple(each.shape for each in outputs), tuple(each.dtype for each in outputs)
    return Inferred(shapes, dtype=dtypes, unknown=frozenset({"macs"}))


# Keras's functions whose names are not those of their classes in small letters.
_FUNCTIONS = {
    "AllClose": "allclose",
    "BatchNorm": "batch_normalization",
    "CDist": "cdist",
    "IsIn": "isin",
    "LayerNorm": "layer_normalization",
    "RMSNorm": "rms_normalization",
    "SearchSorted": "searchsorted",
}

# The operations of the families imported so far; :func:`all_operations` has those of every family.
REGISTERED: dict[tuple[str, str], Operation] = {}


def operation(
    name: str, module: str = "numpy", receptive_field_rule: Callable[..., Any] | None = None, buffer_reuse: str = ""
) -> Callable[[AnyRule], AnyRule]:
    """Declare an operation: the class ``name`` of Keras's ``keras.src.ops.<module>``."""

    def declare(rule: AnyRule) -> AnyRule:
        signature = tuple(inspect.signature(rule).parameters.values())
        made = tuple(each.name for each in signature if each.kind is each.KEYWORD_ONLY)
        variadic = any(each.kind is each.VAR_POSITIONAL for each in signature)
        called = tuple(
            each.name for each in signature if each.kind in (each.POSITIONAL_OR_KEYWORD, each.VAR_POSITIONAL)
        )
        single = frozenset(
            each.name for each in signature if each.kind is each.POSITIONAL_OR_KEYWORD and each.annotation == "Tensor"
        )
        required = tuple(
            each.name for each in signature if each.kind is not each.VAR_POSITIONAL and each.default is each.empty
        )
        path = f"keras.src.ops.{module}"
        REGISTERED[path, name] = Operation(
            name=name,
            module=path,
            rule=rule,
            doc=inspect.cleandoc(rule.__doc__ or ""),
            parameters=called,
            init_parameters=made,
            defaults={each.name: each.default for each in signature if each.default is not each.empty},
            variadic=variadic,
            takes_list=signature[0].annotation == "Sequence[Tensor]",
            returns_list=str(inspect.signature(rule).return_annotation).startswith("list["),
            tensor_parameters=single,
            required=required,
            receptive_field_rule=receptive_field_rule,
            buffer_reuse=buffer_reuse,
        )
        return rule

    return declare


def find_operation(name: str, module: str = "keras.src.ops.numpy") -> Operation | None:
    """The operation of that class and module; None for one that is not known."""
    _import_family(name)
    return REGISTERED.get((module, name))


def find_function(name: str) -> Operation | None:
    """The operation that a function of ``keras.ops`` makes; None for one that is not known."""
    class_name = _classes().get(name.removeprefix("image."), "")
    _import_family(class_name)
    found = (each for (_, known), each in REGISTERED.items() if known == class_name)
    return next((each for each in found if each.function == name), None)


@cache
def all_operations() -> Mapping[tuple[str, str], Operation]:
    """The operations of all families, in the order of the index."""
    for family in FAMILIES:
        import_module(f"convcalc.ops.{family}")
    by_name = {entry.name: (key, entry) for key, entry in REGISTERED.items()}
    return dict(by_name[name] for name in FAMILY_OF)


def _import_family(class_name: str) -> None:
    if class_name in FAMILY_OF:
        import_module(f"convcalc.ops.{FAMILY_OF[class_name]}")


def _function(class_name: str) -> str:
    return _FUNCTIONS.get(class_name) or snake_case(class_name)


@cache
def _classes() -> dict[str, str]:
    """The classes by their functions' names."""
    return {_function(name): name for name in FAMILY_OF}
