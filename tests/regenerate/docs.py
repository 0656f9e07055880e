"""Writes the reference pages ``docs/layers.md``, ``operations.md``, ``insights.md`` and ``formats.md`` from the
declarations.

The command is ``python -m tests.regenerate.docs``.
"""

from __future__ import annotations

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
from tests.regenerate import docs_formats

DOCS = ROOT / "docs"

HEAD = """\
# Layers

Every layer that convcalc knows, made from the same declarations that compute, by `python -m tests.regenerate.docs`. `convcalc layers
NAME` shows the same in a terminal. Arguments are those of Keras, in Keras's order; those that change neither shapes nor
counts (initializers, regularizers, constraints, seeds …) are accepted and named in a line below the table. Any layer has
`name`, `from`, `as`, `expect`, `trainable` and `dtype` besides.
"""


def page() -> str:
    """Returns the whole page."""
    families: dict[str, list[LayerDefinition]] = {}
    for kind in CATALOGUE.values():
        if kind.rule.__module__.startswith(
            "convcalc.layers."
        ):  # without layers that another package or a test declares
            families.setdefault(kind.family, []).append(kind)
    out = [HEAD]
    for family, kinds in sorted(families.items()):
        links = ", ".join(f"[{kind.name}](#{kind.name.lower()})" for kind in kinds)
        out.append(f"- **{family.replace('_', ' ').capitalize()}**: {links}")
    for family, kinds in sorted(families.items()):
        out += ["", f"## {family.replace('_', ' ').capitalize()} layers"]
        for kind in kinds:
            out += ["", *_section(kind)]
    return "\n".join(out) + "\n"


def _section(kind: LayerDefinition) -> list[str]:
    also = f"Also {', '.join(f'`{alias}`' for alias in kind.aliases)}. " if kind.aliases else ""
    out = [f"### {kind.name}", "", _escaped(kind.doc), "", f"{also}{_input(kind)}", ""]
    arguments = [*kind.arguments, *kind.call_arguments]
    # Arguments that many layers share, such as initializers, are only named.
    told = [argument for argument in arguments if not _carried(argument)]
    rest = [f"`{argument.name}`" for argument in arguments if _carried(argument)]
    if told:
        out += ["| argument | default | expects |", "|---|---|---|"]
        for argument in told:
            default = "required" if argument.default is REQUIRED else f"`{value_text(argument.default)}`"
            of_call = " (of the call)" if argument in kind.call_arguments else ""
            out.append(f"| `{argument.name}` | {default} | {_escaped(argument.expects)}{of_call} |")
        out.append("")
    if rest:
        out += [f"Accepted, and without effect on shapes and counts: {', '.join(rest)}.", ""]
    spec = example_spec(kind)
    report = infer(read_spec(Source("example", spec)))
    counts = f"{number_text(report.totals.params)} parameters, {number_text(report.totals.macs)} MACs"
    return [*out, "```yaml", spec.rstrip("\n"), "```", "", f"gives `{shapes_text(report.output_shapes)}`, {counts}."]


def _carried(argument: Argument) -> bool:
    name, optional = argument.name, argument.default is not REQUIRED
    ending = name.endswith(("_initializer", "_regularizer", "_constraint"))
    return optional and (ending or isinstance(argument.kind, Anything))


def _input(kind: LayerDefinition) -> str:
    if kind.inputs == 0:
        return "Takes no input."
    shape = f"`(batch, {', '.join(kind.axes)})`" if kind.axes else "any shape"
    if kind.axes is None and kind.min_axes:
        shape = f"at least {kind.min_axes} ax{'es' if kind.min_axes > 1 else 'is'} behind the batch"
    if isinstance(kind.inputs, tuple):
        least, most = kind.inputs
        return f"Input: {shape}; {least} {f'to {most}' if most < 100 else 'or more'} inputs."
    several = {None: "; any number of inputs", 1: ""}.get(kind.inputs, f"; {kind.inputs} inputs")
    return f"Input: {shape}{several}."


def _escaped(text: str) -> str:
    """Returns the text with Markdown's special characters escaped."""
    return text.replace("*", r"\*").replace("|", r"\|").replace("<", "&lt;").replace("_", r"\_")


OPERATIONS_HEAD = """\
# Operations

The operations of `keras.ops` that convcalc knows, made from the rules that compute, by `python -m tests.regenerate.docs`. In a spec each is
an entry, `- ops.add: {x2: 3.0}`; in Keras's files they stand in functional graphs. Those that take functions (`ops.map`,
`ops.scan`, `ops.cond` …) cannot be known.

| operation | arguments | |
|---|---|---|
"""


def operations_page() -> str:
    """Returns the page of the operations, in alphabetical order."""
    lines = []
    for operation in sorted(OPERATIONS.values(), key=lambda each: each.function):
        names = (*operation.parameters, *operation.init_parameters)
        arguments = ", ".join(
            f"`{name}`" if name not in operation.defaults else f"`{name}={value_text(operation.defaults[name])}`"
            for name in names
        )
        lines.append(f"| `ops.{operation.function}` | {arguments} | {_escaped(operation.summary)} |")
    return OPERATIONS_HEAD + "\n".join(lines) + "\n"


INSIGHTS_HEAD = """\
# Insights

What `convcalc summary MODEL --insights` says below the table, and `convcalc explain CODE` explains; made from the checks
themselves, by `python -m tests.regenerate.docs`. None of these is an error. What is not known gives no insight.
"""


def insights_page() -> str:
    """Returns the page of the insights, in the order of the output."""
    parts = [f"## {kind.code}\n\n**{kind.title}**\n\n{kind.explanation}\n" for kind in INSIGHT_RULES.values()]
    return "\n".join([INSIGHTS_HEAD, *parts])


PAGES = {
    "layers.md": page,
    "operations.md": operations_page,
    "insights.md": insights_page,
    "formats.md": docs_formats.page,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
