"""Checks a TensorFlow graph for operations that read or write files, or that call Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from convcalc.audit.rules import GRAPH_CODE, GRAPH_FILE, Finding
from convcalc.audit.tensorflow_names import FILE_OPERATIONS, PYTHON_OPERATIONS
from convcalc.read.spec.nodes import MAX_BYTES


def audit_graph(file: BinaryIO) -> Iterator[Finding]:
    """Yields a finding for each risky operation in the file.

    A node of a graph has the name of its operation as field 2. The bytes of this field are searched in the whole file,
    so that nodes in functions are found too.
    """
    file.seek(0)
    data = file.read(MAX_BYTES)
    for operation in (*FILE_OPERATIONS, *PYTHON_OPERATIONS):
        name = operation.encode()
        if bytes((0x12, len(name))) + name in data:
            if operation in PYTHON_OPERATIONS:
                yield Finding(GRAPH_CODE, "the graph", f"{operation}: calls a Python function")
            else:
                yield Finding(GRAPH_FILE, "the graph", f"{operation}: reads or writes files")
