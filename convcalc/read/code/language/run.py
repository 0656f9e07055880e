"""The state of the interpreter: steps, problems, and the unknown test whose branch is followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Problem, Source
from convcalc.read.code.language.limits import MAX_BITS, MAX_STEPS
from convcalc.read.code.language.values import (
    ClassValue,
    Doubt,
    Environment,
    Library,
    LibraryObject,
    Raised,
    Spot,
    Unknown,
)


class Run:
    """The state of the interpreter. The other classes of the interpreter extend this class; see ``interpreter``."""

    builtins: dict[str, Any]

    def __init__(self, source: Source) -> None:
        self.source = source  # the file that is being evaluated
        self.via: Spot | None = None  # the position of the call that led to this code
        self.steps = 0
        self.depth = 0
        self.doubt: Doubt | None = None  # the unknown test whose branch is being evaluated
        self.made: dict[int, tuple[Any, Doubt]] = {}  # objects that were made in a branch of an unknown test
        self.changed: dict[int, tuple[Any, Unknown]] = {}  # objects that changed in a branch of an unknown test
        self.problems: list[Problem] = []

    def step(self, node: Any) -> None:
        """Counts one expression or statement. Raises :class:`ConvcalcError` if the program has too many."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            message = f"the program takes more than {MAX_STEPS:,} steps to follow; give the model's function, such as FILE.py:build"
            raise ConvcalcError(
                [Problem(codes.TOO_MUCH_WORK, message, Spot(self.source, node.lineno, node.col_offset).mark())]
            )

    def unknown(self, reason: str, spot: Spot | None) -> Unknown:
        """Returns an unknown value."""
        return Unknown(reason, spot)

    def guarded(self, function: Callable[[], Any], spot: Spot) -> Any:
        """Returns the result of ``function``. Converts a Python exception to an exception of the program."""
        try:
            result = function()
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise self.error(type(error).__name__, str(error), spot) from None
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            return self.unknown("the number is too large to compute", spot)
        return result

    def error(self, class_name: str, message: str, spot: Spot | None) -> Raised:
        """Returns an exception of the program, such as ``ValueError(message)``."""
        return Raised(LibraryObject(f"builtins.{class_name}", (message,)), spot)

    @contextmanager
    def doubting(self, test: Unknown) -> Iterator[None]:
        """Evaluates a branch of an unknown test. Objects that change in the branch become unknown."""
        outer, self.doubt = self.doubt, self.deeper(test)
        try:
            yield
        finally:
            self.doubt = outer

    def deeper(self, test: Unknown) -> Doubt:
        """Returns a new Doubt for a branch of an unknown test.

        Its reason is the reason of ``test``; in a nested branch, the reason of the outermost test.
        """
        reason = self.doubt or test
        return Doubt(reason.reason, reason.spot, reason.name)

    def note_new(self, value: Any) -> None:
        """Records that an object is made here. Its content stays known if the same branch of an unknown test changes
        it.
        """
        if self.doubt is not None:
            self.made[id(value)] = (value, self.doubt)

    def is_certain(self, value: Any) -> bool:
        """Returns True if a change of the object is certain: the object is made in the same branch, or no test is
        unknown.
        """
        return self.doubt is None or self.made.get(id(value), (None, None))[1] is self.doubt

    def change(self, value: Any) -> None:
        """Records that an object changes. In a branch of an unknown test, the object becomes unknown."""
        if self.doubt is not None and id(value) not in self.changed and not self.is_certain(value):
            text = self.doubt.name or "a test"
            reason = f"it changes in a branch of an unknown test ({text}): {self.doubt.reason}"
            self.changed[id(value)] = (value, Unknown(reason, self.doubt.spot))

    def doubtful(self, value: Any) -> Unknown | None:
        """Returns the reason why the content of an object is unknown; None if it is known."""
        entry = self.changed.get(id(value)) if self.changed else None
        return None if entry is None else entry[1]

    # Defined by the subclasses ---------------------------------------------------------------------------------------

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot, env: Any = None) -> Any:
        """Returns the result of a call."""
        raise NotImplementedError

    def call_unknown(self, function: Any, unknown: Unknown, spot: Spot) -> Any:
        """Returns the result of a call such as ``f(**unknown)``, whose arguments have unknown names."""
        raise NotImplementedError

    def assign(self, target: Any, value: Any, env: Any) -> None:
        """Assigns a value to a target."""
        raise NotImplementedError

    def yielded(self, value: Any, spot: Spot) -> None:
        """Adds a value to the running generator."""
        raise NotImplementedError

    def super_of(self, env: Any, spot: Spot) -> Any:
        """Returns the value of ``super()`` in a method."""
        raise NotImplementedError

    def missing_name(self, name: str, spot: Spot) -> Any:
        """Returns the value of a name that neither the program nor Python defines, such as a name from ``import *``."""
        raise NotImplementedError

    def number_attribute(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns an attribute that numbers of NumPy have and numbers of Python lack. MISSING for other names."""
        raise NotImplementedError

    def reshaped(self, value: Unknown, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of ``unknown.reshape(…)``. Its shape can be known."""
        raise NotImplementedError

    def library_member(self, library: Library, name: str, spot: Spot) -> Any:
        """Returns ``library.name``: a member of a module or a class of a library."""
        raise NotImplementedError

    def library_class_attribute(self, cls: ClassValue, name: str, spot: Spot) -> Any:
        """Returns a class attribute that a class of the program inherits from a library."""
        raise NotImplementedError

    def library_method(self, base: Library, receiver: Any, name: str, spot: Spot) -> Any:
        """Returns a method that an object of the program inherits from a library. MISSING if there is none."""
        raise NotImplementedError

    def library_extends(self, path: str, other: str) -> bool:
        """Returns True if ``issubclass(path, other)`` is true for these two classes of libraries."""
        raise NotImplementedError

    def merged_objects(self, values: list[Any], reason: Unknown, only_tensors: bool | None = None) -> Any:
        """Returns one value for several possible objects of libraries, such as the tensors of two branches."""
        return reason

    def attribute(self, value: Any, name: str, spot: Spot) -> Any:
        """Returns ``value.name``."""
        raise NotImplementedError

    def raw_instance(self, cls: ClassValue, spot: Spot) -> Any:
        """Returns an object on which ``__init__`` was not called."""
        raise NotImplementedError

    def imported(self, name: str, level: int, env: Environment, spot: Spot) -> Any:
        """Returns the module with this name: a file of the program, or a library."""
        raise NotImplementedError

    def call_library(self, path: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the result of a call of a function or a class of a library."""
        raise NotImplementedError

    def library_instance(self, cls: ClassValue, spot: Spot) -> Any:
        """Returns a new object for a class that extends a class of Keras. None for other classes."""
        raise NotImplementedError
