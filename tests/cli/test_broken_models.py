"""A model with an error: the table down to the error, and explanations of the layers above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command_line import run

UNET = """input: [358, 358, 1]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, name: a}
  - MaxPooling2D: 2
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, name: b}
  - MaxPooling2D: 2
  - UpSampling2D: 2
  - Concatenate: {from: [up_sampling2d, b]}
  - Flatten
  - Dense: 3
"""
LSTM = "input: [50, 3]\nlayers:\n  - LSTM: 8\n  - LSTM: 8\n"
UNKNOWN = "input: [9, 9, 1]\nlayers:\n  - Conv2D: [4, 3]\n  - Foo: 3\n  - Flatten\n"
PROGRAM = "import keras\nfrom keras import layers\nm = keras.Sequential([keras.Input((5, 3)), layers.LSTM(8), layers.LSTM(8)])\n"


@pytest.mark.parametrize(
    ("name", "text", "above", "notes"),
    [
        (
            "u.yaml",
            UNET,
            ["(None, 358, 358, 4)", "(None, 178, 178, 4)"],
            ["ends at 'concatenate'", "2 more layers are not shown"],
        ),
        ("l.yaml", LSTM, ["(None, 8)", "384"], ["ends at 'lstm_1'"]),
        ("f.yaml", UNKNOWN, ["(None, 7, 7, 4)"], ["ends at the layer with an error", "1 more layer is not shown"]),
        ("p.py", PROGRAM, ["(None, 8)", "384"], ["ends at 'lstm_1'"]),
    ],
)
def test_the_table_ends_at_the_layer_with_the_error(
    name: str, text: str, above: list[str], notes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text)
    result = run("summary", str(path))
    assert result.returncode == 2
    assert "error[" in result.stderr
    for part in (*above, *notes, "error"):
        assert part in result.stdout
    assert "Total params" not in result.stdout


def test_formats_for_programs_have_no_part_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "u.yaml"
    path.write_text(UNET)
    for options in (
        ["--format", "json"],
        ["--format", "csv"],
        ["-q"],
        ["-o", str(tmp_path / "t.txt"), "--format", "table"],
    ):
        result = run("summary", str(path), *options)
        assert (result.returncode, result.stdout) == (2, "")


def test_an_error_in_the_first_layer_has_no_table(tmp_path: Path) -> None:
    path = tmp_path / "u.yaml"
    path.write_text("input: [9, 9]\nlayers:\n  - Conv2D: [4, 3]\n  - Flatten\n")
    assert run("summary", str(path)).stdout == ""


def test_layers_above_an_error_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "u.yaml"
    path.write_text(UNET)
    for layer, text in (("max_pooling2d_1", "89"), ("a", "40"), ("2", "40")):
        result = run("explain", str(path), layer)
        assert result.returncode == 0
        assert text in result.stdout
        assert "note: another layer has an error" in result.stderr
    for layer in ("concatenate", "dense"):
        result = run("explain", str(path), layer)
        assert (result.returncode, result.stdout) == (2, "")
        assert "shapes-differ" in result.stderr
