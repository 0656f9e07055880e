"""Finds the convolutions that turn a given input size into a given output size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from convcalc.base import codes
from convcalc.base.problems import Refusal, error
from convcalc.base.structs import Struct
from convcalc.base.window import Padding, Window, slide, slide_transposed

MAX_KERNEL = 11
MAX_STRIDE = 64


class Setting(Struct):
    """The settings of a convolution, and its windows. ``strides`` is a tuple if the strides differ between axes."""

    kernel_size: int
    strides: int | tuple[int, ...]
    padding: str | int
    windows: tuple[Window, ...]
    output_padding: int | None = None

    @property
    def options(self) -> str:
        """The setting as options of ``convcalc conv``."""
        strides = "x".join(map(str, _each(self.strides)))
        extra = "" if self.output_padding is None else f" --output-padding {self.output_padding}"
        return f"--k {self.kernel_size} --s {strides} --pad {self.padding}{extra}"

    @property
    def output(self) -> tuple[int, ...]:
        """The output size on each axis."""
        return tuple(int(window.output) for window in self.windows if isinstance(window.output, int))


def inverse(
    input: tuple[int, ...],
    output: tuple[int, ...],
    *,
    kernel_size: int | None = None,
    strides: int | None = None,
    padding: str | int | None = None,
    transpose: bool = False,
    framework: str = "keras",
) -> list[Setting]:
    """Returns the settings that turn the sizes ``input`` into ``output``, the most common first.

    The search covers kernels up to 11, strides that may fit, and the paddings 'same', 'valid' and 1 to half the kernel.
    If no setting works, it also covers paddings up to the kernel minus 1 and, for transposed convolutions,
    ``output_padding``.

    The order is: 'same', 'valid', then numbers; odd kernels before even ones; small strides and kernels before large
    ones. Strides differ between axes only if no common stride works.

    Raises :class:`ConvcalcError` if ``input`` and ``output`` have different numbers of axes.
    """
    input, output = _axes(input, output)
    for more in (False, True):
        search = _search(input, output, kernel_size, strides, padding, transpose, framework, more)
        settings = [setting for setting in search if setting.output == output]
        if settings:
            break
    common = [setting for setting in settings if isinstance(setting.strides, int)]
    return sorted(common or settings, key=_usual)


def nearest(
    input: tuple[int, ...],
    output: tuple[int, ...],
    *,
    kernel_size: int | None = None,
    strides: int | None = None,
    padding: str | int | None = None,
    transpose: bool = False,
    framework: str = "keras",
) -> Setting | None:
    """Returns the setting whose output size is closest to ``output``; None if no kernel fits the input."""
    input, output = _axes(input, output)
    return min(
        _search(input, output, kernel_size, strides, padding, transpose, framework, True),
        key=lambda s: (sum(abs(size - wanted) for size, wanted in zip(s.output, output)), *_usual(s)),
        default=None,
    )


def _axes(input: tuple[int, ...], output: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns ``input`` and ``output`` with the same number of axes. A single number is used for all axes."""
    if len(output) == 1:
        output = output * len(input)
    if len(input) == 1:
        input = input * len(output)
    if len(input) > 3:
        raise error(codes.INVALID_VALUE, f"a convolution has 1, 2 or 3 axes, not {len(input)}")
    if len(input) != len(output):
        raise error(codes.INVALID_VALUE, f"--in has {len(input)} axes and --out has {len(output)}")
    return input, output


def _each(strides: int | tuple[int, ...]) -> tuple[int, ...]:
    return strides if isinstance(strides, tuple) else (strides,)


def _usual(setting: Setting) -> tuple[int | str, ...]:
    """Returns the sort key of a setting: common settings come first."""
    word = {"same": 0, "valid": 1}.get(str(setting.padding), 2)
    kernel, most = setting.kernel_size, max(_each(setting.strides))
    return (
        word,
        setting.output_padding is not None,
        kernel % 2 == 0,
        most > 1 and kernel < most,
        sum(_each(setting.strides)),
        kernel,
        str(setting.padding),
        setting.output_padding or 0,
    )


def _search(
    input: tuple[int, ...],
    output: tuple[int, ...],
    kernel_size: int | None,
    strides: int | None,
    padding: str | int | None,
    transpose: bool,
    framework: str,
    more: bool,
) -> Iterator[Setting]:
    """Yields all settings whose kernel fits the input, for any output size.

    With ``more``, also yields paddings above half the kernel, and ``output_padding``.
    """
    each_axis = [_strides(size, wanted, transpose) for size, wanted in zip(input, output)]
    common: Sequence[int | tuple[int, ...]] = [strides] if strides else sorted({*each_axis[0]}.union(*each_axis[1:]))
    apart = [] if strides else [several for several in product(*map(_near, each_axis)) if len({*several}) > 1]
    largest = MAX_KERNEL if transpose else min(MAX_KERNEL, *input)
    kernels = [kernel_size] if kernel_size else [*range(1, largest + 1)]
    if not kernel_size and not transpose and max(output) == 1:
        # A kernel as large as the input reduces the axis to one position.
        kernels += [size for size in {*input} if size > largest]
    for kernel in kernels:
        most = min(kernel, MAX_KERNEL) - 1 if more else min(kernel, MAX_KERNEL) // 2
        for pad in [padding] if padding is not None else ["same", "valid", *range(1, most + 1)]:
            for stride in [*common, *apart]:
                if _refused(stride, pad, transpose, framework):
                    continue
                # PyTorch's padding 0 never extends the output. Keras's 'valid' does, if the kernel is smaller than the
                # stride.
                amount = 0 if framework == "torch" and transpose and pad == "valid" else pad
                extras = range(framework == "torch", min(_each(stride))) if more and transpose else ()
                for extra in (None, *extras):
                    windows = _windows(input, kernel, stride, amount, transpose, extra)
                    if windows:
                        yield Setting(kernel, stride, pad, windows, extra)


def _strides(size: int, wanted: int, transpose: bool) -> list[int]:
    """Returns the strides to try on an axis: small strides, and strides near input size / output size."""
    ratio = wanted // size if transpose else size // wanted
    most = ratio + 1 if transpose else min(ratio + 1, size)
    return [*range(1, min(MAX_STRIDE, most) + 1), *(s for s in range(ratio - 1, most + 1) if s > MAX_STRIDE)]


def _near(strides: list[int]) -> list[int]:
    """Returns the four largest strides, to limit the number of combinations such as strides (2, 3)."""
    return strides[-4:]


def _refused(strides: int | tuple[int, ...], padding: str | int, transpose: bool, framework: str) -> bool:
    """Returns True if the framework rejects the setting.

    Keras rejects numbers as padding in transposed layers. PyTorch rejects 'same' in transposed layers and with strides
    above 1.
    """
    if framework == "torch":
        return padding == "same" and (transpose or max(_each(strides)) > 1)
    return transpose and not isinstance(padding, str)


def _windows(
    input: tuple[int, ...],
    kernel: int,
    strides: int | tuple[int, ...],
    pad: str | int,
    transpose: bool,
    output_padding: int | None,
) -> tuple[Window, ...]:
    padding: Padding = pad if isinstance(pad, str) else (pad, pad)
    each_stride = strides if isinstance(strides, tuple) else (strides,) * len(input)
    sizes = zip(input, each_stride)
    try:
        if transpose:
            return tuple(slide_transposed(size, kernel, stride, 1, padding, output_padding) for size, stride in sizes)
        return tuple(slide(size, kernel, stride, 1, padding) for size, stride in sizes)
    except Refusal:
        return ()
