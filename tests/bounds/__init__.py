"""Measures the processor time and the memory that hostile and ordinary files take.

``python -m tests.bounds`` reads every generated file, and the files of the folders that are its arguments. Each command runs
in its own process. The command prints the worst of them, and fails if one is over a promised limit (``SECURITY.md``).
"""
