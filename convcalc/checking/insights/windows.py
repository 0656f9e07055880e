"""Insights about the windows of convolutions and pooling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.numbers import larger
from convcalc.base.problems import listed
from convcalc.base.window import Window
from convcalc.checking.insights.rules import Findings, all_arguments, insight, single_layers
from convcalc.layers import LayerDefinition


@insight("unread-input")
def _unread_input(report: Report) -> Findings:
    """The last rows or columns of an input are not used.

    The number of windows is rounded down, and the remaining positions at the end are dropped: they do not affect the result. To
    use them, choose another input size, add a ZeroPadding layer before this layer, or set padding to 'same'.
    """
    for row, windows in _with_windows(report):
        unused = [
            f"{window.unread} of {window.size} positions of {axis}"
            for axis, window in windows
            # With stride 1, unread positions are intended: the layer crops. The insight skipped-input reports gaps.
            if window.stride > 1 and window.unread > larger(0, window.stride - window.effective_kernel)
        ]
        if unused:
            yield row.path, f"does not use the last {listed(unused, 'and')}"


@insight("skipped-input")
def _skipped_input(report: Report) -> Findings:
    """The stride is larger than the window, so positions between windows are not used.

    A shortcut of a ResNet does this on purpose: its convolution has kernel size 1 and stride 2, and ignores three quarters of an
    image. To use all positions, make the window at least as large as the stride, or add average pooling before the layer.
    """
    for row, windows in _with_windows(report):
        gaps = [
            f"{window.stride - window.effective_kernel} of {window.stride} positions of {axis}"
            for axis, window in windows
            if window.stride > window.effective_kernel and window.output > 1
        ]
        if gaps:
            yield row.path, f"skips {listed(gaps, 'and')} between windows"


@insight("even-kernel-same")
def _even_kernel_same(report: Report) -> Findings:
    """An even kernel with padding 'same' is not centred.

    An even kernel has no middle position, so Keras adds one more position of padding at the end than at the beginning. Every such
    layer shifts its features by half a position. An odd kernel is centred.
    """
    for row, windows in _with_same_padding(report):
        even = [f"{window.effective_kernel} positions of {axis}" for axis, window in windows if _is_off_centre(window)]
        if even:
            yield row.path, f"has an even window: {listed(even, 'and')}"


@insight("uneven-padding")
def _uneven_padding(report: Report) -> Findings:
    """Padding 'same' with a stride adds one more position at the end than at the beginning.

    For another input size, 'same' may divide the padding in another way, and shift the windows. PyTorch and Caffe pad both sides
    equally. To use weights of PyTorch or Caffe with the same results, use a ZeroPadding layer and padding 'valid'.
    """
    for row, windows in _with_same_padding(report):
        sides = [
            f"{axis} by {window.pad_before} before and {window.pad_after} after"
            for axis, window in windows
            if window.pad_after > window.pad_before and not _is_off_centre(window)
        ]
        if sides:
            yield row.path, f"pads {listed(sides, 'and')}"


def _is_off_centre(window: Window) -> bool:
    """Returns True for an even window with stride 1: 'same' then pads one end more, for every input size."""
    return bool(window.stride == 1 and window.effective_kernel % 2 == 0)


def _with_same_padding(report: Report) -> Iterator[tuple[LayerReport, list[tuple[str, Window]]]]:
    """Yields the layers that have windows and padding 'same'."""
    for row, windows in _with_windows(report):
        if all_arguments(row.definition, row.config).get("padding") == "same":
            yield row, windows


def _with_windows(report: Report) -> Iterator[tuple[LayerReport, list[tuple[str, Window]]]]:
    """Yields each row that has windows, with pairs (axis name, window) of its last call.

    Transposed windows are left out, because they always read the whole input.
    """
    for row in single_layers(report):
        for result in row.calls[-1].result.rule_results if row.calls else ():
            windows = result.inferred.windows if result.inferred else ()
            if windows and not any(window.transposed for window in windows):
                yield row, list(zip(_axes(row, len(windows)), windows))


def _axes(row: LayerReport, count: int) -> Sequence[str]:
    """Returns the names of the axes along which a layer's windows move, such as "height" or, if unnamed, "axis 1"."""
    names = row.definition.axis_names(row.config) if isinstance(row.definition, LayerDefinition) else ()
    spatial = [axis for axis in names if axis != "channels"]
    return spatial if len(spatial) == count else [f"axis {number}" for number in range(1, count + 1)]
