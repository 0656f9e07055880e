"""Tables that are read from files: their columns are known if the program states them, or if the file is public."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.read.code.data.array_shapes import unknown_size
from convcalc.read.code.data.public_files import PublicTable, table_of
from convcalc.read.code.data.tables import Table
from convcalc.read.code.language.values import SizeValue, Spot
from convcalc.read.code.libraries import function

# The arguments of `read_csv` that change the columns in ways that are not supported.
_CHANGE_COLUMNS = frozenset(("usecols", "names", "delimiter", "skiprows", "prefix", "delim_whitespace"))


@function(
    "pandas.read_csv", "pandas.read_table", "pandas.read_excel", "pandas.read_json", "pandas.read_parquet", "pandas.read_pickle",
    "pandas.read_sql", "pandas.read_hdf", "pandas.read_feather",
)  # fmt: skip
def _read(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    rows = unknown_size("the number of rows of the file is unknown, because data is not read", spot)
    width = unknown_size("the number of columns of the file is unknown, because data is not read", spot)
    given = {**dict(zip(("filepath_or_buffer", "sep"), args)), **kwargs}
    chosen, names = given.get("usecols"), given.get("names")
    has_index = given.get("index_col") is not None
    if isinstance(chosen, (list, tuple)) and not has_index:
        return Table(rows, len(chosen), list(chosen) if all(isinstance(name, str) for name in chosen) else None)
    public = table_of(run, given.get("filepath_or_buffer"))
    if isinstance(names, (list, tuple)) and chosen is None and not has_index:
        return Table(rows, len(names), list(names), _contents(public, names))
    table = _public(public, given, rows) if public is not None and len(args) < 3 else None
    return table or Table(rows, width)


def _public(public: PublicTable, given: Mapping[str, Any], rows: SizeValue) -> Table | None:
    """Returns the table of a public file; None if an argument is not supported."""
    if set(given) & _CHANGE_COLUMNS or given.get("sep", ",") != ",":
        return None
    names: list[Any] = list(public.columns)
    if given.get("header", 0) is None:
        names = list(range(len(names)))
    index = given.get("index_col")
    for key in [] if index is None else index if isinstance(index, (list, tuple)) else [index]:
        name = public.columns[key] if isinstance(key, int) and key < len(public.columns) else key
        if name not in public.columns:
            return None
        names.remove(name)
    if not public.has_header and given.get("header", 0) is not None:
        return Table(rows, len(names))
    return Table(rows, len(names), names, _contents(public, public.columns))


def _contents(public: PublicTable | None, names: Sequence[Any]) -> dict[Any, Any]:
    """Returns what is known of the columns of a public file. ``names`` are the program's names of the columns."""
    known = {} if public is None else {**dict.fromkeys(public.texts, "texts"), **public.values}
    columns = () if public is None else public.columns
    return {name: known[column] for name, column in zip(names, columns) if column in known}
