"""The table of risks: what a file can contain, what Keras does with it, and the public advisories.

Sources: ``saving_api.py``, ``saving_lib.py``, ``serialization_lib.py`` and ``legacy_h5_format.py`` of Keras 3, and the
``from_config`` methods of the layers. ``docs/audit.md`` shows the table.
"""

from __future__ import annotations

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.structs import Struct

HIGH, MEDIUM, LOW = "high", "medium", "low"
# The severity of each risk, from the worst to the least.
SEVERITY: dict[Code, str] = {
    codes.RUNS_CODE: HIGH,
    codes.AMBIGUOUS_FILE: HIGH,
    codes.OPENS_FILE: MEDIUM,
    codes.USES_MEMORY: MEDIUM,
    codes.NOT_CHECKED: MEDIUM,
    codes.NEEDS_CODE: LOW,
}


class Rule(Struct):
    """A row of the table.

    Attributes:
        risk: the code of the risk.
        contains: what the file contains.
        keras: what Keras does with it, in some version at least.
        advisories: public advisories about it.
    """

    risk: Code
    contains: str
    keras: str
    advisories: tuple[str, ...] = ()


class Finding(Struct):
    """A risk in a file: the row of the table, the path of the part in the file, and a message."""

    rule: Rule
    path: str
    message: str

    @property
    def risk(self) -> Code:
        """The code of the risk, such as ``runs-code``."""
        return self.rule.risk

    @property
    def severity(self) -> str:
        """The severity of the risk: ``high``, ``medium`` or ``low``."""
        return SEVERITY[self.rule.risk]


RULES: list[Rule] = []


def _rule(risk: Code, contains: str, keras: str, *advisories: str) -> Rule:
    """Adds a row to the table and returns it."""
    rule = Rule(risk, contains, keras, advisories)
    RULES.append(rule)
    return rule


PROGRAM = _rule(
    codes.RUNS_CODE, "Python code or a notebook instead of a model", "does not load it; Python runs all of it"
)
BYTECODE = _rule(
    codes.RUNS_CODE,
    "Python bytecode (`__lambda__`)",
    "loads and calls it",
    *("CVE-2024-3660", "CVE-2025-9905", "CVE-2026-12481"),
)
RUNNING_LAYER = _rule(
    codes.RUNS_CODE,
    "a layer that runs code: `Lambda`, `TorchModuleWrapper`, `JaxLayer`, `FlaxLayer`",
    "calls the stored or named function, or unpickles a module",
    *("CVE-2024-3660", "CVE-2025-9905", "CVE-2025-49655"),
)
FOREIGN_CODE = _rule(
    codes.RUNS_CODE,
    "a function or class of a module that is no package of layers, such as `os.system`",
    "imports the module and calls the function (before 3.9)",
    "CVE-2025-1550",
)
KERAS_TOOL = _rule(
    codes.RUNS_CODE,
    "a function or class of Keras that is not a part of models, such as `keras.utils.get_file`",
    "calls it with the arguments in the file (before 3.11)",
    *("CVE-2025-8747", "CVE-2025-9906", "CVE-2025-12060", "CVE-2025-12638"),
)
TF_FUNCTION = _rule(
    codes.RUNS_CODE,
    "a `TFOpLambda` or `TensorFlowOpLayer` that does not compute, such as `io.gfile.remove`",
    "calls the function (Keras 2)",
)
PICKLE = _rule(
    codes.RUNS_CODE,
    "a pickle instead of NumPy arrays in `model.weights.npz`",
    "unpickles it if NumPy allows that",
)
TWO_MODELS = _rule(
    codes.AMBIGUOUS_FILE,
    "two models in one file: HDF5 data and an archive, or two members of one name; or content that the ending contradicts",
    "loads one of them; which one depends on the ending and the version",
)
FILE_ARGUMENT = _rule(
    codes.OPENS_FILE,
    "a path or URL as an argument: `vocabulary`, `filepath`, `vocabulary_file`, `handle`",
    "opens or fetches it (`TFSMLayer`: before 3.13.2 also runs it)",
    *("CVE-2025-12058", "CVE-2026-1462"),
)
HDF5_REFERENCE = _rule(
    codes.OPENS_FILE,
    "a link to another HDF5 file, or an array whose data are in another file",
    "reads that file as weights",
    "CVE-2026-1669",
)
OUTSIDE_PATH = _rule(
    codes.OPENS_FILE,
    "the name of a layer, an asset or a shard that leads out of the folder (`../`)",
    "writes or reads there when it saves the model or unpacks the archive",
    "CVE-2026-12479",
)
GRAPH_FILE = _rule(
    codes.OPENS_FILE,
    "a TensorFlow graph with operations on files (`ReadFile`, `WriteFile`)",
    "reads or writes the files when the model runs",
    "CVE-2026-1462",
)
GRAPH_CODE = _rule(
    codes.RUNS_CODE,
    "a TensorFlow graph that calls Python (`PyFunc`)",
    "calls a function of the process that runs the model",
)
BOMB = _rule(
    codes.USES_MEMORY,
    "an array or a member of an archive that is far larger than its stored data",
    "allocates the stated size",
    *("CVE-2026-0897", "CVE-2026-12570"),
)
UNCHECKED = _rule(
    codes.NOT_CHECKED,
    "a part that is damaged, too large or of an unknown form",
    "may read it; convcalc could not check it to the end",
)
OWN_CODE = _rule(
    codes.NEEDS_CODE,
    "a custom class or function",
    "needs its code: `custom_objects`, or an installed package (imported by its name before 3.9)",
)
