"""Completion of arguments when TAB is pressed. ``_CONVCALC_COMPLETE=bash_source convcalc`` prints click's script for a shell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

# A shell inserts a suggestion without quotes. Therefore only names without special characters are suggested.
_SAFE_NAME = r"\w[\w./-]*"


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Lets the shell suggest files. After ``FILE.py:``, suggests the models of the code."""
    targets = code_targets(incomplete)
    return [_item(incomplete, type="file")] if targets is None else targets


def code_targets(incomplete: str) -> list[CompletionItem] | None:
    """Returns the models of a program for a word such as ``train.py:mo``; None for words of another form."""
    from convcalc.base.problems import ConvcalcError
    from convcalc.read import all_models
    from convcalc.read.code_settings import names_code

    path, colon, beginning = incomplete.rpartition(":")
    if not colon or not names_code(path):
        return None
    try:
        sources = all_models(f"{path}:*")
    except ConvcalcError:
        return []
    return [_item(source) for source in (*sources, f"{path}:*") if source.startswith(f"{path}:{beginning}")]


def known_layers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggests the names of layers. If the word begins with ``ops``, suggests the names of operations."""
    from convcalc.layers import CATALOGUE

    if incomplete.startswith("ops"):
        from convcalc.ops import OPERATIONS

        offers = {f"ops.{operation.function}": operation.summary for operation in OPERATIONS.values()}
    else:
        offers = {
            name: definition.summary
            for definition in CATALOGUE.values()
            for name in (definition.name, *definition.aliases)
        }
    return _matching({"ops": "The operations of keras.ops.", **offers}, incomplete)


def columns_so_far(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggests columns and presets for the last name in a comma-separated list of columns."""
    from convcalc.rendering.columns import FIELDS, PRESETS

    before, comma, beginning = incomplete.rpartition(",")
    names = (*FIELDS, *PRESETS, *(() if comma else ("all",)))
    left = (name for name in names if name not in before.split(","))
    return [_item(f"{before}{comma}{name}") for name in left if name.startswith(beginning)]


def models_or_codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggests files, or codes if no file name matches. A shell cannot show both."""
    from pathlib import Path

    from convcalc.base.codes import CODES
    from convcalc.checking.insights import INSIGHT_RULES

    targets = code_targets(incomplete)
    if targets is not None:
        return targets
    if not incomplete or any(file.name.startswith(incomplete) for file in Path().iterdir()):
        return files(ctx, param, incomplete)
    titles: dict[str, str | None] = {code: meaning.title for code, meaning in CODES.items()}
    titles |= {code: rule.title for code, rule in INSIGHT_RULES.items()}
    return _matching(titles, incomplete) or files(ctx, param, incomplete)


def layers_of_the_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggests the layers of the model that was given as MODEL. Suggests nothing if the model, or a file of custom layers,
    cannot be read.
    """
    from convcalc.analyse import infer
    from convcalc.base.problems import ConvcalcError
    from convcalc.cli.inputs import inputs_of

    source = ctx.params.get("model")
    if not isinstance(source, str) or source == "-":
        return []
    try:
        rows = infer(inputs_of(ctx.params).model(source)).layers
    except ConvcalcError:
        return []
    return _matching({row.path: row.class_name for row in rows if re.fullmatch(_SAFE_NAME, row.path)}, incomplete)


def dtypes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggests the dtypes whose size in bits is known."""
    from convcalc.layers.dtypes import BITS

    return _matching(dict.fromkeys(name for name, bits in BITS.items() if bits), incomplete)


def optimizers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggests the optimizers whose memory is known."""
    from convcalc.analyse.optimizers import SLOTS

    return _matching(dict.fromkeys(SLOTS), incomplete)


def _matching(offers: Mapping[str, str | None], incomplete: str) -> list[CompletionItem]:
    """Returns the suggestions that begin with the incomplete word. Upper and lower case are not distinguished."""
    beginning = incomplete.lower()
    return [_item(name, help=text) for name, text in offers.items() if name.lower().startswith(beginning)]


def _item(value: str, type: str = "plain", help: str | None = None) -> CompletionItem:
    """Returns a suggestion as an object of click.

    The module of click is imported here, because only completion needs it.
    """
    from click.shell_completion import CompletionItem

    return CompletionItem(value, type=type, help=help)
