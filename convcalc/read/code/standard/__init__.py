"""Functions of Python and its standard library."""
