"""Declarations of frequent layers and models of other packages, in YAML files of the form that ``--custom`` accepts.

The live tests compare these declarations with the packages. A comment in the file names the layers of packages that work
only with Keras 2: their declarations are read from the published source.
"""

from __future__ import annotations

from functools import cache

from convcalc.base.problems import Source
from convcalc.read.custom_layers import CustomLayers, Declaration, possible_names

FILES = ("efficientnet.yaml", "k3im.yaml", "keras_cv.yaml", "keras_hub.yaml", "tensorflow_addons.yaml")


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
    from pathlib import Path  # imported only for a class of another package: it is slow

    return (Path(__file__).parent / file).read_text(encoding="utf-8")


@cache
def _layers(file: str) -> CustomLayers:
    from convcalc.read.spec.layers_file import read_layers

    return read_layers(Source(file, _text(file)))
