"""Operations on images. Source: ``keras/src/ops/image.py``."""

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers.registry import Inferred, Product
from convcalc.ops import costs
from convcalc.ops.arguments import CheckedByRule, DataFormat, Flag, Ignored, IntegerOrIntegers, Integers, Operand, Real
from convcalc.ops.creation import shape_argument
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor, sample_elements, shape_of, unknown_macs


def check_images(shape: Shape) -> None:
    """Raises :class:`Refusal` unless the shape has three axes (an image) or four axes (a batch of images)."""
    if len(shape) not in (3, 4):
        raise Refusal("needs an image or a batch of images: three or four axes", codes.WRONG_RANK)


def _height_axis(shape: Shape, data_format: DataFormat) -> int:
    return len(shape) - (2 if data_format == "channels_first" else 3)


def _height_and_width(images: Tensor, data_format: DataFormat) -> Shape:
    check_images(images.shape)
    at = _height_axis(images.shape, data_format)
    return images.shape[at : at + 2]


def _resized(images: Tensor, size: Sequence[Number], data_format: DataFormat) -> Tensor:
    """Returns the tensor of images with a new height and width."""
    at = _height_axis(images.shape, data_format)
    return Tensor((*images.shape[:at], *size, *images.shape[at + 2 :]), images.dtype)


def _channel_axis(shape: Shape, data_format: DataFormat, channels: tuple[int, ...]) -> int:
    """Returns the number of the channel axis. Raises :class:`Refusal` if its size is known, but not in ``channels``."""
    at = len(shape) - (3 if data_format == "channels_first" else 1)
    if isinstance(shape[at], int) and shape[at] not in channels:
        raise Refusal(f"needs images with {channels[-1]} channels, not {shape[at]}", codes.WRONG_CHANNELS)
    return at


def _colour_conversion(name: str) -> Rule:
    def rule(images: Tensor, *, data_format: DataFormat = None) -> Tensor:
        check_images(images.shape)
        if images.dtype and "float" not in images.dtype:
            raise Refusal(f"needs images of floating-point numbers, not {images.dtype}", codes.WRONG_DTYPE)
        _channel_axis(images.shape, data_format, (3,))
        return images

    rule.__doc__ = f"Converts the color space of images: {name.replace('To', ' to ')}."
    return rule


rgb_to_hsv, hsv_to_rgb = (
    operation(name, "image", flops=costs.unknown)(_colour_conversion(name)) for name in ("RGBToHSV", "HSVToRGB")
)


@operation("RGBToGrayscale", "image", flops=costs.free)
def rgb_to_grayscale(images: Tensor, *, data_format: DataFormat = None) -> Inferred:
    """Converts RGB images to grayscale."""
    check_images(images.shape)
    at = _channel_axis(images.shape, data_format, (1, 3))
    grey = (*images.shape[:at], 1, *images.shape[at + 1 :])
    weighed = sample_elements(images.shape) if images.shape[at] != 1 else 0
    return Inferred((grey,), products=(Product("weighted colors", weighed),), dtype=(images.dtype,))


@operation("Resize", "image", flops=costs.resize)
def resize(
    images: Tensor,
    *,
    size: Integers,
    interpolation: Ignored = "bilinear",
    antialias: Flag = False,
    crop_to_aspect_ratio: Flag = False,
    pad_to_aspect_ratio: Flag = False,
    fill_mode: Ignored = "constant",
    fill_value: Ignored = 0.0,
    data_format: DataFormat = None,
) -> Tensor:
    """Resizes images."""
    check_images(images.shape)
    return _resized(images, size, data_format)


@operation("GaussianBlur", "image", flops=costs.free)
def gaussian_blur(
    images: Tensor,
    *,
    kernel_size: IntegerOrIntegers = (3, 3),
    sigma: Ignored = (1.0, 1.0),
    data_format: DataFormat = None,
) -> Inferred:
    """Blurs images: a convolution with a fixed kernel."""
    check_images(images.shape)
    cells = kernel_size * kernel_size if isinstance(kernel_size, int) else product(kernel_size)
    return _convolved(images, images.shape, cells)


@operation("ElasticTransform", "image", flops=costs.unknown)
def elastic_transform(
    images: Tensor,
    *,
    alpha: Ignored = 20.0,
    sigma: Ignored = 5.0,
    interpolation: Ignored = "bilinear",
    fill_mode: Ignored = "reflect",
    fill_value: Ignored = 0.0,
    seed: Ignored = None,
    data_format: DataFormat = None,
) -> Inferred:
    """Applies a random elastic transform to images."""
    check_images(images.shape)
    return unknown_macs(images)


@operation("AffineTransform", "image", flops=costs.unknown)
def affine_transform(
    images: Tensor,
    transform: Operand,
    *,
    interpolation: Ignored = "bilinear",
    fill_mode: Ignored = "constant",
    fill_value: Ignored = 0,
    data_format: DataFormat = None,
) -> Tensor:
    """Applies an affine transform to images."""
    check_images(images.shape)
    if len(shape_of(transform)) not in (1, 2):
        raise Refusal(
            "needs one transform, or one for each image: a tensor of one or two axes", codes.WRONG_RANK, "transform"
        )
    return images


@operation("PerspectiveTransform", "image", flops=costs.unknown)
def perspective_transform(
    images: Tensor,
    start_points: Operand,
    end_points: Operand,
    *,
    interpolation: Ignored = "bilinear",
    fill_value: Ignored = 0,
    data_format: DataFormat = None,
) -> Inferred:
    """Applies the perspective transform that maps four start points to four end points."""
    check_images(images.shape)
    start, end = shape_of(start_points), shape_of(end_points)
    if len(start) not in (2, 3) or start[-2:] != (4, 2) or start != end:
        raise Refusal("needs start points and end points of the same shape, (4, 2) or (batch, 4, 2)", codes.WRONG_SHAPE)
    return unknown_macs(images)


@operation("MapCoordinates", "image", flops=costs.unknown)
def map_coordinates(
    inputs: Tensor, coordinates: Operand, *, order: Ignored, fill_mode: Ignored = "constant", fill_value: Ignored = 0
) -> Tensor:
    """Interpolates the input at given coordinates."""
    shape = shape_of(coordinates)
    if len(shape) < 2 or shape[0] != len(inputs.shape):
        raise Refusal(f"needs coordinates of shape ({len(inputs.shape)}, ...)", codes.WRONG_SHAPE, "coordinates")
    return Tensor(shape[1:], inputs.dtype)


@operation("ScaleAndTranslate", "image", flops=costs.unknown)
def scale_and_translate(
    images: Tensor,
    output_shape: CheckedByRule,
    scale: Ignored,
    translation: Ignored,
    *,
    spatial_dims: Ignored,
    method: Ignored,
    antialias: Flag = True,
) -> Inferred:
    """Scales and translates images; the output has a given shape."""
    return unknown_macs(Tensor(shape_argument(output_shape, "output_shape"), images.dtype))


@operation("SobelEdges", "image", flops=costs.free)
def sobel_edges(images: Tensor, *, data_format: DataFormat = None) -> Inferred:
    """Computes vertical and horizontal Sobel edges of images, along a new axis."""
    if len(images.shape) != 4:
        raise Refusal("needs a batch of images: four axes", codes.WRONG_RANK)
    return _convolved(images, (*images.shape, 2), 3 * 3)


def _convolved(images: Tensor, shape: Shape, kernel_elements: Number) -> Inferred:
    """Returns the output and its multiply-accumulates: each channel is convolved with a kernel of ``kernel_elements``
    elements.
    """
    products = (Product("products", sample_elements(shape) * kernel_elements),)
    return Inferred((shape,), products=products, dtype=(images.dtype,))


def _padded_or_cropped(size: Number, ends: Sequence[int | None], target: int | None, sign: int) -> Number:
    """Returns the size of an axis after padding (``sign`` 1) or cropping (``sign`` -1).

    Exactly two of three numbers must be given: the amount before, the amount after, and the new size. Otherwise raises
    :class:`Refusal`.
    """
    verb = "pad" if sign > 0 else "crop"
    amounts = [amount for amount in ends if amount is not None]
    if len(amounts) + (target is not None) != 2 or min([*amounts, target or 0]) < 0:
        raise Refusal(
            f"needs two of three numbers: how much to {verb} before, after, and the target size", codes.INVALID_VALUE
        )
    if target is not None:
        if sign * (target - size) < sum(amounts):
            raise Refusal(
                f"cannot {verb} an axis of size {size} to {target}: {sum(amounts)} on one side is too much",
                codes.INVALID_VALUE,
            )
        return target
    if sign < 0 and size is UNKNOWN:
        raise Refusal("needs a target size, because the size of its images is unknown", codes.UNKNOWN_SIZE)
    output = size + sign * sum(amounts)
    if output < 0:
        raise Refusal(f"cannot crop {sum(amounts)} from a size of {size}", codes.VANISHING_SIZE)
    return output


@operation("PadImages", "image", flops=costs.free)
def pad_images(
    images: Tensor,
    *,
    top_padding: Real | None = None,
    left_padding: Real | None = None,
    bottom_padding: Real | None = None,
    right_padding: Real | None = None,
    target_height: Real | None = None,
    target_width: Real | None = None,
    data_format: DataFormat = None,
) -> Tensor:
    """Pads images with zeros."""
    height, width = _height_and_width(images, data_format)
    size = (
        _padded_or_cropped(height, (top_padding, bottom_padding), target_height, 1),
        _padded_or_cropped(width, (left_padding, right_padding), target_width, 1),
    )
    return _resized(images, size, data_format)


@operation("CropImages", "image", flops=costs.free)
def crop_images(
    images: Tensor,
    *,
    top_cropping: Real | None = None,
    left_cropping: Real | None = None,
    bottom_cropping: Real | None = None,
    right_cropping: Real | None = None,
    target_height: Real | None = None,
    target_width: Real | None = None,
    data_format: DataFormat = None,
) -> Tensor:
    """Crops images."""
    height, width = _height_and_width(images, data_format)
    size = (
        _padded_or_cropped(height, (top_cropping, bottom_cropping), target_height, -1),
        _padded_or_cropped(width, (left_cropping, right_cropping), target_width, -1),
    )
    return _resized(images, size, data_format)
