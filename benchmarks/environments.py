"""The environments of the compared programs: convcalc as a user installs it, and one environment for each other
program.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import Command, Failed, answer, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CHILDREN = HERE / "children"
# Files made by the benchmarks: models, and the config that Keras writes.
WORK = HERE / ".work"

PEERS = {
    "keras": ("keras>=3.15,<3.16", "tensorflow-cpu"),
    "torch": ("torch", "torchinfo", "numpy"),
    "onnx": ("onnx",),
}


@dataclass(frozen=True)
class Environments:
    """The Python interpreter of each program.

    ``pythons`` are interpreters that the user gave. Other interpreters are installed when they are first needed, but
    only if ``peers`` is true.
    """

    pythons: dict[str, str]
    peers: bool = True
    quick: bool = False

    def python(self, name: str) -> str:
        """Returns the interpreter of another program. Raises :class:`Failed` if it cannot be installed."""
        if name not in self.pythons:
            if not self.peers:
                raise Failed(f"no {name}")
            self.pythons[name] = _installed(name, PEERS[name])
        return self.pythons[name]

    @property
    def own(self) -> str:
        """Returns the interpreter of the environment in which convcalc is installed."""
        if "convcalc" not in self.pythons:
            self.pythons["convcalc"] = _installed("convcalc", (str(ROOT),), again=True)
        return self.pythons["convcalc"]

    @property
    def script(self) -> list[str]:
        """Returns Python's arguments for running convcalc: the console script, or ``-m convcalc`` if the user gave the
        interpreter.
        """
        script = Path(self.own).with_name("convcalc")
        return [str(script)] if script.is_relative_to(HERE) else ["-m", "convcalc"]

    @property
    def convcalc(self) -> list[str]:
        """Returns the command that starts convcalc as a user starts it."""
        return self.script if len(self.script) == 1 else [self.own, *self.script]

    def child(self, name: str, script: str, *args: object) -> list[str]:
        """Returns the command that runs a script of the folder ``children`` with the interpreter of the named program."""
        python = self.own if name == "convcalc" else self.python(name)
        return [python, str(CHILDREN / f"{script}.py"), *map(str, args)]

    def versions(self) -> dict[str, str]:
        """Returns the packages that were compared, with their versions."""
        result: dict[str, str] = {}
        for name, python in self.pythons.items():
            command: Command = [python, str(CHILDREN / "versions.py"), name]
            result.update(answer(command))
        return result


def _installed(name: str, packages: tuple[str, ...], again: bool = False) -> str:
    """Installs packages into an environment, and returns its interpreter.

    With ``again``, existing packages are installed again. The installation is not editable, and has compiled bytecode.
    """
    folder = HERE / f".venv-{name}"
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists() or again:
        print(f"installing {name} into {folder}", file=sys.stderr, flush=True)
        if not python.exists():
            run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--compile"]
        run([*pip, *packages])
        if again:
            run([*pip, "--force-reinstall", "--no-deps", *packages])
        ready.touch()
    return str(python)
