"""Interprets Python: values, expressions and statements. Libraries are in other packages."""
