"""Mutations of the data in files: JSON, YAML, Keras archives, HDF5."""

from __future__ import annotations

import io
import json
import re
import zipfile
from random import Random
from typing import Any

import yaml

from convcalc.read.keras_files.hdf5 import open_hdf5
from tests.fuzz import seeds
from tests.fuzz.mutate import ODD, copy, mutated


def mutated_json(data: bytes, random: Random) -> bytes | None:
    """Returns JSON with mutated data, or None if the bytes are not JSON."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return _dumped(mutated(tree, random, seeds.words(), _donors(random, seeds.configs())))


def mutated_yaml(data: bytes, random: Random) -> bytes | None:
    """Returns a YAML text with mutated data, in block style or as JSON in one line."""
    tree = _loaded(data)
    if tree is None:
        return None
    tree = mutated(tree, random, seeds.words(), _donors(random, seeds.specs()))
    if random.random() < 0.5:
        return _dumped(tree)
    try:
        return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode()
    except (yaml.YAMLError, ValueError):
        return None


def mutated_archive(data: bytes, random: Random) -> bytes | None:
    """Returns a Keras archive with a mutated config or mutated weights."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = {name: packed.read(name) for name in packed.namelist()}
    except Exception:  # zipfile raises many types of exceptions for damaged files
        return None
    name = random.choice(("config.json", "config.json", "model.weights.h5"))
    mutate = mutated_json if name == "config.json" else mutated_hdf5
    if (changed := mutate(members.get(name, b""), random)) is None:
        return None
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for key, content in {**members, name: changed}.items():
            written.writestr(key, content, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    return file.getvalue()


def mutated_hdf5(data: bytes, random: Random) -> bytes | None:
    """Returns an HDF5 file in which one group, link, array or attribute was added, changed or removed."""
    import h5py
    import numpy as np

    file = io.BytesIO(data)
    try:
        # open_hdf5 refuses files that HDF5 would read in an endless loop.
        with open_hdf5(io.BytesIO(data), "seed") as tree:
            tree.root.text("model_config")
        with h5py.File(file, "r+") as changing:
            places = [changing["/"]]
            changing.visititems(lambda _, each: places.append(each))
            groups = [each for each in places if isinstance(each, h5py.Group)]
            group, place = random.choice(groups), random.choice(places)
            name = random.choice(("vars", "layers", "0", "model_weights", *group, random.choice(seeds.words())))
            match random.randrange(7):
                case 0 if name in group:
                    del group[name]
                case 1:
                    group[name] = np.zeros(
                        random.choice(((), (2,), (1, 2), (0,), (3, 3, 1))), random.choice(("f4", "i8", "S3", "f2"))
                    )
                case 2:
                    group[name] = random.choice(
                        (h5py.SoftLink("/"), h5py.ExternalLink("x.h5", "/"), random.choice(places))
                    )
                case 3:
                    group.create_group(name)
                case 4:
                    key = random.choice(("layer_names", "weight_names", "name", "model_config", *place.attrs))
                    place.attrs[key] = random.choice(
                        ("x", 3, ["dense"], [["a"]], 2.5, h5py.Empty("f4"), b"\xff", [b"\xff"])
                    )
                case _:
                    config = changing.attrs.get("model_config")
                    changed = mutated_json(config.encode(), random) if isinstance(config, str) else None
                    if changed is not None:
                        changing.attrs["model_config"] = changed.decode()
    except Exception:  # h5py raises exceptions of many types, for damaged files and for names that exist already
        return None
    return file.getvalue()


def _donors(random: Random, files: tuple[bytes, ...]) -> list[Any]:
    """Returns the layers of a random file. Mutations may use the values of these layers."""
    tree = _loaded(random.choice(files))
    inside = tree.get("config", tree) if isinstance(tree, dict) else {}
    layers = inside.get("layers") if isinstance(inside, dict) else None
    return layers if isinstance(layers, list) else ODD


def _loaded(data: bytes) -> Any:
    try:
        return copy(yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError):
        return None


def _dumped(tree: Any) -> bytes | None:
    try:
        return json.dumps(tree, default=str).encode()
    except (ValueError, TypeError, RecursionError):
        return None


_TOKEN = re.compile(r"\w+|[^\w\s]")


def mutated_code(data: bytes, random: Random) -> bytes | None:
    """Returns a program with a few changes: lines and tokens that are left out, repeated or exchanged."""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    for _ in range(random.randint(1, 4)):
        at, other = random.randrange(len(lines)), random.randrange(len(lines))
        change = random.randrange(5)
        if change == 0 and len(lines) > 1:
            del lines[at]
        elif change == 1:
            lines.insert(other, lines[at])
        elif change == 2:
            lines[at], lines[other] = lines[other], lines[at]
        else:
            tokens = _TOKEN.findall(lines[other]) or ["0"]
            places = list(_TOKEN.finditer(lines[at]))
            if places:
                place = random.choice(places)
                lines[at] = lines[at][: place.start()] + random.choice(tokens) + lines[at][place.end() :]
    return "\n".join(lines).encode()
