"""Reads and infers a large model, and measures the time or the memory per layer.

The script first raises the reader's limits, e.g. on the size of a file.
"""

import gc
import json
import sys
import time
import tracemalloc
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

LIMITS = {
    "convcalc.read": ("MAX_BYTES",),
    "convcalc.read.spec.nodes": ("MAX_BYTES", "MAX_CHARACTERS", "MAX_VALUES"),
    "convcalc.read.spec.graph": ("MAX_LAYERS", "MAX_WORK"),
}
for module, names in LIMITS.items():
    for name in names:
        assert hasattr(import_module(module), name), f"{module} has no limit {name}; update LIMITS"
        # The new limit is more than any model needs: 2**32 bytes, or 10**12 of anything else.
        setattr(import_module(module), name, 2**32 if name == "MAX_BYTES" else 10**12)

from convcalc import infer, load  # noqa: E402 - the limits above must be set before these imports
from convcalc.base.problems import Source  # noqa: E402
from convcalc.read.container import parse_json  # noqa: E402
from convcalc.read.spec.nodes import compose  # noqa: E402


def count(model: Any) -> int:
    """Returns the number of layers, including those of nested models."""
    return sum(1 + (count(layer.model) if layer.model else 0) for layer in model.layers)


def timed(path: str, most: str) -> dict[str, float]:
    """Returns the median time per layer, in seconds. Small models are run more often, at most ``most`` times."""
    taken: dict[str, list[float]] = {"read": [], "infer": []}
    layers, times = 1, 1
    while len(taken["read"]) < times:
        start = time.process_time()
        model = load(path)
        read = time.process_time()
        report = infer(model)
        done = time.process_time()
        if not taken["read"]:
            layers = count(model)
            times = max(1, min(int(most), 20_000 // layers))
        taken["read"].append((read - start) / layers)
        taken["infer"].append((done - read) / layers)
        del model, report
    return {name: median(each) for name, each in taken.items()}


def remembered(path: str) -> dict[str, float]:
    """Returns the memory per layer, in bytes: of the parsed file, of the model, and of the report."""
    infer(load(path))  # this first run is not measured: it fills caches and imports modules
    text = Path(path).read_text()
    gc.collect()
    tracemalloc.start()
    source = Source(path, text)
    parsed: Any = parse_json(source) if path.endswith(".json") else compose(source, [])
    gc.collect()
    of_file = tracemalloc.get_traced_memory()[0]
    del parsed
    model = load(path)
    gc.collect()
    of_model = tracemalloc.get_traced_memory()[0]
    report = infer(model)
    gc.collect()
    of_report = tracemalloc.get_traced_memory()[0]
    layers = count(model)
    assert report.layers
    # A spec's model keeps the parsed file, for the positions of problems: its memory is subtracted.
    model_alone = of_model - (of_file if path.endswith(".yaml") else 0)
    return {"file": of_file / layers, "model": model_alone / layers, "report": (of_report - of_model) / layers}


print(json.dumps({"time": timed, "memory": remembered}[sys.argv[1]](*sys.argv[2:])))
