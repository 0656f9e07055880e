"""Measures loading a spec, inferring it, and drawing the table."""

import json
import sys

from repeated import median

from convcalc import infer, load, render

print(json.dumps({"seconds": median(lambda: render(infer(load(sys.argv[1]))), int(sys.argv[2]))}))
