"""Writes the golden files: the output of commands, and the error texts of broken specs.

Tests compare the golden files exactly with the current output. Run this script with ``python -m
tests.regenerate.golden``, and read the diff before you commit it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convcalc import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read import parse
from tests.paths import BROKEN, GOLDEN
from tests.regenerate.pages import run

# The name of each golden file, and the command whose output is in the file.
COMMANDS = {
    "conv_same": "convcalc conv --in 6 --k 3 --s 2 --pad same",
    "conv_valid": "convcalc conv --in 6x6 --k 3 --s 2 --pad valid",
    "conv_pairs": "convcalc conv --in 6 --k 3 --s 2 --pad '((1,0),(0,1))'",
    "conv_counts": "convcalc conv --in 28x28x1 --k 3 --pad same --filters 32",
    "conv_long": "convcalc conv --in 224x224x3 --k 7 --s 2 --pad same --filters 64",
    "conv_causal": "convcalc conv --in 50x4 --k 3 --dilation 2 --pad causal --filters 8",
    "conv_transpose": "convcalc conv --in 4 --k 3 --s 2 --pad same --transpose",
    "conv_transpose_wide": "convcalc conv --in 4 --k 2 --s 3 --transpose",
    "conv_transpose_torch": "convcalc conv --in 4 --k 3 --s 2 --pad 1 --transpose --output-padding 1 --framework torch",
    "conv_depthwise": "convcalc conv --in 14x14x16 --k 3 --pad same --depthwise",
    "conv_ceil": "convcalc conv --in 32 --k 1 --s 2 --pool max --framework torch --ceil-mode",
    "conv_ceil_beyond": "convcalc conv --in 112 --k 3 --s 2 --pad 1 --pool max --framework torch --ceil-mode",
    "conv_named": "convcalc conv --in HxWx3 --k 3 --s 2 --filters F",
    "conv_unknown": "convcalc conv --in ? --k 3 --s 2",
    "conv_3d_ascii": "convcalc conv --in 10x10x12 --k 3 --s 4 --ascii",
    "conv_inverse": "convcalc conv --in 6 --out 3",
    "conv_inverse_transpose": "convcalc conv --in 7 --out 14 --transpose",
    "conv_json": "convcalc conv --in 6x6x1 --k 3 --s 2 --pad same --filters 32 --format json",
    "conv_refused": "convcalc conv --in 6 --k 7",
    "summary_densenet": "convcalc summary specs/densenet121.yaml --width 80",
    "summary_fold": "convcalc summary specs/resnet50.yaml --fold --width 100",
    "summary_top": "convcalc summary specs/resnet50.yaml --layers 'conv5_*' --sort macs --top 4 --columns cost --width 100",
    "summary_unet": "convcalc summary specs/unet.yaml",
    "summary_columns": "convcalc summary specs/lenet5.yaml --columns all --width 220 --ascii",
    "summary_json": "convcalc summary specs/lenet5.yaml --format json",
    "summary_memory": "convcalc summary specs/resnet8.yaml --columns memory --memory --training adam --width 80",
    "summary_memory_ascii": (
        "convcalc summary specs/unet.yaml --columns name --memory --inplace --assume-dtype int8 --batch 2 --ascii"
    ),
    "summary_keras2": "convcalc summary tests/cli/golden/two_heads.json --format keras2",
    "summary_keras2_nested": (
        "convcalc summary tests/cli/golden/two_heads.json --format keras2 --expand-nested --show-trainable"
    ),
    "summary_keras2_range": (
        "convcalc summary tests/cli/golden/two_heads.json --format keras2 --line-length 60 --layer-range po two"
    ),
    "explain_conv": "convcalc explain specs/resnet50.yaml conv1_conv",
    "explain_bn": "convcalc explain specs/resnet50.yaml conv1_bn --width 80",
    "explain_shared": "convcalc explain specs/mobilenet.yaml conv_dw_2",
    "layers": "convcalc layers",
    "layers_conv2d": "convcalc layers Conv2D --width 80",
}


def path(name: str) -> Path:
    """Returns the path of a golden file."""
    return GOLDEN / f"{name}.txt"


def output(name: str) -> str:
    """Returns the current output of the command."""
    return run(COMMANDS[name])


def broken_names() -> list[str]:
    """Returns the names of the broken specs."""
    return sorted(file.stem for file in BROKEN.glob("*.yaml"))


def said(name: str) -> str:
    """Returns the complete error text of a broken spec."""
    try:
        infer(parse(BROKEN / f"{name}.yaml"))
    except ConvcalcError as failed:
        return str(failed).replace(f"{BROKEN}/", "") + "\n"
    return "nothing\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for stale in {file.stem for file in GOLDEN.glob("*.txt")} - set(COMMANDS):
        path(stale).unlink()
    for name in COMMANDS:
        path(name).write_text(output(name), encoding="utf-8")
    for name in broken_names():
        (BROKEN / f"{name}.txt").write_text(said(name), encoding="utf-8")
    print(f"{len(COMMANDS)} golden outputs and {len(broken_names())} texts of errors written", file=sys.stderr)
