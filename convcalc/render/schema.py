"""A JSON Schema (draft 2020-12) for the YAML spec, made from the catalogue's declarations, for editors.

It never forbids what the reader accepts. What only the reader can know (whether shapes fit, whether a name exists) it
leaves alone, and a text with a ``$variable`` passes wherever a value may stand. A schema's keywords for lists, mappings,
numbers and texts ignore values of the other types, so that one flat schema holds all the forms in which a value is written:
that gives an editor one clear thing to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any, TypeAlias

from convcalc.layers import CATALOGUE, LayerType
from convcalc.layers.arguments import (
    ACTIVATION,
    CONSTRAINT,
    INITIALIZER,
    LARGEST,
    REGULARIZER,
    REQUIRED,
    Argument,
    Boolean,
    Choice,
    Integer,
    IntegerOrIntegers,
    IntegerOrPair,
    Integers,
    Margins,
    Named,
    PerAxis,
    Real,
    Sizes,
    Text,
)
from convcalc.layers.data_arguments import Factor, Items, Range
from convcalc.layers.dtypes import POLICIES
from convcalc.layers.sublayer import LayerValue, LayerValues
from convcalc.read.custom import KEYS as CUSTOM_KEYS
from convcalc.read.entries import COMMON, EXPECTATIONS, MODEL_KEYS, NESTED
from convcalc.read.spec import BUDGETS, TOP_KEYS

Schema: TypeAlias = "dict[str, Any]"

_VARIABLE = r"\$"
_FOREIGN = r"^\S+[.>]\S+$"
_BLOCK = r"^[^A-Z]"
# Lists of names that many layers share.
_NAMED = (ACTIVATION, INITIALIZER, REGULARIZER, CONSTRAINT)
_WORD: Schema = {"type": ["string", "integer"], "minLength": 1}


def json_schema(kinds: Iterable[LayerType] = ()) -> str:
    """The schema as text; of the whole catalogue where no ``kinds`` are given."""
    return json.dumps(spec_schema(tuple(kinds) or tuple(CATALOGUE.values())), indent=1, ensure_ascii=False) + "\n"


def spec_schema(kinds: Iterable[LayerType]) -> Schema:
    """The schema of a spec whose layers are of these kinds."""
    by_name = {name: kind for kind in kinds for name in (kind.name, *kind.aliases)}
    known = [*by_name, *NESTED]
    names = {name: _ref(kind.name) for name, kind in by_name.items()}
    models = {name: _ref("model") for name in NESTED}
    definitions = {
        **_common(),
        **{_slug(kind): _name_of(kind) for kind in _NAMED},
        "entry": _entry(by_name, {**names, **models}),
        "model": _mapping({**_model_keys(by_name), **_common_refs()}, "A model as a layer.", **_model_needs()),
        "reference": {
            "description": "The name or label of a layer above, several of them, or [name, 1] for its second output.",
            "type": ["string", "integer", "array"],
            "items": _ref("reference"),
            "minItems": 1,
        },
        "sublayer": {
            "description": "A layer, such as {LSTM: 32}.",
            "type": ["string", "object"],
            "anyOf": [{"enum": [*by_name]}, {"pattern": _VARIABLE}],
            "properties": {**names, "class_name": {"type": "string"}, "config": {"type": "object"}},
            "if": {"required": ["class_name"]},
            "then": {"required": ["config"]},
            "else": {"propertyNames": {"enum": [*by_name]}, "minProperties": 1, "maxProperties": 1},
        },
        "named_layers": _names_within([*known, *_of_calls(by_name)], blocks=False),
        "named_layers_and_blocks": _names_within([*known, *_of_calls(by_name)], blocks=True),
        **{kind.name: _layer(kind) for kind in by_name.values()},
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


# Values of arguments ----------------------------------------------------------------------------------------------------


@singledispatch
def kind_schema(kind: object) -> Schema:
    """What a kind of argument accepts; a kind that is not known here accepts anything."""
    return {}


@kind_schema.register
def _(kind: Integer) -> Schema:
    limits: Schema = {"maximum": LARGEST}
    if kind.least is not None and kind.or_minus_one and kind.least > 0:
        limits["anyOf"] = [{"const": -1}, {"minimum": kind.least}]
    elif kind.least is not None:
        limits["minimum"] = -1 if kind.or_minus_one else kind.least
    return {"type": ["integer", "string"], **limits, "pattern": _VARIABLE}


@kind_schema.register
def _(kind: PerAxis) -> Schema:
    each = kind_schema(Integer(kind.least))
    return {**each, "type": ["integer", "array", "string"], **_list_of(each, kind.rank)}


@kind_schema.register
def _(kind: Margins) -> Schema:
    pair = kind_schema(PerAxis(least=0, rank=2))
    return pair if kind.rank == 1 else {**pair, **_list_of(pair, kind.rank)}


@kind_schema.register
def _(kind: Integers) -> Schema:
    each = kind_schema(Integer(kind.least))
    types = ["integer", "array", "string"] if kind.single else ["array", "string"]
    return {**each, "type": types, **_list_of(_or_null(each) if kind.nullable else each, kind.length)}


@kind_schema.register
def _(kind: Sizes) -> Schema:
    return kind_schema(Integers(0, single=True, nullable=True))


@kind_schema.register
def _(kind: IntegerOrPair) -> Schema:
    return kind_schema(Integers(single=True, length=2))


@kind_schema.register
def _(kind: IntegerOrIntegers) -> Schema:
    return kind_schema(Integers(single=True))


@kind_schema.register
def _(kind: Real) -> Schema:
    limits = {"minimum": kind.least, "maximum": kind.most}
    given = {key: limit for key, limit in limits.items() if limit is not None}
    return {"type": ["number", "string"], **given, "pattern": _VARIABLE}


@kind_schema.register
def _(kind: Boolean) -> Schema:
    return {"type": ["boolean", "string"], "pattern": _VARIABLE}


@kind_schema.register
def _(kind: Text) -> Schema:
    return {"type": "string", "maxLength": 1000}


@kind_schema.register
def _(kind: Choice) -> Schema:
    """A folded word is offered in lower case, and accepted in any."""
    words = [{"pattern": f"^({'|'.join(map(_any_case, kind.words))})$"}] if kind.folded else []
    return _one_of(kind.words, *words)


@kind_schema.register
def _(kind: Named) -> Schema:
    return _ref(_slug(kind)) if kind in _NAMED else _name_of(kind)


@kind_schema.register
def _(kind: Items) -> Schema:
    return {
        "type": ["array", "string"],
        "items": kind_schema(kind.each),
        **({} if kind.file else {"pattern": _VARIABLE}),
    }


@kind_schema.register
def _(kind: Factor) -> Schema:
    low = "exclusiveMinimum" if kind.open else "minimum"
    each = {"type": ["number", "string"], low: kind.least, "maximum": kind.most, "pattern": _VARIABLE}
    pair = _list_of(each if kind.strict else kind_schema(Real()), 2)
    return {**each, "type": ["number", "array", "string"], **pair}


@kind_schema.register
def _(kind: Range) -> Schema:
    return {"type": ["array", "string"], **_list_of(kind_schema(Real()), 2), "pattern": _VARIABLE}


@kind_schema.register
def _(kind: LayerValue) -> Schema:
    if not kind.named:
        return _ref("sublayer")
    only = {"propertyNames": {"enum": [*kind.named, "class_name", "config"]}}
    return {**_ref("sublayer"), "allOf": [{**only, "anyOf": [{"enum": [*kind.named]}, {"not": {"type": "string"}}]}]}


@kind_schema.register
def _(kind: LayerValues) -> Schema:
    return {"type": ["array", "string"], "items": kind_schema(kind.each), "minItems": 1, "pattern": _VARIABLE}


def _name_of(kind: Named) -> Schema:
    return {**_one_of(sorted(kind.names)), "type": ["string", "object"]}


def _slug(kind: Named) -> str:
    return kind.what.split()[1]


def _any_case(word: str) -> str:
    return "".join(f"[{sign.lower()}{sign.upper()}]" if sign.isalpha() else sign for sign in word)


def _one_of(words: Iterable[str], *further: Schema) -> Schema:
    return {"type": "string", "anyOf": [{"enum": [*words]}, *further, {"pattern": _VARIABLE}]}


def _list_of(each: Schema, length: int | None) -> Schema:
    return {"items": each} if length is None else {"items": each, "minItems": length, "maxItems": length}


def _or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def _argument(argument: Argument) -> Schema:
    schema = kind_schema(argument.kind)
    default = {} if argument.default is REQUIRED else {"default": argument.default}
    return {"description": argument.expects, **(_or_null(schema) if argument.null else schema), **default}


# Layers -----------------------------------------------------------------------------------------------------------------


def _layer(kind: LayerType) -> Schema:
    """What may stand behind a layer's name: arguments by name, by position, one alone, or none."""
    by_name = {argument.name: _argument(argument) for argument in (*kind.arguments, *kind.call_arguments)}
    needed = _needed(kind)
    places = [_ref(f"{kind.name}/properties/{argument.name}") for argument in kind.arguments]
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


def _needed(kind: LayerType) -> list[str]:
    return [a.name for a in (*kind.arguments, *kind.call_arguments) if a.default is REQUIRED]


def _of_calls(by_name: Mapping[str, LayerType]) -> dict[str, Argument]:
    """What the calls of some layers can be told."""
    return {argument.name: argument for kind in by_name.values() for argument in kind.call_arguments}


def _entry(by_name: Mapping[str, LayerType], layers: Mapping[str, Schema]) -> Schema:
    """An item of a list of layers: a name, or a mapping of one name, of a repeat, or of a call."""
    bare = [name for name, kind in by_name.items() if not _needed(kind) and not kind.merges]
    # `Dense` alone lacks its units: it is left out, and so are the models, which are mappings.
    never = [*(name for name in by_name if name not in bare), *NESTED]
    repeated = {
        "repeat": {**kind_schema(Integer(0)), "description": "How often the layers are read."},
        "index": {**_WORD, "description": "A variable that counts from 1."},
        "layers": _layers(),
    }
    called = {"call": {**_ref("reference"), "description": "A layer above, called again: its weights are shared."}}
    settings = {name: _argument(argument) for name, argument in _of_calls(by_name).items()}
    again = {"propertyNames": {"enum": ["call", "from", "as", *settings]}}
    one = {
        "not": {"propertyNames": {"enum": [*COMMON]}},
        "if": {"not": {"anyOf": [{"required": [key]} for key in COMMON]}},
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
    return {key: _ref(key) for key in COMMON}


def _if_object(schema: Schema) -> Schema:
    return {"if": {"type": "object"}, "then": schema}


def _common() -> dict[str, Schema]:
    """What any layer may have."""
    quantities = {key: _quantity() for key in EXPECTATIONS if key != "output_shape"}
    shape = {"type": ["array", "string"], "items": {"type": ["integer", "null", "string"]}}
    told: dict[str, Schema] = {
        "name": {**_WORD, "description": "The layer's name; default: Keras's automatic one."},
        "from": {**_ref("reference"), "description": "Where its input comes from; default: the layer above."},
        "as": {**_WORD, "description": "A label of the output, for a later 'from:'."},
        "expect": _mapping({"output_shape": shape, **quantities}, "What `convcalc check` holds the layer to."),
        "trainable": {**kind_schema(Boolean()), "description": "Whether its weights train; default: true."},
        "dtype": {**_one_of(POLICIES), "description": "The layer's dtype policy; default: float32."},
    }
    return {key: told.get(key, {}) for key in COMMON}


# Models -----------------------------------------------------------------------------------------------------------------


def _model_keys(by_name: Mapping[str, LayerType]) -> dict[str, Schema]:
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
        "outputs": {**_ref("reference"), "description": "The outputs; default: that of the last layer."},
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


def _top_keys(by_name: Mapping[str, LayerType], known: list[str]) -> dict[str, Schema]:
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
        "budget": _mapping({key: _quantity() for key in BUDGETS}, "What `convcalc check` holds the model to."),
    }
    return {key: told.get(key, {}) for key in TOP_KEYS}


def _input(kind: LayerType) -> Schema:
    """The shape of an input, or a mapping with it."""
    keys = {argument.name: _argument(argument) for argument in kind.arguments}
    mapping = _mapping({**keys, "name": _ref("name"), "dtype": _ref("dtype")}, "")
    shape = kind_schema(Sizes())
    needs = {"anyOf": [{"not": {"type": "object"}}, {"required": ["shape"]}, {"required": ["batch_shape"]}]}
    return {**shape, **mapping, **needs, "type": [*shape["type"], "object", "null"]}


def _layers() -> Schema:
    return {"description": "The layers, from top to bottom.", "type": "array", "items": _ref("entry"), "minItems": 1}


def _quantity() -> Schema:
    return {"type": ["integer", "string"], "minimum": 0, "description": "A number such as 1000, 5M or 256KiB."}


def _mapping(properties: Mapping[str, Schema], description: str, **further: Any) -> Schema:
    told = {"description": description} if description else {}
    return {**told, "type": "object", "properties": dict(properties), "additionalProperties": False, **further}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


# Which names layers have ------------------------------------------------------------------------------------------------


def _names_within(known: list[str], blocks: bool) -> Schema:
    """A list of layers whose names are known ones, all the way down; with ``blocks``, any that begins in lower case too."""
    within = _ref("named_layers_and_blocks" if blocks else "named_layers")
    names = [{"enum": [*known, *COMMON, "repeat", "index", "layers", "call"]}, {"pattern": _FOREIGN}]
    name = {"anyOf": [*names, {"pattern": _BLOCK}] if blocks else names}
    models = {name: {"properties": {"layers": within}} for name in NESTED}
    entry = {"if": {"type": "string"}, "then": name, "propertyNames": name, "properties": {"layers": within, **models}}
    return {"items": entry}


def _where(condition: Schema, definition: str) -> Schema:
    block = {"additionalProperties": {"properties": {"layers": _ref(definition)}}}
    return {"if": condition, "then": {"properties": {"layers": _ref(definition), "blocks": block}}}
