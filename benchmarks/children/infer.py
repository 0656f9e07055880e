"""Measures the time of inference on a model that is already loaded."""

import json
import sys

from repeated import median

from convcalc import infer, load

model = load(sys.argv[1])
layers = len(infer(model).layers)
print(json.dumps({"seconds": median(lambda: infer(model), int(sys.argv[2])), "layers": layers}))
