"""Models of Keras's own layers, which every version of Keras 2 can build: from Keras 2.2.4 to tf_keras."""

import os

from record import keras_module, version_of


def models():
    """Yields the models that this version of Keras can build."""
    keras, version = keras_module()
    layers, functions = keras.layers, os.environ.get("KERAS2", "tensorflow.keras") != "keras"
    image, sequence, vector = (16, 16, 3), (12, 6), (8,)

    def sequential(*parts):
        model = keras.models.Sequential()
        for part in parts:
            model.add(part)
        return model

    def images():
        return sequential(
            layers.Conv2D(8, 3, padding="same", activation="relu", input_shape=image),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(8, 3, depth_multiplier=2),
            layers.DepthwiseConv2D(3, padding="same", use_bias=False),
            layers.LeakyReLU(0.1),
            layers.ZeroPadding2D(((1, 2), (0, 1))),
            layers.Cropping2D(1),
            layers.UpSampling2D((2, 3), interpolation="bilinear"),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
            layers.SpatialDropout2D(0.2),
            layers.PReLU(shared_axes=[1, 2]),
            layers.AveragePooling2D((3, 2), strides=2, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        )

    def compiled():
        model = images()
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        return model

    def recurrent():
        i = layers.Input(sequence)
        x = layers.Bidirectional(layers.LSTM(5, return_sequences=True, dropout=0.1))(i)
        x = layers.GRU(4, return_sequences=True, reset_after=True)(x)
        x = layers.GRU(4, return_sequences=True, reset_after=False)(x)
        x = layers.SimpleRNN(6, return_sequences=True, unroll=True)(x)
        x, h, c = layers.LSTM(7, return_sequences=True, return_state=True)(x)
        y = layers.LSTM(7)(x, initial_state=[h, c])
        z = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])(x)
        t = layers.TimeDistributed(layers.Dense(2))(x)
        return keras.models.Model(i, [y, z, t, layers.Bidirectional(layers.GRU(3), merge_mode="sum")(x)])

    def movies():
        return sequential(
            layers.ConvLSTM2D(4, 3, return_sequences=True, input_shape=(None, 12, 12, 2)),
            layers.TimeDistributed(layers.BatchNormalization()),
            layers.TimeDistributed(layers.Conv2D(3, 3)),
            layers.ConvLSTM2D(2, 3, padding="same"),
            layers.Flatten(),
            layers.Dense(2),
        )

    def words():
        i = layers.Input((None,))
        x = layers.Masking(0.0)(layers.Embedding(50, 6, mask_zero=True)(i))
        return keras.models.Model(
            i, layers.Dense(1)(layers.GlobalMaxPooling1D()(layers.LSTM(4, return_sequences=True)(x)))
        )

    def merges():
        a, b = layers.Input(vector), layers.Input(vector)
        x, y = layers.Dense(5)(a), layers.Dense(5, kernel_regularizer="l2")(b)
        parts = [
            cls()([x, y]) for cls in (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum)
        ]
        parts += [layers.Concatenate()(parts), layers.Dot(axes=1, normalize=True)([x, y])]
        return keras.models.Model([a, b], [layers.Dense(2)(part) for part in parts])

    def nested():
        i = layers.Input(vector)
        inner = keras.models.Model(i, [layers.Dense(4)(i), layers.Dense(3)(i)])
        stack = sequential(layers.Dense(6, input_shape=vector), layers.Dropout(0.3), layers.Dense(8))
        a, b = layers.Input(vector), layers.Input(vector)
        first, second = inner(stack(a)), inner(stack(b))
        return keras.models.Model([a, b], layers.Concatenate()([first[0], second[1]]))

    def frozen():
        base = sequential(layers.Conv2D(4, 3, input_shape=image), layers.BatchNormalization(), layers.Flatten())
        base.trainable = False
        return sequential(base, layers.Dense(3))

    def one_dimension():
        return sequential(
            layers.Conv1D(6, 3, padding="causal", dilation_rate=2, input_shape=sequence),
            layers.MaxPooling1D(2),
            layers.ZeroPadding1D(1),
            layers.UpSampling1D(2),
            layers.Cropping1D(1),
            layers.SeparableConv1D(4, 3),
            layers.SpatialDropout1D(0.1),
            layers.Permute((2, 1)),
            layers.Reshape((-1, 2)),
            layers.AveragePooling1D(2, padding="same"),
            layers.GaussianNoise(0.1),
            layers.Flatten(),
            layers.RepeatVector(3),
        )

    def three_dimensions():
        return sequential(
            layers.Conv3D(4, (3, 3, 2), input_shape=(8, 8, 6, 2)),
            layers.MaxPooling3D((2, 2, 1)),
            layers.UpSampling3D(2),
            layers.ZeroPadding3D(1),
            layers.Cropping3D(1),
            layers.Conv3DTranspose(3, 2, strides=2),
            layers.AveragePooling3D(2),
            layers.GlobalMaxPooling3D(),
        )

    def local():
        return sequential(
            layers.LocallyConnected2D(4, 3, input_shape=image), layers.Flatten(), layers.ThresholdedReLU()
        )

    def local_1d():
        return sequential(layers.LocallyConnected1D(4, 3, input_shape=sequence), layers.ELU(), layers.ReLU(6.0))

    def code():
        i = layers.Input(sequence)
        return keras.models.Model(i, layers.Dense(2)(layers.Lambda(lambda t: t[:, 0], output_shape=(6,))(i)))

    def application():
        return keras.applications.mobilenet_v2.MobileNetV2(input_shape=(64, 64, 3), weights=None, alpha=0.35, classes=5)

    def transfer():
        base = keras.applications.vgg16.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
        for layer in base.layers[:10]:
            layer.trainable = False
        return keras.models.Model(base.input, layers.Dense(4)(layers.Flatten()(base.output)))

    def wrappers():
        i = layers.Input((5, 8, 8, 2))
        inner = sequential(layers.Conv2D(3, 3, input_shape=(8, 8, 2)), layers.Flatten(), layers.Dense(4))
        x = layers.TimeDistributed(inner)(i)
        y = layers.Bidirectional(layers.RNN(layers.GRUCell(3), return_sequences=True))(x)
        z = layers.Bidirectional(layers.LSTM(3, kernel_initializer="orthogonal"), merge_mode=None)(y)
        t = layers.TimeDistributed(layers.TimeDistributed(layers.Conv1D(3, 2)))(i)
        return keras.models.Model(i, [layers.TimeDistributed(layers.Dropout(0.1))(y), t] + z)

    def spellings():
        i = layers.Input((5, 4))
        x = layers.LSTM(3, return_sequences=1, use_bias=0, unroll=1)(i)
        x = layers.GRU(3, return_sequences=1, go_backwards=1, recurrent_initializer="identity")(x)
        x = layers.SimpleRNN(3, recurrent_initializer=keras.initializers.Orthogonal(gain=0.5))(x)
        x = layers.Dense(6, use_bias=0, kernel_initializer=keras.initializers.Identity(), kernel_constraint="max_norm")(
            x
        )
        x = layers.Dense(3, use_bias=1, kernel_regularizer=keras.regularizers.l1_l2(0.1, 0.2), activation="tanh")(x)
        x = layers.BatchNormalization(center=0, scale=1, gamma_initializer="ones", trainable=False)(x)
        return keras.models.Model(i, layers.Dense(2, activation=keras.activations.elu, bias_initializer="ones")(x))

    def shared():
        a, b = layers.Input((7, 3)), layers.Input((9, 3))
        rnn, dense = layers.GRU(5, return_state=True), layers.Dense(4)
        first, second = rnn(a), rnn(b)
        return keras.models.Model([a, b], [dense(first[0]), dense(second[1]), layers.add([first[1], second[0]])])

    def encoder_decoder():
        a, b = layers.Input((7, 3)), layers.Input((5, 3))
        x, h, c = layers.LSTM(4, return_state=True)(a)
        y = layers.LSTM(4, return_sequences=True)(b, initial_state=[h, c])
        return keras.models.Model([a, b], layers.TimeDistributed(layers.Dense(6, activation="softmax"))(y))

    class Scale(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(int(input_shape[-1]),), initializer="ones")
            super(Scale, self).build(input_shape)

        def call(self, inputs):
            return inputs * self.scale

        def compute_output_shape(self, input_shape):
            return input_shape

    def own_layer():
        i = layers.Input((5, 4))
        x = layers.TimeDistributed(layers.Dense(6))(Scale()(i))
        return keras.models.Model(i, layers.Dense(2)(layers.Flatten()(Scale(trainable=False)(x))))

    for build in (
        wrappers, spellings, shared, encoder_decoder, own_layer, images, compiled, recurrent, movies, words, merges, nested, frozen, one_dimension, three_dimensions, code, application, transfer
    ):  # fmt: skip
        yield build.__name__, build
    if hasattr(layers, "LocallyConnected2D"):
        yield "local", local
        yield "local_1d", local_1d
    if functions:
        for build in functions_of(keras):
            yield build.__name__, build


def functions_of(keras):
    """Returns builders of models with TensorFlow functions, or with layers that Keras 2.2.4 lacks."""
    import tensorflow as tf

    layers = keras.layers
    version = version_of(tf.__version__)

    def arithmetic():
        i = keras.Input((6, 6, 8))
        x = tf.nn.relu(i * 2.0 + 1.0) / 3.0
        x = tf.concat([x, i], axis=-1)
        x = tf.reshape(x, [-1, 36, 16])
        x = tf.transpose(x, [0, 2, 1])
        y = tf.matmul(x, x, transpose_b=True)
        return keras.Model(i, [layers.Dense(3)(y), tf.reduce_mean(x, axis=1), x[:, 2:5], tf.expand_dims(x, 1)])

    def parts():
        i = keras.Input((6, 6, 8))
        a, b, c = tf.split(i, [2, 3, 3], axis=-1)
        size = tf.shape(i)
        x = tf.image.resize(i, size[1:3] * 2)
        return keras.Model(
            i, [layers.Conv2D(2, 1)(part) for part in (a, b, c, x, tf.pad(i, [[0, 0], [1, 1], [2, 0], [0, 0]]))]
        )

    def attention():
        a, b = keras.Input((5, 8)), keras.Input((7, 8))
        x = layers.MultiHeadAttention(2, 3)(a, b)
        y = layers.Attention(use_scale=True)([a, b])
        z = layers.AdditiveAttention()([a, b])
        return keras.Model([a, b], [layers.LayerNormalization()(part) for part in (x, y, z)])

    def preprocessing():
        i = keras.Input((16, 16, 3))
        x = layers.Rescaling(1 / 255.0)(i)
        x = layers.RandomFlip()(x)
        x = layers.CenterCrop(12, 12)(layers.Resizing(14, 14)(x))
        return keras.Model(i, layers.Dense(2)(layers.Flatten()(layers.Normalization(mean=0.0, variance=1.0)(x))))

    class Own(keras.Model):
        """A subclassed model, which only SavedModels and archives can contain."""

        def __init__(self):
            super(Own, self).__init__()
            self.blocks = [layers.Dense(4, activation="relu"), layers.BatchNormalization()]
            self.head = layers.Dense(2)

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return self.head(inputs)

    def subclassed():
        model = Own()
        model(tf.zeros((2, 3)))
        return model

    found = [arithmetic, parts, subclassed] if version >= (2, 4) else []
    found += [attention] if hasattr(layers, "MultiHeadAttention") else []
    return found + ([preprocessing] if hasattr(layers, "Rescaling") else [])
