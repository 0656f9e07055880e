"""Finds the declaration of a custom class by the names that a file states for the class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from convcalc.base.problems import Refusal
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition, bind
from convcalc.model import ForeignRule

# Keras writes this package name for a class that is registered without a package.
_NO_PACKAGE = "Custom"
_NO_MODULE = ("", "__main__", "builtins")


# Keys that Keras writes for every layer.
_COMMON_KEYS = frozenset({"name", "trainable", "dtype", "autocast", "dynamic", "batch_input_shape"})


class Declaration(Struct):
    """A declared layer, and the name of the file that declares it.

    ``built_in`` is True for a declaration of convcalc itself. It names all arguments of the class, so a layer with another argument
    has another version of the class. The declaration is then not used.
    """

    definition: LayerDefinition
    source: str
    built_in: bool = False

    def unknown_argument(self, config: Mapping[str, Any]) -> str:
        """Returns the first argument in ``config`` that is not declared. "" if all are declared, or if ``built_in`` is
        False.
        """
        known = {*_COMMON_KEYS, *(argument.name for argument in self.definition.arguments)}
        return next((key for key in config if self.built_in and key not in known), "")

    def bound(self, config: Mapping[str, Any]) -> tuple[ForeignRule, list[Refusal]]:
        """Returns the rule for a layer with the arguments in ``config``, and the problems with these arguments.
        Arguments that are not declared are ignored.
        """
        names = [argument.name for argument in self.definition.arguments if argument.name in config]
        args, refusals = bind(self.definition, (), {name: config[name] for name in names})
        return ForeignRule(self.definition, args, self.source, self.built_in), refusals


class CustomLayers(Struct):
    """Declarations of custom layers, by name: ``package>Class``, ``module.Class`` or ``Class``.

    ``elsewhere`` is a function that searches for a class that is not in ``declared``. It takes the name, the module and the
    registered name of the class.
    """

    declared: Mapping[str, Declaration] = {}
    elsewhere: Callable[[str, str | None, str | None], Declaration | None] | None = None

    def find(self, class_name: str, module: str | None, registered: str | None) -> Declaration | None:
        """Returns the declaration of a class; None if the class is not declared."""
        names = possible_names(class_name, module, registered)
        for name in names:
            if name in self.declared:
                return self.declared[name]
        return None if self.elsewhere is None else self.elsewhere(class_name, module, registered)

    def other_name(self, class_name: str) -> str:
        """Returns a declared name of another package for a message, such as ``other>Class``. "" if there is none."""
        return next((name for name in self.declared if short_name(name) == class_name), "")

    def updated(self, definitions: Mapping[str, LayerDefinition], source: str) -> CustomLayers:
        """Returns these declarations, and additional ``definitions`` from the file ``source``.

        A new definition replaces an earlier declaration of the same name.
        """
        added = {name: Declaration(definition, source) for name, definition in definitions.items()}
        return CustomLayers({**self.declared, **added}, self.elsewhere)


NO_CUSTOM_LAYERS = CustomLayers()


def short_name(name: str) -> str:
    """Returns the last part of ``package>Class`` or ``module.Class``."""
    return name.rpartition(">")[2].rpartition(".")[2]


def possible_names(class_name: str, module: str | None, registered: str | None) -> Iterator[str]:
    """Yields the names under which a class can be declared, the most specific name first: ``package>Class``, …,
    ``Class``.

    ``Class`` alone is possible only if the file states neither a package nor a module.
    """
    if registered is None or ">" not in registered:
        registered = class_name if ">" in class_name else ""
    short = short_name(class_name)
    module = "" if module is None or module in _NO_MODULE else module
    package = registered.rpartition(">")[0]
    if registered:
        yield registered
    if module:
        yield f"{module}.{short}"
    if package not in ("", _NO_PACKAGE):
        return
    if module:
        yield f"{module.partition('.')[0]}>{short}"
        return
    if not registered:
        yield f"{_NO_PACKAGE}>{short}"
    yield short


def class_names(entry: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    """Returns the name, the module and the registered name that a file states for a class."""
    module, registered = entry.get("module"), entry.get("registered_name")
    return (
        str(entry.get("class_name")),
        module if isinstance(module, str) else None,
        registered if isinstance(registered, str) else None,
    )
