"""Prints the versions of the packages of an environment."""

import json
import platform
import sys
from importlib import metadata

PACKAGES = {
    "convcalc": ("convcalc", "click", "rich", "PyYAML"),
    "keras": ("keras", "tensorflow-cpu", "tensorflow"),
    "torch": ("torch", "torchinfo"),
    "onnx": ("onnx",),
}


def main() -> None:
    """Prints the versions."""
    result = {f"Python of {sys.argv[1]}": platform.python_version()}
    for package in PACKAGES[sys.argv[1]]:
        try:
            result[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    print(json.dumps(result))


main()
