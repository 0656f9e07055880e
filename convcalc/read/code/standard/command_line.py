"""The options that a program declares for its command line: argparse, absl, TensorFlow's flags, click, typer and fire.

The program is followed with the defaults of its options. ``--set NAME=VALUE`` replaces a default. A required option is unknown.
"""

from __future__ import annotations

from typing import Any

from convcalc.read.code.language.values import MISSING, Bound, FunctionValue, Library, Native, Special, Spot, Unknown
from convcalc.read.code.libraries import CONSTANTS, function
from convcalc.read.code.standard.standard_library import namespace
from convcalc.read.code.standard.system_functions import Arguments

SUPPRESS = "==SUPPRESS=="
CONSTANTS["argparse.SUPPRESS"] = SUPPRESS


def required(run: Any, name: str, spot: Spot | None) -> Unknown:
    """Returns an unknown value for an option that has no default."""
    return Unknown(f"the option `{name}` has no default; give it with --set {name}=…", spot, name)


def given_value(run: Any, name: str, default: Any) -> Any:
    """Returns the value that the user gives to an option with ``--set``, or the default."""
    if name in run.settings:
        return run.settings[name]
    ending = f".{name}"  # such as `args.units`
    return next(
        (value for text, value in run.settings.items() if text.endswith(ending) and text.count(".") == 1), default
    )


# argparse -------------------------------------------------------------------------------------------------------------


class Option:
    """One declared option of a parser."""

    def __init__(self, flags: list[str], kwargs: dict[str, Any], spot: Spot) -> None:
        self.flags = flags
        self.kwargs = kwargs
        self.spot = spot
        self.is_positional = not flags or not flags[0].startswith("-")
        longest = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
        dest = kwargs.get("dest")
        self.dest = dest if isinstance(dest, str) else longest.lstrip("-").replace("-", "_")
        action = kwargs.get("action", "store")
        self.action = action.name if isinstance(action, Library) else action

    @property
    def takes_no_value(self) -> bool:
        """True for an option without a value, such as ``--verbose``."""
        return self.action in (
            "store_true",
            "store_false",
            "store_const",
            "count",
            "append_const",
            "BooleanOptionalAction",
        )

    def default(self, run: Any) -> Any:
        """Returns the value of the option if the command line does not contain it. MISSING: ``args`` has no attribute
        for it.
        """
        default = self.kwargs.get("default", MISSING)
        if default == SUPPRESS or self.action in ("help", "version"):
            return MISSING
        if self.action in ("store_true", "store_false"):
            return (self.action == "store_false") if default is MISSING else default
        if default is MISSING:
            optional = self.kwargs.get("nargs") in ("?", "*")
            needed = (self.is_positional and not optional) or self.kwargs.get("required") is True
            return required(run, self.dest, self.spot) if needed else None
        if self.kwargs.get("required") is True:
            return required(run, self.dest, self.spot)
        return self.converted(run, default) if isinstance(default, str) else default

    def converted(self, run: Any, text: str) -> Any:
        """Converts a word of the command line to the type of the option: "8" → 8."""
        kind = self.kwargs.get("type")
        return text if kind is None else run.call(kind, [text], {}, self.spot)

    def switched(self, text: str) -> Any:
        """Returns the value of an option without a value, such as ``--verbose``, if the command line contains it."""
        if self.action == "store_const":
            return self.kwargs.get("const")
        if self.action == "BooleanOptionalAction":
            return not text.startswith("--no-")
        return 1 if self.action == "count" else self.action == "store_true"


class Parser(Special):
    """An ``ArgumentParser`` or a group of options. A group adds its options to its parser."""

    __slots__ = ("defaults", "options")

    def __init__(self) -> None:
        self.options: list[Option] = []
        self.defaults: dict[str, Any] = {}

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the method with this name."""
        method = _METHODS.get(name)
        if method is None:
            return Native(name, lambda run, args, kwargs, at: None)
        return Native(name, lambda run, args, kwargs, at: method(run, self, args, kwargs, at))

    def truth(self) -> Any:
        """Returns True: every parser is true in a test."""
        return True


@function("argparse.ArgumentParser")
def _parser(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    parser = Parser()
    for parent in kwargs.get("parents") or ():
        if isinstance(parent, Parser):
            parser.options += parent.options
            parser.defaults.update(parent.defaults)
    return parser


def _add_argument(run: Any, parser: Parser, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if all(isinstance(flag, str) for flag in args):
        parser.options.append(Option(args, kwargs, spot))


def _group(run: Any, parser: Parser, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return parser


def _set_defaults(run: Any, parser: Parser, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    parser.defaults.update(kwargs)


def _get_default(run: Any, parser: Parser, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _values(run, parser).get(args[0])


def _values(run: Any, parser: Parser) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for option in parser.options:
        default = option.default(run)
        if default is not MISSING and (option.dest not in values or option.kwargs.get("default") is not None):
            values[option.dest] = default
    values.update(parser.defaults)
    return {name: given_value(run, name, value) for name, value in values.items()}


def _parse(run: Any, parser: Parser, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    words = args[0] if args else kwargs.get("args")
    values = _values(run, parser)
    if isinstance(words, str):
        words = list(words)
    if isinstance(words, Unknown):
        return Unknown(words.reason, words.spot)
    if isinstance(words, (list, tuple)) and not _read_words(run, parser, list(words), values):
        return run.unknown("these arguments of the command line are not supported", spot)
    if words is not None and not isinstance(words, (list, tuple, Arguments)):
        return run.unknown("these arguments of the command line are not supported", spot)
    base = args[1] if len(args) > 1 else kwargs.get("namespace")
    made = namespace("Namespace", values)
    if base is not None:
        for name, value in values.items():
            run.set_attribute(base, name, value, spot)
        return base
    return made


def _parse_known(run: Any, parser: Parser, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    made = _parse(run, parser, args, kwargs, spot)
    return made if isinstance(made, Unknown) else (made, [])


def _read_words(run: Any, parser: Parser, words: list[Any], values: dict[str, Any]) -> bool:
    """Reads a literal list of arguments, as in ``parse_args(["--units", "8"])``. Returns False for an argument that it
    cannot read.
    """
    positional = [option for option in parser.options if option.is_positional]
    while words:
        word = words.pop(0)
        if not isinstance(word, str):
            return False
        if not word.startswith("-"):
            if not positional or positional[0].kwargs.get("nargs") is not None:
                return False
            option = positional.pop(0)
            values[option.dest] = option.converted(run, word)
            continue
        flag, equals, text = word.partition("=")
        named = next((option for option in parser.options if flag in _spellings(option)), None)
        if named is None or named.action not in ("store", *_SWITCHES):
            return False
        if named.takes_no_value:
            values[named.dest] = named.switched(flag)
        elif equals:
            values[named.dest] = named.converted(run, text)
        elif named.kwargs.get("nargs") is None and words and isinstance(words[0], str):
            values[named.dest] = named.converted(run, words.pop(0))
        else:
            taken = []
            while words and isinstance(words[0], str) and not words[0].startswith("--"):
                taken.append(named.converted(run, words.pop(0)))
            values[named.dest] = taken
    return True


_SWITCHES = ("store_true", "store_false", "store_const", "BooleanOptionalAction")


def _spellings(option: Option) -> list[str]:
    negative = [f"--no-{flag[2:]}" for flag in option.flags if option.action == "BooleanOptionalAction"]
    return [*option.flags, *negative]


class Subparsers(Special):
    """The commands of a parser (``add_subparsers``). Options of all commands get their defaults: the command is
    unknown.
    """

    __slots__ = ("parser",)

    def __init__(self, parser: Parser) -> None:
        self.parser = parser

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the method that adds a command."""
        return Native(name, lambda run, args, kwargs, at: self.parser) if name == "add_parser" else MISSING


def _subparsers(run: Any, parser: Parser, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if isinstance(kwargs.get("dest"), str):
        parser.defaults[kwargs["dest"]] = required(run, kwargs["dest"], spot)
    return Subparsers(parser)


_METHODS = {
    "add_argument": _add_argument,
    "add_argument_group": _group,
    "add_mutually_exclusive_group": _group,
    "add_subparsers": _subparsers,
    "set_defaults": _set_defaults,
    "get_default": _get_default,
    "parse_args": _parse,
    "parse_known_args": _parse_known,
}


# absl and TensorFlow --------------------------------------------------------------------------------------------------

_FLAG_MODULES = ("absl.flags", "tensorflow.app.flags", "tensorflow.flags")


class Flags(Special):
    """The object ``FLAGS`` of absl, with the options that the program has defined so far."""

    __slots__ = ()

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the value of an option."""
        if name in ("mark_as_parsed", "parse_flags_with_usage", "register_key_flag_for_module"):
            return Native(name, lambda run, args, kwargs, at: None)
        if name in run.flags:
            return run.flags[name]
        return given_value(run, name, required(run, name, spot))

    def set_attribute(self, run: Any, name: str, value: Any, spot: Spot) -> None:
        """Sets an option."""
        run.flags[name] = value

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns ``FLAGS["name"]``: an object whose attribute ``value`` is the value of the option."""
        return namespace("Flag", {"value": self.attribute(run, key, spot)}) if isinstance(key, str) else MISSING

    def call(self, run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Parses the command line."""
        return [run.main.source.name]

    def truth(self) -> Any:
        """Returns True: ``FLAGS`` is true in a test."""
        return True


for _module in _FLAG_MODULES:
    CONSTANTS[f"{_module}.FLAGS"] = Flags()


def _define(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("name", "default"), args)), **kwargs}
    name, default = given["name"], given.get("default", given.get("default_value"))
    value = run.flags[name] = given_value(run, name, default)
    return namespace("FlagHolder", {"value": value, "default": default, "name": name})


_KINDS = "string integer float bool boolean enum list spaceseplist multi_integer multi_string multi_float"
for _kind in _KINDS.split():
    function(*(f"{_module}.DEFINE_{_kind}" for _module in _FLAG_MODULES))(_define)


@function("absl.app.run", "tensorflow.app.run")
def _run_app(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    main = args[0] if args else kwargs.get("main", run.main.variables.get("main"))
    return None if main is None else run.call(main, [Arguments()], {}, spot)


# click, typer and fire ------------------------------------------------------------------------------------------------


def _decorator(change: Any) -> Native:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        change(args[0])
        return args[0]

    return Native("decorator", run_it)


@function("click.option", "click.argument")
def _click_option(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    names = [name for name in args if isinstance(name, str)]
    plain = next((name for name in names if not name.startswith("-")), None)
    longest = plain or max(names, key=len).partition("/")[0].lstrip("-").replace("-", "_")
    name = longest.lower()
    if "default" in kwargs:
        default = kwargs["default"]
    elif kwargs.get("is_flag") is True or any("/" in text for text in names):
        default = False
    elif kwargs.get("multiple") is True:
        default = ()
    else:
        needed = kwargs.get("required") is True or (plain is not None and len(names) == 1)
        default = required(run, name, spot) if needed else None
    default = given_value(run, name, default)

    def change(target: Any) -> None:
        if isinstance(target, FunctionValue):
            target.keyword_defaults[name] = default

    return _decorator(change)


@function("click.group")
def _click_group(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Native("decorator", lambda run, values, options, at: Library("click.Group"))


@function("typer.Option", "typer.Argument")
def _typer_option(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    default = args[0] if args else kwargs.get("default", ...)
    return run.unknown("this option has no default", spot) if default is ... else default


@function("fire.Fire", "typer.run")
def _call_main(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    target = args[0] if args else None
    if not isinstance(target, (FunctionValue, Bound)):
        return None
    function_value = target.function if isinstance(target, Bound) else target
    return run.call(target, [], _open_parameters(run, function_value), spot)


def _open_parameters(run: Any, target: FunctionValue) -> dict[str, Any]:
    """Returns the user's values for the parameters of a function. A parameter with neither a value nor a default is
    unknown.
    """
    signature = target.node.args
    names = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
    free = names[: len(names) - len(target.defaults)]
    values = {name: given_value(run, name, MISSING) for name in [*names, *(a.arg for a in signature.kwonlyargs)]}
    return {
        name: required(run, name, target.spot) if value is MISSING else value
        for name, value in values.items()
        if value is not MISSING or name in free
    }
