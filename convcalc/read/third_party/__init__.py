"""Finds declarations of common layers and models of other packages.

The declarations are in YAML files of the form that ``--custom`` accepts. The live tests compare the declarations with
the packages, except for packages that need Keras 2. The declarations for these follow the published source code; a
comment in the YAML file names the source file.
"""

from __future__ import annotations

from functools import cache

from convcalc.base.problems import Source
from convcalc.read.custom_layers import CustomLayers, Declaration, possible_names

FILES = (
    "efficientnet.yaml",
    "k3im.yaml",
    "keras_cv.yaml",
    "keras_hub.yaml",
    "keras_rs.yaml",
    "kimm.yaml",
    "tensorflow_addons.yaml",
)


def find_third_party(class_name: str, module: str | None, registered: str | None) -> Declaration | None:
    """Returns the declaration of a class of another package; None if convcalc has no declaration of the class.

    A file is parsed only if its text contains one of the names under which the class can be declared.
    """
    names = list(possible_names(class_name, module, registered))
    for file in FILES:
        if any(f"\n  {name}:" in _text(file) for name in names):
            declaration = _layers(file).find(class_name, module, registered)
            if declaration is not None:
                return declaration._replace(source=f"convcalc's {file}", built_in=True)
    return None


@cache
def _text(file: str) -> str:
    from pathlib import Path  # slow to import, and needed only for a class of another package

    return (Path(__file__).parent / file).read_text(encoding="utf-8")


@cache
def _layers(file: str) -> CustomLayers:
    from convcalc.read.spec.layers_file import read_layers

    return read_layers(Source(file, _text(file)))
