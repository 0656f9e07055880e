"""The rows of a report, made of a model as it was run: parameters, what of them trains, and the sums over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter

from convcalc.analyse.report import CallReport, Counts, LayerReport, Totals, weight_bytes
from convcalc.analyse.run import Ran, Run
from convcalc.analyse.sums import PartialSum, label_if_partial, sum_known
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.layers import LayerDefinition, Weight, frozen, known_macs, parameters
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Layer, Model, summary_order

FROZEN = "the layer is frozen: trainable is false"


def rows_of(run: Run, prefix: str, depth: int, trainable: bool) -> list[LayerReport]:
    """The layers of a model in Keras's order, each followed by those of its nested model."""
    model = run.model
    calls: list[list[CallReport]] = [[] for _ in model.layers]
    first: list[str] = []  # the name of each call's first output
    for call, ran in zip(model.calls, run.calls):
        own = calls[call.layer]
        first.append(f"{model.layers[call.layer].name}[{len(own)}][0]")
        sources = tuple(
            [f"{first[ref.call][:-2]}{ref.output}]" if ref.output else first[ref.call] for ref in call.sources]
        )
        own.append(CallReport(sources, ran, run.shapes(call.masks) if call.masks else ()))
    rows: list[LayerReport] = []
    alike: dict[tuple[int, bool, bool], Counts] = {}
    for index in summary_order(model):
        layer = model.layers[index]
        trains = trainable and layer.trainable
        reports = tuple(calls[index])
        if isinstance(layer.definition, Model):
            rows += _model_rows(run.nested[index], layer, prefix, depth, trains, reports)
            continue
        ran = reports[0].ran
        if len(reports) > 1 or layer.stored is not None:
            counts = _counts(layer, trains, run.weights[index] or (), [call.ran for call in reports])
        else:
            key = (id(ran), layer.trainable, trains)
            found = alike.get(key)
            counts = found or alike.setdefault(key, _counts(layer, trains, run.weights[index] or (), [ran]))
        inside = _listed(layer, ran.inputs, prefix, depth, trains)
        rows.append(LayerReport(layer, prefix, depth, trains, reports, counts, inside))
    return rows


def _counts(layer: Layer, trains: bool, own: tuple[Weight, ...], ran: Sequence[Ran]) -> Counts:
    """What a layer counts that is no model; ``own`` are its weights as its rule gives them, ``ran`` its calls."""
    known = all(each.inferred is not None and "params" not in each.inferred.unknown for each in ran)
    recorded = not known and layer.stored is not None
    if recorded:
        weights, known = _recorded_weights(layer, trains), True
    else:
        weights = own if trains else frozen(own, FROZEN)
    params, trained = _summed(weights) if known else (UNKNOWN, UNKNOWN)
    left: tuple[Weight, ...] = ()
    if not layer.trainable and layer.definition.contains_layers:
        # Its layers may still count as trainable in the enclosing model.
        left = tuple(weight for weight in own if weight.trainable)
    macs = sum_known([each.macs for each in ran])
    incomplete: Mapping[str, str] = {}
    if params is UNKNOWN or trained is UNKNOWN or macs.label:
        labels = {
            "params": "unknown" if params is UNKNOWN else "",
            "trainable_params": "unknown" if trained is UNKNOWN else "",
            "non_trainable_params": _split(weights, ()),
            "macs": macs.label,
        }
        incomplete = _labelled(labels)
    return Counts(ran[-1].outputs, weights, params, trained, macs.value, incomplete, left, recorded=recorded)


def _model_rows(
    inner: Run, layer: Layer, prefix: str, depth: int, trains: bool, calls: tuple[CallReport, ...]
) -> list[LayerReport]:
    """The row of a nested model, which sums up those of its layers, and these behind it."""
    own_flags = inner.model.own_flags
    below = rows_of(inner, f"{prefix}{layer.name}/", depth + 1, trains or own_flags)
    children = [row for row in below if row.depth == depth + 1]
    left: tuple[Weight, ...] = ()
    if trains:
        trained = sum_known([row.counts.trainable_in_model for row in children])
    elif own_flags:  # what a frozen layer holds may yet count as trainable further out
        trained, left = PartialSum(0, ""), _trainable_weights(below)
    else:
        trained = sum_known([row.trainable_params for row in children])
        left = tuple(weight for row in children for weight in row.left_trainable)
    params = sum_known([row.params for row in children])
    macs = sum_known([call.macs for call in calls])
    partial = label_if_partial("params", children)
    labels = {
        "params": params.label or partial,
        "trainable_params": trained.label or partial,
        "non_trainable_params": _split((), children),
        "macs": macs.label,
    }
    counts = Counts(
        calls[-1].output_shapes,
        (),
        params.value,
        trained.value,
        macs.value,
        _labelled(labels),
        left,
        inner.outputs,
        inner.model.output_names,
    )
    row = LayerReport(layer, prefix, depth, trains, calls, counts)
    return [row, *below]


def _listed(
    holder: Layer, inputs: Sequence[Shape | None], prefix: str, depth: int, trainable: bool
) -> tuple[LayerReport, ...]:
    """The rows of the layers that a layer lists, each on what the one before it gives; ``prefix`` and ``depth`` are the layer's."""
    definition = holder.definition
    if not isinstance(definition, LayerDefinition) or not definition.sublayers_argument:
        return ()
    prefix, depth = f"{prefix}{holder.name}/", depth + 1
    found: list[LayerReport] = []
    shapes = tuple(shape for shape in inputs if shape is not None)
    for each in holder.args[definition.sublayers_argument]:
        if not isinstance(each, SubLayer) or not shapes:
            break
        inferred = each.infer(*shapes)
        name = each.name or each.definition.name
        trains = trainable and each.trainable
        weights = inferred.weights if trains else frozen(inferred.weights, FROZEN)
        layer = Layer(name, each.definition.class_name, each.definition, each.args, each.trainable, each.dtype)
        counts = Counts(
            inferred.outputs,
            weights,
            parameters(inferred),
            _summed(weights)[1],
            known_macs(inferred),
            dict.fromkeys(inferred.unknown, "unknown"),
        )
        inside = _listed(layer, shapes, prefix, depth, trains)
        found.append(LayerReport(layer, prefix, depth, trains, (), counts, inside))
        shapes = tuple(shape for shape in inferred.outputs if shape is not None)
    return tuple(found)


def _recorded_weights(layer: Layer, trains: bool) -> tuple[Weight, ...]:
    """The weights that the file stores. Which of them train it does not say, unless none does."""
    return tuple(
        Weight(
            weight.path, weight.shape, trainable=None if trains else False, frozen_because=FROZEN, dtype=weight.dtype
        )
        for weight in layer.stored or ()
    )


def _labelled(labels: Mapping[str, str]) -> Mapping[str, str]:
    """The labels that there are."""
    return {name: label for name, label in labels.items() if label}


def _split(weights: Sequence[Weight], rows: Sequence[LayerReport]) -> str:
    """The label of what does not train, where it is not known which weights do."""
    untold = any(weight.trainable is None for weight in weights)
    return "unknown" if untold or label_if_partial("non_trainable_params", rows) else ""


def _summed(weights: Sequence[Weight]) -> tuple[Number, Number]:
    """The number of parameters, and of those that train."""
    params: Number = 0
    trained: Number = 0
    for weight in weights:
        count = product(weight.shape)
        params = params + count
        if weight.trainable:
            trained = trained + count
        elif weight.trainable is None:
            trained = UNKNOWN
    return params, trained


def _trainable_weights(rows: Sequence[LayerReport]) -> tuple[Weight, ...]:
    """The weights that train, and those that count so further out; a nested model's are those of its layers again."""
    own = [weight for row in rows for weight in row.weights if weight.trainable]
    return (*own, *(weight for row in rows if not isinstance(row.definition, Model) for weight in row.left_trainable))


def totals_of(rows: Sequence[LayerReport]) -> Totals:
    """The sums over the rows of a model."""
    top = [row.counts for row in rows if row.depth == 0]
    # What layers have in common is measured once.
    times = Counter([id(row.counts) for row in rows])
    counts = {id(row.counts): row.counts for row in rows}
    left: tuple[Weight, ...] = ()
    if any(each.left_trainable for each in counts.values()):  # a nested model's are those of its layers again
        left = tuple(weight for row in rows if not isinstance(row.definition, Model) for weight in row.left_trainable)
    every = sum([times[key] * weight_bytes(each.weights) for key, each in counts.items()])
    fixed = sum(
        [times[key] * weight_bytes([w for w in each.weights if not w.trainable]) for key, each in counts.items()]
    )
    has_weights = any(each.weights for each in counts.values())
    of = {"params": "params", "trainable_params": "trainable_in_model", "macs": "macs"}
    sums = {name: sum_known(list(map(attrgetter(field), top))) for name, field in of.items()}
    unsure = {name for each in top for name in each.incomplete}
    labels = {name: total.label or ("partial" if name in unsure else "") for name, total in sums.items()}
    labels["non_trainable_params"] = "unknown" if "non_trainable_params" in unsure else ""
    if labels["params"]:
        labels["param_bytes"] = "partial" if has_weights else "unknown"
    return Totals(
        params=sums["params"].value,
        trainable_params=sums["trainable_params"].value,
        param_bytes=every if has_weights or not labels["params"] else UNKNOWN,
        trainable_bytes=UNKNOWN if sums["trainable_params"].value is UNKNOWN else every - fixed + weight_bytes(left),
        macs=sums["macs"].value,
        incomplete=_labelled(labels),
        left_trainable=left,
    )
