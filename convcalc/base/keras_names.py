"""Keras's automatic layer names (``keras/src/utils/naming.py``)."""

from __future__ import annotations

import re
from functools import lru_cache

# Suffix for a catalogue layer with arguments that only Keras 2 has: ``Bidirectional (Keras 2)``.
OF_KERAS2 = " (Keras 2)"


@lru_cache(maxsize=256)  # cached: a model has thousands of layers, but few classes
def snake_case(class_name: str) -> str:
    """Returns the name in snake case: ``conv2d`` for ``Conv2D``, ``glorot_uniform`` for ``GlorotUniform``."""
    word = re.sub(r"\W+", "", class_name)
    word = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", word)
    return re.sub("([a-z])([A-Z])", r"\1_\2", word).lower()


def short_class(class_name: str) -> str:
    """Returns the name of a class without its package: ``Dense`` for ``my_package>Dense`` and ``my.module.Dense``."""
    return re.split("[.>]", class_name)[-1]


def is_automatic(name: str, class_name: str) -> bool:
    """Returns True if the name is an automatic name of the class, such as ``conv2d`` or ``conv2d_5``."""
    word = snake_case(class_name)
    return name.startswith(word) and re.fullmatch(r"(?:_[0-9]+)?", name[len(word) :]) is not None


class Names:
    """Generates automatic names, with a counter for each class."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def copy(self) -> Names:
        """Returns an independent copy."""
        names = Names()
        names._counts = dict(self._counts)
        return names

    def upcoming(self, class_name: str) -> str:
        """Returns the next name of a class. A second call returns the same name."""
        word = snake_case(class_name)
        count = self._counts.get(word, 0)
        return f"{word}_{count}" if count else word

    def automatic(self, class_name: str) -> str:
        """Returns the next name of a class, and counts it as used: ``conv2d``, then ``conv2d_1`` …"""
        name = self.upcoming(class_name)
        word = snake_case(class_name)
        self._counts[word] = self._counts.get(word, 0) + 1
        return name
