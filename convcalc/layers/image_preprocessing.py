"""Layers that resize, crop and augment images. Most rules accept any shape, as Keras does in a symbolic call.

Sources: ``keras/src/layers/preprocessing/image_preprocessing``.
"""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.problems import Refusal
from convcalc.layers import costs, views
from convcalc.layers.arguments import (
    DATA_FORMAT,
    SEED,
    Anything,
    Argument,
    Boolean,
    Choice,
    Integer,
    Integers,
    Real,
    ignored_arguments,
)
from convcalc.layers.data_arguments import Factor, OddSizes, Range
from convcalc.layers.registry import SAME, VIEW, Args, Cost, HiddenSublayers, Inferred, layer

_HEIGHT, _WIDTH = Argument("height", Integer(1)), Argument("width", Integer(1))
_VALUES = Argument("value_range", Range(), (0, 255))
_INTERPOLATION = Argument("interpolation", Choice(("bilinear", "nearest")), "bilinear")
_FILL_MODE = Argument("fill_mode", Choice(("reflect", "wrap", "constant", "nearest")), "reflect")
_FILL_VALUE = Argument("fill_value", Anything(), 0.0)
# The last arguments of the layers that move pixels.
_MOVED = [_FILL_MODE, _INTERPOLATION, SEED, _FILL_VALUE, DATA_FORMAT]
_PART = Factor(0, 1)
# A call takes 1 to 5 tensors: images, or a dict of images, labels, segmentation masks, boxes and box labels.
_DICT = (1, 5)


def _resized(x: Shape, a: Args, at: int) -> Inferred:
    """Returns the shape with a new height at axis ``at``, and a new width at the next axis."""
    if at < 0 or at + 2 > len(x):
        raise Refusal("expects (height, width, channels)", codes.WRONG_RANK)
    return Inferred(((*x[:at], a["height"], a["width"], *x[at + 2 :]),))


def _resizing(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the interpolation. Unknown with antialiasing or padding: their cost depends on the sizes."""
    inexact = a["antialias"] or a["pad_to_aspect_ratio"]
    return UNKNOWN if inexact else costs.interpolated(a, inputs, result)


def _cropping(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns 0 if the image is large enough to be cropped, otherwise the cost of resizing."""
    first = len(inputs[0]) - (2 if a["data_format"] == "channels_first" else 3)
    height, width = inputs[0][first : first + 2]
    if height >= a["height"] and width >= a["width"]:
        return 0
    return UNKNOWN if UNKNOWN in (height, width) else costs.interpolated({"interpolation": "bilinear"}, inputs, result)


@layer(
    "Resizing",
    _HEIGHT,
    _WIDTH,
    Argument("interpolation", Choice(("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area")), "bilinear"),
    Argument("crop_to_aspect_ratio", Boolean(), False),
    Argument("pad_to_aspect_ratio", Boolean(), False),
    *ignored_arguments("fill_mode", default="constant"),
    _FILL_VALUE,
    Argument("antialias", Boolean(), False),
    DATA_FORMAT,
    receptive_field_rule=views.unknown,
    flops=_resizing,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Resizing: [6, 5]",
    example_input=(8, 8, 3),
)
def resizing(a: Args, x: Shape) -> Inferred:
    """Resizes images to a height and a width.

    The output has the new height and width, and the same channels. As in Keras, an input that does not have four axes
    is one image without a batch axis.
    """
    return _resized(x, a, (len(x) == 4) + (a["data_format"] == "channels_first"))


@layer(
    "CenterCrop",
    _HEIGHT,
    _WIDTH,
    DATA_FORMAT,
    receptive_field_rule=views.unknown,
    flops=_cropping,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="CenterCrop: [6, 5]",
    example_input=(8, 8, 3),
)
def center_crop(a: Args, x: Shape) -> Inferred:
    """Crops images to their center; smaller images are resized.

    The output has the new height and width, and the same channels.
    """
    if len(x) not in (3, 4):
        raise Refusal("expects (height, width, channels)", codes.WRONG_RANK)
    return resizing(a, x)


@layer(
    "RandomCrop",
    _HEIGHT,
    _WIDTH,
    SEED,
    DATA_FORMAT,
    autocasts=False,
    receptive_field_rule=views.unknown,
    flops=_cropping,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="RandomCrop: [6, 5]",
    example_input=(8, 8, 3),
)
def random_crop(a: Args, x: Shape) -> Inferred:
    """Crops images at a random position in training, otherwise to their center; smaller images are resized.

    The output has the new height and width, and the same channels.
    """
    return _resized(x, a, len(x) - (2 if a["data_format"] == "channels_first" else 3))


@layer(
    "RandomColorDegeneration",
    Argument("factor", Factor()),
    _VALUES,
    DATA_FORMAT,
    SEED,
    receptive_field_rule=views.positions,
    buffer_reuse=VIEW,
    flops=costs.free,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="RandomColorDegeneration: 0.2",
    example_input=(8, 8, 3),
)
def random_color_degeneration(a: Args, x: Shape) -> Inferred:
    """Reduces the color of images at random, in training only.

    The shape does not change; images must have three channels.
    """
    if len(x) not in (3, 4):
        raise Refusal("expects (height, width, channels)", codes.WRONG_RANK)
    channels = x[-3 if a["data_format"] == "channels_first" else -1]
    if channels is not UNKNOWN and channels != 3:
        raise Refusal(f"needs images of 3 channels, not {channels}", codes.WRONG_CHANNELS)
    return Inferred((x,))


def _auto_contrast_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 7 operations for each element: minimum, maximum, scale, offset, two limits and a NaN check.

    If ``value_range`` is not (0, 255), Keras converts the values to this range and back: 8 more operations.
    """
    return costs.per_input(7 if tuple(a["value_range"]) == (0, 255) else 7 + 2 * 4)(a, inputs, result)


def _value_change(
    name: str,
    does: str,
    *arguments: Argument,
    value: str = "",
    dtype: str | None = None,
    hidden_sublayers: HiddenSublayers = (),
    autocasts: bool = True,
    receptive_field_rule: views.ReceptiveFieldRule = views.positions,
    flops: Cost = costs.free,
) -> None:
    """Declares a layer that changes values but not shapes.

    ``does`` is the summary of the layer. ``value`` is the argument in the layer's example.

    Keras also calls such a layer on a dict, e.g. of images, labels and bounding boxes. The layer then has one output
    for each tensor in the dict.
    """

    def rule(a: Args, *shapes: Shape) -> Inferred:
        return Inferred(shapes, dtype=dtype)

    def views_of_all(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
        return (receptive_field_rule if len(inputs) == 1 else views.unknown)(a, inputs, result)

    def flops_of_all(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        return (flops if len(inputs) == 1 or flops is costs.free else costs.unknown)(a, inputs, result)

    rule.__doc__ = f"{does}\n\nThe shape does not change."
    example = f"{name}: {value}" if value else name
    layer(
        name,
        *arguments,
        inputs=_DICT,
        buffer_reuse=VIEW,
        flops=costs.unknown if flops is costs.unknown else flops_of_all,
        tf_flops=costs.unknown,
        built_when_made=False,
        example=example,
        example_input=(8, 8, 3),
        hidden_sublayers=hidden_sublayers,
        autocasts=autocasts,
        receptive_field_rule=views_of_all,
    )(rule)


_value_change(
    "AutoContrast",
    "Stretches the values of each image to the whole range.",
    _VALUES,
    receptive_field_rule=views.whole_sample,
    flops=_auto_contrast_flops,
)
_value_change(
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Equalizes the histogram of each tile of an image, within a limit (CLAHE).",
    _VALUES,
    Argument("clip_limit", Real(), 4.0),
    Argument("tile_grid_size", Integers(1, length=2), (8, 8)),
    DATA_FORMAT,
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
)
_value_change(
    "CutMix",
    "Replaces a rectangle of each image by one from another image of the batch (CutMix), in training only.",
    Argument("factor", _PART, 1.0),
    SEED,
    DATA_FORMAT,
)
_value_change(
    "Equalization",
    "Equalizes the histogram of each channel; integer inputs stay integers.",
    _VALUES,
    Argument("bins", Integer(1), 256),
    DATA_FORMAT,
    flops=costs.unknown,
    dtype=SAME,
    receptive_field_rule=views.whole_sample,
)
_value_change(
    "MaxNumBoundingBoxes",
    "Truncates or pads the bounding boxes of an image to a fixed number.",
    Argument("max_number", Integer()),
    Argument("fill_value", Integer(), -1),
    value="10",
    receptive_field_rule=views.unknown,
)
_value_change(
    "MixUp",
    "Blends each image with another image of the batch (MixUp), in training only.",
    Argument("alpha", Real(), 0.2),
    DATA_FORMAT,
    SEED,
)
_value_change(
    "RandomBrightness",
    "Adds a random number to all values, in training only.",
    Argument("factor", Factor(), nullable=True),
    _VALUES,
    SEED,
    value="0.2",
)
_JITTERED = {
    "brightness_factor": "RandomBrightness",
    "contrast_factor": "RandomContrast",
    "saturation_factor": "RandomSaturation",
    "hue_factor": "RandomHue",
}
_value_change(
    "RandomColorJitter",
    "Changes brightness, contrast, saturation and hue at random, in training only.",
    _VALUES,
    Argument("brightness_factor", Factor(), None, nullable=True),
    Argument("contrast_factor", _PART, None, nullable=True),
    Argument("saturation_factor", Factor(), None, nullable=True),
    Argument("hue_factor", _PART, None, nullable=True),
    SEED,
    DATA_FORMAT,
    hidden_sublayers=lambda a, named: [class_name for factor, class_name in _JITTERED.items() if a[factor] is not None],
)
_value_change(
    "RandomContrast",
    "Changes the contrast at random, in training only.",
    Argument("factor", _PART),
    _VALUES,
    SEED,
    value="0.2",
)
_value_change(
    "RandomElasticTransform",
    "Distorts images elastically at random, in training only.",
    Argument("factor", _PART, 1.0),
    Argument("scale", _PART, 1.0),
    _INTERPOLATION,
    Argument("fill_mode", Choice(("reflect", "wrap", "constant", "nearest", "mirror")), "reflect"),
    _FILL_VALUE,
    _VALUES,
    SEED,
    DATA_FORMAT,
)
_value_change(
    "RandomErasing",
    "Fills a random rectangle of each image, in training only.",
    Argument("factor", _PART, 1.0),
    Argument("scale", _PART, (0.02, 0.33)),
    *ignored_arguments("fill_value"),
    _VALUES,
    SEED,
    DATA_FORMAT,
)
_value_change(
    "RandomFlip",
    "Flips images at random, in training only.",
    Argument("mode", Choice(("horizontal", "vertical", "horizontal_and_vertical")), "horizontal_and_vertical"),
    SEED,
    DATA_FORMAT,
    value="horizontal",
    autocasts=False,
)
_value_change(
    "RandomGaussianBlur",
    "Blurs images at random, in training only.",
    Argument("factor", _PART, 1.0),
    Argument("kernel_size", OddSizes(), 3),
    Argument("sigma", _PART, 1.0),
    _VALUES,
    DATA_FORMAT,
    SEED,
)
_value_change(
    "RandomGrayscale",
    "Converts images to grayscale at random, in training only; integer inputs stay integers.",
    Argument("factor", Real(0, 1, null_in_files=False), 0.5),
    DATA_FORMAT,
    SEED,
    dtype=SAME,
)
for _name, _does, _factor in (
    ("RandomHue", "Shifts the hue at random, in training only.", _PART),
    ("RandomPosterization", "Reduces the number of bits of each color, in training only.", Factor(1, 8)),
    ("RandomSaturation", "Changes the saturation at random, in training only.", Factor()),
    ("RandomSharpness", "Sharpens or softens images at random, in training only.", _PART),
):
    _value_change(
        _name,
        _does,
        Argument("factor", _factor),
        _VALUES,
        DATA_FORMAT,
        SEED,
        value="4" if _name == "RandomPosterization" else "0.2",
    )
_value_change(
    "RandomInvert",
    "Inverts the colors of some images, in training only.",
    Argument("factor", _PART, 1.0),
    _VALUES,
    SEED,
    DATA_FORMAT,
)
_value_change(
    "RandomPerspective",
    "Applies a random perspective transform to images, in training only.",
    Argument("factor", _PART, 1.0),
    Argument("scale", Real(0, 1, null_in_files=False), 1.0),
    _INTERPOLATION,
    _FILL_VALUE,
    SEED,
    DATA_FORMAT,
)
_value_change(
    "RandomRotation",
    "Rotates images at random, in training only.",
    Argument("factor", Factor(), nullable=True),
    *_MOVED,
    value="0.1",
)
_value_change(
    "RandomShear",
    "Shears images at random, in training only.",
    Argument("x_factor", Factor(0, 1, strict=True), 0.0),
    Argument("y_factor", Factor(0, 1, strict=True), 0.0),
    _INTERPOLATION,
    _FILL_MODE,
    _FILL_VALUE,
    DATA_FORMAT,
    SEED,
    value="0.1",
)
_SHIFT, _ZOOM = Factor(strict=True), Factor(strict=True, open=True)
_value_change(
    "RandomTranslation",
    "Shifts images at random, in training only.",
    Argument("height_factor", _SHIFT),
    Argument("width_factor", _SHIFT),
    *_MOVED,
    value="[0.1, 0.1]",
)
_value_change(
    "RandomZoom",
    "Zooms images at random, in training only.",
    Argument("height_factor", _ZOOM),
    Argument("width_factor", _ZOOM, None, nullable=True),
    *_MOVED,
    value="[0.1, 0.1]",
)
_value_change(
    "Solarization",
    "Inverts the values above a threshold, in training only.",
    Argument("addition_factor", Factor(0, 1, strict=True), 0.0),
    Argument("threshold_factor", Factor(0, 1, strict=True), 0.0),
    _VALUES,
    SEED,
)

# The layers inside RandAugment and AugMix. AugMix without ``all_ops`` has only those in _ALWAYS.
_ALWAYS = (
    "RandomShear",
    "RandomTranslation",
    "RandomRotation",
    "Solarization",
    "RandomPosterization",
    "AutoContrast",
    "Equalization",
)
_ALL = (*_ALWAYS, "RandomBrightness", "RandomColorDegeneration", "RandomContrast", "RandomSharpness")
_value_change(
    "RandAugment",
    "Applies random augmentations in sequence, in training only.",
    _VALUES,
    Argument("num_ops", Integer(), 2),
    Argument("factor", Factor(0, 1, strict=True), 0.5),
    _INTERPOLATION,
    SEED,
    DATA_FORMAT,
    hidden_sublayers=lambda a, named: () if named else _ALL,
)
_value_change(
    "AugMix",
    "Blends chains of random augmentations with each image, in training only.",
    _VALUES,
    Argument("num_chains", Integer(), 3),
    Argument("chain_depth", Integer(), 3),
    Argument("factor", Factor(0, 1, strict=True), 0.3),
    Argument("alpha", Real(), 1.0),
    Argument("all_ops", Boolean(), True),
    _INTERPOLATION,
    SEED,
    DATA_FORMAT,
    hidden_sublayers=lambda a, named: () if named else _ALL if a["all_ops"] else _ALWAYS,
)
