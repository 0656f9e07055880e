"""The first inputs for fuzzing: small specs, files and tables from the tests."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

from convcalc import infer
from convcalc.base.json_text import line
from convcalc.base.problems import ConvcalcError
from convcalc.keras_text.options import Options
from convcalc.keras_text.print2 import keras2_text
from convcalc.keras_text.print3 import keras_text
from convcalc.layers import CATALOGUE
from convcalc.layers.examples import example_spec
from convcalc.ops import OPERATIONS
from convcalc.read import read
from convcalc.read.spec.spec import TOP_KEYS
from convcalc.report_json.write import report_json
from convcalc.write.config import config_json
from convcalc.write.spec import spec_yaml
from tests.live.cases_operations import cases, in_a_spec, model_of
from tests.paths import BROKEN, GOLDEN, ROOT

LARGEST = 4_000  # the maximum size of a seed, in bytes
_ENTRY_KEYS = "from as name repeat index call Model layers expect trainable dtype output_shape params outputs arguments"
_CONFIG_KEYS = (
    "class_name config module registered_name build_config input_shape batch_shape inbound_nodes args kwargs shape "
    "keras_history input_layers output_layers __keras_tensor__ Functional Sequential keras keras.layers batch_input_shape "
    "__slice__ __ellipsis__ __numpy__ TFOpLambda function Custom>Mine"
)
_SIGNS = "null true false ~ ? : - [ ] { } & * | > ' \" # % @ ! << --- ... $ ${ } \\u0000 \\x1b .inf .nan 0x 0o 1e9 -1"


@cache
def words() -> tuple[str, ...]:
    """Returns the words that files contain: names of layers, arguments and operations, keys, dtypes."""
    result = {*TOP_KEYS, *_ENTRY_KEYS.split(), *_CONFIG_KEYS.split(), "float16", "int32", "string", "mixed_bfloat16"}
    for name, kind in CATALOGUE.items():
        result |= {name, *(argument.name for argument in kind.arguments)}
    for (module, name), operation in OPERATIONS.items():
        result |= {module, name, f"ops.{operation.function}", *operation.parameters, *operation.init_parameters}
    return tuple(sorted(result))


def dictionary() -> str:
    """Returns the words and special characters in the format of libFuzzer's dictionaries."""
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in (*words(), *_SIGNS.split()))
    return "".join(f'"{word}"\n' for word in quoted)


@cache
def specs() -> tuple[bytes, ...]:
    """Returns valid and broken specs: the specs of the tests, and an example of every layer and of every operation."""
    paths = [*sorted((ROOT / "specs").glob("*.yaml")), *sorted((BROKEN).glob("*.yaml"))]
    examples = [example_spec(kind).encode() for kind in CATALOGUE.values()]
    operations = [spec_yaml(report).encode() for report in _operations()]
    return tuple(text for text in [path.read_bytes() for path in paths] + examples + operations if len(text) < LARGEST)


@cache
def programs() -> tuple[bytes, ...]:
    """Returns programs: the examples of the documentation."""
    return tuple(path.read_bytes() for path in sorted((ROOT / "docs" / "programs").glob("*.py")))


def configs() -> tuple[bytes, ...]:
    """Returns configs of Keras 3: existing files, and the specs written as configs."""
    files = [*sorted((ROOT / "specs" / "files").glob("*.json")), GOLDEN / "two_heads.json"]
    written = [_compact(path.read_text(encoding="utf-8")) for path in files]
    for spec in specs():
        try:
            written.append(_compact(config_json(infer(read(spec, "seed.yaml")))))
        except ConvcalcError:
            continue
    return tuple(text for text in written if len(text) < 2 * LARGEST)


@cache
def legacy() -> tuple[bytes, ...]:
    """Returns configs of Keras 2. They are made from configs of Keras 3: calls become lists, and operations get the
    names of TensorFlow functions.
    """
    result = [json.loads(text) for text in configs()]
    functional = [config for config in result if config["class_name"] == "Functional"]
    return tuple(json.dumps(_older(config)).encode() for config in functional)


def _older(config: dict[str, Any]) -> dict[str, Any]:
    layers = [
        {**layer, "inbound_nodes": list(map(_node, layer["inbound_nodes"]))} for layer in config["config"]["layers"]
    ]
    for layer in layers:
        if str(layer["module"]).startswith("keras.src.ops"):
            layer["class_name"], layer["config"]["function"] = "TFOpLambda", f"math.{layer['class_name'].lower()}"
    return {**config, "config": {**config["config"], "layers": layers}, "keras_version": "2.21.0"}


def _node(node: Any) -> Any:
    """Converts a call from Keras 3's form to Keras 2's: a list ``[layer, call, output, kwargs]`` for each tensor.

    A call that already has this form is not changed.
    """
    if isinstance(node, list):
        return node
    tensors = [part for arg in node["args"] for part in (arg if isinstance(arg, list) else [arg])]
    histories = [each["config"].get("keras_history") for each in tensors if isinstance(each, dict)]
    return [[*history, node["kwargs"]] for history in histories if history]


@cache
def hdf5s() -> tuple[bytes, ...]:
    """Returns HDF5 files of whole models: the config is an attribute, and the weights are grouped by layer."""
    import h5py
    import numpy as np

    result = []
    for text in configs()[::20]:
        file = io.BytesIO()
        with h5py.File(file, "w") as written:
            written.attrs["model_config"] = text.decode()
            weights = written.create_group("model_weights")
            names = [
                layer["config"]["name"] for layer in json.loads(text)["config"]["layers"] if "name" in layer["config"]
            ]
            weights.attrs["layer_names"] = names
            for name in names:
                group = weights.require_group(name)
                group.attrs["weight_names"] = [f"{name}/kernel"]
                group[f"{name}/kernel"] = np.zeros((1, 2), "float32")
        result.append(file.getvalue())
    return tuple(result)


@cache
def archives() -> tuple[bytes, ...]:
    """Returns Keras archives: a config, and weights in a tree of groups."""
    import h5py
    import numpy as np

    result = []
    for text in configs()[::20]:
        weights, file = io.BytesIO(), io.BytesIO()
        with h5py.File(weights, "w") as written:
            for layer in json.loads(text)["config"]["layers"]:
                variables = written.require_group(f"layers/{layer['class_name'].lower()}/vars")
                variables.attrs["name"] = str(layer["config"].get("name"))
                variables.require_dataset("0", (1, 2), "float32")[:] = np.zeros((1, 2))
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("config.json", text, zipfile.ZIP_DEFLATED)
            packed.writestr("model.weights.h5", weights.getvalue())
        result.append(file.getvalue())
    return tuple(result)


@cache
def recorded() -> tuple[bytes, ...]:
    """Returns the two models to compare with each record: a chain, and a graph with a nested model."""
    return (ROOT / "specs" / "ds_cnn.yaml").read_bytes(), (GOLDEN / "two_heads.json").read_bytes()


def foreign_input() -> bytes:
    """Returns a model with an input of an unknown class."""
    return (GOLDEN / "two_heads.json").read_bytes().replace(b'"InputLayer"', b'"Mine"')


@cache
def records() -> tuple[bytes, ...]:
    """Returns records of the models of :func:`recorded`: JSON reports, and texts of Keras with several options."""
    result = []
    for report in (infer(read(text, "seed")) for text in recorded()):
        for options in (Options(), Options(line_length=60, show_trainable=True), Options(expand_nested=True)):
            result += [keras_text(report, options), keras2_text(report, options)]
        result += [report_json(report), line(report.as_dict())]
    return tuple(text.encode() for text in result)


def _operations() -> Iterator[Any]:
    """Yields, for each operation, the report of a model that contains it."""
    for asked in cases(7, 1):
        if in_a_spec(asked):
            try:
                yield infer(model_of(asked))
            except ConvcalcError:
                continue


def _compact(text: str) -> bytes:
    return json.dumps(json.loads(text)).encode()
