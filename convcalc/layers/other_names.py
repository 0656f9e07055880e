"""Finds the Keras layer that a user means by another name: of PyTorch, of old versions of Keras, or in other spelling."""

from __future__ import annotations

import re

from convcalc.base.problems import did_you_mean, listed
from convcalc.layers.registry import known_names

# Names in lower case, without "_" and without a rank at the end, and the layers that they mean. "#" stands for the
# rank: the rank of the name, or each rank that Keras has.
_MEANT: dict[str, tuple[str, str]] = {
    "linear": ("Dense", "with the number of outputs only: '- Dense: 10'"),
    "lazylinear": ("Dense", ""),
    "fc": ("Dense", ""),
    "fullyconnected": ("Dense", ""),
    "innerproduct": ("Dense", ""),
    "affine": ("Dense", ""),
    "batchnorm": ("BatchNormalization", ""),
    "batchnormalisation": ("BatchNormalization", ""),
    "bn": ("BatchNormalization", ""),
    "syncbatchnorm": ("BatchNormalization", ""),
    "layernorm": ("LayerNormalization", ""),
    "layernormalisation": ("LayerNormalization", ""),
    "groupnorm": ("GroupNormalization", ""),
    "instancenorm": ("GroupNormalization", "with '- GroupNormalization: {groups: -1}'"),
    "instancenormalization": ("GroupNormalization", "with '- GroupNormalization: {groups: -1}'"),
    "rmsnorm": ("RMSNormalization", ""),
    "norm": ("BatchNormalization", ""),
    "normalisation": ("Normalization", ""),
    "conv": ("Conv#", ""),
    "convolution": ("Conv#", ""),
    "lazyconv": ("Conv#", ""),
    "convtranspose": ("Conv#Transpose", ""),
    "deconv": ("Conv#Transpose", ""),
    "deconvolution": ("Conv#Transpose", ""),
    "transposedconv": ("Conv#Transpose", ""),
    "upconv": ("Conv#Transpose", ""),
    "sepconv": ("SeparableConv#", ""),
    "separableconv": ("SeparableConv#", ""),
    "depthwiseconv": ("DepthwiseConv#", ""),
    "dwconv": ("DepthwiseConv#", ""),
    "atrousconvolution": ("Conv#", "with 'dilation_rate'"),
    "maxpool": ("MaxPooling#", ""),
    "maxpooling": ("MaxPooling#", ""),
    "pool": ("MaxPooling#", ""),
    "pooling": ("MaxPooling#", ""),
    "avgpool": ("AveragePooling#", ""),
    "averagepool": ("AveragePooling#", ""),
    "avgpooling": ("AveragePooling#", ""),
    "averagepooling": ("AveragePooling#", ""),
    "meanpool": ("AveragePooling#", ""),
    "meanpooling": ("AveragePooling#", ""),
    "globalavgpool": ("GlobalAveragePooling#", ""),
    "globalavgpooling": ("GlobalAveragePooling#", ""),
    "globalaveragepool": ("GlobalAveragePooling#", ""),
    "globalaveragepooling": ("GlobalAveragePooling#", ""),
    "globalpooling": ("GlobalAveragePooling#", ""),
    "globalmaxpool": ("GlobalMaxPooling#", ""),
    "globalmaxpooling": ("GlobalMaxPooling#", ""),
    "gap": ("GlobalAveragePooling#", ""),
    "adaptiveavgpool": ("AdaptiveAveragePooling#", "; for the output size 1, GlobalAveragePooling# is the usual layer"),
    "adaptivemaxpool": ("AdaptiveMaxPooling#", "; for the output size 1, GlobalMaxPooling# is the usual layer"),
    "zeropad": ("ZeroPadding#", ""),
    "zeropadding": ("ZeroPadding#", ""),
    "pad": ("ZeroPadding#", ""),
    "padding": ("ZeroPadding#", ""),
    "crop": ("Cropping#", ""),
    "cropping": ("Cropping#", ""),
    "upsample": ("UpSampling#", ""),
    "upsampling": ("UpSampling#", ""),
    "upsamplingnearest": ("UpSampling#", ""),
    "spatialdropout": ("SpatialDropout#", ""),
    "dropouts": ("Dropout", ""),
    "alphadropout": ("AlphaDropout", ""),
    "concat": ("Concatenate", ""),
    "cat": ("Concatenate", ""),
    "merge": ("Concatenate", "or Add"),
    "sum": ("Add", ""),
    "plus": ("Add", ""),
    "mul": ("Multiply", ""),
    "mean": ("Average", ""),
    "input": ("Input", "or the key 'input:' at the top"),
    "inputs": ("Input", "or the key 'input:' at the top"),
    "view": ("Reshape", ""),
    "flat": ("Flatten", ""),
    "embed": ("Embedding", ""),
    "embeddings": ("Embedding", ""),
    "mha": ("MultiHeadAttention", ""),
    "selfattention": ("MultiHeadAttention", ""),
    "multiheadattention": ("MultiHeadAttention", ""),
    "rnn": ("SimpleRNN", "; RNN itself needs a cell"),
    "bilstm": ("Bidirectional", "with '- Bidirectional: {layer: {LSTM: 32}}'"),
    "bigru": ("Bidirectional", "with '- Bidirectional: {layer: {GRU: 32}}'"),
    "timedistributeddense": ("TimeDistributed", "with '- TimeDistributed: {layer: {Dense: 10}}'"),
}
# Functions that Keras has as an argument of Activation.
_ACTIVATIONS = frozenset(
    "elu gelu hardsigmoid hardswish linear mish relu relu6 selu sigmoid silu softplus softsign swish tanh "  # noqa: SIM905
    "logsoftmax".split()
)
_SPELLED = {"hardsigmoid": "hard_sigmoid", "hardswish": "hard_silu", "logsoftmax": "log_softmax", "swish": "silu"}


def meant_layer(name: str) -> str:
    """Returns a hint such as ``; did you mean 'MaxPooling2D'?`` for the name of an unknown layer; "" if none is similar."""
    known = known_names()
    short = name.rpartition(".")[2]
    folded = _folded(short)
    spelled = [each for each in known if _folded(each) == folded]
    if spelled:
        return f"; did you mean '{min(spelled, key=_is_alias)}'?"
    base, rank = re.fullmatch(r"(.*?)([123]d)?", folded).groups()  # type: ignore[union-attr]
    if base == "dropout" and rank:
        base = "spatialdropout"  # PyTorch's Dropout2d drops whole channels
    if base in _MEANT:
        return _hint(*_MEANT[base], rank, known)
    if folded in _ACTIVATIONS:
        return f"; write '- Activation: {_SPELLED.get(folded, folded)}'"
    return did_you_mean(name, known) or _containing(folded, known)


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def _is_alias(name: str) -> bool:
    return name.startswith(("Convolution", "MaxPool1", "MaxPool2", "MaxPool3", "AvgPool", "GlobalAvg", "GlobalMaxPool"))


def _hint(layer: str, more: str, rank: str | None, known: list[str]) -> str:
    if "#" not in layer:
        return f"; did you mean '{layer}'?" + (f" ({more})" if more else "")
    ranks = [digit for digit in "123" if layer.replace("#", f"{digit}D") in known]
    chosen = [rank[0]] if rank and rank[0] in ranks else ranks
    names = [f"'{layer.replace('#', f'{digit}D')}'" for digit in chosen]
    text = f"; did you mean {listed(names)}?"
    if len(chosen) == 3:
        text += " (2D is for images, 1D for sequences)"
    more = more.replace("#", f"{chosen[0]}D" if len(chosen) == 1 else "")
    return text + (more if more.startswith(";") else f" ({more})" if more else "")


def _containing(folded: str, known: list[str]) -> str:
    """Returns a hint with the layers whose name contains the given text, such as ``batch``."""
    if len(folded) < 3:
        return ""
    names = [name for name in known if folded in name.lower() and not _is_alias(name)]
    return f"; did you mean {listed(repr(name) for name in names[:6])}?" if names else ""
