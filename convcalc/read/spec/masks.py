"""Computes the masks of a model's tensors, call by call, while a reader builds the graph.

When a layer is called, Keras creates the operation for the mask of its output. The operation gets an automatic name, but it is in
the model only if a later layer uses the mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convcalc.base.keras_names import Names
from convcalc.layers import LayerDefinition
from convcalc.layers.dtypes import autocast, compute_dtype
from convcalc.layers.masks import Computed
from convcalc.model import Call, Layer, Ref, Slot
from convcalc.ops import find_operation


class _Mask:
    """An operation that computes a mask. ``parts`` are its arguments: tensors, other masks and plain values."""

    __slots__ = ("computed", "name", "needed", "parts", "ref")

    def __init__(self, computed: Computed, parts: Mapping[str, Any], name: str) -> None:
        self.computed = computed
        self.parts = parts
        self.name = name
        self.needed = False
        self.ref: Ref | None = None


class Masks:
    """The masks of one model's tensors."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._of: dict[Ref, _Mask] = {}
        self._dtypes: dict[int, str] = {}
        self._made: dict[int, list[_Mask]] = {}
        self._taken: dict[int, _Mask] = {}

    def called(self, number: int, call: Call, layer: Layer) -> None:
        """Records the mask that call ``number`` uses, and the masks of its outputs.

        The layer is a Keras layer or a nested model.
        """
        definition = layer.definition if isinstance(layer.definition, LayerDefinition) else None
        rule = definition.mask_rule if definition is not None else None
        dtype = self._dtypes[number] = compute_dtype(layer.dtype)
        inputs = (
            [self._converted(number, ref, dtype) for ref in call.inputs]
            if definition is not None and definition.autocasts
            else call.inputs
        )
        if not self._of and rule is None:
            return
        masks = [self._of.get(ref) for ref in call.inputs]
        # In Keras, a call gets a mask only if its input is a single tensor that needs no cast.
        uses_mask = (definition is None or definition.consumes_mask) and len(masks) == 1 and inputs[0] is call.inputs[0]
        if uses_mask and masks[0] is not None:
            self._taken[number] = masks[0]
        if rule is None or definition is None:
            return
        made: dict[Computed, _Mask] = {}
        for output, mask in enumerate(rule(definition.rule_arguments({**layer.args, **call.args}), inputs, masks)):
            if mask is not None:
                self._of[Ref(number, output)] = self._mask(number, mask, made)

    def _converted(self, number: int, ref: Ref, dtype: str) -> Any:
        """Returns ``ref``, or a cast of ``ref`` if the layer computes in another float dtype than the tensor has."""
        tensor_dtype = self._dtypes.get(ref.call, dtype)
        if autocast(tensor_dtype, dtype) == tensor_dtype:
            return ref
        return self._mask(number, Computed("Cast", {"x": ref}, "core", dtype=dtype), {})

    def _mask(self, number: int, mask: Any, made: dict[Computed, _Mask]) -> _Mask:
        """Returns the operation for a mask. Creates the operations of the masks that it reads first."""
        if isinstance(mask, _Mask):
            return mask
        if mask not in made:
            parts = {name: self._part(number, value, made) for name, value in mask.call.items()}
            made[mask] = _Mask(mask, parts, self._names.automatic(mask.name))
            self._made.setdefault(number, []).append(made[mask])
        return made[mask]

    def _part(self, number: int, value: Any, made: dict[Computed, _Mask]) -> Any:
        if isinstance(value, list):
            return [self._part(number, part, made) for part in value]
        return self._mask(number, value, made) if isinstance(value, Computed) else value

    def placed(self, layers: list[Layer], calls: Sequence[Call]) -> tuple[list[Call], list[int]]:
        """Inserts the calls that compute used masks. Returns all calls, and the new position of each old call.

        Adds the layers of these calls to ``layers``.
        """
        self._mark_needed()
        placed: list[Call] = []
        moved: list[int] = []

        def move(ref: Ref) -> Ref:
            return Ref(moved[ref.call], ref.output)

        for number, call in enumerate(calls):
            moved.append(len(placed))
            taken = self._taken.get(number)
            masks = () if taken is None or taken.ref is None else (taken.ref,)
            placed.append(call._replace(inputs=tuple(map(move, call.inputs)), masks=masks))
            for mask in self._made.get(number, ()):
                if mask.needed:
                    sources: list[Ref] = []
                    args = {name: _with_slots(value, sources, move) for name, value in mask.parts.items()}
                    computed = mask.computed
                    operation = find_operation(computed.name, f"keras.src.ops.{computed.module}")
                    assert operation is not None, "a mask rule must name an operation that exists"
                    layers.append(Layer(mask.name, computed.name, operation, computed.made, place=call.place))
                    mask.ref = Ref(len(placed))
                    placed.append(Call(len(layers) - 1, tuple(sources), call.place, args))
        return placed, moved

    def _mark_needed(self) -> None:
        for taken in self._taken.values():
            taken.needed = True
        for number in sorted(self._made, reverse=True):
            for mask in reversed(self._made[number]):
                if mask.needed:
                    for part in _masks_among(mask.parts.values()):
                        part.needed = True

    @property
    def any_taken(self) -> bool:
        """True if some call uses a mask."""
        return bool(self._taken)


def _masks_among(values: Any) -> Iterator[_Mask]:
    for value in values:
        if isinstance(value, _Mask):
            yield value
        elif isinstance(value, list):
            yield from _masks_among(value)


def _with_slots(value: Any, sources: list[Ref], move: Any) -> Any:
    """Returns a value with a :class:`Slot` for each tensor. Adds the tensors to ``sources``."""
    if isinstance(value, list):
        return [_with_slots(part, sources, move) for part in value]
    if isinstance(value, (_Mask, Ref)):
        ref = value.ref if isinstance(value, _Mask) else move(value)
        assert ref is not None, "a mask is placed before the masks computed from it"
        sources.append(ref)
        return Slot(len(sources) - 1)
    return value
