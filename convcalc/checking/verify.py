"""A report held to the weights that its file stores: each inferred shape has its like, and nothing is left over.

A layer's weights are compared as a bag of shapes, so that no names of Keras's attributes have to be known: two weights of one
layer that are mixed up in the file are not told apart where their shapes are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from convcalc.analyse import LayerReport, Report
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Shape, shape_text
from convcalc.base.problems import Problem, listed
from convcalc.base.structs import Struct
from convcalc.layers import Weight
from convcalc.model import Model, StoredWeight
from convcalc.read.keras_files.weights import Weights

_MOST_NAMED = 6


class VerifyResult(Struct):
    """What was compared: weights, and layers that have any; ``unknown`` layers are those that no rule tells the weights of."""

    weights: int
    layers: int
    unknown: int
    problems: tuple[Problem, ...]


@dataclass
class _Layer:
    """What is inferred of a layer, or of a nested model whose weights are stored together."""

    row: LayerReport
    weights: list[tuple[str, Shape]] = field(default_factory=list)
    unknown: bool = False


def verify(report: Report, weights: Weights) -> VerifyResult:
    """The differences between a model's inferred weights and those that its file stores."""
    layers: dict[str, _Layer] = {}
    count = compared = unknown = 0
    for row in report.layers:
        path = _stored_at(row.path, weights)
        layer = layers.setdefault(path, _Layer(row))
        untold = row.recorded or (row.params is UNKNOWN and not _is_model(row))
        layer.unknown |= untold
        unknown += untold
        inside = row.path[len(path) :].lstrip("/")
        own = () if untold else _archived(row.weights) if weights.archived else row.weights
        compared += bool(own)
        count += 0 if untold else len(row.weights)
        layer.weights += [("/".join(filter(None, (inside, weight.name))), weight.shape) for weight in own]
    problems = [_difference(path, layer, weights.layers.get(path, ())) for path, layer in layers.items()]
    if weights.others:
        left = [f"{shape_text(weight.shape)} at {weight.path}" for weight in weights.others]
        problems.append(Problem(codes.WEIGHTS_LEFT, f"the file stores {_some(left)}, of no layer of the model"))
    return VerifyResult(count, compared, unknown, tuple(problem for problem in problems if problem))


def _archived(weights: Sequence[Weight]) -> Sequence[Weight]:
    """A layer's weights as an archive has them: LoRA's matrices are added up into the kernels, and the kernel whose singular
    vector SpectralNormalization estimates stands there twice, as a variable of both layers.
    """
    kept = [weight for weight in weights if "lora_" not in weight.name]
    vectors = [weight.name.removesuffix("vector_u") for weight in kept if weight.name.endswith("vector_u")]
    kernels = {f"{prefix}{name}" for prefix in vectors for name in ("kernel", "embeddings")}
    return kept + [weight for weight in kept if weight.name in kernels]


def _stored_at(path: str, weights: Weights) -> str:
    """The path under which a layer's weights are stored: its own, or that of a model around it."""
    at = path
    while at not in weights.layers:
        at, inside, _ = at.rpartition("/")
        if not inside:
            return path
    return at


def _is_model(row: LayerReport) -> bool:
    return isinstance(row.definition, Model)


def _difference(path: str, layer: _Layer, stored: Sequence[StoredWeight]) -> Problem | None:
    """What a layer's weights and the stored ones do not share; of one that is not wholly known, what it lacks in the file."""
    missing = list(layer.weights)
    left = []
    for weight in stored:
        like = next((each for each in missing if each[1] == weight.shape), None)
        if like is None:
            left.append(weight)
        else:
            missing.remove(like)
    if layer.unknown:
        left = []
    if not missing and not left:
        return None
    ours = _some([f"{name} {shape_text(shape)}" for name, shape in missing])
    theirs = _some([f"{shape_text(weight.shape)} at {weight.path}" for weight in left])
    if missing and left:
        said = f"has {ours}; the file stores {theirs}"
    elif missing:
        said = f"has {ours}, which the file does not store"
    else:
        said = f"has no weights like {theirs}, which the file stores"
    return Problem(codes.WEIGHTS_DIFFER, f"{layer.row.class_name} '{path}' {said}", None, path)


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_NAMED
    return listed([*texts[:_MOST_NAMED], f"{more:,} more"] if more > 0 else texts, "and")
