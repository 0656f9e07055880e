"""Data types: their names in Keras, their sizes, and dtype policies.

Source: ``keras/src/dtype_policies/dtype_policy.py``.
"""

from __future__ import annotations

from functools import cache

BITS = {
    "bool": 8,
    "int8": 8,
    "uint8": 8,
    "int16": 16,
    "uint16": 16,
    "int32": 32,
    "uint32": 32,
    "int64": 64,
    "uint64": 64,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
    "float16": 16,
    "bfloat16": 16,
    "float32": 32,
    "float64": 64,
    "complex64": 64,
    "complex128": 128,
    "string": 0,
}

# The compute dtype of each mixed policy; its variables are float32.
_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}

# The modes of quantized policies, and the policies that each mode can be applied to. A quantized policy stores large matrices
# in fewer bits, and is otherwise the same. int8 cannot be combined with the compute dtype float16.
_QUANTIZED = {
    "int8": ("float32", "float64", "bfloat16", "mixed_bfloat16"),
    "float8": ("float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"),
}

DTYPES = tuple(BITS)
# The policies of layers. Excluded are dtypes that only quantized policies use, and complex dtypes, which Keras's weights cannot have.
POLICIES = (
    *(dtype for dtype in BITS if not dtype.startswith((*_QUANTIZED, "complex"))),
    *_MIXED,
    *(f"{mode}_from_{source}" for mode, sources in _QUANTIZED.items() for source in sources),
)


def quantization(policy: str) -> str:
    """Returns the mode of a quantized policy, such as ``int8``; empty for other policies."""
    mode, quantized, _ = policy.partition("_from_")
    return mode if quantized else ""


def _source(policy: str) -> str:
    """Returns the policy before quantization; other policies are returned unchanged."""
    return policy.partition("_from_")[2] or policy


@cache  # called for every layer, with few different policies
def variable_dtype(policy: str) -> str:
    """Returns the dtype of a layer's variables under a policy."""
    policy = _source(policy)
    return "float32" if policy in _MIXED else policy


@cache
def compute_dtype(policy: str) -> str:
    """Returns the dtype in which a layer computes, which its outputs also have."""
    policy = _source(policy)
    return _MIXED.get(policy, policy)


def autocast(dtype: str, policy: str) -> str:
    """Returns the dtype of an input after autocasting: floats are cast to the compute dtype, other dtypes are kept."""
    return compute_dtype(policy) if dtype.startswith(("float", "bfloat")) else dtype


def size_in_bytes(elements: int, dtype: str) -> int:
    """Returns the size of a tensor in bytes."""
    return elements * BITS[dtype] // 8
