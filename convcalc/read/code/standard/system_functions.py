"""The modules ``os``, ``sys`` and ``pathlib``. Paths are computed as texts; no file is read."""

from __future__ import annotations

import posixpath
import sys
from pathlib import PurePosixPath
from typing import Any

from convcalc.read.code.language.values import MISSING, Native, Special, Spot, Unknown, UnknownNumber, first_unknown
from convcalc.read.code.libraries import CONSTANTS, function
from convcalc.read.code.standard.python_functions import call_plain


class VersionInfo(tuple):  # type: ignore[type-arg]  # numbers and a text
    """``sys.version_info``: the oldest version of Python that convcalc supports."""

    __slots__ = ()
    major = 3
    minor = 10
    micro = 0


CONSTANTS.update(
    {"os.sep": "/", "os.linesep": "\n", "os.path.sep": "/", "os.pathsep": ":", "sys.maxsize": sys.maxsize,
     "sys.version_info": VersionInfo((3, 10, 0, "final", 0)), "sys.byteorder": "little"}
)  # fmt: skip


# Files and folders ----------------------------------------------------------------------------------------------------


def _text(value: Any) -> Any:
    return str(value.path) if isinstance(value, PathValue) else value


def _of_path(name: str) -> Any:
    python = getattr(posixpath, name)
    return lambda run, args, kwargs, spot: call_plain(run, python, list(map(_text, args)), kwargs, spot)


for _name in ("join", "basename", "dirname", "splitext", "split", "normpath", "isabs", "commonprefix"):
    function(f"os.path.{_name}")(_of_path(_name))


@function("os.path.abspath", "os.path.realpath", "os.path.expanduser", "os.path.expandvars", "os.fspath")
def _same_path(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _text(args[0])


def _unknown_file(reason: str) -> Any:
    return lambda run, args, kwargs, spot: run.unknown(reason, spot)


for _names, _reason in {
    "exists isfile isdir islink lexists": "it is unknown which files exist when the program runs",
    "getsize getmtime": "files are not read",
}.items():
    for _name in _names.split():
        function(f"os.path.{_name}")(_unknown_file(_reason))
function("os.listdir", "os.walk", "os.scandir", "os.getcwd", "os.stat")(
    _unknown_file("it is unknown which files exist when the program runs")
)


@function(
    "os.makedirs", "os.mkdir", "os.chdir", "os.remove", "os.rename", "os.putenv", "os.unsetenv", "sys.setrecursionlimit",
    "sys.path.append", "sys.path.insert",
)  # fmt: skip
def _nothing(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return None


@function("os.cpu_count", "os.getpid")
def _number(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return UnknownNumber("the value depends on the machine", spot)


# The environment and the command line ---------------------------------------------------------------------------------


class Environ(Special):
    """``os.environ``. Only variables that the program itself sets are known."""

    __slots__ = ()

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns a method such as ``get``."""
        if name == "get":
            return Native(name, _getenv)
        if name == "setdefault":
            return Native(name, lambda run, args, kwargs, at: run.flags.setdefault(("environ", args[0]), args[1]))
        return MISSING

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns the value of a variable."""
        return run.flags.get(("environ", key), run.unknown(f"the environment variable {key} is unknown", spot))

    def set_item(self, run: Any, key: Any, value: Any, spot: Spot) -> None:
        """Sets a variable."""
        run.flags["environ", key] = value


CONSTANTS["os.environ"] = Environ()


@function("os.getenv")
def _getenv(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns a variable that the program has set, or the default of ``os.getenv``."""
    default = args[1] if len(args) > 1 else kwargs.get("default")
    return run.flags.get(("environ", args[0]), default)


class Arguments(Special):
    """``sys.argv[first:]``. Only ``sys.argv[0]``, the name of the program, is known."""

    __slots__ = ("first",)

    def __init__(self, first: int = 0) -> None:
        self.first = first

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns one argument, or a slice of the arguments."""
        if isinstance(key, slice) and isinstance(key.start, int) and key.start >= 0 and key.stop is None:
            return Arguments(self.first + key.start)
        if isinstance(key, int) and key >= 0:
            number = self.first + key
            return (
                run.main.source.name
                if number == 0
                else run.unknown(f"argument {number} of the command line is unknown", spot)
            )
        return run.unknown("the arguments of the command line are unknown", spot)

    def length(self) -> Any:
        """Returns an unknown number."""
        return UnknownNumber("the number of arguments of the command line is unknown")

    def truth(self) -> Any:
        """Returns an unknown value: there may be no arguments."""
        return Unknown("the arguments of the command line are unknown")

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns an unknown value."""
        return run.unknown("the arguments of the command line are unknown", spot)


CONSTANTS["sys.argv"] = Arguments()


# Paths ----------------------------------------------------------------------------------------------------------------


class PathValue(Special):
    """A path of ``pathlib``."""

    __slots__ = ("path",)

    def __init__(self, path: PurePosixPath) -> None:
        self.path = path

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns a part of the path, or a method."""
        if name in ("name", "stem", "suffix", "parts"):
            return getattr(self.path, name)
        if name == "parent":
            return PathValue(self.path.parent)
        if name in ("joinpath", "with_suffix", "with_name", "with_stem"):
            return Native(name, lambda run, args, kwargs, at: _path_from(run, self, name, args, at))
        if name in ("resolve", "absolute", "expanduser"):
            return Native(name, lambda run, args, kwargs, at: self)
        if name in ("as_posix", "__str__", "__fspath__"):
            return Native(name, lambda run, args, kwargs, at: str(self.path))
        if name in ("mkdir", "unlink", "touch", "write_text", "rmdir"):
            return Native(name, lambda run, args, kwargs, at: None)
        return run.unknown("files are not read", spot)

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns ``path / name``."""
        text = _text(other)
        if operator != "/" or not isinstance(text, str):
            return run.unknown(other.reason, other.spot) if isinstance(other, Unknown) else MISSING
        return PathValue(PurePosixPath(text) / self.path if reflected else self.path / text)

    def truth(self) -> Any:
        """Returns True: every path is true in a test."""
        return True

    def type_path(self) -> str:
        """Returns ``pathlib.Path``."""
        return "pathlib.Path"


def _path_from(run: Any, value: PathValue, name: str, args: list[Any], spot: Spot) -> Any:
    texts = list(map(_text, args))
    if (unknown := first_unknown(texts)) is not None:
        return Unknown(unknown.reason, unknown.spot)
    path = run.guarded(lambda: getattr(value.path, name)(*texts), spot)
    return path if isinstance(path, Unknown) else PathValue(path)


@function("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath")
def _path(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _path_from(run, PathValue(PurePosixPath()), "joinpath", args, spot)


@function("pathlib.Path.cwd", "pathlib.Path.home")
def _here(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return PathValue(PurePosixPath("."))
