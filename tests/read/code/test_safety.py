"""Tests that convcalc does not import, execute or compile the code that it reads, and opens only source files of the
project.

A process with an audit hook reads each program. Python calls the hook for every import, open, exec, compile, socket and
subprocess.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.language import language_cases
from tests.paths import ROOT

PROGRAMS = sorted(
    path for folder in ("docs", "specs", "tests") for path in (ROOT / folder).rglob("*.py") if "programs" in path.parts
)

HOOK = """
import json, os, sys, sysconfig
import convcalc, convcalc.cli, convcalc.read.code.file, convcalc.analyse, convcalc.read.code.libraries as libraries
from convcalc.base.problems import ConvcalcError
from convcalc.read import all_models, parse
import pkgutil, importlib
import convcalc.read.code
for part in pkgutil.walk_packages(convcalc.read.code.__path__, "convcalc.read.code."):
    importlib.import_module(part.name)

root = os.path.realpath(sys.argv[1])
own = os.path.dirname(os.path.realpath(convcalc.__file__))
library = [os.path.realpath(path) for path in map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib"))]
ast_file = sys.modules["ast"].__file__
forbidden = ("socket", "subprocess", "os", "shutil", "ctypes", "urllib", "ftplib", "http", "tempfile")
allowed = ("os.listdir", "os.scandir", "os.walk", "os.fwalk")
events = []

def is_python(path):
    path = os.path.realpath(path)
    return path.startswith(tuple(os.path.join(folder, "") for folder in (own, *library)))

def hook(event, args):
    if event == "import":
        name = args[0].partition(".")[0]
        if name != "convcalc" and name not in sys.stdlib_module_names and name not in ("yaml", "_yaml"):
            events.append(("import", args[0]))
    elif event == "open":
        path = args[0]
        if isinstance(path, (str, bytes)):
            real = os.path.realpath(os.fsdecode(path))
            inside = real.startswith(os.path.join(root, "")) and real.endswith((".py", ".ipynb"))
            if "w" in str(args[1] or "r") or not (inside or is_python(real)):
                events.append(("open", real))
    elif event == "compile":
        caller = sys._getframe(1).f_code.co_filename
        by_ast = caller == ast_file  # ast.parse, which makes no code object
        by_import = caller.startswith("<frozen importlib") and is_python(args[1])
        if not by_ast and not by_import:
            events.append(("compile", str(args[0])[:60]))
    elif event == "exec":
        name = args[0].co_filename
        if not is_python(name) and not name.startswith("<frozen"):
            events.append(("exec", name))
    elif event.split(".")[0] in forbidden and event not in allowed:
        events.append((event, str(args)[:80]))

sys.addaudithook(hook)
for source in sys.argv[2:]:
    try:
        names = [source, *all_models(source + ":*")]
    except ConvcalcError:
        names = [source]
    for name in names:
        try:
            convcalc.analyse.infer(parse(name))
        except ConvcalcError:
            pass
found, events = events, []
print(json.dumps(found))
"""

HOSTILE = """
import os, sys, subprocess, socket, ctypes, importlib, pickle, urllib.request
import not_here, helper
from helper import *
import keras
from keras import layers

os.system("touch /tmp/convcalc_was_here")
subprocess.run(["touch", "x"])
exec("open('x', 'w')")
eval("__import__('os').system('true')")
compile("1", "x", "exec")
__import__("helper2")
importlib.import_module("helper3")
open("x.txt", "w").write("x")
open("/etc/passwd").read()
pickle.loads(b"cos\\nsystem\\n(S'true'\\ntR.")
socket.create_connection(("localhost", 80))
urllib.request.urlopen("http://localhost")
ctypes.CDLL("libc.so.6").system(b"true")
(lambda: None).__globals__["os"].system("true")
().__class__.__bases__[0].__subclasses__()
"{0.__class__.__mro__}".format(1)
f"{(1).__class__.__mro__!r}"
getattr(os, "sys" + "tem")("true")
type("X", (), {"__reduce__": lambda self: (os.system, ("true",))})()
print.__self__.__import__("os")
"x".__class__.__base__.__subclasses__
sys.modules["os"].system("true")
keras.models.load_model("/etc/passwd")
keras.utils.get_file("x", "http://localhost")
model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Lambda(lambda x: os.system("true") or x)])
model.load_weights("/etc/passwd")
model.save("x.keras")
"""


def events(folder: Path, *sources: Path) -> list[list[str]]:
    """Reads programs in a new process. Returns the audit events that must not occur, such as an import of the program."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", HOOK, str(folder), *map(str, sources)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    result: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_a_hostile_program_does_nothing(tmp_path: Path) -> None:
    for name in ("helper", "helper2", "helper3"):
        (tmp_path / f"{name}.py").write_text(f"import os\nopen('{tmp_path}/a', 'w')\nos.system('touch {tmp_path}/b')\n")
    (tmp_path / "program.py").write_text(HOSTILE)
    outside = tmp_path.parent / f"{tmp_path.name}_outside.py"
    outside.write_text("x = 1\n")
    (tmp_path / "not_here.py").symlink_to(outside)
    assert events(tmp_path, tmp_path / "program.py") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "helper.py",
        "helper2.py",
        "helper3.py",
        "not_here.py",
        "program.py",
    ]


def test_the_constructs_of_the_language_do_nothing(tmp_path: Path) -> None:
    sources = []
    for number, code in enumerate(language_cases().values()):
        sources.append(tmp_path / f"case{number}.py")
        sources[-1].write_text(code)
    assert events(tmp_path, *sources) == []


@pytest.mark.skipif(not PROGRAMS, reason="there are no example programs")
def test_the_example_programs_do_nothing() -> None:
    assert events(ROOT, *PROGRAMS) == []


def test_the_hook_notices_what_it_forbids(tmp_path: Path) -> None:
    code = HOOK.replace(
        "for source in sys.argv[2:]:",
        "exec('1')\nopen('/etc/hosts')\nimport pytest\nos.system('true')\nfor source in ():",
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    names = {event for event, _ in json.loads(done.stdout.splitlines()[-1])}
    assert {"compile", "exec", "open", "import", "os.system"} <= names
