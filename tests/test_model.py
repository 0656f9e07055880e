"""Tests models as data: the iteration over layers, the order of layers in a summary, and changed input sizes."""

import pytest

from convcalc.base.numbers import UNKNOWN
from convcalc.model import Call, Layer, Model, Ref, call_numbers, is_linear, summary_order, with_input_sizes
from tests.helpers.handmade import handmade_layer


def model(*calls: tuple[str, list[int]], outputs: list[int], class_name: str = "Functional") -> Model:
    """Returns a model. A call is (name of its layer, numbers of the calls that it reads).

    Layers whose name begins with i are inputs.
    """
    names = {name: number for number, name in enumerate(dict.fromkeys(name for name, _ in calls))}
    layers = tuple(handmade_layer(name, "InputLayer" if name[0] == "i" else "Identity") for name in names)
    made = tuple(Call(names[name], tuple(map(Ref, inputs))) for name, inputs in calls)
    inputs = tuple(Ref(n) for n, (name, _) in enumerate(calls) if name[0] == "i")
    return Model("m", class_name, layers, made, inputs, tuple(map(Ref, outputs)))


ORDERS = [
    # In a chain, the layers are listed from the input to the output.
    (model(("i", []), ("a", [0]), ("b", [1]), outputs=[2]), "i a b"),
    # A longer branch comes first, because its first layer is deeper.
    (model(("i", []), ("a", [0]), ("b", [0]), ("c", [2]), ("d", [1, 3]), outputs=[4]), "i b a c d"),
    # Inputs are listed in the order in which a walk back from the outputs reaches them.
    (model(("i1", []), ("i2", []), ("a", [1, 0]), outputs=[2]), "i2 i1 a"),
    # A layer that is called twice is as deep as its deepest call.
    (model(("i", []), ("a", [0]), ("a", [1]), ("b", [2]), outputs=[3]), "i a b"),
    # An input that no layer reads is listed too.
    (model(("i1", []), ("i2", []), ("a", [0]), outputs=[2]), "i1 i2 a"),
]


@pytest.mark.parametrize(("made", "order"), ORDERS)
def test_the_summary_has_the_order_of_keras(made: Model, order: str) -> None:
    assert " ".join(made.layers[number].name for number in summary_order(made)) == order


def test_a_sequential_does_not_list_its_input() -> None:
    made = model(("i", []), ("a", [0]), outputs=[1], class_name="Sequential")
    assert [made.layers[number].name for number in summary_order(made)] == ["a"]


def test_the_order_of_a_deep_chain_needs_no_recursion() -> None:
    made = model(("i", []), *((f"a{n}", [n]) for n in range(20_000)), outputs=[20_000])
    assert len(summary_order(made)) == 20_001


def nested() -> Model:
    """Returns a model with two nested models. The second nested model contains a third model."""
    inner = model(("i", []), ("a", [0]), outputs=[1])
    middle = model(("i", []), ("m", [0]), outputs=[1])
    middle = middle._replace(layers=(middle.layers[0], Layer("m", "Functional", inner)))
    outer = model(("i", []), ("one", [0]), ("two", [1]), ("end", [2]), outputs=[3])
    layers = outer.layers
    return outer._replace(
        layers=(layers[0], Layer("one", "Functional", inner), Layer("two", "Functional", middle), layers[3])
    )


def test_a_walk_follows_each_nested_model_by_its_layers() -> None:
    walked = list(nested().walk())
    assert [path for path, _ in walked] == [
        *["i", "one", "one/i", "one/a", "two", "two/i", "two/m", "two/m/i", "two/m/a", "end"]
    ]
    assert all(path.rpartition("/")[2] == layer.name for path, layer in walked)


def test_models_have_the_prefix_of_their_layers() -> None:
    models = dict(nested().models())
    assert set(models) == {"", "one/", "two/", "two/m/"}
    walked = {path for path, _ in nested().walk()}
    assert walked == {prefix + layer.name for prefix, made in models.items() for layer in made.layers}


def test_the_layer_of_a_tensor_is_the_layer_that_is_called() -> None:
    made = model(("i", []), ("a", [0]), ("b", [1]), ("a", [2]), outputs=[3])
    assert [made.layer_of(Ref(call)).name for call in range(4)] == ["i", "a", "b", "a"]
    assert made.layer_of(Ref(3, 5)) is made.layers[1]  # the layer is the same for every output of the call


def test_only_a_layer_that_is_a_nested_model_has_a_model() -> None:
    layers = nested().layers
    assert [layer.model is not None for layer in layers] == [False, True, True, False]
    assert layers[1].model is layers[1].definition


def test_calls_are_numbered_by_layer() -> None:
    assert call_numbers(model(("i", []), ("a", [0]), ("b", [1]), ("a", [2]), outputs=[3])) == [0, 0, 0, 1]


def test_linear_models_need_no_connections() -> None:
    assert is_linear(model(("i", []), ("a", [0]), ("b", [1]), outputs=[2]))
    assert not is_linear(model(("i", []), ("a", [0]), ("a", [1]), outputs=[2]))
    assert not is_linear(model(("i", []), ("a", [0]), ("b", [0]), ("c", [1, 2]), outputs=[3]))


def test_other_input_sizes() -> None:
    made = model(("i", []), ("a", [0]), outputs=[1])
    changed = with_input_sizes(made, {None: (32, UNKNOWN)}, batch_size=4)
    assert changed.layers[0].args == {"shape": (32, UNKNOWN), "batch_size": 4}
    assert changed.layers[1:] == made.layers[1:]
    with pytest.raises(KeyError, match="other"):
        with_input_sizes(made, {"other": (1,)})


INPUTS = [
    # The arguments of an input, the requested shape and batch size, and the arguments after the change.
    ({"shape": (8, 8, 3)}, ((4, 4, 3), None), {"shape": (4, 4, 3)}),
    ({"shape": (8, 8, 3), "batch_size": 2}, (None, 5), {"shape": (8, 8, 3), "batch_size": 5}),
    ({"shape": (8, 8, 3), "batch_size": 2}, ((4, 4, 3), None), {"shape": (4, 4, 3), "batch_size": 2}),
    ({"batch_shape": (2, 8, 3)}, (None, None), {"shape": (8, 3), "batch_size": 2}),
    ({"batch_shape": (2, 8, 3)}, (None, 7), {"shape": (8, 3), "batch_size": 7}),
    ({"batch_shape": (UNKNOWN, 8, 3)}, ((4, 3), None), {"shape": (4, 3)}),
    ({"batch_shape": (UNKNOWN, 8, 3)}, (None, 1), {"shape": (8, 3), "batch_size": 1}),
]


@pytest.mark.parametrize(("args", "asked", "then"), INPUTS)
def test_the_sizes_of_an_input_are_replaced_in_any_spelling(args: dict, asked: tuple, then: dict) -> None:
    one = Model("m", "Sequential", (handmade_layer("i", "InputLayer", args),), (Call(0, ()),), (Ref(0),), (Ref(0),))
    shape, batch = asked
    assert with_input_sizes(one, {} if shape is None else {None: shape}, batch).layers[0].args == then


def test_sizes_of_several_inputs_are_given_by_name() -> None:
    made = model(("i1", []), ("i2", []), ("a", [0, 1]), outputs=[2])
    changed = with_input_sizes(made, {"i2": (3,)}, batch_size=2)
    assert [layer.args for layer in changed.layers] == [{"batch_size": 2}, {"shape": (3,), "batch_size": 2}, {}]
    with pytest.raises(KeyError, match="None"):
        with_input_sizes(made, {None: (3,)})
