"""Large models to read, as specs and as Keras configs.

The models are chains, layers with very many inputs, dense skip connections, and deeply nested models. Each generator
yields the text of a file in parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.environments import WORK

SKIPS = 4  # number of previous layers that each layer reads
# Depth of nested models. Each model adds several levels of YAML, and a spec may have at most 64 levels.
LEVELS = 16


def large_model(kind: str, ending: str, layers: int) -> Path:
    """Returns the path of a model file with this many layers. The file is written if it does not exist."""
    WORK.mkdir(exist_ok=True)
    path = WORK / f"{kind}_{layers}.{ending}"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w") as file:
            file.writelines(_PARTS[kind, ending](layers))
        part.rename(path)
    return path


def chain_spec(layers: int) -> Iterator[str]:
    """Yields a chain in which convolutions and normalizations alternate."""
    yield "input: [32, 32, 16]\nlayers:\n"
    for number in range(layers):
        yield "- BatchNormalization\n" if number % 2 else "- Conv2D: {filters: 16, kernel_size: 3, padding: same}\n"


def fan_in_spec(layers: int) -> Iterator[str]:
    """Yields parallel layers, and one layer that reads all of them."""
    yield "input: [32]\nlayers:\n- Dense: {units: 8, name: first}\n"
    for number in range(layers - 2):
        yield f"- Dense: {{units: 8, name: d{number}, from: first}}\n"
    yield f"- Add: {{from: [{', '.join(f'd{number}' for number in range(layers - 2))}]}}\n"


def skips_spec(layers: int) -> Iterator[str]:
    """Yields layers that each read several layers before them."""
    yield "input: [32]\nlayers:\n- Dense: {units: 8, name: l0}\n- Dense: {units: 8, name: l1}\n"
    for number in range(2, layers):
        names = ", ".join(f"l{before}" for before in range(max(0, number - SKIPS), number))
        yield f"- Add: {{name: l{number}, from: [{names}]}}\n"


def nested_spec(layers: int) -> Iterator[str]:
    """Yields nested models, each with its own layers."""
    each = layers // LEVELS
    indent = ""
    for level in range(LEVELS):
        if level:
            yield f"{indent}- Model:\n"
            indent += "    "
        yield f"{indent}input: [32]\n{indent}layers:\n"
        for _ in range(each):
            yield f"{indent}- Dense: 32\n"


def chain_config(layers: int) -> Iterator[str]:
    """Yields the chain as Keras writes it."""
    yield from _functional(_chain(layers), "model")


def _chain(layers: int) -> Iterator[dict[str, Any]]:
    yield _entry("InputLayer", "image", {"batch_shape": [None, 32, 32, 16]}, None)
    shape = [None, 32, 32, 16]
    before = "image"
    for number in range(layers):
        name = f"l{number}"
        if number % 2:
            entry = _entry("BatchNormalization", name, {"momentum": 0.99, "epsilon": 0.001}, [(before, shape)])
        else:
            config = {
                "filters": 16,
                "kernel_size": [3, 3],
                "strides": [1, 1],
                "padding": "same",
                "activation": "linear",
            }
            entry = _entry("Conv2D", name, config, [(before, shape)])
        yield entry
        before = name


def fan_in_config(layers: int) -> Iterator[str]:
    """Yields the parallel layers as Keras writes them."""
    yield from _functional(_fan(layers), "model")


def _fan(layers: int) -> Iterator[dict[str, Any]]:
    yield _entry("InputLayer", "image", {"batch_shape": [None, 32]}, None)
    yield _entry("Dense", "first", {"units": 8}, [("image", [None, 32])])
    names = [f"d{number}" for number in range(layers - 2)]
    yield from (_entry("Dense", name, {"units": 8}, [("first", [None, 8])]) for name in names)
    yield _entry("Add", "sum", {}, [(name, [None, 8]) for name in names])


def skips_config(layers: int) -> Iterator[str]:
    """Yields the skip connections as Keras writes them."""
    yield from _functional(_skips(layers), "model")


def _skips(layers: int) -> Iterator[dict[str, Any]]:
    yield _entry("InputLayer", "image", {"batch_shape": [None, 32]}, None)
    yield from (_entry("Dense", f"l{number}", {"units": 8}, [("image", [None, 32])]) for number in range(2))
    for number in range(2, layers):
        taken = range(max(0, number - SKIPS), number)
        yield _entry("Add", f"l{number}", {}, [(f"l{before}", [None, 8]) for before in taken])


def nested_config(layers: int) -> Iterator[str]:
    """Yields the nested models as Keras writes them."""
    names = count()

    def level(left: int) -> dict[str, Any]:
        name = f"model_{left}"
        entries = [_entry("InputLayer", f"input_{left}", {"batch_shape": [None, 32]}, None)]
        for _ in range(layers // LEVELS):
            before = entries[-1]["config"]["name"]
            entries.append(_entry("Dense", f"l{next(names)}", {"units": 32}, [(before, [None, 32])]))
        if left > 1:
            inner = level(left - 1)
            inner["inbound_nodes"] = _node([(entries[-1]["config"]["name"], [None, 32])])
            entries.append(inner)
        ends = {
            "input_layers": [[f"input_{left}", 0, 0]],
            "output_layers": [[entries[-1]["config"]["name"], 1 if left > 1 else 0, 0]],
        }
        config = {"name": name, "layers": entries, **ends}
        return {"module": "keras", "class_name": "Functional", "name": name, "config": config}

    yield json.dumps(level(LEVELS))


def _entry(kind: str, name: str, config: dict[str, Any], sources: list[tuple[str, Any]] | None) -> dict[str, Any]:
    """Returns a layer as Keras writes it, without default arguments."""
    return {
        "module": "keras.layers",
        "class_name": kind,
        "name": name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "registered_name": None,
        "inbound_nodes": [] if sources is None else _node(sources, listed=kind == "Add"),
    }


def _node(sources: list[tuple[str, Any]], listed: bool = False) -> list[dict[str, Any]]:
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": shape, "dtype": "float32", "keras_history": [name, 0, 0]},
        }
        for name, shape in sources
    ]
    return [{"args": [tensors] if listed else tensors, "kwargs": {}}]


def _functional(entries: Iterator[dict[str, Any]], name: str) -> Iterator[str]:
    """Yields the text of a functional model that contains the given layers, one layer at a time."""
    yield f'{{"module": "keras", "class_name": "Functional", "config": {{"name": "{name}", "layers": ['
    last = ""
    for entry in entries:
        yield f"{', ' if last else ''}{json.dumps(entry)}"
        last = entry["name"]
    yield f'], "input_layers": [["image", 0, 0]], "output_layers": [["{last}", 0, 0]]}}}}'


_PARTS = {
    ("chain", "yaml"): chain_spec,
    ("chain", "json"): chain_config,
    ("fan-in", "yaml"): fan_in_spec,
    ("fan-in", "json"): fan_in_config,
    ("skips", "yaml"): skips_spec,
    ("skips", "json"): skips_config,
    ("nested", "yaml"): nested_spec,
    ("nested", "json"): nested_config,
}
KINDS = ("chain", "fan-in", "skips", "nested")
