"""Writes a model as Keras code: one function for each model, one line for each layer.

A name is left out if a new Python process gives the same name. Masks are left out if Keras creates the same masks when
the code runs. Otherwise all masks are written.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.keras_names import Names, short_class
from convcalc.base.problems import ConvcalcError, error
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import shown
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Call, Foreign, Layer, Model, Ref, Slot
from convcalc.ops import Operation
from convcalc.ops.keys import key_text
from convcalc.write.arguments import has_automatic_name
from convcalc.write.calls import data_calls, positional_arguments, require_keras_operations
from convcalc.write.expressions import (
    CallExpression,
    Code,
    config_expression,
    custom_name,
    expression,
    filled_code,
    is_name,
    keyword_arguments,
    layer_expression,
    slot_numbers,
)
from convcalc.write.policies import policy_code
from convcalc.write.spec import spec_yaml

# These operations are written as ``Abs()(x)``, because functions such as ``ops.abs`` create another class
# (``Absolute``).
_WRITTEN_AS_CLASSES = {"Abs", "Conj"}
# The classes of these operations have no default for tensors that their functions can leave out.
_WITHOUT_DEFAULTS = {"BatchNorm", "LayerNorm", "RMSNorm", "Where"}
# These functions begin with a constructor argument of the operation: ``ops.einsum(subscripts, …)``.
_INIT_ARGUMENT_FIRST = {"Einsum", "Full"}


def python_code(report: Report) -> str:
    """Returns the text of a Python module that defines the variable ``model``.

    Raises :class:`ConvcalcError` if the model cannot be written as code.
    """
    require_keras_operations(report.model)
    module = _Module(report, explicit_masks=not _creates_masks(report))
    body = "\n\n\n".join("\n".join(lines) for lines in module.functions(report.model, "", "build"))
    imports = [name for name in ("layers", "ops") if re.search(rf"(?<![\w.]){name}\.", body)]
    numpy = ["import numpy"] if re.search(r"(?<![\w.])numpy\.", body) else []
    head = ["import keras", *numpy, *([f"from keras import {', '.join(imports)}"] if imports else [])]
    head += [f"from {where} import {name}" for where, name in sorted(module.imports)]
    return "\n".join([*head, *module.placeholder(), "", "", body, "", "", "model = build()", ""])


def _creates_masks(report: Report) -> bool:
    """Returns True if Keras creates all masks of the model when the code runs.

    This needs two conditions. A call with masks has one positional argument and no keyword arguments: otherwise Keras
    3.15 creates no mask. And the model can be written as a spec, which is read again with the masks that Keras creates.
    """
    masked = [call for _, model in report.model.models() for call in model.calls if call.masks]
    if not masked:
        return True
    if any(call.form is not None and (len(call.form.args) != 1 or _keywords(call)) for call in masked):
        return False
    try:
        spec_yaml(report)
    except ConvcalcError:
        return False
    return True


def _keywords(call: Call) -> dict[str, Any]:
    """Returns the keyword arguments of a call without masks and ``training: false``, which Keras always records."""
    assert call.form is not None
    return {
        key: value
        for key, value in call.form.kwargs.items()
        if not (key == "training" and not value) and not any(call.sources[n] in call.masks for n in slot_numbers(value))
    }


class _Module:
    """The names and imports that all functions of the written module share."""

    def __init__(self, report: Report, explicit_masks: bool) -> None:
        self.explicit_masks = explicit_masks
        self.names = Names()
        self.rows: Mapping[str, LayerReport] = {row.path: row for row in report.layers}
        self.taken = {*dir(builtins), "build", "model", "layers", "ops", "keras", "numpy", "custom_objects"}
        self.imports: set[tuple[str, str]] = set()  # only classes of the catalogue, never a name from the file
        self.supplied: set[tuple[str, str]] = set()

    def placeholder(self) -> list[str]:
        """Returns the lines for classes and functions that are not in the catalogue.

        The imports are comments. A file from a stranger can name any function of any module, such as ``os.system`` or
        ``keras.utils.get_file``, and the written module would call it.
        """
        if not self.supplied:
            return []
        names = ", ".join(sorted({name for _, name in self.supplied}))
        return [
            "",
            "# Custom classes and functions: check each one, then import or define it here.",
            *(f"# from {where} import {name}" for where, name in sorted(self.supplied)),
            f'raise NotImplementedError("supply {names}; then delete this line")',
        ]

    def supply(self, module: Any, name: str) -> None:
        """Adds a custom class or function, which the user must supply."""
        is_path = isinstance(module, str) and module != "builtins" and all(map(is_name, module.split(".")))
        self.supplied.add((module if is_path else "custom_objects", name))

    def with_supplied(self, layer: Layer) -> Layer:
        """Returns the layer with code in place of custom initializers, activations and so on, such as
        ``my_init(seed=1)``.

        The user of the written module supplies ``my_init``.
        """
        if not isinstance(layer.definition, LayerDefinition) or not layer.args:
            return layer
        return layer._replace(args={key: self._supplied(value, key) for key, value in layer.args.items()})

    def _supplied(self, value: Any, argument: str) -> Any:
        if isinstance(value, SubLayer):
            return value._replace(args={key: self._supplied(part, key) for key, part in value.args.items()})
        if isinstance(value, tuple):
            return tuple(self._supplied(part, argument) for part in value)
        name = custom_name(value, argument)
        if name is None:
            return value
        if not is_name(name):
            raise error(
                codes.CANNOT_WRITE, f"the name of the custom class or function {shown(name)} is not valid in Python"
            )
        self.supply(value.get("module"), name)
        if value["class_name"] == "function":
            return Code(name)
        return Code(f"{name}({', '.join(keyword_arguments(value.get('config') or {}))})")

    def functions(self, model: Model, prefix: str, name: str) -> list[list[str]]:
        """Returns the lines of each function.

        The functions of the nested models come first, then the function of the model itself.
        """
        function = _Function(self, model, prefix)
        lines = function.sequential() if model.class_name == "Sequential" else function.functional()
        return [*function.inner, [f"def {name}():", *(f"    {line}" for line in lines)]]


class _Function:
    """Writes the body of the function that builds one model."""

    def __init__(self, module: _Module, model: Model, prefix: str) -> None:
        self.module = module
        self.model = model
        self.prefix = prefix
        self.inner: list[list[str]] = []
        self.lines: list[str] = []
        self.taken = {"x"}
        self.variables: dict[int, str] = {}
        self.shared: dict[int, str] = {}
        # Calls whose second or later output is used: even an unknown class then has several outputs.
        self.list_outputs = {
            ref.call for ref in (*model.outputs, *(r for c in model.calls for r in c.sources)) if ref.output
        }

    def sequential(self) -> list[str]:
        """Returns the lines of a Sequential: ``return keras.Sequential([...])``."""
        entries: list[str] = []
        for layer in self.model.layers:
            if not layer.broken:  # leaves out inputs of unknown shape
                entries += self._maker(layer).lines("    ", ",")
        return [*self.lines, "return keras.Sequential(", "    [", *(f"    {line}" for line in entries), "    ],",
                f"    name={expression(self.model.name)},", ")"]  # fmt: skip

    def functional(self) -> list[str]:
        """Returns the lines of a functional model.

        Each call has one expression. The last expression is the model with its inputs and outputs.
        """
        model = self.model
        inputs = [ref.call for ref in model.inputs]
        needed = range(len(model.calls)) if self.module.explicit_masks else data_calls(model)
        written = [*inputs, *(number for number in needed if number not in inputs)]
        used_only_by_next = _used_only_by_next(model, written)
        layers = [call.layer for call in model.calls]
        for number in written:
            call = model.calls[number]
            layer = model.layers[call.layer]
            if isinstance(layer.definition, Operation):
                made, suffix = self._operation(layer, layer.definition, call)
            elif number in inputs:
                made, suffix = self._maker(layer), ""
            else:
                made, suffix = (
                    self._layer(call, layer, layers.count(call.layer) > 1),
                    f"({self._arguments(layer, call)})",
                )
            variable = "x" if number in used_only_by_next else self._free(layer.name)
            self.lines += made.lines(f"{variable} = ", suffix)
            self.variables[number] = variable
        ends = [self._ends(model.inputs, model.input_tree), self._ends(model.outputs, model.output_tree)]
        ends += keyword_arguments({"name": model.name} if model.trainable else {"name": model.name, "trainable": False})
        return [*self.lines, *CallExpression("keras.Model", ends).lines("return ")]

    # Layers -----------------------------------------------------------------------------------------------------------

    def _maker(self, layer: Layer) -> CallExpression:
        """Returns the expression that creates a layer or a nested model."""
        definition = layer.definition
        if isinstance(definition, Model):
            return self._nested(layer, definition)
        layer = self.module.with_supplied(layer)
        if layer.class_name == "InputLayer":
            args = {**layer.args, **({} if layer.dtype == "float32" else {"dtype": layer.dtype}), "name": layer.name}
            return CallExpression("keras.Input", keyword_arguments(args))
        if not isinstance(definition, LayerDefinition):
            return self._foreign(layer, definition.module if isinstance(definition, Foreign) else None)
        if definition.is_custom:
            self.module.supply(None, definition.name)
        elif not definition.is_exported:
            self.module.imports.add((definition.keras_module, definition.name))
        elif definition.is_opaque and definition.arguments[0].name in layer.args:
            function = self._free(f"{layer.name}_{definition.arguments[0].name}")
            self.module.supply(None, function)
            layer = layer._replace(args={**layer.args, definition.arguments[0].name: Code(function)})
        automatic = not definition.is_custom and has_automatic_name(self.module.names, definition, layer)
        return layer_expression(definition, layer, None if automatic else layer.name)

    def _foreign(self, layer: Layer, module: str | None) -> CallExpression:
        """Returns the expression that creates a layer of a custom class from its config."""
        base = short_class(layer.class_name)
        if not is_name(base):
            raise error(codes.CANNOT_WRITE, f"the class of '{layer.name}', {shown(base)}, is not a valid name in code")
        self.module.supply(module, base)
        config = layer.definition.config if isinstance(layer.definition, Foreign) else None
        if config is not None and not all(map(_is_simple, (value for key, value in config.items() if key != "dtype"))):
            return CallExpression(f"{base}.from_config", [config_expression(config, layer.name)])
        args = {key: value for key, value in layer.args.items() if key not in ("name", "trainable", "dtype")}
        more = {} if layer.dtype == "float32" else {"dtype": Code(policy_code(layer.dtype, layer.name))}
        frozen = {} if layer.trainable else {"trainable": False}
        return CallExpression(base, keyword_arguments({**args, **more, **frozen, "name": layer.name}))

    def _nested(self, layer: Layer, model: Model) -> CallExpression:
        """Returns the expression for a nested model: a call of the function that builds the model.

        For a frozen model, the expression is the variable that contains the model.
        """
        function = self._free(f"build_{layer.name}", self.module.taken)
        inner = model._replace(name=layer.name, trainable=model.trainable or not model.own_flags)
        self.inner += self.module.functions(inner, f"{self.prefix}{layer.name}/", function)
        if layer.trainable or model.own_flags:
            return CallExpression(function, [])
        variable = self._free(layer.name)
        self.lines += [f"{variable} = {function}()", f"{variable}.trainable = False"]
        return CallExpression(variable, None)

    def _layer(self, call: Call, layer: Layer, shared: bool) -> CallExpression:
        """Returns the expression that creates the called layer, or its variable if the layer is called several times."""
        if not shared:
            return self._maker(layer)
        if call.layer not in self.shared:
            made = self._maker(layer)
            self.shared[call.layer] = self._free(f"{layer.name}_layer")
            self.lines += made.lines(f"{self.shared[call.layer]} = ")
        return CallExpression(self.shared[call.layer], None)

    def _arguments(self, layer: Layer, call: Call) -> str:
        """Returns the code of the arguments of a layer's call."""
        form = call.form
        if form is not None:
            sources = [Code(self._ref(ref)) if self._is_written(ref) else None for ref in call.sources]
            kwargs = _keywords(call) if call.masks and not self.module.explicit_masks else form.kwargs
            named = {key: filled_code(value, sources) for key, value in kwargs.items()}
            args = [expression(filled_code(value, sources)) for value in form.args]
            return ", ".join([*args, *keyword_arguments(named)])
        definition = layer.definition if isinstance(layer.definition, LayerDefinition) else None
        if call.constants:
            raise error(
                codes.CANNOT_WRITE, f"'{self.prefix}{layer.name}' is called on a constant that cannot be written"
            )
        kwargs = {}
        if definition is not None:
            given = {**layer.args, **call.args}
            kwargs = {known.name: given[known.name] for known in definition.call_arguments if given.get(known.name)}
        if call.masks and self.module.explicit_masks:
            kwargs["mask"] = Code(self._ref(call.masks[0]))
        args = positional_arguments(definition, [Code(self._ref(ref)) for ref in call.inputs], kwargs)
        return ", ".join([*map(expression, args), *keyword_arguments(kwargs)])

    def _is_written(self, ref: Ref) -> bool:
        return ref.call in self.variables

    def _operation(self, layer: Layer, operation: Operation, call: Call) -> tuple[CallExpression, str]:
        """Returns the code of an operation, usually a call of a function of ``keras.ops``.

        If the operation has an explicit name, the code calls the operation's class instead.
        """

        def put(value: Any) -> Any:
            if isinstance(value, Slot):
                return Code(self._ref(call.inputs[value.number]))
            return [put(part) for part in value] if isinstance(value, list) else value

        given = {name: put(value) for name, value in operation.without_defaults(call.args).items()}
        made = {name: _tuples(value) for name, value in operation.without_defaults(layer.args).items()}
        several = given.pop(operation.parameters[0], []) if operation.variadic else []
        # With explicit masks, all names are written. Keras still creates the unused masks, whose operations take
        # automatic names.
        automatic = not self.module.explicit_masks and has_automatic_name(self.module.names, operation, layer)
        if automatic and operation.name == "GetItem" and _is_plain(given["key"]):
            return CallExpression(f"{given['x']}{key_text(given['key'])}", None), ""
        if automatic and operation.name not in _WRITTEN_AS_CLASSES:
            needed = [name for name in operation.parameters if name in given and name not in operation.defaults]
            leading = [*several, *(given.pop(name) for name in needed)]
            if operation.name in _INIT_ARGUMENT_FIRST:
                leading.insert(0, made.pop(operation.init_parameters[0]))
            return CallExpression(
                f"ops.{operation.function}", [*map(expression, leading), *keyword_arguments({**given, **made})]
            ), ""
        if operation.name in _WITHOUT_DEFAULTS:
            given |= {key: None for key in operation.parameters if key not in given}
        self.module.imports.add((operation.module, operation.name))
        name = [] if automatic else keyword_arguments({"name": layer.name})
        arguments = ", ".join([*map(expression, several), *keyword_arguments(given)])
        return CallExpression(operation.name, [*keyword_arguments(made), *name]), f"({arguments})"

    # Tensors ----------------------------------------------------------------------------------------------------------

    def _refs(self, refs: Sequence[Ref]) -> str:
        return self._ref(refs[0]) if len(refs) == 1 else f"[{', '.join(map(self._ref, refs))}]"

    def _ends(self, refs: Sequence[Ref], tree: Any) -> str:
        """Returns the code of the model's inputs or outputs, with their lists and mappings."""
        if tree is None:
            return self._refs(refs)
        return expression(filled_code(tree, [Code(self._ref(ref)) for ref in refs]))

    def _ref(self, ref: Ref) -> str:
        layer = self.model.layer_of(ref)
        variable = self.variables[ref.call]
        if _is_nested(layer, ref.call in self.list_outputs) or _takes_dict(self.model.calls[ref.call]):
            return f"keras.tree.flatten({variable})[{ref.output}]"
        several = len(self.module.rows[self.prefix + layer.name].output_shapes) > 1
        is_list = (
            several
            or ref.call in self.list_outputs
            or (isinstance(layer.definition, Operation) and layer.definition.returns_list)
        )
        return f"{variable}[{ref.output}]" if is_list else variable

    def _free(self, name: str, taken: set[str] | None = None) -> str:
        """Returns an identifier that is not yet used and is similar to ``name``."""
        taken = self.taken if taken is None else taken
        word = re.sub(r"\W", "_", name, flags=re.ASCII).lower()
        word = f"_{word}" if not word or word[0].isdigit() else word
        word += "_" * (keyword.iskeyword(word))
        identifier, count = word, 2
        while identifier in taken or identifier in self.module.taken:
            identifier, count = f"{word}_{count}", count + 1
        taken.add(identifier)
        return identifier


def _is_nested(layer: Layer, several: bool) -> bool:
    """Returns True if a layer may return nested lists, a dict, or a list of one tensor.

    Their tensors are numbered as by ``keras.tree.flatten``. ``several`` is True if the model uses the second or a later
    output.
    """
    definition = layer.definition
    if isinstance(definition, Model):
        return definition.output_tree is not None
    if isinstance(definition, Operation):
        # ops.unique returns one tensor, or a tuple if more than the unique values is requested
        return definition.name == "Unique"
    if isinstance(definition, LayerDefinition) and not definition.is_custom:
        has_states = definition.state_sizes is not None or {"cell", "layer"} & {a.name for a in definition.arguments}
        return bool(several and has_states)
    return True


def _takes_dict(call: Call) -> bool:
    """Returns True if a layer is called on a dict of tensors. It then returns a dict, as the layers for images do."""
    return call.form is not None and any(isinstance(value, Mapping) and _holds_slot(value) for value in call.form.args)


def _holds_slot(value: Any) -> bool:
    """Returns True if a dict or list contains a tensor."""
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return any(isinstance(part, Slot) or _holds_slot(part) for part in parts)


def _is_simple(value: Any) -> bool:
    """Returns True if the value contains no mapping. A constructor then accepts the value as the config has it."""
    if isinstance(value, list):
        return all(map(_is_simple, value))
    return not isinstance(value, Mapping)


def _tuples(value: Any) -> Any:
    """Replaces each list by a tuple, because some operations of Keras accept only tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def _is_plain(key: Any) -> bool:
    """Returns True if a key can be written as ``x[key]``: it is not empty, and no part of it is a tensor."""
    return key not in ([], ()) and not any(isinstance(part, Code) for part in (key if isinstance(key, list) else [key]))


def _used_only_by_next(model: Model, written: Sequence[int]) -> set[int]:
    """Returns the numbers of the calls whose output only the next call uses. These calls can share a variable."""
    users: dict[int, set[int]] = {}
    for number in written:
        for ref in model.calls[number].inputs:
            users.setdefault(ref.call, set()).add(number)
    for ref in model.outputs:
        users.setdefault(ref.call, set()).add(-1)
    following = dict(zip(written, [*written[1:], -1]))
    inputs = {ref.call for ref in model.inputs}
    return {number for number in written if number not in inputs and users.get(number) == {following[number]}}
