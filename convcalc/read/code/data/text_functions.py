"""``Tokenizer``, ``one_hot`` and other text functions of Keras 2. Only texts that are written in the program are known."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.data.array_shapes import unknown_size
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.language.values import MISSING, Native, Special, Spot, Unknown, UnknownNumber
from convcalc.read.code.libraries import function

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_REASON = "the texts are not part of the code"


def words_of(text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Splits a text into words, as Keras's ``text_to_word_sequence`` does."""
    text = text.lower() if lower else text
    return [word for word in text.translate({ord(sign): split for sign in filters}).split(split) if word]


class Tokenizer(Special):
    """A ``Tokenizer`` of Keras 2. ``counts`` says how often each word occurs; None if the texts are unknown."""

    __slots__ = ("counts", "documents", "options")

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.counts: dict[str, int] | None = {}
        self.documents = 0

    @property
    def index(self) -> dict[str, int] | None:
        """The vocabulary: maps each word to a number from 1. None if the texts are unknown."""
        if self.counts is None:
            return None
        ordered = sorted(self.counts, key=lambda word: -(self.counts or {})[word])
        first = self.options.get("oov_token")
        names = ordered if first is None else [first, *(word for word in ordered if word != first)]
        return {word: number for number, word in enumerate(names, 1)}

    def words(self, text: str) -> list[str]:
        """Splits a text into words, or into characters if ``char_level`` is True."""
        if self.options.get("char_level") is True:
            return list(text.lower() if self.options.get("lower", True) else text)
        return words_of(
            text, self.options.get("filters", FILTERS), self.options.get("lower", True), self.options.get("split", " ")
        )

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the method with this name, or an attribute such as ``word_index``."""
        index = self.index
        if name in ("word_index", "index_word", "word_counts"):
            if index is None or self.counts is None:
                return run.unknown(f"the vocabulary is unknown: {_REASON}", spot)
            return (
                dict(self.counts)
                if name == "word_counts"
                else index
                if name == "word_index"
                else dict(zip(index.values(), index))
            )
        if name == "document_count":
            return self.documents if self.counts is not None else unknown_size("the number of texts is unknown", spot)
        if name in self.options:
            return self.options[name]
        methods = {
            "fit_on_texts": self._fit,
            "texts_to_sequences": self._sequences,
            "texts_to_matrix": self._matrix,
            "sequences_to_matrix": self._matrix,
        }
        return Native(name, methods[name]) if name in methods else MISSING

    def truth(self) -> Any:
        """Returns True: a tokenizer is true in a test."""
        return True

    def _fit(self, run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
        texts = run.iterate(args[0], spot) if args else None
        known = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        if (
            not known
            or not isinstance(texts, list)
            or any(isinstance(value, Unknown) for value in self.options.values())
        ):
            self.counts = None
            return
        self.documents += len(texts)
        for text in texts:
            for word in self.words(text):
                if self.counts is not None:
                    self.counts[word] = self.counts.get(word, 0) + 1
        run.change(self)

    def _sequences(self, run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        texts, index = run.iterate(args[0], spot), self.index
        if index is None or not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            return run.unknown(f"the sequences are unknown: {_REASON}", spot)
        limit, other = self.options.get("num_words"), index.get(str(self.options.get("oov_token")))
        numbers = {word: number for word, number in index.items() if not limit or number < limit}
        return [
            [number for word in self.words(text) if (number := numbers.get(word, other)) is not None] for text in texts
        ]

    def _matrix(self, run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        count = run.length(args[0], spot)
        if not isinstance(count, int):
            count = unknown_size("the number of texts is unknown", spot)
        width = self.options.get("num_words")
        if width is None:
            index = self.index
            width = unknown_size("the size of the vocabulary is unknown", spot) if index is None else len(index) + 1
        if isinstance(width, Unknown):
            width = UnknownNumber(width.reason, width.spot, width.name)
        return Array((count, width), "float64")


@function("keras.preprocessing.text.Tokenizer")
def _tokenizer(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    names = ("num_words", "filters", "lower", "split", "char_level", "oov_token")
    options = {**dict(zip(names, args)), **kwargs}
    options.setdefault("num_words", options.pop("nb_words", None))
    return Tokenizer(options)


@function("keras.preprocessing.text.text_to_word_sequence")
def _word_sequence(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if not args or not isinstance(args[0], str) or len(args) > 1 or kwargs:
        return run.unknown("the words of this text are unknown", spot)
    return words_of(args[0])


@function("keras.preprocessing.text.one_hot", "keras.preprocessing.text.hashing_trick")
def _one_hot(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if not args or not isinstance(args[0], str) or len(args) > 2:
        return run.unknown("the words of this text are unknown", spot)
    return [UnknownNumber("the number of a hashed word is unknown", spot)] * len(words_of(args[0]))
