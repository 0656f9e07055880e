"""What a shell offers for an argument when TAB is pressed. Click does the rest: ``_CONVCALC_COMPLETE=bash_source convcalc``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

# A shell puts what it is offered into the command as it stands: nothing that it would run, or split.
_HARMLESS = r"\w[\w./-]*"


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell's own files."""
    return [_item(incomplete, type="file")]


def known_layers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The layers with what they do; once ``ops`` is written, the operations."""
    from convcalc.layers import CATALOGUE

    if incomplete.startswith("ops"):
        from convcalc.ops import OPERATIONS

        offers = {f"ops.{operation.function}": operation.summary for operation in OPERATIONS.values()}
    else:
        offers = {name: kind.summary for kind in CATALOGUE.values() for name in (kind.name, *kind.aliases)}
    return _beginning({"ops": "The operations of keras.ops.", **offers}, incomplete)


def columns_so_far(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The next column of a comma list, or a word that stands for several."""
    from convcalc.rendering.columns import FIELDS, PRESETS

    before, comma, begun = incomplete.rpartition(",")
    names = (*FIELDS, *PRESETS, *(() if comma else ("all",)))
    left = (name for name in names if name not in before.split(","))
    return [_item(f"{before}{comma}{name}") for name in left if name.startswith(begun)]


def models_or_codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files; the codes of insights where no file begins like that, for a shell shows either the one or the other."""
    from pathlib import Path

    from convcalc.checking.insights import INSIGHT_RULES

    if not incomplete or any(file.name.startswith(incomplete) for file in Path().iterdir()):
        return files(ctx, param, incomplete)
    codes = _beginning({code: kind.title for code, kind in INSIGHT_RULES.items()}, incomplete)
    return codes or files(ctx, param, incomplete)


def layers_of_the_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The layers of the model that is named before; nothing where it cannot be read."""
    from convcalc.analyse import infer
    from convcalc.base.problems import ConvcalcError
    from convcalc.read import parse

    source = ctx.params.get("model")
    if not isinstance(source, str) or source == "-":
        return []
    try:
        rows = infer(parse(source)).layers
    except ConvcalcError:
        return []
    return _beginning({row.path: row.class_name for row in rows if re.fullmatch(_HARMLESS, row.path)}, incomplete)


def dtypes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The dtypes that have a size."""
    from convcalc.layers.dtypes import BITS

    return _beginning(dict.fromkeys(name for name, bits in BITS.items() if bits), incomplete)


def optimizers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The optimizers whose memory is known."""
    from convcalc.analyse.optimizers import SLOTS

    return _beginning(dict.fromkeys(SLOTS), incomplete)


def _beginning(offers: Mapping[str, str | None], incomplete: str) -> list[CompletionItem]:
    """The offers that begin with what is written, in upper or lower case."""
    begun = incomplete.lower()
    return [_item(name, help=said) for name, said in offers.items() if name.lower().startswith(begun)]


def _item(value: str, type: str = "plain", help: str | None = None) -> CompletionItem:
    """An offer as click has them. Every command names what completes its arguments; what click needs for it is imported here."""
    from click.shell_completion import CompletionItem

    return CompletionItem(value, type=type, help=help)
