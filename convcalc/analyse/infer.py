"""The shape-inference engine: one walk over a model's calls, in their order, then the rows of the report.

For each call the layer's rule runs once on the shapes that reach it. Parameters, MACs and totals are derived from what
the rule returns; nothing is computed a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convcalc.analyse.report import CallReport, LayerReport, Report, Step, Totals, weight_bytes
from convcalc.analyse.run import NOTHING, Ran, Run
from convcalc.analyse.sums import known_sum, partly, per_batch
from convcalc.layers import (
    Inferred,
    LayerType,
    Product,
    Weight,
    apply,
    kind_of,
    output_dtypes,
    own_weight,
    parameters,
    sample_macs,
)
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Call, Layer, Model, call_numbers, is_linear, summary_order
from convcalc.numbers import UNKNOWN, Number, Shape, plain, shape_text
from convcalc.ops import Operation, Tensor
from convcalc.problems import ConvcalcError, Problem, Refusal, by_place, listed

# What a layer does that is broken, or whose class is not known.
NO_STEP = (Step(None, {}, (), None),)
_FROZEN = "the layer is frozen: trainable is false"


@dataclass
class _Work:
    """What all runs of one report share: problems, and the runs of nested models on inputs that reached them before."""

    problems: list[Problem]
    runs: dict[tuple[int, tuple[Shape | None, ...]], Run] = field(default_factory=dict)


def infer(model: Model) -> Report:
    """Shapes, parameters and costs of every layer.

    Raises :class:`ConvcalcError` with everything that is wrong: what reading found, and what does not work out.
    """
    work = _Work(list(model.problems))
    run = _run(model, None, work)
    problems = work.problems
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ConvcalcError(sorted(problems, key=by_place))
    rows = _rows(run, "", 0, True)
    top = [row for row in rows if row.depth == 0]
    totals = _totals(rows, top)
    return Report(
        model=model,
        layers=tuple(rows),
        totals=totals if model.trainable else replace(totals, trainable_params=0, trainable_bytes=0),
        input_shapes=tuple(map(run.shape, model.inputs)),
        output_shapes=run.outputs,
        linear=is_linear(model),
        problems=tuple(problems),
        run=run,
    )


def of_model(model: Model, shapes: Sequence[Shape]) -> Inferred:
    """What a model comes to on given shapes, as a layer's rule tells it: for a model that stands inside of a layer.

    Raises :class:`Refusal` where it does not work out on them.
    """
    work = _Work(list(model.problems))
    run = _run(model, [tuple(map(plain, shape)) for shape in shapes], work)
    for problem in work.problems:
        if problem.severity == "error":
            raise Refusal(f"holds a model that does not work out: {problem.message}", problem.code)
    rows = _rows(run, "", 0, True)
    weights = [weight._replace(name=f"{row.path}/{weight.name}", uses=0) for row in rows for weight in row.weights]
    unknown = {name for row in rows for name in row.incomplete if name in ("params", "macs")}
    macs = known_sum([ran.macs for ran in run.calls])
    products = (Product("the model", macs.value),) if macs.value != 0 else ()
    return Inferred(run.outputs, tuple(weights), products, unknown=frozenset(unknown))


def run_on(model: Model, shapes: Sequence[Shape | None]) -> Run:
    """Every call of the model, run on inputs of these shapes. Raises :class:`ConvcalcError` where that does not work out."""
    work = _Work(list(model.problems))
    run = _run(model, shapes, work)
    if any(problem.severity == "error" for problem in work.problems):
        raise ConvcalcError(sorted(work.problems, key=by_place))
    return run


def _run(model: Model, shapes: Sequence[Shape | None] | None, work: _Work) -> Run:
    """Run every call; ``shapes`` replace those of the model's inputs where it is called as a layer."""
    run = Run(model)
    given = {} if shapes is None else dict(zip((ref.call for ref in model.inputs), shapes))
    for number, call in enumerate(model.calls):
        layer = model.layers[call.layer]
        inputs = tuple(map(run.shape, call.inputs))
        if number in given:
            run.calls.append(Ran((), (given[number],), (layer.dtype,), Inferred(()), 0))
            continue
        try:
            ran = _call(run, call, layer, inputs, work)
            run.calls.append(_with_recorded(ran, call, layer, work) if call.recorded else ran)
        except Refusal as refusal:
            work.problems.append(_problem(run, call, layer, inputs, refusal))
            run.calls.append(Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, steps=NO_STEP))
    return run


def _with_recorded(ran: Ran, call: Call, layer: Layer, work: _Work) -> Ran:
    """The call with what its file records of outputs that cannot be inferred. Where both are known and differ, that is a
    warning.
    """
    outputs, dtypes = list(ran.outputs), list(ran.dtypes)
    recorded = False
    for number, (shape, dtype) in sorted(call.recorded.items()):
        if number >= len(outputs) and (outputs[0] is not NOTHING or shape is NOTHING or number > len(outputs)):
            continue
        if number == len(outputs):
            outputs.append(NOTHING)
            dtypes.append("")
        if shape and shape[0] is UNKNOWN and ran.inputs and ran.inputs[0]:
            shape = (ran.inputs[0][0], *shape[1:])  # the file leaves the batch open: it is that of the input
        own = outputs[number]
        if own is NOTHING and shape is not NOTHING:
            outputs[number], dtypes[number] = shape, dtype
            recorded = True
        elif own is not NOTHING and shape is not NOTHING and not _accepts(own, shape):
            message = (
                f"{layer.class_name} '{layer.name}' gives {shape_text(own)}, and the file records {shape_text(shape)}"
            )
            work.problems.append(Problem("recorded-shape", message, None, layer.name, "warning"))
    return ran._replace(outputs=tuple(outputs), dtypes=tuple(dtypes), recorded=recorded)


def _call(run: Run, call: Call, layer: Layer, inputs: tuple[Shape | None, ...], work: _Work) -> Ran:
    for ref in call.inputs:
        outputs = run.calls[ref.call]
        if outputs.inferred is not None and ref.output >= len(outputs.outputs):
            source = run.model.layers[run.model.calls[ref.call].layer].name
            raise Refusal(
                f"asks for output {ref.output} of '{source}', which has {len(outputs.outputs)}",
                "no-such-output",
                "from",
            )
    if isinstance(layer.kind, Operation) and not layer.broken:
        return _call_operation(run, call, layer.kind, layer, inputs)
    kind = None if layer.broken or layer.model is not None else kind_of(layer)
    if kind is not None and kind.family == "opaque":  # its stated output does not depend on its input
        inputs = tuple((UNKNOWN,) if shape is NOTHING else shape for shape in inputs)
    if layer.broken or any(shape is NOTHING for shape in inputs):
        if layer.model is not None and call.layer not in run.nested:
            run.nested[call.layer] = _run(layer.model, None, work)
        return Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, steps=NO_STEP)
    known: list[Shape] = [shape for shape in inputs if shape is not None]
    if layer.model is not None:
        return _call_model(run, call, layer, known, work)
    if kind is None:
        return Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, steps=NO_STEP)
    args = {**layer.args, **call.args} if call.args else layer.args
    inferred = apply(kind, args, known, layer.dtype)
    first = run.weights.setdefault(call.layer, inferred.weights)
    if first != inferred.weights and [w.shape for w in first] != [w.shape for w in inferred.weights]:
        raise Refusal("is called again on an input for which its weights would have other shapes", "shared-weights")
    given = run.dtype(call.inputs[0]) if call.inputs else ""
    dtypes = output_dtypes(inferred, given, layer.dtype)
    macs = UNKNOWN if "macs" in inferred.unknown else per_batch(sample_macs(inferred), known)
    return Ran(inputs, inferred.outputs, dtypes, inferred, macs, steps=(Step(kind, args, known, inferred),))


def _call_operation(run: Run, call: Call, kind: Operation, layer: Layer, inputs: tuple[Shape | None, ...]) -> Ran:
    if any(shape is NOTHING for shape in inputs):
        return Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, steps=NO_STEP)
    tensors = [Tensor(shape or (), run.dtype(ref)) for shape, ref in zip(inputs, call.inputs)]
    inferred = kind.infer(layer.args, call.args, tensors)
    macs = UNKNOWN if "macs" in inferred.unknown else sample_macs(inferred)
    dtypes = output_dtypes(inferred, "", "")
    steps = (Step(kind, {**layer.args, **call.args}, [tensor.shape for tensor in tensors], inferred),)
    return Ran(inputs, inferred.outputs, dtypes, inferred, macs, steps=steps)


def _call_model(run: Run, call: Call, layer: Layer, inputs: list[Shape], work: _Work) -> Ran:
    """A nested model: run once on its own inputs, whose rows are shown, and on those that reach it where they differ."""
    assert layer.model is not None
    inner = run.nested.get(call.layer)
    if inner is None:
        inner = run.nested[call.layer] = _run(layer.model, None, work)
    own = tuple(map(inner.shape, layer.model.inputs))
    if len(own) != len(inputs):
        raise Refusal(
            f"is a model with {len(own)} input{'s' * (len(own) != 1)}, and is given {len(inputs)}", "wrong-inputs"
        )
    for expected, shape in zip(own, inputs):
        if expected is not None and not _accepts(expected, shape):
            raise Refusal(f"is a model that expects an input of {shape_text(expected)}", "wrong-shape")
    actual = inner
    if list(own) != inputs:
        key = (id(layer.model), tuple(inputs))
        if key not in work.runs:
            work.runs[key] = _run(layer.model, inputs, work)
        actual = work.runs[key]
    run.inside[len(run.calls)] = actual
    macs = sum([ran.macs for ran in actual.calls])
    dtypes = tuple(map(actual.dtype, layer.model.outputs))
    steps = tuple(step for ran in actual.calls for step in ran.steps)
    return Ran(tuple(inputs), actual.outputs, dtypes, Inferred(()), macs, steps=steps)


def _accepts(expected: Shape, shape: Shape) -> bool:
    return len(expected) == len(shape) and all(
        size == other or size is UNKNOWN or other is UNKNOWN for size, other in zip(expected, shape)
    )


def _problem(run: Run, call: Call, layer: Layer, inputs: Sequence[Shape | None], refusal: Refusal) -> Problem:
    """A refusal, with the layer's name, what it received and from whom, and the place where it was written."""
    sources = [run.model.layers[run.model.calls[ref.call].layer].name for ref in call.inputs]
    known = [f"{shape_text(shape)} from '{name}'" for shape, name in zip(inputs, sources) if shape is not NOTHING]
    received = listed(known, "and")
    message = f"{layer.class_name} '{layer.name}' {refusal.message}"
    if received:
        message = f"{message}; it receives {received}"
    place = call.place or layer.place
    if place is None:
        return Problem(refusal.code, message, None, layer.name)
    return Problem(refusal.code, message + place.context, place.mark(refusal.argument), layer.name)


# Rows ------------------------------------------------------------------------------------------------------------------


def _rows(run: Run, prefix: str, depth: int, trainable: bool) -> list[LayerReport]:
    """The layers of a model in Keras's order, each followed by those of its nested model."""
    model = run.model
    numbers = call_numbers(model)
    by_layer: dict[int, list[int]] = {}
    for number, call in enumerate(model.calls):
        by_layer.setdefault(call.layer, []).append(number)
    rows: list[LayerReport] = []
    for index in summary_order(model):
        layer = model.layers[index]
        path = prefix + layer.name
        trains = trainable and layer.trainable
        calls = tuple(_call_report(run, number, numbers) for number in by_layer[index])
        inner = run.nested.get(index)
        own_flags = inner is not None and inner.model.own_flags
        below = _rows(inner, path + "/", depth + 1, trains or own_flags) if inner else []
        weights = tuple(own_weight(weight, layer.dtype, trains, _FROZEN) for weight in run.weights.get(index, ()))
        known = layer.model is not None or all(_counted(run.calls[number]) for number in by_layer[index])
        recorded = not known and layer.stored is not None
        if recorded:
            weights, known = _recorded_weights(layer, trains), True
        children = [row for row in below if row.depth == depth + 1]
        macs = known_sum([call.macs for call in calls])
        params = known_sum(
            [parameters(Inferred((), weights)), *(row.params for row in children)] if known else [UNKNOWN]
        )
        kind = layer.kind if isinstance(layer.kind, Operation) else None if layer.model is not None else kind_of(layer)
        below_trained = [row.trainable_in_model for row in children]
        left: tuple[Weight, ...] = ()
        if not trains:  # what a frozen layer holds may yet count as trainable further out
            below_trained = [row.trainable_params for row in children]
            left = tuple(weight for row in children for weight in row.left_trainable)
            if kind is not None and kind.holds and not layer.trainable:
                own = run.weights.get(index, ())
                left = tuple(own_weight(weight, layer.dtype, True, "") for weight in own if weight.trainable)
            if own_flags:
                below_trained, left = [], _trainable_weights(below)
        trained = known_sum([_trained(weights), *below_trained] if known else [UNKNOWN])
        partial = "partial" if any("params" in row.incomplete for row in children) else ""
        labels = {
            "params": params.label or partial,
            "trainable_params": trained.label or partial,
            "non_trainable_params": _split(weights, children),
            "macs": macs.label,
        }
        rows.append(
            LayerReport(
                name=layer.name,
                class_name=layer.class_name,
                path=path,
                depth=depth,
                trainable=trains,
                config=layer.args,
                output_shapes=calls[-1].output_shapes,
                calls=calls,
                weights=weights,
                params=params.value,
                trainable_params=trained.value,
                macs=macs.value,
                incomplete={name: label for name, label in labels.items() if label},
                kind=kind,
                dtype=layer.dtype,
                left_trainable=left,
                own_shapes=inner.outputs if inner else (),
                own_names=layer.model.output_names if layer.model is not None else (),
                recorded=recorded,
                inside=_listed(kind, layer.args, run.calls[by_layer[index][0]].inputs, path, depth + 1, trains),
            )
        )
        rows.extend(below)
    return rows


def _listed(
    kind: LayerType | Operation | None,
    args: Mapping[str, Any],
    inputs: Sequence[Shape | None],
    path: str,
    depth: int,
    trainable: bool,
) -> tuple[LayerReport, ...]:
    """The rows of the layers that a layer lists, each on what the one before it gives."""
    if not isinstance(kind, LayerType) or not kind.lists:
        return ()
    found: list[LayerReport] = []
    shapes = tuple(shape for shape in inputs if shape is not None)
    for each in args[kind.lists]:
        if not isinstance(each, SubLayer) or not shapes:
            break
        inferred = each.infer(*shapes)
        name = each.name or each.kind.name
        trains = trainable and each.trainable
        weights = tuple(own_weight(weight, each.dtype, trains, _FROZEN) for weight in inferred.weights)
        row = LayerReport(
            name=name,
            class_name=each.kind.class_name,
            path=f"{path}/{name}",
            depth=depth,
            trainable=trains,
            config=each.args,
            output_shapes=inferred.outputs,
            calls=(),
            weights=weights,
            params=parameters(inferred),
            trainable_params=_trained(weights),
            macs=UNKNOWN if "macs" in inferred.unknown else sample_macs(inferred),
            incomplete=dict.fromkeys(inferred.unknown, "unknown"),
            kind=each.kind,
            dtype=each.dtype,
            inside=_listed(each.kind, each.args, shapes, f"{path}/{name}", depth + 1, trains),
        )
        found.append(row)
        shapes = tuple(shape for shape in inferred.outputs if shape is not None)
    return tuple(found)


def _counted(ran: Ran) -> bool:
    """Whether a call let its layer's weights be known."""
    return ran.inferred is not None and "params" not in ran.inferred.unknown


def _call_report(run: Run, number: int, numbers: Sequence[int]) -> CallReport:
    model, call, ran = run.model, run.model.calls[number], run.calls[number]
    sources = tuple(
        f"{model.layers[model.calls[ref.call].layer].name}[{numbers[ref.call]}][{ref.output}]" for ref in call.sources
    )
    shapes = (*ran.inputs, *map(run.shape, call.masks))
    return CallReport(sources, shapes, ran.outputs, ran.dtypes, ran.macs, ran.recorded, ran.steps)


def _recorded_weights(layer: Layer, trains: bool) -> tuple[Weight, ...]:
    """The weights that the file stores. Which of them train it does not say, unless none does."""
    return tuple(
        Weight(weight.place, weight.shape, trainable=None if trains else False, why=_FROZEN, dtype=weight.dtype)
        for weight in layer.stored or ()
    )


def _split(weights: Sequence[Weight], rows: Sequence[LayerReport]) -> str:
    """The label of what does not train, where it is not known which weights do."""
    untold = any(weight.trainable is None for weight in weights)
    return "unknown" if untold or any("non_trainable_params" in row.incomplete for row in rows) else ""


def _trained(weights: Sequence[Weight]) -> Number:
    if any(weight.trainable is None for weight in weights):
        return UNKNOWN
    return parameters(Inferred((), tuple(weight for weight in weights if weight.trainable)))


def _trainable_weights(rows: Sequence[LayerReport]) -> tuple[Weight, ...]:
    """The weights that train, and those that count so further out; a nested model's are those of its layers again."""
    own = [weight for row in rows for weight in row.weights if weight.trainable]
    return (*own, *(weight for row in rows if row.kind is not None for weight in row.left_trainable))


def _totals(rows: Sequence[LayerReport], top: Sequence[LayerReport]) -> Totals:
    weights = [weight for row in rows for weight in row.weights]
    # A nested model's are those of its layers again.
    left = tuple(weight for row in rows if row.kind is not None for weight in row.left_trainable)
    counts = {"params": "params", "trainable_params": "trainable_in_model", "macs": "macs"}
    sums = {name: known_sum([getattr(row, count) for row in top]) for name, count in counts.items()}
    labels = {name: total.label or partly(name, top) for name, total in sums.items()}
    labels["non_trainable_params"] = _split((), top)
    if labels["params"]:
        labels["param_bytes"] = "partial" if weights else "unknown"
    return Totals(
        params=sums["params"].value,
        trainable_params=sums["trainable_params"].value,
        param_bytes=weight_bytes(weights) if weights or not labels["params"] else UNKNOWN,
        trainable_bytes=(
            UNKNOWN
            if sums["trainable_params"].value is UNKNOWN
            else weight_bytes([*(w for w in weights if w.trainable), *left])
        ),
        macs=sums["macs"].value,
        incomplete={name: label for name, label in labels.items() if label},
        left_trainable=left,
    )
