"""Prints the summary of a model from its config, with Keras."""

import sys
from pathlib import Path

import keras

keras.models.model_from_json(Path(sys.argv[1]).read_text()).summary()
