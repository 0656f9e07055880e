"""The registry of operations: how they are declared and looked up.

An operation is a function of ``keras.ops``. Like a layer, it can be a node of a functional graph. The rule of an
operation is a function with the parameters of Keras's ``call()``. After a ``*``, it has the parameters of Keras's
``__init__()``. The annotation of a parameter declares the kind of its argument (:mod:`convcalc.ops.arguments`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias, TypeVar, get_args

from convcalc.base import codes
from convcalc.base.keras_names import snake_case
from convcalc.base.numbers import shape_text
from convcalc.base.problems import Refusal
from convcalc.base.structs import Struct
from convcalc.layers.application import bounded
from convcalc.layers.arguments import REQUIRED, Argument, Kind, shown
from convcalc.layers.registry import Cost, Inferred
from convcalc.model import Constant, Slot
from convcalc.ops.families import FAMILIES, FAMILY_OF
from convcalc.ops.tensor import ManyTensors, OneTensor, Tensor

Rule: TypeAlias = "Callable[..., Tensor | Sequence[Tensor] | Inferred]"
AnyRule = TypeVar("AnyRule", bound=Rule)


class Operation(Struct):
    """The definition of one operation of ``keras.ops``, or of one TensorFlow function.

    Attributes:
        name: the name of the class in Keras.
        module: the module of the class, e.g. ``keras.src.ops.numpy``.
        rule: the function that computes the outputs of one call.
        doc: what the operation does.
        arguments: all arguments: first the arguments of the call, then the arguments of the constructor.
        parameters: the names of the arguments of the call, in Keras's order.
        init_parameters: the names of the arguments of the constructor, in Keras's order.
        defaults: the default values of the arguments that have one.
        required: the names of the arguments without a default.
        variadic: True if the call accepts any number of tensors as separate arguments.
        takes_list: True if the first argument is a list of tensors.
        returns_list: True if the output is a list, even for one tensor.
        tensor_parameters: the names of the arguments that must be tensors.
        family: always ``operation``. (For a layer, this attribute is the name of the module that declares the layer.)
        contains_layers: always False. :class:`convcalc.layers.LayerDefinition` explains the attribute.
        receptive_field_rule: the function that returns how a call reads its tensors (:mod:`convcalc.layers.views`).
            None if this is unknown.
        buffer_reuse: how the output reuses the memory of an input, as for a layer.
        flops: the function that counts the floating-point operations, except products of tensors
            (:mod:`convcalc.ops.costs`).
        tf_flops: the function that counts the operations as TensorFlow's profiler does; None if this is unknown.
    """

    name: str
    module: str
    rule: Rule
    doc: str
    arguments: tuple[Argument, ...]
    parameters: tuple[str, ...]
    init_parameters: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = {}
    required: tuple[str, ...] = ()
    variadic: bool = False
    takes_list: bool = False
    returns_list: bool = False
    tensor_parameters: frozenset[str] = frozenset()
    contains_layers: bool = False
    receptive_field_rule: Callable[..., Any] | None = None
    buffer_reuse: str = ""
    flops: Cost | None = None
    tf_flops: Cost | None = None

    @property
    def function(self) -> str:
        """The name of the function in ``keras.ops``, e.g. ``add`` or ``image.resize``."""
        name = _function_name(self.name)
        return f"image.{name}" if self.module.endswith(".image") else name

    @property
    def positional(self) -> tuple[str, ...]:
        """The names of the arguments that a spec may give by position: all arguments except the first tensor."""
        return (*(() if self.variadic else self.parameters[1:]), *self.init_parameters)

    def rule_arguments(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Returns all arguments of the rule. A missing argument has its default value."""
        return {**self.defaults, **args}

    def without_defaults(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Returns only the arguments whose values differ from their defaults."""
        defaults = self.defaults
        return {name: value for name, value in args.items() if name not in defaults or value != defaults[name]}

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.doc.partition("\n")[0]

    def infer(self, init_args: Mapping[str, Any], call_args: Mapping[str, Any], tensors: Sequence[Tensor]) -> Inferred:
        """Returns the outputs and costs of one call.

        Slot n in ``call_args`` stands for ``tensors[n]``. Raises :class:`Refusal` if the operation does not accept the
        call.
        """
        values = {**{name: fill(value, tensors) for name, value in call_args.items()}, **init_args}
        if self.module == TENSORFLOW:
            return self._lenient(values)
        return self._infer(values, tensors)

    def _lenient(self, values: dict[str, Any]) -> Inferred:
        """Returns the outputs of a TensorFlow function; one unknown output if the rule fails.

        The rule does not support all values that TensorFlow accepts.
        """
        try:
            return self._infer(values, ())
        except (Refusal, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return Inferred((None,), dtype=("",), unknown=frozenset({"macs"}))

    def _infer(self, values: dict[str, Any], tensors: Sequence[Tensor]) -> Inferred:
        if missing := [name for name in self.required if name not in values]:
            raise Refusal(f"needs the argument '{missing[0]}'", codes.MISSING_ARGUMENT, missing[0])
        for argument in self.arguments:
            if argument.name in values:
                values[argument.name] = _read(argument, values[argument.name])
        many = values.pop(self.parameters[0], ()) if self.variadic else ()
        result = _checked(self.rule(*many, **values))
        if self.module == TENSORFLOW or any(tensor.value is not None for tensor in tensors):
            value = import_module("convcalc.ops.shape_values").value_of(self.name, values)
            result = result if value is None else result._replace(values=(value,))
        return result


def _read(argument: Argument, value: Any) -> Any:
    """Returns the value, converted by the argument's kind.

    Raises :class:`Refusal` if the kind does not accept the value.
    """
    if value is None and argument.nullable:
        return None
    try:
        return argument.kind.read(value)
    except Refusal as refusal:
        raise Refusal(refusal.message, refusal.code, argument.name) from refusal
    except ValueError as error:
        got = "a tensor" if isinstance(value, Tensor) else shown(value)
        message = f"needs {argument.expects} as '{argument.name}', not {got}"
        raise Refusal(message, codes.INVALID_VALUE, argument.name) from error


def _checked(result: Tensor | Sequence[Tensor] | Inferred) -> Inferred:
    """Returns the result of a rule as an :class:`Inferred`.

    Raises :class:`Refusal` for a size that is negative, fractional or too large.
    """
    if not isinstance(result, Inferred):
        outputs = (result,) if isinstance(result, Tensor) else tuple(result)
        result = Inferred(tuple(tensor.shape for tensor in outputs), dtype=tuple(tensor.dtype for tensor in outputs))
    for shape in result.outputs:
        if any(isinstance(size, float) or size < 0 for size in shape or ()):
            raise Refusal(f"would have an output of shape {shape_text(shape)}", codes.INVALID_VALUE)
    return bounded(result)


def fill(value: Any, tensors: Sequence[Tensor]) -> Any:
    """Replaces each :class:`Slot` and each :class:`Constant` inside an argument by a tensor."""
    if isinstance(value, Slot):
        return tensors[value.number]
    if isinstance(value, Constant):
        return Tensor(value.shape, value.dtype)
    if isinstance(value, (list, tuple)):
        return [fill(part, tensors) for part in value]
    return value


# The module name for TensorFlow's functions that keras.ops does not have (:mod:`convcalc.ops.tensorflow`).
TENSORFLOW = "tensorflow"

# Functions whose names are not the snake_case form of their class name.
_FUNCTIONS = {
    "AllClose": "allclose",
    "BatchNorm": "batch_normalization",
    "CDist": "cdist",
    "IsIn": "isin",
    "LayerNorm": "layer_normalization",
    "RMSNorm": "rms_normalization",
    "SearchSorted": "searchsorted",
}

# The operations of the families imported so far. :func:`all_operations` returns the operations of every family.
REGISTERED: dict[tuple[str, str], Operation] = {}


def operation(
    name: str,
    module: str = "numpy",
    receptive_field_rule: Callable[..., Any] | None = None,
    buffer_reuse: str = "",
    flops: Cost | None = None,
    tf_flops: Cost | None = None,
) -> Callable[[AnyRule], AnyRule]:
    """Returns a decorator that declares a rule as the operation of Keras's class ``keras.src.ops.<module>.<name>``."""

    def declare(rule: AnyRule) -> AnyRule:
        signature = inspect.signature(rule)
        parameters = tuple(signature.parameters.values())
        arguments = tuple(map(_argument, parameters))
        defaults = {argument.name: argument.default for argument in arguments if argument.default is not REQUIRED}
        called = tuple(
            argument
            for argument, parameter in zip(arguments, parameters)
            if parameter.kind is not parameter.KEYWORD_ONLY
        )
        variadic = parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
        if module != TENSORFLOW:
            _require_indexed(name, rule.__module__)
        path = module if module == TENSORFLOW else f"keras.src.ops.{module}"
        REGISTERED[path, name] = Operation(
            name=name,
            module=path,
            rule=rule,
            doc=inspect.cleandoc(rule.__doc__ or ""),
            arguments=arguments,
            parameters=tuple(argument.name for argument in called),
            init_parameters=tuple(argument.name for argument in arguments[len(called) :]),
            defaults=defaults,
            required=tuple(argument.name for argument in arguments[variadic:] if argument.name not in defaults),
            variadic=variadic,
            takes_list=not variadic and isinstance(arguments[0].kind, ManyTensors),
            returns_list=signature.return_annotation == list[Tensor],
            tensor_parameters=frozenset(argument.name for argument in called if isinstance(argument.kind, OneTensor)),
            receptive_field_rule=receptive_field_rule,
            buffer_reuse=buffer_reuse,
            flops=flops,
            tf_flops=tf_flops,
        )
        return rule

    return declare


def _require_indexed(name: str, module: str) -> None:
    """Raises RuntimeError if the operation is not in ``families.py``, where look-ups search for operations."""
    package, _, family = module.rpartition(".")
    if package == "convcalc.ops" and FAMILY_OF.get(name) != family:
        raise RuntimeError(
            f"the operation {name} of {module} is not in the index of families: run `python -m tests.regenerate.families`"
        )


def _argument(parameter: inspect.Parameter) -> Argument:
    """Returns the argument for one parameter of a rule. The annotation of the parameter gives the kind of the argument."""
    default = REQUIRED if parameter.default is parameter.empty else parameter.default
    if parameter.annotation is Tensor:
        kind: Kind = ManyTensors(0) if parameter.kind is parameter.VAR_POSITIONAL else OneTensor()
        return Argument(parameter.name, kind, default)
    options = get_args(parameter.annotation)
    nullable = type(None) in options and not hasattr(parameter.annotation, "__metadata__")
    annotation = options[0] if nullable else parameter.annotation
    kinds = getattr(annotation, "__metadata__", ())
    if not kinds:
        raise TypeError(f"the annotation of '{parameter.name}' declares no kind of argument: {parameter.annotation!r}")
    return Argument(parameter.name, kinds[0], default, nullable)


def find_operation(name: str, module: str = "keras.src.ops.numpy") -> Operation | None:
    """Returns the operation with the given class name and module; None if no such operation is known."""
    if module == TENSORFLOW:
        import_module("convcalc.ops.tensorflow")
    else:
        _import_family(name)
    return REGISTERED.get((module, name))


def find_operation_class(name: str) -> Operation | None:
    """Returns the operation with the given class name in any module of Keras; None if no such operation is known."""
    _import_family(name)
    entries = (entry for (module, entry_class), entry in REGISTERED.items() if entry_class == name)
    return next((entry for entry in entries if entry.module != TENSORFLOW), None)


def find_function(name: str) -> Operation | None:
    """Returns the operation for the name of a function in ``keras.ops``; None if no such operation is known."""
    class_name = _classes().get(name.removeprefix("image."), "")
    _import_family(class_name)
    entries = (entry for (_, entry_class), entry in REGISTERED.items() if entry_class == class_name)
    return next((entry for entry in entries if entry.function == name), None)


def function_names() -> tuple[str, ...]:
    """Returns the names of all functions of ``keras.ops`` that are known, without the prefix ``image.``."""
    return tuple(_classes())


def class_names() -> tuple[str, ...]:
    """Returns the names of the classes of all operations that are known."""
    return tuple(FAMILY_OF)


@cache
def all_operations() -> Mapping[tuple[str, str], Operation]:
    """Returns the operations of all families, in the order of ``families.py``."""
    for family in FAMILIES:
        import_module(f"convcalc.ops.{family}")
    by_name = {entry.name: (key, entry) for key, entry in REGISTERED.items()}
    return dict(by_name[name] for name in FAMILY_OF)


def _import_family(class_name: str) -> None:
    if class_name in FAMILY_OF:
        import_module(f"convcalc.ops.{FAMILY_OF[class_name]}")


def _function_name(class_name: str) -> str:
    return _FUNCTIONS.get(class_name) or snake_case(class_name)


@cache
def _classes() -> dict[str, str]:
    """Maps function names to class names: ``add`` → ``Add``."""
    return {_function_name(name): name for name in FAMILY_OF}
