"""The calls of a functional config, put into an order in which they can run.

A config names a tensor by its layer, the number of the layer's call and the number of the output. What cannot be found, and
a graph with a cycle, is an error with its path in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError
from convcalc.layers import LayerDefinition
from convcalc.model import NO_ARGS, Call, Layer, Model, Ref, Slot, with_needed
from convcalc.ops import Operation
from convcalc.read.keras_files import serialized
from convcalc.read.keras_files.serialized import KerasTensor


@dataclass
class Entry:
    """A layer of a functional model as it stands in the file, and its calls: trees of arguments with tensors in them."""

    name: str
    layer: Layer
    path: str
    offset: int
    nodes: list[tuple[Any, Mapping[str, Any]]] = field(default_factory=list)


def kind_word(value: Any) -> str:
    """What a value is, in words."""
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


class Graph:
    """The calls of a functional model, put into an order in which they can run. ``fail`` makes an error of a path and a message."""

    def __init__(self, fail: Callable[..., ConvcalcError], entries: Mapping[str, Entry], legacy: bool) -> None:
        self.fail = fail
        self.legacy = legacy
        self.entries = entries
        self.numbers = {name: number for number, name in enumerate(entries)}
        self.placed: dict[tuple[str, int], int] = {}
        self.calls: list[Call] = []
        self.recorded: dict[tuple[str, int, int], KerasTensor] = {}
        self._known: dict[tuple[int, int], Ref] = {}

    def model(self, config: Mapping[str, Any], name: str, path: str) -> Model:
        """The model; a graph with cycles or missing calls is an error."""
        self._place()
        layers = tuple(entry.layer for entry in self.entries.values())
        inputs = self._refs(config.get("input_layers"), f"{path}.input_layers")
        outputs = self._refs(config.get("output_layers"), f"{path}.output_layers")
        if not outputs:
            raise self.fail(f"{path}.output_layers", "names no output")
        self._check_inputs(inputs, outputs, f"{path}.input_layers")
        alike: dict[Any, Any] = {}  # what is recorded of most tensors is what is recorded of others
        for (layer, node, output), seen in self.recorded.items():
            number = self.placed[layer, node]
            call = self.calls[number]
            one = alike.setdefault((output, seen.shape, seen.dtype), {output: (seen.shape, seen.dtype)})
            self.calls[number] = call._replace(recorded={**call.recorded, **one} if call.recorded else one)
        stated = config.get("output_layers")
        # A dict with more than tensors in it is taken as a list.
        keys = tuple(stated) if isinstance(stated, dict) and len(stated) == len(outputs) else ()
        model = Model(
            name,
            "Functional",
            layers,
            tuple(self.calls),
            inputs,
            outputs,
            output_names=keys,
            trainable=config.get("trainable", True) is not False,
            own_flags=True,
        )
        return with_needed(model)

    def _check_inputs(self, inputs: Sequence[Ref], outputs: Sequence[Ref], path: str) -> None:
        """An input is called on nothing and gives one tensor, to other calls and as an output."""
        taken = (*(ref for call in self.calls for ref in call.sources), *outputs)
        several = {ref.call for ref in taken if ref.output}
        names = list(self.entries)
        for ref in inputs:
            call = self.calls[ref.call]
            if call.sources:
                raise self.fail(path, f"names '{names[call.layer]}', which is called on others and so is no input")
            if ref.output or ref.call in several:
                raise self.fail(
                    path,
                    f"names '{names[call.layer]}', which gives several outputs, and an input gives one",
                    codes.NO_SUCH_OUTPUT,
                )

    def _place(self) -> None:
        """Each call behind those whose outputs it takes, and behind the calls of its layer before it."""
        waiting: dict[tuple[str, int], int] = {}
        followers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        found: dict[tuple[str, int], list[KerasTensor]] = {}
        ready: list[tuple[str, int]] = []
        for entry in self.entries.values():
            nodes = entry.nodes or [([], {})]  # an input, which is there without a call
            for number, (args, kwargs) in enumerate(nodes):
                key = (entry.name, number)
                # Keras 2 takes named arguments in the order in which they were given, Keras 3 by their names.
                tree = [args, list(kwargs.values()) if self.legacy else kwargs]
                tensors = found[key] = self._tensors(tree, f"{entry.path}.inbound_nodes[{number}]")
                needs = {(each.layer, each.node) for each in tensors}
                if number:
                    needs.add((entry.name, number - 1))
                for need in needs:
                    followers.setdefault(need, []).append(key)
                waiting[key] = len(needs)
                if not needs:
                    ready.append(key)
                for each in tensors:
                    self.recorded[each.layer, each.node, each.output] = each
        ready.reverse()
        while ready:
            key = ready.pop()
            self._call(key, found[key])
            for follower in reversed(followers.get(key, [])):
                waiting[follower] -= 1
                if not waiting[follower]:
                    ready.append(follower)
        if len(self.placed) < len(waiting):
            name, number = next(key for key in waiting if key not in self.placed)
            missing = [t for t in found[name, number] if (t.layer, t.node) not in waiting]
            at = f"{self.entries[name].path}.inbound_nodes[{number}]"
            if missing:
                raise self.fail(
                    at,
                    f"refers to call {missing[0].node} of '{missing[0].layer}', which is not there",
                    codes.MISSING_NODE,
                )
            raise self.fail(
                at, f"'{name}' takes, around some corners, its own output: the graph has a cycle", codes.CYCLE
            )

    def _tensors(self, tree: Any, path: str) -> list[KerasTensor]:
        """Every tensor in a tree of arguments, in Keras's order: mappings by their sorted keys."""
        try:
            found = [serialized.tensor(leaf) for leaf in _leaves(tree) if serialized.is_tensor(leaf)]
            return [self._counted(each) for each in found] if self.legacy else found
        except ValueError:
            raise self.fail(path, "holds a tensor that does not say which call it comes from") from None

    def _counted(self, tensor: KerasTensor) -> KerasTensor:
        """A tensor of Keras 2 with the number of its call as Keras 3 counts."""
        entry = self.entries.get(tensor.layer)
        return tensor._replace(node=tensor.node - entry.offset) if entry is not None else tensor

    def _call(self, key: tuple[str, int], tensors: Sequence[KerasTensor]) -> None:
        entry = self.entries[key[0]]
        self.placed[key] = len(self.calls)
        number = self.numbers[entry.name]
        if not entry.nodes:
            self.calls.append(Call(number, ()))
            return
        args, kwargs = entry.nodes[key[1]]
        order = tuple(self._ref(each) for each in tensors)
        if isinstance(entry.layer.definition, Operation):
            self.calls.append(Call(number, order, args=self._operands(entry.layer.definition, args, kwargs, entry)))
            return
        definition = entry.layer.definition
        known = definition.call_arguments if isinstance(definition, LayerDefinition) else ()
        inputs = [self._ref(each) for each in self._tensors(args, entry.path)] if kwargs else list(order)
        masks: list[Ref] = []
        named: dict[str, Any] = {}
        for name in _by_signature(kwargs):
            found = [self._ref(each) for each in self._tensors([kwargs[name]], entry.path)]
            if name == "mask" or name.endswith("_mask"):
                masks += found
            else:
                inputs += found
            if not found and any(argument.name == name for argument in known):
                named[name] = serialized.plain(kwargs[name])
        given = {k: v for k, v in named.items() if v not in (None, False)}
        call = Call(number, tuple(inputs), args=given or NO_ARGS, masks=tuple(masks))
        self.calls.append(call if call.sources == order else call._replace(order=order))

    def _operands(self, operation: Operation, args: Any, kwargs: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
        """The arguments of an operation's call by name, with a slot for each tensor."""
        count = 0

        def slotted(value: Any) -> Any:
            nonlocal count
            if serialized.is_tensor(value):
                count += 1
                return Slot(count - 1)
            if isinstance(value, list):
                return [slotted(part) for part in value]
            if isinstance(value, dict) and value.get("class_name") == "__tuple__":
                items = value.get("items")
                return [slotted(part) for part in items] if isinstance(items, list) else serialized.plain(value)
            return serialized.operand(value)

        if operation.variadic:  # as many tensors as there are
            named: dict[str, Any] = {operation.parameters[0]: [slotted(value) for value in args]}
        else:
            if len(args) > len(operation.parameters):
                raise self.fail(
                    entry.path,
                    f"gives {operation.name} {len(args)} arguments, and it takes {len(operation.parameters)}",
                )
            named = {name: slotted(value) for name, value in zip(operation.parameters, args)}
        for name in sorted(kwargs):
            if name in operation.parameters:
                named[name] = slotted(kwargs[name])
        return named

    def _ref(self, tensor: KerasTensor) -> Ref:
        """The reference to a tensor: one object, however many calls take it."""
        call = self.placed[tensor.layer, tensor.node]
        return self._known.setdefault((call, tensor.output), Ref(call, tensor.output))

    def _refs(self, value: Any, path: str) -> tuple[Ref, ...]:
        """The tensors of ``input_layers`` or ``output_layers``: [name, call, output], or lists and mappings of such."""
        refs = []
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list) and len(part) == 3 and isinstance(part[0], str):
                refs.append(self._stated(part, path))
            elif isinstance(part, list):
                waiting.extend(reversed(part))
            elif isinstance(part, dict):
                waiting.extend(part[key] for key in sorted(part, reverse=True))
            else:
                raise self.fail(path, f"expects [name, call, output], not {kind_word(part)}")
        return tuple(refs)

    def _stated(self, part: list[Any], path: str) -> Ref:
        name, node, output = part
        entry = self.entries.get(name)
        if entry is None or not isinstance(node, int) or not isinstance(output, int):
            raise self.fail(path, f"refers to '{name}', which is not there", codes.MISSING_NODE)
        placed = self.placed.get((name, node - entry.offset))
        if placed is None or output < 0:
            raise self.fail(path, f"refers to call {node} of '{name}', which is not there", codes.MISSING_NODE)
        if output >= serialized.MOST_OUTPUTS:
            raise self.fail(path, f"refers to output {output} of '{name}', which has not as many", codes.NO_SUCH_OUTPUT)
        return Ref(placed, output)


def _leaves(tree: Any) -> Iterator[Any]:
    """The values of a tree, mappings by their sorted keys; a mapping with a class name is a leaf."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(reversed(part))
        elif isinstance(part, dict) and part.get("class_name") == "__tuple__" and isinstance(part.get("items"), list):
            waiting.extend(reversed(part["items"]))
        elif isinstance(part, dict) and "class_name" not in part:
            waiting.extend(part[key] for key in sorted(part, reverse=True))
        else:
            yield part


# The order in which the tensors of attention reach its rule; Keras's own is alphabetical.
_FIRST = ("inputs", "sequences", "sequence", "query", "value", "key")


def _by_signature(kwargs: Mapping[str, Any]) -> list[str]:
    return sorted(kwargs, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
