"""Writes the reference pages ``docs/layers.md``, ``operations.md``, ``insights.md``, ``formats.md``, ``packages.md`` and
``audit.md``, and the first page of the site, ``index.md``.

The files are made from the declarations. Run this script with ``python -m tests.regenerate.docs``.
"""

from __future__ import annotations

import re

from convcalc import infer
from convcalc.base.problems import Source
from convcalc.base.text import number_text, shapes_text
from convcalc.checking.insights import INSIGHT_RULES
from convcalc.layers import CATALOGUE, LayerDefinition
from convcalc.layers.arguments import REQUIRED, Anything, Argument
from convcalc.layers.examples import example_spec
from convcalc.ops import OPERATIONS
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.text import value_text
from tests.paths import ROOT
from tests.regenerate import advisories, docs_formats, packages

DOCS = ROOT / "docs"
REPOSITORY = "https://github.com/OWNER/convcalc/blob/main/"

HEAD = """\
# Layers

```yaml
input: [28, 28, 1]
layers:
  - Conv2D: {filters: 8, kernel_size: 3}   # arguments by name
  - Conv2D: [8, 3]                         # the same arguments, in Keras's order
  - Flatten
  - Dense: 10
```

This page lists every layer with its arguments and an example. `convcalc layers NAME` shows the same in a terminal.

The tables list Keras's arguments in Keras's order. Initializers, regularizers, constraints, seeds and other arguments that change
neither shapes nor counts are accepted; they are listed below the table. All layers also accept `name`, `from`, `as`, `expect`,
`trainable` and `dtype`.

This page is generated from the declarations of the layers: `python -m tests.regenerate.docs`.
"""


def page() -> str:
    """Returns the whole page."""
    families: dict[str, list[LayerDefinition]] = {}
    for definition in CATALOGUE.values():
        # Other packages and tests may have declared layers too; they are left out.
        if definition.rule.__module__.startswith("convcalc.layers."):
            families.setdefault(definition.family, []).append(definition)
    out = [HEAD]
    for family, definitions in sorted(families.items()):
        links = ", ".join(f"[{definition.name}](#{definition.name.lower()})" for definition in definitions)
        out.append(f"- **{family.replace('_', ' ').capitalize()}**: {links}")
    for family, definitions in sorted(families.items()):
        out += ["", f"## {family.replace('_', ' ').capitalize()} layers"]
        for definition in definitions:
            out += ["", *_section(definition)]
    return "\n".join(out) + "\n"


def _section(definition: LayerDefinition) -> list[str]:
    also = f"Also {', '.join(f'`{alias}`' for alias in definition.aliases)}. " if definition.aliases else ""
    out = [f"### {definition.name}", "", _escaped(definition.doc), "", f"{also}{_input(definition)}", ""]
    arguments = [*definition.arguments, *definition.call_arguments]
    # Initializers and similar arguments are the same for every layer, so the page lists their names below the table.
    listed = [argument for argument in arguments if not _is_ignored(argument)]
    rest = [f"`{argument.name}`" for argument in arguments if _is_ignored(argument)]
    if listed:
        out += ["| argument | default | expects |", "|---|---|---|"]
        for argument in listed:
            default = "required" if argument.default is REQUIRED else f"`{value_text(argument.default, argument.name)}`"
            of_call = " (of the call)" if argument in definition.call_arguments else ""
            out.append(f"| `{argument.name}` | {default} | {_escaped(argument.expects)}{of_call} |")
        out.append("")
    if rest:
        out += [f"Accepted, without effect on shapes and counts: {', '.join(rest)}.", ""]
    spec = example_spec(definition)
    report = infer(read_spec(Source("example", spec)))
    counts = f"{number_text(report.totals.params)} parameters, {number_text(report.totals.macs)} MACs"
    return [
        *out,
        "```yaml",
        spec.rstrip("\n"),
        "```",
        "",
        f"results in `{shapes_text(report.output_shapes)}`, {counts}.",
    ]


def _is_ignored(argument: Argument) -> bool:
    name, optional = argument.name, argument.default is not REQUIRED
    ending = name.endswith(("_initializer", "_regularizer", "_constraint"))
    return optional and (ending or isinstance(argument.kind, Anything))


def _input(definition: LayerDefinition) -> str:
    if definition.inputs == 0:
        return "Takes no input."
    shape = f"`(batch, {', '.join(definition.axes)})`" if definition.axes else "any shape"
    if definition.axes is None and definition.min_axes:
        shape = f"at least {definition.min_axes} ax{'es' if definition.min_axes > 1 else 'is'} after the batch axis"
    if isinstance(definition.inputs, tuple):
        minimum, maximum = definition.inputs
        return f"Input: {shape}; {minimum} {f'to {maximum}' if maximum < 100 else 'or more'} inputs."
    several = {None: "; any number of inputs", 1: ""}.get(definition.inputs, f"; {definition.inputs} inputs")
    return f"Input: {shape}{several}."


def _escaped(text: str) -> str:
    """Returns the text with Markdown's special characters escaped."""
    return text.replace("*", r"\*").replace("|", r"\|").replace("<", "&lt;").replace("_", r"\_")


OPERATIONS_HEAD = """\
# Operations

```yaml
input: [4]
layers:
  - Dense: 4
  - ops.add: {x2: 3.0}                     # adds 3 to the output of the layer above
  - ops.multiply: {from: [dense, add]}     # multiplies the outputs of both layers
```

This page lists the operations of `keras.ops` that convcalc supports. In a spec, an operation is an entry of `layers:`; Keras's files
contain operations in functional models. Operations that take a Python function (`ops.map`, `ops.scan`, `ops.cond` …) are
missing, because their results depend on that code.

This page is generated from the rules of the operations: `python -m tests.regenerate.docs`.

| operation | arguments | |
|---|---|---|
"""


def operations_page() -> str:
    """Returns the page of the operations, in alphabetical order."""
    lines = []
    for operation in sorted(OPERATIONS.values(), key=lambda operation: operation.function):
        names = (*operation.parameters, *operation.init_parameters)
        arguments = ", ".join(
            f"`{name}`" if name not in operation.defaults else f"`{name}={value_text(operation.defaults[name], name)}`"
            for name in names
        )
        lines.append(f"| `ops.{operation.function}` | {arguments} | {_escaped(operation.summary)} |")
    return OPERATIONS_HEAD + "\n".join(lines) + "\n"


INSIGHTS_HEAD = """\
# Insights

```sh
convcalc summary MODEL --insights
convcalc explain most-params
```

The first command lists likely mistakes and costly layers below the table. The second one explains a code. Insights are not errors.
If a number is unknown, there is no insight about it.

This page is generated from the rules of the insights: `python -m tests.regenerate.docs`.
"""


def insights_page() -> str:
    """Returns the page of the insights, in the order of the output."""
    parts = [f"## {rule.code}\n\n**{rule.title}**\n\n{rule.explanation}\n" for rule in INSIGHT_RULES.values()]
    return "\n".join([INSIGHTS_HEAD, *parts])


def index_page() -> str:
    """Returns the README as a page of the site. Links to pages are relative to docs/, others lead to the repository."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    return re.sub(r"\]\((?!https?:)([^)#]+)(?<!\.md)\)|\]\((CONTRIBUTING\.md)\)", _to_repository, text)


def _to_repository(match: re.Match[str]) -> str:
    return f"]({REPOSITORY}{match[1] or match[2]})"


PAGES = {
    "index.md": index_page,
    "layers.md": page,
    "operations.md": operations_page,
    "insights.md": insights_page,
    "formats.md": docs_formats.page,
    "packages.md": packages.page,
    "audit.md": advisories.page,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
