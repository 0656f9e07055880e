"""The shape-inference engine: one walk over a model's calls, in their order. :mod:`convcalc.analyse.rows` makes its rows.

For each call the layer's rule runs once on the shapes that reach it. Parameters, MACs and totals are derived from what
the rule returns; nothing is computed a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.analyse.report import Report
from convcalc.analyse.rows import rows_of, totals_of
from convcalc.analyse.run import NOTHING, Ran, Run, Step
from convcalc.analyse.sums import scale_by_batch, sum_known
from convcalc.base import codes
from convcalc.base.gc_pause import gc_paused
from convcalc.base.numbers import UNKNOWN, Shape, plain, shape_text
from convcalc.base.problems import ConvcalcError, Problem, Refusal, by_place, listed
from convcalc.layers import Inferred, LayerDefinition, Product, apply, known_macs, output_dtypes
from convcalc.layers.registry import Args
from convcalc.layers.sublayer import with_engine
from convcalc.model import Call, Layer, Model, Ref, is_linear
from convcalc.ops import Operation, Tensor

# What a layer does that is broken, or whose class is not known.
NO_STEP = Step(None, {}, (), None)


class _Work:
    """What all runs of one report share: problems, and what was worked out before: layers by all that tells them apart, nested
    models by the inputs that reached them.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.runs: dict[tuple[int, tuple[Shape | None, ...]], Run] = {}
        self.alike: dict[tuple[object, ...], Ran] = {}


@gc_paused()
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
    rows = rows_of(run, "", 0, True)
    totals = totals_of(rows)
    return Report(
        model=model,
        layers=tuple(rows),
        totals=totals if model.trainable else totals._replace(trainable_params=0, trainable_bytes=0),
        input_shapes=tuple(map(run.shape, model.inputs)),
        output_shapes=run.outputs,
        linear=is_linear(model),
        run=run,
        problems=tuple(problems),
    )


def of_model(model: Model, shapes: Sequence[Shape]) -> Inferred:
    """What a model comes to on given shapes, as a layer's rule tells it: for a model that stands inside of a layer.

    Raises :class:`Refusal` where it does not work out on them.
    """
    try:
        run = run_on(model, [tuple(map(plain, shape)) for shape in shapes])
    except ConvcalcError as failed:
        first = next(problem for problem in failed.problems if problem.severity == "error")
        raise Refusal(f"holds a model that does not work out: {first.message}", first.code) from None
    rows = rows_of(run, "", 0, True)
    weights = [
        weight._replace(name=f"{row.path}/{weight.name}", multiplied_per_sample=0)
        for row in rows
        for weight in row.weights
    ]
    unknown = {name for row in rows for name in row.incomplete if name in ("params", "macs")}
    macs = sum_known([ran.macs for ran in run.calls])
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
    layers, done = model.layers, run.calls
    given = {} if shapes is None else dict(zip((ref.call for ref in model.inputs), shapes))
    for number, call in enumerate(model.calls):
        layer = layers[call.layer]
        if number in given:
            done.append(Ran((), (given[number],), (layer.dtype,), Inferred(()), 0))
            continue
        inputs = run.shapes(call.inputs)
        definition = layer.definition
        try:
            if isinstance(definition, LayerDefinition) and not layer.broken and NOTHING not in inputs:
                ran = _call_layer(run, call, layer, definition, inputs, work)
            else:
                ran = _call_other(run, call, layer, inputs, work)
            done.append(_with_recorded(ran, call, layer, work) if call.recorded else ran)
        except Refusal as refusal:
            work.problems.append(_problem(run, call, layer, inputs, refusal))
            done.append(Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, step=NO_STEP))
    for ref in model.outputs:
        if missing := _missing(run, ref):
            mark = model.place.mark("outputs") if model.place else None
            work.problems.append(Problem(codes.NO_SUCH_OUTPUT, f"the model '{model.name}' gives {missing}", mark))
    return run


def _missing(run: Run, ref: Ref) -> str:
    """The tensor in words, and how many its call has, where that is too few; empty where the call has it, or may have it.

    An input is one tensor, though nothing be known of its class: a run on given shapes has no more of it.
    """
    ran = run.calls[ref.call]
    open_ended = (ran.inferred is None or NOTHING in ran.outputs) and Ref(ref.call) not in run.model.inputs
    if ref.output < len(ran.outputs) or open_ended:
        return ""
    name = run.model.layer_of(ref).name
    return f"output {ref.output} of '{name}', which has {len(ran.outputs)}"


def _with_recorded(ran: Ran, call: Call, layer: Layer, work: _Work) -> Ran:
    """The call with what its file records of outputs that cannot be inferred. Where both are known and differ, that is a
    warning.
    """
    for number, (shape, _) in call.recorded.items():
        if number >= len(ran.outputs) or ran.outputs[number] != shape:
            break
    else:  # as it is nearly always
        return ran
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
            work.problems.append(Problem(codes.RECORDED_SHAPE, message, None, layer.name, "warning"))
    return ran._replace(outputs=tuple(outputs), dtypes=tuple(dtypes), recorded=recorded)


def _call_other(run: Run, call: Call, layer: Layer, inputs: tuple[Shape | None, ...], work: _Work) -> Ran:
    """A call of what is no layer of the catalogue, or of one that does not receive all that it needs."""
    missing = NOTHING in inputs
    if missing:
        for ref in call.inputs:
            if words := _missing(run, ref):
                raise Refusal(f"asks for {words}", codes.NO_SUCH_OUTPUT, "from")
    definition = layer.definition
    if layer.broken or (missing and isinstance(definition, Model)):
        if isinstance(definition, Model) and call.layer not in run.nested:
            run.nested[call.layer] = _run(definition, None, work)
        return Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, step=NO_STEP)
    if isinstance(definition, Operation):
        return _call_operation(run, call, definition, layer, inputs)
    known = tuple([(UNKNOWN,) if shape is None else shape for shape in inputs])
    if isinstance(definition, Model):
        return _call_model(run, call, definition, known, work)
    if isinstance(definition, LayerDefinition) and definition.is_opaque:
        return _call_layer(run, call, layer, definition, known, work)
    return Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, step=NO_STEP)


def _call_layer(
    run: Run, call: Call, layer: Layer, definition: LayerDefinition, inputs: tuple[Shape | None, ...], work: _Work
) -> Ran:
    """A layer's rule as it runs on inputs, all of which are known. Layers that are alike are worked out once, which saves the
    most memory in models of many.
    """
    given = run.dtype(call.inputs[0]) if call.inputs else ""
    # Readers make one object of arguments that are equal. It lasts as long as the model does.
    alike = (id(definition), id(layer.args), id(call.args), layer.dtype, given, inputs)
    ran = work.alike.get(alike)
    if ran is None:
        args = {**layer.args, **call.args} if call.args else layer.args
        ran = work.alike[alike] = _applied(definition, args, inputs, given, layer.dtype)
    assert ran.inferred is not None
    weights, first = ran.inferred.weights, run.weights[call.layer]
    if first is None:
        run.weights[call.layer] = weights
    elif first is not weights and [weight.shape for weight in first] != [weight.shape for weight in weights]:
        raise Refusal("is called again on an input for which its weights would have other shapes", codes.SHARED_WEIGHTS)
    return ran


def _applied(definition: LayerDefinition, args: Args, inputs: tuple[Any, ...], given: str, policy: str) -> Ran:
    """The result of a layer's rule, on inputs of which the first is of type ``given``."""
    inferred = apply_rule(definition, args, inputs, policy)
    dtypes = output_dtypes(inferred, given, policy)
    macs = scale_by_batch(known_macs(inferred), inputs)
    return Ran(inputs, inferred.outputs, dtypes, inferred, macs, step=Step(definition, args, inputs, inferred))


def apply_rule(definition: LayerDefinition, args: Args, inputs: Sequence[Any], policy: str) -> Inferred:
    """:func:`convcalc.layers.apply`, with this engine for the models among the arguments."""
    return apply(definition, with_engine(args, of_model) if definition.contains_layers else args, inputs, policy)


def _call_operation(run: Run, call: Call, kind: Operation, layer: Layer, inputs: tuple[Shape | None, ...]) -> Ran:
    if NOTHING in inputs:
        return Ran(inputs, (NOTHING,), ("",), None, UNKNOWN, step=NO_STEP)
    tensors = [Tensor(shape or (), run.dtype(ref)) for shape, ref in zip(inputs, call.inputs)]
    inferred = kind.infer(layer.args, call.args, tensors)
    dtypes = output_dtypes(inferred, "", "")
    step = Step(kind, {**layer.args, **call.args}, [tensor.shape for tensor in tensors], inferred)
    return Ran(inputs, inferred.outputs, dtypes, inferred, known_macs(inferred), step)


def _call_model(run: Run, call: Call, model: Model, inputs: tuple[Shape, ...], work: _Work) -> Ran:
    """A nested model: run once on its own inputs, whose rows are shown, and on those that reach it where they differ."""
    inner = run.nested.get(call.layer)
    if inner is None:
        inner = run.nested[call.layer] = _run(model, None, work)
    own = tuple(map(inner.shape, model.inputs))
    if len(own) != len(inputs):
        raise Refusal(
            f"is a model with {len(own)} input{'s' * (len(own) != 1)}, and is given {len(inputs)}", codes.WRONG_INPUTS
        )
    for expected, shape in zip(own, inputs):
        if expected is not None and not _accepts(expected, shape):
            raise Refusal(f"is a model that expects an input of {shape_text(expected)}", codes.WRONG_SHAPE)
    actual = inner
    if own != inputs:
        key = (id(model), inputs)
        if key not in work.runs:
            work.runs[key] = _run(model, inputs, work)
        actual = work.runs[key]
    macs = sum([ran.macs for ran in actual.calls])
    dtypes = tuple(map(actual.dtype, model.outputs))
    return Ran(inputs, actual.outputs, dtypes, Inferred(()), macs, inside=actual)


def _accepts(expected: Shape, shape: Shape) -> bool:
    return len(expected) == len(shape) and all(
        size == other or size is UNKNOWN or other is UNKNOWN for size, other in zip(expected, shape)
    )


def _problem(run: Run, call: Call, layer: Layer, inputs: Sequence[Shape | None], refusal: Refusal) -> Problem:
    """A refusal, with the layer's name, what it received and from whom, and the place where it was written."""
    sources = [run.model.layer_of(ref).name for ref in call.inputs]
    known = [f"{shape_text(shape)} from '{name}'" for shape, name in zip(inputs, sources) if shape is not NOTHING]
    received = listed(known, "and")
    message = f"{layer.class_name} '{layer.name}' {refusal.message}"
    if received:
        message = f"{message}; it receives {received}"
    place = call.place or layer.place
    if place is None:
        return Problem(refusal.code, message, None, layer.name)
    return Problem(refusal.code, message + place.context, place.mark(refusal.argument), layer.name)
