"""Tests functional models of operations on arrays, lists and tensors. Keras writes the model to a file; convcalc reads
the file, and writes the model again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read import read
from convcalc.write.spec import spec_yaml
from tests.live.session import fresh
from tests.live.written import executed, loaded

pytestmark = pytest.mark.keras


def _ones(*shape: int, dtype: str = "float32") -> Any:
    import numpy

    return numpy.ones(shape, dtype)


# Each function builds a model. The arguments of the function are keras.ops, an image, two vectors and integers. The
# batch size of all tensors is unknown.
GRAPHS: dict[str, Callable[[Any, Any, Any, Any, Any], Any]] = {
    "add an array": lambda o, x, v, w, i: o.add(o.cast(v, "float16"), _ones(5, dtype="float64")),
    "add an array of whole numbers": lambda o, x, v, w, i: o.add(o.cast(v, "float16"), _ones(5, dtype="int32")),
    "matmul": lambda o, x, v, w, i: o.matmul(v, _ones(5, 4)),
    "einsum": lambda o, x, v, w, i: o.einsum("ab,bc->ac", v, _ones(5, 4)),
    "conv": lambda o, x, v, w, i: o.conv(x, _ones(3, 3, 3, 2), strides=2, padding="same"),
    "separable_conv": lambda o, x, v, w, i: o.separable_conv(x, _ones(3, 3, 3, 2), _ones(1, 1, 6, 4)),
    "take": lambda o, x, v, w, i: o.take(v, _ones(2, dtype="int64"), axis=1),
    "quantile of one": lambda o, x, v, w, i: o.quantile(v, _ones(1), axis=1),
    "select": lambda o, x, v, w, i: o.select([v > 0, w > 0], [v, _ones(1, 5)], default=w),
    "linspace": lambda o, x, v, w, i: o.linspace(v, w, num=7, axis=-1),
    "geomspace": lambda o, x, v, w, i: o.geomspace(1.0, v, num=3),
    "full": lambda o, x, v, w, i: o.full((2, 3), o.sum(v)),
    "nonzero": lambda o, x, v, w, i: o.nonzero(v),
    "unravel_index": lambda o, x, v, w, i: o.unravel_index(i, (2, 3)),
    "histogram": lambda o, x, v, w, i: o.histogram(v, 5),
    "kron": lambda o, x, v, w, i: o.kron(v, w),
    "cross": lambda o, x, v, w, i: o.cross(x, _ones(3)),
    "view": lambda o, x, v, w, i: o.view(v, "int16"),
    "isin": lambda o, x, v, w, i: o.isin(i, [1, 2]),
    "searchsorted": lambda o, x, v, w, i: o.searchsorted(_ones(4), v),
    "batch_normalization": lambda o, x, v, w, i: o.batch_normalization(x, _ones(3), _ones(3), -1),
    "binary_crossentropy": lambda o, x, v, w, i: o.binary_crossentropy(v, w),
    "pad_images": lambda o, x, v, w, i: o.image.pad_images(x, 1, 1, target_height=12, target_width=13),
    "crop_images": lambda o, x, v, w, i: o.image.crop_images(x, 1, 1, 2, 2),
    "affine_transform": lambda o, x, v, w, i: o.image.affine_transform(x, _ones(8)),
    "perspective_transform": lambda o, x, v, w, i: o.image.perspective_transform(x, _ones(4, 2), _ones(4, 2)),
    "map_coordinates": lambda o, x, v, w, i: o.image.map_coordinates(v, _ones(2, 4, 4), 1),
    "ctc_decode": lambda o, x, v, w, i: o.ctc_decode(o.reshape(x, (-1, 8, 24)), o.sum(i, axis=1)),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph(name: str) -> None:
    import keras

    fresh()
    sizes = ((8, 8, 3), "float32"), ((5,), "float32"), ((5,), "float32"), ((4,), "int32")
    inputs = [keras.Input(shape, dtype=dtype) for shape, dtype in sizes]
    model = keras.Model(inputs, GRAPHS[name](keras.ops, *inputs))
    report = infer(read(model.to_json().encode(), "model.json"))
    assert not report.problems
    calls = report.layers[-1].calls[-1]
    shapes = [tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in calls.output_shapes]
    ours = list(zip(shapes, calls.output_dtypes))
    assert ours == [(tensor.shape, tensor.dtype) for tensor in model.outputs]
    # spec_yaml reads the text that it has written, and raises an error if the text describes another model.
    assert spec_yaml(report).startswith("name: ")
    for make in (loaded, executed):
        assert [(tensor.shape, tensor.dtype) for tensor in make(report).outputs] == ours
