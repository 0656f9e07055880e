"""Models of packages for Keras 2. Each function yields pairs of a name and a function that builds a small model.

`record.py` runs a function in an environment that has the package, for example
``python record.py packages:deepctr FOLDER``. `../packages.toml` has the environments.
"""

import os
from functools import partial

from record import keras_module


def _later(function, *args, **kwargs):
    return partial(function, *args, **kwargs)


def segmentation_models():
    os.environ["SM_FRAMEWORK"] = "tf.keras"
    import segmentation_models as sm

    backbones = (
        "resnet18",
        "mobilenetv2",
        "efficientnetb0",
        "vgg16",
        "seresnet18",
        "seresnext50",
        "densenet121",
        "inceptionv3",
    )
    for number, backbone in enumerate(backbones):
        for architecture in (
            ("Unet", "FPN", "Linknet", "PSPNet") if number < 3 else (("Unet", "FPN", "Linknet", "PSPNet")[number % 4],)
        ):
            size = 96 if architecture == "PSPNet" else 64
            yield (
                "%s_%s" % (architecture, backbone),
                _later(
                    getattr(sm, architecture), backbone, input_shape=(size, size, 3), encoder_weights=None, classes=4
                ),
            )
    yield "Unet_open", _later(sm.Unet, "resnet18", input_shape=(None, None, 3), encoder_weights=None)
    yield "FPN_open", _later(sm.FPN, "mobilenetv2", input_shape=(None, None, 3), encoder_weights=None)
    yield (
        "Unet_frozen",
        _later(sm.Unet, "efficientnetb0", input_shape=(None, None, 3), encoder_weights=None, encoder_freeze=True),
    )


def image_classifiers():
    from classification_models.tfkeras import Classifiers

    for name in (
        "resnet18",
        "resnet50v2",
        "seresnet18",
        "seresnet50",
        "seresnext50",
        "resnext50",
        "mobilenet",
        "xception",
    ):
        model = Classifiers.get(name)[0]
        yield name, _later(model, (75, 75, 3), weights=None, classes=7)


def efficientnet():
    import efficientnet.tfkeras as package

    for number in (0, 1, 2, 4):
        yield (
            "B%d" % number,
            _later(getattr(package, "EfficientNetB%d" % number), weights=None, input_shape=(64, 64, 3)),
        )
    yield "B0_open", _later(package.EfficientNetB0, weights=None, include_top=False)

    def transfer():
        keras, _ = keras_module()
        base = package.EfficientNetB0(weights=None, include_top=False, input_shape=(64, 64, 3))
        base.trainable = False
        return keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])

    yield "transfer", transfer


def deepctr():
    from deepctr import models
    from deepctr.feature_column import DenseFeat, SparseFeat, VarLenSparseFeat

    columns = [
        SparseFeat("user", 10, 4),
        SparseFeat("item", 20, 4),
        DenseFeat("price", 1),
        VarLenSparseFeat(SparseFeat("tags", 7, 4), 3),
    ]
    for name in [
        "CCPM",
        "FNN",
        "PNN",
        "WDL",
        "DeepFM",
        "MLR",
        "NFM",
        "AFM",
        "DCN",
        "DCNMix",
        "xDeepFM",
        "AutoInt",
        "ONN",
        "FGCNN",
        "FiBiNET",
        "FLEN",
        "IFM",
        "DIFM",
        "DeepFEFM",
        "EDCN",
        "FwFM",
    ]:
        model = getattr(models, name, None)
        if model is None:
            continue
        if name in ("CCPM", "AFM"):  # these models take only sparse features
            yield name, _later(model, columns[:2], columns[:2])
        elif name == "MLR":
            yield name, _later(model, columns)
        elif name == "PNN":
            yield name, _later(model, columns, dnn_hidden_units=(8, 4))
        elif name in ("FLEN", "EDCN"):
            grouped = [
                SparseFeat("u", 10, 4, group_name="a"),
                SparseFeat("i", 20, 4, group_name="b"),
                SparseFeat("c", 5, 4, group_name="c"),
            ]
            yield name, _later(model, grouped, grouped)
        elif name in ("FGCNN",):
            many = [SparseFeat("f%d" % n, 10, 4) for n in range(6)]
            yield (
                name,
                _later(
                    model,
                    many,
                    many,
                    conv_kernel_width=(3, 2),
                    conv_filters=(2, 1),
                    new_maps=(2, 2),
                    pooling_width=(2, 2),
                ),
            )
        else:
            yield name, _later(model, columns, columns)
    for name in ("DIN", "BST"):
        extra = {"att_head_num": 4} if name == "BST" else {}
        yield name, _later(getattr(models, name), _history(), ["item", "cate"], **extra)
    for name in ("SharedBottom", "ESMM", "MMOE", "PLE"):
        model = getattr(models, name, None) or getattr(models.multitask, name)
        yield name, _later(model, columns, task_types=("binary", "binary"), task_names=("ctr", "ctcvr"))


def _history():
    """Returns the columns of a user's history, for deepctr."""
    from deepctr.feature_column import DenseFeat, SparseFeat, VarLenSparseFeat

    return [
        SparseFeat("item", 20, 4),
        SparseFeat("cate", 6, 4),
        DenseFeat("price", 1),
        VarLenSparseFeat(SparseFeat("hist_item", 20, 4, embedding_name="item"), maxlen=4, length_name="seq_length"),
        VarLenSparseFeat(SparseFeat("hist_cate", 6, 4, embedding_name="cate"), maxlen=4, length_name="seq_length"),
    ]


def deepctr_without_eager():
    """DIEN works only without eager execution, and only before TensorFlow 2.13, which moved a function that it uses."""
    import tensorflow

    tensorflow.compat.v1.disable_eager_execution()
    from deepctr.models import DIEN

    for kind in ("GRU", "AIGRU", "AGRU", "AUGRU"):
        yield "DIEN_" + kind, _later(DIEN, _history(), ["item", "cate"], gru_type=kind)


def spektral():
    from spektral import layers as graph

    keras, _ = keras_module()

    def batch(layer, edges=False, adjacency=True):
        def make():
            x, a, e = keras.Input((9, 5)), keras.Input((9, 9)), keras.Input((9, 9, 3))
            inputs = [x, a, e] if edges else [x, a]
            h = layer()(inputs if adjacency else x)
            outputs = h if isinstance(h, (list, tuple)) else [h]
            return keras.Model(inputs, [keras.layers.Dense(2)(part) for part in outputs])

        return make

    for name in (
        "GCNConv",
        "ChebConv",
        "ARMAConv",
        "APPNPConv",
        "GCSConv",
        "GATConv",
        "GraphSageConv",
        "GINConv",
        "TAGConv",
        "GeneralConv",
    ):
        layer = getattr(graph, name)
        single = name in ("GraphSageConv", "GINConv", "TAGConv", "GeneralConv")
        if single:

            def make(layer=layer):
                x, a = keras.Input((5,)), keras.Input((None,), sparse=True)
                h = layer(4)([x, a])
                return keras.Model([x, a], keras.layers.Dense(2)(h))

            yield name, make
        else:
            yield name, batch(_later(layer, 4))
    yield "ECCConv", batch(_later(graph.ECCConv, 4), edges=True)
    yield "CrystalConv", batch(_later(graph.DiffusionConv, 4, 3))
    for name in ("GlobalSumPool", "GlobalAvgPool", "GlobalMaxPool", "GlobalAttnSumPool"):
        yield (
            name,
            batch(getattr(graph, name), adjacency=False)
            if name != "GlobalAttnSumPool"
            else batch(graph.GlobalAttnSumPool, adjacency=False),
        )
    yield "GlobalAttentionPool", batch(_later(graph.GlobalAttentionPool, 4), adjacency=False)
    yield "DiffPool", batch(_later(graph.DiffPool, 3))
    yield "MinCutPool", batch(_later(graph.MinCutPool, 3))


def qkeras():
    import qkeras as q

    keras, _ = keras_module()
    layers = keras.layers

    def image():
        x = i = keras.Input((16, 16, 3))
        x = q.QConv2D(8, 3, kernel_quantizer=q.quantized_bits(4, 0, 1), bias_quantizer=q.quantized_bits(4))(x)
        x = q.QActivation("quantized_relu(4)")(x)
        x = q.QDepthwiseConv2D(3, depthwise_quantizer=q.ternary())(x)
        x = q.QBatchNormalization()(x)
        x = layers.MaxPooling2D()(x)
        x = q.QSeparableConv2D(6, 3, depthwise_quantizer=q.binary(), pointwise_quantizer=q.binary())(x)
        x = layers.Flatten()(x)
        x = q.QDense(5, kernel_quantizer=q.quantized_po2(4), bias_quantizer=q.quantized_bits(4))(x)
        return keras.Model(i, layers.Activation("softmax")(x))

    def sequence():
        return keras.Sequential(
            [
                layers.Input((12, 4)),
                q.QConv1D(6, 3, kernel_quantizer="quantized_bits(4,0,1)"),
                q.QActivation("quantized_tanh(4)"),
                layers.Dropout(0.2),
                q.QDense(3, kernel_quantizer="binary"),
            ]
        )

    def folded():
        i = keras.Input((16, 16, 3))
        x = q.QConv2DBatchnorm(8, 3, kernel_quantizer=q.quantized_bits(4, 0, 1))(i)
        return keras.Model(i, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))

    def recurrent():
        i = keras.Input((12, 4))
        x = q.QLSTM(
            6,
            kernel_quantizer=q.quantized_bits(4),
            recurrent_quantizer=q.quantized_bits(4),
            bias_quantizer=q.quantized_bits(4),
        )(i)
        return keras.Model(i, layers.Dense(2)(x))

    yield "image", image
    yield "sequence", sequence
    yield "folded", folded
    yield "recurrent", recurrent


def larq():
    import larq as lq

    keras, _ = keras_module()
    layers = keras.layers

    def binary():
        args = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
        return keras.Sequential(
            [
                lq.layers.QuantConv2D(
                    8,
                    3,
                    kernel_quantizer="ste_sign",
                    kernel_constraint="weight_clip",
                    use_bias=False,
                    input_shape=(16, 16, 3),
                ),
                layers.MaxPooling2D(),
                layers.BatchNormalization(scale=False),
                lq.layers.QuantConv2D(8, 3, use_bias=False, **args),
                layers.BatchNormalization(scale=False),
                layers.Flatten(),
                lq.layers.QuantDense(5, use_bias=False, **args),
                layers.Activation("softmax"),
            ]
        )

    def separable():
        i = keras.Input((16, 16, 3))
        x = lq.layers.QuantSeparableConv2D(8, 3, depthwise_quantizer="ste_sign", pointwise_quantizer="ste_sign")(i)
        x = lq.layers.QuantDepthwiseConv2D(3, depthwise_quantizer="ste_sign")(x)
        x = lq.layers.QuantConv2DTranspose(4, 3)(x)
        return keras.Model(i, layers.Dense(2)(x))

    yield "binary", binary
    yield "separable", separable


def tfmot():
    import tensorflow_model_optimization as package

    keras, _ = keras_module()
    layers = keras.layers

    def base():
        return keras.Sequential(
            [
                layers.Conv2D(8, 3, input_shape=(16, 16, 3)),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(5),
            ]
        )

    def functional():
        i = keras.Input((16, 16, 3))
        x = layers.Conv2D(8, 3, padding="same", name="c")(i)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Add()([x, layers.Conv2D(8, 1)(i)])
        return keras.Model(i, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))

    for name, make in (("sequential", base), ("functional", functional)):
        yield "quantize_" + name, lambda make=make: package.quantization.keras.quantize_model(make())
        yield "prune_" + name, lambda make=make: package.sparsity.keras.prune_low_magnitude(make())
        yield (
            "cluster_" + name,
            lambda make=make: package.clustering.keras.cluster_weights(
                make(),
                number_of_clusters=4,
                cluster_centroids_init=package.clustering.keras.CentroidInitialization.LINEAR,
            ),
        )

    def one_layer():
        i = keras.Input((8,))
        x = package.sparsity.keras.prune_low_magnitude(layers.Dense(4))(i)
        return keras.Model(i, layers.Dense(2)(x))

    yield "prune_one_layer", one_layer


def tensorflow_addons():
    import tensorflow_addons as tfa

    keras, _ = keras_module()
    layers = keras.layers
    image, sequence, vector = (16, 16, 8), (12, 8), (8,)

    def one(make, shape):
        def model():
            i = keras.Input(shape)
            return keras.Model(i, layers.Dense(2)(make()(layers.Dense(8)(i))))

        return model

    cases = {
        "instancenorm": (tfa.layers.InstanceNormalization, image),
        "groupnorm": (_later(tfa.layers.GroupNormalization, 4), image),
        "weightnorm": (lambda: tfa.layers.WeightNormalization(layers.Conv2D(4, 3)), image),
        "spectral": (lambda: tfa.layers.SpectralNormalization(layers.Conv2D(4, 3)), image),
        "gelu": (tfa.layers.GELU, vector),
        "maxout": (_later(tfa.layers.Maxout, 4), vector),
        "polynomial": (None, None),
        "noisy": (_later(tfa.layers.NoisyDense, 6), vector),
        "adaptive": (_later(tfa.layers.AdaptiveAveragePooling2D, (4, 4)), image),
        "spp": (_later(tfa.layers.SpatialPyramidPooling2D, [1, 2]), image),
        "layernorm_lstm": (lambda: layers.RNN(tfa.rnn.LayerNormLSTMCell(5)), sequence),
        "nas_cell": (lambda: layers.RNN(tfa.rnn.NASCell(5)), sequence),
        "esn": (_later(tfa.layers.ESN, 5), sequence),
        "tlu": (tfa.layers.TLU, image),
        "stochastic_depth": (None, None),
        "activation": (lambda: layers.Dense(4, activation=tfa.activations.mish), vector),
        "filter_response": (tfa.layers.FilterResponseNormalization, image),
        "tied": (None, None),
        "multihead": (None, None),
        "bidirectional": (lambda: layers.Bidirectional(layers.RNN(tfa.rnn.LayerNormSimpleRNNCell(5))), sequence),
    }
    for name, (make, shape) in cases.items():
        if make is not None:
            yield name, one(make, shape)

    def multihead():
        i = keras.Input(sequence)
        return keras.Model(i, tfa.layers.MultiHeadAttention(head_size=4, num_heads=2)([i, i]))

    def polynomial():
        i = keras.Input(vector)
        return keras.Model(i, tfa.layers.PolynomialCrossing(projection_dim=None)([i, layers.Dense(8)(i)]))

    def stochastic():
        i = keras.Input(image)
        return keras.Model(i, tfa.layers.StochasticDepth(0.7)([i, layers.Conv2D(8, 3, padding="same")(i)]))

    def crf():
        i = keras.Input(sequence)
        return keras.Model(i, tfa.layers.CRF(4)(i)[0:2])

    yield "multihead", multihead
    yield "polynomial", polynomial
    yield "stochastic_depth", stochastic
    yield "crf", crf


def keras_unet_collection():
    from keras_unet_collection import models

    size = (64, 64, 3)
    filters = [8, 16, 32, 64]
    yield "unet_2d", _later(models.unet_2d, size, filters, 2)
    yield "unet_2d_plus", _later(models.unet_plus_2d, size, filters, 2, deep_supervision=True)
    yield "vnet_2d", _later(models.vnet_2d, size, [8, 16, 32, 64], 2, res_num_ini=1, res_num_max=2)
    yield "r2_unet_2d", _later(models.r2_unet_2d, size, filters, 2)
    yield "att_unet_2d", _later(models.att_unet_2d, size, filters, 2)
    yield "resunet_a_2d", _later(models.resunet_a_2d, (128, 128, 3), [8, 16, 32, 64], [1, 3], 2)
    yield "u2net_2d", _later(models.u2net_2d, size, 2, filters, [4, 8, 16, 32])
    yield "unet_3plus_2d", _later(models.unet_3plus_2d, size, 2, filters, deep_supervision=True)
    yield (
        "transunet_2d",
        _later(models.transunet_2d, (64, 64, 3), filters, 2, embed_dim=32, num_mlp=16, num_heads=2, num_transformer=1),
    )
    yield (
        "swin_unet_2d",
        _later(
            models.swin_unet_2d,
            (64, 64, 3),
            filter_num_begin=8,
            n_labels=2,
            depth=2,
            stack_num_down=1,
            stack_num_up=1,
            patch_size=(2, 2),
            num_heads=[2, 2],
            window_size=[2, 2],
            num_mlp=16,
        ),
    )
    yield "unet_vgg", _later(models.unet_2d, size, filters, 2, backbone="VGG16", weights=None)


def kecam():
    os.environ.setdefault("KECAM_BACKEND", "tensorflow")
    import keras_cv_attention_models as package

    names = [
        "aotnet.AotNet50",
        "botnet.BotNet26T",
        "coatnet.CoAtNet0",
        "convnext.ConvNeXtTiny",
        "efficientnet.EfficientNetV2B0",
        "ghostnet.GhostNetV2_1X",
        "halonet.HaloNet26T",
        "levit.LeViT128S",
        "mlp_family.MLPMixerS32",
        "mlp_family.ResMLP12",
        "mlp_family.GMLPTiny16",
        "mobilevit.MobileViT_XXS",
        "maxvit.MaxViT_Tiny",
        "resnest.ResNest50",
        "resnet_family.RegNetZB16",
        "resnet_family.ResNeXt50",
        "cotnet.CotNet50",
        "swin_transformer_v2.SwinTransformerV2Tiny_ns",
        "uniformer.UniformerSmall32",
        "volo.VOLO_d1",
        "wave_mlp.WaveMLP_T",
        "beit.BeitBasePatch16",
        "cmt.CMTTiny",
        "davit.DaViT_T",
        "edgenext.EdgeNeXt_XX_Small",
        "efficientformer.EfficientFormerL1",
        "fasternet.FasterNetT0",
        "gcvit.GCViT_XXTiny",
        "hornet.HorNetTiny",
        "inceptionnext.InceptionNeXtTiny",
        "iformer.IFormerSmall",
        "lcnet.LCNet050",
        "mobilenetv3_family.MobileNetV3Small050",
        "moat.MOAT0",
        "nat.NAT_Mini",
        "pvt.PVT_V2B0",
        "repvit.RepViT_M09",
        "tinynet.TinyNetE",
        "tinyvit.TinyViT_5M",
        "caformer.CAFormerS18",
        "efficientvit.EfficientViT_B0",
        "fastvit.FastViT_T8",
        "vanillanet.VanillaNet5",
    ]
    for name in names:
        module, _, model = name.partition(".")
        module = getattr(package, module, None)
        if module is not None and hasattr(module, model):
            yield model, _later(getattr(module, model), pretrained=None, input_shape=(224, 224, 3), num_classes=5)
    for name in (
        "efficientdet.EfficientDetD0",
        "yolox.YOLOXNano",
        "yolor.YOLOR_CSP",
        "yolov8.YOLOV8_N",
        "yolov7.YOLOV7_Tiny",
    ):
        module, _, model = name.partition(".")
        module = getattr(package, module, None)
        if module is not None and hasattr(module, model):
            yield (
                model,
                _later(getattr(module, model), pretrained=None, backbone=None, input_shape=(128, 128, 3), num_classes=5)
                if 0
                else _later(getattr(module, model), pretrained=None, input_shape=(128, 128, 3), num_classes=5),
            )


def keras_bert():
    os.environ["TF_KERAS"] = "1"
    import keras_bert as package

    small = {
        "token_num": 30,
        "pos_num": 10,
        "seq_len": 10,
        "embed_dim": 12,
        "transformer_num": 2,
        "head_num": 3,
        "feed_forward_dim": 24,
    }
    yield "training", _later(package.get_model, **small)
    yield (
        "inference",
        lambda: (lambda pair: package.keras.models.Model(*pair) if 0 else keras_module()[0].Model(*pair))(
            package.get_model(training=False, **small)
        ),
    )
    yield (
        "adapter",
        lambda: keras_module()[0].Model(*package.get_model(training=False, use_adapter=True, adapter_units=4, **small)),
    )


def keras_gpt_2():
    os.environ["TF_KERAS"] = "1"
    import keras_gpt_2 as package

    yield "small", _later(package.get_model, n_vocab=30, n_ctx=10, n_embd=12, n_head=3, n_layer=2)


def keras_transformer():
    os.environ["TF_KERAS"] = "1"
    import keras_transformer as package

    small = {"token_num": 13, "embed_dim": 12, "encoder_num": 2, "decoder_num": 1, "head_num": 3, "hidden_dim": 24}
    yield "small", _later(package.get_model, **small)
    yield "shared", _later(package.get_model, use_same_embed=False, **{**small, "token_num": [13, 11]})


def keras_multi_head():
    os.environ["TF_KERAS"] = "1"
    from keras_multi_head import MultiHead, MultiHeadAttention

    keras, _ = keras_module()
    layers = keras.layers

    def attention():
        i = keras.Input((12, 6))
        return keras.Model(i, layers.Dense(2)(MultiHeadAttention(head_num=3)(i)))

    def several():
        i = keras.Input((12, 6))
        return keras.Model(i, layers.Flatten()(MultiHead(layers.LSTM(4), layer_num=3)(i)))

    yield "attention", attention
    yield "several", several


def attention():
    from attention import Attention

    keras, _ = keras_module()
    layers = keras.layers
    for score in ("luong", "bahdanau"):

        def make(score=score):
            i = keras.Input((12, 4))
            x = layers.LSTM(8, return_sequences=True)(i)
            return keras.Model(i, layers.Dense(1)(Attention(units=6, score=score)(x)))

        yield score, make


def keras_nlp():
    import keras_nlp as package

    keras, _ = keras_module()
    layers, models = package.layers, package.models
    small = {"vocabulary_size": 30, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
    for name in (
        "BertBackbone",
        "RobertaBackbone",
        "DistilBertBackbone",
        "GPT2Backbone",
        "XLMRobertaBackbone",
        "OPTBackbone",
        "FNetBackbone",
        "AlbertBackbone",
        "DebertaV3Backbone",
        "BartBackbone",
        "T5Backbone",
        "GPTNeoXBackbone",
        "WhisperBackbone",
    ):
        backbone = getattr(models, name, None)
        if backbone is None:
            continue
        args = dict(small)
        if name == "FNetBackbone":
            args.pop("num_heads")
        if name == "AlbertBackbone":
            args["embedding_dim"] = 6
        if name == "DebertaV3Backbone":
            args["bucket_size"] = 4
        if name == "WhisperBackbone":
            args["num_mels"] = 5
        yield name, _later(backbone, **args)

        def flat(backbone=backbone, args=args):
            model = backbone(**args)
            return keras.Model(model.inputs, model.outputs)

        yield name + "_flat", flat

    def user_layers():
        i = keras.Input((9,), dtype="int32")
        x = layers.TokenAndPositionEmbedding(30, 9, 8)(i)
        x = layers.TransformerEncoder(16, 2)(x)
        x = layers.TransformerDecoder(16, 2)(x)
        return keras.Model(i, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(x)))

    yield "user_layers", user_layers


def keras_retinanet():
    os.environ["TF_KERAS"] = "1"
    from keras_retinanet import models

    for backbone in ("resnet50", "mobilenet128_0.25", "vgg16", "densenet121"):
        yield backbone.replace(".", "_"), lambda backbone=backbone: models.backbone(backbone).retinanet(num_classes=3)
    yield "bbox", lambda: models.convert_model(models.backbone("resnet50").retinanet(num_classes=3))


def stardist():
    from stardist.models import Config2D, Config3D, StarDist2D, StarDist3D

    yield "two", lambda: StarDist2D(Config2D(n_rays=16, unet_n_depth=2), name=None, basedir=None).keras_model
    yield (
        "classes",
        lambda: StarDist2D(Config2D(n_rays=16, n_classes=3, grid=(2, 2)), name=None, basedir=None).keras_model,
    )
    yield (
        "three",
        lambda: (
            StarDist3D(Config3D(n_rays=16, backbone="resnet", resnet_n_blocks=2), name=None, basedir=None).keras_model
        ),
    )


def csbdeep():
    from csbdeep.models import CARE, Config, ProjectionCARE, ProjectionConfig

    yield "care", lambda: CARE(Config("YXC", 1, 1, unet_n_depth=2), name=None, basedir=None).keras_model
    yield "probabilistic", lambda: CARE(Config("ZYXC", 1, 2, probabilistic=True), name=None, basedir=None).keras_model
    yield "projection", lambda: ProjectionCARE(ProjectionConfig("ZYXC", 1, 1), name=None, basedir=None).keras_model


def tfrs():
    import tensorflow_recommenders as package

    keras, _ = keras_module()

    def cross():
        i = keras.Input((8,))
        x = package.layers.dcn.Cross(projection_dim=3)(i)
        return keras.Model(i, keras.layers.Dense(1)(package.layers.dcn.Cross()(i, x)))

    def interaction():
        a, b = keras.Input((8,)), keras.Input((8,))
        return keras.Model([a, b], keras.layers.Dense(1)(package.layers.feature_interaction.DotInteraction()([a, b])))

    def multi():
        i = keras.Input((8,))
        return keras.Model(i, package.layers.blocks.MLP([5, 3])(i))

    yield "cross", cross
    yield "interaction", interaction
    yield "mlp", multi


def tensorflow_probability():
    import tensorflow_probability as package

    keras, _ = keras_module()
    tfpl = package.layers

    def dense(cls):
        i = keras.Input((8,))
        return keras.Model(i, keras.layers.Dense(1)(cls(5)(i)))

    yield "flipout", _later(dense, tfpl.DenseFlipout)
    yield "reparameterization", _later(dense, tfpl.DenseReparameterization)

    def convolution():
        i = keras.Input((8, 8, 3))
        return keras.Model(i, keras.layers.Flatten()(tfpl.Convolution2DFlipout(4, 3)(i)))

    yield "convolution", convolution


def vit_keras():
    from vit_keras import vit

    yield (
        "vit",
        _later(
            vit.build_model,
            image_size=32,
            patch_size=16,
            num_layers=2,
            hidden_size=8,
            num_heads=2,
            name="vit",
            mlp_dim=16,
            classes=3,
        ),
    )


def kapre():
    import kapre as package

    keras, _ = keras_module()

    def stft():
        return keras.Sequential(
            [
                package.STFT(n_fft=256, hop_length=128, input_shape=(2000, 1)),
                package.Magnitude(),
                package.MagnitudeToDecibel(),
                keras.layers.Conv2D(4, 3),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(2),
            ]
        )

    def composed():
        layer = package.composed.get_melspectrogram_layer(input_shape=(4000, 1), n_fft=512, return_decibel=True)
        return keras.Sequential([layer, keras.layers.Flatten(), keras.layers.Dense(2)])

    yield "stft", stft
    yield "composed", composed


def classification_models_3D():
    from classification_models_3D.tfkeras import Classifiers

    for name in ("resnet18", "seresnet18", "efficientnetb0", "densenet121", "mobilenet"):
        yield (
            name,
            lambda name=name: Classifiers.get(name)[0](input_shape=(32, 32, 32, 2), include_top=False, weights=None),
        )


def tcn():
    from tcn import TCN

    keras, _ = keras_module()

    def one(**args):
        i = keras.Input((20, 4))
        return keras.Model(i, keras.layers.Dense(1)(TCN(8, **args)(i)))

    yield "plain", one
    yield "norm", _later(one, use_batch_norm=True)
    yield "layer_norm", _later(one, use_layer_norm=True, nb_stacks=2)
