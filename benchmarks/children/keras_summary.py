"""A config to a summary, with Keras."""

import sys
from pathlib import Path

import keras

keras.models.model_from_json(Path(sys.argv[1]).read_text()).summary()
