"""Writes the indexes of families, ``convcalc/layers/families.py`` and ``convcalc/ops/families.py``, and the list of layers
without weights, ``convcalc/layers/weightless.py``.

The files are made from the declarations. Run this script with ``python -m tests.regenerate.families``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from convcalc import infer
from convcalc.base.problems import ConvcalcError, Source
from convcalc.layers import CATALOGUE
from convcalc.layers import registry as layers
from convcalc.layers.examples import example_spec
from convcalc.model import Model
from convcalc.ops import registry as operations
from convcalc.read.spec.spec import read_spec
from tests.paths import PACKAGE

TEXT = '''\
"""Maps each {what} to the family that declares it. A family is imported only if a model uses one of its {plural}.

This file is generated from the declarations. After a change, run `python -m tests.regenerate.families`.
"""

from __future__ import annotations

# Each family's names{names}, in the order of their declarations.
FAMILIES = {{
{families}}}
FAMILY_OF = {{name: family for family, names in FAMILIES.items() for name in names.split()}}
'''


def layers_index() -> str:
    """Returns the text of ``convcalc/layers/families.py``."""
    _import_all("layers")
    declared = [
        (entry.rule.__module__, name)
        for entry in layers.REGISTERED.values()
        for name in dict.fromkeys((entry.name, *entry.aliases, entry.class_name))
    ]
    return _text(declared, "layers", what="layer", plural="layers", names=", aliases and class names")


def operations_index() -> str:
    """Returns the text of ``convcalc/ops/families.py``."""
    _import_all("ops")
    declared = [
        (entry.rule.__module__, entry.name)
        for entry in operations.REGISTERED.values()
        # TensorFlow functions need no index: one module has all of them
        if entry.module != operations.TENSORFLOW
    ]
    return _text(declared, "ops", what="operation", plural="operations", names="")


def _import_all(package: str) -> None:
    """Imports every module of a package, even if the index does not list it."""
    for file in sorted((PACKAGE / package).glob("*.py")):
        import_module(f"convcalc.{package}.{file.stem}")


def _text(declared: list[tuple[str, str]], package: str, **words: str) -> str:
    families: dict[str, list[str]] = {}
    for module, name in declared:
        if module.startswith(f"convcalc.{package}."):  # layers that a test declares are left out
            families.setdefault(module.rpartition(".")[2], []).append(name)
    lines = "".join(f"{line}\n" for family in sorted(families) for line in _entry(family, families[family]))
    return TEXT.format(families=lines, **words)


def _entry(family: str, names: list[str]) -> Iterator[str]:
    lines = textwrap.wrap(" ".join(names), 110, break_long_words=False)
    yield f'    "{family}": """'
    yield from (f"        {line}" for line in lines)
    yield '    """,'


WEIGHTLESS = '''\
"""The layers that never have weights, and contain no layers.

This file is generated: each layer's example was tried, also with each boolean argument changed. After a change, run
`python -m tests.regenerate.families`.
"""

from __future__ import annotations

_NAMES = """
{names}
"""
WEIGHTLESS = frozenset(_NAMES.split())
'''


def weightless_index() -> str:
    """Returns the text of ``convcalc/layers/weightless.py``."""
    names = sorted(name for name, definition in CATALOGUE.items() if not _may_have_weights(definition))
    lines = textwrap.wrap(" ".join(names), 110, break_long_words=False)
    return WEIGHTLESS.format(names="\n".join(f"    {line}" for line in lines))


def _may_have_weights(definition: layers.LayerDefinition) -> bool:
    """Returns True if a layer contains layers or unknown code, or has weights for one of the tried arguments."""
    if (
        definition.contains_layers
        or definition.sublayers_argument
        or definition.is_opaque
        or definition.has_unknown_weights
    ):
        return True
    if definition.keras2_only:  # a spec cannot name it
        return True
    model = read_spec(Source("example.yaml", example_spec(definition)))
    (number,) = (number for number, layer in enumerate(model.layers) if layer.definition is definition)
    layer = model.layers[number]
    given = definition.rule_arguments(layer.args)
    changed = [{name: not value} for name, value in given.items() if isinstance(value, bool)]
    return any(_has_weights(model, number, {**layer.args, **arguments}) for arguments in ({}, *changed))


def _has_weights(model: Model, number: int, arguments: dict[str, Any]) -> bool:
    layer = model.layers[number]._replace(args=arguments)
    try:
        report = infer(model._replace(layers=(*model.layers[:number], layer, *model.layers[number + 1 :])))
    except ConvcalcError:  # the arguments do not fit together
        return False
    return any(row.weights for row in report.layers)


INDEXES = {
    PACKAGE / "layers" / "families.py": layers_index,
    PACKAGE / "ops" / "families.py": operations_index,
    PACKAGE / "layers" / "weightless.py": weightless_index,
}

if __name__ == "__main__":
    # A new layer is not in the index yet, and must not cause an error.
    layers._require_indexed = operations._require_indexed = lambda name, module: None
    for path, text in INDEXES.items():
        path.write_text(text(), encoding="utf-8")
