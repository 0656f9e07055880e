"""Writes values and layers as Python expressions."""

from __future__ import annotations

import json
import keyword
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import error
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import CONSTRAINT, INITIALIZER, REGULARIZER, REQUIRED
from convcalc.layers.spelling import common_options, non_default_arguments
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel
from convcalc.model import Constant, Layer, Slot
from convcalc.write.arguments import recorded_size
from convcalc.write.calls import holds_function
from convcalc.write.policies import policy_code

WIDTH = 100
# The Keras module for the last word of an argument's name: ``bias_initializer`` → ``initializers``.
_OBJECTS = {
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "config": "quantizers",  # for the argument quantization_config
    "quantizer": "quantizers",
}
# The classes of these modules that written code may call. The functions ``get`` and ``deserialize`` of a module would make
# any object of any module that a file names.
_CLASSES = {
    "initializers": INITIALIZER.names,
    "regularizers": REGULARIZER.names,
    "constraints": CONSTRAINT.names,
    "quantizers": frozenset(
        [
            "AbsMaxQuantizer",
            "AWQConfig",
            "Float8QuantizationConfig",
            "GPTQConfig",
            "Int4QuantizationConfig",
            "Int8QuantizationConfig",
        ]
    ),
}


class Code(str):
    """A string of Python code. The string is written into the file unchanged, without quotes."""

    __slots__ = ()


class CallExpression(Struct):
    """A call in Python code. If ``arguments`` is None, ``head`` is the whole expression."""

    head: str
    arguments: Sequence[str] | None

    def lines(self, prefix: str = "", suffix: str = "") -> list[str]:
        """Returns the lines of the expression, between ``prefix`` and ``suffix``.

        If one line is too long, each argument gets its own line.
        """
        if self.arguments is None:
            return [f"{prefix}{self.head}{suffix}"]
        line = f"{prefix}{self.head}({', '.join(self.arguments)}){suffix}"
        if len(line) <= WIDTH or not self.arguments:
            return [line]
        indent = " " * (len(prefix) - len(prefix.lstrip()))
        return [
            f"{prefix}{self.head}(",
            *(f"{indent}    {argument}," for argument in self.arguments),
            f"{indent}){suffix}",
        ]


def layer_expression(definition: LayerDefinition, layer: Layer | SubLayer, name: str | None) -> CallExpression:
    """Returns the expression that creates a layer. ``name`` is None if the layer has its automatic name."""
    names = [argument.name for argument in definition.arguments]
    by_name = {key: value for key, value in non_default_arguments(definition, layer.args).items() if key in names}
    arguments = []
    for argument in definition.arguments:  # required arguments come first, by position
        if argument.default is not REQUIRED or argument.name not in by_name:
            break
        arguments.append(expression(by_name.pop(argument.name), argument.name))
    options = common_options(definition, layer)
    if "dtype" in options:
        options["dtype"] = Code(policy_code(layer.dtype, layer.name))
    more = {**by_name, **recorded_size(definition, layer.args), **options, **({} if name is None else {"name": name})}
    head = definition.name if definition.is_custom or not definition.is_exported else f"layers.{definition.name}"
    return CallExpression(head, [*arguments, *keyword_arguments(more)])


def is_name(word: str) -> bool:
    """Returns True if a word can be a name in Python code.

    Only ASCII letters are accepted, because Python treats some other letters as equal.
    """
    return word.isascii() and word.isidentifier() and not keyword.iskeyword(word) and word != "__debug__"


def keyword_arguments(values: Mapping[str, Any]) -> list[str]:
    """Returns the arguments as Python code: ``name=value``."""
    return [
        f"{key}={expression(value, key)}" if is_name(key) else f"**{{{key!r}: {expression(value)}}}"
        for key, value in values.items()
    ]


def expression(value: Any, argument: str = "") -> str:
    """Returns the Python code of a value. ``argument`` is the name of its argument."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, Constant):
        return f"ops.convert_to_tensor({expression(value.value)}, dtype={expression(value.dtype)})"
    if isinstance(value, SubModel):
        raise error(codes.CANNOT_WRITE, "a model inside a layer (here in TimeDistributed) cannot be written as code")
    if isinstance(value, SubForeign):
        message = f"a custom layer inside another layer (here {value.name}) cannot be written as code"
        raise error(codes.CANNOT_WRITE, message)
    if isinstance(value, SubLayer):
        made = layer_expression(value.definition, value, value.name)
        return f"{made.head}({', '.join(made.arguments or ())})"
    if isinstance(value, (tuple, list)):
        parts = [expression(part, argument) for part in value]
        if isinstance(value, list):
            return f"[{', '.join(parts)}]"
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    if isinstance(value, Mapping):
        return _object(value, argument) or (
            f"{{{', '.join(f'{expression(key)}: {expression(part)}' for key, part in value.items())}}}"
        )
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return "None" if value is UNKNOWN else repr(value)


def filled_code(form: Any, tensors: Sequence[Any]) -> Any:
    """Returns ``form`` with the code of a tensor in place of each :class:`Slot`.

    Raises :class:`ConvcalcError` for an object that is neither a tensor nor a constant, such as a function.
    """
    if isinstance(form, Slot):
        return tensors[form.number]
    if isinstance(form, (list, tuple)):
        return type(form)(filled_code(part, tensors) for part in form)
    if isinstance(form, Mapping):
        if form.get("class_name") in ("__numpy__", "__tensor__"):
            made = "numpy.array" if form["class_name"] == "__numpy__" else "ops.convert_to_tensor"
            config = form["config"]
            return Code(f"{made}({expression(config['value'])}, dtype={expression(config['dtype'])})")
        if "class_name" in form:
            message = (
                f"an argument of a call is an object of the class {form['class_name']}, which cannot be written as code"
            )
            raise error(codes.CANNOT_WRITE, f"{message}; write .json")
        return {key: filled_code(part, tensors) for key, part in form.items()}
    return form


def slot_numbers(form: Any) -> Iterator[int]:
    """Yields the number of each :class:`Slot` in ``form``."""
    if isinstance(form, Slot):
        yield form.number
    elif isinstance(form, (list, tuple)):
        for part in form:
            yield from slot_numbers(part)
    elif isinstance(form, Mapping):
        for part in form.values():
            yield from slot_numbers(part)


def config_expression(config: Mapping[str, Any], name: str) -> str:
    """Returns the config of a custom class as code. The values are those of the file, unchanged.

    Raises :class:`ConvcalcError` if the config contains a function.
    """

    if holds_function(config):
        message = f"the config of '{name}' contains a function, which cannot be written as code; write .json"
        raise error(codes.CANNOT_WRITE, message)

    def plain(value: Any) -> str:
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{expression(key)}: {plain(part)}' for key, part in value.items())}}}"
        return f"[{', '.join(map(plain, value))}]" if isinstance(value, list) else expression(value)

    return plain(config)


def custom_name(value: Any, argument: str = "") -> str | None:
    """Returns the name of a custom class or function, such as a custom initializer; None for any other value.

    ``argument`` is the name of the value's argument.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("class_name"), str):
        return None
    class_name, module, registered = str(value["class_name"]), value.get("module"), value.get("registered_name")
    if class_name == "function":
        return str(value.get("config")).rpartition(">")[2]
    is_registered = isinstance(registered, str) and ">" in registered
    is_foreign = isinstance(module, str) and not module.startswith("keras")
    kind = _OBJECTS.get(argument.rpartition("_")[2])
    if is_registered or ">" in class_name or is_foreign or (kind is not None and class_name not in _CLASSES[kind]):
        return class_name.rpartition(">")[2]
    return None


def _object(value: Mapping[str, Any], argument: str) -> str | None:
    """Returns the expression that creates an initializer, a regularizer, a constraint or a quantizer.

    Returns None if the mapping does not describe such an object.
    """
    module, name, config = _OBJECTS.get(argument.rpartition("_")[2]), value.get("class_name"), value.get("config")
    if module is None or not isinstance(name, str) or not is_name(name) or not isinstance(config, Mapping):
        return None
    if module == "quantizers" and not str(value.get("module", "keras")).startswith("keras"):
        raise error(codes.CANNOT_WRITE, f"'{argument}' is of a custom class, {name}, which cannot be written as code")
    if isinstance(config.get("value_range"), list):
        # Keras compares the range with a tuple, and a list never equals a tuple
        config = {**config, "value_range": tuple(config["value_range"])}
    return f"keras.{module}.{name}({', '.join(keyword_arguments(config))})"
