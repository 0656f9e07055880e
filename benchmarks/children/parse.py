"""Models read, and nothing more."""

import sys

from convcalc.read import parse

for name in sys.argv[1:]:
    parse(name)
