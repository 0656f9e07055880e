"""The inverse question: which settings turn one size into another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from convcalc.problems import Refusal, error
from convcalc.window import Padding, Window, slide, slide_transposed

MOST_KERNEL = 11
MOST_STRIDE = 64


class Setting(NamedTuple):
    """A kernel, a stride and a padding (a word, or cells on either side), and the window on each axis."""

    kernel_size: int
    strides: int
    padding: str | int
    windows: tuple[Window, ...]

    @property
    def options(self) -> str:
        """The setting as options of ``convcalc conv``."""
        return f"--k {self.kernel_size} --s {self.strides} --pad {self.padding}"


def inverse(
    input: tuple[int, ...],
    output: tuple[int, ...],
    *,
    kernel_size: int | None = None,
    strides: int | None = None,
    padding: str | int | None = None,
    transpose: bool = False,
) -> list[Setting]:
    """The settings that turn ``input`` into ``output`` (cells on each axis), the usual ones first.

    What is given stays; what is left open is searched: kernels up to 11, the strides that could do, 'same', 'valid' and
    numbers up to half the kernel. The usual come first: 'same' before 'valid' before numbers, odd kernels before even
    ones, small strides and small kernels before large ones.
    """
    if len(output) == 1:
        output = output * len(input)
    if len(input) == 1:
        input = input * len(output)
    if len(input) > 3:
        raise error("invalid-value", f"a convolution has 1, 2 or 3 axes, not {len(input)}")
    if len(input) != len(output):
        raise error("invalid-value", f"--in has {len(input)} axes and --out has {len(output)}")
    found = list(_search(input, output, kernel_size, strides, padding, transpose))
    words = {"same": 0, "valid": 1}
    return sorted(
        found,
        key=lambda s: (
            words.get(str(s.padding), 2),
            s.kernel_size % 2 == 0,
            s.strides > 1 and s.kernel_size < s.strides,
            s.strides,
            s.kernel_size,
            str(s.padding),
        ),
    )


def _search(
    input: tuple[int, ...],
    output: tuple[int, ...],
    kernel_size: int | None,
    strides: int | None,
    padding: str | int | None,
    transpose: bool,
) -> Iterator[Setting]:
    grown, shrunk = (input, output) if not transpose else (output, input)
    most = min(MOST_STRIDE, max(-(-one // max(other, 1)) for one, other in zip(grown, shrunk)) + 1)
    largest = MOST_KERNEL if transpose else min(MOST_KERNEL, *input)
    for kernel in [kernel_size] if kernel_size else range(1, largest + 1):
        for stride in [strides] if strides else range(1, most + 1):
            for pad in [padding] if padding is not None else ["same", "valid", *range(1, kernel // 2 + 1)]:
                windows = _windows(input, kernel, stride, pad, transpose)
                if windows and tuple(window.output for window in windows) == output:
                    yield Setting(kernel, stride, pad, windows)


def _windows(input: tuple[int, ...], kernel: int, stride: int, pad: str | int, transpose: bool) -> tuple[Window, ...]:
    cells: Padding = pad if isinstance(pad, str) else (pad, pad)
    try:
        if transpose:
            return tuple(slide_transposed(size, kernel, stride, 1, cells) for size in input)
        return tuple(slide(size, kernel, stride, 1, cells) for size in input)
    except Refusal:
        return ()
