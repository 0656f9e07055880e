"""Configs that convcalc once refused completely because of one detail, and Keras's results for these configs.

``tests/read/test_whole_files.py`` compares the results with convcalc, ``tests/live/test_whole_files.py`` with Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.helpers.keras_configs import functional, layer

Shape = tuple[int | None, ...]


class Case(NamedTuple):
    """A config and the expected results. ``rows`` maps the name of a layer to its output shapes and parameters (None:
    unknown).

    ``keras`` is the major version of Keras that can load the config; 0 if no version can, because the custom classes do
    not exist.
    """

    config: dict[str, Any]
    rows: Mapping[str, tuple[list[Shape | None], int | None]]
    keras: int = 3


CASES: dict[str, Case] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    """Decorator: calls the function and adds its case to ``CASES``, under the function's name."""
    CASES[make.__name__.replace("_", " ")] = make()
    return make


def inputs(*shape: int | None, name: str = "x", dtype: str = "float32") -> dict[str, Any]:
    """Returns the input layer of a functional config."""
    return layer("InputLayer", name, batch_shape=[None, *shape], dtype=dtype)


def at(name: str, *shape: int | None, node: int = 0, output: int = 0) -> dict[str, Any]:
    """Returns a tensor as Keras 3 refers to it. ``shape`` does not include the batch axis."""
    config = {"shape": [None, *shape], "dtype": "float32", "keras_history": [name, node, output]}
    return {"class_name": "__keras_tensor__", "config": config}


def foreign(class_name: str, name: str, *nodes: Any, **config: Any) -> dict[str, Any]:
    """Returns a layer of a custom class."""
    entry = layer(class_name, name, *nodes, module="some.package", **config)
    return {**entry, "registered_name": f"package>{class_name}"}


def chain(*layers: dict[str, Any], name: str = "sequential") -> dict[str, Any]:
    """Returns the config of a Sequential of Keras 3."""
    entries = [{key: entry[key] for key in entry if key not in ("name", "inbound_nodes")} for entry in layers]
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": name, "trainable": True, "layers": entries},
        "registered_name": None,
    }


def initializer(class_name: str, **config: Any) -> dict[str, Any]:
    """Returns an initializer as Keras 3 writes it."""
    return {"module": "keras.initializers", "class_name": class_name, "config": config, "registered_name": None}


def _single(body: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Returns a functional model of an input and one layer."""
    name = body["name"]
    node = {"args": [at("x", *shape[1:])], "kwargs": {}}
    return functional(inputs(*shape[1:]), {**body, "inbound_nodes": [node]}, outputs=[[name, 0, 0]])


def _inside(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns a layer as another layer's config contains it."""
    return {key: value for key, value in entry.items() if key not in ("name", "inbound_nodes")}


# Class names of Keras 3.0 to 3.6 --------------------------------------------------------------------------------------


@case
def orthogonal_initializer_of_an_LSTM() -> Case:
    body = layer("LSTM", "r", units=3, recurrent_initializer=initializer("OrthogonalInitializer", gain=1.0, seed=None))
    return Case(_single(body, (None, 5, 4)), {"r": ([(None, 3)], 96)})


@case
def orthogonal_initializer_with_a_gain() -> Case:
    body = layer("GRU", "r", units=3, recurrent_initializer=initializer("OrthogonalInitializer", gain=2.0, seed=7))
    return Case(_single(body, (None, 5, 4)), {"r": ([(None, 3)], 81)})


@case
def identity_initializer_of_a_Dense() -> Case:
    body = layer("Dense", "d", units=3, kernel_initializer=initializer("IdentityInitializer", gain=1.0))
    return Case(_single(body, (None, 4)), {"d": ([(None, 3)], 15)})


@case
def orthogonal_initializer_inside_a_wrapper() -> Case:
    orthogonal = initializer("OrthogonalInitializer", gain=1.0, seed=None)
    cell = layer("LSTMCell", "cell", units=3, recurrent_initializer=orthogonal)
    inner = layer("RNN", "rnn", cell=_inside(cell))
    return Case(_single(layer("Bidirectional", "b", layer=_inside(inner)), (None, 5, 4)), {"b": ([(None, 6)], 192)})


# Custom classes with several outputs ----------------------------------------------------------------------------------


@case
def custom_class_whose_outputs_are_both_used() -> Case:
    config = functional(
        inputs(4),
        foreign("Halves", "h", [at("x", 4)]),
        layer("Dense", "a", [at("h", 2)], units=3),
        layer("Dense", "b", [at("h", 2, output=1)], units=5),
        outputs=[["a", 0, 0], ["b", 0, 0]],
    )
    return Case(config, {"h": ([(None, 2), (None, 2)], None), "a": ([(None, 3)], 9), "b": ([(None, 5)], 15)})


@case
def custom_class_whose_third_output_is_used() -> Case:
    config = functional(
        inputs(4),
        foreign("Thirds", "h", [at("x", 4)]),
        layer("Dense", "a", [at("h", 2, output=2)], units=3),
        outputs=[["a", 0, 0]],
    )
    return Case(config, {"h": ([None, None, (None, 2)], None), "a": ([(None, 3)], 9)})


@case
def custom_class_whose_second_output_is_an_output_of_the_model() -> Case:
    config = functional(
        inputs(4),
        foreign("Halves", "h", [at("x", 4)]),
        layer("Dense", "a", [at("h", 2)], units=3),
        outputs=[["a", 0, 0], ["h", 0, 1]],
    )
    return Case(config, {"h": ([(None, 2), None], None), "a": ([(None, 3)], 9)})


@case
def lambda_with_two_outputs() -> Case:
    code = {"class_name": "__lambda__", "config": {"code": "", "defaults": None, "closure": None}}
    config = functional(
        inputs(4),
        layer("Lambda", "h", [at("x", 4)], function=code, arguments={}),
        layer("Dense", "a", [at("h", 2)], units=3),
        layer("Dense", "b", [at("h", 2, output=1)], units=5),
        outputs=[["a", 0, 0], ["b", 0, 0]],
    )
    return Case(config, {"h": ([(None, 2), (None, 2)], 0), "a": ([(None, 3)], 9), "b": ([(None, 5)], 15)}, 0)


@case
def unknown_operation_with_two_outputs() -> Case:
    operation = layer("Scan", "h", [at("x", 4)], module="keras.src.ops.core")
    config = functional(
        inputs(4),
        operation,
        layer("Dense", "a", [at("h", 2)], units=3),
        layer("Dense", "b", [at("h", 2, output=1)], units=5),
        outputs=[["a", 0, 0], ["b", 0, 0]],
    )
    return Case(config, {"a": ([(None, 3)], 9), "b": ([(None, 5)], 15)}, 0)


# Outputs of custom models, whose calls Keras numbers from 1 ----------------------------------------------------------


@case
def custom_model_as_the_output() -> Case:
    config = functional(inputs(4), foreign("Backbone", "m", [at("x", 4)]), outputs=[["m", 1, 0]])
    return Case(config, {"m": ([None], None)})


@case
def custom_model_called_twice_with_the_second_call_as_the_output() -> Case:
    node = [at("m", 4)]
    config = functional(inputs(4), foreign("Backbone", "m", [at("x", 4)], node), outputs=[["m", 2, 0]])
    return Case(config, {"m": ([None], None)})


@case
def custom_model_called_twice_with_the_first_call_as_the_output() -> Case:
    config = functional(
        inputs(4),
        foreign("Backbone", "m", [at("x", 4)], [at("x", 4)]),
        layer("Dense", "a", [at("m", 4, node=1)], units=3),
        outputs=[["a", 0, 0], ["m", 1, 0]],
    )
    return Case(config, {"m": ([(None, 4)], None), "a": ([(None, 3)], 15)})


@case
def custom_layer_called_twice_with_the_second_call_as_the_output() -> Case:
    config = functional(inputs(4), foreign("Same", "m", [at("x", 4)], [at("m", 4)]), outputs=[["m", 1, 0]])
    return Case(config, {"m": ([None], None)})


# Discretization, and custom classes with an argument 'name' -----------------------------------------------------------


@case
def adapted_Discretization() -> Case:
    body = layer("Discretization", "d", bin_boundaries=[0.1, 0.2], num_bins=4, output_mode="one_hot")
    return Case(_single(body, (None, 1)), {"d": ([(None, 3)], 0)})


@case
def adapted_Discretization_with_whole_numbers() -> Case:
    body = layer("Discretization", "d", bin_boundaries=[0.1, 0.2], num_bins=4, output_mode="int")
    return Case(_single(body, (None, 3)), {"d": ([(None, 3)], 0)})


@case
def Discretization_without_boundaries() -> Case:
    body = layer("Discretization", "d", bin_boundaries=None, num_bins=4, output_mode="one_hot")
    return Case(_single(body, (None, 1)), {"d": ([(None, 4)], 0)})


@case
def custom_classes_with_an_argument_name() -> Case:
    config = functional(
        inputs(4),
        {**foreign("Named", "one", [at("x", 4)]), "config": {"name": "same"}},
        {**foreign("Named", "two", [at("one", 4)]), "config": {"name": "same"}},
        layer("Dense", "a", [at("two", 4)], units=3),
        outputs=[["a", 0, 0]],
    )
    return Case(config, {"one": ([(None, 4)], None), "two": ([(None, 4)], None), "a": ([(None, 3)], 15)}, 0)


@case
def custom_classes_in_a_Sequential_with_an_argument_name() -> Case:
    named = [{**foreign("Named", "n"), "config": {"name": "same"}} for _ in range(2)]
    config = chain(inputs(4), *named, layer("Dense", "a", units=3))
    return Case(config, {"same": ([None], None), "named": ([None], None), "a": ([None], None)}, 0)


@case
def custom_class_whose_argument_name_is_no_text() -> Case:
    config = functional(
        inputs(4),
        {**foreign("Named", "one", [at("x", 4)]), "config": {"name": ["u", "v"]}},
        layer("Dense", "a", [at("one", 4)], units=3),
        outputs=[["a", 0, 0]],
    )
    return Case(config, {"one": ([(None, 4)], None), "a": ([(None, 3)], 15)}, 0)


# A Sequential with several outputs ------------------------------------------------------------------------------------


def _nested(inner: dict[str, Any], *shape: int | None) -> dict[str, Any]:
    """Returns a functional model that calls the model ``inner`` once.

    Two Dense layers read the first two outputs of this call. In the functional model, the name of ``inner`` is
    ``sequential``.
    """
    entry = {**inner, "name": "sequential", "inbound_nodes": [{"args": [at("x", *shape)], "kwargs": {}}]}
    dense = [layer("Dense", f"d{n}", [at("sequential", 2, output=n)], units=3) for n in range(2)]
    return functional(inputs(*shape), entry, *dense, outputs=[["d0", 0, 0], ["d1", 0, 0]])


_DENSE_ROWS: dict[str, tuple[list[Shape | None], int | None]] = {"d0": ([(None, 3)], 9), "d1": ([(None, 3)], 9)}


@case
def Sequential_that_ends_in_an_LSTM_with_states() -> Case:
    inner = chain(inputs(5, 4), layer("LSTM", "r", units=2, return_state=True))
    return Case(_nested(inner, 5, 4), {"sequential": ([(None, 2)] * 3, 56), **_DENSE_ROWS})


@case
def Sequential_that_ends_in_a_GRU_with_states() -> Case:
    inner = chain(inputs(5, 4), layer("GRU", "r", units=2, return_state=True))
    return Case(_nested(inner, 5, 4), {"sequential": ([(None, 2)] * 2, 48), **_DENSE_ROWS})


@case
def Sequential_that_ends_in_a_Bidirectional_without_a_merge() -> Case:
    cell = _inside(layer("LSTM", "r", units=2))
    inner = chain(inputs(5, 4), layer("Bidirectional", "b", layer=cell, merge_mode=None))
    return Case(_nested(inner, 5, 4), {"sequential": ([(None, 2)] * 2, 112), **_DENSE_ROWS})


@case
def Sequential_that_ends_in_a_model_with_two_outputs() -> Case:
    branches = [layer("Dense", f"e{n}", [at("x", 4)], units=2) for n in range(2)]
    last = functional(inputs(4), *branches, outputs=[["e0", 0, 0], ["e1", 0, 0]])
    inner = chain(inputs(4), {**last, "name": "model"})
    return Case(_nested(inner, 4), {"sequential": ([(None, 2)] * 2, 20), **_DENSE_ROWS})


@case
def Sequential_with_states_as_the_model() -> Case:
    config = chain(inputs(5, 4), layer("LSTM", "r", units=2, return_state=True))
    return Case(config, {"r": ([(None, 2)] * 3, 56)})


# Nested models that are called on inputs of another rank --------------------------------------------------------------


def _called_on(declared: tuple[int | None, ...], shape: tuple[int | None, ...], output: Shape) -> Case:
    inner = functional(
        inputs(*declared), layer("Flatten", "f", [at("x", *declared)]), outputs=[["f", 0, 0]], name="inner"
    )
    entry = {**inner, "name": "inner", "inbound_nodes": [{"args": [at("x", *shape)], "kwargs": {}}]}
    return Case(functional(inputs(*shape), entry, outputs=[["inner", 1, 0]]), {"inner": ([output], 0)})


@case
def model_for_images_without_channels_called_on_one_channel() -> Case:
    return _called_on((28, 28), (28, 28, 1), (None, 784))


@case
def model_for_one_channel_called_on_images_without_channels() -> Case:
    return _called_on((28, 28, 1), (28, 28), (None, 784))


@case
def model_for_one_feature_called_on_several() -> Case:
    return _called_on((1,), (4,), (None, 4))


@case
def model_for_two_features_called_on_one() -> Case:
    return _called_on((3, 2), (3, 1), (None, 3))


def _nested(body: dict[str, Any], declared: Shape, shape: Shape, output: Shape | None, params: int) -> Case:
    """Returns a model that calls a nested model of one layer on an input of the shape ``shape``.

    The nested model declares its input with the shape ``declared``.
    """
    inner = functional(
        inputs(*declared),
        {**body, "inbound_nodes": [{"args": [at("x", *declared)], "kwargs": {}}]},
        outputs=[[body["name"], 0, 0]],
        name="inner",
    )
    entry = {**inner, "name": "inner", "inbound_nodes": [{"args": [at("x", *shape)], "kwargs": {}}]}
    return Case(functional(inputs(*shape), entry, outputs=[["inner", 1, 0]]), {"inner": ([output], params)})


@case
def convolution_in_a_model_called_on_an_unknown_number_of_channels() -> Case:
    """The parameters are known, because Keras created the kernel for 1 channel."""
    body = layer("Conv2D", "c", filters=2, kernel_size=[1, 1])
    return _nested(body, (1, 5, 1), (1, 5, None), (None, 1, 5, 2), 4)


@case
def dense_in_a_model_called_on_an_unknown_number_of_features() -> Case:
    return _nested(layer("Dense", "d", units=3), (4,), (None,), (None, 3), 15)


@case
def dense_in_a_model_called_on_an_unknown_axis_more() -> Case:
    return _nested(layer("Dense", "d", units=3), (1,), (1, None), (None, 1, 3), 6)


@case
def recurrent_layer_in_a_model_called_on_an_axis_more() -> Case:
    """Keras does not check the rank of the nested model's input. The weights are known, the output shape is not."""
    return _nested(layer("LSTM", "r", units=2), (5, 1), (5, 1, 1), None, 32)


@case
def pooling_in_a_model_called_on_an_axis_more() -> Case:
    return _nested(layer("GlobalMaxPooling1D", "p"), (4, 4), (4, 4, 1), None, 0)


# 0, 1 or null as a value of a bool ------------------------------------------------------------------------------------


@case
def use_bias_as_a_number() -> Case:
    return Case(_single(layer("Dense", "d", units=3, use_bias=1), (None, 4)), {"d": ([(None, 3)], 15)})


@case
def use_bias_as_null() -> Case:
    body = layer("Conv1D", "c", filters=2, kernel_size=[3], use_bias=None)
    return Case(_single(body, (None, 9, 4)), {"c": ([(None, 7, 2)], 24)})


@case
def use_bias_as_an_empty_list() -> Case:
    return Case(_single(layer("Dense", "d", units=3, use_bias=[]), (None, 4)), {"d": ([(None, 3)], 12)})


@case
def use_bias_as_a_word() -> Case:
    return Case(_single(layer("Dense", "d", units=3, use_bias="abc"), (None, 4)), {"d": ([(None, 3)], 15)})


@case
def strides_and_filters_as_true() -> Case:
    body = layer("Conv1D", "c", filters=True, kernel_size=[3], strides=True)
    return Case(_single(body, (None, 9, 4)), {"c": ([(None, 7, 1)], 13)})


@case
def rate_as_false() -> Case:
    return Case(_single(layer("Dropout", "d", rate=False), (None, 4)), {"d": ([(None, 4)], 0)})


@case
def return_sequences_as_a_number_inside_a_wrapper() -> Case:
    cell = _inside(layer("LSTM", "r", units=3, return_sequences=1, use_bias=0))
    return Case(_single(layer("Bidirectional", "b", layer=cell), (None, 5, 4)), {"b": ([(None, 5, 6)], 168)})


@case
def epsilon_as_null() -> Case:
    body = layer("LayerNormalization", "b", epsilon=None, scale=0)
    return Case(_single(body, (None, 4)), {"b": ([(None, 4)], 4)})


# Layers that are called on constants ----------------------------------------------------------------------------------


def constant(*shape: int, dtype: str = "float32", class_name: str = "__numpy__") -> dict[str, Any]:
    """Returns a constant of ones as Keras 3 writes it: ``__numpy__`` for an array, ``__tensor__`` for a tensor."""
    value: Any = 1
    for size in reversed(shape):
        value = [value] * size
    return {"class_name": class_name, "config": {"value": value, "dtype": dtype}}


def _on_constants(body: dict[str, Any], shape: Shape, output: Shape, params: int, *args: Any, **kwargs: Any) -> Case:
    """Returns the case of a model that has an input, a layer with this call, and a Dense layer with 2 units."""
    name = body["name"]
    called = {**body, "inbound_nodes": [{"args": list(args), "kwargs": kwargs}]}
    after = layer("Dense", "after", [at(name, *output[1:])], units=2)
    config = functional(inputs(*shape[1:]), called, after, outputs=[["after", 0, 0]])
    assert output[-1] is not None
    rows = {name: ([output], params), "after": ([(*output[:-1], 2)], 2 * output[-1] + 2)}
    return Case(config, rows)


@case
def Concatenate_with_a_constant() -> Case:
    return _on_constants(layer("Concatenate", "c"), (None, 4), (None, 7), 0, [at("x", 4), constant(1, 3)])


@case
def Concatenate_with_two_constants_along_the_steps() -> Case:
    args = [at("x", 5, 4), constant(1, 2, 4), constant(1, 1, 4, class_name="__tensor__")]
    return _on_constants(layer("Concatenate", "c", axis=1), (None, 5, 4), (None, 8, 4), 0, args)


@case
def Add_with_a_constant_for_one_sample() -> Case:
    return _on_constants(layer("Add", "a"), (None, 4), (1, 4), 0, [at("x", 4), constant(1, 4)])


@case
def Multiply_with_a_constant_for_three_samples() -> Case:
    return _on_constants(layer("Multiply", "m"), (None, 4), (3, 4), 0, [at("x", 4), constant(3, 1, dtype="int32")])


@case
def Average_with_a_constant_of_a_higher_rank() -> Case:
    return _on_constants(layer("Average", "a"), (None, 4), (2, 3, 4), 0, [at("x", 4), constant(2, 3, 4)])


@case
def Maximum_with_a_constant_without_a_batch_axis() -> Case:
    called = layer("Maximum", "m", [[at("x", 4), constant(4)]])
    return Case(functional(inputs(4), called, outputs=[["m", 0, 0]]), {"m": ([(4,)], 0)})


@case
def Subtract_of_a_constant() -> Case:
    return _on_constants(layer("Subtract", "s"), (None, 4), (1, 4), 0, [at("x", 4), constant(1, 4)])


@case
def Dot_with_a_constant() -> Case:
    return _on_constants(layer("Dot", "d", axes=2), (None, 5, 4), (None, 5, 7), 0, [at("x", 5, 4), constant(1, 7, 4)])


@case
def Attention_to_a_constant() -> Case:
    args = [at("x", 5, 4), constant(1, 7, 4), constant(1, 7, 4)]
    return _on_constants(layer("Attention", "a"), (None, 5, 4), (None, 5, 4), 0, args)


@case
def MultiHeadAttention_to_constants() -> Case:
    body = layer("MultiHeadAttention", "a", num_heads=2, key_dim=3)
    named = {"key": constant(1, 7, 5), "value": constant(1, 7, 6)}
    return _on_constants(body, (None, 5, 4), (None, 5, 4), 136, at("x", 5, 4), **named)


@case
def MultiHeadAttention_of_a_constant_query() -> Case:
    body = layer("MultiHeadAttention", "a", num_heads=2, key_dim=3)
    named = {"query": constant(2, 3, 4), "value": at("x", 5, 4)}
    return _on_constants(body, (None, 5, 4), (2, 3, 4), 118, **named)


@case
def LSTM_with_a_constant_state() -> Case:
    states = [constant(1, 3), at("state", 3)]
    called = {**layer("LSTM", "r", units=3), "inbound_nodes": [{"args": [at("x", 5, 4)], "kwargs": {}}]}
    called["inbound_nodes"][0]["kwargs"] = {"initial_state": states}
    entries = [inputs(5, 4), inputs(3, name="state"), called]
    config = functional(*entries, input_layers=[["x", 0, 0], ["state", 0, 0]], outputs=[["r", 0, 0]])
    return Case(config, {"r": ([(None, 3)], 96)})


@case
def GRUCell_with_a_constant_state() -> Case:
    called = layer("GRUCell", "c", [at("x", 4), [constant(1, 3)]], units=3)
    return Case(functional(inputs(4), called, outputs=[["c", 0, 0]]), {"c": ([(None, 3), (None, 3)], 81)})


def _keras2(class_name: str, name: str, nodes: list[Any], **config: Any) -> dict[str, Any]:
    """Returns a layer of a functional config of Keras 2."""
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}


@case
def Concatenate_with_a_constant_in_Keras_2() -> Case:
    """Keras 2 writes this model, but cannot load it. The expected numbers belong to the model before it was saved."""
    entries = [
        _keras2("InputLayer", "x", [], batch_input_shape=[None, 4], dtype="float32"),
        _keras2("Concatenate", "c", [[["x", 0, 0, {}], ["_CONSTANT_VALUE", -1, [[1.0, 1.0, 1.0]], {}]]], axis=-1),
        _keras2("Dense", "d", [[["c", 0, 0, {}]]], units=2),
    ]
    config = {"name": "m", "layers": entries, "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}
    return Case(
        {"class_name": "Functional", "config": config}, {"c": ([(None, 7)], 0), "d": ([(None, 2)], 16)}, keras=0
    )


# Image layers that are called on a dict -------------------------------------------------------------------------------


def _on_a_dict(body: dict[str, Any], tree: dict[str, Any], **shapes: Shape) -> Case:
    """Returns the case of a model that has an input for each tensor in the dict, and a layer called on the dict.

    ``shapes`` has the shape of each input. The order of ``shapes`` is the order of the layer's outputs.
    """
    name = body["name"]
    entries = [inputs(*shape[1:], name=key) for key, shape in shapes.items()]
    called = {**body, "inbound_nodes": [{"args": [tree], "kwargs": {}}]}
    outputs = [[name, 0, number] for number in range(len(shapes))]
    config = functional(*entries, called, input_layers=[[key, 0, 0] for key in shapes], outputs=outputs)
    return Case(config, {name: (list(shapes.values()), 0)})


@case
def MixUp_of_images_and_labels() -> Case:
    tree = {"images": at("images", 8, 8, 3), "labels": at("labels", 4)}
    return _on_a_dict(layer("MixUp", "m"), tree, images=(None, 8, 8, 3), labels=(None, 4))


@case
def RandomFlip_of_images_and_bounding_boxes() -> Case:
    boxes = {"boxes": at("boxes", 5, 4), "labels": at("labels", 5)}
    tree = {"images": at("images", 8, 8, 3), "bounding_boxes": boxes}
    shapes: dict[str, Shape] = {"boxes": (None, 5, 4), "labels": (None, 5), "images": (None, 8, 8, 3)}
    return _on_a_dict(layer("RandomFlip", "f", bounding_box_format="xyxy"), tree, **shapes)


@case
def CutMix_of_images_and_masks() -> Case:
    tree = {"images": at("images", 8, 8, 3), "segmentation_masks": at("masks", 8, 8, 1)}
    return _on_a_dict(layer("CutMix", "c"), tree, images=(None, 8, 8, 3), masks=(None, 8, 8, 1))


@case
def MaxNumBoundingBoxes_of_boxes() -> Case:
    tree = {"boxes": at("boxes", 5, 4), "labels": at("labels", 5)}
    return _on_a_dict(layer("MaxNumBoundingBoxes", "n", max_number=7), tree, boxes=(None, 5, 4), labels=(None, 5))


# Models in two nested wrappers -----------------------------------------------------------------------------------------------


def _inner_model() -> dict[str, Any]:
    return chain(inputs(4, name="y"), layer("Dense", "inner", units=3), layer("BatchNormalization", "norm"), name="m")


def _wrapped(*names: str) -> dict[str, Any]:
    """Returns a model inside nested TimeDistributed layers with these names, the outermost first."""
    wrapped = _inner_model()
    for name in reversed(names):
        wrapped = layer("TimeDistributed", name, layer=wrapped)
    return wrapped


def _on_x(body: dict[str, Any], shape: tuple[int, ...], output: Shape, params: int) -> Case:
    name = body["name"]
    called = {**body, "inbound_nodes": [{"args": [at("x", *shape)], "kwargs": {}}]}
    return Case(functional(inputs(*shape), called, outputs=[[name, 0, 0]]), {name: ([output], params)})


@case
def A_model_in_two_wrappers() -> Case:
    return _on_x(_wrapped("outer", "middle"), (2, 5, 4), (None, 2, 5, 3), 27)


@case
def A_model_in_three_wrappers() -> Case:
    return _on_x(_wrapped("outer", "middle", "inmost"), (6, 2, 5, 4), (None, 6, 2, 5, 3), 27)


@case
def A_model_in_a_Pipeline() -> Case:
    body = layer("Pipeline", "p", layers=[_inner_model(), layer("Dense", "after", units=2)])
    return _on_x(body, (4,), (None, 2), 35)


@case
def A_wrapped_model_in_a_Pipeline() -> Case:
    body = layer("Pipeline", "p", layers=[_wrapped("w"), layer("ReLU", "after")])
    return _on_x(body, (5, 4), (None, 5, 3), 27)
