"""Makes the rows of a report (parameters of each layer, total and trainable) and their sums."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from convcalc.analyse.report import CallReport, Counts, LayerReport, Totals, weight_bytes
from convcalc.analyse.run import CallResult, ModelRun
from convcalc.analyse.sums import PartialSum, label_if_partial, sum_known
from convcalc.base.numbers import UNKNOWN, Number, Shape, plain, product
from convcalc.layers import LayerDefinition, Weight, frozen, known_macs, parameters
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Foreign, Layer, Model, StoredWeight, summary_order
from convcalc.ops import Operation

FROZEN = "the layer is frozen: trainable is false"


def rows_of(run: ModelRun, prefix: str, depth: int, trainable: bool) -> list[LayerReport]:
    """Returns the rows of a model in Keras's order, each nested model followed by its layers."""
    model = run.model
    calls: list[list[CallReport]] = [[] for _ in model.layers]
    first_outputs: list[str] = []  # the name of the first output of each call
    for call, result in zip(model.calls, run.results):
        calls_of_layer = calls[call.layer]
        first_outputs.append(f"{model.layers[call.layer].name}[{len(calls_of_layer)}][0]")
        sources = tuple(
            [
                f"{first_outputs[ref.call][:-2]}{ref.output}]" if ref.output else first_outputs[ref.call]
                for ref in call.sources
            ]
        )
        calls_of_layer.append(
            CallReport(sources, result, run.shapes(call.sources) if call.masks or call.order or call.constants else ())
        )
    rows: list[LayerReport] = []
    shared: dict[tuple[CallResult, bool, bool], Counts] = {}
    for index in summary_order(model):
        layer = model.layers[index]
        trains = trainable and layer.trainable
        reports = tuple(calls[index])
        if isinstance(layer.definition, Model):
            rows += _model_rows(run.nested[index], layer, prefix, depth, trains, reports)
            continue
        if index in run.nested and run.weights[index] is not None:
            row, *inner = _model_rows(run.nested[index], layer, prefix, depth, trains, reports)
            own = [below for below in inner if below.depth == depth + 1 and below.class_name == "Variables"]
            if own:  # variables outside of the inner layers belong to the row of the outer layer
                row = row.with_counts(row.counts._replace(weights=tuple(w for below in own for w in below.weights)))
            rows += [row, *(below for below in inner if below.depth > depth + 1 or is_sublayer(below))]
            continue
        result = reports[0].result
        alone = run.weights_alone.get(index) if run.weights[index] is None else None
        if len(reports) > 1 or layer.stored is not None or alone is not None:
            inferred = run.weights[index] or alone or ()
            # Keras shows the last output of a layer. In a custom model, it shows that of the call that builds the layer.
            shown = reports[::-1] if model.subclassed else reports
            has_weights = run.weights[index] is not None or alone is not None
            counts = _counts(layer, trains, model.keras2, inferred, [call.result for call in shown], has_weights, depth)
        else:
            key = (result, layer.trainable, trains)
            counts = shared.get(key) or shared.setdefault(
                key, _counts(layer, trains, model.keras2, run.weights[index] or (), [result])
            )
        sublayers = _sublayer_rows(layer, result.args or layer.args, result.inputs, prefix, depth, trains)
        rows.append(LayerReport(layer, prefix, depth, trains, reports, counts, sublayers))
    return rows


def _counts(
    layer: Layer,
    trains: bool,
    keras2: bool,
    inferred: tuple[Weight, ...],
    results: Sequence[CallResult],
    has_weights: bool = False,
    depth: int = 0,
) -> Counts:
    """Returns the numbers of a layer that is not a nested model. ``inferred`` are the weights from the layer's rule.

    ``has_weights`` is True if ``inferred`` has all weights, even if the rule could not run for a call.
    """
    known = all(
        has_weights if result.inferred is None else "params" not in result.inferred.unknown for result in results
    )
    known = known or _is_operation(layer)
    recorded = not known and layer.stored is not None and (bool(layer.stored) or _may_have_none(layer, results))
    recorded = recorded and not _contains_lora(layer)
    if recorded:
        weights, known = _recorded_weights(layer, trains), True
    else:
        weights = inferred if trains else frozen(inferred, FROZEN)
    params, trained = _count_params(weights) if known else (UNKNOWN, UNKNOWN if trains else 0)
    # Keras 3 does not freeze the layers inside a frozen layer; Keras 2 does.
    inside_unknown = not trains and not keras2 and (_has_layers_inside(layer, depth) if recorded else not known)
    still_trainable: tuple[Weight, ...] = ()
    if not layer.trainable and not keras2 and layer.definition.contains_layers:
        still_trainable = tuple(weight for weight in inferred if weight.trainable)
    macs = sum_known([result.macs for result in results])
    incomplete: Mapping[str, str] = {}
    if params is UNKNOWN or trained is UNKNOWN or macs.label or inside_unknown:
        labels = {
            "params": "unknown" if params is UNKNOWN else "",
            "trainable_params": "unknown" if trained is UNKNOWN else "",
            "non_trainable_params": _non_trainable_label(weights, ()),
            "macs": macs.label,
        }
        incomplete = _without_empty(labels)
    outputs = results[-1].outputs
    return Counts(
        outputs,
        weights,
        params,
        trained,
        macs.value,
        incomplete,
        still_trainable,
        recorded=recorded,
        inside_unknown=inside_unknown,
    )


def _contains_lora(layer: Layer) -> bool:
    """Returns True if a layer inside a custom layer has LoRA matrices, which a file does not store."""
    waiting: list[Any] = [layer.args] if isinstance(layer.definition, Foreign) else []
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            if part.get("lora_rank"):
                return True
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return False


def _is_operation(layer: Layer) -> bool:
    """Returns True for a known or an unknown operation. Operations have no weights."""
    definition = layer.definition
    if isinstance(definition, Foreign):
        return (definition.module or "").startswith("keras.src.ops.")
    return isinstance(definition, Operation)


def is_sublayer(row: LayerReport) -> bool:
    """Returns True for the row of a layer, False for an input or an operation.

    A template has rows for its inputs and operations, but the custom layer in Keras has no such layers.
    """
    return row.class_name not in ("InputLayer", "Variables") and not isinstance(row.definition, Operation)


def _has_layers_inside(layer: Layer, depth: int) -> bool:
    """Returns True if the layer may contain layers with stored weights. Freezing the layer does not freeze these
    weights.
    """
    own = "layers/[^/]+/" * (depth + 1) + r"vars/\d+"
    undecided = [weight for weight in layer.stored or () if weight.trainable is None]
    return not all(re.fullmatch(own, weight.path) for weight in undecided)


def _may_have_none(layer: Layer, results: Sequence[CallResult]) -> bool:
    """Returns True if a layer without weights in the file may really have no weights.

    Otherwise, the layer was not built, or shares the weights of another layer.
    """
    definition = layer.definition
    is_known = isinstance(definition, LayerDefinition) and not definition.has_unknown_weights
    return not is_known or all(result.inferred is not None for result in results)


def _model_rows(
    inner: ModelRun, layer: Layer, prefix: str, depth: int, trains: bool, calls: tuple[CallReport, ...]
) -> list[LayerReport]:
    """Returns the row of a nested model (with the sums over its layers) and the rows of its layers."""
    own_flags = inner.model.own_flags
    below = rows_of(inner, f"{prefix}{layer.name}/", depth + 1, trains or own_flags)
    children = [row for row in counted_rows(below) if row.depth == depth + 1]
    still_trainable: tuple[Weight, ...] = ()
    if trains:
        trained = sum_known([row.counts.trainable_in_model for row in children])
    elif own_flags:  # Keras does not freeze the layers inside this model
        trained, still_trainable = PartialSum(0, ""), _trainable_weights(first_rows(below))
    else:
        trained = sum_known([row.trainable_params for row in children])
        still_trainable = tuple(weight for row in children for weight in row.still_trainable)
    params = sum_known([row.params for row in children])
    again = _counted_again(below, depth + 1)
    params, trained = _without(params, again, False), _without(trained, again, True)
    macs = sum_known([call.macs for call in calls])
    partial = label_if_partial("params", children) or ("partial" if inner.model.has_more_weights else "")
    labels = {
        "params": params.label or partial,
        "trainable_params": trained.label or partial,
        "non_trainable_params": _non_trainable_label((), children) or params.label or partial,
        "macs": macs.label,
    }
    counts = Counts(
        # Keras 2 always shows the output for the model's own inputs.
        inner.outputs if inner.model.keras2 else calls[-1].output_shapes,
        (),
        params.value,
        trained.value,
        macs.value,
        _without_empty(labels),
        still_trainable,
        inner.outputs,
        inner.model.output_names,
        inside_unknown=not trains and any(row.counts.trainable_in_model is UNKNOWN for row in children),
    )
    row = LayerReport(layer, prefix, depth, trains, calls, counts)
    return [row, *below]


def _sublayer_rows(
    layer: Layer, args: Mapping[str, Any], inputs: Sequence[Shape | None], prefix: str, depth: int, trainable: bool
) -> tuple[LayerReport, ...]:
    """Returns the rows of the layers in a list argument, e.g. of a Pipeline. The layer runs these layers one after
    another.

    ``args`` are the arguments of the layer's rule. ``prefix`` and ``depth`` belong to the row of the layer itself.
    """
    definition = layer.definition
    if not isinstance(definition, LayerDefinition) or not definition.sublayers_argument:
        return ()
    prefix, depth = f"{prefix}{layer.name}/", depth + 1
    rows: list[LayerReport] = []
    shapes = tuple(shape for shape in inputs if shape is not None)
    for sublayer in args[definition.sublayers_argument]:
        if not isinstance(sublayer, SubLayer) or not shapes:
            break
        inferred = sublayer.infer(*shapes)
        own, name = sublayer.definition, sublayer.name or sublayer.definition.name
        trains = trainable and sublayer.trainable
        weights = inferred.weights if trains else frozen(inferred.weights, FROZEN)
        inner = Layer(name, own.class_name, own, sublayer.args, sublayer.trainable, sublayer.dtype)
        counts = Counts(
            inferred.outputs,
            weights,
            plain(parameters(inferred)),
            _count_params(weights)[1],
            known_macs(inferred),
            dict.fromkeys(inferred.unknown, "unknown"),
        )
        sublayers = _sublayer_rows(inner, inner.args, shapes, prefix, depth, trains)
        rows.append(LayerReport(inner, prefix, depth, trains, (), counts, sublayers))
        shapes = tuple(shape for shape in inferred.outputs if shape is not None)
    return tuple(rows)


def _recorded_weights(layer: Layer, trains: bool) -> tuple[Weight, ...]:
    """Returns the weights that the file stores for a layer.

    If the file does not state ``trainable``, the weights of a frozen layer are not trainable. For the weights of other
    layers, ``trainable`` is unknown.
    """

    def trainable(weight: StoredWeight) -> bool | None:
        if weight.trainable is not None:
            return weight.trainable
        return None if trains else False

    return tuple(
        Weight(weight.path, weight.shape, trainable=trainable(weight), frozen_because=FROZEN, dtype=weight.dtype)
        for weight in layer.stored or ()
    )


def _without_empty(labels: Mapping[str, str]) -> Mapping[str, str]:
    return {name: label for name, label in labels.items() if label}


def _non_trainable_label(weights: Sequence[Weight], rows: Sequence[LayerReport]) -> str:
    """Returns ``unknown`` if ``trainable`` is unknown for any weight, otherwise an empty label."""
    undecided = any(weight.trainable is None for weight in weights)
    return "unknown" if undecided or any(_is_undecided(row.counts) for row in rows) else ""


def _is_undecided(counts: Counts) -> bool:
    """Returns True if the number of parameters is known, but not how many of them are trainable."""
    labels = counts.incomplete
    if counts.inside_unknown and counts.params is not UNKNOWN:
        return True
    return labels.get("non_trainable_params") == "unknown" and labels.get("params") != "unknown"


def _count_params(weights: Sequence[Weight]) -> tuple[Number, Number]:
    """Returns the number of parameters and of trainable parameters."""
    params: Number = 0
    trained: Number = 0
    for weight in weights:
        count = plain(product(weight.shape))
        params = params + count
        if weight.trainable:
            trained = trained + count
        elif weight.trainable is None:
            trained = UNKNOWN
    return params, trained


def _trainable_weights(rows: Sequence[LayerReport]) -> tuple[Weight, ...]:
    """Returns the weights of layers that count as trainable, including those in frozen wrappers."""
    trainable = [weight for row in rows for weight in row.weights if weight.trainable]
    return (*trainable, *_still_trainable(rows))


def _still_trainable(rows: Sequence[LayerReport]) -> tuple[Weight, ...]:
    # Nested models and templates repeat the weights of their layers, so their rows are left out.
    return tuple(weight for row in rows if not _has_inner_rows(row) for weight in row.still_trainable)


def _has_inner_rows(row: LayerReport) -> bool:
    return isinstance(row.definition, Model) or any(call.result.nested is not None for call in row.calls)


def totals_of(
    rows: Sequence[LayerReport], stored: Sequence[StoredWeight] | None = None, has_more_weights: bool = False
) -> Totals:
    """Returns the sums over the rows of a model.

    ``stored`` are the weights in the model's file. They give the exact number of parameters, or a lower bound if
    ``has_more_weights`` is True.
    """
    macs = sum_known([row.counts.macs for row in rows if row.depth == 0])
    rows = counted_rows(rows)
    top = [row.counts for row in rows if row.depth == 0]
    first = first_rows(rows)
    times = Counter([row.counts for row in first])  # equal rows share one object, which is read only once
    still_trainable = _still_trainable(first) if any(counts.still_trainable for counts in times) else ()
    param_bytes = sum([number * weight_bytes(counts.weights) for counts, number in times.items()])
    frozen_bytes = sum(
        [
            number * weight_bytes([weight for weight in counts.weights if not weight.trainable])
            for counts, number in times.items()
        ]
    )
    has_weights = any(counts.weights for counts in times)
    attributes = {"params": "params", "trainable_params": "trainable_in_model"}
    sums = {name: sum_known(list(map(attrgetter(attribute), top))) for name, attribute in attributes.items()}
    again = _counted_again(rows, 0)
    sums = {name: _without(total, again, name != "params") for name, total in sums.items()}
    sums["macs"] = macs
    incomplete = {name for counts in top for name in counts.incomplete}
    if has_more_weights:
        incomplete |= {"params", "trainable_params"}
        # A lower bound of 0 would look like a known zero.
        sums |= {name: PartialSum(UNKNOWN, "unknown") for name in attributes if sums[name].value == 0}
    labels = {name: total.label or ("partial" if name in incomplete else "") for name, total in sums.items()}
    difference = sums["params"].value - sums["trainable_params"].value
    if any(map(_is_undecided, top)) or (labels["params"] and difference == 0):
        labels["non_trainable_params"] = "unknown"  # 0 as a lower bound would look like an exact 0
    else:
        labels["non_trainable_params"] = labels["params"]
    if labels["params"]:
        labels["param_bytes"] = "partial" if has_weights else "unknown"
    trainable_bytes = param_bytes - frozen_bytes + weight_bytes(still_trainable)
    params, trained = sums["params"].value, sums["trainable_params"].value
    # The totals come from the stored weights. A model that was not built has none, and its parameters are unknown.
    if (stored or (stored is not None and not labels["params"])) and _may_belong(rows, stored):
        params, param_bytes, again = _stored_totals(rows, stored)
        label = "partial" if has_more_weights else ""
        labels |= {"params": label, "param_bytes": label}
        if labels["trainable_params"]:
            labels["non_trainable_params"] = "unknown"
        trained = trained - _count_params(again)[1]
        trainable_bytes -= weight_bytes(again)
        if all(weight.trainable is not None for weight in stored):
            trains = [Weight(weight.path, weight.shape, dtype=weight.dtype) for weight in stored if weight.trainable]
            trained, trainable_bytes = _count_params(trains)[0], weight_bytes(trains)
            labels |= {"trainable_params": "", "non_trainable_params": ""}
        elif trained > params:  # layers share weights, but it is unknown which
            trained = UNKNOWN
            labels |= {"trainable_params": "unknown", "non_trainable_params": "unknown"}
    return Totals(
        params=params,
        trainable_params=trained,
        param_bytes=param_bytes if has_weights or not labels["params"] else UNKNOWN,
        trainable_bytes=UNKNOWN if trained is UNKNOWN else trainable_bytes,
        macs=sums["macs"].value,
        incomplete=_without_empty(labels),
        still_trainable=still_trainable,
    )


def with_nothing_trainable(totals: Totals) -> Totals:
    """Returns the totals of a frozen model: all its parameters are non-trainable."""
    labels = {**totals.incomplete, "trainable_params": "", "non_trainable_params": totals.incomplete.get("params", "")}
    return totals._replace(trainable_params=0, trainable_bytes=0, incomplete=_without_empty(labels))


def _counted_again(rows: Sequence[LayerReport], depth: int) -> Sequence[Weight]:
    """Returns the known weights that the rows at ``depth`` count more than once: those of layers in several nested models."""
    if not any(row.layer.identity for row in rows):
        return ()
    result: list[Weight] = []
    before, inside = set[int](), set[int]()  # the layers in the nested models before, and in this one
    for row in rows:
        if row.depth == depth:
            before, inside = before | inside, set()
        identity = row.layer.identity
        if identity is None or identity in inside:
            continue
        inside.add(identity)
        if identity in before and row.params is not UNKNOWN:
            result += row.weights
    return result


def first_rows(rows: Sequence[LayerReport]) -> Sequence[LayerReport]:
    """Returns the rows without those of layers that an earlier row has too."""
    known = set[int]()
    result = []
    for row in rows:
        identity = row.layer.identity
        if identity is None or identity not in known:
            result.append(row)
        if identity is not None:
            known.add(identity)
    return result


def _without(total: PartialSum, weights: Sequence[Weight], trained: bool) -> PartialSum:
    """Returns the sum without the parameters, or the trainable parameters, of these weights."""
    if not weights or total.value is UNKNOWN or total.value == 0:
        return total
    count = _count_params(weights)[trained]
    return total if count is UNKNOWN else total._replace(value=total.value - count)


def counted_rows(rows: Sequence[LayerReport]) -> Sequence[LayerReport]:
    """Returns the rows whose weights count: without layers that another layer contains, and without the layers inside them."""
    if not any(row.layer.shares_weights for row in rows):
        return rows
    result: list[LayerReport] = []
    skipped: int | None = None  # the depth of the row whose layers are skipped
    for row in rows:
        if skipped is not None and row.depth > skipped:
            continue
        skipped = row.depth if row.layer.shares_weights else None
        if skipped is None:
            result.append(row)
    return result


def _may_belong(rows: Sequence[LayerReport], stored: Sequence[StoredWeight]) -> bool:
    """Returns False if ``stored`` cannot be all weights of the model.

    If the file has no weights for a layer, but has weights of the same shapes, the layer probably shares these weights.
    """
    if any(_contains_lora(row.layer) for row in rows):
        return False
    shapes = {weight.shape for weight in stored}
    lacking = (row for row in rows if not row.layer.stored and not row.recorded)
    return all(weight.shape in shapes for row in lacking for weight in row.weights if "lora_" not in weight.name)


def _all_weights(row: LayerReport) -> Sequence[Weight]:
    """Returns the weights of a row, including those of layers from a template."""
    result = row.calls[0].result if row.calls else None
    if result is None or result.nested is None or result.inferred is None:
        return row.weights
    return result.inferred.weights


def _stored_totals(rows: Sequence[LayerReport], stored: Sequence[StoredWeight]) -> tuple[Number, int, Sequence[Weight]]:
    """Returns the parameters of all weights, their bytes, and the trainable weights that the rows count twice.

    Weights that several layers share count once. Inferred weights replace the stored weights of their layer, because
    the file lacks some weights, such as LoRA's matrices.
    """
    weights = {weight.path: Weight(weight.path, weight.shape, dtype=weight.dtype) for weight in stored}
    counted: set[str] = set()
    further: list[Weight] = []
    again: list[Weight] = []
    for row in rows:
        own = row.layer.stored
        if not own or row.recorded or "params" in row.incomplete:
            continue
        key = {weight.path for weight in own}
        if key <= counted:
            again += [weight for weight in _all_weights(row) if weight.trainable]
            continue
        counted |= key
        for path in key:
            weights.pop(path, None)
        further += _all_weights(row)
    every = [*weights.values(), *further]
    return _count_params(every)[0], weight_bytes(every), again
