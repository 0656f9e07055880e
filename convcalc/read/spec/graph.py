"""Builds the layers and calls of a model while its file is read.

The graph is always valid: calls read only earlier calls, and names are unique. A wrong input is reported, and reading
continues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.keras_names import Names
from convcalc.base.numbers import Shape
from convcalc.base.problems import ConvcalcError, Mark, Problem, by_place, did_you_mean
from convcalc.layers import LayerDefinition
from convcalc.model import NO_ARGS, Call, Layer, Model, Place, Ref
from convcalc.read.interning import ArgumentInterner
from convcalc.read.spec.masks import Masks

# Limits for a file after its blocks and repeats are expanded. Work is counted in values; a layer counts as
# WORK_PER_LAYER values.
MAX_LAYERS = 20_000
WORK_PER_LAYER = 50
MAX_WORK = WORK_PER_LAYER * MAX_LAYERS
# Reading stops after this many problems.
MAX_PROBLEMS = 100


class FileContext:
    """The state of one file while it is read, shared by all its nested models.

    It has the automatic names, the shared arguments of layers, the problems, and the work so far.
    """

    def __init__(self) -> None:
        self.names = Names()
        self.problems: list[Problem] = []
        self.interner = ArgumentInterner()
        self.work = 0
        self._seen: set[tuple[str, int, int, str | None]] = set()

    def report(
        self,
        code: Code,
        message: str | Callable[[], str],
        mark: Mark | None,
        layer: str | None = None,
        context: str = "",
        about: str | None = None,
    ) -> None:
        """Reports a problem. Does nothing if it was reported before at the same place, for example in a block that is
        used twice.

        ``about`` is the name of the wrong argument: problems with different arguments are all reported. ``message`` can be a function if
        the text is slow to compute. Raises :class:`ConvcalcError` with all problems if there are too many.
        """
        if mark is not None:
            key = (code, mark.line, mark.column, about)
            if key in self._seen:
                return
            self._seen.add(key)
        text = message if isinstance(message, str) else message()
        self.problems.append(Problem(code, f"{text}{context}", mark, layer))
        if len(self.problems) >= MAX_PROBLEMS:
            more = Problem(
                codes.TOO_MANY_PROBLEMS, f"only the first {MAX_PROBLEMS} problems are shown; correct them first", mark
            )
            raise self.stop(more)

    def stop(self, last: Problem) -> ConvcalcError:
        """Returns an error with all problems so far, followed by ``last``, the problem that stops reading."""
        return ConvcalcError([*sorted(self.problems, key=by_place), last])

    def charge(self, work: int, mark: Callable[[], Mark]) -> None:
        """Counts ``work`` for the file, after its blocks and repeats are expanded.

        Raises :class:`ConvcalcError` if the total is above the limit.
        """
        self.work += work
        if self.work > MAX_WORK:
            limits = f"{MAX_LAYERS:,} layers or {MAX_WORK:,} values"
            message = f"with its blocks and repeats expanded, this file has more than the maximum of {limits}"
            raise self.stop(Problem(codes.TOO_MANY_LAYERS, message, mark()))


class GraphBuilder:
    """Builds the graph of one model, call by call."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.inputs: list[Ref] = []
        self._by_name: dict[str, int] = {}
        self._latest: dict[int, Ref] = {}
        self._masks = Masks(file.names)

    def add_layer(self, layer: Layer) -> int:
        """Adds a layer and returns its number. Reports a name that is taken or invalid."""
        if layer.name in self._by_name:
            self._report(layer, codes.NAME_TAKEN, f"two layers are named '{layer.name}'; {self._cure(layer)}")
        elif "/" in layer.name:
            self._report(
                layer, codes.INVALID_NAME, f"the name '{layer.name}' contains '/', which a layer's name cannot contain"
            )
        self._by_name.setdefault(layer.name, len(self.layers))
        self.layers.append(layer)
        return len(self.layers) - 1

    def add_placeholder(self, layer: Layer) -> int:
        """Adds a placeholder for a layer that could not be read. The name may be empty or already taken."""
        self._by_name.setdefault(layer.name, len(self.layers))
        self.layers.append(layer)
        return len(self.layers) - 1

    def _cure(self, layer: Layer) -> str:
        """Returns advice on how to give two layers different names."""
        first = self.layers[self._by_name[layer.name]].place
        if first is None or layer.place is None:
            return "names must be unique"
        if first.mark() == layer.place.mark():
            return "this entry is used several times: put a variable into the name, such as conv_${i}"
        return f"rename one of them (the first is on line {first.mark().line})"

    def _report(self, layer: Layer, code: Code, message: str) -> None:
        place = layer.place
        self.file.report(
            code, message, place.mark("name") if place else None, layer.name, place.context if place else ""
        )

    def add_input(self, layer: int, place: Place | None) -> Ref:
        """Calls an input layer, and adds it to the inputs of the model."""
        self.inputs.append(self.call(layer, (), place))
        return self.inputs[-1]

    def call(
        self, layer: int, inputs: Sequence[Ref], place: Place | None, args: Mapping[str, Any] | None = None
    ) -> Ref:
        """Calls a layer on tensors and returns its first output."""
        call = Call(layer, tuple(inputs), place, args or NO_ARGS)
        self.calls.append(call)
        made = self.layers[layer]
        if not made.broken and isinstance(made.definition, (LayerDefinition, Model)):
            self._masks.called(len(self.calls) - 1, call, made)
        ref = self._latest[layer] = Ref(len(self.calls) - 1)
        return ref

    def record(self, ref: Ref, shape: Shape) -> None:
        """Records a shape that the file states. Used for a tensor whose shape cannot be inferred."""
        call = self.calls[ref.call]
        self.calls[ref.call] = call._replace(recorded={**call.recorded, ref.output: (shape, "float32")})

    def find(self, name: str, labels: Mapping[str, Ref]) -> Ref | None:
        """Returns the tensor with a label, or the first output of the latest call of a named layer.

        Returns None if no label and no layer has the name.
        """
        if name in labels:
            return labels[name]
        return self._latest[self._by_name[name]] if name in self._by_name else None

    def nearest(self, name: str, labels: Mapping[str, Ref]) -> str:
        """Returns a hint with the most similar name, for a message."""
        return did_you_mean(name, [*labels, *filter(None, self._by_name)])

    def finish(self, name: str, class_name: str, outputs: Sequence[Ref]) -> Model:
        """Returns the model. Reports layers with unused outputs, unless there are other problems, which may be the
        cause.
        """
        needed = {ref.call for ref in outputs}
        for index in range(len(self.calls) - 1, -1, -1):
            if index in needed:
                needed.update(ref.call for ref in self.calls[index].inputs)
        if not self.file.problems and len(needed) < len(self.calls):
            for index, call in enumerate(self.calls):
                layer = self.layers[call.layer]
                if index not in needed and layer.class_name != "InputLayer":
                    cure = "use it in another layer, name it under 'outputs:', or remove it"
                    mark, context = (call.place.mark(), call.place.context) if call.place else (None, "")
                    message = f"the output of '{layer.name}' is not used; {cure}"
                    self.file.report(codes.UNUSED_LAYER, message, mark, layer.name, context)
        calls, inputs = self.calls, self.inputs
        # In a Functional, operations compute the masks that layers use. In a Sequential, Keras passes masks between
        # layers without operations.
        if class_name != "Sequential" and self._masks.any_taken and not self.file.problems:
            calls, moved = self._masks.placed(self.layers, calls)
            inputs, outputs = ([Ref(moved[ref.call], ref.output) for ref in refs] for refs in (inputs, outputs))
        return Model(name, class_name, tuple(self.layers), tuple(calls), tuple(inputs), tuple(outputs))
