"""The parameters of TensorFlow's functions, in their order. Source: the functions with ``tf_export`` in ``tensorflow/python/ops``."""

from __future__ import annotations

# Maps parameters to the functions that have them. Last parameters that change nothing, such as ``name``, are left out.
_FUNCTIONS = {
    "x": (
        "abs acos acosh asin asinh atan atanh ceil conj cos cosh digamma erf erfc exp expm1 floor invert_permutation is_finite is_inf "
        "is_nan lgamma linalg.trace log log1p logical_not math.abs math.acos math.acosh math.asin math.asinh math.atan math.atanh "
        "math.bessel_i0 math.bessel_i0e math.bessel_i1 math.bessel_i1e math.ceil math.conj math.cos math.cosh math.digamma math.erf "
        "math.erfc math.erfcinv math.erfinv math.exp math.expm1 math.floor math.invert_permutation math.is_finite math.is_inf "
        "math.is_nan math.lgamma math.log math.log1p math.logical_not math.ndtri math.negative math.reciprocal math.round math.rsqrt "
        "math.sigmoid math.sign math.sin math.sinh math.sqrt math.square math.tan math.tanh negative nn.sigmoid nn.tanh reciprocal "
        "round rsqrt sigmoid sign sin sinh sqrt square tan tanh to_float to_int32 trace"
    ),
    "x y": (
        "add bitwise.bitwise_and bitwise.bitwise_or bitwise.bitwise_xor bitwise.left_shift bitwise.right_shift div divide equal "
        "floor_div floordiv floormod greater greater_equal less less_equal logical_and logical_or logical_xor math.add math.divide "
        "math.divide_no_nan math.equal math.floordiv math.floormod math.greater math.greater_equal math.less math.less_equal "
        "math.logical_and math.logical_or math.logical_xor math.maximum math.minimum math.mod math.multiply math.multiply_no_nan "
        "math.not_equal math.pow math.squared_difference math.subtract math.truediv math.xdivy math.xlog1py math.xlogy maximum minimum "
        "mod multiply not_equal pow squared_difference subtract truediv truncatediv truncatemod"
    ),
    "input_tensor axis keepdims": (
        "math.reduce_all math.reduce_any math.reduce_euclidean_norm math.reduce_logsumexp math.reduce_max math.reduce_mean "
        "math.reduce_min math.reduce_prod math.reduce_std math.reduce_sum math.reduce_variance reduce_all reduce_any reduce_logsumexp "
        "reduce_max reduce_mean reduce_min reduce_prod reduce_sum"
    ),
    "input": (
        "cholesky diag_part fft identity ifft imag linalg.cholesky linalg.det linalg.expm math.imag math.real rank real signal.fft "
        "signal.ifft stop_gradient"
    ),
    "data segment_ids num_segments": (
        "math.unsorted_segment_max math.unsorted_segment_mean math.unsorted_segment_min math.unsorted_segment_sum unsorted_segment_max "
        "unsorted_segment_mean unsorted_segment_min unsorted_segment_sum"
    ),
    "images": (
        "image.grayscale_to_rgb image.hsv_to_rgb image.rgb_to_grayscale image.rgb_to_hsv image.rgb_to_yiq image.rgb_to_yuv "
        "image.yiq_to_rgb image.yuv_to_rgb"
    ),
    "input ksize strides padding data_format": (
        "nn.avg_pool nn.avg_pool1d nn.avg_pool2d nn.avg_pool3d nn.max_pool nn.max_pool1d nn.max_pool2d nn.max_pool3d"
    ),
    "features": "math.softplus nn.elu nn.relu nn.relu6 nn.selu nn.softplus nn.softsign",
    "a x": "igamma igammac math.igamma math.igammac math.polygamma polygamma",
    "image": (
        "image.flip_left_right image.flip_up_down image.per_image_standardization image.random_flip_left_right "
        "image.random_flip_up_down image.transpose"
    ),
    "tensor indices updates": (
        "tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update"
    ),
    "x axis exclusive reverse": "cumprod cumsum math.cumprod math.cumsum math.cumulative_logsumexp",
    "input axis output_type": "argmax argmin math.argmax math.argmin",
    "input filters strides padding data_format dilations": "nn.conv2d nn.conv3d nn.convolution nn.dilation2d",
    "inputs min max num_bits narrow_range": (
        "fake_quant_with_min_max_args fake_quant_with_min_max_vars quantization.fake_quant_with_min_max_args "
        "quantization.fake_quant_with_min_max_vars"
    ),
    "shape mean stddev dtype": "random.normal random.truncated_normal random_normal truncated_normal",
    "a name conjugate": "linalg.matrix_transpose linalg.transpose matrix_transpose",
    "images size align_corners name half_pixel_centers": "image.resize_bicubic image.resize_bilinear image.resize_nearest_neighbor",
    "input filters output_shape strides padding data_format dilations": "nn.conv1d_transpose nn.conv2d_transpose nn.conv3d_transpose",
    "input precision scientific shortest width fill": "as_string dtypes.as_string strings.as_string",
    "logits axis": "math.log_softmax nn.log_softmax nn.softmax",
    "value": "math.zero_fraction nn.zero_fraction random.shuffle",
    "x axis epsilon name dim": "linalg.l2_normalize math.l2_normalize nn.l2_normalize",
    "a b": "cross linalg.cross",
    "a b axes": "linalg.tensordot tensordot",
    "a b transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse output_type": "linalg.matmul matmul",
    "a b x": "betainc math.betainc",
    "features beta": "nn.silu nn.swish",
    "image delta": "image.adjust_brightness image.adjust_hue",
    "image lower upper": "image.random_contrast image.random_saturation",
    "image max_delta": "image.random_brightness image.random_hue",
    "image offset_height offset_width target_height target_width": "image.crop_to_bounding_box image.pad_to_bounding_box",
    "input axis": "expand_dims squeeze",
    "input block_shape crops": "batch_to_space batch_to_space_nd",
    "input block_shape paddings": "space_to_batch space_to_batch_nd",
    "input block_size data_format": "nn.depth_to_space nn.space_to_depth",
    "input block_size name data_format": "depth_to_space space_to_depth",
    "input dtype": "ones_like zeros_like",
    "input fft_length": "signal.irfft signal.rfft",
    "input k sorted index_type": "math.top_k nn.top_k",
    "input out_type": "shape size",
    "inputs": "add_n math.add_n",
    "inputs shape tensor_dtype": "accumulate_n math.accumulate_n",
    "labels logits": "nn.sigmoid_cross_entropy_with_logits nn.sparse_softmax_cross_entropy_with_logits",
    "matrix": "linalg.adjoint linalg.logdet",
    "num_rows num_columns batch_shape dtype": "eye linalg.eye",
    "real imag": "complex dtypes.complex",
    "scalar x": "math.scalar_mul scalar_mul",
    "shape dtype": "ones zeros",
    "shape minval maxval dtype": "random.uniform random_uniform",
    "targets predictions k": "math.in_top_k nn.in_top_k",
    "tensor axis": "reverse reverse_v2",
    "tensor message": "check_numerics debugging.check_numerics",
    "tensor ord axis keepdims": "linalg.norm norm",
    "value dtype": "dtypes.saturate_cast saturate_cast",
    "value size": "image.random_crop random_crop",
    "values axis": "concat stack",
    "x dtype": "cast dtypes.cast",
    "x q": "math.zeta zeta",
    "y x": "atan2 math.atan2",
    "a": "experimental.numpy.sum",
    "a b max_val": "image.psnr",
    "a b transpose_a adjoint_a a_is_sparse b_is_sparse": "linalg.matvec",
    "a perm conjugate": "transpose",
    "a rcond validate_args": "linalg.pinv",
    "arr weights minlength maxlength dtype": "bincount",
    "arr weights minlength maxlength dtype name axis binary_output": "math.bincount",
    "boxes scores max_output_size iou_threshold score_threshold": "image.non_max_suppression",
    "condition x y": "where",
    "data partitions num_partitions": "dynamic_partition",
    "diagonal": "diag",
    "diagonal name k num_rows num_cols padding_value align": "linalg.diag",
    "dims value": "fill",
    "features alpha": "nn.leaky_relu",
    "features approximate": "nn.gelu",
    "features axis": "nn.crelu",
    "image boxes box_indices crop_size method extrapolation_value": "image.crop_and_resize",
    "image central_fraction": "image.central_crop",
    "image dtype saturate": "image.convert_image_dtype",
    "image gamma gain": "image.adjust_gamma",
    "image k": "image.rot90",
    "image saturation_factor": "image.adjust_saturation",
    "image target_height target_width": "image.resize_with_crop_or_pad",
    "image target_height target_width method antialias": "image.resize_with_pad",
    "images contrast_factor": "image.adjust_contrast",
    "images size": "image.resize_area",
    "images size method align_corners preserve_aspect_ratio": "image.resize_images",
    "images size method preserve_aspect_ratio antialias": "image.resize",
    "images sizes strides rates padding": "image.extract_patches",
    "indices depth on_value off_value axis dtype": "one_hot",
    "indices updates shape": "scatter_nd",
    "input adjoint": "linalg.inv",
    "input axis keepdims dtype": "math.count_nonzero",
    "input depth_radius bias alpha beta": "nn.local_response_normalization",
    "input depthwise_filter pointwise_filter strides padding data_format dilations": "nn.separable_conv2d",
    "input diagonal name k align": "linalg.set_diag",
    "input filter strides padding data_format dilations": "nn.depthwise_conv2d",
    "input filters stride padding data_format dilations": "nn.conv1d",
    "input ksize strides padding data_format output_dtype include_batch_in_index": "nn.max_pool_with_argmax",
    "input multiples": "tile",
    "input name k padding_value align": "linalg.diag_part",
    "input num_lower num_upper": "linalg.band_part",
    "input repeats axis": "repeat",
    "input sep maxsplit": "strings.split",
    "input seq_lengths seq_axis batch_axis": "reverse_sequence",
    "input shape": "broadcast_to",
    "input shift axis": "roll",
    "input type": "bitcast",
    "input unit": "strings.length",
    "input window_shape pooling_type strides padding data_format dilations": "nn.pool",
    "input_ begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask": "strided_slice",
    "input_ begin size": "slice",
    "input_tensor axis keepdims dtype name reduction_indices keep_dims input": "count_nonzero",
    "labels logits axis": "nn.softmax_cross_entropy_with_logits",
    "labels logits axis name dim": "nn.softmax_cross_entropy_with_logits_v2",
    "labels logits pos_weight": "nn.weighted_cross_entropy_with_logits",
    "lengths maxlen dtype": "sequence_mask",
    "log_mel_spectrograms": "signal.mfccs_from_log_mel_spectrograms",
    "logits num_samples dtype": "random.categorical",
    "matrix rhs adjoint": "linalg.solve",
    "matrix rhs l2_regularizer fast": "linalg.lstsq",
    "matrix rhs lower adjoint": "linalg.triangular_solve",
    "params ids max_norm": "nn.embedding_lookup",
    "params indices batch_dims": "gather_nd",
    "params indices validate_indices axis batch_dims": "gather",
    "per_example_loss sample_weight global_batch_size": "nn.compute_average_loss",
    "seed num alg": "random.split",
    "signal frame_length frame_step pad_end pad_value axis": "signal.frame",
    "signals frame_length frame_step fft_length window_fn pad_end": "signal.stft",
    "sorted_sequence values side out_type": "searchsorted",
    "start limit delta dtype": "range",
    "t": "nn.l2_loss",
    "t clip_norm axes": "clip_by_norm",
    "t clip_value_min clip_value_max": "clip_by_value",
    "targets log_input compute_full_loss": "nn.log_poisson_loss",
    "tensor": "linalg.eigvalsh",
    "tensor mask axis": "boolean_mask",
    "tensor ord axis": "linalg.normalize",
    "tensor paddings mode constant_values": "pad",
    "tensor shape": "reshape",
    "value bias data_format": "nn.bias_add",
    "value filters strides padding data_format dilations": "nn.erosion2d",
    "value num axis": "unstack",
    "value num_or_size_splits axis num": "split",
    "values axis direction": "sort",
    "values axis direction stable": "argsort",
    "x axes shift keepdims": "nn.moments",
    "x out_idx": "unique",
    "x rate noise_shape": "nn.dropout",
    "x shape": "ensure_shape",
    "x1 x2": "math.nextafter",
}
SIGNATURES = {name: tuple(parameters.split()) for parameters, names in _FUNCTIONS.items() for name in names.split()}
# Maps parameters of TensorFlow 1 to those of TensorFlow 2.
RENAMED = {
    "keep_dims": "keepdims",
    "reduction_indices": "axis",
    "dim": "axis",
    "squeeze_dims": "axis",
    "dimension": "axis",
    "concat_dim": "axis",
    "seq_dim": "seq_axis",
    "batch_dim": "batch_axis",
    "box_ind": "box_indices",
}
