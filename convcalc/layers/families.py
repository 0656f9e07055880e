"""Maps each layer to the family that declares it. A family is imported only if a model uses one of its layers.

This file is generated from the declarations. After a change, run `python -m tests.regenerate.families`.
"""

from __future__ import annotations

# Each family's names, aliases and class names, in the order of their declarations.
FAMILIES = {
    "activation": """
        Activation ReLU LeakyReLU ELU Softmax PReLU
    """,
    "applications": """
        LayerScale CustomScaleLayer
    """,
    "attention": """
        MultiHeadAttention GroupQueryAttention GroupedQueryAttention Attention AdditiveAttention
    """,
    "convolution": """
        Conv1D Convolution1D Conv2D Convolution2D Conv3D Convolution3D Conv3DTranspose Convolution3DTranspose
        Conv1DTranspose Convolution1DTranspose Conv2DTranspose Convolution2DTranspose DepthwiseConv1D DepthwiseConv2D
        SeparableConv1D SeparableConvolution1D SeparableConv2D SeparableConvolution2D
    """,
    "core": """
        InputLayer Dense EinsumDense Embedding ReversibleEmbedding Masking Identity TFDIdentity
    """,
    "data_preprocessing": """
        CategoryEncoding Discretization Hashing HashedCrossing IntegerLookup StringLookup TextVectorization
        MelSpectrogram STFTSpectrogram
    """,
    "image_preprocessing": """
        Resizing CenterCrop RandomCrop RandomColorDegeneration AutoContrast
        ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes MixUp RandomBrightness
        RandomColorJitter RandomContrast RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
        RandomGrayscale RandomHue RandomPosterization RandomSaturation RandomSharpness RandomInvert RandomPerspective
        RandomRotation RandomShear RandomTranslation RandomZoom Solarization RandAugment AugMix
    """,
    "merging": """
        Add Subtract Multiply Average Maximum Minimum Concatenate TFDConcat Dot
    """,
    "normalization": """
        BatchNormalization LayerNormalization GroupNormalization RMSNormalization UnitNormalization
        SpectralNormalization
    """,
    "opaque": """
        Lambda TorchModuleWrapper JaxLayer FlaxLayer TFSMLayer
    """,
    "pooling": """
        MaxPooling1D MaxPool1D MaxPooling2D MaxPool2D MaxPooling3D MaxPool3D AveragePooling1D AvgPool1D
        AveragePooling2D AvgPool2D AveragePooling3D AvgPool3D GlobalMaxPooling1D GlobalMaxPool1D GlobalMaxPooling2D
        GlobalMaxPool2D GlobalMaxPooling3D GlobalMaxPool3D GlobalAveragePooling1D GlobalAvgPool1D
        GlobalAveragePooling2D GlobalAvgPool2D GlobalAveragePooling3D GlobalAvgPool3D AdaptiveMaxPooling1D
        AdaptiveMaxPooling2D AdaptiveMaxPooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D
        AdaptiveAveragePooling3D
    """,
    "preprocessing": """
        Rescaling Normalization Pipeline
    """,
    "recurrent": """
        SimpleRNNCell SimpleRNN GRUCell GRU LSTMCell LSTM StackedRNNCells RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D
    """,
    "regularization": """
        Dropout AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D
        ActivityRegularization
    """,
    "reshaping": """
        ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D
        UpSampling3D Flatten Reshape Permute RepeatVector
    """,
    "wrappers": """
        TimeDistributed Bidirectional
    """,
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names.split()}
