"""The JSON Schema (draft 2020-12) of YAML specs, for editors. It is computed from the declarations of the layers.

The schema accepts every spec that the reader accepts, and a text with a ``$variable`` in place of any value. It cannot
check, for example, whether shapes fit or a name exists.

In JSON Schema, ``minItems`` applies only to lists, and ``minimum`` only to numbers. So one flat schema describes all
forms of a value, and a wrong value causes one clear error, not one for each form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from convcalc.layers import CATALOGUE, LayerDefinition
from convcalc.layers.arguments import (
    REQUIRED,
    Argument,
    Boolean,
    Integer,
    Sizes,
)
from convcalc.layers.dtypes import DTYPES, NUMBERED_POLICIES, POLICIES
from convcalc.model import MAXIMA
from convcalc.ops import OPERATIONS, Operation
from convcalc.read.spec.custom import KEYS as CUSTOM_KEYS
from convcalc.read.spec.custom import TEMPLATE_KEYS
from convcalc.read.spec.entries import COMMON_OPTIONS, EXPECTATIONS, MODEL_KEYS, NESTED
from convcalc.read.spec.operations import OPERATION_OPTIONS
from convcalc.read.spec.spec import TOP_KEYS
from convcalc.rendering.argument_schema import (
    NAMED,
    VARIABLE,
    Schema,
    argument_schema,
    kind_schema,
    name_of,
    one_of,
    ref,
    slug,
)

_FOREIGN = r"^(?!ops\.)\S+[.>]\S+$"
_BLOCK = r"^[^A-Z]"
_WORD: Schema = {"type": ["string", "integer"], "minLength": 1}


def json_schema(layers: Iterable[LayerDefinition] = ()) -> str:
    """Returns the schema as text.

    The schema describes ``layers``, or all layers of the catalogue if ``layers`` is empty.
    """
    return json.dumps(spec_schema(tuple(layers) or tuple(CATALOGUE.values())), indent=1, ensure_ascii=False) + "\n"


def spec_schema(layers: Iterable[LayerDefinition]) -> Schema:
    """Returns the schema of a spec that may contain these layers."""
    by_name = {name: definition for definition in layers for name in (definition.name, *definition.aliases)}
    known = [*by_name, *NESTED]
    names = {name: ref(definition.name) for name, definition in by_name.items()}
    models = {name: ref("model") for name in NESTED}
    operations = {f"ops.{operation.function}": operation for operation in OPERATIONS.values()}
    definitions = {
        **_common(),
        **{slug(kind): name_of(kind) for kind in NAMED},
        "entry": _entry(by_name, {**names, **models, **{name: ref(name) for name in operations}}),
        "model": _mapping({**_model_keys(by_name), **_common_refs()}, "A model as a layer.", **_model_needs()),
        "reference": {
            "description": "The name or label of a layer above, a list of these, or [name, 1] for the second output.",
            "type": ["string", "integer", "array"],
            "items": ref("reference"),
            "minItems": 1,
        },
        "sublayer": {
            "description": "A layer, such as {LSTM: 32}.",
            "type": ["string", "object"],
            "anyOf": [{"enum": [*by_name]}, {"pattern": VARIABLE}],
            "properties": {**names, "class_name": {"type": "string"}, "config": {"type": "object"}},
            "if": {"required": ["class_name"]},
            "then": {"required": ["config"]},
            "else": {"propertyNames": {"enum": [*by_name]}, "minProperties": 1, "maxProperties": 1},
        },
        "named_layers": _names_within([*known, *operations, *_call_arguments(by_name)], blocks=False),
        "named_layers_and_blocks": _names_within([*known, *operations, *_call_arguments(by_name)], blocks=True),
        **{definition.name: _layer(definition) for definition in by_name.values()},
        **{name: _operation(operation) for name, operation in operations.items()},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A convcalc spec",
        **_mapping(_top_keys(by_name, known), "A model of layers with Keras's names.", **_model_needs()),
        # A spec without ``blocks:`` and ``custom:`` has only known names. With only ``blocks:``, names such as
        # ``Dense`` must be known, unless the name of a block also begins in upper case.
        "allOf": [
            _where({"not": {"anyOf": [{"required": ["blocks"]}, {"required": ["custom"]}]}}, "named_layers"),
            _where(
                {"not": {"required": ["custom"]}, "properties": {"blocks": {"propertyNames": {"pattern": _BLOCK}}}},
                "named_layers_and_blocks",
            ),
        ],
        "$defs": definitions,
    }


# Layers -----------------------------------------------------------------------------------------------------------------


def _layer(definition: LayerDefinition) -> Schema:
    """Returns the schema of the value after the name of a layer.

    The value can contain arguments by name, arguments by position, or one argument. It can also be empty.
    """
    by_name = {
        argument.name: argument_schema(argument) for argument in (*definition.arguments, *definition.call_arguments)
    }
    needed = _needed(definition)
    positional = [ref(f"{definition.name}/properties/{argument.name}") for argument in definition.arguments]
    alone: list[Schema] = [] if needed else [{"type": "null"}]
    if len(needed) < 2:
        alone += positional[:1]
    in_order: Schema = {
        **({"prefixItems": positional} if positional else {}),
        "items": False,
        "minItems": len(needed),
    }
    # One list as the first argument needs no second brackets: ``Reshape: [4, 4]``.
    is_list = len(needed) < 2 and positional and "array" in kind_schema(definition.arguments[0].kind).get("type", ())
    return {
        "description": definition.doc,
        "properties": {**by_name, **_common_refs()},
        "additionalProperties": False,
        "required": needed,
        **({"anyOf": [{"not": {"type": "array"}}, in_order, positional[0]]} if is_list else in_order),
        "if": {"not": {"type": ["object", "array"]}},
        "then": {"anyOf": alone} if alone else False,
    }


def _operation(operation: Operation) -> Schema:
    """Returns the schema of the value after the name of an operation.

    The values of the arguments are checked by the reader, not by the schema.
    """
    arguments: dict[str, Schema] = {name: {} for name in (*operation.parameters, *operation.init_parameters)}
    return {
        "description": operation.doc,
        "properties": {**arguments, **{key: ref(key) for key in OPERATION_OPTIONS}},
        "additionalProperties": False,
        "maxItems": len(operation.positional),
    }


def _needed(definition: LayerDefinition) -> list[str]:
    return [a.name for a in (*definition.arguments, *definition.call_arguments) if a.default is REQUIRED]


def _call_arguments(by_name: Mapping[str, LayerDefinition]) -> dict[str, Argument]:
    """Returns all arguments that calls of these layers accept, by name."""
    return {argument.name: argument for definition in by_name.values() for argument in definition.call_arguments}


def _entry(by_name: Mapping[str, LayerDefinition], layers: Mapping[str, Schema]) -> Schema:
    """Returns the schema of an item of ``layers:``.

    The item is the name of a layer, or a mapping. The mapping has one name, or a key such as ``repeat``, ``when`` or
    ``call``.
    """
    without_value = [name for name, definition in by_name.items() if not _needed(definition) and not definition.merges]
    # These names need a value: layers with required arguments (Dense), with several inputs (Add needs ``from:``), and
    # nested models.
    with_value = [*(name for name in by_name if name not in without_value), *NESTED]
    repeated = {
        "repeat": {**kind_schema(Integer(0)), "description": "How often to repeat the layers."},
        "index": {**_WORD, "description": "A variable that counts the repetitions from 1."},
        "layers": _layers(),
    }
    conditional = {
        "when": _condition("The layers exist if each argument has one of its listed values."),
        "unless": _condition("The layers exist if an argument has none of its listed values."),
        "layers": repeated["layers"],
    }
    called = {
        "call": {
            **ref("reference"),
            "description": "The name of an earlier layer to call again, with the same weights.",
        }
    }
    call_arguments = {name: argument_schema(argument) for name, argument in _call_arguments(by_name).items()}
    again = {"propertyNames": {"enum": ["call", "from", "as", *call_arguments]}}
    one_name = {
        "not": {"propertyNames": {"enum": [*COMMON_OPTIONS]}},
        "if": {"not": {"anyOf": [{"required": [key]} for key in COMMON_OPTIONS]}},
        "then": {"maxProperties": 1},
    }
    return {
        "type": ["string", "object"],
        "anyOf": [{"enum": without_value}, {"not": {"enum": with_value}}],
        "properties": {**layers, **_common_refs(), **repeated, **conditional, **called, **call_arguments},
        "if": {"type": "object", "required": ["repeat"]},
        "then": {"required": ["layers"], "propertyNames": {"enum": [*repeated]}},
        "else": {
            "if": {"type": "object", "anyOf": [{"required": ["when"]}, {"required": ["unless"]}]},
            "then": {"required": ["layers"], "maxProperties": 2, "propertyNames": {"enum": [*conditional]}},
            "else": {
                "if": {"type": "object", "required": ["call"]},
                "then": again,
                "else": {"allOf": [_if_object(one_name)]},
            },
        },
    }


def _condition(description: str) -> Schema:
    """Returns the schema of a condition: a mapping from an argument to a list of its values."""
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "array", "minItems": 1},
        "description": description,
    }


def _common_refs() -> dict[str, Schema]:
    return {key: ref(key) for key in COMMON_OPTIONS}


def _if_object(schema: Schema) -> Schema:
    return {"if": {"type": "object"}, "then": schema}


def _common() -> dict[str, Schema]:
    """Returns the schemas of the options that every layer accepts, by name."""
    quantities = {key: _quantity() for key in EXPECTATIONS if key != "output_shape"}
    shape = {"type": ["array", "string"], "items": {"type": ["integer", "null", "string"]}}
    schemas: dict[str, Schema] = {
        "name": {**_WORD, "description": "The name of the layer; default: an automatic name, as in Keras."},
        "from": {**ref("reference"), "description": "The input of the layer; default: the output of the layer above."},
        "as": {**_WORD, "description": "A label for the output, which a later 'from:' can name."},
        "expect": _mapping(
            {"output_shape": shape, **quantities}, "The numbers that `convcalc check` expects of the layer."
        ),
        "trainable": {**kind_schema(Boolean()), "description": "Whether the weights are trainable; default: true."},
        "dtype": {
            "anyOf": [
                one_of(POLICIES),
                {"type": "string", "pattern": NUMBERED_POLICIES},
                {"type": "string", "pattern": "; "},
            ],
            "description": "The dtype policy of the layer; default: float32, or int64 for layers that return integers.",
        },
    }
    return {key: schemas.get(key, {}) for key in COMMON_OPTIONS}


# Models -----------------------------------------------------------------------------------------------------------------


def _model_keys(by_name: Mapping[str, LayerDefinition]) -> dict[str, Schema]:
    shape = _input(by_name["InputLayer"])
    schemas: dict[str, Schema] = {
        "name": {**_WORD, "description": "The name of the model."},
        "input": {**shape, "description": "The shape of one sample, without the batch axis, such as [28, 28, 1]."},
        "inputs": {
            "description": "Several inputs: a mapping from names to shapes.",
            "type": "object",
            "additionalProperties": shape,
            "minProperties": 1,
        },
        "layers": _layers(),
        "outputs": {
            "description": "The outputs, or a mapping from their names; default: the output of the last layer.",
            "anyOf": [
                ref("reference"),
                {"type": "object", "additionalProperties": ref("reference"), "minProperties": 1},
            ],
        },
        "trainable": {
            **kind_schema(Boolean()),
            "description": "Whether the weights of the model are trainable; default: true.",
        },
    }
    return {key: schemas.get(key, {}) for key in MODEL_KEYS}


def _model_needs() -> Schema:
    first = {"anyOf": [{"const": "InputLayer"}, {"type": "object", "required": ["InputLayer"]}]}
    begins = {"required": ["layers"], "properties": {"layers": {"type": "array", "prefixItems": [first]}}}
    return {
        "required": ["layers"],
        "not": {"required": ["input", "inputs"]},
        "anyOf": [{"required": ["input"]}, {"required": ["inputs"]}, begins],
    }


def _top_keys(by_name: Mapping[str, LayerDefinition], known: list[str]) -> dict[str, Schema]:
    argument: Schema = {"type": ["string", "object"], "pattern": r"^[^\s\d]\S*$"}
    arguments: Schema = {
        "description": "The names of the arguments; {name: default} for an argument with a default.",
        "type": ["array", "string"],
        "items": argument,
        "pattern": argument["pattern"],
    }
    size: Schema = {"type": ["string", "integer"]}
    sizes: Schema = {"type": ["array"], "items": size}
    weight = {**sizes, **_mapping({"shape": sizes, "trainable": {"type": "boolean"}}, "", required=["shape"])}
    custom: dict[str, Schema] = {
        "arguments": arguments,
        "when": _condition("The declaration is used only for these values of its arguments."),
        "input": {
            **sizes,
            "description": "Names for the sizes of the input after the batch axis; '...' for any number of axes.",
        },
        "output": {
            **sizes,
            "description": "The sizes of the output after the batch axis: expressions with names and arguments.",
        },
        "weights": {"type": ["object", "null"], "additionalProperties": {**weight, "type": ["array", "object"]}},
        "macs": {"type": ["integer", "string", "null"], "description": "The multiply-accumulates for one sample."},
        "summary": {"description": "One sentence that says what the layer does."},
    }
    template: dict[str, Schema] = {
        "arguments": arguments,
        "when": custom["when"],
        "inputs": {"type": "object"},
        "layers": {**_layers(), "description": "The layers inside this layer."},
        "outputs": ref("reference"),
        "summary": custom["summary"],
    }
    free = {"propertyNames": {"not": {"enum": known}}}
    block = _mapping(
        {"arguments": arguments, "layers": {**_layers(), "minItems": 0}}, "A group of layers with arguments."
    )
    schemas: dict[str, Schema] = {
        **_model_keys(by_name),
        "blocks": {
            "description": "Groups of layers with arguments, by name.",
            "type": ["object"],
            **free,
            "additionalProperties": {**block, "required": ["layers"]},
        },
        "custom": {
            "description": "Layers that Keras does not have, by name.",
            "type": "object",
            **free,
            "additionalProperties": {
                "anyOf": [
                    _mapping({key: custom.get(key, {}) for key in CUSTOM_KEYS}, "", required=["output"]),
                    _mapping({key: template.get(key, {}) for key in TEMPLATE_KEYS}, "", required=["layers"]),
                ]
            },
        },
        "budget": _mapping(
            {**{key: _quantity() for key in MAXIMA}, "min_receptive_field": _sizes()},
            "The limits that `convcalc check` enforces for the model.",
        ),
    }
    return {key: schemas.get(key, {}) for key in TOP_KEYS}


def _input(definition: LayerDefinition) -> Schema:
    """Returns the schema of an input. The input is a shape, or a mapping that contains the shape."""
    keys = {argument.name: argument_schema(argument) for argument in definition.arguments}
    mapping = _mapping(
        {
            **keys,
            "name": ref("name"),
            "dtype": {**one_of(DTYPES), "description": "The dtype of the data; default: float32."},
        },
        "",
    )
    shape = kind_schema(Sizes())
    needs = {"anyOf": [{"not": {"type": "object"}}, {"required": ["shape"]}, {"required": ["batch_shape"]}]}
    return {**shape, **mapping, **needs, "type": [*shape["type"], "object", "null"]}


def _layers() -> Schema:
    return {"description": "The layers, from top to bottom.", "type": "array", "items": ref("entry"), "minItems": 1}


def _quantity() -> Schema:
    return {"type": ["integer", "string"], "minimum": 0, "description": "A number such as 1000, 5M or 256KiB."}


def _sizes() -> Schema:
    size = {"type": "integer", "minimum": 1}
    description = "A size such as 64, or one for each axis: [64, 48]."
    return {
        "type": ["integer", "string", "array"],
        "minimum": 1,
        "items": size,
        "minItems": 1,
        "description": description,
    }


def _mapping(properties: Mapping[str, Schema], description: str, **further: Any) -> Schema:
    described = {"description": description} if description else {}
    return {**described, "type": "object", "properties": dict(properties), "additionalProperties": False, **further}


# Known names of layers --------------------------------------------------------------------------------------------------


def _names_within(known: list[str], blocks: bool) -> Schema:
    """Returns the schema of a list of layers with known names, also inside nested models and repeats.

    If ``blocks`` is True, any name that begins in lower case is accepted too: it may be a block.
    """
    within = ref("named_layers_and_blocks" if blocks else "named_layers")
    names = [
        {"enum": [*known, *COMMON_OPTIONS, "repeat", "index", "when", "unless", "layers", "call"]},
        {"pattern": _FOREIGN},
    ]
    name = {"anyOf": [*names, {"pattern": _BLOCK}] if blocks else names}
    models = {name: {"properties": {"layers": within}} for name in NESTED}
    entry = {"if": {"type": "string"}, "then": name, "propertyNames": name, "properties": {"layers": within, **models}}
    return {"items": entry}


def _where(condition: Schema, definition: str) -> Schema:
    block = {"additionalProperties": {"properties": {"layers": ref(definition)}}}
    return {"if": condition, "then": {"properties": {"layers": ref(definition), "blocks": block}}}
