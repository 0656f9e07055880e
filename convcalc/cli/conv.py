"""``convcalc conv``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from convcalc.base import codes
from convcalc.base.numbers import Unknown
from convcalc.base.problems import ConvcalcError, error
from convcalc.cli import CHECK_FAILED, OK
from convcalc.cli.colour import color_option
from convcalc.cli.command import INPUT, LAYER, OTHER, OUTPUT, WholeNumber, declare, option
from convcalc.cli.sizes import parse_padding, parse_sizes

if TYPE_CHECKING:
    from convcalc.calculator.conv import ConvAnswer
    from convcalc.calculator.inverse import Setting

MOST_SETTINGS = 20


@declare(
    "conv",
    examples=(
        "convcalc conv 28x28 3 -s 2 -p same                         # sizes and kernel",
        "convcalc conv --in 224x224x3 --k 7 --s 2 --filters 64      # with parameters and MACs",
        "convcalc conv --in HxW --k 3 --pad 1                       # the formula",
        "convcalc conv --in 28 --out 14                             # settings that give this size",
    ),
)
@click.argument("sizes", nargs=-1, metavar="[SIZES [KERNEL]]")
@option(
    "-i",
    "--in",
    "input_",
    metavar="SIZES",
    heading=INPUT,
    help="Input size, e.g. 6 or 28x28; with --filters also the channels: 28x28x1. Write ? for an unknown size, H for a name.",
)
@option(
    "-k",
    "--k",
    "--kernel",
    "--kernel-size",
    "kernel",
    metavar="SIZES",
    heading=LAYER,
    help="Kernel size, e.g. 3 or 3x5.",
)
@option(
    "-s",
    "--s",
    "--stride",
    "--strides",
    "stride",
    metavar="SIZES",
    heading=LAYER,
    help="Stride. [default: 1; for pooling, the kernel size]",
)
@option(
    "-p",
    "--pad",
    "--padding",
    "padding",
    metavar="PAD",
    heading=LAYER,
    help="Padding: same, valid, causal, 1, 1,2 or ((1,0),(0,1)). [default: valid]",
)
@option(
    "--dilation",
    "--dilation-rate",
    "dilation",
    default="1",
    metavar="SIZES",
    heading=LAYER,
    help="Dilation rate. [default: 1]",
)
@option("--channels", metavar="N", heading=INPUT, help="Number of input channels, if --in does not contain them.")
@option("-f", "--filters", metavar="N", heading=LAYER, help="Number of filters; also prints parameters and MACs.")
@option("--groups", type=WholeNumber(1), metavar="N", default=1, heading=LAYER, help="Number of groups of channels.")
@option("--depthwise", is_flag=True, heading=LAYER, help="Convolve each channel separately.")
@option(
    "--depth-multiplier",
    type=WholeNumber(1),
    metavar="N",
    default=1,
    heading=LAYER,
    help="Number of filters for each channel, with --depthwise.",
)
@option("--transpose", is_flag=True, heading=LAYER, help="Calculate a transposed convolution.")
@option(
    "--output-padding",
    metavar="SIZES",
    heading=LAYER,
    help="Positions to append to the output, with --transpose.",
)
@option("--pool", type=click.Choice(["max", "avg"]), heading=LAYER, help="Calculate a pooling layer.")
@option("--no-bias", is_flag=True, heading=LAYER, help="The layer has no bias.")
@option(
    "--framework",
    type=click.Choice(["keras", "torch"]),
    default="keras",
    show_default=True,
    heading=LAYER,
    help="Use the padding rules of this framework.",
)
@option("--ceil-mode", is_flag=True, heading=LAYER, help="Round the output size up (ceil_mode of PyTorch's pooling).")
@option(
    "--out",
    "output",
    metavar="SIZES",
    heading=OTHER,
    help="List the kernel sizes, strides and paddings that turn --in into this size.",
)
@option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    heading=OUTPUT,
    help="Choose the output format.",
)
@option("--ascii", is_flag=True, heading=OUTPUT, help="Use only ASCII characters.")
@option("--no-color", is_flag=True, heading=OUTPUT, help="Like --color never.", hidden=True)
@color_option
def command(sizes: tuple[str, ...], **options: Any) -> int:
    """Calculate the output size, padding and parameters of a convolution.

    SIZES and KERNEL are short for --in and --k.

    Prints the calculation step by step and a picture of one axis. A size is a number (6, 28x28, 3,5), ? if it is unknown, or a name
    (H, HxW): then the answer is a formula.
    """
    _take_sizes(sizes, options)
    return _inverse(options) if options["output"] is not None else _answer(options)


def _take_sizes(sizes: tuple[str, ...], options: dict[str, Any]) -> None:
    """Puts the arguments of the command in place of ``--in`` and ``--k``. Raises an error if one is given twice."""
    if len(sizes) > 2:
        raise error(
            codes.INVALID_VALUE,
            f"conv takes the input size and the kernel, not {len(sizes)} values; write sizes without spaces, such as"
            f" {'x'.join(sizes[:-1])} {sizes[-1]}, and give stride, padding and filters as -s, -p and -f",
        )
    for name, word, flag in zip(("input_", "kernel"), sizes, ("--in", "--k")):
        if options[name] is not None:
            raise error(
                codes.INVALID_VALUE, f"{flag} is given twice: {word} and {options[name]}; leave out one of them"
            )
        options[name] = word
    if options["input_"] is None:
        raise error(codes.MISSING_OPTION, "give the input size and the kernel, such as `convcalc conv 28x28 3`")


def _answer(options: dict[str, Any]) -> int:
    if options["kernel"] is None:
        raise error(codes.MISSING_OPTION, "give the kernel size with --k, or an output size with --out")
    sizes, channels = _input(options)
    try:
        answer = _calculate(options, sizes, channels)
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

        _write(_coloured(answer_text(answer), options["no_color"]), options["ascii"])
    return OK


def _calculate(options: dict[str, Any], sizes: tuple[Any, ...], channels: Any) -> ConvAnswer:
    """Returns the answer of the calculator for the options of the command."""
    from convcalc.calculator.conv import conv

    output_padding = options["output_padding"]
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
        output_padding=None if output_padding is None else parse_sizes(output_padding, "--output-padding", least=0),
        pool=options["pool"],
        use_bias=not options["no_bias"],
        framework=options["framework"],
        ceil_mode=options["ceil_mode"],
    )


def _input(options: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    """Returns the spatial sizes and the number of channels.

    If filters are given without ``--channels``, the last size of ``--in`` is the number of channels.
    """
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
        if len(sizes) == 2 and options["padding"] != "causal":
            whole = options["input_"]
            raise error(
                codes.MISSING_OPTION,
                f"{whole} can be an image without its channels, or a sequence: write {whole}x3 for an image with 3"
                f" channels, or --in {sizes[0]} --channels {sizes[1]} for a sequence",
            )
        sizes, channels = sizes[:-1], sizes[-1]
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


def _is_given(name: str) -> bool:
    """Returns True if the user gives this option."""
    return click.get_current_context().get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def _inverse(options: dict[str, Any]) -> int:
    from convcalc.calculator.inverse import inverse, nearest

    for name in ("dilation", "groups", "depthwise", "pool", "output_padding", "ceil_mode"):
        if _is_given(name):
            option_name = f"--{name.replace('_', '-')}"
            raise error(codes.INVALID_VALUE, f"--out cannot be combined with {option_name}; leave out {option_name}")
    sizes, _ = _input(options)
    wanted = parse_sizes(options["output"], "--out")
    before = tuple(size for size in sizes if isinstance(size, int))
    after = tuple(size for size in wanted if isinstance(size, int))
    if len(before) < len(sizes) or len(after) < len(wanted):
        raise error(codes.INVALID_VALUE, "--out needs numbers: --in and --out cannot contain ? or names")
    kernel, stride = _one(options["kernel"], "--k"), _one(options["stride"], "--s")
    padding = parse_padding(options["padding"]) if options["padding"] is not None else None
    if isinstance(padding, list) or padding == "causal" or isinstance(kernel, str) or isinstance(stride, str):
        raise error(
            codes.INVALID_VALUE,
            "with --out, --k and --s must be one number each, and --pad must be same, valid or one number",
        )
    transpose, framework = options["transpose"], options["framework"]
    fixed: dict[str, Any] = {"kernel_size": kernel, "strides": stride, "padding": padding}
    fixed |= {"transpose": transpose, "framework": framework}
    settings = inverse(before, after, **fixed)
    if options["format_"] == "json":
        _write_json(
            {
                "schema_version": 1,
                "input": list(sizes),
                "output": list(wanted),
                "settings": [_setting(setting) for setting in settings],
            }
        )
        return OK if settings else CHECK_FAILED
    if not settings:
        closest = nearest(before, after, **fixed)
        why = f"no setting that was tried turns {options['input_']} into {options['output']}{' by a transposed convolution' * transpose}"
        near = f"; the nearest is {'×'.join(map(str, closest.output))}: {closest.options}" if closest else ""
        grows = not transpose and any(old < new for old, new in zip(before, after))
        _write(f"{why}{near}{'; --transpose makes an input larger' * grows}\n", options["ascii"])
        return CHECK_FAILED
    flags = " --transpose" * transpose + f" --framework {framework}" * (framework != "keras")
    width = max(len(setting.options) for setting in settings[:MOST_SETTINGS])
    lines = [f"{setting.options:<{width}}{flags}  {_note(setting)}".rstrip() for setting in settings[:MOST_SETTINGS]]
    rest = len(settings) - MOST_SETTINGS
    if rest > 0:
        lines.append(f"and {rest} more; to list fewer settings, pass --k, --s or --pad")
    _write("".join(f"{line}\n" for line in lines), options["ascii"])
    return OK


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "kernel_size": setting.kernel_size,
        "strides": setting.strides,
        "padding": setting.padding,
        **({} if setting.output_padding is None else {"output_padding": setting.output_padding}),
        "cells": [[window.pad_before, window.pad_after] for window in setting.windows],
    }


def _note(setting: Setting) -> str:
    window = setting.windows[0]
    if window.transposed:
        return f"cuts {window.pad_before} and {window.pad_after}" if setting.padding == "same" else ""
    unread = window.unread
    unused = f"leaves {unread} unread" if isinstance(unread, int) and unread else ""
    return f"pads {window.pad_before} and {window.pad_after}" if setting.padding == "same" else unused


def _write_json(data: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(data, ensure_ascii=False))


def _coloured(text: str, no_color: bool) -> str:
    import sys

    from convcalc.cli.colour import uses_colour

    if not uses_colour(sys.stdout, no_color):
        return text
    from convcalc.rendering.conv_colour import painted_answer
    from convcalc.rendering.style import TextStyle, coloured

    return painted_answer(text, TextStyle(paint=coloured))


def _write(text: str, ascii: bool) -> None:
    from convcalc.cli.terminal import encodes, write

    if ascii or not encodes("■→×−"):
        from convcalc.rendering.ascii import to_ascii

        text = to_ascii(text)
    write(text)
