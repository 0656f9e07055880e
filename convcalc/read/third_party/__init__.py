"""Finds declarations of common layers and models of other packages.

They are in YAML files, as for ``--custom``. The live tests compare them with the packages. Packages that need Keras 2 are not
tested: their declarations follow the source code that a comment in the YAML file names.
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
    """Returns convcalc's declaration of a class of another package; None if there is none.

    A file is parsed only if its text contains one of the possible names of the class.
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
