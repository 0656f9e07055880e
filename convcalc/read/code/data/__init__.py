"""Arrays, tables and data sets, and the functions of libraries that make and change them."""
