"""Data types: the names that Keras knows, their sizes, and what a dtype policy means.

Source: ``keras/src/dtype_policies/dtype_policy.py``.
"""

from __future__ import annotations

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
    "string": 0,
}

# A mixed policy computes in one type and keeps its variables in float32.
_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}

POLICIES = tuple(name for name in (*BITS, *_MIXED))


def variable_dtype(policy: str) -> str:
    """The type of a layer's variables under a policy."""
    return "float32" if policy in _MIXED else policy


def compute_dtype(policy: str) -> str:
    """The type in which a layer computes, and that of its outputs."""
    return _MIXED.get(policy, policy)


def autocast(dtype: str, policy: str) -> str:
    """The type of an input as a layer under a policy sees it: floats are cast to the compute type, others kept."""
    return compute_dtype(policy) if dtype.startswith(("float", "bfloat")) else dtype


def size_in_bytes(elements: int, dtype: str) -> int:
    """The bytes of so many elements."""
    return elements * BITS[dtype] // 8
