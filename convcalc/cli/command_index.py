"""Every command with its line in ``convcalc --help``, so that a command's module is imported only when the command is called.

Generated from the commands' docstrings: run `python -m tests.regenerate.commands` after adding or changing one.
"""

from __future__ import annotations

COMMANDS = {
    "summary": "Print layers, shapes, parameters and MACs of models.",
    "conv": "Calculate the output size, padding and parameters of a convolution.",
    "explain": "Explain every number of a layer, or the meaning of a code.",
    "check": "Check models against budgets, expectations and records (for CI).",
    "diff": "Compare two models layer by layer.",
    "convert": "Convert a model to a Keras config, a YAML spec or Python code.",
    "audit": "Find code and file accesses hidden in a Keras file.",
    "layers": "List the known layers, or show the arguments of one.",
    "schema": "Print the JSON Schema of YAML specs, for editors.",
    "init": "Write a first spec, or a copy of an example, to begin with.",
}
