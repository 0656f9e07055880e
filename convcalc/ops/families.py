"""Maps each operation to the family that declares it. A family is imported only if a model uses one of its operations.

This file is generated from the declarations. After a change, run `python -m tests.regenerate.families`.
"""

from __future__ import annotations

# Each family's names, in the order of their declarations.
FAMILIES = {
    "concatenation": """
        Concatenate Append Hstack Vstack Dstack Stack Unstack Split ArraySplit Hsplit Vsplit Dsplit Meshgrid
    """,
    "creation": """
        Full Arange Linspace Geomspace Logspace Vander OneHot MultiHot
    """,
    "diagonals": """
        Tril Triu Diagonal Trace Diag Diagflat
    """,
    "elementwise": """
        Absolute Abs Conjugate Conj NanToNum Negative Sign Trunc BitwiseInvert BitwiseNot Copy Imag Real Angle Arccos
        Arccosh Arcsin Arcsinh Arctan Arctanh Ceil Cos Cosh Floor Log Log10 Log1p Log2 Sin Sinh Sqrt Tan Tanh Sinc Exp
        Exp2 Expm1 Fabs Cbrt Deg2rad I0 Rad2deg Square Reciprocal Isfinite Isinf Isnan Isneginf Isposinf Isreal
        Signbit LogicalNot Equal Greater GreaterEqual Less LessEqual NotEqual LogicalAnd LogicalOr LogicalXor Add
        Maximum Minimum Multiply Subtract FloorDivide Fmax Fmin Power Divide TrueDivide DivideNoNan Logaddexp
        Logaddexp2 Heaviside Hypot Fmod Mod Gcd Lcm Ldexp Nextafter Arctan2 BitwiseAnd BitwiseOr BitwiseXor
        BitwiseLeftShift LeftShift BitwiseRightShift RightShift HardSigmoid HardSilu HardTanh LogSigmoid Relu Relu6
        Selu Sigmoid Silu Softplus Softsign SparsePlus SparseSigmoid TanhShrink Erf Erfinv Rsqrt Erfc Round Clip Where
        Select Isclose OnesLike ZerosLike EmptyLike FullLike Cast SaturateCast Array Polar StopGradient
        ConvertToTensor LeakyRelu Gelu Elu Celu HardShrink SoftShrink Threshold Squareplus
    """,
    "images": """
        RGBToHSV HSVToRGB RGBToGrayscale Resize GaussianBlur ElasticTransform AffineTransform PerspectiveTransform
        MapCoordinates ScaleAndTranslate SobelEdges PadImages CropImages
    """,
    "linalg": """
        Cholesky CholeskyInverse Inv Det Logdet Slogdet Eig Eigh LuFactor Qr SVD MatrixRank Pinv Solve SolveTriangular
        Lstsq Norm
    """,
    "losses": """
        BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy CTCLoss CTCDecode PSNR SSIM
    """,
    "products": """
        Matmul Dot Inner Vdot Outer Kron Cross Correlate Corrcoef Tensordot Einsum CDist DotProductAttention
    """,
    "reduction": """
        All Any Amax Amin Ptp Nanmax Nanmin Argmax Argmin Nanargmax Nanargmin Sum Nansum Nanprod Mean Std Nanmean
        Nanmedian Nanstd Nanvar Var Median Logsumexp Max Min Prod CountNonzero AllClose Size Ndim Cumsum Cumprod
        Nancumsum Nancumprod Argsort Sort Softmax LogSoftmax Sparsemax Normalize Moments LayerNorm BatchNorm RMSNorm
        TopK InTopK Percentile Nanpercentile Nanquantile Quantile Average Bincount
    """,
    "search": """
        Digitize SearchSorted IsIn Nonzero UnravelIndex Argpartition Histogram Unique
    """,
    "shape_ops": """
        ExpandDims Squeeze Reshape View Ravel Transpose Swapaxes Moveaxis GetItem Take TakeAlongAxis Flip Fliplr
        Flipud Roll Rot90 BroadcastTo Repeat Tile Pad Diff Glu Slice SliceUpdate ScatterUpdate Scatter DepthToSpace
        SpaceToDepth Trapezoid
    """,
    "signal": """
        FFT FFT2 IFFT2 RFFT IRFFT ExtractSequences STFT ISTFT ViewAsComplex ViewAsReal SegmentSum SegmentMax
        SegmentMin SegmentProd
    """,
    "windows": """
        MaxPool AveragePool AdaptiveMaxPool AdaptiveAveragePool Conv DepthwiseConv SeparableConv ConvTranspose
        ExtractPatches Unfold Fold
    """,
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names.split()}
