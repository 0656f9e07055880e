"""``convcalc conv``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from convcalc.base import codes
from convcalc.base.numbers import Unknown
from convcalc.base.problems import ConvcalcError, error
from convcalc.cli import CHECK_FAILED, OK
from convcalc.cli.sizes import parse_padding, parse_sizes

if TYPE_CHECKING:
    from convcalc.calculator.conv import ConvAnswer
    from convcalc.calculator.inverse import Setting

MOST_SETTINGS = 20


@click.command("conv")
@click.option(
    "--in", "input_", required=True, metavar="SIZES", help="Input size: 6, 28x28; 28x28x1 with --filters; ?; H."
)
@click.option("--k", "--kernel", "--kernel-size", "kernel", metavar="SIZES", help="Kernel size: 3 or 3x5.")
@click.option(
    "--s", "--stride", "--strides", "stride", metavar="SIZES", help="Stride; 1, or in a pooling the kernel size."
)
@click.option("--pad", "--padding", "padding", metavar="PAD", help="same, valid, causal, 1, 1,2 or ((1,0),(0,1)).")
@click.option("--dilation", "--dilation-rate", "dilation", default="1", metavar="SIZES", help="Dilation rate.")
@click.option("--channels", metavar="N", help="Input channels, where --in does not hold them.")
@click.option("--filters", metavar="N", help="Filters: gives parameters and MACs.")
@click.option("--groups", type=click.IntRange(1), default=1, help="Groups of channels.")
@click.option("--depthwise", is_flag=True, help="Each channel by itself.")
@click.option(
    "--depth-multiplier", type=click.IntRange(1), default=1, help="Filters for each channel, with --depthwise."
)
@click.option("--transpose", is_flag=True, help="A transposed convolution.")
@click.option("--output-padding", metavar="SIZES", help="Cells to append, with --transpose.")
@click.option("--pool", type=click.Choice(["max", "avg"]), help="A pooling instead of a convolution.")
@click.option("--no-bias", is_flag=True, help="No bias.")
@click.option("--framework", type=click.Choice(["keras", "torch"]), default="keras", show_default=True)
@click.option("--ceil-mode", is_flag=True, help="Round up, as PyTorch's pooling can.")
@click.option("--out", "output", metavar="SIZES", help="The inverse: list what turns --in into this size.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--ascii", is_flag=True, help="ASCII signs only.")
@click.option("--no-color", is_flag=True, help="No colour; there is none.", hidden=True)
def command(**options: Any) -> int:
    """What a convolution makes of an input of a given size, worked out, with a picture.

    Sizes are numbers (6, 28x28, 3,5), ? for one that is not known, or names (H, HxW), for which the formula is the answer.
    """
    return _inverse(options) if options["output"] is not None else _answer(options)


def _answer(options: dict[str, Any]) -> int:
    if options["kernel"] is None:
        raise error(
            codes.MISSING_OPTION, "say the kernel size with --k, or ask for the settings that give a size with --out"
        )
    sizes, channels = _input(options)
    try:
        answer = _asked(options, sizes, channels)
    except ConvcalcError as refused:
        (problem,) = refused.problems
        if problem.code == codes.VANISHING_SIZE and len(sizes) > 1 and channels is None:
            hint = "; if the last size is the channels, add --filters or --channels"
            raise error(problem.code, problem.message + hint) from None
        raise
    if options["format_"] == "json":
        _write_json(answer.as_dict())
    else:
        from convcalc.rendering.conv import answer_text

        _write(answer_text(answer), options["ascii"])
    return OK


def _asked(options: dict[str, Any], sizes: tuple[Any, ...], channels: Any) -> ConvAnswer:
    """The function's answer to the options' question."""
    from convcalc.calculator.conv import conv

    extra = options["output_padding"]
    return conv(
        sizes,
        parse_sizes(options["kernel"], "--k", names=True),
        strides=None if options["stride"] is None else parse_sizes(options["stride"], "--s", names=True),
        padding=parse_padding(options["padding"] or "valid"),
        dilation=parse_sizes(options["dilation"], "--dilation"),
        channels=channels,
        filters=_one(options["filters"], "--filters"),
        groups=options["groups"],
        depthwise=options["depthwise"],
        depth_multiplier=options["depth_multiplier"],
        transpose=options["transpose"],
        output_padding=None if extra is None else parse_sizes(extra, "--output-padding", least=0),
        pool=options["pool"],
        use_bias=not options["no_bias"],
        framework=options["framework"],
        ceil_mode=options["ceil_mode"],
    )


def _input(options: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    """The spatial sizes and the channels: the last size of ``--in`` where filters are asked for and nothing else says them."""
    sizes = parse_sizes(options["input_"], "--in", names=True)
    channels = _one(options["channels"], "--channels")
    counted = options["filters"] is not None or options["depthwise"]
    if counted and channels is None:
        kernel = parse_sizes(options["kernel"], "--k", names=True) if options["kernel"] else ()
        if len(sizes) < 2 or len(kernel) == len(sizes):
            raise error(
                codes.MISSING_OPTION,
                f"parameters depend on the channels: write --in {options['input_']}x3, or --channels 3",
            )
        sizes, channels = sizes[:-1], sizes[-1]
        if len(sizes) == 1 and options["padding"] != "causal":  # which only one axis has
            whole = options["input_"]
            click.echo(f"note: {whole} is read as (length, channels); with two axes, write --in {whole}x3", err=True)
    if len(sizes) > 3:
        raise error(
            codes.INVALID_VALUE,
            f"--in has {len(sizes)} axes; a convolution has 1, 2 or 3 (and channels, with --filters)",
        )
    return sizes, channels


def _one(text: str | None, option: str) -> Any:
    if text is None:
        return None
    sizes = parse_sizes(text, option, names=True)
    if len(sizes) != 1 or isinstance(sizes[0], Unknown):
        raise error(codes.INVALID_VALUE, f"{option} expects one number, not '{text[:40]}'")
    return sizes[0]


def _inverse(options: dict[str, Any]) -> int:
    from convcalc.calculator.inverse import inverse, nearest

    sizes, _ = _input(options)
    wanted = parse_sizes(options["output"], "--out")
    before = tuple(size for size in sizes if isinstance(size, int))
    after = tuple(size for size in wanted if isinstance(size, int))
    if len(before) < len(sizes) or len(after) < len(wanted):
        raise error(codes.INVALID_VALUE, "--out searches with numbers: give --in and --out as such")
    kernel, stride = _one(options["kernel"], "--k"), _one(options["stride"], "--s")
    padding = parse_padding(options["padding"]) if options["padding"] is not None else None
    if isinstance(padding, list) or padding == "causal" or isinstance(kernel, str) or isinstance(stride, str):
        raise error(
            codes.INVALID_VALUE,
            "--out searches with one number for --k and --s, and same, valid or one number for --pad",
        )
    transpose, framework = options["transpose"], options["framework"]
    given: dict[str, Any] = {"kernel_size": kernel, "strides": stride, "padding": padding}
    given |= {"transpose": transpose, "framework": framework}
    found = inverse(before, after, **given)
    if options["format_"] == "json":
        _write_json(
            {
                "schema_version": 1,
                "input": list(sizes),
                "output": list(wanted),
                "settings": [_setting(s) for s in found],
            }
        )
        return OK if found else CHECK_FAILED
    if not found:
        closest = nearest(before, after, **given)
        why = (
            f"no setting turns {options['input_']} into {options['output']}{' by a transposed convolution' * transpose}"
        )
        near = f"; the nearest is {'×'.join(map(str, closest.output))}: {closest.options}" if closest else ""
        grow = not transpose and any(one < other for one, other in zip(before, after))
        _write(f"{why}{near}{'; --transpose makes an input larger' * grow}\n", options["ascii"])
        return CHECK_FAILED
    flags = " --transpose" * transpose + f" --framework {framework}" * (framework != "keras")
    width = max(len(setting.options) for setting in found[:MOST_SETTINGS])
    lines = [f"{setting.options:<{width}}{flags}  {_note(setting)}".rstrip() for setting in found[:MOST_SETTINGS]]
    rest = len(found) - MOST_SETTINGS
    if rest > 0:
        lines.append(f"and {rest} more; --k, --s or --pad narrow them down")
    _write("".join(f"{line}\n" for line in lines), options["ascii"])
    return OK


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "kernel_size": setting.kernel_size,
        "strides": setting.strides,
        "padding": setting.padding,
        "cells": [[window.before, window.after] for window in setting.windows],
    }


def _note(setting: Setting) -> str:
    window = setting.windows[0]
    if window.transposed:
        return f"cuts {window.before} and {window.after}" if setting.padding == "same" else ""
    unread = window.unread
    left = f"leaves {unread} unread" if isinstance(unread, int) and unread else ""
    return f"pads {window.before} and {window.after}" if setting.padding == "same" else left


def _write_json(data: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(data, ensure_ascii=False))


def _write(text: str, ascii: bool) -> None:
    from convcalc.cli.terminal import encodes, write

    if ascii or not encodes("■→×−"):
        from convcalc.rendering.signs import to_ascii

        text = to_ascii(text)
    write(text)
