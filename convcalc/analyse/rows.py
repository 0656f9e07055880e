"""The rows of a report, made of a model as it was run: parameters, what of them trains, and the sums over all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.analyse.report import CallReport, LayerReport, Totals, weight_bytes
from convcalc.analyse.run import Ran, Run
from convcalc.analyse.sums import known_sum, partly
from convcalc.layers import Inferred, LayerType, Weight, kind_of, known_macs, own_weight, parameters
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Layer, call_numbers, summary_order
from convcalc.numbers import UNKNOWN, Number, Shape
from convcalc.ops import Operation

FROZEN = "the layer is frozen: trainable is false"


def rows_of(run: Run, prefix: str, depth: int, trainable: bool) -> list[LayerReport]:
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
        below = rows_of(inner, path + "/", depth + 1, trains or own_flags) if inner else []
        weights = tuple(own_weight(weight, layer.dtype, trains, FROZEN) for weight in run.weights.get(index, ()))
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
        weights = tuple(own_weight(weight, each.dtype, trains, FROZEN) for weight in inferred.weights)
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
            macs=known_macs(inferred),
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
        Weight(weight.place, weight.shape, trainable=None if trains else False, why=FROZEN, dtype=weight.dtype)
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


def totals_of(rows: Sequence[LayerReport]) -> Totals:
    """The sums over the rows of a model."""
    top = [row for row in rows if row.depth == 0]
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
            UNKNOWN if sums["trainable_params"].value is UNKNOWN else weight_bytes(_trainable_weights(rows))
        ),
        macs=sums["macs"].value,
        incomplete={name: label for name, label in labels.items() if label},
        left_trainable=left,
    )
