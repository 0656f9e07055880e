"""A JSON Schema (draft 2020-12) for the YAML spec, made from the catalogue's declarations, for editors.

It never forbids what the reader accepts. What only the reader can know (whether shapes fit, whether a name exists) it
leaves alone, and a text with a ``$variable`` passes wherever a value may stand. A schema's keywords for lists, mappings,
numbers and texts ignore values of the other types, so that one flat schema holds all the forms in which a value is written:
that gives an editor one clear thing to say.
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
from convcalc.layers.dtypes import DTYPES, POLICIES
from convcalc.model import MAXIMA
from convcalc.ops import OPERATIONS, Operation
from convcalc.read.spec.custom import KEYS as CUSTOM_KEYS
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


def json_schema(kinds: Iterable[LayerDefinition] = ()) -> str:
    """The schema as text; of the whole catalogue where no ``kinds`` are given."""
    return json.dumps(spec_schema(tuple(kinds) or tuple(CATALOGUE.values())), indent=1, ensure_ascii=False) + "\n"


def spec_schema(kinds: Iterable[LayerDefinition]) -> Schema:
    """The schema of a spec whose layers are of these kinds."""
    by_name = {name: kind for kind in kinds for name in (kind.name, *kind.aliases)}
    known = [*by_name, *NESTED]
    names = {name: ref(kind.name) for name, kind in by_name.items()}
    models = {name: ref("model") for name in NESTED}
    operations = {f"ops.{each.function}": each for each in OPERATIONS.values()}
    definitions = {
        **_common(),
        **{slug(kind): name_of(kind) for kind in NAMED},
        "entry": _entry(by_name, {**names, **models, **{name: ref(name) for name in operations}}),
        "model": _mapping({**_model_keys(by_name), **_common_refs()}, "A model as a layer.", **_model_needs()),
        "reference": {
            "description": "The name or label of a layer above, several of them, or [name, 1] for its second output.",
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
        "named_layers": _names_within([*known, *operations, *_of_calls(by_name)], blocks=False),
        "named_layers_and_blocks": _names_within([*known, *operations, *_of_calls(by_name)], blocks=True),
        **{kind.name: _layer(kind) for kind in by_name.values()},
        **{name: _operation(each) for name, each in operations.items()},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A convcalc spec",
        **_mapping(_top_keys(by_name, known), "A model of layers with Keras's names.", **_model_needs()),
        # A name that is not in the catalogue may be that of a block or of a custom layer, where the spec has such.
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


def _layer(kind: LayerDefinition) -> Schema:
    """What may stand behind a layer's name: arguments by name, by position, one alone, or none."""
    by_name = {argument.name: argument_schema(argument) for argument in (*kind.arguments, *kind.call_arguments)}
    needed = _needed(kind)
    places = [ref(f"{kind.name}/properties/{argument.name}") for argument in kind.arguments]
    alone: list[Schema] = [] if needed else [{"type": "null"}]
    if len(needed) < 2:
        alone += places[:1]
    return {
        "description": kind.doc,
        "properties": {**by_name, **_common_refs()},
        "additionalProperties": False,
        "required": needed,
        **({"prefixItems": places} if places else {}),
        "items": False,
        "minItems": len(needed),
        "if": {"not": {"type": ["object", "array"]}},
        "then": {"anyOf": alone} if alone else False,
    }


def _operation(operation: Operation) -> Schema:
    """What may stand behind an operation's name. Kinds of its arguments are not declared: an answer or a refusal is its rule's."""
    arguments: dict[str, Schema] = {name: {} for name in (*operation.parameters, *operation.init_parameters)}
    return {
        "description": operation.doc,
        "properties": {**arguments, **{key: ref(key) for key in OPERATION_OPTIONS}},
        "additionalProperties": False,
        "maxItems": len(operation.positional),
    }


def _needed(kind: LayerDefinition) -> list[str]:
    return [a.name for a in (*kind.arguments, *kind.call_arguments) if a.default is REQUIRED]


def _of_calls(by_name: Mapping[str, LayerDefinition]) -> dict[str, Argument]:
    """What the calls of some layers can be told."""
    return {argument.name: argument for kind in by_name.values() for argument in kind.call_arguments}


def _entry(by_name: Mapping[str, LayerDefinition], layers: Mapping[str, Schema]) -> Schema:
    """An item of a list of layers: a name, or a mapping of one name, of a repeat, or of a call."""
    bare = [name for name, kind in by_name.items() if not _needed(kind) and not kind.merges]
    # `Dense` alone lacks its units: it is left out, and so are the models, which are mappings.
    never = [*(name for name in by_name if name not in bare), *NESTED]
    repeated = {
        "repeat": {**kind_schema(Integer(0)), "description": "How often the layers are read."},
        "index": {**_WORD, "description": "A variable that counts from 1."},
        "layers": _layers(),
    }
    called = {"call": {**ref("reference"), "description": "A layer above, called again: its weights are shared."}}
    settings = {name: argument_schema(argument) for name, argument in _of_calls(by_name).items()}
    again = {"propertyNames": {"enum": ["call", "from", "as", *settings]}}
    one = {
        "not": {"propertyNames": {"enum": [*COMMON_OPTIONS]}},
        "if": {"not": {"anyOf": [{"required": [key]} for key in COMMON_OPTIONS]}},
        "then": {"maxProperties": 1},
    }
    return {
        "type": ["string", "object"],
        "anyOf": [{"enum": bare}, {"not": {"enum": never}}],
        "properties": {**layers, **_common_refs(), **repeated, **called, **settings},
        "if": {"type": "object", "required": ["repeat"]},
        "then": {"required": ["layers"], "propertyNames": {"enum": [*repeated]}},
        "else": {"if": {"type": "object", "required": ["call"]}, "then": again, "else": {"allOf": [_if_object(one)]}},
    }


def _common_refs() -> dict[str, Schema]:
    return {key: ref(key) for key in COMMON_OPTIONS}


def _if_object(schema: Schema) -> Schema:
    return {"if": {"type": "object"}, "then": schema}


def _common() -> dict[str, Schema]:
    """What any layer may have."""
    quantities = {key: _quantity() for key in EXPECTATIONS if key != "output_shape"}
    shape = {"type": ["array", "string"], "items": {"type": ["integer", "null", "string"]}}
    told: dict[str, Schema] = {
        "name": {**_WORD, "description": "The layer's name; default: Keras's automatic one."},
        "from": {**ref("reference"), "description": "Where its input comes from; default: the layer above."},
        "as": {**_WORD, "description": "A label of the output, for a later 'from:'."},
        "expect": _mapping({"output_shape": shape, **quantities}, "What `convcalc check` holds the layer to."),
        "trainable": {**kind_schema(Boolean()), "description": "Whether its weights train; default: true."},
        "dtype": {
            **one_of(POLICIES),
            "description": "The layer's dtype policy; default: float32, and int64 for what hashes to whole numbers.",
        },
    }
    return {key: told.get(key, {}) for key in COMMON_OPTIONS}


# Models -----------------------------------------------------------------------------------------------------------------


def _model_keys(by_name: Mapping[str, LayerDefinition]) -> dict[str, Schema]:
    shape = _input(by_name["InputLayer"])
    told: dict[str, Schema] = {
        "name": {**_WORD, "description": "The model's name."},
        "input": {**shape, "description": "The shape of one sample, without the batch axis, such as [28, 28, 1]."},
        "inputs": {
            "description": "Several inputs, or named ones: a mapping from a name to a shape.",
            "type": "object",
            "additionalProperties": shape,
            "minProperties": 1,
        },
        "layers": _layers(),
        "outputs": {**ref("reference"), "description": "The outputs; default: that of the last layer."},
        "trainable": {**kind_schema(Boolean()), "description": "Whether the model's weights train; default: true."},
    }
    return {key: told.get(key, {}) for key in MODEL_KEYS}


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
        "description": "Names of arguments, and {name: default} for those with a default.",
        "type": ["array", "string"],
        "items": argument,
        "pattern": argument["pattern"],
    }
    size: Schema = {"type": ["string", "integer"]}
    sizes: Schema = {"type": ["array"], "items": size}
    weight = {**sizes, **_mapping({"shape": sizes, "trainable": {"type": "boolean"}}, "", required=["shape"])}
    custom: dict[str, Schema] = {
        "arguments": arguments,
        "input": {**sizes, "description": "Names of the input's sizes behind the batch; '...' for any axes."},
        "output": {
            **sizes,
            "description": "The output's sizes behind the batch: expressions over names and arguments.",
        },
        "weights": {"type": ["object", "null"], "additionalProperties": {**weight, "type": ["array", "object"]}},
        "macs": {"type": ["integer", "string", "null"], "description": "Multiply-accumulates of one sample."},
        "summary": {"description": "What the layer does."},
    }
    free = {"propertyNames": {"not": {"enum": known}}}
    block = _mapping(
        {"arguments": arguments, "layers": {**_layers(), "minItems": 0}}, "A group of layers with arguments."
    )
    told: dict[str, Schema] = {
        **_model_keys(by_name),
        "blocks": {
            "description": "Groups of layers with arguments, by name.",
            "type": ["object"],
            **free,
            "additionalProperties": {**block, "required": ["layers"]},
        },
        "custom": {
            "description": "Layers that Keras does not know, by name.",
            "type": "object",
            **free,
            "additionalProperties": _mapping(
                {key: custom.get(key, {}) for key in CUSTOM_KEYS}, "", required=["output"]
            ),
        },
        "budget": _mapping(
            {**{key: _quantity() for key in MAXIMA}, "min_receptive_field": _sizes()},
            "What `convcalc check` holds the model to.",
        ),
    }
    return {key: told.get(key, {}) for key in TOP_KEYS}


def _input(kind: LayerDefinition) -> Schema:
    """The shape of an input, or a mapping with it."""
    keys = {argument.name: argument_schema(argument) for argument in kind.arguments}
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
    described = "A size such as 64, or one for each axis: [64, 48]."
    return {
        "type": ["integer", "string", "array"],
        "minimum": 1,
        "items": size,
        "minItems": 1,
        "description": described,
    }


def _mapping(properties: Mapping[str, Schema], description: str, **further: Any) -> Schema:
    told = {"description": description} if description else {}
    return {**told, "type": "object", "properties": dict(properties), "additionalProperties": False, **further}


# Which names layers have ------------------------------------------------------------------------------------------------


def _names_within(known: list[str], blocks: bool) -> Schema:
    """A list of layers whose names are known ones, all the way down; with ``blocks``, any that begins in lower case too."""
    within = ref("named_layers_and_blocks" if blocks else "named_layers")
    names = [{"enum": [*known, *COMMON_OPTIONS, "repeat", "index", "layers", "call"]}, {"pattern": _FOREIGN}]
    name = {"anyOf": [*names, {"pattern": _BLOCK}] if blocks else names}
    models = {name: {"properties": {"layers": within}} for name in NESTED}
    entry = {"if": {"type": "string"}, "then": name, "propertyNames": name, "properties": {"layers": within, **models}}
    return {"items": entry}


def _where(condition: Schema, definition: str) -> Schema:
    block = {"additionalProperties": {"properties": {"layers": ref(definition)}}}
    return {"if": condition, "then": {"properties": {"layers": ref(definition), "blocks": block}}}
