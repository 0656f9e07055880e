"""Trains a small convolutional network on the digits of MNIST."""

import argparse

import keras
from keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("--filters", type=int, default=32)
args = parser.parse_args()

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[..., None] / 255.0
y_train = keras.utils.to_categorical(y_train, 10)

model = keras.Sequential([keras.Input(x_train.shape[1:])])
for stage in range(2):
    model.add(layers.Conv2D(args.filters * 2**stage, 3, padding="same", activation="relu"))
    model.add(layers.MaxPooling2D())
model.add(layers.Flatten())
model.add(layers.Dense(10, activation="softmax"))

model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=3)
