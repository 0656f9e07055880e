"""Data types: their names in Keras, their sizes, and dtype policies.

Source: ``keras/src/dtype_policies/dtype_policy.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from convcalc.base.structs import Struct

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

# The names that can follow ``_from_``. Example: ``int8_from_float32`` is float32 with large matrices stored as int8.
_SOURCES = ("float32", "float64", "float16", "bfloat16", *_MIXED)
# Default of ``amax_history_length``: for how many steps a float8 layer records the largest absolute value.
_HISTORY = 1024

DTYPES = tuple(BITS)
# ``int8`` and the float8 dtypes occur only in names such as ``int8_from_float32``. Keras has no complex weights.
_PLAIN = (*(dtype for dtype in BITS if not dtype.startswith(("int8", "float8", "complex"))), *_MIXED)
# All policies without a number in the name. :func:`find_policy` also accepts ``int4/128_from_float32``, for example.
POLICIES = (
    *_PLAIN,
    *(
        f"{mode}_from_{source}"
        for mode in ("int8", "int4", "float8")
        for source in _SOURCES
        # int8 cannot be combined with float16 as the compute dtype.
        if mode != "int8" or _MIXED.get(source, source) != "float16"
    ),
)
# A regular expression for names with numbers, such as ``int4/128_from_float32``.
_NUMBER = r"[1-9][0-9]{0,8}"
NUMBERED_POLICIES = rf"^(int4/(-1|{_NUMBER})|gptq/[2348]/(-1|{_NUMBER})|awq/4/(-1|{_NUMBER})|float8/{_NUMBER})_from_({'|'.join(_SOURCES)})$"


class Policy(Struct):
    """The parts of a dtype policy.

    Examples of names: ``int4/128_from_float32``; ``float32; query: int8_from_float32`` if the inner layer ``query`` has
    another policy.

    Keras has no name such as ``float8/16_from_float32``. Here, 16 is Keras's ``amax_history_length``.
    """

    # The plain or mixed policy.
    source: str
    # How large matrices are stored: ``int8``, ``int4``, ``float8``, ``gptq``, ``awq``; empty if not quantized.
    mode: str = ""
    # The number of bits of each stored element (gptq, awq).
    bits: int = 0
    # How many elements of a column share one scale (int4, gptq, awq). -1: all.
    group: int = -1
    # For how many steps the largest absolute value is recorded (float8).
    history: int = _HISTORY
    # The policies of inner layers by name, if they differ from the policy of the outer layer.
    inner: Mapping[str, str] = {}


@lru_cache(1000)
def find_policy(name: str) -> Policy | None:
    """Returns the policy of this name; None if it is unknown."""
    own, *inner = name.split("; ")
    if inner:
        policy, parts = find_policy(own), dict(part.partition(": ")[::2] for part in inner)
        known = policy is not None and all(part and "; " not in part and is_policy(part) for part in parts.values())
        return policy._replace(inner=parts) if policy is not None and known else None
    if name in _PLAIN:
        return Policy(name)
    mode, _, source = name.partition("_from_")
    if name in POLICIES:
        return Policy(source, mode)
    if not re.fullmatch(NUMBERED_POLICIES, name):
        return None
    mode, *numbers = mode.split("/")
    last = int(numbers[-1])
    if mode == "float8":
        return Policy(source, mode, history=last)
    return Policy(source, mode, 0 if mode == "int4" else int(numbers[0]), last)


def is_policy(name: str) -> bool:
    """Returns True if ``name`` is the name of a dtype policy."""
    return find_policy(name) is not None


def inner_policy(name: str, layer: str) -> str:
    """Returns the policy of an inner layer. ``name`` is the policy of the outer layer."""
    policy = find_policy(name)
    return name if policy is None or not policy.inner else policy.inner.get(layer, own_policy(name))


def own_policy(name: str) -> str:
    """Returns the name without inner policies: ``float32; query: int8_from_float32`` becomes ``float32``."""
    return name.partition("; ")[0]


def with_inner_policies(own: str, inner: Mapping[str, str]) -> str:
    """Returns the name of a policy with inner policies, such as ``float32; query: int8_from_float32``.

    Inner policies that equal ``own`` are left out.
    """
    return "; ".join([own, *(f"{name}: {policy}" for name, policy in inner.items() if policy != own)])


@cache  # cached, because all layers call this function with the same few policies
def variable_dtype(policy: str) -> str:
    """Returns the dtype of a layer's variables under a policy; empty if the policy is unknown."""
    computed = _source(policy)
    return "float32" if computed in _MIXED else computed


@cache
def compute_dtype(policy: str) -> str:
    """Returns the dtype of a layer's computation and outputs; empty if the policy is unknown."""
    source = _source(policy)
    return _MIXED.get(source, source)


def _source(policy: str) -> str:
    """Returns the policy without quantization: ``int8_from_float32`` becomes ``float32``.

    Returns a dtype such as ``int32`` unchanged. An input layer has a dtype instead of a policy.
    """
    if policy in BITS:
        return policy
    found = find_policy(policy)
    return "" if found is None else found.source


def autocast(dtype: str, policy: str) -> str:
    """Returns the dtype of an input after autocasting: floats are cast to the compute dtype, other dtypes are kept."""
    return compute_dtype(policy) if dtype.startswith(("float", "bfloat")) else dtype


def size_in_bytes(elements: int, dtype: str) -> int:
    """Returns the size of a tensor in bytes."""
    return elements * BITS[dtype] // 8
