"""Orders the calls of a functional config, so that each call comes after its inputs.

A config identifies a tensor by a layer's name, the number of a call, and the number of an output: ``["dense", 0, 0]``.
A missing tensor and a cycle are errors; the message names the path in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Problem
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import Argument
from convcalc.model import (
    NO_ARGS,
    Call,
    CallForm,
    Constant,
    Definition,
    Foreign,
    ForeignRule,
    Layer,
    Model,
    Ref,
    Slot,
    with_needed,
)
from convcalc.ops import Operation
from convcalc.read.keras_files import serialized
from convcalc.read.keras_files.forms import call_form, keras2_call_form, list_form, tree_form
from convcalc.read.keras_files.serialized import KerasTensor


@dataclass
class LayerEntry:
    """A layer of a functional model, as the file describes it.

    Attributes:
        path: the path of the layer's entry in the file.
        offset: the number that the file gives to the layer's first call, 0 or 1.
        nodes: the layer's calls. A call is a pair: the positional arguments as nested lists, and a mapping of the named
            arguments. Both can contain tensors.
        is_built: True if the file states the shape for which the layer was built.
    """

    name: str
    layer: Layer
    path: str
    offset: int
    nodes: list[tuple[Any, Mapping[str, Any]]] = field(default_factory=list)
    is_built: bool = False


class Unreadable(Exception):
    """Raised for a part of a config that cannot be read. ``problem`` is None if the reason was reported before."""

    def __init__(self, problem: Problem | None = None) -> None:
        super().__init__(str(problem))
        self.problem = problem


def type_text(value: Any) -> str:
    """Returns the type of a value in words for a message, such as "a list"."""
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _uncalled(layer: Layer, is_unused: bool) -> Layer:
    """Returns a layer that nothing calls. Its weights are unknown, unless it ``is_unused`` or a file stores them."""
    definition = layer.definition
    if not isinstance(definition, Foreign):
        definition = Foreign(layer.class_name)
    definition = definition._replace(called=False, rule=None)
    return layer._replace(definition=definition, args=NO_ARGS, stored=() if is_unused else None)


class CallGraph:
    """Orders the calls of one functional model.

    Attributes:
        fail: a function that returns an error for a path and a message.
        report: a function that adds an error to the problems of the file.
        legacy: True if Keras 2 wrote the calls.
        is_whole: False if the entries of some layers could not be read.
    """

    def __init__(
        self,
        fail: Callable[..., Unreadable],
        report: Callable[[Unreadable], None],
        entries: Mapping[str, LayerEntry],
        legacy: bool,
        is_whole: bool = True,
    ) -> None:
        self.fail = fail
        self.report = report
        self.is_whole = is_whole
        self.legacy = legacy
        self.entries = entries
        self.numbers = {name: number for number, name in enumerate(entries)}
        self.placed: dict[tuple[str, int], int] = {}
        self.calls: list[Call] = []
        self.recorded: dict[tuple[str, int, int], KerasTensor] = {}
        self._references: dict[tuple[int, int], Ref] = {}
        self._used: dict[str, set[int]] | None = None

    def model(self, config: Mapping[str, Any], name: str, path: str) -> Model:
        """Returns the model. Raises an error if the graph has a cycle or a call is missing."""
        uncalled = self._without_uncalled(config) if self.legacy else ()
        for entry in self.entries.values():
            definition = entry.layer.definition
            if isinstance(definition, Foreign) and entry.nodes:
                self._find_offset(entry, config.get("output_layers"))
                rule = definition.rule and _checked(definition.rule, entry.nodes)
                definition = definition._replace(calls_from_one=entry.offset == 1, rule=rule)
                entry.layer = entry.layer._replace(definition=definition)
        self._order_calls()
        layers = tuple(entry.layer for entry in self.entries.values())
        inputs = self._refs(config.get("input_layers"), f"{path}.input_layers")
        outputs = self._refs(config.get("output_layers"), f"{path}.output_layers")
        if not outputs:
            raise self.fail(f"{path}.output_layers", "names no output")
        self._check_inputs(inputs, outputs, f"{path}.input_layers")
        shared: dict[Any, Any] = {}  # equal shapes share one object, which saves memory
        for (layer, node, output), tensor in self.recorded.items():
            number = self.placed[layer, node]
            call = self.calls[number]
            entry = shared.setdefault((output, tensor.shape, tensor.dtype), {output: (tensor.shape, tensor.dtype)})
            self.calls[number] = call._replace(recorded={**call.recorded, **entry} if call.recorded else entry)
        output_layers = config.get("output_layers")
        # A dict of outputs keeps its names only if each value is a single tensor.
        keys = tuple(output_layers) if isinstance(output_layers, dict) and len(output_layers) == len(outputs) else ()
        model = Model(
            name,
            "Functional",
            layers,
            tuple(self.calls),
            inputs,
            outputs,
            output_names=keys,
            input_tree=tree_form(config.get("input_layers"), self.legacy),
            output_tree=tree_form(output_layers, self.legacy),
            trainable=config.get("trainable") is None or serialized.is_trainable(config),
            own_flags=True,
            keras2=self.legacy,
        )
        model = with_needed(model)
        numbers = range(len(model.layers), len(model.layers) + len(uncalled))
        return model._replace(
            layers=(*model.layers, *uncalled), calls=(*model.calls, *(Call(number, ()) for number in numbers))
        )

    def _without_uncalled(self, config: Mapping[str, Any]) -> Sequence[Layer]:
        """Removes the layers that nothing calls, and returns them.

        A model of Keras 2 has each layer that is an attribute of the model. Its summary shows such a layer after the
        others. If the file has the shapes of built layers, but none of this layer, the layer has no weights.
        """
        used = self._used_numbers().keys() | {
            part[0] for key in ("input_layers", "output_layers") for part in _leaf_lists(config.get(key))
        }
        has_shapes = any(entry.is_built for entry in self.entries.values())
        uncalled = [
            entry
            for entry in self.entries.values()
            if not entry.nodes
            and entry.name not in used
            and entry.layer.class_name != "InputLayer"
            and not entry.layer.broken
        ]
        removed = {entry.name for entry in uncalled}
        self.entries = {name: entry for name, entry in self.entries.items() if name not in removed}
        self.numbers = {name: number for number, name in enumerate(self.entries)}
        return [_uncalled(entry.layer, has_shapes and not entry.is_built) for entry in uncalled]

    def _find_offset(self, entry: LayerEntry, output_layers: Any) -> None:
        """Sets ``entry.offset`` of a custom class to 0 or 1: the number of its first call in the file.

        It is 1 for a nested Functional and 0 for any other layer, but the file does not say whether a custom class is a Functional.
        The numbers of the used calls show it: Keras saves only used calls.
        """
        count = len(entry.nodes)
        outputs = {part[1] for part in _leaf_lists(output_layers) if part[0] == entry.name}
        if self.legacy:
            outputs |= self._used_numbers().get(entry.name, set())
            entry.offset = 1 if outputs and 0 not in outputs else 0
        elif count in outputs and 0 not in outputs:
            entry.offset = 1
        elif outputs and 0 not in outputs and count > 1:
            used = self._used_numbers().get(entry.name, set())
            every = set(range(count))
            entry.offset = 1 if used | outputs != every and used | {number - 1 for number in outputs} == every else 0

    def _used_numbers(self) -> Mapping[str, set[int]]:
        """Returns the numbers of the used calls of each layer. A call is used if another call reads its output."""
        if self._used is None:
            self._used = {}
            for entry in self.entries.values():
                for number, (args, kwargs) in enumerate(entry.nodes):
                    for leaf in _leaves([args, list(kwargs.values())]):
                        with suppress(Unreadable):
                            if serialized.is_tensor(leaf):
                                tensor = self._tensor(leaf, f"{entry.path}.inbound_nodes[{number}]")
                                self._used.setdefault(tensor.layer, set()).add(tensor.node)
        return self._used

    def _check_inputs(self, inputs: Sequence[Ref], outputs: Sequence[Ref], path: str) -> None:
        """Raises an error if an input of the model is called on tensors or has several outputs."""
        used = (*(ref for call in self.calls for ref in call.sources), *outputs)
        several = {ref.call for ref in used if ref.output}
        names = list(self.entries)
        for ref in inputs:
            call = self.calls[ref.call]
            if call.sources:
                raise self.fail(
                    path, f"names '{names[call.layer]}', which is called on other layers and is not an input"
                )
            if ref.output or ref.call in several:
                raise self.fail(
                    path,
                    f"names '{names[call.layer]}', which has several outputs; an input has only one output",
                    codes.NO_SUCH_OUTPUT,
                )

    def _order_calls(self) -> None:
        """Adds the calls to the model in an order in which they can run."""
        # the number of earlier calls that each call still needs
        waiting: dict[tuple[str, int], int] = {}
        followers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        tensors: dict[tuple[str, int], list[KerasTensor]] = {}
        ready: list[tuple[str, int]] = []
        for entry in self.entries.values():
            nodes = entry.nodes or [([], {})]  # the file lists no call for an input layer
            for number, (args, kwargs) in enumerate(nodes):
                key = (entry.name, number)
                # Keras 3 sorts mappings and named arguments by name. Keras 2 sorts only mappings, so its named
                # arguments are passed as a list.
                tree = [args, list(kwargs.values()) if self.legacy else kwargs]
                try:
                    call_tensors = tensors[key] = self._tensors(tree, f"{entry.path}.inbound_nodes[{number}]")
                except Unreadable as bad:
                    call_tensors = tensors[key] = []
                    self._break(entry, bad)
                needs = {(tensor.layer, tensor.node) for tensor in call_tensors}
                if number:
                    needs.add((entry.name, number - 1))
                for need in needs:
                    followers.setdefault(need, []).append(key)
                waiting[key] = len(needs)
                if not needs:
                    ready.append(key)
                for tensor in call_tensors:
                    self.recorded[tensor.layer, tensor.node, tensor.output] = tensor
        ready.reverse()
        self._add_ready(ready, waiting, followers, tensors)
        if len(self.placed) < len(waiting):
            for (name, number), call_tensors in tensors.items():
                missing = [tensor for tensor in call_tensors if (tensor.layer, tensor.node) not in waiting]
                if missing:
                    self._report_missing(self.entries[name], number, missing[0])
                    tensors[name, number] = []
                    waiting[name, number] -= len({(tensor.layer, tensor.node) for tensor in missing})
                    if not waiting[name, number] and (name, number) not in self.placed:
                        ready.append((name, number))
            self.recorded = {key: tensor for key, tensor in self.recorded.items() if key[:2] in waiting}
            self._add_ready(ready, waiting, followers, tensors)
        if len(self.placed) < len(waiting):
            name, number = next(key for key in waiting if key not in self.placed)
            at = f"{self.entries[name].path}.inbound_nodes[{number}]"
            raise self.fail(at, f"'{name}' depends on its own output: the graph has a cycle", codes.CYCLE)

    def _break(self, entry: LayerEntry, error: Unreadable) -> None:
        """Reports the error of a call, and marks its layer as broken."""
        if not entry.layer.broken:
            self.report(error)
            entry.layer = entry.layer._replace(broken=True)

    def _report_missing(self, entry: LayerEntry, number: int, tensor: KerasTensor) -> None:
        """Reports a tensor of a call that does not exist.

        Reports nothing after an earlier error: some layers could not be read, or the layer of the missing call is
        broken.
        """
        source = self.entries.get(tensor.layer)
        at = f"{entry.path}.inbound_nodes[{number}]"
        message = f"refers to call {tensor.node} of '{tensor.layer}', which does not exist"
        if self.is_whole if source is None else not source.layer.broken:
            self._break(entry, self.fail(at, message, codes.MISSING_NODE))
        else:
            entry.layer = entry.layer._replace(broken=True)

    def _add_ready(
        self,
        ready: list[tuple[str, int]],
        waiting: dict[tuple[str, int], int],
        followers: Mapping[tuple[str, int], Sequence[tuple[str, int]]],
        tensors: Mapping[tuple[str, int], Sequence[KerasTensor]],
    ) -> None:
        """Adds the calls in ``ready``, and then each call whose inputs have all been added."""
        while ready:
            key = ready.pop()
            self._add_call(key, tensors[key])
            for follower in reversed(followers.get(key, [])):
                waiting[follower] -= 1
                if not waiting[follower]:
                    ready.append(follower)

    def _tensors(self, tree: Any, path: str) -> list[KerasTensor]:
        """Returns the tensors in nested arguments, in Keras's order: the values of a mapping are sorted by key."""
        tensors = [self._tensor(leaf, path) for leaf in _leaves(tree) if serialized.is_tensor(leaf)]
        return [self._counted_from_zero(tensor) for tensor in tensors] if self.legacy else tensors

    def _tensor(self, value: Mapping[str, Any], path: str) -> KerasTensor:
        try:
            return serialized.tensor(value)
        except ValueError:
            raise self.fail(path, "contains a tensor that does not name its call") from None

    def _counted_from_zero(self, tensor: KerasTensor) -> KerasTensor:
        """Returns the reference to a tensor. If the file counts calls from 1, the number is reduced by 1."""
        entry = self.entries.get(tensor.layer)
        return tensor._replace(node=tensor.node - entry.offset) if entry is not None else tensor

    def _add_call(self, key: tuple[str, int], tensors: Sequence[KerasTensor]) -> None:
        entry = self.entries[key[0]]
        self.placed[key] = len(self.calls)
        number = self.numbers[entry.name]
        if not entry.nodes or entry.layer.broken:
            self.calls.append(Call(number, tuple(self._ref(tensor) for tensor in tensors)))
            return
        args, kwargs = entry.nodes[key[1]]
        order = tuple(self._ref(tensor) for tensor in tensors)
        definition = entry.layer.definition
        if isinstance(definition, Operation):
            try:
                operands = self._operands(definition, args, kwargs, entry)
            except Unreadable as bad:
                self._break(entry, bad)
                operands = {}
            self.calls.append(Call(number, order, args=operands))
            return
        known: Sequence[Argument] = definition.call_arguments if isinstance(definition, LayerDefinition) else ()
        if isinstance(definition, Foreign) and definition.rule is not None:
            known = definition.rule.definition.call_arguments
        inputs = self._inputs(args, entry.path)
        masks: list[Ref] = []
        call_args: dict[str, Any] = {}
        for name in _by_signature(kwargs):
            refs = [self._ref(tensor) for tensor in self._tensors([kwargs[name]], entry.path)]
            if name == "mask" or name.endswith("_mask"):
                masks += refs
            else:
                inputs += self._inputs([kwargs[name]], entry.path) if name in _WITH_CONSTANTS else refs
            if not refs and any(argument.name == name for argument in known):
                value = serialized.plain(kwargs[name])
                if value not in (None, False):
                    call_args[name] = value
        tensors_in = tuple([part for part in inputs if isinstance(part, Ref)])
        call = Call(
            number, tensors_in, args=call_args or NO_ARGS, masks=tuple(masks), form=self._form(args, kwargs, definition)
        )
        if len(tensors_in) < len(inputs) and not isinstance(definition, Foreign):
            constants = [(at, part) for at, part in enumerate(inputs) if isinstance(part, Constant)]
            call = call._replace(constants=tuple(constants))
        self.calls.append(call if call.sources == order else call._replace(order=order))

    def _inputs(self, tree: Any, path: str) -> list[Ref | Constant]:
        """Returns the tensors and constants in nested arguments. They have Keras's order."""
        inputs: list[Ref | Constant] = []
        for leaf in _leaves(tree):
            if serialized.is_tensor(leaf):
                tensor = self._tensor(leaf, path)
                inputs.append(self._ref(self._counted_from_zero(tensor) if self.legacy else tensor))
            elif (constant := serialized.constant(leaf)) is not None:
                inputs.append(constant)
        return inputs

    def _form(self, args: Sequence[Any], kwargs: Mapping[str, Any], definition: Definition) -> CallForm | None:
        """Returns the arguments of a call, with slots for its tensors. None if the only argument is a tensor."""
        if not kwargs and len(args) == 1:
            if serialized.is_tensor(args[0]):
                return None
            if isinstance(args[0], list) and all(map(serialized.is_tensor, args[0])):
                # In Keras 2, this list may also contain initial states, which are a separate argument in Keras 3. So no
                # form is stored.
                has_states = self.legacy and isinstance(definition, LayerDefinition) and definition.takes_initial_state
                return None if has_states else list_form(len(args[0]))
        return call_form(args, kwargs) if not self.legacy else keras2_call_form(args, kwargs, definition)

    def _operands(
        self, operation: Operation, args: Any, kwargs: Mapping[str, Any], entry: LayerEntry
    ) -> dict[str, Any]:
        """Returns the arguments of an operation's call by name, with a :class:`Slot` for each tensor."""
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

        if operation.variadic:
            named: dict[str, Any] = {operation.parameters[0]: [slotted(value) for value in args]}
        else:
            if len(args) > len(operation.parameters):
                raise self.fail(
                    entry.path,
                    f"calls {operation.name} with {len(args)} arguments; it takes {len(operation.parameters)}",
                )
            named = {name: slotted(value) for name, value in zip(operation.parameters, args)}
        # The slots must have the same order as the tensors in _order_calls.
        for name in kwargs if self.legacy else sorted(kwargs):
            if name in operation.parameters:
                named[name] = slotted(kwargs[name])
        return named

    def _ref(self, tensor: KerasTensor) -> Ref:
        """Returns the reference to a tensor. Equal references are one object, which saves memory."""
        call = self.placed[tensor.layer, tensor.node]
        return self._references.setdefault((call, tensor.output), Ref(call, tensor.output))

    def _refs(self, value: Any, path: str) -> tuple[Ref, ...]:
        """Returns the tensors in ``input_layers`` or ``output_layers``.

        ``value`` is one entry ``[name, call, output]``, or nested lists and mappings of such entries.
        """
        refs = []
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list) and len(part) == 3 and isinstance(part[0], str):
                refs.append(self._model_ref(part, path))
            elif isinstance(part, list):
                waiting.extend(reversed(part))
            elif isinstance(part, dict):
                waiting.extend(part[key] for key in sorted(part, reverse=True))
            else:
                raise self.fail(path, f"expects [name, call, output], not {type_text(part)}")
        return tuple(refs)

    def _model_ref(self, part: list[Any], path: str) -> Ref:
        """Returns the tensor of an entry ``[name, call, output]`` in ``input_layers`` or ``output_layers``."""
        name, node, output = part
        entry = self.entries.get(name)
        if entry is None and not self.is_whole:
            raise Unreadable()
        if entry is None or not isinstance(node, int) or not isinstance(output, int):
            raise self.fail(path, f"refers to '{name}', which does not exist", codes.MISSING_NODE)
        placed = self.placed.get((name, node - entry.offset))
        if placed is None and entry.layer.broken:
            placed = self.placed[name, 0]
        if placed is None or output < 0:
            raise self.fail(path, f"refers to call {node} of '{name}', which does not exist", codes.MISSING_NODE)
        if output >= serialized.MAX_OUTPUTS:
            raise self.fail(
                path, f"refers to output {output} of '{name}', which has fewer outputs", codes.NO_SUCH_OUTPUT
            )
        return Ref(placed, output)


def _leaf_lists(value: Any) -> Iterator[list[Any]]:
    """Yields the entries ``[name, call, output]`` in nested lists and mappings. Ignores other values."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list) and len(part) == 3 and isinstance(part[0], str):
            if isinstance(part[1], int):
                yield part
        elif isinstance(part, (list, dict)):
            waiting.extend(part.values() if isinstance(part, dict) else part)


def _leaves(tree: Any) -> Iterator[Any]:
    """Yields the values in nested lists and mappings. Mappings are sorted by key.

    A mapping with a ``class_name`` counts as one value, except a tuple, which Keras writes as a mapping.
    """
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


# The first arguments of layers' rules, in this order. Keras's files sort named arguments by name.
_FIRST = ("inputs", "sequences", "sequence", "query", "value", "key")

# Named arguments that are inputs of a rule. Their values can be constants.
_WITH_CONSTANTS = (*_FIRST, "initial_state", "initial_states", "states")


def _checked(rule: ForeignRule, nodes: Sequence[tuple[Any, Mapping[str, Any]]]) -> ForeignRule:
    """Returns the rule of a custom class. Sets ``misfit`` if the file has a call with an argument that the rule does
    not know.

    A rule with a ``misfit`` is not used: the unknown argument may change the result.
    """
    known = {"training", *(argument.name for argument in rule.definition.call_arguments)}
    for _, kwargs in nodes:
        for name, value in kwargs.items():
            has_tensors = any(map(serialized.is_tensor, _leaves([value])))
            if name not in known and not has_tensors and serialized.plain(value) not in (None, False):
                return rule._replace(misfit=f"does not know the argument '{name}' of a call")
    return rule


def _by_signature(kwargs: Mapping[str, Any]) -> list[str]:
    return sorted(kwargs, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
