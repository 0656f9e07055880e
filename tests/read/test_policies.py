"""Tests dtype policies in Keras files: policy objects, maps of policies, and unknown policies. The expected values are
from Keras 3.15.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.cli import main
from convcalc.read import load


def policy_object(class_name: str, /, **config: Any) -> dict[str, Any]:
    return {"module": "keras.dtype_policies", "class_name": class_name, "config": config, "registered_name": None}


def float_policy(name: Any) -> dict[str, Any]:
    return {**policy_object("DTypePolicy", name=name), "module": "keras"}


def policy_map(default: Any, /, **by_path: Any) -> dict[str, Any]:
    return policy_object("DTypePolicyMap", default_policy=default, policy_map=by_path)


INT8 = policy_object("QuantizedDTypePolicy", mode="int8", source_name="float32")
INT4 = policy_object("Int4DTypePolicy", mode="int4/2", source_name="bfloat16")
HISTORY = policy_object("QuantizedFloat8DTypePolicy", mode="float8", source_name="float32", amax_history_length=16)


def model(class_name: str, config: dict[str, Any], shape: list[Any], built: bool = True) -> dict[str, Any]:
    """Returns a Sequential with one layer, which is named x."""
    start = {"class_name": "InputLayer", "config": {"batch_shape": shape, "dtype": "float32", "name": "start"}}
    layer: dict[str, Any] = {"module": "keras.layers", "class_name": class_name, "config": {"name": "x", **config}}
    if built:
        layer["build_config"] = {"input_shape": shape}
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [{"module": "keras.layers", **start}, layer]}}


def written(tmp_path: Path, data: Any) -> Path:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(data))
    return path


DENSE = {"units": 5}
TIMES = {"layer": {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 5}}}


def command(*args: str) -> Any:
    """Runs a command and returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return ended.value.code


def numbers(tmp_path: Path, data: Any) -> tuple[Any, ...]:
    report = infer(load(written(tmp_path, data)))
    totals = report.totals
    return totals.params, totals.trainable_params, totals.param_bytes, report.layers[-1].calls[-1].result.dtypes[0]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (float_policy("float16"), (25, 25, 50, "float16")),
        (float_policy(None), (25, 25, 100, "float32")),
        (INT8, (30, 5, 60, "float32")),
        (INT4, (41, 5, 68, "bfloat16")),
        (policy_object("QuantizedDTypePolicy", mode="int4", source_name=None), (22, 5, 12 + 40, "float32")),
        (policy_object("GPTQDTypePolicy", mode="gptq/4/2", source_name="float32"), (41, 5, 98, "float32")),
        (policy_object("AWQDTypePolicy", mode="awq/4/-1", source_name="float32"), (35, 5, 20 + 12 + 20 + 5 + 32, "float32")),
        (HISTORY, (76, 76, 304, "float32")),
        (policy_map("float16"), (25, 25, 50, "float16")),
        (policy_map("int8_from_float32"), (30, 5, 60, "float32")),
        (policy_map(INT4), (41, 5, 68, "bfloat16")),
        # A map does not store the length of the history, so Keras uses its default of 1,024 instead of 16.
        (policy_map(HISTORY), (3100, 3100, 12400, "float32")),
        (policy_map(None, x=INT8), (30, 5, 60, "float32")),
        (policy_map("float32", x=INT4, y=INT8), (41, 5, 68, "bfloat16")),
        (policy_map("float32", **{"x.*": float_policy("float16")}), (25, 25, 50, "float16")),
        (policy_map("float16", **{"s/x": INT8, "y": INT8, "x/y": INT8}), (25, 25, 50, "float16")),
    ],
)  # fmt: skip
def test_policy_objects_are_read(tmp_path: Path, dtype: Any, expected: tuple[Any, ...]) -> None:
    assert numbers(tmp_path, model("Dense", {**DENSE, "dtype": dtype}, [None, 4])) == expected
    wrapped = json.loads(json.dumps(TIMES))
    wrapped["layer"]["config"] |= {"dtype": dtype, "name": "x"}
    wrapped["layer"]["build_config"] = {"input_shape": [None, 4]}
    assert numbers(tmp_path, model("TimeDistributed", wrapped, [None, 3, 4]))[:3] == expected[:3]


@pytest.mark.parametrize(
    ("dtype", "word"),
    [
        ("int5_from_float32", "int5_from_float32"),
        ("int4/0_from_float32", "int4/0_from_float32"),
        (policy_object("QuantizedDTypePolicy", mode="int3/2", source_name="float32"), "int3/2_from_float32"),
        ({"module": "mine", "class_name": "MyPolicy", "config": {"name": "float32"}, "registered_name": "a>MyPolicy"}, "MyPolicy"),
        (policy_object("TernaryDTypePolicy", mode="ternary", source_name="float32"), "TernaryDTypePolicy"),
        (policy_object("Int4DTypePolicy", mode="int4/2", source_name="float32", layout="new"), "Int4DTypePolicy"),
        (policy_map("float32", x=policy_object("TernaryDTypePolicy", mode="ternary")), "TernaryDTypePolicy"),
        (policy_map("float32", **{"x": "float16", "[x-z]": "float16"}, y=INT8), None),
        (policy_map("float32", **{"[x-z]": "float16"}), "DTypePolicyMap"),
        (policy_map("float32", **{"x.*": "float16", ".*x": "bfloat16"}), "DTypePolicyMap"),
        (policy_map("float32", **{"(a|aa)+$": "float16"}), "DTypePolicyMap"),
    ],
)  # fmt: skip
def test_an_unknown_policy_makes_counts_unknown(
    tmp_path: Path, dtype: Any, word: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown policy causes a warning. A budget then fails, and ``convert`` writes no file."""
    wrapped = json.loads(json.dumps(TIMES))
    wrapped["layer"]["config"] |= {"dtype": dtype, "name": "x"}
    wrapped["layer"]["build_config"] = {"input_shape": [None, 4]}
    for class_name, config, shape in (("Dense", {**DENSE, "dtype": dtype}, [4]), ("TimeDistributed", wrapped, [3, 4])):
        path = written(tmp_path, model(class_name, config, [None, *shape]))
        report = infer(load(path))
        # ``word`` is None if two keys match: 'x' and '[x-z]'. Keras uses the key that equals the path, 'x'.
        if word is None:
            assert report.totals.params == 25
            continue
        (warning,) = report.problems
        assert warning.code == "unknown-dtype" and f"'{word}'" in warning.message
        assert set(report.totals.incomplete) >= {"params", "trainable_params", "param_bytes"}
        assert report.totals.incomplete["params"] == "unknown"
        if class_name == "Dense":
            assert report.layers[-1].calls[-1].result.dtypes == ("",)
        assert command("check", str(path), "--max-params", "1000000") == 1
        assert "is unknown" in capsys.readouterr().err
        for ending in ("json", "yaml", "py"):
            target = tmp_path / f"out.{ending}"
            assert command("convert", str(path), "-o", str(target)) == 2
            assert "cannot-write" in capsys.readouterr().err
            assert not target.exists()


def test_an_unknown_path_is_not_guessed(tmp_path: Path) -> None:
    """The layer is in a Sequential and has no build_config, so its path is unknown: ``x``, ``s/x`` or others.

    The policy is known only if all these paths give the same policy.
    """
    for paths, known in (({"x": INT8}, False), ({"(.*/)?x": INT8}, True), ({"s/x": INT8}, False), ({"y": INT8}, True)):
        data = model("Dense", {**DENSE, "dtype": policy_map("float32", **paths)}, [None, 4], built=False)
        assert (infer(load(written(tmp_path, data))).totals.incomplete == {}) is known, paths


@pytest.mark.parametrize(
    ("inner", "given", "expected"),
    [(["uint8"], "float32", "uint8"), (["int16", "float16"], "float32", "float16"), ([None, "float64"], "uint8", "float64"),
     ([None], "float16", "float32")],
)  # fmt: skip
def test_a_pipeline_returns_the_dtype_of_its_last_layer(tmp_path: Path, inner: Any, given: str, expected: str) -> None:
    layers = [
        {"module": "keras.layers", "class_name": "Rescaling", "config": {"scale": 2.0, "dtype": dtype}}
        for dtype in inner
    ]
    data = model("Pipeline", {"layers": layers}, [None, 4])
    data["config"]["layers"][0]["config"]["dtype"] = given
    assert numbers(tmp_path, data)[3] == expected
