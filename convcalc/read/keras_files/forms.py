"""Stores the form of calls, inputs and outputs, so that convcalc can write them to a file again.

``layer(a, b)``, ``layer([a, b])`` and ``layer(a, mask=b)`` have the same tensors, but different forms. A form has a
:class:`Slot` for each tensor. The rules of layers need only the tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.model import CallForm, Definition, Slot
from convcalc.read.keras_files import serialized


@cache
def list_form(length: int) -> CallForm | None:
    """Returns the form of a call with one argument: a list of ``length`` tensors."""
    return CallForm(([Slot(number) for number in range(length)],), {})


def call_form(args: Sequence[Any], kwargs: Mapping[str, Any]) -> CallForm:
    """Returns the form of a call in a file of Keras 3. The slots of named arguments are numbered in alphabetical order."""
    slot = _slots()
    positional = tuple([_form(value, slot) for value in args])
    return CallForm(positional, _mapping(kwargs, slot))


def keras2_call_form(args: Sequence[Any], kwargs: Mapping[str, Any], definition: Definition) -> CallForm | None:
    """Returns the form of a call of Keras 2 in the form of Keras 3. Slots are numbered in the order of the file.

    Returns None if the tensors alone determine the form, as in a spec. This is so for:

    - a Keras layer without constants, and without tensors in named arguments
    - a nested model without named arguments
    """
    if not isinstance(definition, LayerDefinition):
        if definition.contains_layers and all(value is None for value in kwargs.values()):
            return None
    elif not any(map(_has_tensors, kwargs.values())) and not _has_constants([*args, *kwargs.values()]):
        return None
    slot = _slots()
    positional = [_form(value, slot) for value in args]
    named = {key: _form(value, slot) for key, value in kwargs.items() if value is not None}
    if isinstance(definition, LayerDefinition) and definition.takes_initial_state and isinstance(positional[0], list):
        # One list in Keras 2 has the inputs and the initial states. Keras 3 has a separate argument for the states.
        (first, *states), *rest = positional
        positional = [first, *rest]
        named = {**named, "initial_state": states} if states else named
    if isinstance(definition, LayerDefinition) and definition.separate_inputs and "value" in named:
        # Keras 3 sorts named arguments: "key" before "value". Positional arguments keep the order of Keras 2.
        positional = [*positional, *(named.pop(name) for name in ("value", "key") if name in named)]
    return CallForm(tuple(positional), named)


def tree_form(value: Any, legacy: bool) -> Any:
    """Returns the form of a model's inputs or outputs: lists and mappings with a slot for each tensor.

    Returns None for a single tensor and for a list of several tensors. If ``legacy`` is True, also for a list of one tensor: Keras 2
    writes a single tensor in a list.
    """
    if (
        _is_entry(value)
        or (legacy and isinstance(value, list) and len(value) == 1)
        or (isinstance(value, list) and len(value) > 1 and all(map(_is_entry, value)))
    ):
        return None
    slot = _slots()

    def form(part: Any) -> Any:
        if _is_entry(part):
            return slot()
        if isinstance(part, list):
            return [form(inner) for inner in part]
        return {key: form(part[key]) for key in sorted(part)} if isinstance(part, dict) else part

    return form(value)


def _is_entry(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)


def _slots() -> Callable[[], Slot]:
    numbers = count()
    return lambda: Slot(next(numbers))


def _form(value: Any, slot: Callable[[], Slot]) -> Any:
    """Returns an argument with a slot for each tensor. The slots have the same order as the tensors in ``CallGraph``."""
    if isinstance(value, list):
        return [_form(part, slot) for part in value]
    if not isinstance(value, Mapping):
        return value
    if serialized.is_tensor(value):
        return slot()
    items = value.get("items")
    if value.get("class_name") == "__tuple__" and isinstance(items, list):
        return tuple([_form(part, slot) for part in items])
    return value if "class_name" in value else _mapping(value, slot)


def _mapping(values: Mapping[str, Any], slot: Callable[[], Slot]) -> dict[str, Any]:
    """Returns a mapping with a slot for each tensor. The slots are numbered in the order of the sorted keys."""
    forms = {key: _form(values[key], slot) for key in sorted(values)}
    return {key: forms[key] for key in values}


def _has_constants(value: Any) -> bool:
    if isinstance(value, Mapping):
        return serialized.constant(value) is not None or any(map(_has_constants, value.values()))
    return isinstance(value, list) and any(map(_has_constants, value))


def _has_tensors(value: Any) -> bool:
    if isinstance(value, Mapping):
        return serialized.is_tensor(value) or any(map(_has_tensors, value.values()))
    return isinstance(value, list) and any(map(_has_tensors, value))
