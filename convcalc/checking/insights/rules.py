"""The declaration of a rule for insights, and what several rules ask of a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

from convcalc.analyse.report import LayerReport, Report
from convcalc.analyse.study import Study
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.model import Model

Findings: TypeAlias = "Iterator[tuple[str, str]]"  # pairs: the path of a layer, and a message about the layer


class Insight(Struct):
    """A finding of a rule: its code, the path of the layer, and a message.

    The message continues a sentence that begins with the layer's name, such as "'conv1' has 98 % of the parameters".
    """

    code: str
    layer: str
    message: str


class InsightRule(Struct):
    """A rule with its code, title and explanation. ``find`` is the function that finds the insights."""

    code: str
    title: str
    explanation: str
    find: Callable[[Study], Findings]


INSIGHT_RULES: dict[str, InsightRule] = {}


def insight(code: str) -> Callable[[Callable[[Study], Findings]], Callable[[Study], Findings]]:
    """Returns a decorator for a rule. The docstring of the decorated function gives the title and the explanation."""

    def declare(find: Callable[[Study], Findings]) -> Callable[[Study], Findings]:
        title, _, explanation = inspect.cleandoc(find.__doc__ or "").partition("\n\n")
        INSIGHT_RULES[code] = InsightRule(code, title, explanation, find)
        return find

    return declare


def single_layers(report: Report) -> list[LayerReport]:
    """Returns all rows except the rows of nested models, whose numbers are sums of other rows."""
    rows = report.layers
    models = {row.path for row, next_row in pairwise(rows) if next_row.depth > row.depth}
    return [row for row in rows if row.path not in models]


def all_arguments(definition: Any, args: Any) -> dict[str, Any]:
    """Returns all arguments of a layer, including default values."""
    return {**(definition.defaults if isinstance(definition, LayerDefinition) else {}), **args}


def readers(model: Model) -> list[set[int | None]]:
    """Returns, for each layer, the layers that read its outputs. The set also has None if the model returns an output of it."""
    readers: list[set[int | None]] = [set() for _ in model.layers]
    for call in model.calls:
        for ref in call.sources:
            readers[model.calls[ref.call].layer].add(call.layer)
    for ref in model.outputs:
        readers[model.calls[ref.call].layer].add(None)
    return readers
