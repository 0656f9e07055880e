"""Runs programs that use other packages, and compares their models with those that convcalc reads from the source code.

Run this module in a process that can import the package: ``python -m tests.live.code_packages ZOO FOLDER [quick]``. FOLDER has the
installed packages. The module prints a JSON object for each program: its name, the number of rows, ``unbuilt`` (Keras's error),
``unknown`` (why convcalc does not know the whole model) and ``differences``.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from convcalc.analyse import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read.code.file import read_program
from tests.live.code_judge import called, differences, recorded_calls


def _kimm(quick: bool) -> Iterator[tuple[str, str]]:
    import kimm.models

    names = [name for name, value in vars(kimm.models).items() if inspect.isclass(value) and name != "BaseModel"]
    small = [name for name in names if not name.endswith(_LARGE)]
    for name in small[::3] if quick else small:
        size = 224 if name.startswith(("Vision", "VGG")) else 96
        yield name, f"from kimm.models import {name}\nmodel = {name}(input_shape=({size}, {size}, 3), weights=None)\n"


_LARGE = (
    "Large",
    "XLarge",
    "Base16",
    "Base32",
    "Large16",
    "Large32",
    "L",
    "XL",
    "152",
    "201",
    "B6",
    "B7",
    "160",
    "320",
    "Base",
    "VGG19",
    "D32",
)


def _k3im(quick: bool) -> Iterator[tuple[str, str]]:
    from tests.live.packages.zoo import k3im

    for name, build in k3im.models(False):
        function, small, special = build.args
        names = [key for key in inspect.signature(function).parameters if key in small]
        values = {key: small[key] for key in names} | special
        arguments = ", ".join(f"{key}={value!r}" for key, value in values.items())
        module, text = function.__module__, function.__name__
        yield name, f"from {module} import {text}\nmodel = {text}({arguments})\n"


def _keras_tcn(quick: bool) -> Iterator[tuple[str, str]]:
    from tests.live.packages.zoo import keras_tcn

    for name, settings in keras_tcn.SETTINGS.items():
        head = "import keras\nfrom tcn import TCN\n"
        layers = f"TCN(**{settings!r}), keras.layers.Dense(3), keras.layers.ReLU()"
        yield f"{name}_sequential", f"{head}model = keras.Sequential([keras.Input((12, 2)), {layers}])\n"
        yield (
            name,
            f"{head}x = start = keras.Input((12, 2))\nfor layer in [{layers}]:\n    x = layer(x)\nmodel = keras.Model(start, x)\n",
        )


PROGRAMS = {"kimm": _kimm, "k3im": _k3im, "keras_tcn": _keras_tcn}


def compared(text: str, folder: str) -> dict[str, Any]:
    """Runs one program and compares its model. Returns the JSON object."""
    import keras

    keras.utils.clear_session(free_memory=False)
    variables: dict[str, Any] = {"__name__": "program"}
    with recorded_calls() as calls:
        try:
            exec(compile(text, "program.py", "exec"), variables)
            model = variables["model"]
            if not isinstance(model, keras.Model):
                return {"unbuilt": "the function returns no model"}
            called(model)
        except Exception as error:
            return {"unbuilt": f"{type(error).__name__}: {error}"[:200]}
        start = time.perf_counter()
        try:
            report = infer(read_program(text, "program.py", folder, "model", root=folder))
        except ConvcalcError as error:
            return {"unknown": [str(problem)[:400] for problem in error.problems[:3]]}
        result: dict[str, Any] = {"rows": len(report.layers), "seconds": round(time.perf_counter() - start, 2)}
        if report.totals.incomplete.keys() - {"macs", "flops"}:
            return {**result, "unknown": [str(problem)[:400] for problem in report.problems[:3]]}
        return {**result, "differences": differences(model, report, calls)[:20]}


def main(zoo: str, folder: str, quick: bool) -> None:
    """Prints the results for the programs of one package."""
    for name, text in PROGRAMS[zoo](quick):
        print(json.dumps({"name": name, **compared(text, folder)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "quick" in sys.argv[3:])
