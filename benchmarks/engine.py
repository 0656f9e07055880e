"""Measures inference and whole summaries.

The inference of a loaded model is compared with ONNX's shape inference in C++. A whole summary (load, infer, draw) is
compared with torchinfo.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.environments import ROOT, Environments
from benchmarks.measure import Measure
from benchmarks.startup import RESNET
from benchmarks.timing import Failed, answers

VGG = str(ROOT / "specs" / "vgg16.yaml")


def measures(environments: Environments) -> Iterator[Measure]:
    """Measures ResNet50 and VGG16.

    ResNet50: the time per layer, alone and compared with the time per node in ONNX. VGG16: the time, compared with
    torchinfo.
    """
    repeats, runs = (3, 1) if environments.quick else (300, 5)
    ours = environments.child("convcalc", "infer", RESNET, repeats)
    profile = [environments.own, "-m", "cProfile", "-s", "tottime", *ours[1:]]
    try:
        alone, onnx = answers([ours, environments.child("onnx", "onnx_resnet50", repeats)], runs)
    except Failed as failed:
        ((alone,), onnx) = answers([ours], runs), {"missing": str(failed)[:200]}
    each = alone["seconds"] / alone["layers"] * 1e6
    yield Measure("infer a loaded ResNet50, time per layer", each, unit="µs", target=10, profile=profile)
    name = "infer ResNet50, time per layer compared with time per node of onnx.shape_inference.infer_shapes"
    if "missing" in onnx:
        yield Measure(name, target=1, missing=onnx["missing"])
    else:
        yield Measure(name, each, onnx["seconds"] / onnx["nodes"] * 1e6, "µs", 1, profile=profile)

    ours = environments.child("convcalc", "vgg16", VGG, repeats)
    name = "VGG16's spec loaded, inferred and drawn compared with torchinfo.summary on the meta device"
    try:
        mine, theirs = answers([ours, environments.child("torch", "torch_vgg16", max(1, repeats // 20))], runs)
    except Failed as failed:
        answers([ours], runs)
        yield Measure(name, missing=str(failed)[:200])
        return
    yield Measure(name, mine["seconds"] * 1000, theirs["seconds"] * 1000, "ms", 1, True)
