"""Reads the given models without computing anything. The time is a lower limit for the time of a check."""

import sys

from convcalc.read import parse

for name in sys.argv[1:]:
    parse(name)
