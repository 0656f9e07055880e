"""Tables of pandas. convcalc knows their numbers of rows and columns, or gives names to these numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.read.code.data.array_dtypes import dtype_of
from convcalc.read.code.data.array_shapes import select, unknown_size
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.data.table_columns import Column
from convcalc.read.code.language.values import MISSING, Native, SizeValue, Special, Spot, Unknown
from convcalc.read.code.libraries import function


class Table(Special):
    """A ``DataFrame``. ``names`` are the names of its columns; None if they are unknown. ``width`` is the number of
    columns. ``contents`` says what is known of columns: the text "texts", or a tuple of all different values.
    """

    __slots__ = ("contents", "names", "rows", "width")
    has_sizes = True

    def __init__(
        self,
        rows: SizeValue,
        width: SizeValue,
        names: list[Any] | None = None,
        contents: Mapping[Any, Any] | None = None,
    ) -> None:
        self.contents = contents or {}
        self.rows = rows
        self.width = width if names is None else len(names)
        self.names = names

    def array(self) -> Array:
        """Returns the values as an array."""
        return Array((self.rows, self.width), "float64")

    def assigned(self, name: str, settings: Any) -> None:
        """Names unknown sizes after ``name = table``, such as ``table.shape[0]``, or replaces them by the user's numbers."""
        array = self.array()
        array.assigned(name, settings)
        self.rows = array.shape[0]
        self.width = array.shape[1]

    def columns(self, names: list[Any] | None, spot: Spot | None, reason: str = "") -> Table:
        """Returns a table with the same rows and other columns."""
        if names is not None:
            return Table(self.rows, len(names), names, self.contents)
        return Table(self.rows, unknown_size(reason or "the number of columns is unknown", spot))

    def without(self, dropped: Any, spot: Spot) -> Table:
        """Returns the table without some columns."""
        listed = [dropped] if isinstance(dropped, (str, int)) else dropped
        if not isinstance(listed, (list, tuple)):
            return self.columns(None, spot)
        if self.names is not None:
            return self.columns([name for name in self.names if name not in listed], spot)
        width = self.width - len(set(listed)) if isinstance(self.width, int) else None
        return (
            self.columns(None, spot, "the number of columns that are left is unknown")
            if width is None
            else Table(self.rows, width)
        )

    def fewer_rows(self, spot: Spot) -> Table:
        """Returns a table with fewer rows. Their number is unknown."""
        rows = unknown_size("the number of selected rows is unknown", spot)
        return Table(rows, self.width, self.names, self.contents)

    def column(self, name: Any) -> Array:
        """Returns one column as an array."""
        content = self.contents.get(name)
        if isinstance(content, tuple):
            return Column((self.rows,), content)
        return Array((self.rows,), "float64" if content is None else "object")

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the attribute, method or column with this name."""
        if self.names is not None and name in self.names:
            return self.column(name)
        if name == "shape":
            return (self.rows, self.width)
        if name in ("values", "to_numpy"):
            return self.array() if name == "values" else Native(name, lambda run, args, kwargs, at: self.array())
        if name == "columns":
            if self.names is not None:
                return list(self.names)
            return Array((self.width,), "str")
        if name in ("iloc", "loc"):
            return Locator(self, name == "iloc")
        if name == "index":
            return Array((self.rows,), "int64")
        if name == "T":
            return Table(self.width, self.rows)
        if name == "size":
            return self.array().attribute(run, "size", spot)
        method = _METHODS.get(name)
        if method is not None:
            return Native(name, lambda run, args, kwargs, at: method(run, self, args, kwargs, at))
        if name in _REDUCTIONS:
            return Native(name, lambda run, args, kwargs, at: _reduced(self, args, kwargs, at))
        return run.unknown(f"`.{name}` of a table is not supported", spot)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns ``table["age"]`` (a column), ``table[["age", "sex"]]`` (a table) or ``table[condition]`` (some rows)."""
        if isinstance(key, str) or (isinstance(key, int) and self.names is not None and key in self.names):
            return self.column(key)
        if isinstance(key, (list, tuple)):
            return self.columns(list(key), spot)
        if isinstance(key, slice):
            return Table(Array((self.rows,)).item(run, key, spot).shape[0], self.width, self.names, self.contents)
        if isinstance(key, Array) and key.dtype == "str" and key.shape:
            return Table(self.rows, key.shape[0])
        return self.fewer_rows(spot) if isinstance(key, Array) else MISSING

    def set_item(self, run: Any, key: Any, value: Any, spot: Spot) -> None:
        """Sets a column."""
        values = value.values if isinstance(value, Column) else None
        self.contents = {**self.contents, key: values} if isinstance(key, str) else {}
        if isinstance(key, str) and self.names is not None and run.doubt is None:
            if key not in self.names:
                self.names = [*self.names, key]
                self.width = len(self.names)
        elif not (
            self.names is not None and isinstance(key, (list, tuple)) and all(name in self.names for name in key)
        ):
            self.names = None
            self.width = unknown_size("the number of columns is unknown after a column is set", spot)

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns a table of the same size: an operator changes only the content."""
        return Table(self.rows, self.width, self.names)

    def length(self) -> Any:
        """Returns the number of rows."""
        return self.rows

    def truth(self) -> Any:
        """Returns an unknown value: a table is neither true nor false."""
        return Unknown("a table is neither true nor false")

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns the names of the columns."""
        return list(self.names) if self.names is not None else run.unknown("the columns of the table are unknown", spot)

    def type_path(self) -> str:
        """Returns the path of the class, ``pandas.DataFrame``."""
        return "pandas.DataFrame"


class Locator(Special):
    """``table.iloc`` (``by_number`` is True) or ``table.loc``."""

    __slots__ = ("by_number", "table")

    def __init__(self, table: Table, by_number: bool) -> None:
        self.table = table
        self.by_number = by_number

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns the selected rows and columns."""
        table = self.table
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, slice(None))
        count = _count(table.rows, rows, self.by_number, spot)
        width = _count(table.width, columns, self.by_number, spot)
        if isinstance(count, str) or isinstance(width, str):
            return MISSING
        if count is None or width is None:
            sizes = [size for size in (count, width) if size is not None]
            return Array(sizes, "float64").scalar(spot)
        names = table.names if width is table.width else None
        if names is None and table.names is not None and self.by_number and isinstance(columns, slice):
            names = table.names[columns]
        return Table(count, width, names, table.contents)

    def set_item(self, run: Any, key: Any, value: Any, spot: Spot) -> None:
        """Sets elements. The number of columns may change, so it is unknown afterwards."""
        self.table.names = None
        self.table.width = unknown_size("the number of columns is unknown after `loc` is set", spot)


def _count(size: SizeValue, key: Any, by_number: bool, spot: Spot) -> Any:
    """Returns the number of rows or columns that a key selects. None for a single one, a text for a key that is not
    followed.
    """
    if isinstance(key, (list, tuple)):
        return len(key)
    if isinstance(key, (int, str)):
        return None
    if isinstance(key, slice):
        if not by_number and (key.start is not None or key.stop is not None):
            return unknown_size("the number of selected rows or columns is unknown", spot)
        return select((size,), key, spot, -1).shape[0]
    if isinstance(key, Array):
        return unknown_size("the number of selected rows is unknown", spot) if key.dtype == "bool" else key.shape[0]
    return "?"


# Methods --------------------------------------------------------------------------------------------------------------


_REDUCTIONS = frozenset(
    ("mean", "std", "var", "min", "max", "sum", "median", "any", "all", "nunique", "count", "skew", "quantile")
)


def _reduced(table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the result of a method such as ``mean``: a number for each column, or for each row if ``axis`` is 1."""
    axis = kwargs.get("axis", args[0] if args else 0)
    if axis in (0, "index") and not isinstance(axis, float):
        return Array((table.width,), "float64")
    return Array((table.rows,), "float64") if axis in (1, "columns") else Unknown("this axis is not supported", spot)


def _same(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return None if kwargs.get("inplace") is True else Table(table.rows, table.width, table.names, table.contents)


def _drop(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("labels", "axis"), args)), **kwargs}
    if "columns" in given or given.get("axis") in (1, "columns"):
        result = table.without(given.get("columns", given.get("labels")), spot)
    else:
        result = table.fewer_rows(spot)
    return _finished(table, result, kwargs)


def _finished(table: Table, result: Table, kwargs: dict[str, Any]) -> Any:
    """Returns the result of a method. With ``inplace=True``, changes the table and returns None."""
    if kwargs.get("inplace") is not True:
        return result
    table.rows, table.width, table.names = result.rows, result.width, result.names
    return None


def _fewer(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    result = table.fewer_rows(spot)
    if kwargs.get("axis") in (1, "columns"):
        result = table.columns(None, spot)
    return _finished(table, result, kwargs)


def _pop(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    column = table.column(args[0])
    _finished(table, table.without(args[0], spot), {"inplace": True})
    return column


def _head(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return table.fewer_rows(spot)


def _items(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if table.names is None:
        return run.unknown("the names of the columns of this table are unknown", spot)
    return [(name, table.column(name)) for name in table.names]


def _keys(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return table.attribute(run, "columns", spot)


def _nothing(run: Any, table: Table, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return None


_METHODS: dict[str, Any] = {
    **dict.fromkeys(
        ("copy", "fillna", "astype", "replace", "sort_values", "sort_index", "ffill", "bfill", "interpolate", "rename", "applymap", "round",
         "clip", "abs"), _same),
    **dict.fromkeys(("dropna", "drop_duplicates", "query", "sample"), _fewer),
    **dict.fromkeys(("head", "tail", "nlargest", "nsmallest"), _head),
    **dict.fromkeys(("info", "to_csv", "hist", "plot"), _nothing),
    "drop": _drop, "pop": _pop, "items": _items, "iteritems": _items, "keys": _keys,
}  # fmt: skip


# New tables -----------------------------------------------------------------------------------------------------------


@function("pandas.DataFrame")
def _frame(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("data", "index", "columns"), args)), **kwargs}
    data, names = given.get("data"), given.get("columns")
    listed = list(names) if isinstance(names, (list, tuple)) else None
    if isinstance(data, Table):
        return data if listed is None else data.columns(listed, spot)
    if isinstance(data, dict):
        lengths = [run.length(value, spot) for value in data.values() if not isinstance(value, (int, float, str))]
        rows = (
            lengths[0]
            if lengths and not isinstance(lengths[0], Unknown)
            else unknown_size("the number of rows is unknown", spot)
        )
        return Table(rows, len(data), listed or list(data))
    array = as_array(data)
    if array is None or len(array.shape) not in (1, 2):
        return run.unknown("the size of this table is unknown", spot)
    width = array.shape[1] if len(array.shape) == 2 else 1
    return Table(array.shape[0], width, listed)


@function("pandas.Series", "pandas.to_numeric", "pandas.Categorical")
def _series(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    array = as_array(args[0] if args else kwargs.get("data"))
    if array is None:
        return run.unknown("the length of this series is unknown", spot)
    return Array(array.shape, dtype_of(kwargs.get("dtype"), array.dtype), flat=array.flat, classes=array.classes)


@function("pandas.get_dummies")
def _dummies(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {
        **dict(zip(("data", "prefix", "prefix_sep", "dummy_na", "columns", "sparse", "drop_first"), args)),
        **kwargs,
    }
    value, listed = given.get("data"), given.get("columns")
    has_other = bool(given.get("drop_first") or given.get("dummy_na"))
    if isinstance(value, Table) and isinstance(listed, (list, tuple)) and not has_other:
        return _with_dummies(value, listed, spot)
    array = as_array(value)
    if array is None or not array.shape:
        return run.unknown("the size of this table is unknown", spot)
    width: SizeValue = unknown_size("the number of different values is unknown", spot)
    if len(array.shape) == 1 and not has_other:
        if isinstance(array, Column):
            width = len(array.values)
        elif array.classes is not None:
            width = array.classes
        elif array.flat is not None:
            width = len(set(array.flat))
    return Table(array.shape[0], width)


def _with_dummies(table: Table, columns: Sequence[Any], spot: Spot) -> Table:
    """Returns the table with a column for each value of some columns, in place of them."""
    rest = table.without(list(columns), spot)
    counts = [table.contents.get(name) for name in columns]
    if not isinstance(rest.width, int) or not all(isinstance(values, tuple) for values in counts):
        return table.columns(None, spot, "the number of different values is unknown")
    return Table(table.rows, rest.width + sum(len(values) for values in counts if values))


@function("pandas.concat")
def _concat(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("objs", "axis"), args)), **kwargs}
    parts = run.iterate(given.get("objs"), spot)
    if not isinstance(parts, list) or not parts or not all(isinstance(part, (Table, Array)) for part in parts):
        return run.unknown("the size of this table is unknown", spot)
    sizes = [(part.rows, part.width) if isinstance(part, Table) else (part.shape[0], 1) for part in parts]
    axis = 1 if given.get("axis") in (1, "columns") else 0
    joined = [size[axis] for size in sizes]
    total: SizeValue = unknown_size("the size of the joined table is unknown", spot)
    if all(isinstance(size, int) for size in joined):
        total = sum(size for size in joined if isinstance(size, int))
    kept = sizes[0][1 - axis]
    return Table(kept, total) if axis else Table(total, kept)
