"""Losses, and measures of image similarity. Sources: ``keras/src/ops/nn.py`` and ``image.py``."""

from convcalc.base import codes
from convcalc.base.numbers import Shape
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import shown
from convcalc.layers.registry import Inferred, axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import AnyValue, Axis, CheckedByRule, DataFormat, Flag, Ignored, Operand
from convcalc.ops.images import check_images
from convcalc.ops.promotion import result_type
from convcalc.ops.registry import operation
from convcalc.ops.tensor import Tensor, shape_of, unknown_macs


def _equal(target: Shape, output: Shape) -> None:
    """Raises :class:`Refusal` if the shapes differ. As in Keras, an unknown size differs from every known size."""
    if target != output:
        raise Refusal("needs a target of the same shape as the output", codes.SHAPES_DIFFER, "target")


@operation("BinaryCrossentropy", "nn", flops=costs.unknown)
def binary_crossentropy(target: Operand, output: Tensor, *, from_logits: Flag = False) -> Tensor:
    """Computes the binary cross-entropy between targets and predicted probabilities."""
    _equal(shape_of(target), output.shape)
    return output


@operation("CategoricalCrossentropy", "nn", flops=costs.unknown)
def categorical_crossentropy(
    target: Operand, output: Tensor, *, from_logits: Flag = False, axis: Ignored = -1
) -> Tensor:
    """Computes the cross-entropy between one-hot targets and predicted class probabilities.

    As in Keras, the last axis is removed, even if the classes are on another axis.
    """
    _equal(shape_of(target), output.shape)
    axis_index(-1, len(output.shape))
    return Tensor(output.shape[:-1], output.dtype)


@operation("SparseCategoricalCrossentropy", "nn", flops=costs.unknown)
def sparse_categorical_crossentropy(
    target: Operand, output: Tensor, *, from_logits: Flag = False, axis: Axis = -1
) -> Tensor:
    """Computes the cross-entropy between class indices and predicted class probabilities."""
    at = axis_index(axis, len(output.shape))
    labels = shape_of(target)
    if len(labels) == len(output.shape) and labels[-1] == 1:
        labels = labels[:-1]
    rest = (*output.shape[:at], *output.shape[at + 1 :])
    if labels != rest:
        raise Refusal(
            "needs a target of the same shape as the output, but without the class axis", codes.SHAPES_DIFFER, "target"
        )
    return Tensor(rest, output.dtype)


@operation("CTCLoss", "nn", flops=costs.unknown)
def ctc_loss(
    target: Operand, output: Tensor, target_length: Operand, output_length: Operand, *, mask_index: Ignored = 0
) -> Tensor:
    """Computes the CTC loss between predicted sequences and labels."""
    shapes = [shape_of(operand) for operand in (target, output, target_length, output_length)]
    if not all(shapes) or any(shape[0] != shapes[0][0] for shape in shapes):
        raise Refusal("needs the same number of targets, outputs and lengths", codes.SHAPES_DIFFER)
    return Tensor(shapes[0][:1], result_type(output.dtype, "float32"))


@operation("CTCDecode", "nn", flops=costs.unknown)
def ctc_decode(
    inputs: Tensor,
    sequence_lengths: Ignored,
    *,
    strategy: AnyValue = "greedy",
    beam_width: Ignored = 100,
    top_paths: CheckedByRule = 1,
    merge_repeated: Flag = True,
    mask_index: Ignored = 0,
) -> list[Tensor]:
    """Decodes CTC predictions to labels and their scores."""
    axis_index(1, len(inputs.shape))
    paths = 1 if strategy == "greedy" else top_paths
    if not isinstance(paths, int):
        raise Refusal(f"needs a whole number as 'top_paths', not {shown(paths)}", codes.INVALID_VALUE)
    batch, length = inputs.shape[:2]
    return [Tensor((paths, batch, length), "int32"), Tensor((batch, paths), result_type(inputs.dtype, "float32"))]


@operation("PSNR", "nn", flops=costs.unknown)
def psnr(x1: Operand, x2: Operand, *, max_val: Ignored) -> Tensor:
    """Computes the peak signal-to-noise ratio (PSNR) of two images."""
    if len(shape_of(x1)) != len(shape_of(x2)):
        raise Refusal("needs inputs with the same number of axes", codes.SHAPES_DIFFER)
    return Tensor((), "float32")


@operation("SSIM", "image", flops=costs.unknown)
def ssim(
    image1: Tensor,
    image2: Operand,
    *,
    max_val: Ignored = 1.0,
    filter_size: Ignored = 11,
    filter_sigma: Ignored = 1.5,
    k1: Ignored = 0.01,
    k2: Ignored = 0.03,
    data_format: DataFormat = None,
) -> Inferred:
    """Computes the structural similarity (SSIM) of images."""
    check_images(image1.shape)
    check_images(shape_of(image2))
    return unknown_macs(Tensor(() if len(image1.shape) == 3 else image1.shape[:1], image1.dtype))
