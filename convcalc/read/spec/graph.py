"""Building a model's layers and calls while a reader walks its file: names, automatic names, references.

A reader says what it finds; the builder keeps the graph sound: every call refers to calls above it, every name is taken
once, and what cannot be used is put down as a problem while reading goes on.
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

# What a file may come to: blocks and repeats write few lines for many layers. A layer weighs as much as some values.
MAX_LAYERS = 20_000
WORK_PER_LAYER = 50
MAX_WORK = WORK_PER_LAYER * MAX_LAYERS
# After so many problems reading stops: nobody reads on.
MAX_PROBLEMS = 100


class FileContext:
    """What all models of one file share: automatic names, arguments, problems, and a bound on what blocks and repeats may make."""

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
        """Put a problem down; the same one at the same place (a block that is used twice) counts once. ``about`` is the
        argument that it is about, for places where several may be missing. A message that takes long to find is a function.

        Raises :class:`ConvcalcError` with all of them when there are too many.
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
                codes.TOO_MANY_PROBLEMS, f"these are the first {MAX_PROBLEMS} problems; there may be more", mark
            )
            raise self.stop(more)

    def stop(self, last: Problem) -> ConvcalcError:
        """The error that ends reading: all problems so far, and the one for which it ends."""
        return ConvcalcError([*sorted(self.problems, key=by_place), last])

    def charge(self, work: int, mark: Callable[[], Mark]) -> None:
        """Count what was read, blocks and repeats written out. Raises :class:`ConvcalcError`, at the ``mark``, when it is too
        much.
        """
        self.work += work
        if self.work > MAX_WORK:
            limits = f"{MAX_LAYERS:,} layers or {MAX_WORK:,} values"
            message = f"with its blocks and repeats written out, this file holds more than {limits}; no more are read"
            raise self.stop(Problem(codes.TOO_MANY_LAYERS, message, mark()))


class GraphBuilder:
    """The graph of one model, grown call by call."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.inputs: list[Ref] = []
        self._by_name: dict[str, int] = {}
        self._latest: dict[int, Ref] = {}
        self._masks = Masks(file.names)

    def add_layer(self, layer: Layer) -> int:
        """Take a layer in; its number. A name that is taken, or that no layer can have, is a problem."""
        if layer.name in self._by_name:
            self._report(layer, codes.NAME_TAKEN, f"two layers are named '{layer.name}'; {self._cure(layer)}")
        elif "/" in layer.name:
            self._report(layer, codes.INVALID_NAME, f"a layer's name cannot hold '/', as '{layer.name}' does")
        self._by_name.setdefault(layer.name, len(self.layers))
        self.layers.append(layer)
        return len(self.layers) - 1

    def add_placeholder(self, layer: Layer) -> int:
        """Take in a layer that stands for one that could not be read; it may have no name, or one that is taken."""
        self._by_name.setdefault(layer.name, len(self.layers))
        self.layers.append(layer)
        return len(self.layers) - 1

    def _cure(self, layer: Layer) -> str:
        """Where the first layer of that name stands, or how an entry that is read again makes names that differ."""
        first = self.layers[self._by_name[layer.name]].place
        if first is None or layer.place is None:
            return "names are unique"
        if first.mark() == layer.place.mark():
            return "this entry is read more than once: make the name of an argument or an index, such as conv_${i}"
        return f"the first is on line {first.mark().line}"

    def _report(self, layer: Layer, code: Code, message: str) -> None:
        place = layer.place
        self.file.report(
            code, message, place.mark("name") if place else None, layer.name, place.context if place else ""
        )

    def add_input(self, layer: int, place: Place | None) -> Ref:
        """Call an input layer and count it among the model's inputs."""
        self.inputs.append(self.call(layer, (), place))
        return self.inputs[-1]

    def call(
        self, layer: int, inputs: Sequence[Ref], place: Place | None, args: Mapping[str, Any] | None = None
    ) -> Ref:
        """Call a layer on tensors; its first output."""
        call = Call(layer, tuple(inputs), place, args or NO_ARGS)
        self.calls.append(call)
        made = self.layers[layer]
        if not made.broken and isinstance(made.definition, (LayerDefinition, Model)):
            self._masks.called(len(self.calls) - 1, call, made)
        ref = self._latest[layer] = Ref(len(self.calls) - 1)
        return ref

    def record(self, ref: Ref, shape: Shape) -> None:
        """What the file states of a tensor that no rule tells."""
        call = self.calls[ref.call]
        self.calls[ref.call] = call._replace(recorded={**call.recorded, ref.output: (shape, "float32")})

    def find(self, name: str, labels: Mapping[str, Ref]) -> Ref | None:
        """The output of that label, or of the latest call of the layer of that name; None where there is none."""
        if name in labels:
            return labels[name]
        return self._latest[self._by_name[name]] if name in self._by_name else None

    def nearest(self, name: str, labels: Mapping[str, Ref]) -> str:
        """What may have been meant by a name that is not there."""
        return did_you_mean(name, [*labels, *filter(None, self._by_name)])

    def finish(self, name: str, class_name: str, outputs: Sequence[Ref]) -> Model:
        """The model. A layer that feeds no output is a problem, unless others were found that may be its cause."""
        reached = {ref.call for ref in outputs}
        for index in range(len(self.calls) - 1, -1, -1):
            if index in reached:
                reached.update(ref.call for ref in self.calls[index].inputs)
        if not self.file.problems and len(reached) < len(self.calls):
            for index, call in enumerate(self.calls):
                layer = self.layers[call.layer]
                if index not in reached and layer.class_name != "InputLayer":
                    cure = "use it, name it under 'outputs:', or take it out"
                    mark, context = (call.place.mark(), call.place.context) if call.place else (None, "")
                    message = f"'{layer.name}' feeds no output of the model; {cure}"
                    self.file.report(codes.UNUSED_LAYER, message, mark, layer.name, context)
        calls, inputs = self.calls, self.inputs
        # A Sequential hands masks on without operations for them.
        if class_name != "Sequential" and self._masks.any_taken and not self.file.problems:
            calls, moved = self._masks.placed(self.layers, calls)
            inputs, outputs = ([Ref(moved[ref.call], ref.output) for ref in refs] for refs in (inputs, outputs))
        return Model(name, class_name, tuple(self.layers), tuple(calls), tuple(inputs), tuple(outputs))
