"""Computes one convolution or pooling from numbers.

:mod:`convcalc.base.window` computes the axes, and the rules of :mod:`convcalc.layers` compute weights, parameters and
MACs. All numbers are :class:`Traced`: they record their formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.numbers import LARGEST, UNKNOWN, Number, Shape, Traced, Unknown, named, plain_number, traced
from convcalc.base.problems import ConvcalcError, Refusal, error, listed
from convcalc.base.structs import Struct
from convcalc.base.window import Window, slide_ceil, windows, windows_transposed
from convcalc.calculator import axis
from convcalc.calculator.axis import worked

if TYPE_CHECKING:
    from convcalc.layers import Inferred

Size: TypeAlias = "int | Unknown | str"
Sizes: TypeAlias = "Size | Sequence[Size]"
Pad: TypeAlias = "str | int | Sequence[int | Sequence[int]]"

SCHEMA_VERSION = 1
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
FRAMEWORKS = ("keras", "torch")


class ConvAnswer(Struct):
    """The result of :func:`conv`.

    Attributes:
        windows: the window of each axis, with traced numbers
        inferred: the result of the layer's rule; None for pooling, or without filters or channels
        asked: the padding that the user gave: a string, or (before, after) for each axis
    """

    windows: tuple[Window, ...]
    inferred: Inferred | None
    asked: str | tuple[tuple[Number, Number], ...]
    framework: str
    pool: str | None
    ceil_mode: bool
    output_padding: tuple[int, ...] | None

    def __repr__(self) -> str:
        """Returns the sizes before and after, and the number of parameters."""
        before, after = (
            "×".join("?" if size is None else str(size) for size in sizes)
            for sizes in ([plain_number(window.size) for window in self.windows], self.output)
        )
        counts = "" if self.params is None else f", {self.params} params"
        return f"{type(self).__name__}({before} → {after}{counts})"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes."""
        return _AXES[len(self.windows)]

    @property
    def output(self) -> tuple[int | None, ...]:
        """The output size on each axis; None if unknown."""
        return tuple(plain_number(window.output) for window in self.windows)

    @property
    def output_shape(self) -> tuple[int | None, ...] | None:
        """The whole output shape with the batch axis; None if filters or channels are not given."""
        if self.inferred is None:
            return None
        return tuple(plain_number(size) for size in self.inferred.outputs[0] or ())

    @property
    def params(self) -> Number | None:
        """The number of parameters, traced; None if filters or channels are not given."""
        if self.inferred is None:
            return None
        from convcalc.layers import parameters

        return parameters(self.inferred)

    @property
    def macs(self) -> Number | None:
        """The multiply-accumulates of one sample, with their formula. None if filters or channels are not given."""
        if self.inferred is None:
            return None
        from convcalc.layers import sample_macs

        return sample_macs(self.inferred)

    def as_dict(self) -> dict[str, Any]:
        """Returns the answer for ``convcalc conv --format json``."""
        windows = self.windows
        unrounded = [window.unrounded for window in windows]
        return {
            "schema_version": SCHEMA_VERSION,
            "input": [plain_number(window.size) for window in windows],
            "kernel_size": [plain_number(window.kernel) for window in windows],
            "strides": [plain_number(window.stride) for window in windows],
            "dilation": [plain_number(window.dilation) for window in windows],
            "padding": [[plain_number(window.pad_before), plain_number(window.pad_after)] for window in windows],
            "output": list(self.output),
            "unrounded": [None if value is None else float(value) for value in unrounded],
            "unread": [plain_number(window.unread) for window in windows],
            "output_shape": None if self.output_shape is None else list(self.output_shape),
            "params": None if self.params is None else plain_number(self.params),
            "macs": None if self.macs is None else plain_number(self.macs),
            "formulas": {
                "output": self._formula(),
                "params": None if self.params is None else worked(self.params),
                "macs": None if self.macs is None else worked(self.macs),
            },
        }

    def _formula(self) -> str:
        formulas = [worked(output_formula(window)) for window in self.windows]
        if len(set(formulas)) == 1:
            return formulas[0]
        return "; ".join(f"{name}: {formula}" for name, formula in zip(self.axes, formulas))


def output_formula(window: Window) -> Number:
    """Returns the output size by the general formula, with the padding as a number if it is known."""
    return axis.with_padding(window) if axis.is_same(window) and axis.known(window) else window.output


def conv(
    input: Sizes,
    kernel_size: Sizes,
    *,
    strides: Sizes | None = None,
    padding: Pad = "valid",
    dilation: Sizes = 1,
    channels: Size | None = None,
    filters: Size | None = None,
    groups: int = 1,
    depthwise: bool = False,
    depth_multiplier: int = 1,
    transpose: bool = False,
    output_padding: Sizes | None = None,
    pool: str | None = None,
    use_bias: bool = True,
    framework: str = "keras",
    ceil_mode: bool = False,
) -> ConvAnswer:
    """Returns the result of a convolution (with ``pool``: a pooling). ``input`` has the spatial axes only.

    A size is a number, :data:`UNKNOWN`, or a name for a symbolic formula. A single number is used for every axis.
    ``strides`` defaults to 1; for a pooling, to the kernel size.

    ``padding`` is 'valid', 'same', 'causal', or numbers: one for all sides, one for both sides of each axis, or a pair
    (before, after) for each axis.

    Raises :class:`ConvcalcError` if the kernel does not fit, or if the framework does not accept the arguments.
    """
    rank = _rank(input, kernel_size, strides, dilation, output_padding, padding)
    kernel = _sizes(kernel_size, rank, "kernel_size")
    asked = _padding(padding, rank, framework)
    if framework == "torch" and transpose and asked == "valid":
        # PyTorch's padding 0 never extends the output. Keras's 'valid' does, if the kernel is smaller than the stride.
        asked = ((Traced(0), Traced(0)),) * rank
    args: dict[str, Any] = {
        "kernel_size": kernel,
        "strides": kernel if pool and strides is None else _sizes(1 if strides is None else strides, rank, "strides"),
        "dilation_rate": _sizes(dilation, rank, "dilation"),
        "padding": asked,
        "output_padding": None if output_padding is None else _sizes(output_padding, rank, "output_padding", least=0),
        "use_bias": use_bias,
        "lora_rank": None,
        "kernel_constraint": None,
    }
    if depthwise and filters is not None:
        message = (
            "the filters of a depthwise convolution follow from its channels: give depth_multiplier instead of filters"
        )
        raise error(codes.INVALID_VALUE, message)
    _check_question(args, rank, framework, transpose, pool, ceil_mode, depthwise, groups)
    x = (UNKNOWN, *_sizes(input, rank, "input"), UNKNOWN if channels is None else _number(channels, "channels", 1))
    try:
        axis_windows, inferred = _answer(
            args, x, filters, groups, depthwise, depth_multiplier, transpose, pool, ceil_mode
        )
    except Refusal as refusal:
        raise error(refusal.code, f"the layer {refusal.message}") from None
    extra = None if output_padding is None else tuple(int(size) for size in args["output_padding"])
    return ConvAnswer(axis_windows, inferred, asked, framework, pool, ceil_mode, extra)


def _answer(
    args: dict[str, Any],
    x: Shape,
    filters: Size | None,
    groups: int,
    depthwise: bool,
    multiplier: int,
    transpose: bool,
    pool: str | None,
    ceil_mode: bool,
) -> tuple[tuple[Window, ...], Inferred | None]:
    """Returns the windows, and the result of the layer's rule if channels and filters are given."""
    if ceil_mode:
        pairs = (
            [(traced(0), traced(0))] * len(args["kernel_size"]) if isinstance(args["padding"], str) else args["padding"]
        )
        return tuple(map(slide_ceil, x[1:-1], args["kernel_size"], args["strides"], args["dilation_rate"], pairs)), None
    if pool or x[-1] is UNKNOWN or not (depthwise or filters is not None):
        return (windows_transposed if transpose else windows)(args, x), None
    # imported lazily: slow, and needed only for weights and MACs
    from convcalc.layers.convolution import convolve, depthwise_convolution, spread

    rule: Callable[..., Inferred]
    if depthwise:
        rule, more = depthwise_convolution, {"depth_multiplier": _number(multiplier, "depth_multiplier", 1)}
    else:
        rule = spread if transpose else convolve
        more = {"filters": _number(filters, "filters", 1), "groups": _number(groups, "groups", 1)}
    inferred = rule({**args, **more}, x)
    return inferred.windows, inferred


def _check_question(
    args: dict[str, Any],
    rank: int,
    framework: str,
    transpose: bool,
    pool: str | None,
    ceil_mode: bool,
    depthwise: bool,
    groups: int,
) -> None:
    """Raises :class:`ConvcalcError` for arguments that the framework does not accept, or that cannot be combined."""

    def refuse(message: str, code: Code = codes.INVALID_VALUE) -> ConvcalcError:
        return error(code, message)

    strided = any(stride > 1 for stride in args["strides"])
    dilated = any(rate > 1 for rate in args["dilation_rate"])
    extra, padding = args["output_padding"], args["padding"]
    if framework not in FRAMEWORKS:
        raise refuse(f"framework must be keras or torch, not {framework!r}")
    if pool not in (None, "max", "avg"):
        raise refuse(f"pool must be max or avg, not {pool!r}")
    if pool and (transpose or depthwise):
        raise refuse("a pooling is neither transposed nor depthwise")
    if transpose and (depthwise or groups != 1):
        raise refuse("transposed convolutions with groups are not supported, as in Keras")
    if pool and dilated and (framework == "keras" or pool == "avg"):
        whose = "Keras's pooling has" if framework == "keras" else "PyTorch's average pooling has"
        raise refuse(f"{whose} no dilation")
    if depthwise and rank == 3 and framework == "keras":
        raise refuse("a depthwise convolution has 1 or 2 axes in Keras")
    if ceil_mode and (framework != "torch" or not pool):
        raise refuse("ceil_mode is only for PyTorch's pooling; Keras always rounds down")
    if extra is not None and not transpose:
        raise refuse("output_padding is only for transposed convolutions")
    if transpose and framework == "keras" and not isinstance(padding, str):
        raise refuse("Keras's transposed convolutions pad 'same' or 'valid' only; numbers need --framework torch")
    if padding == "causal" and (rank > 1 or transpose or pool or depthwise or framework == "torch"):
        raise refuse("padding 'causal' exists only in Keras's Conv1D")
    if framework == "keras" and strided and dilated and not pool and not depthwise:
        raise refuse(
            "Keras does not accept strides above 1 together with a dilation above 1", codes.STRIDES_AND_DILATION
        )
    if framework == "torch" and padding == "same" and (strided or transpose or pool):
        raise refuse("PyTorch accepts padding 'same' only for convolutions with stride 1; give a number")
    if extra is not None:
        torch = framework == "torch"
        for size, stride, rate in zip(extra, args["strides"], args["dilation_rate"]):
            if size >= stride and not (torch and size < rate):
                below = "the stride or the dilation" if torch else "the stride"
                raise refuse(f"output_padding must be below {below} on every axis", codes.OUTPUT_PADDING)
    if framework == "torch" and pool and not isinstance(padding, str):
        for (before, _), size in zip(padding, args["kernel_size"]):
            if before * 2 > size:
                raise refuse("PyTorch's pooling accepts a padding of at most half the kernel")


def _rank(*sizes: Any) -> int:
    """Returns the number of axes: the length of the arguments with several numbers; 1 if there are none."""
    *plain_sizes, padding = sizes
    counts = {len(value) for value in plain_sizes if isinstance(value, (list, tuple)) and len(value) > 1}
    pairs = isinstance(padding, (list, tuple)) and any(isinstance(part, (list, tuple)) for part in padding)
    if pairs and len(padding) > 1:
        counts.add(len(padding))
    if not counts and isinstance(padding, (list, tuple)) and len(padding) > 2:
        counts.add(len(padding))
    if len(counts) > 1:
        raise error(
            codes.INVALID_VALUE,
            f"the sizes have different numbers of axes: {' and '.join(map(str, sorted(counts)))}",
        )
    rank = counts.pop() if counts else 1
    if rank > 3:
        raise error(codes.INVALID_VALUE, f"a convolution has 1, 2 or 3 axes, not {rank}")
    return rank


def _number(value: Any, name: str, least: int) -> Number:
    """Returns a size as a :class:`Traced` number."""
    if isinstance(value, str):
        return named(value)
    if value is UNKNOWN or isinstance(value, Traced):
        return value
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
        raise error(codes.INVALID_VALUE, f"{name} must be a whole number of at least {least}, not {_shown(value)}")
    return Traced(value)


def _sizes(value: Any, rank: int, name: str, least: int = 1) -> tuple[Number, ...]:
    """Returns one size for each axis."""
    values = value if isinstance(value, (list, tuple)) else (value,)
    if len(values) == 1:
        values = tuple(values) * rank
    if len(values) != rank:
        raise error(
            codes.INVALID_VALUE,
            f"{name} must be one number, or one for each of {rank} axes, not {_shown(list(values))}",
        )
    if name == "input":  # formulas show an unknown size by the name of its axis
        names = _AXES[rank]
        return tuple(
            named(axis) if size is UNKNOWN else _number(size, name, least) for size, axis in zip(values, names)
        )
    return tuple(_number(size, name, least) for size in values)


def _padding(value: Any, rank: int, framework: str) -> str | tuple[tuple[Number, Number], ...]:
    """Returns the padding: a string, or (before, after) for each axis."""
    if isinstance(value, str):
        if value not in ("valid", "same", "causal"):
            raise error(codes.INVALID_VALUE, f"padding must be valid, same, causal or numbers, not {_shown(value)}")
        return value
    values = value if isinstance(value, (list, tuple)) else (value,) * rank
    if rank == 1 and len(values) == 2 and all(isinstance(part, int) for part in values):
        values = (values,)
    if len(values) == 1:
        values = tuple(values) * rank
    if len(values) != rank or any(isinstance(part, (list, tuple)) and len(part) != 2 for part in values):
        wanted = (
            "a number, (before, after)" if rank == 1 else f"a number, {rank} numbers, or {rank} pairs (before, after)"
        )
        raise error(codes.INVALID_VALUE, f"padding must be {wanted}, not {_shown(value)}")
    pairs = [part if isinstance(part, (list, tuple)) else (part, part) for part in values]
    if framework == "torch" and any(before != after for before, after in pairs):
        raise error(
            codes.INVALID_VALUE,
            "PyTorch pads both sides by the same amount; use --framework keras, or pad the input first",
        )
    return tuple((_number(before, "padding", 0), _number(after, "padding", 0)) for before, after in pairs)


def groups_of_axes(answer: ConvAnswer) -> list[tuple[str, Window]]:
    """Returns pairs of axis name and window. Axes with equal windows share a pair: ``height and width``."""
    axes_of: dict[tuple[str, ...], list[int]] = {}
    for index, window in enumerate(answer.windows):
        texts = tuple(number.text if isinstance(number, Traced) else str(number) for number in window.sizes)
        axes_of.setdefault(texts, []).append(index)
    return [
        (listed((answer.axes[index] for index in indices), "and"), answer.windows[indices[0]])
        for indices in axes_of.values()
    ]


def _shown(value: Any) -> str:
    """Returns a value as text for messages."""
    from convcalc.layers.arguments import shown

    return shown(value)
