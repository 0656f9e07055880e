"""Records: named tuples whose classes are made fast.

``typing.NamedTuple`` compiles each annotation that is a text, as ours are all. With the fifty records that a command imports that
was a tenth of its start; and nobody asks a record for its types while it runs.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Record(type):
        """Makes a named tuple of a class's annotations, with its methods; what it is given is what typing.NamedTuple is."""

        def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(mcs, name, bases, body)
            fields = body.get("__annotations__", {})
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            for key, value in body.items():
                if key not in fields and key != "__module__":
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Record):
        """The base of records: a class with annotated fields, those with defaults last."""
