"""Has two faults that Keras finds only when the program runs."""

import keras
import numpy as np
from keras import layers

images = np.zeros((100, 28, 28, 1))
labels = np.zeros((100, 10))

model = keras.Sequential([keras.Input((28, 28, 1))])
for filters in (16, 32, 64, 128):
    model.add(layers.Conv2D(filters, 3))
    model.add(layers.MaxPooling2D())
model.add(layers.Flatten())
model.add(layers.Dense(10))

mlp = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation="softmax")])
mlp.compile("adam", "categorical_crossentropy")
mlp.fit(images, labels)
