"""``convcalc init``."""

from __future__ import annotations

import re
from pathlib import Path

import click

import convcalc
from convcalc.base import codes
from convcalc.base.problems import did_you_mean, error, listed
from convcalc.cli import OK, warn
from convcalc.cli.command import OUTPUT, declare, option
from convcalc.cli.completion import files
from convcalc.cli.output import Output
from convcalc.cli.terminal import write

SCHEMA = "convcalc.schema.json"
WORKFLOW = ".github/workflows/models.yml"

STARTER = """\
name: {name}
input: [28, 28, 1]          # height, width, channels; the batch axis is added
layers:
  - Conv2D: {{filters: 32, kernel_size: 3, padding: same, activation: relu}}
  - MaxPooling2D: 2         # one positional argument
  - Flatten                 # no argument
  - Dropout: 0.5
  - Dense: {{units: 10, activation: softmax}}
budget: {{params: 100K}}      # convcalc check fails above this
"""

CI = """\
# Fails a pull request that changes the model: its shapes, its parameters, or its budget.
on: pull_request
permissions:
  contents: read
jobs:
  models:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install 'convcalc @ git+https://github.com/OWNER/convcalc@v{version}'
      - run: convcalc check {model} --against {record} --format github
"""


@declare("init", examples=("convcalc init", "convcalc init lenet5 -o model.yaml", "convcalc init resnet8 --ci"))
@click.argument("example", required=False, shell_complete=lambda context, parameter, start: _names(start))
@option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=files,
    heading=OUTPUT,
    help="Write the spec to FILE. [default: model.yaml, or EXAMPLE.yaml]",
)
@option("--ci", is_flag=True, heading=OUTPUT, help=f"Also write a record of the model, and {WORKFLOW}.")
@option("--list", "show", is_flag=True, heading=OUTPUT, help="List the examples.")
def command(example: str | None, output: str | None, ci: bool, show: bool) -> int:
    """Write a first spec, or a copy of an example, to begin with.

    Also writes the JSON Schema, with which an editor completes the spec. Files that exist are not changed.
    """
    if show:
        write("".join(f"{name:<24}{_title(text)}\n" for name, text in _examples().items()))
        return OK
    model = Path(output or f"{example or 'model'}.yaml")
    if model.suffix not in (".yaml", ".yml"):
        raise error(codes.UNKNOWN_FORMAT, f"{model}: the ending of a spec must be .yaml or .yml")
    record = Path("records", f"{model.stem}.txt")
    head = f"# yaml-language-server: $schema={SCHEMA}\n"
    new = {model: head + _spec(example, model.stem)}
    if ci:
        new[Path(WORKFLOW)] = CI.format(version=convcalc.__version__, model=model, record=record)
        new[record] = ""
    existing = [str(path) for path in new if path.exists()]
    if existing:
        raise error(codes.OUTPUT, f"{listed(existing, 'and')} exists already; choose another name with -o")
    if not Path(SCHEMA).exists():
        new[Path(SCHEMA)] = _schema()
    for path, text in new.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        Output("txt", path).write([text or _record(model)])
        warn(f"wrote {path}")
    warn(f"next: convcalc summary {model}")
    return OK


def _spec(example: str | None, name: str) -> str:
    """Returns the text of an example, or of the first spec. Raises an error for an unknown example."""
    if example is None:
        return STARTER.format(name=name)
    examples = _examples()
    if example not in examples:
        hint = did_you_mean(example, examples) or "; convcalc init --list shows the names"
        raise error(codes.INVALID_VALUE, f"there is no example '{example}'{hint}")
    return examples[example]


def _examples() -> dict[str, str]:
    """Returns the texts of the example specs by name."""
    package = Path(convcalc.__file__).parent
    installed = package / "examples"  # in a wheel; in a clone, the folder is specs/
    folder = installed if installed.is_dir() else package.parent / "specs"
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


def _title(text: str) -> str:
    """Returns what the first comment of an example says about the network, without its source and numbers."""
    return re.split(r" \(|: \d|; |, as |\.$", text.partition("\n")[0].lstrip("# "))[0]


def _names(start: str) -> list[str]:
    return [name for name in _examples() if name.startswith(start)]


def _record(model: Path) -> str:
    from convcalc.analyse import Study, infer
    from convcalc.read import load
    from convcalc.rendering import render

    return render(Study.of(infer(load(model))), "keras")


def _schema() -> str:
    from convcalc.rendering.schema import json_schema

    return json_schema()
