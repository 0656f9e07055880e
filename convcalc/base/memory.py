"""Recognises errors that mean that the process has too little memory."""

from __future__ import annotations

# What the operating system says if it cannot load a library.
_CANNOT_LOAD = ("failed to map segment", "cannot allocate memory", "cannot map")


def is_out_of_memory(failed: BaseException) -> bool:
    """Returns True if an exception means that there is too little memory."""
    is_import = isinstance(failed, ImportError)
    return isinstance(failed, MemoryError) or (is_import and any(text in str(failed).lower() for text in _CANNOT_LOAD))
