"""Data types: the names that Keras knows, their sizes, and what a dtype policy means.

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

# A mixed policy computes in one type and keeps its variables in float32.
_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}

# A quantized policy keeps large matrices in fewer bits; the rest is as under the policy that it is made from. int8 does not go
# together with computing in float16.
_QUANTIZED = {
    "int8": ("float32", "float64", "bfloat16", "mixed_bfloat16"),
    "float8": ("float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"),
}

DTYPES = tuple(BITS)
# Of a layer. What only a quantized policy can be made of is none by itself; Keras makes no weights of complex numbers.
POLICIES = (
    *(dtype for dtype in BITS if not dtype.startswith((*_QUANTIZED, "complex"))),
    *_MIXED,
    *(f"{mode}_from_{source}" for mode, sources in _QUANTIZED.items() for source in sources),
)


def quantization(policy: str) -> str:
    """The mode of a quantized policy, such as ``int8``; empty for any other."""
    mode, quantized, _ = policy.partition("_from_")
    return mode if quantized else ""


def _source(policy: str) -> str:
    """The policy from which a quantized one is made; any other is its own."""
    return policy.partition("_from_")[2] or policy


@cache  # of a handful of policies, for every layer
def variable_dtype(policy: str) -> str:
    """The type of a layer's variables under a policy."""
    policy = _source(policy)
    return "float32" if policy in _MIXED else policy


@cache
def compute_dtype(policy: str) -> str:
    """The type in which a layer computes, and that of its outputs."""
    policy = _source(policy)
    return _MIXED.get(policy, policy)


def autocast(dtype: str, policy: str) -> str:
    """The type of an input as a layer under a policy sees it: floats are cast to the compute type, others kept."""
    return compute_dtype(policy) if dtype.startswith(("float", "bfloat")) else dtype


def size_in_bytes(elements: int, dtype: str) -> int:
    """The bytes of so many elements."""
    return elements * BITS[dtype] // 8
