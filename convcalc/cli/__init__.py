"""The command line. Each command is a module. A module is imported only when its command is called."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from convcalc.base import gc_pause
from convcalc.base.memory import is_out_of_memory
from convcalc.base.problems import ConvcalcError, Problem
from convcalc.base.version import __version__
from convcalc.cli.command_index import COMMANDS
from convcalc.cli.terminal import discard_after_closed_pipe, discard_output

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

OK, CHECK_FAILED, USAGE_ERROR = 0, 1, 2
_COMPLETE = "_CONVCALC_COMPLETE"  # the variable by which a shell asks for completion


# What users call commands, and the commands.
_OTHER_WORDS = {
    **dict.fromkeys(
        ("show", "print", "info", "describe", "inspect", "view", "params", "flops", "macs"),
        "; use convcalc summary MODEL",
    ),
    **dict.fromkeys(("compare", "cmp"), "; use convcalc diff A B"),
    **dict.fromkeys(("verify", "test", "lint", "validate", "budget"), "; use convcalc check MODEL"),
    **dict.fromkeys(("export", "save", "to-keras"), "; use convcalc convert MODEL -o FILE"),
    **dict.fromkeys(
        ("calc", "calculate", "size", "shape", "pad", "padding", "conv2d"), "; use convcalc conv SIZE KERNEL"
    ),
    **dict.fromkeys(("list", "ls", "layer"), "; use convcalc layers"),
    **dict.fromkeys(("why", "how"), "; use convcalc explain MODEL LAYER"),
}


_MODEL_ENDINGS = (".yaml", ".yml", ".keras", ".h5", ".hdf5", ".json", ".py", ".ipynb")


def names_model(word: str) -> bool:
    """Returns True if a word in place of a command is a model: a file, a folder, or a name such as ``train.py:build``."""
    if word == "-":
        return False
    path = word.partition(".py:")[0] + ".py" if ".py:" in word else word
    if path.endswith(_MODEL_ENDINGS):
        return True  # if it is missing, the command says so
    return "\0" not in path and os.path.exists(path)  # noqa: PTH110 (pathlib takes long to import)


class _LazyGroup(click.Group):
    """A group of commands. The module of a command is imported only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"convcalc.cli.{cmd_name}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        commands = [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        # The method of click.Group is not called: it would import the module of every command to get the help text.
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name == "help" and len(args) < 3:
            args = [*args[1:], "--help"]
            if len(args) == 1:
                click.echo(ctx.get_help())
                ctx.exit()
            name = args[0]
        if name and not name.startswith("-") and name not in COMMANDS:
            if names_model(name):
                return super().resolve_command(ctx, ["summary", *args])
            from convcalc.base.problems import did_you_mean

            files = [name + ending for ending in _MODEL_ENDINGS if os.path.exists(name + ending)]  # noqa: PTH110
            if files:
                ctx.fail(f"there is no command '{name}'; for the model, write the whole name: {files[0]}")
            hint = did_you_mean(name, (*COMMANDS, "help")) or _OTHER_WORDS.get(name.lower(), "; see convcalc --help")
            ctx.fail(f"there is no command '{name}'{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="convcalc %(version)s")
@click.option("--debug", is_flag=True, help="Show the Python traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Calculate shapes, parameters and costs of Keras models, without Keras.

    MODEL is Python code (FILE.py:NAME, read and never run), a YAML spec, a Keras config (model.to_json()), a .keras archive, an HDF5
    file or a model's folder.
    """
    ctx.obj = debug


def main(args: list[str] | None = None) -> NoReturn:
    """Runs the command line and exits.

    The exit code is 0 for success, 1 if a check failed, 2 if the input or the arguments are wrong.
    """
    if args is None:
        gc_pause.collect_rarely()
        # Python's warnings, e.g. from a broken plugin, are shown without their position in the code.
        warnings.showwarning = lambda message, *details, **more: warn(f"warning: {message}")
    arguments = sys.argv[1:] if args is None else args
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the parent process closed the stream: discard the output, as print() does
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    if args is None:
        discard_after_closed_pipe()
    instruction = os.environ.pop(_COMPLETE, "")
    completing = instruction.endswith(("_source", "_complete")) and instruction.count("_") == 1
    if completing:
        import convcalc.cli.shells  # noqa: F401 - registers the shells

        os.environ[_COMPLETE] = instruction  # any other value is ignored; click would end the program silently
    try:
        code = cli.main(args=arguments, prog_name="convcalc", standalone_mode=False)
        sys.stdout.flush()
    except ConvcalcError as failed:
        if "--debug" in arguments:
            raise
        warn_lines(str(failed))
        code = USAGE_ERROR
    except click.ClickException as failed:
        from convcalc.cli.colour import usage_text

        if type(failed).__name__ == "NoArgsIsHelpError":
            with suppress(OSError):
                failed.show()
        else:
            warn(usage_text(failed))
        code = USAGE_ERROR
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except SystemExit as ended:  # click ends the program after completion; nothing else may end it
        code = ended.code if completing else USAGE_ERROR
    except OSError as failed:
        if "--debug" in arguments:
            raise
        warn(f"error[output]: {failed.strerror or failed}")
        if args is None:
            discard_output()  # Python would try to write the rest again when it exits
        code = USAGE_ERROR
    except Exception as failed:  # a bug in convcalc: the traceback is shown only with --debug
        if "--debug" in arguments:
            raise
        warn(_unexpected(failed))
        code = USAGE_ERROR
    if args is None:
        gc_pause.skip_exit_collection()
    sys.exit(code if isinstance(code, int) else OK)


def _unexpected(failed: Exception) -> str:
    """Returns the message for an exception that is not an error of the user."""
    if is_out_of_memory(failed):
        return "error[too-large]: there is not enough memory for this; give a smaller file, or allow convcalc more (see ulimit -v)"
    name = type(failed).__name__
    return f"error[internal]: {name}: {failed}; a bug in convcalc: add --debug after convcalc to see the traceback"


def print_warnings(problems: Iterable[Problem]) -> None:
    """Prints problems to standard error. These problems do not stop the command."""
    for problem in problems:
        warn_lines(str(problem))


def warn(text: str) -> None:
    """Prints one line to standard error. Control characters are escaped, also line breaks."""
    warn_lines(text.replace("\n", "\\n"))


def warn_lines(text: str) -> None:
    """Prints texts of problems to standard error. They can have several lines. Other control characters are escaped."""
    from convcalc.base.text import visible
    from convcalc.cli import colour
    from convcalc.cli.progress import clear

    clear()
    lines = colour.wrapped(list(map(visible, text.split("\n"))), sys.stderr)
    if colour.uses_colour(sys.stderr):
        lines = colour.painted(lines)
    # Python escapes characters that the encoding lacks. If standard error is closed, nothing is printed.
    with suppress(OSError):
        sys.stderr.write("\n".join(lines) + "\n")
