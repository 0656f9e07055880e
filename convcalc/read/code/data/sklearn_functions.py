"""Functions of scikit-learn that create, split and scale data."""

from __future__ import annotations

import math
from typing import Any

from convcalc.read.code.data.array_shapes import unknown_size
from convcalc.read.code.data.arrays import LABELS_PER_CLASS, Array, as_array
from convcalc.read.code.data.numpy_arguments import Given, numpy_function
from convcalc.read.code.data.tables import Table
from convcalc.read.code.language.values import Native, SizeValue, Special, Spot, Unknown, UnknownNumber
from convcalc.read.code.libraries import function
from convcalc.read.code.standard.standard_library import namespace

MAX_BALANCED = 20  # in a data set with at most this many classes, the classes count as equally frequent

# Data sets ------------------------------------------------------------------------------------------------------------

# The rows, features and classes of data sets. None: the targets are not class numbers.
_KNOWN: dict[str, tuple[int, int, int | None]] = {
    "load_iris": (150, 4, 3),
    "load_digits": (1797, 64, 10),
    "load_wine": (178, 13, 3),
    "load_breast_cancer": (569, 30, 2),
    "load_diabetes": (442, 10, None),
    "load_boston": (506, 13, None),
    "fetch_california_housing": (20640, 8, None),
    "fetch_olivetti_faces": (400, 4096, 40),
    "fetch_covtype": (581012, 54, None),
}
_PICTURES = {"load_digits": (8, 8), "fetch_olivetti_faces": (64, 64)}


def _known(name: str) -> Any:
    rows, features, classes = _KNOWN[name]

    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        if kwargs.get("n_class") is not None or args:
            return run.unknown("the arguments of this data set are not supported", spot)
        data = Array((rows, features), "float32" if name == "fetch_olivetti_faces" else "float64")
        target = Array((rows,), "float64" if classes is None else "int64", classes=classes)
        values: dict[str, Any] = {"data": data, "target": target}
        if kwargs.get("as_frame") is True:
            values["data"] = Table(rows, features)
        if kwargs.get("return_X_y") is True:
            return (values["data"], target)
        if name in _PICTURES:
            values["images"] = Array((rows, *_PICTURES[name]), data.dtype)
        if classes is not None:
            values["target_names"] = Array((classes,), "str" if name not in _PICTURES else "int64")
        values["feature_names"] = Array((features,), "str")
        made = namespace("Bunch", values)
        made.items = made.attributes
        return made

    return run_it


for _name in _KNOWN:
    function(f"sklearn.datasets.{_name}")(_known(_name))


def _generated(rows: int, features: int, fixed: bool = False) -> Any:
    """Returns the implementation of a function such as ``make_blobs``. ``fixed``: the function has no ``n_features``."""

    def implementation(given: Given) -> Any:
        count = given.get("n_samples", rows)
        width = features if fixed else given.get("n_features", features)
        if not isinstance(count, int):
            count = unknown_size("the number of samples is unknown", given.spot)
        if not isinstance(width, int):
            width = unknown_size("the number of features is unknown", given.spot)
        return Array((count, width), "float64"), Array(
            (count,), "float64" if features == 100 or features == 3 else "int64"
        )

    return implementation


numpy_function("sklearn.datasets.make_classification", "n_samples", "n_features")(_generated(100, 20))
numpy_function("sklearn.datasets.make_blobs", "n_samples", "n_features")(_generated(100, 2))
numpy_function("sklearn.datasets.make_moons sklearn.datasets.make_circles", "n_samples")(_generated(100, 2, True))
numpy_function("sklearn.datasets.make_regression", "n_samples", "n_features")(_generated(100, 100))
numpy_function("sklearn.datasets.make_swiss_roll sklearn.datasets.make_s_curve", "n_samples")(_generated(100, 3, True))


# Splits ---------------------------------------------------------------------------------------------------------------


@function("sklearn.model_selection.train_test_split", "sklearn.cross_validation.train_test_split")
def _train_test_split(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    results: list[Any] = []
    for value in args:
        size = run.length(value, spot)
        train, test = split_sizes(size, kwargs.get("test_size"), kwargs.get("train_size"), spot)
        shuffled = kwargs.get("shuffle", True) is True
        results += [_rows(run, value, part, spot, shuffled) for part in (train, test)]
    return results


def split_sizes(size: Any, test: Any, train: Any, spot: Spot) -> tuple[SizeValue, SizeValue]:
    """Returns the numbers of training rows and test rows."""
    if test is None and train is None:
        test = 0.25
    if not isinstance(size, int) or any(not isinstance(part, (int, float, type(None))) for part in (test, train)):
        first = unknown_size("the number of rows for training is unknown", spot)
        return first, unknown_size("the number of rows for the test is unknown", spot)
    tests = None if test is None else math.ceil(test * size) if isinstance(test, float) else test
    trains = None if train is None else math.floor(train * size) if isinstance(train, float) else train
    return (size - tests if trains is None else trains), (size - trains if tests is None else tests)  # type: ignore[operator]


def _rows(run: Any, value: Any, size: SizeValue, spot: Spot, shuffled: bool = False) -> Any:
    """Returns ``size`` rows of the data. A part with enough rows contains all classes of the labels."""
    if isinstance(value, Table):
        return Table(size, value.width, value.names)
    array = as_array(value)
    if array is None or not array.shape:
        return Unknown(value.reason if isinstance(value, Unknown) else "the shape of the data is unknown", spot)
    classes = array.classes
    if classes is not None and size != array.shape[0]:
        needed = 10 * classes if shuffled and classes <= MAX_BALANCED else LABELS_PER_CLASS * classes
        classes = classes if isinstance(size, int) and size >= needed else None
    return Array((size, *array.shape[1:]), array.dtype, classes=classes)


# Transformers ---------------------------------------------------------------------------------------------------------


class Transformer(Special):
    """An object with ``fit`` and ``transform``. ``kind`` says how ``transform`` changes the number of columns."""

    __slots__ = ("count", "kind", "width")

    def __init__(self, kind: str, count: Any) -> None:
        self.kind = kind
        self.count = count  # the argument for the number of columns, such as ``n_components``
        self.width: SizeValue = None

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns a method, or an attribute that ``fit`` sets, such as ``classes_``."""
        if name in ("fit_transform", "transform", "inverse_transform", "fit", "partial_fit"):
            return Native(name, lambda run, args, kwargs, at: self._use(run, name, args, at))
        if name in ("classes_", "categories_", "vocabulary_"):
            size = self.width if self.kind in ("labels", "binary") and isinstance(self.width, int) else None
            missing = unknown_size("the number of different values is unknown", spot)
            return Array((missing if size is None else size,), "object")
        return run.unknown(f"`.{name}` of this object is not supported", spot)

    def truth(self) -> Any:
        """Returns True: a transformer is true in a test."""
        return True

    def _use(self, run: Any, name: str, args: list[Any], spot: Spot) -> Any:
        if not args:
            return run.unknown("the data is unknown", spot)
        array = as_array(args[0])
        if array is None or not array.shape:
            if name in ("fit", "partial_fit"):
                return self
            rows = run.length(args[0], spot)
            if self.kind in ("words", "columns") and isinstance(rows, (int, UnknownNumber)):
                return Array((rows, self._columns(None, spot)), "float64")
            return Unknown(args[0].reason if isinstance(args[0], Unknown) else "the shape of the data is unknown", spot)
        if name != "transform":
            self.width = self._columns(array, spot)
        if name in ("fit", "partial_fit"):
            return self
        if name == "inverse_transform":
            return (
                Array(array.shape, array.dtype)
                if self.kind == "same"
                else run.unknown("`inverse_transform` is not supported", spot)
            )
        if self.kind == "labels":
            return Array(array.shape[:1], "int64", classes=self.width if isinstance(self.width, int) else None)
        width = self._columns(array, spot) if self.width is None else self.width
        if self.kind == "same":
            return Array(array.shape, "float64")
        if self.kind == "binary" and width == 2:
            width = 1
        return Array((array.shape[0], width), "int64" if self.kind == "binary" else "float64")

    def _columns(self, array: Array | None, spot: Spot) -> SizeValue:
        """Returns the number of columns after ``transform``. For labels, this is the number of classes."""
        if self.kind == "same" and array is not None:
            return array.shape[-1]
        if self.kind in ("labels", "binary", "one hot") and array is not None:
            if array.shape[1:] in ((), (1,)):
                if array.classes is not None:
                    return array.classes
                if array.flat is not None:
                    return len(set(array.flat))
            return unknown_size("the number of different values is unknown", spot)
        if self.kind == "columns" and isinstance(self.count, int) and not isinstance(self.count, bool):
            return self.count
        return unknown_size("the number of columns is unknown", spot)


_SAME = "StandardScaler MinMaxScaler RobustScaler MaxAbsScaler Normalizer QuantileTransformer PowerTransformer Binarizer OrdinalEncoder"
_KINDS: dict[str, tuple[str, str]] = {
    **{f"preprocessing.{name}": ("same", "") for name in _SAME.split()},
    "impute.SimpleImputer": ("same", ""),
    "preprocessing.LabelEncoder": ("labels", ""),
    "preprocessing.LabelBinarizer": ("binary", ""),
    "preprocessing.OneHotEncoder": ("one hot", ""),
    "preprocessing.MultiLabelBinarizer": ("words", ""),
    "preprocessing.PolynomialFeatures": ("words", ""),
    "feature_extraction.text.CountVectorizer": ("words", ""),
    "feature_extraction.text.TfidfVectorizer": ("words", ""),
    "decomposition.PCA": ("columns", "n_components"),
    "decomposition.TruncatedSVD": ("columns", "n_components"),
    "manifold.TSNE": ("columns", "n_components"),
    "compose.ColumnTransformer": ("words", ""),
    "pipeline.Pipeline": ("words", ""),
}


def _transformer(kind: str, argument: str) -> Any:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        if kind == "one hot" and (
            kwargs.get("drop") is not None or "categories" in kwargs or "categorical_features" in kwargs
        ):
            return Transformer("words", None)
        count = kwargs.get(argument, args[0] if args else None) if argument else None
        return Transformer(kind, count)

    return run_it


for _path, (_kind, _argument) in _KINDS.items():
    function(f"sklearn.{_path}")(_transformer(_kind, _argument))


@numpy_function("sklearn.preprocessing.scale sklearn.preprocessing.normalize sklearn.preprocessing.minmax_scale", "X")
def _scaled(given: Given) -> Any:
    return Array(given.array("X").shape, "float64")


@function("sklearn.utils.shuffle")
def _shuffle(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    results = [_rows(run, value, run.length(value, spot), spot) for value in args]
    return results if len(results) > 1 else results[0]


@numpy_function(".toarray .todense", "self")
def _dense(given: Given) -> Any:
    return given.array("self")
