"""Arrays, tables and data sets of programs, and the library functions for them."""
