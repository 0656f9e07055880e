"""Data files at public addresses, and the files that a program downloads. No file is downloaded or read.

The columns of a file and the classes of a folder are known if the program downloads it from an address in this module. The files at
these addresses belong to tutorials of TensorFlow and Keras, and do not change.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from convcalc.base.structs import Struct
from convcalc.read.code.language.values import Spot, Unknown
from convcalc.read.code.libraries import function

_TENSORFLOW = "storage.googleapis.com/download.tensorflow.org/"
_KERAS = "storage.googleapis.com/tensorflow/tf-keras-datasets/"


class PublicTable(Struct):
    """The columns of a file with comma separated values.

    ``name`` is the name of the file, which can be inside an archive. ``texts`` are the columns of texts; the others have numbers.
    ``has_header`` is False if the file has no line with the names of the columns. ``values`` are all different values of a column.
    """

    name: str
    columns: tuple[str, ...]
    texts: tuple[str, ...] = ()
    has_header: bool = True
    values: Mapping[str, tuple[Any, ...]] = {}


_TITANIC = (
    *("survived", "sex", "age", "n_siblings_spouses", "parch", "fare", "class", "deck", "embark_town", "alone"),
)
_TITANIC_TEXTS = ("sex", "class", "deck", "embark_town", "alone")
_JENA = (
    *("Date Time", "p (mbar)", "T (degC)", "Tpot (K)", "Tdew (degC)", "rh (%)", "VPmax (mbar)", "VPact (mbar)"),
    *("VPdef (mbar)", "sh (g/kg)", "H2OC (mmol/mol)", "rho (g/m**3)", "wv (m/s)", "max. wv (m/s)", "wd (deg)"),
)
_HEART = (
    *("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal"),
    "target",
)
_CREDIT = ("Time", *(f"V{number}" for number in range(1, 29)), "Amount", "Class")
_POWER = (
    *("datetime", "Global_active_power", "Global_reactive_power", "Voltage", "Global_intensity", "Sub_metering_1"),
    *("Sub_metering_2", "Sub_metering_3"),
)
_MPG = PublicTable(
    "auto-mpg.data",
    ("mpg", "cylinders", "displacement", "horsepower", "weight", "acceleration", "model year", "origin", "car name"),
    ("car name",),
    has_header=False,
    values={"origin": (1, 2, 3)},
)
_TABLES = {
    "archive.ics.uci.edu/ml/machine-learning-databases/auto-mpg/auto-mpg.data": _MPG,
    "storage.googleapis.com/tf-datasets/titanic/train.csv": PublicTable("train.csv", _TITANIC, _TITANIC_TEXTS),
    "storage.googleapis.com/tf-datasets/titanic/eval.csv": PublicTable("eval.csv", _TITANIC, _TITANIC_TEXTS),
    f"{_KERAS}jena_climate_2009_2016.csv.zip": PublicTable("jena_climate_2009_2016.csv", _JENA, ("Date Time",)),
    f"{_TENSORFLOW}data/heart.csv": PublicTable("heart.csv", _HEART, ("thal",)),
    f"{_TENSORFLOW}data/creditcard.csv": PublicTable("creditcard.csv", _CREDIT),
    f"{_TENSORFLOW}data/creditcard.zip": PublicTable("creditcard.csv", _CREDIT),
    f"{_TENSORFLOW}data/certificate/household_power.zip": PublicTable(
        "household_power_consumption.csv", _POWER, ("datetime",)
    ),
    f"{_TENSORFLOW}data/ecg.csv": PublicTable("ecg.csv", tuple(map(str, range(141))), has_header=False),
}
# The folders with one folder for each class.
_FOLDERS = {
    f"{_TENSORFLOW}example_images/flower_photos.tgz": (
        "flower_photos", ("daisy", "dandelion", "roses", "sunflowers", "tulips"),
    ),
    f"{_TENSORFLOW}data/mini_speech_commands.zip": (
        "mini_speech_commands", ("down", "go", "left", "no", "right", "stop", "up", "yes"),
    ),
}  # fmt: skip
_ARCHIVE = re.compile(r"(?:\.zip|\.tgz|\.tar(?:\.\w+)?|_extracted)$")


def text_of_path(path: Any) -> str:
    """Returns a path or an address as a text; "" if it is unknown."""
    path = getattr(path, "path", path)  # a path of pathlib
    return str(path) if isinstance(path, (str, PurePath)) else ""


def table_of(run: Any, path: Any) -> PublicTable | None:
    """Returns the columns of the file at a path or an address; None if they are unknown."""
    text = text_of_path(path)
    if "://" in text:
        return _TABLES.get(_address(text))
    name = posixpath.basename(text)
    for address, copy in run.downloads.items():
        table = _TABLES.get(address)
        if table is not None and (text == copy or name in (table.name, posixpath.basename(copy))):
            return table
    return None


def classes_of(run: Any, path: Any) -> list[str] | None:
    """Returns the names of the folders in the folder at a path; None if they are unknown."""
    text = text_of_path(path)
    name = _ARCHIVE.sub("", posixpath.basename(text))
    for address, copy in run.downloads.items():
        folder, classes = _FOLDERS.get(address, ("", ()))
        if folder and (name == folder or text == copy):
            return list(classes)
    return None


def _address(url: str) -> str:
    return url.partition("://")[2]


@function("keras.utils.get_file")
def _get_file(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("fname", "origin"), args)), **kwargs}
    name, origin = text_of_path(given.get("fname")), given.get("origin")
    folder, part = given.get("cache_dir"), given.get("cache_subdir", "datasets")
    parts = ["~/.keras" if folder is None else text_of_path(folder), text_of_path(part)]
    if not isinstance(origin, str) or not all(parts) or (not name and given.get("fname") is not None):
        return Unknown("`keras.utils.get_file()` reads data, which is not part of the code", spot)
    path = posixpath.join(*parts, name or posixpath.basename(origin))
    run.downloads[_address(origin)] = path
    return path


@function("urllib.request.urlretrieve", "wget.download")
def _retrieve(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("url", "filename"), args)), **kwargs}
    url, name = given.get("url"), text_of_path(given.get("filename", given.get("out")))
    unknown = Unknown("this function downloads a file, which is not part of the code", spot)
    if not isinstance(url, str):
        return unknown
    run.downloads[_address(url)] = name or posixpath.basename(url)
    return name or unknown
