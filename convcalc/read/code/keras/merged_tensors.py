"""Tensors after an unknown test or loop: they stand for one of several tensors.

The layers before the test stay in the graph. The layers in its branches do not: it is unknown which of them the model has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base.numbers import Shape, Traced
from convcalc.layers import require_builtin
from convcalc.layers.registry import Inferred
from convcalc.model import Foreign
from convcalc.read.code.keras.calls import new_node
from convcalc.read.code.keras.graph import LayerValue, NamedSize, Node, TensorValue
from convcalc.read.code.language.values import Unknown, UnknownNumber

MOST_MERGED = 200  # the maximum number of tensors that are merged in one program; further ones are unknown
_UNKNOWN_COUNTS = frozenset({"params", "macs"})


def merged_tensor(run: Any, values: Sequence[TensorValue], reason: Unknown, only_tensors: bool | None = None) -> Any:
    """Returns the tensor that stands for one of several tensors. Its shape is known if all of them have this shape.

    ``only_tensors`` is None after a test. After a loop, it is True if each round changes nothing else than tensors. Then each round
    gives tensors of the same shape, if the first round does.
    """
    run.merged_tensors += 1
    if run.merged_tensors > MOST_MERGED or run.inside:
        return reason
    sources = _common_sources(values)
    shape = _common_shape([value.shape for value in values], reason)
    if only_tensors is not None and not (only_tensors and _is_one_shape([value.shape for value in values])):
        shape = None
    layer = LayerValue("unknown", run.names.automatic("Unknown"), reason.spot)
    layer.unknown = reason
    layer.definition = Foreign("Unknown")
    if shape is not None and sources:
        layer.definition = require_builtin("Lambda")._replace(
            name="Unknown",
            class_name="Unknown",
            family="custom",
            arguments=(),
            defaults={},
            call_arguments=(),
            rule=lambda args, *inputs: Inferred((shape,), unknown=_UNKNOWN_COUNTS),
            doc="The layers of the branches of an unknown test.",
            inputs=None,
            is_custom=True,
            has_unknown_weights=True,
            runs_code="",
            keras_module="",
        )
    node = new_node(run, layer, sources, reason.spot)
    node.outputs.append(TensorValue(node, 0, shape, values[0].dtype, reason))
    return node.outputs[0]


def _common_shape(shapes: Sequence[Shape | None], reason: Unknown) -> Shape | None:
    """Returns the shape that all tensors have. A size that differs is unknown. None if the numbers of axes differ."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes) or len({len(shape) for shape in known}) > 1:
        return None
    differs = NamedSize(UnknownNumber(reason.reason, reason.spot))
    return tuple(sizes[0] if _are_same(sizes) else differs for sizes in zip(*known))


def _is_one_shape(shapes: Sequence[Shape | None]) -> bool:
    known = [shape for shape in shapes if shape is not None]
    return len(known) == len(shapes) and all(map(_are_same, zip(*known)))


def _are_same(sizes: Sequence[Any]) -> bool:
    first = sizes[0]
    for size in sizes[1:]:
        both_traced = isinstance(size, Traced) and isinstance(first, Traced)
        if (
            size is not first
            and not (both_traced and size.text == first.text != "?")
            and not (type(size) is int and type(first) is int and size == first)
        ):
            return False
    return True


def _common_sources(values: Sequence[TensorValue]) -> list[TensorValue]:
    """Returns the tensors at which the branches of an ``if`` begin.

    They are computed before the ``if``, so they exist whether its condition is true or false.
    """
    before = [_before(value.node) for value in values]
    common = set.intersection(*before)
    found: dict[int, TensorValue] = {}
    for value in values:
        waiting, known = [value], set[int]()
        while waiting:
            tensor = waiting.pop()
            if id(tensor.node) in common:
                found.setdefault(id(tensor), tensor)
            elif id(tensor.node) not in known:
                known.add(id(tensor.node))
                waiting += tensor.node.sources
    return list(found.values())


def _before(node: Node) -> set[int]:
    """Returns the ids of a call and of all calls before it."""
    waiting, known = [node], set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) not in known:
            known.add(id(part))
            waiting += [tensor.node for tensor in part.sources]
    return known
