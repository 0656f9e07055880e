"""The models that are changed, as configs of Keras: specs, parts of the applications, and random models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from convcalc import Report, infer
from convcalc.base.keras_names import Names
from convcalc.base.problems import ConvcalcError, Source
from convcalc.layers import require_builtin
from convcalc.model import Call, Layer, Model, Ref
from convcalc.read import load
from convcalc.read.code.applications import APPLICATIONS, application
from convcalc.read.spec.spec import read_spec
from convcalc.write.config import config_json
from tests.live.models import grow, spec
from tests.paths import SPECS

PART = 24  # the number of layers of a part of a large model


class Base(NamedTuple):
    """A model to change: its name, and its Keras config as JSON."""

    name: str
    config: str


def bases(count: int, seed: int) -> Iterator[Base]:
    """Yields models: the specs, two parts of each application, and random models until there are ``count``."""
    for number, base in enumerate(_all(seed)):
        if number == count:
            return
        yield base


def _all(seed: int) -> Iterator[Base]:
    specs, parts = _specs(seed), _parts(seed)
    for number in range(100_000):
        for base in (next(specs, None), next(parts, None), _grown(seed * 100_000 + number)):
            if base is not None:
                yield base


def _specs(seed: int) -> Iterator[Base]:
    for path in sorted(SPECS.glob("*.yaml")):
        report = infer(load(path))
        large = len(report.layers) > 2 * PART and report.model.class_name != "Sequential"
        model = part(report, Random(f"{seed} {path.stem}")) if large else report.model
        if (base := _written(path.stem, model)) is not None:
            yield base


def _parts(seed: int) -> Iterator[Base]:
    for number in range(2):
        for name in APPLICATIONS:
            report = infer(application(name, {"weights": None}, Names()))
            if report.model.class_name == "Functional":
                base = _written(f"{name}, a part", part(report, Random(f"{seed} {name} {number}")))
                if base is not None:
                    yield base


def _grown(seed: int) -> Base | None:
    return _written(f"random {seed}", read_spec(Source("random", json.dumps(spec(grow(Random(seed), PART))))))


def _written(name: str, model: Model) -> Base | None:
    """Returns the model as a config. None if it has no config, such as a model with unknown shapes."""
    try:
        return Base(name, config_json(infer(model)))
    except ConvcalcError:
        return None


def part(report: Report, random: Random) -> Model:
    """Returns some successive calls of a model as a model. Tensors from other calls are inputs."""
    model = report.model
    start = random.randrange(max(1, len(model.calls) - PART))
    inside = range(start, min(len(model.calls), start + PART))
    outside = [
        ref
        for ref in dict.fromkeys(ref for number in inside for ref in model.calls[number].sources)
        if ref.call < start
    ]
    layers, calls, numbers, places = list[Layer](), list[Call](), dict[int, int](), dict[Ref, Ref]()
    for ref in outside:
        places[ref] = Ref(len(calls))
        name = f"outside_{len(calls)}"
        sizes = report.run.shape(ref) or ()
        dtype = report.run.results[ref.call].dtypes[ref.output] or "float32"
        calls.append(Call(len(layers), ()))
        layers.append(
            Layer(name, "InputLayer", require_builtin("InputLayer"), {"shape": tuple(sizes[1:])}, dtype=dtype)
        )
    inputs = tuple(places.values())
    for number in inside:
        call = model.calls[number]
        layer = numbers.setdefault(call.layer, len(layers))
        layers += [model.layers[call.layer]] if layer == len(layers) else []
        inputs += (Ref(len(calls)),) if layers[layer].class_name == "InputLayer" else ()
        for output in range(len(report.run.results[number].outputs)):
            places[Ref(number, output)] = Ref(len(calls), output)

        def moved(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
            return tuple(places[ref] for ref in refs)

        calls.append(
            call._replace(layer=layer, inputs=moved(call.inputs), masks=moved(call.masks), order=moved(call.order))
        )
    read = {ref for call in calls for ref in call.sources}
    wanted = {places[ref] for call in model.calls[inside.stop :] for ref in call.sources if ref in places}
    wanted |= {places[ref] for ref in model.outputs if ref in places}
    wanted |= {Ref(number) for number in range(len(calls)) if not any(ref.call == number for ref in read)}
    outputs = tuple(sorted(wanted - set(inputs), key=lambda ref: (ref.call, ref.output)))
    used = tuple(ref for ref in inputs if ref in read)
    return Model("part", "Functional", tuple(layers), tuple(calls), used, outputs)


def config(base: Base) -> dict[str, Any]:
    """Returns the config as data that may be changed."""
    result: dict[str, Any] = json.loads(base.config)
    return result
