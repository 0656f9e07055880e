"""The JSON Schemas of arguments. The schemas also accept a text with a ``$variable`` in place of any value."""

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
    AutoOrBoolean,
    Boolean,
    Choice,
    Integer,
    IntegerOrIntegers,
    IntegerOrPair,
    Integers,
    KerasObject,
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
# Many layers have arguments of these kinds, so the JSON schema defines each kind only once.
NAMED = (ACTIVATION, INITIALIZER, REGULARIZER, CONSTRAINT)


@singledispatch
def kind_schema(kind: object) -> Schema:
    """Returns the schema of a kind of argument. The schema of an unknown kind accepts every value."""
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
def _(kind: KerasObject) -> Schema:
    return {"type": "object"}


@kind_schema.register
def _(kind: PerAxis) -> Schema:
    size = kind_schema(Integer(kind.minimum))
    return {**size, "type": ["integer", "array", "string"], **_list_of(size, kind.rank)}


@kind_schema.register
def _(kind: PaddingPairs) -> Schema:
    pair = kind_schema(PerAxis(minimum=0, rank=2))
    return pair if kind.rank == 1 else {**pair, **_list_of(pair, kind.rank)}


@kind_schema.register
def _(kind: Integers) -> Schema:
    integer = kind_schema(Integer(kind.minimum))
    types = ["integer", "array", "string"] if kind.single else ["array", "string"]
    return {**integer, "type": types, **_list_of(_or_null(integer) if kind.nullable else integer, kind.length)}


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
    known_limits = {key: limit for key, limit in limits.items() if limit is not None}
    return {"type": ["number", "string"], **known_limits, "pattern": VARIABLE}


@kind_schema.register
def _(kind: Boolean) -> Schema:
    return {"type": ["boolean", "string"], "pattern": VARIABLE}


@kind_schema.register
def _(kind: AutoOrBoolean) -> Schema:
    return {"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}, one_of(["auto"])]}


@kind_schema.register
def _(kind: Text) -> Schema:
    return {"type": "string", "maxLength": 1000}


@kind_schema.register
def _(kind: Choice) -> Schema:
    """Returns a schema that lists the words, so that editors suggest them. Upper case is accepted if the argument
    accepts it.
    """
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
    number = {"type": ["number", "string"], low: kind.minimum, "maximum": kind.maximum, "pattern": VARIABLE}
    pair = _list_of(number if kind.strict else kind_schema(Real()), 2)
    return {**number, "type": ["number", "array", "string"], **pair}


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
    """Returns the schema for the name of a Keras object, such as an initializer.

    A mapping that configures the object is accepted too.
    """
    return {**one_of(sorted(kind.names)), "type": ["string", "object"]}


def slug(kind: KnownName) -> str:
    """Returns the key of a definition in the JSON schema, such as ``initializer``."""
    return kind.what.split()[1]


def _any_case(word: str) -> str:
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def one_of(words: Iterable[str], *further: Schema) -> Schema:
    """Returns a schema that accepts ``words``, a ``$variable``, and texts that match a schema in ``further``."""
    return {"type": "string", "anyOf": [{"enum": [*words]}, *further, {"pattern": VARIABLE}]}


def _list_of(item: Schema, length: int | None) -> Schema:
    return {"items": item} if length is None else {"items": item, "minItems": length, "maxItems": length}


def _or_null(schema: Schema) -> Schema:
    """Returns a schema that accepts null in addition to the values that ``schema`` accepts."""
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def argument_schema(argument: Argument) -> Schema:
    """Returns the schema of an argument, with its description and default."""
    schema = kind_schema(argument.kind)
    default = {} if argument.default is REQUIRED else {"default": argument.default}
    return {"description": argument.expects, **(_or_null(schema) if argument.nullable else schema), **default}


def ref(name: str) -> Schema:
    """Returns a reference to a definition in the schema."""
    return {"$ref": f"#/$defs/{name}"}
