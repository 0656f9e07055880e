"""Writes an operation of ``keras.ops`` for a spec.

The tensors are listed under ``from:`` if the operation takes them in this order. Otherwise each tensor is written under
the name of its argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.model import Call, Constant, Layer, Ref, Slot
from convcalc.ops import Operation
from convcalc.ops.keys import key_text


def operands(
    layer: Layer, call: Call, text: Callable[[Any], str], reference: Callable[[Sequence[Ref]], str]
) -> dict[str, str]:
    """Returns the arguments of the operation as YAML texts. If possible, the tensors are listed under ``from``."""
    operation = layer.definition
    assert isinstance(operation, Operation)

    def written(value: Any) -> str:
        if isinstance(value, Slot):
            return f"{{from: {reference([call.inputs[value.number]])}}}"
        if isinstance(value, Constant):
            return f"{{constant: {text(value.value)}, dtype: {value.dtype}}}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(written, value))}]"
        return text(value)

    given = operation.without_defaults(call.args)
    from_ = {}
    if _in_order(operation, given, len(call.inputs)):
        from_["from"] = reference(call.inputs)
        given = {name: value for name, value in given.items() if not _slots(value)}
    if operation.name == "GetItem" and "key" in given and not _slots(given["key"]):
        given["key"] = key_text(given["key"])
    made = operation.without_defaults(layer.args)
    return {**{name: written(value) for name, value in {**given, **made}.items()}, **from_}


def _in_order(operation: Operation, given: Mapping[str, Any], count: int) -> bool:
    """Returns True if the tensors can be listed under ``from:``.

    A reader gives these tensors, in order, to the parameters without another value. If the operation takes a list of
    tensors, they form this list.
    """
    if operation.variadic or operation.takes_list:
        tensors = given.get(operation.parameters[0], ())
        return isinstance(tensors, (list, tuple)) and list(tensors) == [Slot(number) for number in range(count)]
    taken = [name for name in operation.parameters if isinstance(given.get(name), Slot)]
    free = [name for name in operation.parameters if name not in given or name in taken]
    return [given[name] for name in taken] == [Slot(number) for number in range(count)] and free[: len(taken)] == taken


def _slots(value: Any) -> bool:
    """Returns True for a tensor, and for a list with a tensor in it."""
    return isinstance(value, Slot) or (isinstance(value, list) and any(map(_slots, value)))
