"""Reads models, and does nothing else."""

import sys

from convcalc.read import parse

for name in sys.argv[1:]:
    parse(name)
