"""Building a model's layers and calls while a reader walks its file: names, automatic names, references.

A reader says what it finds; the builder keeps the graph sound: every call refers to calls above it, every name is taken
once, and what cannot be used is put down as a problem while reading goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convcalc.model import Call, Layer, Model, Place, Ref
from convcalc.problems import Mark, Problem, Refusal, did_you_mean

MAX_LAYERS = 2_000_000


class Names:
    """Keras's automatic names: one count for each class, over a whole file (``keras/src/utils/naming.py``)."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def automatic(self, class_name: str) -> str:
        """``conv2d``, then ``conv2d_1`` …"""
        word = re.sub(r"\W+", "", class_name)
        word = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", word)
        word = re.sub("([a-z])([A-Z])", r"\1_\2", word).lower()
        count = self._counts.get(word, 0)
        self._counts[word] = count + 1
        return f"{word}_{count}" if count else word


@dataclass
class Shared:
    """What all models of one file share: automatic names, problems, and a bound on the number of layers."""

    names: Names = field(default_factory=Names)
    problems: list[Problem] = field(default_factory=list)
    layers_left: int = MAX_LAYERS

    def report(self, code: str, message: str, mark: Mark | None, layer: str | None = None, context: str = "") -> None:
        """Put a problem down; the same one at the same place (a block used twice) counts once."""
        if not any(known.mark == mark and known.code == code and mark is not None for known in self.problems):
            self.problems.append(Problem(code, f"{message}{context}", mark, layer))


class GraphBuilder:
    """The graph of one model, grown call by call."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.inputs: list[Ref] = []
        self.by_name: dict[str, int] = {}
        self.first_mark: dict[str, Mark | None] = {}

    def add_layer(self, layer: Layer) -> int:
        """Take a layer in; its number. A name that is taken is a problem."""
        mark = layer.place.mark("name") if layer.place and layer.name in self.by_name else None
        if layer.name in self.by_name:
            first = self.first_mark[layer.name]
            where = f": the first is on line {first.line}" if first else ""
            self.shared.report("name-taken", f"two layers are named '{layer.name}'{where}", mark, layer.name)
        elif "/" in layer.name:
            mark = layer.place.mark("name") if layer.place else None
            self.shared.report("invalid-name", f"a name cannot hold '/': '{layer.name}'", mark, layer.name)
        self.shared.layers_left -= 1
        if self.shared.layers_left < 0:
            raise Refusal(f"the model has more than {MAX_LAYERS:,} layers", "too-many-layers")
        self.by_name.setdefault(layer.name, len(self.layers))
        self.first_mark.setdefault(layer.name, layer.place.mark() if layer.place else None)
        self.layers.append(layer)
        return len(self.layers) - 1

    def call(self, layer: int, inputs: Sequence[Ref], place: Place | None) -> Ref:
        """Call a layer on tensors; its first output."""
        self.calls.append(Call(layer, tuple(inputs), place))
        return Ref(len(self.calls) - 1)

    def find(self, name: str, labels: Mapping[str, Ref]) -> Ref:
        """The output of the layer (its latest call) or label of that name. Raises :class:`Refusal`."""
        if name in labels:
            return labels[name]
        if name in self.by_name:
            number = self.by_name[name]
            for index in range(len(self.calls) - 1, -1, -1):
                if self.calls[index].layer == number:
                    return Ref(index)
        hint = did_you_mean(name, [*labels, *self.by_name])
        raise Refusal(f"no layer above is named '{name}'{hint}", "unknown-name")

    def finish(self, name: str, class_name: str, outputs: Sequence[Ref], place: Place | None, **extra: Any) -> Model:
        """The model. Layers that feed no output are problems, unless others were found before."""
        reached = {ref.call for ref in outputs}
        for index in range(len(self.calls) - 1, -1, -1):
            if index in reached:
                reached.update(ref.call for ref in self.calls[index].inputs)
        if not self.shared.problems:
            for index, call in enumerate(self.calls):
                if index not in reached and self.layers[call.layer].class_name != "InputLayer":
                    layer = self.layers[call.layer]
                    message = (
                        f"'{layer.name}' feeds no output of the model; use it, name it under 'outputs:', or take it out"
                    )
                    self.shared.report("unused-layer", message, call.place.mark() if call.place else None, layer.name)
        return Model(
            name, class_name, tuple(self.layers), tuple(self.calls), tuple(self.inputs), tuple(outputs), **extra
        )
