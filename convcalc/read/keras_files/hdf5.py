"""Reads attributes and the shapes of arrays from the HDF5 files of Keras, within limits. Links are not followed.

The data of arrays are read only to find out whether two arrays are the same variable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, takewhile
from struct import iter_unpack
from typing import Any, BinaryIO

from convcalc.base import codes
from convcalc.base.problems import Refusal, Source, error
from convcalc.hdf5.datatypes import FIXED_POINT, FLOAT
from convcalc.hdf5.files import open_root
from convcalc.hdf5.links import HARD
from convcalc.hdf5.objects import Array, Group, Object
from convcalc.hdf5.storage import Damaged, TooLarge
from convcalc.model import StoredWeight
from convcalc.read.spec.nodes import decode

CONFIG = "model_config"  # the name of the attribute with a model's config
MAX_CONFIG = 64 * 2**20
MAX_COMPARED = 32 * 2**20  # maximum size in bytes of arrays that are compared by value
MAX_TABLE = 4 * 2**20  # maximum size in bytes of arrays whose values are looked at, one by one
MAX_OBJECTS = 20_000  # maximum number of groups and arrays read from one file
_TOO_MANY = f"there are more than {MAX_OBJECTS:,} groups and arrays"
_FLOAT_FORMATS = {2: "e", 4: "f", 8: "d"}  # number of bytes → format of Python's struct


def config_text(file: BinaryIO, name: str) -> Source:
    """Returns the text of a model's config. Keras 2 and 3 save it as an attribute of an ``.h5`` file.

    Raises :class:`ConvcalcError` if the file has no config.
    """
    with open_hdf5(file, name) as tree:
        if CONFIG not in tree.root.attributes:
            message = f"{name}: this HDF5 file contains only weights, without the model's config"
            raise error(codes.NOT_A_MODEL, message)
        config = tree.root.text(CONFIG)
    if isinstance(config, str):  # bytes that are not UTF-8 were replaced by surrogates; this restores the bytes
        config = config.encode("utf-8", "surrogateescape")
    if config is None or len(config) > MAX_CONFIG:
        raise error(codes.NOT_A_MODEL, f"{name}: the config in this HDF5 file is not a text, or is too long")
    return decode(config, name)


def stored_optimizer(tree: Tree) -> Any:
    """Returns the config of the optimizer in the file of a whole model.

    Returns None if Keras 3 cannot create the optimizer. For example, Keras 3 refuses arguments that Keras 2.11 and
    later versions of Keras 2 write.
    """
    text = tree.root.text("training_config")
    if text is None or len(text) > MAX_CONFIG or tree.child(tree.root, "optimizer_weights") is None:
        return None
    try:
        optimizer = json.loads(text)["optimizer_config"]
        config = optimizer["config"]
        known = isinstance(optimizer["class_name"], str) and isinstance(config, dict)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not known or "is_legacy_optimizer" in config or "jit_compile" in config:
        return None
    return {"module": "keras.optimizers", **optimizer}


class Tree:
    """The groups and arrays of an open file.

    Keras writes a plain tree. So two things are errors: a link to another place or file, and a group that is in two
    places of the tree.
    """

    def __init__(self, root: Group) -> None:
        self.root = root
        self._remaining = MAX_OBJECTS
        self._entered: set[int] = set()

    def child(self, group: Object | None, path: str) -> Object | None:
        """Returns the group or array at a path below a group; None if it does not exist."""
        for name in path.split("/"):
            if not isinstance(group, Group) or not name:
                return None
            link = group.links.get(name)
            if link is None:
                return None
            if link.type != HARD:
                raise Refusal(
                    f"{group.path}/{name} is a link to another place or file, which is not followed", codes.DAMAGED
                )
            self._remaining -= 1
            if self._remaining < 0:
                raise Refusal(_TOO_MANY, codes.TOO_LARGE)
            group = group.open(name)
        return group

    def inside(self, group: Object) -> dict[str, Object]:
        """Returns all groups and arrays in a group, by name. Names that are numbers are sorted as numbers."""
        if not isinstance(group, Group):
            raise Refusal(f"{group.path} is not a group", codes.DAMAGED)
        if group.address in self._entered:
            raise Refusal(f"{group.path} is in two places", codes.DAMAGED)
        self._entered.add(group.address)
        if len(group.links) > self._remaining:
            raise Refusal(_TOO_MANY, codes.TOO_LARGE)
        names = sorted(group.links, key=lambda name: (len(name), name) if name.isdecimal() else (0, name))
        members = ((name, self.child(group, name)) for name in names)
        return {name: member for name, member in members if member is not None}

    def arrays(self, group: Object) -> list[StoredWeight]:
        """Returns the arrays directly in a group."""
        return [stored_weight(member) for member in self.inside(group).values() if isinstance(member, Array)]

    def arrays_inside(self, group: Object) -> list[StoredWeight]:
        """Returns all arrays in a group, at any depth. Arrays behind links to other places are left out.

        Raises :class:`Refusal` if there are too many objects in the group.
        """
        arrays: list[StoredWeight] = []
        entered = {group.address}
        waiting = [group]
        while waiting:
            member = waiting.pop()
            if isinstance(member, Array):
                arrays.append(stored_weight(member))
            elif isinstance(member, Group):
                names = []
                for name, link in sorted(member.links.items(), reverse=True):
                    if link.type == HARD and link.address not in entered:
                        entered.add(link.address)
                        names.append(name)
                if len(entered) > MAX_OBJECTS:
                    raise Refusal(_TOO_MANY, codes.TOO_LARGE)
                waiting += map(member.open, names)
        return arrays

    def texts(self, group: Object, name: str) -> list[str]:
        """Returns an attribute that is a list of texts. Keras splits a long list into ``name0``, ``name1`` …"""
        attributes = group.attributes
        numbered = takewhile(attributes.__contains__, (f"{name}{number}" for number in count()))
        keys = [name] if name in attributes else [*numbered]
        for key in keys:
            if attributes[key].is_other_list:
                raise Refusal(f"the attribute {key} of {group.path} is not a list of texts", codes.DAMAGED)
        every = (text for key in keys for text in group.texts(key))
        return [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in every]


def stored_weight(array: Array) -> StoredWeight:
    """Returns the path, shape and dtype of an array.

    If the data of the array are in other files, raises an error and reads nothing.
    """
    if array.is_virtual or array.other_files:
        raise Refusal(f"the data of {array.path} are in other files, which are not opened", codes.DAMAGED)
    if array.shape is None:
        raise Refusal(f"{array.path} is empty", codes.DAMAGED)
    return StoredWeight(array.path, array.shape, array.type.name)


def same_variables(tree: Tree, first: Sequence[StoredWeight], second: Sequence[StoredWeight]) -> bool | None:
    """Returns True if two lists of arrays are the same variables, stored twice, and False if they are not.

    Returns None if this is unknown: the values could not be read, or all arrays are constant. Two arrays of zeros can be
    equal by chance.
    """
    if [(weight.shape, weight.dtype) for weight in first] != [(weight.shape, weight.dtype) for weight in second]:
        return False
    varies, is_known = False, True
    for weight, other in zip(first, second):
        array, other_array = tree.child(tree.root, weight.path), tree.child(tree.root, other.path)
        content, other_content = _content(array), _content(other_array)
        if not content or not other_content or not isinstance(array, Array):
            is_known = False
        elif content != other_content:
            return False
        else:
            varies |= content != content[: array.type.size] * array.size
    return True if varies and is_known else None


def is_table(tree: Tree, weight: StoredWeight) -> bool:
    """Returns True if an array looks like a constant table, such as indices or frequencies.

    Two layers of a class can have equal tables that are separate variables. A table has integers of more than one byte,
    or sorted floating-point numbers.
    """
    array = tree.child(tree.root, weight.path)
    if not isinstance(array, Array):
        return False
    if array.type.class_ == FIXED_POINT:
        return array.type.size > 1
    data = array.content(MAX_TABLE)
    if array.type.class_ != FLOAT or array.type.size not in _FLOAT_FORMATS or data is None:
        return False
    rising = falling = True
    order = ">" if array.type.big_endian else "<"
    values = (value for (value,) in iter_unpack(order + _FLOAT_FORMATS[array.type.size], data))
    before = next(values, 0.0)
    for value in values:
        rising, falling = rising and value >= before, falling and value <= before
        if not rising and not falling:
            return False
        before = value
    return True


def _content(member: Object | None) -> bytes | None:
    """Returns the data of an array; None if the data are too large, or stored in a form that Keras does not write."""
    return member.content(MAX_COMPARED) if isinstance(member, Array) else None


@contextmanager
def open_hdf5(file: BinaryIO, name: str) -> Iterator[Tree]:
    """Opens an HDF5 file. Raises :class:`ConvcalcError` for a file that is damaged or too large."""
    try:
        yield Tree(open_root(file))
    except Refusal as refusal:
        raise error(refusal.code, f"{name}: {refusal.message}") from None
    except Damaged as bad:
        raise error(codes.DAMAGED, f"{name}: the HDF5 file is damaged: {bad}") from None
    except TooLarge as bad:
        raise error(codes.TOO_LARGE, f"{name}: {bad}") from None
