"""Runs all calls of a model in order: the engine.

For each call, the layer's rule runs once on the input shapes and gives the output shapes and weights.
:mod:`convcalc.analyse.rows` derives parameters, MACs and totals from these results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from convcalc.analyse.report import Report
from convcalc.analyse.rows import counted_rows, first_rows, is_sublayer, rows_of, totals_of, with_nothing_trainable
from convcalc.analyse.run import UNKNOWN_SHAPE, CallResult, ModelRun, unknown_result
from convcalc.analyse.sums import scale_by_batch, sum_known
from convcalc.base import codes
from convcalc.base.gc_pause import gc_paused
from convcalc.base.identity import IdentityCache
from convcalc.base.numbers import UNKNOWN, Number, Shape, Traced, plain, product, shape_text, traced
from convcalc.base.problems import ConvcalcError, Problem, Refusal, by_place, limited, listed
from convcalc.layers import Inferred, LayerDefinition, Product, apply, known_macs, output_dtypes
from convcalc.layers.arguments import REQUIRED
from convcalc.layers.registry import Args
from convcalc.layers.sublayer import UNKNOWN_RESULT, contains_foreign, with_engine
from convcalc.model import Call, Foreign, ForeignRule, Layer, Model, Ref, is_linear
from convcalc.ops import Operation, Tensor

# No layer has more outputs than this. The limit protects against a file that refers to an output with a huge number.
MAX_UNKNOWN_OUTPUTS = 256
# A template of a custom layer can contain custom layers with templates. The maximum depth:
MAX_TEMPLATES = 16
MAX_LAYERS = 100_000  # the maximum number of layers that all templates together may build


class _Session:
    """The state while one report is computed.

    Attributes:
        problems: the problems found while reading and while running the model.
        runs: the runs of nested models, by model and input shapes.
        results: the results of layers, by arguments, dtypes and input shapes.
        depth: how many templates contain this model.
        gives_advice: True if problems say what to change. False while the model runs again to find advice.
        built: a list with one number: how many layers the templates have built so far. Inner sessions share this list.
    """

    def __init__(self, problems: Sequence[Problem], outer: _Session | None = None) -> None:
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.gives_advice: bool = outer is None or outer.gives_advice
        self.built: list[int] = [0] if outer is None else outer.built
        self.problems = list(problems)
        self.runs: IdentityCache[ModelRun] = IdentityCache()
        self.results: IdentityCache[CallResult] = IdentityCache()

    def alone(self, layer: Layer, definition: LayerDefinition, count: int) -> Inferred | None:
        """Returns the weights of a layer that is called with ``count`` inputs of unknown shapes; None if unknown."""
        from convcalc.analyse.weights_alone import weights_alone

        return weights_alone(layer, definition, count, apply_rule)

    def raise_errors(self) -> None:
        """Raises :class:`ConvcalcError` if any problem is an error."""
        if any(problem.severity == "error" for problem in self.problems):
            raise ConvcalcError(limited(sorted(self.problems, key=by_place)))


def start_session() -> _Session:
    """Returns the state for the runs of one report."""
    return _Session(())


@gc_paused()
def infer(model: Model) -> Report:
    """Returns the shapes, parameters and costs of every layer.

    Raises :class:`ConvcalcError` with all problems: problems found while reading the model, and problems that rules
    report.
    """
    if model.fallback is not None:
        return _infer_declared(model, model.fallback)
    report = _infer(model)
    if model.weights_to_compare:
        from convcalc.analyse.other_weights import with_other_weights

        corrected = with_other_weights(report)
        if corrected is not model:
            return _infer(corrected)
    return report


def _infer_declared(model: Model, fallback: Model) -> Report:
    """Returns the report of a custom model whose layers come from a declaration.

    If the declaration contradicts the model's file, warns and returns the report of ``fallback``: the model without the
    declaration.
    """
    try:
        report = _infer(model)
    except ConvcalcError as failed:
        reason = next(problem for problem in failed.problems if problem.severity == "error").message
    else:
        stored = [weight for _, layer in fallback.walk() for weight in layer.stored or ()]
        given = [weight for row in report.layers for weight in row.weights]
        if fallback.outputs or Counter(w.shape for w in given) == Counter(w.shape for w in stored):
            return report
        counts = [sum(product(weight.shape) for weight in weights) for weights in (given, stored)]
        reason = f"it gives {len(given)} weights with {counts[0]:,} parameters, but the file stores {len(stored)} with {counts[1]:,}"
    message = f"{model.source}: the declaration of {model.class_name} in {model.declared_in} is not used: {reason}"
    problem = Problem(codes.UNKNOWN_LAYER, message, None, None, "warning")
    return _infer(fallback._replace(problems=(*fallback.problems, problem)))


def infer_part(model: Model) -> Report:
    """Returns the report of a model with errors: what is known of each layer. Its ``problems`` contain the errors."""
    return _infer(model, with_errors=True)


def _infer(model: Model, with_errors: bool = False) -> Report:
    session = _Session(model.problems)
    run = run_calls(model, None, session)
    if not with_errors:
        session.raise_errors()
    rows = rows_of(run, "", 0, True)
    totals = totals_of(rows, model.stored, model.has_more_weights)
    if model.subclassed:
        rows = [row for row in rows if row.depth > 0 or is_sublayer(row)]
    return Report(
        model=model,
        layers=tuple(rows),
        totals=totals if model.trainable else with_nothing_trainable(totals),
        input_shapes=tuple(map(run.shape, model.inputs)),
        output_shapes=run.outputs,
        linear=is_linear(model),
        run=run,
        problems=tuple(session.problems),
    )


def infer_inner_model(model: Model, shapes: Sequence[Shape]) -> Inferred:
    """Returns the result of a model that is an argument of a layer such as TimeDistributed.

    Raises :class:`Refusal` if the model does not accept the shapes.
    """
    try:
        run = run_on(model, [tuple(map(plain, shape)) for shape in shapes])
    except ConvcalcError as failed:
        first = next(problem for problem in failed.problems if problem.severity == "error")
        raise Refusal(f"contains a model with an error: {first.message}", first.code) from None
    rows = rows_of(run, "", 0, True)
    weights = [
        weight._replace(name=f"{row.path}/{weight.name}", multiplied_per_sample=0)
        for row in first_rows(counted_rows(rows))
        for weight in row.weights
    ]
    unknown = {name for row in rows for name in row.incomplete if name in ("params", "macs")}
    macs = sum_known([result.macs for result in run.results])
    products = (Product("the model", macs.value),) if macs.value != 0 else ()
    dtypes = tuple(map(run.dtype, run.output_refs))
    return Inferred(run.outputs, tuple(weights), products, dtype=dtypes, unknown=frozenset(unknown))


def run_on(model: Model, shapes: Sequence[Shape | None]) -> ModelRun:
    """Runs the model on inputs of these shapes. Raises :class:`ConvcalcError` if the model does not accept these
    shapes.
    """
    session = _Session(model.problems)
    run = run_calls(model, shapes, session)
    session.raise_errors()
    return run


def run_calls(
    model: Model, shapes: Sequence[Shape | None] | None, session: _Session, built: ModelRun | None = None
) -> ModelRun:
    """Runs all calls of the model on inputs of these shapes (None: the model's own input shapes).

    ``built`` is given only for a nested model: its run on its own input shapes. Keras created the weights for these
    shapes.
    """
    run = ModelRun(model)
    layers, results = model.layers, run.results
    inputs_by_call = {} if shapes is None else dict(zip((ref.call for ref in model.inputs), shapes))
    for number, call in enumerate(model.calls):
        layer = layers[call.layer]
        if number in inputs_by_call:
            results.append(CallResult((), (inputs_by_call[number],), (layer.dtype,), Inferred(()), 0))
            continue
        inputs = run.shapes(call.inputs)
        if call.constants:
            inputs = call.with_constants(inputs, attrgetter("shape"))
        definition = layer.definition
        try:
            if isinstance(definition, LayerDefinition) and not layer.broken and UNKNOWN_SHAPE not in inputs:
                result = _call_layer(run, call, layer, definition, inputs, session)
            else:
                result = _call_other(run, call, layer, inputs, session)
            results.append(_with_recorded(result, call, layer, model, session) if call.recorded else result)
        except Refusal as refusal:
            problem = _problem(run, call, layer, inputs, refusal, session)
            result = unknown_result(inputs)
            if built is not None and refusal.code in _UNCHECKED:
                known = _call_with_known_features(run, call, layer, inputs, built.shapes(call.inputs))
                message = f"{problem.message}: Keras does not check this in a nested model, so the output is unknown"
                problem = problem._replace(message=message, severity="warning")
                result = known or result
            if result.inferred is None:
                session.problems.append(problem)
            results.append(result)
    _add_used_outputs(run)
    for ref in model.outputs:
        if missing := _missing_output(run, ref):
            mark = model.place.mark("outputs") if model.place else None
            session.problems.append(Problem(codes.NO_SUCH_OUTPUT, f"the model '{model.name}' returns {missing}", mark))
    return run


# Keras does not report these problems if a nested model is called on inputs of other shapes.
_UNCHECKED = (codes.WRONG_RANK, codes.UNKNOWN_SIZE)


def _call_with_known_features(
    run: ModelRun, call: Call, layer: Layer, inputs: Sequence[Shape | None], own: Sequence[Shape | None]
) -> CallResult | None:
    """Returns the result of a layer of a nested model whose input has an unknown size; None if the rule refuses the
    inputs.

    Example: a Dense layer was built for 7 features, and now gets an unknown number. Its rule runs with 7. Output sizes
    that depend on the 7 become unknown.
    """
    definition = layer.definition
    if not isinstance(definition, LayerDefinition) or definition.template is not None:
        return None
    if UNKNOWN_SHAPE in inputs or UNKNOWN_SHAPE in own or call.constants:
        return None
    shapes = tuple([_with_known_sizes(shape or (), other or ()) for shape, other in zip(inputs, own)])
    input_dtype = run.dtype(call.inputs[0]) if call.inputs else ""
    try:
        result = _apply_layer(definition, {**layer.args, **call.args}, shapes, input_dtype, layer.dtype)
    except Refusal:
        return None
    outputs = tuple(
        [shape and tuple([UNKNOWN if isinstance(size, Traced) else size for size in shape]) for shape in result.outputs]
    )
    inferred = Inferred(outputs, unknown=frozenset({"macs", "flops"}))
    return result._replace(inputs=tuple(inputs), outputs=outputs, inferred=inferred, macs=UNKNOWN)


def _with_known_sizes(shape: Shape, own: Shape) -> Shape:
    """Fills in unknown sizes: ``(None, None)`` and ``own = (None, 7)`` give ``(None, 7)``.

    Shapes of different lengths are aligned at their last axes. The caller recognises the new sizes, because they are
    :class:`Traced`.
    """
    missing = len(shape) - len(own)
    return tuple(
        [
            traced(own[axis - missing]) if size is UNKNOWN and axis >= max(missing, 0) + 1 else size
            for axis, size in enumerate(shape)
        ]
    )


def _may_have_more(result: CallResult) -> bool:
    """Returns True if the call may have outputs that are missing in ``result``, because no rule computed them."""
    return result.inferred is None or result.recorded or UNKNOWN_SHAPE in result.outputs


def _add_used_outputs(run: ModelRun) -> None:
    """Gives each call with an unknown number of outputs all the outputs that the model uses."""
    model, results = run.model, run.results
    if not any(map(_may_have_more, results)):
        return
    used: dict[int, int] = {}
    for refs in (model.outputs, *[call.sources for call in model.calls]):
        for ref in refs:
            if used.get(ref.call, 0) < ref.output < MAX_UNKNOWN_OUTPUTS:
                used[ref.call] = ref.output
    inputs = {ref.call for ref in model.inputs}
    for number, output in used.items():
        result = results[number]
        if output >= len(result.outputs) and number not in inputs and _may_have_more(result):
            outputs, dtypes = list(result.outputs), list(result.dtypes)
            _pad(outputs, dtypes, output + 1)
            results[number] = result._replace(outputs=tuple(outputs), dtypes=tuple(dtypes))


def _pad(outputs: list[Shape | None], dtypes: list[str], count: int) -> None:
    """Appends outputs of unknown shape and dtype until there are ``count`` outputs."""
    missing = count - len(outputs)
    outputs += [UNKNOWN_SHAPE] * missing
    dtypes += [""] * missing


def _missing_output(run: ModelRun, ref: Ref) -> str:
    """Returns an error text, such as ``output 2 of 'lstm', …``, if a call does not have the output ``ref``.

    Returns an empty string if the output exists, or if the number of outputs is unknown.
    """
    result = run.results[ref.call]
    may_have_more = _may_have_more(result) and Ref(ref.call) not in run.model.inputs
    count = len(result.outputs)
    if ref.output < count or may_have_more:
        return ""
    name = run.model.layer_of(ref).name
    return f"output {ref.output} of '{name}', which has {count} output{'s' * (count != 1)}, counted from 0"


def _with_recorded(result: CallResult, call: Call, layer: Layer, model: Model, session: _Session) -> CallResult:
    """Returns the result with unknown output shapes replaced by the shapes in the file.

    Warns if an inferred shape differs from the shape in the file.
    """
    for number, (shape, _) in call.recorded.items():
        if number >= len(result.outputs) or result.outputs[number] != shape:
            break
    else:  # the usual case: the result does not change
        return result
    outputs, dtypes = list(result.outputs), list(result.dtypes)
    recorded = False
    # A layer with an output of unknown shape may have more outputs: add those that the file records.
    may_have_more = UNKNOWN_SHAPE in outputs
    for number, (shape, dtype) in sorted(call.recorded.items()):
        if number >= len(outputs):
            if not may_have_more or shape is UNKNOWN_SHAPE or number >= MAX_UNKNOWN_OUTPUTS:
                continue
            _pad(outputs, dtypes, number + 1)
        if shape and shape[0] is UNKNOWN and result.inputs and result.inputs[0]:
            shape = (
                result.inputs[0][0],
                *shape[1:],
            )  # the file does not state the batch size: use the batch size of the input
        inferred = outputs[number]
        if inferred is UNKNOWN_SHAPE and shape is not UNKNOWN_SHAPE:
            outputs[number], dtypes[number] = shape, dtype
            recorded = True
        elif inferred is not UNKNOWN_SHAPE and shape is not UNKNOWN_SHAPE and not _are_compatible(inferred, shape):
            shapes = f"returns {shape_text(inferred)}, but the file records {shape_text(shape)}"
            message = f"{layer.class_name} '{layer.name}' {shapes}"
            session.problems.append(Problem(codes.RECORDED_SHAPE, message, None, layer.name, "warning"))
    may_have_more = result.may_have_more_outputs and not (recorded and _records_all_outputs(layer, model))
    return result._replace(
        outputs=tuple(outputs), dtypes=tuple(dtypes), recorded=recorded, may_have_more_outputs=may_have_more
    )


def _records_all_outputs(layer: Layer, model: Model) -> bool:
    """Returns True if the file records either all outputs of a layer or none.

    This holds for Sequential models, and for custom layers in a spec. Functional models record only the outputs that
    are used.
    """
    definition = layer.definition
    is_in_spec = isinstance(definition, Foreign) and definition.class_known and definition.config is None
    return model.class_name == "Sequential" or is_in_spec


def _call_other(
    run: ModelRun, call: Call, layer: Layer, inputs: tuple[Shape | None, ...], session: _Session
) -> CallResult:
    """Runs a call of an operation, a nested model or an unknown class, or a call with unknown inputs."""
    has_unknown_input = UNKNOWN_SHAPE in inputs
    if has_unknown_input:
        for ref in call.inputs:
            if missing := _missing_output(run, ref):
                raise Refusal(f"uses {missing}", codes.NO_SUCH_OUTPUT, "from")
    definition = layer.definition
    if layer.broken or (has_unknown_input and isinstance(definition, Model)):
        if isinstance(definition, Model) and call.layer not in run.nested:
            run.nested[call.layer] = run_calls(definition, None, session)
        return unknown_result(inputs)
    if isinstance(definition, Operation):
        return _call_operation(run, call, definition, layer, inputs)
    any_rank = tuple([(UNKNOWN,) if shape is None else shape for shape in inputs])
    if isinstance(definition, Model):
        return _call_model(run, call, definition, any_rank, session)
    if isinstance(definition, LayerDefinition) and definition.is_opaque:
        return _call_layer(run, call, layer, definition, any_rank, session)
    result = unknown_result(inputs)
    if isinstance(definition, Foreign):
        if not definition.called:
            return result._replace(macs=0)
        result = result._replace(may_have_more_outputs=True)
    if isinstance(definition, Foreign) and definition.rule is not None:
        if not has_unknown_input:
            return _call_foreign(run, call, layer, definition.rule, inputs, session)
        definition, layer = definition.rule.definition, layer._replace(args=definition.rule.args)
    if (
        isinstance(definition, LayerDefinition)
        and has_unknown_input
        and not definition.provider
        and not definition.template
    ):
        alone = session.alone(layer, definition, len(inputs))
        if alone is not None:
            run.weights_alone[call.layer] = alone.weights
            if not alone.weights and not alone.products and "macs" not in alone.unknown:
                return result._replace(macs=0)
    return result


def _call_layer(
    run: ModelRun,
    call: Call,
    layer: Layer,
    definition: LayerDefinition,
    inputs: tuple[Shape | None, ...],
    session: _Session,
) -> CallResult:
    """Runs the rule of a layer, only once for equal layers with equal inputs."""
    input_dtype = run.dtype(call.inputs[0]) if call.inputs else ""
    if call.constants and call.constants[0][0] == 0:
        input_dtype = call.constants[0][1].dtype
    # Equal arguments are one object (the readers ensure this), so ids are compared. A template depends on the dtypes of
    # all inputs, other rules only on the first.
    dtypes = (input_dtype,) if definition.template is None else tuple(map(run.dtype, call.inputs))
    objects, values = (definition, layer.args, call.args), (layer.dtype, dtypes, inputs)
    result = session.results.get(*objects, equal=values)
    if result is None:
        args = {**layer.args, **call.args} if call.args else layer.args
        if definition.template is None:
            if run.model.keras2 and definition.axes and inputs and len(inputs[0] or ()) - 1 > len(definition.axes):
                definition = _with_more_axes(definition)
            computed = _apply_layer(definition, args, inputs, input_dtype, layer.dtype)
        else:
            computed = _apply_template(definition, args, list(zip(inputs, dtypes)), layer.dtype, session)
        result = session.results.add(computed, *objects, equal=values)
    assert result.inferred is not None
    weights, first = result.inferred.weights, run.weights[call.layer]
    if first is None:
        run.weights[call.layer] = weights
        if result.nested is not None:
            run.nested[call.layer] = result.nested
    elif first is not weights and [weight.shape for weight in first] != [weight.shape for weight in weights]:
        raise Refusal("is called again, but this input needs weights of other shapes", codes.SHARED_WEIGHTS)
    return result


def _with_more_axes(definition: LayerDefinition) -> LayerDefinition:
    """Returns the definition of a layer of Keras 2 for inputs with additional axes, such as videos for a Conv2D."""
    from convcalc.layers.keras2 import with_more_axes  # imported lazily: few files need it

    return with_more_axes(definition)


def _call_foreign(
    run: ModelRun, call: Call, layer: Layer, rule: ForeignRule, inputs: tuple[Shape | None, ...], session: _Session
) -> CallResult:
    """Runs the rule that is declared for a custom class.

    If the rule fails or contradicts the file, adds a warning and returns an unknown result.
    """
    definition: LayerDefinition = rule.definition
    result = None
    try:
        if rule.misfit:
            raise Refusal(rule.misfit)
        result = _call_layer(run, call, layer._replace(args=rule.args), definition, inputs, session)
        reason = _contradiction(result, call, layer)
    except Refusal as refusal:
        reason = refusal.message
    if result is not None and not reason:
        return result
    run.weights[call.layer] = None
    run.nested.pop(call.layer, None)
    about = f"{layer.class_name} '{layer.name}'"
    message = f"{about}: its declaration in {rule.source} is not used, because it {reason}; only what the file records is known"
    problem = Problem(codes.UNKNOWN_LAYER, message, None, layer.name, "warning")
    if problem not in session.problems:
        session.problems.append(problem)
    return unknown_result(inputs)._replace(may_have_more_outputs=True)


def _contradiction(result: CallResult, call: Call, layer: Layer) -> str:
    """Returns how the result of a declared rule contradicts the file; an empty string if they agree."""
    assert result.inferred is not None
    for number, (shape, _) in call.recorded.items():
        if number >= len(result.outputs):
            return f"gives {len(result.outputs)} outputs, but the file records a shape for output {number} (counted from 0)"
        inferred = result.outputs[number]
        if inferred is not None and shape is not None and not _are_compatible(inferred, shape):
            return f"gives the output {shape_text(inferred)}, but the file records {shape_text(shape)}"
    if layer.stored is None:
        return ""
    if "params" in result.inferred.unknown:
        return "does not give all weights that the file stores" if result.nested is not None else ""
    given = Counter(weight.shape for weight in result.inferred.weights)
    stored = Counter(weight.shape for weight in layer.stored)
    if given == stored:
        return ""
    shapes = [", ".join(map(shape_text, counts.elements())) or "none" for counts in (given, stored)]
    return f"gives the weights {shapes[0]}, but the file stores {shapes[1]}"


def _apply_layer(
    definition: LayerDefinition, args: Args, inputs: tuple[Any, ...], input_dtype: str, policy: str
) -> CallResult:
    args = _runnable(definition, args)
    try:
        inferred = apply_rule(definition, args, inputs, policy)
    except Refusal:
        raise
    except (Exception, SystemExit) as failed:  # the rule of another package may raise anything
        if not definition.provider:
            raise
        message = f"has a rule of {definition.provider} that raises {type(failed).__name__}: {failed}"
        raise Refusal(message, codes.PLUGIN) from failed
    dtypes = output_dtypes(inferred, input_dtype, policy)
    macs = scale_by_batch(known_macs(inferred), inputs)
    is_open = UNKNOWN_SHAPE in inferred.outputs and (definition.is_opaque or inferred is UNKNOWN_RESULT)
    return CallResult(inputs, inferred.outputs, dtypes, inferred, macs, definition, args, may_have_more_outputs=is_open)


def _too_deep() -> Refusal:
    limits = f"{MAX_TEMPLATES} levels or {MAX_LAYERS:,} layers"
    return Refusal(f"contains too many custom layers inside each other: the maximum is {limits}", codes.TOO_DEEP)


def _apply_template(
    definition: LayerDefinition, args: Args, inputs: Sequence[Any], policy: str, outer: _Session
) -> CallResult:
    """Builds the layers inside a custom layer from its template, and runs them.

    Raises :class:`Refusal` if the layers cannot be built or run.
    """
    assert definition.template is not None
    if outer.depth >= MAX_TEMPLATES:
        raise _too_deep()
    missing = [
        argument for argument in definition.arguments if argument.default is REQUIRED and argument.name not in args
    ]
    if missing:
        raise Refusal(f"needs the argument '{missing[0].name}'", codes.MISSING_ARGUMENT)
    model = definition.template({**definition.defaults, **args}, inputs, policy)
    session = _Session(model.problems, outer)
    session.built[0] += len(model.layers)
    if session.built[0] > MAX_LAYERS:
        raise _too_deep()
    try:
        nested = run_calls(model, [shape for shape, _ in inputs], session)
        session.raise_errors()
    except ConvcalcError as failed:
        first = next(problem for problem in failed.problems if problem.severity == "error")
        if first.code == codes.TOO_DEEP:
            # Raises the error without a prefix. Otherwise each level would add "contains a layer with an error".
            raise _too_deep() from None
        raise Refusal(f"contains a layer with an error: {first.message}", first.code) from None
    rows = rows_of(nested, "", 0, True)
    weights = [
        weight._replace(name=f"{row.path}/{weight.name}", multiplied_per_sample=0)
        for row in first_rows(counted_rows(rows))
        for weight in row.weights
    ]
    unknown = frozenset(name for row in rows for name in row.incomplete if name in ("params", "macs"))
    macs = sum([result.macs for result in nested.results])
    dtypes = tuple(map(nested.dtype, nested.output_refs))
    inferred = Inferred(nested.outputs, tuple(weights), unknown=unknown)
    shapes = tuple(shape for shape, _ in inputs)
    return CallResult(shapes, nested.outputs, dtypes, inferred, macs, definition, args, nested=nested)


def apply_rule(definition: LayerDefinition, args: Args, inputs: Sequence[Any], policy: str) -> Inferred:
    """Runs a layer's rule (:func:`convcalc.layers.apply`). A model among the arguments is run by this engine."""
    if _takes_layers(definition) and contains_foreign(args):
        return UNKNOWN_RESULT
    return apply(definition, _runnable(definition, args), inputs, policy)


def _runnable(definition: LayerDefinition, args: Args) -> Args:
    """Returns a layer's arguments, in a form in which the layer's rule can run models among them."""
    return with_engine(args, infer_inner_model) if _takes_layers(definition) else args


def _takes_layers(definition: LayerDefinition) -> bool:
    return definition.contains_layers or bool(definition.sublayers_argument)


def _call_operation(
    run: ModelRun, call: Call, operation: Operation, layer: Layer, inputs: tuple[Shape | None, ...]
) -> CallResult:
    if UNKNOWN_SHAPE in inputs:
        return unknown_result(inputs)
    tensors = [Tensor(shape or (), run.dtype(ref), run.value(ref)) for shape, ref in zip(inputs, call.inputs)]
    inferred = operation.infer(layer.args, call.args, tensors)
    dtypes = output_dtypes(inferred, "", "")
    args = {**layer.args, **call.args}
    return CallResult(inputs, inferred.outputs, dtypes, inferred, known_macs(inferred), operation, args)


def _call_model(run: ModelRun, call: Call, model: Model, inputs: tuple[Shape, ...], session: _Session) -> CallResult:
    """Runs a nested model on the input shapes of the call.

    The model also runs once on its own input shapes, because the report shows those results.
    """
    own_run = run.nested.get(call.layer)
    if own_run is None:
        own_run = run.nested[call.layer] = run_calls(model, None, session)
    own_inputs = tuple(map(own_run.shape, model.inputs))
    count = len(own_inputs)
    if count != len(inputs):
        raise Refusal(f"is a model with {count} input{'s' * (count != 1)}, but gets {len(inputs)}", codes.WRONG_INPUTS)
    # A custom model class calls the layers of a Sequential directly, so Keras does not check the Sequential's input.
    unchecked = model.keras2 or (run.model.subclassed and model.class_name == "Sequential")
    for expected, shape in zip(own_inputs, inputs):
        if expected is not None and not unchecked and not _accepts(expected, shape):
            raise Refusal(f"is a model that expects an input of shape {shape_text(expected)}", codes.WRONG_SHAPE)
    nested = own_run
    if own_inputs != inputs:
        cached = session.runs.get(model, equal=inputs)
        nested = cached or session.runs.add(_run_elsewhere(model, inputs, own_run, session), model, equal=inputs)
        if model.keras2 and not _has_same_weights(own_run, nested):
            raise Refusal("is called on an input that needs weights of other shapes", codes.SHARED_WEIGHTS)
    macs = sum([result.macs for result in nested.results])
    dtypes = tuple(map(nested.dtype, nested.output_refs)) or ("",)
    # A Sequential returns all outputs of its last layer. The number of these outputs may be unknown.
    is_open = model.class_name == "Sequential" and any(
        nested.results[ref.call].may_have_more_outputs for ref in model.outputs
    )
    return CallResult(inputs, nested.outputs, dtypes, Inferred(()), macs, nested=nested, may_have_more_outputs=is_open)


def _run_elsewhere(model: Model, inputs: tuple[Shape, ...], own_run: ModelRun, session: _Session) -> ModelRun:
    """Runs a nested model on inputs of other shapes than its own.

    The output shapes in the file are valid only for the model's own inputs. For Keras 2, they are ignored.
    """
    if not model.keras2:
        return run_calls(model, inputs, session, own_run)
    calls = tuple(call._replace(recorded={}) if call.recorded else call for call in model.calls)
    return run_calls(model._replace(calls=calls), inputs, session)


def _has_same_weights(run: ModelRun, other: ModelRun) -> bool:
    """Returns True if two runs of a model give the same weight shapes. Unknown weights count as the same."""
    return all(
        first is None or second is None or [weight.shape for weight in first] == [weight.shape for weight in second]
        for first, second in zip(run.weights, other.weights)
    )


def _accepts(expected: Shape, shape: Shape) -> bool:
    """Returns True if a model with the input shape ``expected`` accepts ``shape``, like Keras's
    ``assert_input_compatibility``.

    The check ignores batch sizes, a last axis of size 1, and additional axes at the end.
    """
    return all(map(_may_equal, _without_last_one(expected)[1:], _without_last_one(shape)[1:]))


def _may_equal(size: Number, other: Number) -> bool:
    return size == other or plain(size) is UNKNOWN or plain(other) is UNKNOWN


def _without_last_one(shape: Shape) -> Shape:
    return shape[:-1] if shape and shape[-1] == 1 else shape


def _are_compatible(expected: Shape, shape: Shape) -> bool:
    """Returns True if both shapes have the same rank and sizes. An unknown size equals every size."""
    return len(expected) == len(shape) and all(map(_may_equal, expected, shape))


def _advice(
    run: ModelRun, call: Call, layer: Layer, inputs: Sequence[Shape | None], refusal: Refusal, session: _Session
) -> str:
    """Returns the text ``; …`` that says what to change; "" if that is unknown."""
    from convcalc.analyse.cures import cure  # imported lazily: most models have no problem

    def fits(shapes: Sequence[Shape]) -> bool:
        session.gives_advice = False  # the model is run again only for its first problem of this kind
        other = _Session(())
        other.gives_advice = False
        run_calls(run.model, shapes, other)
        return all(problem.layer != layer.name for problem in other.problems)

    advice = cure(run, call, layer, inputs, refusal, fits)
    return f"; {advice}" if advice else ""


def _problem(
    run: ModelRun, call: Call, layer: Layer, inputs: Sequence[Shape | None], refusal: Refusal, session: _Session
) -> Problem:
    """Returns the problem for a refused call, with the name of the layer, advice, the input shapes and the source
    position.
    """
    names = [f"from '{run.model.layer_of(ref).name}'" for ref in call.inputs]
    sources = call.with_constants(names, lambda constant: "from a constant")
    received = [f"{shape_text(shape)} {source}" for shape, source in zip(inputs, sources) if shape is not UNKNOWN_SHAPE]
    message = f"{layer.class_name} '{layer.name}' {refusal.message}"
    if session.gives_advice:
        message += _advice(run, call, layer, inputs, refusal, session)
    if received:
        message = f"{message}; it receives {listed(received, 'and')}"
    place = call.place or layer.place
    if place is None:
        return Problem(refusal.code, message, None, layer.name)
    return Problem(refusal.code, message + place.context, place.mark(refusal.argument), layer.name)
