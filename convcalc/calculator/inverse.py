"""The inverse question: which settings turn one size into another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from convcalc.base import codes
from convcalc.base.problems import Refusal, error
from convcalc.base.structs import Struct
from convcalc.base.window import Padding, Window, slide, slide_transposed

MOST_KERNEL = 11
MOST_STRIDE = 64


class Setting(Struct):
    """A kernel, a stride (one for each axis where they differ), a padding (a word, or cells on either side), the windows."""

    kernel_size: int
    strides: int | tuple[int, ...]
    padding: str | int
    windows: tuple[Window, ...]

    @property
    def options(self) -> str:
        """The setting as options of ``convcalc conv``."""
        strides = "x".join(map(str, _each(self.strides)))
        return f"--k {self.kernel_size} --s {strides} --pad {self.padding}"

    @property
    def output(self) -> tuple[int, ...]:
        """The output size on each axis, in cells."""
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
    """The settings that turn ``input`` into ``output`` (cells on each axis), the usual ones first.

    What is given stays; what is left open is searched: kernels up to 11, the strides that could do, 'same', 'valid' and
    numbers up to half the kernel. The usual come first: 'same' before 'valid' before numbers, odd kernels before even
    ones, small strides and small kernels before large ones. Axes have a stride each where no common one does. Raises
    :class:`ConvcalcError` for sizes of different numbers of axes.
    """
    input, output = _axes(input, output)
    found = [
        s for s in _search(input, output, kernel_size, strides, padding, transpose, framework) if s.output == output
    ]
    common = [setting for setting in found if isinstance(setting.strides, int)]
    return sorted(common or found, key=_usual)


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
    """The setting that comes closest to an output that none gives; None where not one window fits."""
    input, output = _axes(input, output)
    return min(
        _search(input, output, kernel_size, strides, padding, transpose, framework),
        key=lambda s: (sum(abs(one - other) for one, other in zip(s.output, output)), *_usual(s)),
        default=None,
    )


def _axes(input: tuple[int, ...], output: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sizes for the same axes: one number serves all."""
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
    """The order of settings: the usual ones first."""
    word = {"same": 0, "valid": 1}.get(str(setting.padding), 2)
    kernel, most = setting.kernel_size, max(_each(setting.strides))
    return (
        word,
        kernel % 2 == 0,
        most > 1 and kernel < most,
        sum(_each(setting.strides)),
        kernel,
        str(setting.padding),
    )


def _search(
    input: tuple[int, ...],
    output: tuple[int, ...],
    kernel_size: int | None,
    strides: int | None,
    padding: str | int | None,
    transpose: bool,
    framework: str,
) -> Iterator[Setting]:
    """Every setting worth a try that works at all, whatever its output."""
    each_axis = [_strides(size, wanted, transpose) for size, wanted in zip(input, output)]
    common: Sequence[int | tuple[int, ...]] = [strides] if strides else sorted({*each_axis[0]}.union(*each_axis[1:]))
    apart = [] if strides else [several for several in product(*map(_near, each_axis)) if len({*several}) > 1]
    largest = MOST_KERNEL if transpose else min(MOST_KERNEL, *input)
    kernels = [kernel_size] if kernel_size else [*range(1, largest + 1)]
    if not kernel_size and not transpose and max(output) == 1:
        kernels += [size for size in {*input} if size > largest]  # a kernel as large as the input: a global reduction
    for kernel in kernels:
        for pad in (
            [padding] if padding is not None else ["same", "valid", *range(1, min(kernel, MOST_KERNEL) // 2 + 1)]
        ):
            for stride in [*common, *apart]:
                if _refused(stride, pad, transpose, framework):
                    continue
                # PyTorch's transposed windows cut cells by number alone: its 'valid' is 0, without Keras's filling up.
                cells = 0 if framework == "torch" and transpose and pad == "valid" else pad
                windows = _windows(input, kernel, stride, cells, transpose)
                if windows:
                    yield Setting(kernel, stride, pad, windows)


def _strides(size: int, wanted: int, transpose: bool) -> list[int]:
    """The strides that could do on an axis: the small ones, and those near the ratio of the sizes."""
    ratio = wanted // size if transpose else size // wanted
    most = ratio + 1 if transpose else min(ratio + 1, size)
    return [*range(1, min(MOST_STRIDE, most) + 1), *(s for s in range(ratio - 1, most + 1) if s > MOST_STRIDE)]


def _near(strides: list[int]) -> list[int]:
    """The last few, which are those near the ratio: strides that differ between axes are searched among them."""
    return strides[-4:]


def _refused(strides: int | tuple[int, ...], padding: str | int, transpose: bool, framework: str) -> bool:
    """Whether the framework has no such setting: numbers in Keras's transposed layers, most uses of 'same' in PyTorch."""
    if framework == "torch":
        return padding == "same" and (transpose or max(_each(strides)) > 1)
    return transpose and not isinstance(padding, str)


def _windows(
    input: tuple[int, ...], kernel: int, strides: int | tuple[int, ...], pad: str | int, transpose: bool
) -> tuple[Window, ...]:
    cells: Padding = pad if isinstance(pad, str) else (pad, pad)
    each = strides if isinstance(strides, tuple) else (strides,) * len(input)
    slider = slide_transposed if transpose else slide
    try:
        return tuple(slider(size, kernel, stride, 1, cells) for size, stride in zip(input, each))
    except Refusal:
        return ()
