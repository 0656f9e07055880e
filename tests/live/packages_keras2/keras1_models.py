"""Models of Keras 1.2.2. An entry of ``MODELS`` is a name and a function that builds a model.

Run this script in an environment with Keras 1.2.2 and TensorFlow 1.12 (Python 3.6): ``python keras1_models.py FOLDER``. It writes
each model as JSON and HDF5, and Keras's shapes and numbers of parameters to ``manifest.json``. Then run
``python -m tests.live.packages_keras2.stored FOLDER``. It writes the configs and numbers to ``tests/read/keras1.json``, so that the
tests do not need Keras 1.
"""

import json
import os
import sys

from keras import backend as K
from keras.layers import (
    ELU,
    GRU,
    LSTM,
    Activation,
    ActivityRegularization,
    AtrousConvolution1D,
    AtrousConvolution2D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    BatchNormalization,
    Bidirectional,
    ConvLSTM2D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconvolution2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling3D,
    Highway,
    Input,
    Lambda,
    LeakyReLU,
    LocallyConnected1D,
    LocallyConnected2D,
    Masking,
    MaxoutDense,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    Merge,
    ParametricSoftplus,
    Permute,
    PReLU,
    RepeatVector,
    Reshape,
    SeparableConvolution2D,
    SimpleRNN,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
    SReLU,
    ThresholdedReLU,
    TimeDistributed,
    TimeDistributedDense,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
    merge,
)
from keras.models import Model, Sequential

MODELS = {}


def model(make):
    MODELS[make.__name__] = make
    return make


def sequential(*layers):
    made = Sequential()
    for layer in layers:
        made.add(layer)
    return made


@model
def mlp():
    return sequential(
        Dense(12, input_dim=8, init="uniform", activation="relu", W_regularizer="l2"),
        Dropout(0.2),
        Dense(8, bias=False),
        GaussianNoise(0.1),
        BatchNormalization(),
        Highway(activation="relu"),
        Highway(bias=False),
        MaxoutDense(5, nb_feature=3),
        ActivityRegularization(l1=0.1),
        ParametricSoftplus(),
        SReLU(),
        LeakyReLU(0.2),
        ELU(),
        ThresholdedReLU(),
        PReLU(),
        GaussianDropout(0.3),
        RepeatVector(3),
        Permute((2, 1)),
        Reshape((15,)),
        Dense(1, activation="sigmoid"),
    )


@model
def images():
    return sequential(
        Convolution2D(8, 3, 3, border_mode="same", input_shape=(32, 28, 3), activation="relu", dim_ordering="tf"),
        Convolution2D(8, 3, 2, subsample=(2, 1), bias=False, dim_ordering="tf"),
        MaxPooling2D(pool_size=(2, 2), border_mode="same", dim_ordering="tf"),
        BatchNormalization(mode=0, axis=-1),
        AtrousConvolution2D(6, 3, 3, atrous_rate=(2, 2), border_mode="same", dim_ordering="tf"),
        SeparableConvolution2D(10, 3, 3, depth_multiplier=2, dim_ordering="tf"),
        SpatialDropout2D(0.3, dim_ordering="tf"),
        ZeroPadding2D((1, 2), dim_ordering="tf"),
        ZeroPadding2D((1, 2, 3, 4), dim_ordering="tf"),
        ZeroPadding2D({"top_pad": 1, "left_pad": 2}, dim_ordering="tf"),
        Cropping2D(((1, 1), (2, 0)), dim_ordering="tf"),
        UpSampling2D((2, 3), dim_ordering="tf"),
        LocallyConnected2D(3, 3, 3, dim_ordering="tf"),
        AveragePooling2D((3, 2), strides=(1, 2), dim_ordering="tf"),
        Flatten(),
        Dense(10, activation="softmax"),
    )


@model
def images_th():
    return sequential(
        Convolution2D(8, 3, 3, border_mode="same", input_shape=(3, 32, 28), activation="relu", dim_ordering="th"),
        MaxPooling2D(pool_size=(2, 2), dim_ordering="th"),
        BatchNormalization(axis=1),
        SpatialDropout2D(0.3, dim_ordering="th"),
        Convolution2D(4, 3, 3, subsample=(2, 2), dim_ordering="th"),
        GlobalAveragePooling2D(dim_ordering="th"),
        Dense(10, activation="softmax"),
    )


@model
def images_th_padded():
    return sequential(
        ZeroPadding2D((1, 1), input_shape=(3, 32, 28), dim_ordering="th"),
        Convolution2D(8, 3, 3, activation="relu", dim_ordering="th"),
        MaxPooling2D(pool_size=(2, 2), dim_ordering="th"),
        Flatten(),
        Dense(10, activation="softmax"),
    )


@model
def volumes():
    return sequential(
        Convolution3D(4, 3, 3, 2, input_shape=(12, 12, 8, 2), subsample=(1, 2, 1), dim_ordering="tf"),
        MaxPooling3D((2, 2, 1), dim_ordering="tf"),
        ZeroPadding3D((1, 1, 1), dim_ordering="tf"),
        Cropping3D(((1, 0), (0, 1), (1, 1)), dim_ordering="tf"),
        UpSampling3D((2, 2, 1), dim_ordering="tf"),
        SpatialDropout3D(0.2, dim_ordering="tf"),
        AveragePooling3D((2, 2, 2), border_mode="same", dim_ordering="tf"),
        GlobalMaxPooling3D(dim_ordering="tf"),
        Dense(2),
    )


@model
def sequences():
    return sequential(
        Convolution1D(8, 3, input_dim=4, input_length=40, border_mode="same"),
        AtrousConvolution1D(8, 3, atrous_rate=2),
        MaxPooling1D(pool_length=2),
        Convolution1D(6, 4, subsample_length=2, bias=False),
        AveragePooling1D(pool_length=3, stride=1, border_mode="same"),
        ZeroPadding1D(2),
        ZeroPadding1D({"left_pad": 1}),
        Cropping1D((1, 2)),
        UpSampling1D(2),
        SpatialDropout1D(0.2),
        LocallyConnected1D(3, 3, subsample_length=2),
        GRU(5, return_sequences=True, dropout_W=0.2, dropout_U=0.1, inner_activation="sigmoid"),
        LSTM(6, return_sequences=True, forget_bias_init="zero", consume_less="gpu", U_regularizer="l2"),
        SimpleRNN(4, return_sequences=True, inner_init="identity"),
        TimeDistributedDense(7),
        TimeDistributed(Dense(3, W_regularizer="l1")),
        Bidirectional(LSTM(4), merge_mode="concat"),
        Dense(1),
    )


@model
def words():
    return sequential(
        Embedding(100, 16, input_length=10, dropout=0.2, mask_zero=True),
        Masking(0.5),
        LSTM(8, go_backwards=True),
        Dense(1, activation="sigmoid"),
    )


@model
def stateful():
    return sequential(
        LSTM(8, batch_input_shape=(4, 5, 3), stateful=True, return_sequences=True),
        GRU(4, stateful=True),
        Dense(2),
    )


@model
def open_words():
    return sequential(Embedding(100, 16), Convolution1D(8, 3), GlobalMaxPooling1D(), Dense(1))


@model
def movies():
    return sequential(
        ConvLSTM2D(
            4, 3, 3, input_shape=(None, 10, 10, 1), border_mode="same", return_sequences=True, dim_ordering="tf"
        ),
        BatchNormalization(),
        ConvLSTM2D(3, 3, 3, dim_ordering="tf"),
        Flatten(),
        Dense(2),
    )


@model
def decoder():
    i = Input((6, 6, 4))
    x = Deconvolution2D(
        3, 3, 3, output_shape=(None, 12, 12, 3), subsample=(2, 2), border_mode="same", dim_ordering="tf"
    )(i)
    x = Deconvolution2D(2, 3, 3, output_shape=(None, 14, 14, 2), dim_ordering="tf")(x)
    return Model(i, x)


@model
def merges():
    a, b = Input((8,), name="a"), Input((8,), name="b")
    x, y = Dense(5)(a), Dense(5)(b)
    merged = [merge([x, y], mode=mode) for mode in ("sum", "mul", "ave", "max", "concat")]
    merged.append(merge([x, y], mode="dot", dot_axes=1))
    merged.append(merge([x, y], mode="cos", dot_axes=1))
    merged.append(merge([x, y, a], mode="concat", concat_axis=1))
    return Model([a, b], [Dense(2)(part) for part in merged])


@model
def merged_sequences():
    a, b = Input((4, 8)), Input((4, 8))
    x = merge([a, b], mode="concat", concat_axis=1)
    y = merge([a, b], mode="dot", dot_axes=[2, 2])
    z = merge([a, b], mode=lambda tensors: tensors[0] * tensors[1], output_shape=(4, 8))
    return Model([a, b], [Flatten()(part) for part in (x, y, z)])


@model
def lambdas():
    i = Input((4, 8))
    x = Lambda(lambda t: t[:, 0], output_shape=(8,))(i)
    return Model(i, Dense(3)(x))


@model
def branches():
    left = sequential(Dense(6, input_dim=5), Activation("relu"))
    right = sequential(Convolution1D(4, 3, input_shape=(10, 2)), GlobalMaxPooling1D())
    return sequential(Merge([left, right], mode="concat"), Dense(3), Activation("softmax"))


@model
def branches_of_branches():
    one = sequential(Dense(6, input_dim=5))
    two = sequential(Dense(6, input_dim=4))
    inner = sequential(Merge([one, two], mode="mul"), Dense(7))
    i = Input((3,))
    three = Model(i, Dense(7)(i))
    return sequential(Merge([inner, three], mode="sum"), Dense(2))


@model
def nested():
    inner = sequential(Dense(6, input_dim=5), Dropout(0.5), Dense(4))
    i, j = Input((5,)), Input((5,))
    x, y = inner(i), inner(j)
    return Model([i, j], Dense(1)(merge([x, y], mode="concat")))


@model
def nested_in_sequential():
    inner = sequential(Convolution2D(4, 3, 3, input_shape=(16, 16, 3), dim_ordering="tf"), Activation("relu"))
    return sequential(inner, Flatten(), Dense(3))


@model
def frozen():
    made = sequential(Dense(6, input_dim=5), Dense(4))
    made.layers[0].trainable = False
    return made


@model
def distributed_convolutions():
    return sequential(
        TimeDistributed(Convolution2D(4, 3, 3, dim_ordering="tf"), input_shape=(5, 16, 16, 3)),
        TimeDistributed(BatchNormalization()),
        TimeDistributed(MaxPooling2D((2, 2), dim_ordering="tf")),
        TimeDistributed(Flatten()),
        Bidirectional(GRU(4, return_sequences=True), merge_mode="sum"),
        TimeDistributed(sequential(Dense(3, input_dim=4), Dropout(0.1))),
    )


def shape_of(layer):
    shapes = layer.output_shape if isinstance(layer.output_shape, list) else [layer.output_shape]
    return [[None if size is None else int(size) for size in shape] for shape in shapes]


def row(layer):
    trainable = sum(int(K.count_params(weight)) for weight in layer.trainable_weights)
    return {
        "name": layer.name,
        "cls": type(layer).__name__,
        "shapes": shape_of(layer),
        "params": int(layer.count_params()),
        "trainable": trainable,
    }


def main(folder):
    if not os.path.isdir(folder):
        os.makedirs(folder)
    entries = []
    for name in sorted(MODELS):
        K.clear_session()
        try:
            made = MODELS[name]()
        except Exception as error:
            print("%s cannot be built: %s" % (name, error))
            continue
        layers = getattr(made, "flattened_layers", None) or made.layers
        entry = {
            "package": "keras 1.2.2",
            "name": name,
            "cls": type(made).__name__,
            "params": int(made.count_params()),
            "trainable": int(sum(K.count_params(w) for w in set(made.trainable_weights))),
            "rows": [row(layer) for layer in layers],
            "files": {"json": name + ".json", "h5": name + ".h5"},
        }
        with open(os.path.join(folder, name + ".json"), "w") as stream:
            stream.write(made.to_json())
        made.save(os.path.join(folder, name + ".h5"))
        entries.append(entry)
    with open(os.path.join(folder, "manifest.json"), "w") as stream:
        json.dump(entries, stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
