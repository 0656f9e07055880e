"""What a kind of argument accepts, as JSON Schema: a text with a ``$variable`` passes wherever a value may stand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any, TypeAlias

from convcalc.base.numbers import LARGEST
from convcalc.layers.arguments import (
    ACTIVATION,
    CONSTRAINT,
    INITIALIZER,
    REGULARIZER,
    REQUIRED,
    Argument,
    Boolean,
    Choice,
    Integer,
    IntegerOrIntegers,
    IntegerOrPair,
    Integers,
    KnownName,
    PaddingPairs,
    PerAxis,
    Real,
    Sizes,
    Text,
)
from convcalc.layers.data_arguments import Factor, Items, Range
from convcalc.layers.sublayer import LayerValue, LayerValues

Schema: TypeAlias = "dict[str, Any]"

VARIABLE = r"\$"
# Lists of names that many layers share.
NAMED = (ACTIVATION, INITIALIZER, REGULARIZER, CONSTRAINT)


@singledispatch
def kind_schema(kind: object) -> Schema:
    """What a kind of argument accepts; a kind that is not known here accepts anything."""
    return {}


@kind_schema.register
def _(kind: Integer) -> Schema:
    limits: Schema = {"maximum": LARGEST}
    if kind.minimum is not None and kind.or_minus_one and kind.minimum > 0:
        limits["anyOf"] = [{"const": -1}, {"minimum": kind.minimum}]
    elif kind.minimum is not None:
        limits["minimum"] = -1 if kind.or_minus_one else kind.minimum
    return {"type": ["integer", "string"], **limits, "pattern": VARIABLE}


@kind_schema.register
def _(kind: PerAxis) -> Schema:
    each = kind_schema(Integer(kind.minimum))
    return {**each, "type": ["integer", "array", "string"], **_list_of(each, kind.rank)}


@kind_schema.register
def _(kind: PaddingPairs) -> Schema:
    pair = kind_schema(PerAxis(minimum=0, rank=2))
    return pair if kind.rank == 1 else {**pair, **_list_of(pair, kind.rank)}


@kind_schema.register
def _(kind: Integers) -> Schema:
    each = kind_schema(Integer(kind.minimum))
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
    limits = {"minimum": kind.minimum, "maximum": kind.maximum}
    given = {key: limit for key, limit in limits.items() if limit is not None}
    return {"type": ["number", "string"], **given, "pattern": VARIABLE}


@kind_schema.register
def _(kind: Boolean) -> Schema:
    return {"type": ["boolean", "string"], "pattern": VARIABLE}


@kind_schema.register
def _(kind: Text) -> Schema:
    return {"type": "string", "maxLength": 1000}


@kind_schema.register
def _(kind: Choice) -> Schema:
    """A folded word is offered in lower case, and accepted in any."""
    words = [{"pattern": f"^({'|'.join(map(_any_case, kind.words))})$"}] if kind.case_insensitive else []
    return one_of(kind.words, *words)


@kind_schema.register
def _(kind: KnownName) -> Schema:
    return ref(slug(kind)) if kind in NAMED else name_of(kind)


@kind_schema.register
def _(kind: Items) -> Schema:
    return {
        "type": ["array", "string"],
        "items": kind_schema(kind.item),
        **({} if kind.file else {"pattern": VARIABLE}),
    }


@kind_schema.register
def _(kind: Factor) -> Schema:
    low = "exclusiveMinimum" if kind.open else "minimum"
    each = {"type": ["number", "string"], low: kind.minimum, "maximum": kind.maximum, "pattern": VARIABLE}
    pair = _list_of(each if kind.strict else kind_schema(Real()), 2)
    return {**each, "type": ["number", "array", "string"], **pair}


@kind_schema.register
def _(kind: Range) -> Schema:
    return {"type": ["array", "string"], **_list_of(kind_schema(Real()), 2), "pattern": VARIABLE}


@kind_schema.register
def _(kind: LayerValue) -> Schema:
    names = kind.names
    if not names:
        return ref("sublayer")
    only = {"propertyNames": {"enum": [*names, "class_name", "config"]}}
    return {**ref("sublayer"), "allOf": [{**only, "anyOf": [{"enum": [*names]}, {"not": {"type": "string"}}]}]}


@kind_schema.register
def _(kind: LayerValues) -> Schema:
    return {"type": ["array", "string"], "items": kind_schema(kind.item), "minItems": 1, "pattern": VARIABLE}


def name_of(kind: KnownName) -> Schema:
    """The name of something that Keras knows, or a mapping that configures it."""
    return {**one_of(sorted(kind.names)), "type": ["string", "object"]}


def slug(kind: KnownName) -> str:
    """The definition under which a list of names stands."""
    return kind.what.split()[1]


def _any_case(word: str) -> str:
    return "".join(f"[{sign.lower()}{sign.upper()}]" if sign.isalpha() else sign for sign in word)


def one_of(words: Iterable[str], *further: Schema) -> Schema:
    """One of these words, or what else is accepted."""
    return {"type": "string", "anyOf": [{"enum": [*words]}, *further, {"pattern": VARIABLE}]}


def _list_of(each: Schema, length: int | None) -> Schema:
    return {"items": each} if length is None else {"items": each, "minItems": length, "maxItems": length}


def _or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def argument_schema(argument: Argument) -> Schema:
    """An argument, with what it expects and its default."""
    schema = kind_schema(argument.kind)
    default = {} if argument.default is REQUIRED else {"default": argument.default}
    return {"description": argument.expects, **(_or_null(schema) if argument.nullable else schema), **default}


def ref(name: str) -> Schema:
    """A definition of the schema, by its name."""
    return {"$ref": f"#/$defs/{name}"}
