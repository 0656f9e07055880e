"""Tests the rules of the operations of ``keras.ops`` without Keras. The expected results are from Keras 3.15."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal
from convcalc.layers.application import sample_macs
from convcalc.model import Constant, Slot
from convcalc.ops import OPERATIONS, Tensor
from convcalc.ops import operation as declare_operation
from convcalc.ops.promotion import result_type
from convcalc.read import read
from tests.helpers.operations import run


@pytest.mark.parametrize(
    ("name", "shapes", "made", "outputs"),
    [
        ("Add", [(None, 3), (3,)], {}, [(None, 3)]),
        ("Add", [(None, 1), (4,)], {}, [(None, 4)]),
        ("Mean", [(None, 4, 5)], {"axis": [1, 2]}, [(None,)]),
        ("Sum", [(2, 3)], {"axis": None, "keepdims": True}, [(1, 1)]),
        ("Reshape", [(2, 6)], {"newshape": [3, -1]}, [(3, 4)]),
        ("Reshape", [(None, 6)], {"newshape": [-1, 3]}, [(None, 3)]),
        ("Transpose", [(2, 3, 4)], {"axes": [0, 2, 1]}, [(2, 4, 3)]),
        ("Split", [(None, 6)], {"indices_or_sections": 3, "axis": 1}, [(None, 2)] * 3),
        ("Split", [(None, 6)], {"indices_or_sections": [1, 4], "axis": -1}, [(None, 1), (None, 3), (None, 2)]),
        ("Matmul", [(None, 2, 3), (3, 5)], {}, [(None, 2, 5)]),
        ("Einsum", [(None, 2, 3), (3, 4)], {"subscripts": "...a,ab->...b"}, [(None, 2, 4)]),
        ("Tensordot", [(2, 3), (3, 4)], {"axes": 1}, [(2, 4)]),
        ("Linspace", [(None, 5), (None, 5)], {"num": 7, "axis": -1}, [(None, 5, 7)]),
        ("Full", [()], {"shape": [2, None]}, [(2, None)]),
        ("Vander", [(5,)], {}, [(5, 5)]),
        ("MultiHot", [(None, 4)], {"num_classes": 6, "module": "nn"}, [(None, 6)]),
        ("MultiHot", [(4,)], {"num_classes": 6, "module": "nn"}, [(6,)]),
        ("Diag", [(3,)], {"k": -2}, [(5, 5)]),
        ("Diag", [(3, 5)], {"k": 3}, [(2,)]),
        ("Diagflat", [(2, 3)], {"k": 1}, [(7, 7)]),
        ("View", [(None, 6)], {"dtype": "int16"}, [(None, 12)]),
        ("MaxPool", [(None, 8, 8, 3)], {"pool_size": [2], "module": "nn"}, [(None, 4, 4, 3)]),
        ("AveragePool", [(None, 8, 6, 3)], {"pool_size": [2, 3], "strides": [1], "module": "nn"}, [(None, 7, 4, 3)]),
        ("Conv", [(None, 6, 8, 3), (1, 1, 3, 4)], {"strides": [2], "module": "nn"}, [(None, 3, 4, 4)]),
        ("ExtractPatches", [(2, 8, 5, 3)], {"size": [2, 2], "strides": [2], "module": "image"}, [(2, 4, 2, 12)]),
        ("ExtractPatches", [(4, 8, 6, 3)], {"size": [2, 2, 2], "module": "image"}, [(2, 4, 3, 24)]),
        ("ExtractPatches", [(None, 4, 8, 6, 3)], {"size": [2, 4, 3], "module": "image"}, [(None, 2, 2, 2, 72)]),
        ("Ndim", [(None, 4, 5)], {}, [(3,)]),
        ("Nonzero", [(None, 5)], {}, [(None,), (None,)]),
        ("UnravelIndex", [(None, 4)], {"shape": [2, 3]}, [(None, 4), (None, 4)]),
        ("Histogram", [(None, 5)], {"bins": 4}, [(4,), (5,)]),
        ("Unique", [(6, 5)], {"return_inverse": True, "return_counts": True, "axis": 0}, [(None, 5), (6,), (None,)]),
        ("Nanquantile", [(None, 4), (2,)], {"axis": -1}, [(2, None)]),
        ("Argpartition", [(3, 4)], {"kth": 1, "axis": None}, [(12,)]),
        ("Cross", [(None, 3), (None, 2)], {}, [(None, 3)]),
        ("Cross", [(2, 4), (2, 4)], {"axis": 0}, [(4,)]),
        ("Kron", [(None, 2), (4, 3)], {}, [(None, 6)]),
        ("Correlate", [(7,), (3,)], {"mode": "full"}, [(9,)]),
        ("BatchNorm", [(None, 4), (4,), (4,)], {"axis": -1, "module": "nn"}, [(None, 4)]),
        ("CategoricalCrossentropy", [(None, 4), (None, 4)], {"module": "nn"}, [(None,)]),
        ("SparseCategoricalCrossentropy", [(None, 1), (None, 4)], {"module": "nn"}, [(None,)]),
        ("CTCLoss", [(None, 4), (None, 8, 5), (None,), (None,)], {"module": "nn"}, [(None,)]),
        ("CTCDecode", [(None, 6, 5), (None,)], {"module": "nn"}, [(1, None, 6), (None, 1)]),
        ("Unfold", [(None, 3, 8, 8)], {"kernel_size": 3, "padding": 1, "module": "nn"}, [(None, 27, 64)]),
        ("Fold", [(None, 12, 9)], {"output_size": 6, "kernel_size": 2, "module": "nn"}, [(None, 3, 6, 6)]),
        ("SeparableConv", [(None, 8, 8, 3), (3, 3, 3, 2), (1, 1, 6, 4)], {"module": "nn"}, [(None, 6, 6, 4)]),
        ("SobelEdges", [(None, 8, 8, 3)], {"module": "image"}, [(None, 8, 8, 3, 2)]),
        ("SSIM", [(None, 8, 8, 3), (None, 8, 8, 3)], {"module": "image"}, [(None,)]),
        ("MapCoordinates", [(5, 6), (2, 4, 4)], {"order": 1, "module": "image"}, [(4, 4)]),
        (
            "PadImages",
            [(None, 8, None, 3)],
            {"top_padding": 1, "target_height": 12, "left_padding": 1, "right_padding": 2, "module": "image"},
            [(None, 12, None, 3)],
        ),
        (
            "CropImages",
            [(3, 8, 9)],
            {
                "top_cropping": 1,
                "bottom_cropping": 2,
                "left_cropping": 0,
                "target_width": 4,
                "data_format": "channels_first",
                "module": "image",
            },
            [(3, 5, 4)],
        ),
    ],
)
def test_shapes_of_outputs(name: str, shapes: Any, made: dict[str, Any], outputs: Any) -> None:
    result = run(name, *shapes, **made)
    assert [tuple(None if s is UNKNOWN else s for s in shape) for shape in result.outputs] == outputs


@pytest.mark.parametrize(
    ("dtypes", "result"),
    [
        (("float16", "bfloat16"), "float32"),
        (("int32", "float"), "float32"),
        (("int64", "float16"), "float16"),
        (("uint8", "int8"), "int16"),
        (("int", "float16"), "float16"),
        (("bool", "int"), "int32"),
        (("int", "int"), "int32"),
        (("complex64", "float64"), "complex64"),
        (("complex64", "complex128"), "complex64"),
        (("", "float32"), ""),
        (("", ""), ""),
        (("float", ""), ""),
    ],
)
def test_dtype_promotion(dtypes: tuple[str, ...], result: str) -> None:
    assert result_type(*dtypes) == result == result_type(*reversed(dtypes))


@pytest.mark.parametrize(
    ("name", "dtypes", "made", "result"),
    [
        ("Heaviside", ["bool", "bool"], {}, "bool"),
        ("Hypot", ["bool", "bool"], {}, "bool"),
        ("Heaviside", ["bool", "int8"], {}, "float32"),
        ("Hypot", ["bool", "int64"], {}, "float64"),
        ("Cbrt", ["uint64"], {}, "uint64"),
        ("Cbrt", ["bool"], {}, "float32"),
        ("Percentile", ["complex64"], {"axis": 0}, "float32"),
        ("Percentile", ["float16"], {"axis": 0}, "float16"),
    ],
)
def test_dtypes_of_outputs(name: str, dtypes: list[str], made: dict[str, Any], result: str) -> None:
    """The expected dtypes are those of Keras 3.15.1. In Keras, similar operations may return different dtypes."""
    rule = OPERATIONS["keras.src.ops.numpy", name]
    tensors = [Tensor((4,), dtype) for dtype in dtypes]
    named: dict[str, Any] = dict(zip(rule.parameters, (Slot(0), Slot(1) if len(dtypes) > 1 else 50)))
    assert rule.infer(made, named if len(rule.parameters) > 1 else {rule.parameters[0]: Slot(0)}, tensors).dtype == (
        result,
    )


@pytest.mark.parametrize("name", ["RGBToHSV", "HSVToRGB"])
def test_colors_are_converted_only_in_images_of_floats(name: str) -> None:
    rule = OPERATIONS["keras.src.ops.image", name]
    assert rule.infer({}, {"images": Slot(0)}, [Tensor((4, 5, 3), "bfloat16")]).dtype == ("bfloat16",)
    with pytest.raises(Refusal, match="floating-point numbers, not uint8"):
        rule.infer({}, {"images": Slot(0)}, [Tensor((4, 5, 3), "uint8")])


@pytest.mark.parametrize(
    ("name", "shapes", "made", "macs"),
    [
        ("Matmul", [(None, 2, 3), (3, 5)], {}, 2 * 3 * 5),
        ("Einsum", [(None, 4, 2, 8), (None, 4, 2, 8)], {"subscripts": "bqhd,bkhd->bhqk"}, 4 * 4 * 2 * 8),
        ("Einsum", [(3, 4)], {"subscripts": "ab->ba"}, 0),
        ("Add", [(3, 4), (3, 4)], {}, 0),
        ("Kron", [(None, 2), (4, 3)], {}, 2 * 4 * 3),
        ("Cross", [(None, 5, 3), (None, 5, 3)], {}, 5 * 3 * 2),
        ("Correlate", [(7,), (3,)], {"mode": "same"}, 7 * 3),
        ("Corrcoef", [(4, 10)], {}, 4 * 4 * 10),
        (
            "SeparableConv",
            [(None, 8, 8, 3), (3, 3, 3, 2), (1, 1, 6, 4)],
            {"module": "nn"},
            6 * 6 * (6 * 3 * 3 + 6 * 4),
        ),
    ],
)
def test_multiply_accumulates(name: str, shapes: Any, made: dict[str, Any], macs: int) -> None:
    assert sample_macs(run(name, *shapes, **made)) == macs


@pytest.mark.parametrize(
    ("name", "module", "shapes", "made", "outputs"),
    [
        ("Cholesky", "linalg", [(None, 3, 3)], {}, [(None, 3, 3)]),
        ("Det", "linalg", [(None, 2, 3, 3)], {}, [(None, 2)]),
        ("Logdet", "math", [(5, 2, 3)], {}, [(5,)]),
        ("Eigh", "linalg", [(2, 4, 4)], {}, [(2, 4), (2, 4, 4)]),
        ("LuFactor", "linalg", [(None, 3, 5)], {}, [(None, 3, 5), (None, 3)]),
        ("Qr", "linalg", [(None, 5, 3)], {}, [(None, 5, 3), (None, 3, 3)]),
        ("Qr", "linalg", [(5, 3)], {"mode": "complete"}, [(5, 5), (5, 3)]),
        ("SVD", "linalg", [(None, 5, 3)], {}, [(None, 5, 5), (None, 3), (None, 3, 3)]),
        ("SVD", "linalg", [(5, 3)], {"full_matrices": False}, [(5, 3), (3,), (3, 3)]),
        ("SVD", "linalg", [(5, 3)], {"compute_uv": False}, [(3,)]),
        ("Pinv", "linalg", [(None, 5, 3)], {}, [(None, 3, 5)]),
        ("MatrixRank", "linalg", [(None, 5, 3)], {}, [(None,)]),
        ("Solve", "linalg", [(None, 3, 3), (None, 3, 2)], {}, [(None, 3, 2)]),
        ("Lstsq", "linalg", [(5, 3), (5, 2)], {}, [(3, 2)]),
        ("FFT2", "math", [(None, 4, 6), (None, 4, 6)], {}, [(None, 4, 6)] * 2),
        ("RFFT", "math", [(None, 7)], {}, [(None, 4)] * 2),
        ("RFFT", "math", [(None, None)], {}, [(None, None)] * 2),
        ("IRFFT", "math", [(None, 4), (None, 4)], {}, [(None, 6)]),
        ("IRFFT", "math", [(None, 4), (None, 4)], {"fft_length": 7}, [(None, 7)]),
        (
            "STFT",
            "math",
            [(None, 100)],
            {"sequence_length": 16, "sequence_stride": 8, "fft_length": 16},
            [(None, 13, 9)] * 2,
        ),
        (
            "ISTFT",
            "math",
            [(None, 13, 9), (None, 13, 9)],
            {"sequence_length": 16, "sequence_stride": 8, "fft_length": 16},
            [(None, 96)],
        ),
    ],
)
def test_macs_that_depend_on_the_algorithm_are_unknown(
    name: str, module: str, shapes: Any, made: dict[str, Any], outputs: Any
) -> None:
    result = run(name, *shapes, module=module, **made)
    assert [tuple(None if s is UNKNOWN else s for s in shape) for shape in result.outputs] == outputs
    assert result.unknown == {"macs"}


@pytest.mark.parametrize(
    ("name", "shapes", "made", "output", "dtype", "macs"),
    [
        ("CDist", [(None, 5, 3), (None, 7, 3)], {}, (None, 5, 7), "float32", 5 * 7 * 3),
        (
            "ExtractSequences",
            [(None, 10)],
            {"sequence_length": 4, "sequence_stride": 3},
            (None, 3, 4),
            "float16",
            0,
        ),
        ("SegmentSum", [(None, 3), (None,)], {}, (None, 3), "float16", 0),
        ("SegmentMax", [(8, 3), (8,)], {"num_segments": 4}, (4, 3), "float16", 0),
        ("ViewAsComplex", [(None, 4, 2)], {}, (None, 4), "complex64", 0),
        ("ViewAsReal", [(None, 4)], {}, (None, 4, 2), "float32", 0),
    ],
)
def test_shapes_of_distances_sequences_and_segments(
    name: str, shapes: Any, made: dict[str, Any], output: Any, dtype: str, macs: int
) -> None:
    result = run(name, *shapes, module="math", of="float32" if name == "CDist" else "float16", **made)
    assert [tuple(None if s is UNKNOWN else s for s in shape) for shape in result.outputs] == [output]
    assert (result.dtype, result.unknown, sample_macs(result)) == ((dtype,), frozenset(), macs)


def test_macs_of_a_norm_by_singular_values_are_unknown() -> None:
    for order, unknown in (("nuc", {"macs"}), (2, {"macs"}), ("fro", set()), (None, set())):
        result = run("Norm", (None, 3, 4), module="linalg", ord=order, axis=[1, 2])
        assert (result.outputs, result.unknown) == (((UNKNOWN,),), unknown)


def test_invalid_inputs_of_linear_algebra_are_refused() -> None:
    for name, module, shapes, made, words in (
        ("Inv", "linalg", [(None, 3, 4)], {}, "square matrices, not 3 by 4"),
        ("Inv", "linalg", [(None, None, 4)], {}, "square"),
        ("Inv", "linalg", [(3,)], {}, "two axes"),
        ("LuFactor", "linalg", [(None, None, 4)], {}, "known"),
        ("SVD", "linalg", [(None, 4, None)], {}, "known"),
        ("Qr", "linalg", [(4, 4)], {"mode": "raw"}, "'raw'"),
        ("Solve", "linalg", [(3, 3), ()], {}, "right-hand sides"),
        ("Solve", "linalg", [(3, 3), (4, 2)], {}, "rows"),
        ("Lstsq", "linalg", [(3, 3, 3), (3,)], {}, "two axes"),
        ("Lstsq", "linalg", [(3, 3), (4,)], {}, "3 equations, but right-hand sides with 4 rows"),
        ("Norm", "linalg", [(3, 3)], {"ord": "nuc", "axis": 0}, "'nuc'"),
        ("Norm", "linalg", [(3, 3)], {"ord": 3}, "order 3"),
        ("Norm", "linalg", [(3, 3)], {"ord": "max"}, "'max'"),
        ("CDist", "math", [(3, 4), (3, 5)], {}, "not 4 and 5"),
        ("FFT", "math", [(3, None), (3, None)], {}, "known sizes"),
        ("FFT", "math", [(3, 4), (3, 5)], {}, "same shape"),
        ("FFT", "math", [(3, 4)], {}, "pair of tensors"),
        ("FFT2", "math", [(3,), (3,)], {}, "two axes"),
        ("IRFFT", "math", [(3, 0), (3, 0)], {}, "size -2"),
        ("ExtractSequences", "math", [(2,)], {"sequence_length": 5, "sequence_stride": 1}, "size -2"),
        ("ExtractSequences", "math", [(9,)], {"sequence_length": 5, "sequence_stride": 0}, "other than 0"),
        ("SegmentSum", "math", [(3,), (3,)], {"num_segments": -1}, "size -1"),
        ("SegmentSum", "math", [(3, 2), (4,)], {}, "4 rows, not 3"),
        ("SegmentSum", "math", [(3, 2), (3, 2)], {}, "vector of segment numbers"),
        ("STFT", "math", [(None,)], {"sequence_length": 2, "sequence_stride": 0, "fft_length": 2}, "at least 1"),
    ):
        with pytest.raises(Refusal, match=words):
            run(name, *shapes, module=module, **made)


def test_inputs_that_do_not_fit_are_refused() -> None:
    for name, shapes, made in (
        ("Add", [(2,), (3,)], {}),
        ("Matmul", [(2, 3), (4, 5)], {}),
        ("Reshape", [(2, 3)], {"newshape": [4, -1]}),
        ("Concatenate", [(2, 3)], {"axis": 5}),
        ("Mean", [(2, 3)], {"axis": 7}),
        ("Linspace", [(2,), (2,)], {"num": -1}),
        ("View", [(3,)], {"dtype": "float64"}),
        ("Diag", [(2, 3, 4)], {}),
        ("Cross", [(4,), (4,)], {}),
        ("Correlate", [(None,), (3,)], {}),
        ("Histogram", [(4,)], {"bins": -1}),
        ("BinaryCrossentropy", [(None, 4), (2, 4)], {"module": "nn"}),
        ("BatchNorm", [(None, 4), (3,), (4,)], {"axis": -1, "module": "nn"}),
        ("Unfold", [(None, 3, None, 8)], {"kernel_size": 3, "module": "nn"}),
        ("Fold", [(None, 10, 9)], {"output_size": 6, "kernel_size": 2, "module": "nn"}),
        ("Conv", [(None, 8, 8, 3), (3, 3, 4, 2)], {"module": "nn"}),
        ("DepthwiseConv", [(None, 8, 8, 3), (3, 3, None, 2)], {"module": "nn"}),
        ("ConvTranspose", [(None, 8, 8, 3), (3, 3, 4, 2)], {"module": "nn"}),
        ("PadImages", [(8, 8, 3)], {"top_padding": 1, "module": "image"}),
        (
            "CropImages",
            [(None, None, 8, 3)],
            {"top_cropping": 1, "bottom_cropping": 1, "left_cropping": 1, "target_width": 4, "module": "image"},
        ),
        ("PerspectiveTransform", [(8, 8, 3), (4, 2), (2, 4, 2)], {"module": "image"}),
    ):
        with pytest.raises(Refusal):
            run(name, *shapes, **made)


def test_every_operation_has_a_description() -> None:
    assert len(OPERATIONS) > 320
    for operation in OPERATIONS.values():
        assert operation.summary.endswith("."), operation.name
        assert operation.parameters


def test_a_placeholder_of_a_tensor_is_a_tensor() -> None:
    operation = OPERATIONS["keras.src.ops.numpy", "Matmul"]
    half = Tensor((UNKNOWN, 5), "float16")
    result = operation.infer({}, {"x1": Slot(0), "x2": Constant([[1.0, 1.0]] * 5, "float32")}, [half])
    assert (result.outputs, result.dtype) == (((UNKNOWN, 2),), ("float32",))
    with pytest.raises(Refusal, match="needs a tensor"):
        operation.infer({}, {"x1": Slot(0), "x2": 2}, [half])
    with pytest.raises(Refusal, match="needs the argument 'x2'"):
        operation.infer({}, {"x1": Slot(0)}, [half])


def test_arange_and_select() -> None:
    """Arange takes numbers, Select takes lists of tensors."""
    arange, select = (OPERATIONS["keras.src.ops.numpy", name] for name in ("Arange", "Select"))
    result = arange.infer({}, {"start": 1, "stop": 7, "step": 2.5}, [])
    assert (result.outputs, result.dtype) == (((3,),), ("float32",))
    tensors = [Tensor((2, 3), "bool"), Tensor((2, 3), "int8")]
    result = select.infer({}, {"condlist": [Slot(0)], "choicelist": [Slot(1)], "default": 0}, tensors)
    assert (result.outputs, result.dtype) == (((2, 3),), ("int8",))
    for step in (0, -1):
        with pytest.raises(Refusal):
            arange.infer({}, {"start": 1, "stop": 7, "step": step}, [])


def test_slices_in_a_file() -> None:
    """Reads ``x[:, 1:, ...]``, ``* 2`` and ``+`` as Keras writes them to a file."""

    def tensor(name: str) -> Any:
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    def entry(module: str, class_name: str, name: str, *args: Any, **config: Any) -> Any:
        nodes = [{"args": list(args), "kwargs": {}}] if args else []
        config = {"name": name, **config}
        return {"module": module, "class_name": class_name, "config": config, "name": name, "inbound_nodes": nodes}

    def part(start: Any, stop: Any) -> Any:
        return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": None}}

    ops = "keras.src.ops.numpy"
    layers = [
        entry("keras.layers", "InputLayer", "x", batch_shape=[None, 6, 3], dtype="float32"),
        entry(
            ops,
            "GetItem",
            "rest",
            tensor("x"),
            [part(None, None), part(1, None), {"class_name": "__ellipsis__", "config": {}}],
        ),
        entry(ops, "Multiply", "twice", tensor("rest"), 2),
        entry(ops, "Add", "sum", tensor("twice"), tensor("rest")),
    ]
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["sum", 0, 0]]}
    report = infer(read(json.dumps({"class_name": "Functional", "config": config}).encode(), "m.json"))
    assert [row.output_shapes[0] for row in report.layers[1:]] == [(UNKNOWN, 5, 3)] * 3
    assert not report.problems


def test_a_mistake_in_a_rule_is_not_a_refusal() -> None:
    """Only a failed check of an argument is a refusal. Any other exception in a rule is a bug and is not hidden."""

    def rule(x: Tensor) -> Tensor:
        """A rule with a typo."""
        return x.shpae  # type: ignore

    operation = OPERATIONS["keras.src.ops.numpy", "Sqrt"]._replace(rule=rule)
    with pytest.raises(AttributeError, match="shpae"):
        operation.infer({}, {"x": Slot(0)}, [Tensor((2,), "float32")])


def test_a_parameter_declares_the_kind_of_its_argument() -> None:
    def rule(x: Tensor, *, axis: int = 0) -> Tensor:
        """A rule with the annotation ``int``, which declares no kind of argument."""
        return x

    rule.__annotations__.update(x=Tensor, axis=int)
    with pytest.raises(TypeError, match="annotation of 'axis' declares no kind"):
        declare_operation("Undeclared")(rule)
    with pytest.raises(Refusal, match="needs a whole number, or a list of whole numbers or null as 'axis', not 'left'"):
        run("Mean", (2, 3), axis="left")
