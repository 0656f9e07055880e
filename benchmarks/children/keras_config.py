"""Writes the config of ResNet50 to a file, with Keras."""

import sys
from pathlib import Path

import keras

Path(sys.argv[1]).write_text(keras.applications.ResNet50(weights=None).to_json())
