"""Describes the arguments of layers: each has a name, a kind and a default.

A kind defines the accepted values, how a value is normalised (``3`` for two axes becomes ``(3, 3)``), and a text for
messages. The same declarations are used to bind positional arguments, to suggest spellings, to document a layer, and to
define the JSON Schema of specs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from convcalc.base import codes
from convcalc.base.numbers import LARGEST, UNKNOWN
from convcalc.base.problems import Refusal, did_you_mean, listed
from convcalc.base.structs import Struct


class Required:
    """The type of :data:`REQUIRED`, which marks an argument without a default."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = Required()

# The maximum number of axes of a tensor, as in NumPy.
MAX_AXES = 64


class Kind(Protocol):
    """The values that an argument accepts. ``expects`` completes messages such as "argument 'strides' expects …"."""

    @property
    def expects(self) -> str:
        """A description of the accepted values."""
        ...

    def read(self, value: Any) -> Any:
        """Returns the normalised value. Raises :class:`ValueError` if it is not accepted."""
        ...

    def for_rank(self, rank: int) -> Kind:
        """Returns the kind for a layer with ``rank`` spatial axes."""
        ...

    def for_keras(self, value: Any) -> Any:
        """Returns the normalised value in the form that Keras's constructor accepts."""
        ...


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# Kinds are plain classes, not dataclasses: creating a dataclass is slow, and this module is imported at every start.


class RankFree:
    """The base class of kinds that do not depend on the rank."""

    def for_rank(self, rank: int) -> Any:
        """Returns the same kind."""
        return self

    def for_keras(self, value: Any) -> Any:
        """Returns the value unchanged: Keras accepts most normalised values."""
        return value


class Integer(RankFree):
    """A whole number of at least ``minimum``; with ``or_minus_one`` also −1."""

    def __init__(self, minimum: int | None = None, or_minus_one: bool = False) -> None:
        self.minimum = minimum
        self.or_minus_one = or_minus_one

    @property
    def expects(self) -> str:
        limit = "" if self.minimum is None else f" of at least {self.minimum}"
        return f"a whole number{limit}{' (or -1)' if self.or_minus_one else ''}"

    def read(self, value: Any) -> int:
        if not _is_int(value) or abs(value) > LARGEST:
            raise ValueError
        if self.minimum is not None and value < self.minimum and not (self.or_minus_one and value == -1):
            raise ValueError
        return int(value)


class PerAxis(RankFree):
    """A whole number of at least ``minimum``, or one such number for each of ``rank`` spatial axes. The result is a
    tuple of ``rank`` integers.
    """

    def __init__(self, minimum: int = 1, rank: int = 0) -> None:
        self.minimum = minimum
        self.rank = rank

    @property
    def expects(self) -> str:
        several = f", or a list of {self.rank} of them" if self.rank != 1 else ""
        return f"a whole number of at least {self.minimum}{several}"

    def read(self, value: Any) -> tuple[int, ...]:
        values = (value,) * self.rank if _is_int(value) else value
        if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != self.rank:
            raise ValueError
        return tuple(map(Integer(self.minimum).read, values))

    def for_rank(self, rank: int) -> PerAxis:
        return PerAxis(self.minimum, rank)


class PaddingPairs(RankFree):
    """The padding or cropping before and after each spatial axis: a tuple of ``rank`` pairs.

    A single number is used for all sides. For one axis, two numbers mean (before, after). For several axes, each axis
    has a pair, or one number for both sides.
    """

    def __init__(self, rank: int = 0) -> None:
        self.rank = rank

    @property
    def expects(self) -> str:
        if self.rank == 1:
            return "a whole number, or a list of two (before, after), of at least 0"
        return f"a whole number of at least 0, or a list of {self.rank}, one number or a pair (before, after) for each axis"

    def read(self, value: Any) -> tuple[tuple[int, ...], ...]:
        pair = PerAxis(minimum=0, rank=2)
        if self.rank == 1:
            return (pair.read(value),)
        values = (value,) * self.rank if _is_int(value) else value
        if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != self.rank:
            raise ValueError
        return tuple(map(pair.read, values))

    def for_rank(self, rank: int) -> PaddingPairs:
        return PaddingPairs(rank)

    def for_keras(self, value: Any) -> Any:
        """Returns the pairs as a tuple; for one axis, the pair itself."""
        return value[0] if self.rank == 1 else value


class Integers(RankFree):
    """A list of whole numbers of at least ``minimum``; with ``single``, also one number instead of a list."""

    def __init__(
        self, minimum: int | None = None, single: bool = False, nullable: bool = False, length: int | None = None
    ) -> None:
        self.minimum = minimum
        self.single = single
        self.nullable = nullable
        self.length = length

    @property
    def expects(self) -> str:
        limit = "" if self.minimum is None else f" of at least {self.minimum}"
        count = "" if self.length is None else f"{self.length} "
        return f"{'a whole number or ' if self.single else ''}a list of {count}whole numbers{limit}"

    def read(self, value: Any) -> tuple[Any, ...]:
        if self.single and _is_int(value):
            return (Integer(self.minimum).read(value),)
        if (
            not isinstance(value, Sequence)
            or isinstance(value, str)
            or (self.length is not None and len(value) != self.length)
        ):
            raise ValueError
        read = Integer(self.minimum).read
        return tuple(UNKNOWN if part in (None, UNKNOWN) and self.nullable else read(part) for part in value)


class Sizes(RankFree):
    """The shape of a sample: one size or a list of sizes (None: unknown size)."""

    expects = "a list of sizes such as [28, 28, 1] (null for an unknown size)"

    def read(self, value: Any) -> tuple[Any, ...]:
        sizes = Integers(0, single=True, nullable=True).read(value)
        if len(sizes) > MAX_AXES:
            raise ValueError(f"; a tensor has at most {MAX_AXES} axes")
        return sizes


class IntegerOrPair(RankFree):
    """A whole number or a pair; a number is not converted to a pair. ``Dot`` uses this kind for ``axes``."""

    expects = "a whole number or a list of two"

    def read(self, value: Any) -> Any:
        return Integer().read(value) if _is_int(value) else Integers(length=2).read(value)


class IntegerOrIntegers(RankFree):
    """A whole number or a list; a number is not converted to a list. Normalizations use this kind for ``axis``."""

    expects = "a whole number or a list of whole numbers"

    def read(self, value: Any) -> Any:
        return Integer().read(value) if _is_int(value) else Integers().read(value)


class Real(RankFree):
    """A real number within limits. If ``null_in_files`` is True, a Keras file may contain null instead of the number."""

    def __init__(self, minimum: float | None = None, maximum: float | None = None, null_in_files: bool = True) -> None:
        self.minimum = minimum
        self.maximum = maximum
        self.null_in_files = null_in_files

    @property
    def expects(self) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f"a number from {self.minimum:g} to {self.maximum:g}"
        return "a number" if self.minimum is None else f"a number of at least {self.minimum:g}"

    def read(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError
        if (self.minimum is not None and not value >= self.minimum) or (
            self.maximum is not None and not value <= self.maximum
        ):
            raise ValueError
        return value


class Boolean(RankFree):
    """A boolean: true or false."""

    expects = "true or false"

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value


class AutoOrBoolean(RankFree):
    """The word ``auto``, or a boolean, which may also be 0 or 1."""

    expects = "'auto', true or false"

    def read(self, value: Any) -> Any:
        if value != "auto" and value not in (False, True):
            raise ValueError
        return value


class Text(RankFree):
    """A word or a sentence."""

    expects = "a text"

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > 1000:
            raise ValueError
        return value


class Choice(RankFree):
    """One of a few words. With ``case_insensitive``, their case is ignored, as in Keras."""

    def __init__(self, words: tuple[str, ...], case_insensitive: bool = False) -> None:
        self.words = words
        self.case_insensitive = case_insensitive

    @property
    def expects(self) -> str:
        return listed(repr(word) for word in self.words)

    def read(self, value: Any) -> str:
        word = value.lower() if self.case_insensitive and isinstance(value, str) else value
        if word not in self.words:
            raise ValueError(did_you_mean(value, self.words) if isinstance(value, str) else "")
        return str(word)


class KnownName(RankFree):
    """The name of a Keras object, such as an activation, or a mapping that configures the object."""

    def __init__(self, what: str, names: frozenset[str]) -> None:
        self.what = what
        self.names = names

    @property
    def expects(self) -> str:
        return f"the name of {self.what}"

    def read(self, value: Any) -> Any:
        if isinstance(value, str) and value not in self.names:
            raise ValueError(did_you_mean(value, self.names))
        if not isinstance(value, (str, dict)) or value == {}:
            raise ValueError
        if isinstance(value, dict):
            from convcalc.layers.keras_objects import problem  # imported lazily: few models have such objects

            if wrong := problem(value):
                raise ValueError(wrong)
        return value


class Anything(RankFree):
    """Accepts any value and keeps it unchanged. The value affects neither shapes nor counts."""

    expects = "any value"

    def read(self, value: Any) -> Any:
        return value


class KerasObject(RankFree):
    """A Keras object that affects counts, such as a quantization config. The value stays as in a Keras file."""

    expects = "a Keras object, written as in a Keras file"

    def read(self, value: Any) -> Any:
        return value


class Argument(Struct):
    """An argument of a layer. If ``nullable``, null is also accepted."""

    name: str
    kind: Kind
    default: Any = REQUIRED
    nullable: bool = False

    @property
    def expects(self) -> str:
        """A description of the accepted values."""
        return f"{self.kind.expects}{' or null' if self.nullable else ''}"

    def read(self, value: Any, owner: str) -> Any:
        """Returns the normalised value.

        Raises :class:`Refusal` if it is not accepted. The message names ``owner``, the class of the layer.
        """
        if value is None and self.nullable:
            return None
        try:
            return self.kind.read(value)
        except Refusal as inside:  # the value of this argument is a layer with an error
            raise Refusal(f"{inside.message} (in {owner}'s '{self.name}')", codes.INVALID_VALUE, self.name) from inside
        except (ValueError, OverflowError) as refused:
            hint = str(refused) if str(refused).startswith(";") else ""
            message = f"{owner}'s argument '{self.name}' expects {self.expects}, not {shown(value)}{hint}"
            raise Refusal(message, codes.INVALID_VALUE, self.name) from refused


# Keras accepts no boolean for these arguments, such as ``size`` of UpSampling1D and ``n`` of RepeatVector.
_NO_BOOLEANS = ("seed", "size", "n", "input_dim", "output_dim")


def as_keras_reads(argument: Argument, value: Any) -> Any:
    """Converts a value of a Keras file as Keras does.

    A boolean accepts any value: 0, null and ``[]`` mean false. Most numbers accept true as 1. Some real numbers accept
    null as the default, because they change no shape and no count.
    """
    kind = argument.kind
    if isinstance(kind, Boolean) and not argument.nullable:
        return bool(value)
    if isinstance(value, bool) and isinstance(kind, (Integer, Real, PerAxis)) and argument.name not in _NO_BOOLEANS:
        return int(value)
    is_missing = value is None and isinstance(kind, Real) and kind.null_in_files and not argument.nullable
    return argument.default if is_missing and argument.default is not REQUIRED else value


def shown(value: Any) -> str:
    """Returns a value as text for messages, written as in YAML and cut to 60 characters."""
    text = {None: "null", True: "true", False: "false"}.get(value) if value is None or isinstance(value, bool) else None
    if text is None and _is_int(value) and abs(value) > LARGEST:
        text = "a number beyond 2^53"
    if isinstance(value, (list, tuple)):
        text = f"[{', '.join(map(shown, value[:30]))}]"
    elif isinstance(value, dict):
        text = f"{{{', '.join(f'{key}: {shown(part)}' for key, part in [*value.items()][:30])}}}"
    elif isinstance(value, str):
        text = repr(value[:100])
    elif text is None:
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_ACTIVATIONS = (
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid "
    "log_softmax mish relu relu6 selu sigmoid silu softmax softplus softsign soft_shrink sparse_plus sparse_sigmoid sparsemax "
    "squareplus swish tanh tanh_shrink threshold"
)
_INITIALIZERS = (
    "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer LecunNormal LecunUniform Ones "
    "Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer TruncatedNormal VarianceScaling Zeros "
    "constant glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform normal one ones "
    "orthogonal random_normal random_uniform stft truncated_normal uniform variance_scaling zero zeros"
)
ACTIVATION = KnownName("an activation function", frozenset(_ACTIVATIONS.split()))
INITIALIZER = KnownName("an initializer", frozenset(_INITIALIZERS.split()))
REGULARIZER = KnownName(
    "a regularizer",
    frozenset(["L1", "L1L2", "L2", "OrthogonalRegularizer", "l1", "l1l2", "l2", "orthogonal_regularizer"]),
)
CONSTRAINT = KnownName(
    "a constraint",
    frozenset(["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "max_norm", "min_max_norm", "non_neg", "unit_norm"]),
)
SEED = Argument("seed", Integer(), None, nullable=True)
DATA_FORMAT = Argument(
    "data_format", Choice(("channels_last", "channels_first"), case_insensitive=True), None, nullable=True
)

_BY_ENDING: dict[str, Kind] = {"_initializer": INITIALIZER, "_regularizer": REGULARIZER, "_constraint": CONSTRAINT}


def ignored_arguments(*names: str, default: Any = None) -> list[Argument]:
    """Declares arguments that affect neither shapes nor counts. Only the values of initializers, regularizers and
    constraints are checked.
    """
    return [
        Argument(
            name,
            next((kind for ending, kind in _BY_ENDING.items() if name.endswith(ending)), Anything()),
            default,
            nullable=True,
        )
        for name in names
    ]


def initializer(name: str, default: str) -> Argument:
    """Declares an initializer argument."""
    return ignored_arguments(name, default=default)[0]
