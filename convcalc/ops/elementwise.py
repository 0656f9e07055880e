"""Elementwise operations. Sources: ``keras/src/ops/numpy.py``, ``nn.py``, ``math.py`` and ``core.py``."""

from collections.abc import Callable
from functools import reduce
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import snake_case
from convcalc.base.numbers import UNKNOWN, Number, Shape, merged_names, plain
from convcalc.base.problems import Refusal
from convcalc.layers import views
from convcalc.layers.costs import tf_per_output
from convcalc.layers.registry import IN_PLACE, VIEW, Cost
from convcalc.ops import costs
from convcalc.ops.arguments import Choices, Dtype, Flag, Ignored, Operand, RequiredDtype
from convcalc.ops.promotion import common_dtype, dtype_of, float_dtype, float_if_integer, result_type, tensor_dtype
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor, shape_of


def broadcast(long: Shape, short: Shape) -> Shape:
    """Returns the broadcast shape of two shapes. An unknown size becomes the other size, unless the other size is 1."""
    if len(long) < len(short):
        long, short = short, long
    head = len(long) - len(short)
    return (*long[:head], *map(_broadcast_size, long[head:], short))


def _broadcast_size(size1: Number, size2: Number) -> Number:
    if size1 is UNKNOWN or size2 is UNKNOWN:
        known = size2 if size1 is UNKNOWN else size1
        return UNKNOWN if known is UNKNOWN or known == 1 else known
    if size1 == 1 or size2 == 1:
        return size2 if size1 == 1 else size1
    if plain(size1) is UNKNOWN or plain(size2) is UNKNOWN:
        return merged_names(size1, size2)
    if size1 != size2:
        raise Refusal("needs inputs whose sizes are equal or 1 on every axis", codes.SHAPES_DIFFER)
    return size1


_DOCS = {
    "Absolute": "Computes the absolute value of each element.",
    "Abs": "Computes the absolute value of each element.",
    "Conjugate": "Computes the complex conjugate of each element.",
    "Conj": "Computes the complex conjugate of each element.",
    "NanToNum": "Replaces NaN by 0 and infinities by large finite numbers.",
    "Negative": "Negates each element.",
    "Sign": "Computes the sign of each element: -1, 0 or 1.",
    "Trunc": "Rounds each element toward 0.",
    "BitwiseInvert": "Inverts the bits of each element.",
    "BitwiseNot": "Inverts the bits of each element.",
    "Copy": "Copies a tensor.",
    "Imag": "Returns the imaginary part of each element.",
    "Real": "Returns the real part of each element.",
    "Angle": "Computes the angle of each complex number.",
    "Arccos": "Computes the inverse cosine of each element.",
    "Arccosh": "Computes the inverse hyperbolic cosine of each element.",
    "Arcsin": "Computes the inverse sine of each element.",
    "Arcsinh": "Computes the inverse hyperbolic sine of each element.",
    "Arctan": "Computes the inverse tangent of each element.",
    "Arctanh": "Computes the inverse hyperbolic tangent of each element.",
    "Ceil": "Rounds each element up.",
    "Cos": "Computes the cosine of each element.",
    "Cosh": "Computes the hyperbolic cosine of each element.",
    "Floor": "Rounds each element down.",
    "Log": "Computes the natural logarithm of each element.",
    "Log10": "Computes the base-10 logarithm of each element.",
    "Log1p": "Computes log(1 + x) of each element x.",
    "Log2": "Computes the base-2 logarithm of each element.",
    "Sin": "Computes the sine of each element.",
    "Sinh": "Computes the hyperbolic sine of each element.",
    "Sqrt": "Computes the square root of each element.",
    "Tan": "Computes the tangent of each element.",
    "Tanh": "Computes the hyperbolic tangent of each element.",
    "Sinc": "Computes the normalized sinc function, sin(πx)/(πx), of each element x.",
    "Exp": "Computes the exponential of each element.",
    "Exp2": "Computes 2 to the power of each element.",
    "Expm1": "Computes exp(x) - 1 of each element x.",
    "Fabs": "Computes the absolute value of each element as a float.",
    "Cbrt": "Computes the cube root of each element.",
    "Deg2rad": "Converts degrees to radians.",
    "I0": "Computes the modified Bessel function of order 0 of each element.",
    "Rad2deg": "Converts radians to degrees.",
    "Square": "Computes the square of each element.",
    "Reciprocal": "Computes 1/x of each element x.",
    "Isfinite": "Tests for each element whether it is finite.",
    "Isinf": "Tests for each element whether it is infinite.",
    "Isnan": "Tests for each element whether it is NaN.",
    "Isneginf": "Tests for each element whether it is negative infinity.",
    "Isposinf": "Tests for each element whether it is positive infinity.",
    "Isreal": "Tests for each element whether it is a real number.",
    "Signbit": "Tests for each element whether its sign bit is set.",
    "LogicalNot": "Computes the logical NOT of each element.",
    "Equal": "Compares two tensors elementwise: x1 == x2.",
    "Greater": "Compares two tensors elementwise: x1 > x2.",
    "GreaterEqual": "Compares two tensors elementwise: x1 >= x2.",
    "Less": "Compares two tensors elementwise: x1 < x2.",
    "LessEqual": "Compares two tensors elementwise: x1 <= x2.",
    "NotEqual": "Compares two tensors elementwise: x1 != x2.",
    "LogicalAnd": "Computes the elementwise logical AND of two tensors.",
    "LogicalOr": "Computes the elementwise logical OR of two tensors.",
    "LogicalXor": "Computes the elementwise logical XOR of two tensors.",
    "Add": "Adds two tensors elementwise.",
    "Maximum": "Computes the elementwise maximum of two tensors.",
    "Minimum": "Computes the elementwise minimum of two tensors.",
    "Multiply": "Multiplies two tensors elementwise.",
    "Subtract": "Subtracts the second tensor from the first elementwise.",
    "FloorDivide": "Divides two tensors elementwise and rounds down.",
    "Fmax": "Computes the elementwise maximum of two tensors, ignoring NaN.",
    "Fmin": "Computes the elementwise minimum of two tensors, ignoring NaN.",
    "Power": "Raises the first tensor to the power of the second elementwise.",
    "Divide": "Divides two tensors elementwise.",
    "TrueDivide": "Divides two tensors elementwise.",
    "DivideNoNan": "Divides two tensors elementwise; the result is 0 where the divisor is 0.",
    "Logaddexp": "Computes log(exp(x1) + exp(x2)) elementwise.",
    "Logaddexp2": "Computes log2(2^x1 + 2^x2) elementwise.",
    "Heaviside": "Computes the Heaviside step function elementwise.",
    "Hypot": "Computes the elementwise hypotenuse: sqrt(x1^2 + x2^2).",
    "Fmod": "Computes the elementwise remainder, with the sign of the dividend.",
    "Mod": "Computes the elementwise remainder, with the sign of the divisor.",
    "Gcd": "Computes the elementwise greatest common divisor.",
    "Lcm": "Computes the elementwise least common multiple.",
    "Ldexp": "Computes x1·2^x2 elementwise.",
    "Nextafter": "Computes the next floating-point number after x1 in the direction of x2.",
    "Arctan2": "Computes the elementwise inverse tangent of x1/x2, in the right quadrant.",
    "BitwiseAnd": "Computes the elementwise bitwise AND of two tensors.",
    "BitwiseOr": "Computes the elementwise bitwise OR of two tensors.",
    "BitwiseXor": "Computes the elementwise bitwise XOR of two tensors.",
    "BitwiseLeftShift": "Shifts the bits of each element to the left.",
    "LeftShift": "Shifts the bits of each element to the left.",
    "BitwiseRightShift": "Shifts the bits of each element to the right.",
    "RightShift": "Shifts the bits of each element to the right.",
    "HardSigmoid": "Applies the hard sigmoid activation.",
    "HardSilu": "Applies the hard SiLU (hard swish) activation.",
    "HardTanh": "Applies the hard tanh activation.",
    "LogSigmoid": "Applies the log-sigmoid activation.",
    "Relu": "Applies the ReLU activation: max(x, 0).",
    "Relu6": "Applies the ReLU6 activation: min(max(x, 0), 6).",
    "Selu": "Applies the SELU activation.",
    "Sigmoid": "Applies the sigmoid activation: 1/(1 + exp(-x)).",
    "Silu": "Applies the SiLU (swish) activation: x·sigmoid(x).",
    "Softplus": "Applies the softplus activation: log(1 + exp(x)).",
    "Softsign": "Applies the softsign activation: x/(1 + abs(x)).",
    "SparsePlus": "Applies the sparse plus activation.",
    "SparseSigmoid": "Applies the sparse sigmoid activation.",
    "TanhShrink": "Applies the tanh shrink activation: x - tanh(x).",
    "Erf": "Computes the error function of each element.",
    "Erfinv": "Computes the inverse error function of each element.",
    "Rsqrt": "Computes the reciprocal of the square root of each element.",
    "Erfc": "Computes the complementary error function of each element.",
    "Elu": "Applies the ELU activation.",
    "Celu": "Applies the CELU activation.",
    "HardShrink": "Applies the hard shrink activation.",
    "SoftShrink": "Applies the soft shrink activation.",
}


def _declare(names: str, module: str, rule: Callable[[str], Rule], flops: Cost, tf_flops: "Cost | None" = None) -> None:
    """Declares several operations that share a rule. Each operation gets its own function and documentation."""
    for name in names.split():
        own_rule = rule(name)
        own_rule.__doc__ = _DOCS[name]
        operation(name, module, views.positions, IN_PLACE, flops, tf_flops)(own_rule)


def _declare_activations(names: str, rule: Callable[[str], Rule]) -> None:
    for name in names.split():
        _declare(name, "nn", rule, costs.activation(snake_case(name)))


def _unary_rule(dtype: Callable[[str], str]) -> Callable[[str], Rule]:
    def make(name: str) -> Rule:
        def rule(x: Tensor) -> Tensor:
            return Tensor(x.shape, dtype(x.dtype))

        return rule

    return make


def _binary_rule(dtype: Callable[[Any, Any], str]) -> Callable[[str], Rule]:
    def make(name: str) -> Rule:
        def rule(x1: Operand, x2: Operand) -> Tensor:
            return Tensor(broadcast(shape_of(x1), shape_of(x2)), dtype(x1, x2))

        return rule

    return make


def _bit_operation(dtype: Callable[[Any, Any], str]) -> Callable[[str], Rule]:
    """Returns a function that makes the rule of a bitwise operation. Its output has the shape of the first operand, as
    in Keras.
    """

    def make(name: str) -> Rule:
        def rule(x: Tensor, y: Ignored) -> Tensor:
            return Tensor(x.shape, dtype(x, y))

        return rule

    return make


def _unchanged(dtype: str) -> str:
    return dtype


def _float_for_number(value: Any) -> str:
    """Returns the dtype of a tensor; float32 for a number."""
    return value.dtype if isinstance(value, Tensor) else "float32"


def _quotient(x1: Any, x2: Any) -> str:
    return result_type(dtype_of(x1), dtype_of(x2), "float")


def _shifted(x: Tensor, y: Any) -> str:
    return x.dtype if isinstance(y, int) else common_dtype(x, y)


def _wide_float(dtype: str) -> str:
    """Returns float64 for int64, float32 for other integers; otherwise ``dtype``."""
    return "float64" if dtype == "int64" else float_if_integer(dtype)


def _step_dtype(x1: Operand, x2: Operand) -> str:
    """Returns the dtype of Heaviside and Hypot: bool for two bool tensors, otherwise a float dtype."""
    dtype = common_dtype(x1, x2)
    return dtype if dtype == "bool" else _wide_float(dtype)


def _real_float(dtype: str) -> str:
    """Returns float32 for integers, otherwise ``dtype``. Raises :class:`Refusal` for complex numbers."""
    if "complex" in dtype:
        raise Refusal("does not accept complex numbers", codes.WRONG_DTYPE)
    return float_if_integer(dtype)


_declare(
    "Absolute Abs Conjugate Conj NanToNum Negative Sign Trunc", "numpy", _unary_rule(_unchanged), costs.per_output(1)
)
_declare("BitwiseInvert BitwiseNot Copy Imag Real", "numpy", _unary_rule(_unchanged), costs.free)
_declare(
    "Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Ceil Cos Cosh Floor "
    "Log Log10 Log1p Log2 Sin Sinh Sqrt Tan Tanh",
    "numpy",
    _unary_rule(float_dtype),
    costs.per_output(1),
)
_declare("Sinc", "numpy", _unary_rule(float_dtype), costs.per_output(3))
_declare("Exp Exp2 Expm1", "numpy", _unary_rule(float_if_integer), costs.per_output(1))
_declare("Fabs", "numpy", _unary_rule(_real_float), costs.per_output(1))
_declare(
    "Cbrt", "numpy", _unary_rule(lambda dtype: dtype if dtype == "uint64" else _wide_float(dtype)), costs.per_output(1)
)
_declare(
    "Deg2rad I0 Rad2deg",
    "numpy",
    _unary_rule(lambda dtype: "float32" if "complex" in dtype else _wide_float(dtype)),
    costs.per_output(1),
)
_declare("Square", "numpy", _unary_rule(lambda dtype: "int32" if dtype == "bool" else dtype), costs.per_output(1))
_declare("Reciprocal", "numpy", _unary_rule(lambda dtype: "float32"), costs.per_output(1))
_declare(
    "Isfinite Isinf Isnan Isneginf Isposinf Isreal Signbit",
    "numpy",
    _unary_rule(lambda dtype: "bool"),
    costs.per_output(1),
)
_declare("LogicalNot", "numpy", _unary_rule(lambda dtype: "bool"), costs.free)
_declare(
    "Equal Greater GreaterEqual Less LessEqual NotEqual",
    "numpy",
    _binary_rule(lambda x1, x2: "bool"),
    costs.per_output(1),
)
_declare("LogicalAnd LogicalOr LogicalXor", "numpy", _binary_rule(lambda x1, x2: "bool"), costs.free)
_declare(
    "Add Maximum Minimum Multiply Subtract", "numpy", _binary_rule(common_dtype), costs.per_output(1), tf_per_output(1)
)
_declare("FloorDivide Fmax Fmin Power", "numpy", _binary_rule(common_dtype), costs.per_output(1))
_declare("Divide TrueDivide", "numpy", _binary_rule(_quotient), costs.per_output(1), tf_per_output(1))
_declare("DivideNoNan", "numpy", _binary_rule(_quotient), costs.per_output(2))
_declare("Logaddexp Logaddexp2", "numpy", _binary_rule(_quotient), costs.per_output(6))
_declare("Heaviside Hypot", "numpy", _binary_rule(_step_dtype), costs.per_output(1))
_declare(
    "Fmod Mod",
    "numpy",
    _binary_rule(lambda x1, x2: "int32" if common_dtype(x1, x2) == "bool" else common_dtype(x1, x2)),
    costs.per_output(1),
)
_declare("Gcd Lcm", "numpy", _binary_rule(lambda x1, x2: result_type(tensor_dtype(x1), tensor_dtype(x2))), costs.free)
_declare(
    "Ldexp Nextafter",
    "numpy",
    _binary_rule(lambda x1, x2: result_type(tensor_dtype(x1), tensor_dtype(x2), "float")),
    costs.per_output(1),
)
_declare(
    "Arctan2",
    "numpy",
    _binary_rule(lambda x1, x2: result_type(*(_float_for_number(x) for x in (x1, x2)), "float")),
    costs.per_output(1),
)
_declare("BitwiseAnd BitwiseOr BitwiseXor", "numpy", _bit_operation(common_dtype), costs.free)
_declare(
    "BitwiseLeftShift LeftShift BitwiseRightShift RightShift",
    "numpy",
    _bit_operation(_shifted),
    costs.free,
)
_declare_activations(
    "HardSigmoid HardSilu HardTanh LogSigmoid Relu Relu6 Selu Sigmoid Silu "
    "Softplus Softsign SparsePlus SparseSigmoid TanhShrink",
    _unary_rule(_unchanged),
)
_declare("Erf Erfinv", "math", _unary_rule(_unchanged), costs.per_output(1))
_declare("Rsqrt", "math", _unary_rule(_unchanged), costs.per_output(2))
_declare("Erfc", "math", _unary_rule(float_dtype), costs.per_output(1))


@operation("Round", receptive_field_rule=views.positions, buffer_reuse=IN_PLACE, flops=costs.per_output(1))
def round_(x: Tensor, *, decimals: Ignored = 0) -> Tensor:
    """Rounds each element to a number of decimals."""
    return Tensor(x.shape, x.dtype)


@operation("Clip", receptive_field_rule=views.positions, buffer_reuse=IN_PLACE, flops=costs.per_output(2))
def clip(x: Tensor, *, x_min: Ignored, x_max: Ignored) -> Tensor:
    """Limits each element to a range."""
    return Tensor(x.shape, "int32" if x.dtype == "bool" else x.dtype)


@operation("Where", receptive_field_rule=views.positions, buffer_reuse=IN_PLACE, flops=costs.free)
def where(condition: Operand, x1: Operand = None, x2: Operand = None) -> Tensor:
    """Selects each element from one of two tensors, depending on a condition."""
    shapes = map(shape_of, (condition, x1, x2))
    if x1 is None and x2 is None:
        return Tensor(reduce(broadcast, shapes), "int64")
    return Tensor(reduce(broadcast, shapes), common_dtype(0 if x1 is None else x1, 0 if x2 is None else x2))


@operation("Select", receptive_field_rule=views.positions, flops=costs.free)
def select(condlist: Ignored, choicelist: Choices, default: Ignored = 0) -> Tensor:
    """At each position, selects the element from the first tensor whose condition is true at this position.

    As in Keras, the output has the shape and the dtype of the first tensor.
    """
    first = choicelist[0]
    if not isinstance(first, (Tensor, list)):
        raise Refusal("needs tensors to choose from, not numbers", codes.INVALID_VALUE, "choicelist")
    return first if isinstance(first, Tensor) else Tensor(shape_of(first), common_dtype(first))


@operation("Isclose", receptive_field_rule=views.positions, flops=costs.per_output(6))
def isclose(x1: Operand, x2: Operand, rtol: Ignored = 1e-5, atol: Ignored = 1e-8, *, equal_nan: Flag = False) -> Tensor:
    """Tests elementwise whether two tensors are nearly equal."""
    return Tensor(broadcast(shape_of(x1), shape_of(x2)), "bool")


@operation("OnesLike", flops=costs.free)
def ones_like(x: Tensor, *, dtype: Dtype = None) -> Tensor:
    """Returns a tensor of ones with the shape of another tensor."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("ZerosLike", flops=costs.free)
def zeros_like(x: Tensor, *, dtype: Dtype = None) -> Tensor:
    """Returns a tensor of zeros with the shape of another tensor."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("EmptyLike", flops=costs.free)
def empty_like(x: Tensor, *, dtype: Dtype = None) -> Tensor:
    """Returns an uninitialized tensor with the shape of another tensor."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("FullLike", flops=costs.free)
def full_like(x: Tensor, fill_value: Ignored, *, dtype: Dtype = None) -> Tensor:
    """Returns a tensor filled with a value, with the shape of another tensor."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("Cast", "core", views.positions, buffer_reuse=IN_PLACE, flops=costs.free)
def cast(x: Tensor, *, dtype: RequiredDtype) -> Tensor:
    """Converts a tensor to another dtype."""
    return Tensor(x.shape, dtype)


@operation("SaturateCast", "core", views.positions, buffer_reuse=IN_PLACE, flops=costs.free)
def saturate_cast(x: Tensor, *, dtype: RequiredDtype) -> Tensor:
    """Converts a tensor to another dtype; values outside the range of this dtype are clipped to the range."""
    return Tensor(x.shape, dtype)


@operation("Array", receptive_field_rule=views.positions, flops=costs.free)
def array(x: Tensor, *, dtype: Dtype = None) -> Tensor:
    """Converts values to a tensor, optionally of another dtype."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("Polar", "nn", views.positions, flops=costs.per_output(4))
def polar(abs_: Operand, angle: Ignored) -> Tensor:
    """Creates complex numbers from absolute values and angles. As in Keras, their dtype is float32."""
    return Tensor(shape_of(abs_), "float32")


@operation("StopGradient", "core", views.positions, buffer_reuse=VIEW, flops=costs.free)
def stop_gradient(variable: Tensor) -> Tensor:
    """Returns its input unchanged; no gradient passes through it."""
    return variable


@operation("ConvertToTensor", "core", views.positions, flops=costs.free)
def convert_to_tensor(x: Tensor, *, dtype: Dtype = None, sparse: Ignored = None, ragged: Ignored = None) -> Tensor:
    """Converts a value to a tensor, optionally of another dtype."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("LeakyRelu", "nn", views.positions, buffer_reuse=IN_PLACE, flops=costs.activation("leaky_relu"))
def leaky_relu(x: Tensor, *, negative_slope: Ignored = 0.2) -> Tensor:
    """Applies the leaky ReLU activation: scales negative elements by negative_slope."""
    return x


@operation("Gelu", "nn", views.positions, buffer_reuse=IN_PLACE, flops=costs.gelu)
def gelu(x: Tensor, *, approximate: Flag = True) -> Tensor:
    """Applies the GELU activation."""
    return x


def _with_alpha(name: str) -> Rule:
    def rule(x: Tensor, *, alpha: Ignored = 1.0) -> Tensor:
        return x

    return rule


def _with_threshold(name: str) -> Rule:
    def rule(x: Tensor, *, threshold: Ignored = 0.5) -> Tensor:
        return x

    return rule


_declare_activations("Elu Celu", _with_alpha)
_declare_activations("HardShrink SoftShrink", _with_threshold)


@operation("Threshold", "nn", views.positions, buffer_reuse=IN_PLACE, flops=costs.activation("threshold"))
def threshold(x: Tensor, *, threshold: Ignored, default_value: Ignored) -> Tensor:
    """Replaces elements that are not above a threshold by default_value."""
    return x


@operation("Squareplus", "nn", views.positions, buffer_reuse=IN_PLACE, flops=costs.activation("squareplus"))
def squareplus(x: Tensor, *, b: Ignored = 4) -> Tensor:
    """Applies the squareplus activation, a smooth ReLU."""
    return x
