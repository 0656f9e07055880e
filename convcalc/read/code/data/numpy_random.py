"""The random numbers of NumPy. Their arrays have known shapes and unknown elements."""

from __future__ import annotations

from typing import Any

from convcalc.read.code import libraries
from convcalc.read.code.data.array_shapes import ShapeError, axis_of, broadcast
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.data.numpy_arguments import Given, array_of, numpy_function, shape_of
from convcalc.read.code.language.values import MISSING, Native, Special, Spot, UnknownNumber
from convcalc.read.code.libraries import function


class RandomSource(Special):
    """A generator of random numbers, such as ``np.random.default_rng(0)``."""

    __slots__ = ()

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the method with this name, which is a function of ``numpy.random``."""
        path = f"numpy.random.{name}"
        if libraries.find(path) is None:
            return MISSING
        return Native(name, lambda run, args, kwargs, at: run.call_library(path, args, kwargs, at))

    def truth(self) -> Any:
        """Returns True: a random generator is true in a test."""
        return True


@function("numpy.random.RandomState", "numpy.random.default_rng", "numpy.random.Generator", "numpy.random.PCG64")
def _source(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return RandomSource()


@function("numpy.random.seed", "numpy.random.shuffle", "numpy.random.set_state", "numpy.random.get_state")
def _nothing(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if args and isinstance(args[0], Array):
        args[0].flat = None
    return None


def _array(given: Given, shape: Any, dtype: str) -> Any:
    if shape is None:
        return UnknownNumber("a random number is unknown", given.spot)
    return Array(shape_of(shape), dtype).scalar(given.spot)


def _by_axes(dtype: str) -> Any:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        given = Given(run, args, kwargs, (), spot)
        return _array(given, tuple(args) or None, dtype)

    return run_it


function("numpy.random.rand", "numpy.random.randn")(_by_axes("float64"))


def _with_size(dtype: str, *parameters: str) -> Any:
    """Returns the implementation of a random function. Its shape is ``size``, or the broadcast shape of ``parameters``."""

    def implementation(given: Given) -> Any:
        if given["size"] is not None:
            return _array(given, given["size"], given.dtype(dtype))
        arrays = [given.array(name) for name in parameters if name in given.values and name != "size"]
        shape = broadcast(*(array.shape for array in arrays))
        return _array(given, shape or None, dtype)

    return implementation


def _declare(names: str, dtype: str, *parameters: str) -> None:
    paths = " ".join(f"numpy.random.{name}" for name in names.split())
    numpy_function(paths, *parameters)(_with_size(dtype, *parameters))


_declare("random random_sample sample ranf standard_normal standard_cauchy standard_exponential", "float64", "size")
_declare("uniform normal laplace logistic lognormal gumbel beta vonmises", "float64", "low", "high", "size")
_declare("gamma", "float64", "shape", "scale", "size")
_declare("exponential rayleigh power pareto weibull chisquare standard_t standard_gamma", "float64", "scale", "size")
_declare("triangular", "float64", "left", "mode", "right", "size")
_declare("poisson geometric", "int64", "lam", "size")
_declare("binomial negative_binomial", "int64", "n", "p", "size")


@numpy_function(
    "numpy.random.randint numpy.random.integers numpy.random.random_integers", "low", "high", "size", "dtype"
)
def _integers(given: Given) -> Any:
    return _array(given, given["size"], given.dtype("int64"))


@numpy_function("numpy.random.choice", "a", "size", "replace", "p")
def _choice(given: Given) -> Any:
    dtype = "int64" if isinstance(given["a"], int) else given.array("a").dtype
    if given["size"] is None and dtype in ("str", "object"):
        raise ShapeError("a random choice is unknown")
    return _array(given, given["size"], dtype)


@numpy_function("numpy.random.permutation numpy.random.permuted", "x", "axis")
def _permutation(given: Given) -> Any:
    value = given["x"]
    if isinstance(value, (int, UnknownNumber)):
        return Array((value,), "int64")
    array = given.array("x")
    return Array(array.shape, array.dtype, classes=array.classes)


@numpy_function("numpy.random.multivariate_normal", "mean", "cov", "size")
def _multivariate(given: Given) -> Any:
    mean = given.array("mean")
    sizes = () if given["size"] is None else shape_of(given["size"])
    return Array((*sizes, mean.shape[axis_of(-1, len(mean.shape))]), "float64")


@numpy_function("numpy.random.dirichlet", "alpha", "size")
def _dirichlet(given: Given) -> Any:
    alpha = array_of(given["alpha"], given.run, given.spot)
    sizes = () if given["size"] is None else shape_of(given["size"])
    return Array((*sizes, *alpha.shape), "float64")
