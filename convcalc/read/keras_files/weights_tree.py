"""Reads models whose layers are known only from the stored weights.

Such a file contains only weights, or weights and a config that lists no layers, as for a custom model class.

Keras writes a tree of groups (``keras/src/saving/saving_lib.py``). Each layer, or other object, has a group with the name of its
attribute. The subgroup ``vars`` has the object's own variables and, since Keras 3.6, the object's name. A list of objects is a
group without ``vars``; the group of each object in it has the name of the object's class. A legacy ``.h5`` file lists the names
of its layers, and the names of each layer's weights.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import snake_case
from convcalc.base.numbers import UNKNOWN, Shape, shape_text
from convcalc.base.problems import Problem, Refusal, error, first_listed
from convcalc.base.structs import Struct
from convcalc.hdf5 import objects
from convcalc.layers import lookup_builtin, require_builtin
from convcalc.layers.dtypes import DTYPES
from convcalc.layers.families import FAMILY_OF
from convcalc.model import Call, Foreign, Layer, Model, Ref, StoredWeight
from convcalc.read.keras_files.counted_weights import doubtful_groups
from convcalc.read.keras_files.hdf5 import Tree, is_table, same_variables, stored_weight
from convcalc.read.keras_files.serialized import recorded_shape

MAX_DEPTH = 64
# the table of a lookup layer, which is stored like a variable, but is not a weight
TABLE = "/idf_weights"
_GENERATOR = re.compile(r"_?(seed_)?generator(_\d+)?")
# Names of optimizers: Keras's own names, and usual names of attributes, such as ``optim``.
_OPTIMIZER = re.compile(
    r".*optimizer.*|(.*_)?opt(im|ims|s)?(_.*)?"
    r"|(adadelta|adafactor|adagrad|adam|adam_?w|adamax|ftrl|lamb|lion|muon|nadam|rm_?sprop|schedule_free_adam_?w|sgd)(_\d+)?"
)
_NUMBER = re.compile(r"(_\d+)$")
_UNKNOWN_CLASS = "?"
# the optimizer whose variables have other shapes than the weights
_FACTORED = "adafactor"
# the group in a legacy file with the variables of the model itself
OWN_VARIABLES = "top_level_model_weights"


class Group(Struct):
    """A stored object: its path, its name (or ""), its own variables, and its inner objects."""

    path: str
    name: str = ""
    weights: tuple[StoredWeight, ...] = ()
    children: tuple[Group, ...] = ()
    is_container: bool = False

    def walk(self) -> Iterator[Group]:
        """Yields this group and all groups in it."""
        waiting = [self]
        while waiting:
            group = waiting.pop()
            yield group
            waiting += reversed(group.children)


def read_tree(tree: Tree, group: objects.Object | None = None, name: str = "", distinct: bool = True) -> Group:
    """Returns the objects in a group or in the whole file. Leaves out optimizers, metrics and random generators, as
    summaries do.

    If an object shares a variable with an inner object, Keras stores it twice. If ``distinct`` is True, the outer copy
    is left out.
    """
    return without_states(whole_tree(tree, group, name, distinct))


def whole_tree(tree: Tree, group: objects.Object | None = None, name: str = "", distinct: bool = True) -> Group:
    """Like :func:`read_tree`, but leaves out only groups named ``optimizer``.

    Used for weights in several files. :func:`merged` joins their trees, and :func:`without_states` then removes metrics and random
    generators.
    """
    return _group(tree, tree.root if group is None else group, name, 0, distinct)


def without_states(group: Group) -> Group:
    """Returns the group without optimizers, metrics and random generators, at any depth."""
    return group._replace(
        children=tuple(without_states(child) for child in group.children if not is_state(child)),
    )


def merged(first: Group, second: Group) -> Group:
    """Joins two parts of one object, which two files store."""
    children = {child.path: child for child in first.children}
    for child in second.children:
        children[child.path] = merged(children[child.path], child) if child.path in children else child
    weights = {weight.path: weight for weight in (*first.weights, *second.weights)}
    return Group(
        first.path,
        first.name or second.name,
        tuple(weights.values()),
        tuple(sorted(children.values(), key=lambda child: _natural(child.path))),
        first.is_container and second.is_container,
    )


def _group(tree: Tree, group: objects.Object, path: str, depth: int, distinct: bool) -> Group:
    if depth > MAX_DEPTH:
        raise Refusal(f"its groups are nested more than {MAX_DEPTH} levels deep", codes.TOO_DEEP)
    members = tree.inside(group)
    variables = members.pop("vars", None)
    name = "" if variables is None else layer_name(variables)
    weights = () if variables is None else _own_weights(tree, variables)
    children = [
        _group(tree, member, f"{path}/{key}".lstrip("/"), depth + 1, distinct)
        for key, member in sorted(members.items(), key=lambda item: _natural(item[0]))
        if isinstance(member, objects.Group) and key != "optimizer"
    ]
    if distinct and weights and children:
        inner = [weight for child in children for inside in child.walk() for weight in inside.weights]
        weights = tuple(
            weight for weight in weights if not any(same_variables(tree, [weight], [other]) for other in inner)
        )
    return Group(path, name, weights, tuple(children), variables is None)


def _own_weights(tree: Tree, variables: objects.Object) -> tuple[StoredWeight, ...]:
    """Returns the weights in the group ``vars`` of an object.

    Their names are numbers: ``0``, ``1`` …. A class can store other values under other names, such as the size of an image; these are
    not weights. If no name is a number, all values are weights.
    """
    arrays = tuple(weight for weight in tree.arrays(variables) if not weight.path.endswith(TABLE))
    numbered = tuple(weight for weight in arrays if weight.path.rpartition("/")[2].isdecimal())
    return numbered or arrays


def _natural(name: str) -> list[tuple[int, str]]:
    """Returns a sort key that compares numbers in names as numbers: ``dense_2`` comes before ``dense_10``."""
    return [(int(part), "") if part.isdecimal() and len(part) < 10 else (-1, part) for part in re.split(r"(\d+)", name)]


def layer_name(variables: objects.Object | None) -> str:
    """Returns the name that the file stores next to the variables of an object, such as a layer; or an empty string."""
    name = None if variables is None else variables.text("name")
    return name if isinstance(name, str) else ""


def is_state(group: Group) -> bool:
    """Returns True for an optimizer, a metric or a random generator."""
    word, weights = group.path.rpartition("/")[2], group.weights
    if word == "optimizer" or (group.is_container and word == "metrics"):
        return True
    if not weights:
        return False
    # The first variable of an optimizer counts the steps: it is a single integer.
    counts = weights[0].shape == () and "int" in weights[0].dtype
    if counts and any(map(_OPTIMIZER.fullmatch, (word, group.name))):
        return True
    return is_generator(word, group.name, weights) and not group.children


def is_generator(word: str, name: str, weights: Sequence[StoredWeight]) -> bool:
    """Returns True for the state of a random generator."""
    state = len(weights) == 1 and weights[0].shape == (2,) and "int" in weights[0].dtype
    return state and _GENERATOR.fullmatch(name or word) is not None


# Models ----------------------------------------------------------------------------------------------------------------


def class_model(data: Mapping[str, Any], source: str) -> Model:
    """Returns the model for a config that lists no layers. It has one layer, of the class in the config.

    Only the inputs of this layer may be known. Raises :class:`ConvcalcError` if the config is not that of a model.
    """
    class_name, config = data.get("class_name"), data.get("config")
    if not isinstance(class_name, str) or not isinstance(config, Mapping) or not class_name:
        raise error(codes.NOT_A_MODEL, f"{source}: config: has no list of layers")
    short = re.split("[.>]", class_name)[-1][:200] or class_name[:200]
    module, registered = data.get("module"), data.get("registered_name")
    own = not isinstance(module, str) or module == "keras" or module.startswith("keras.layers")
    if own and (short in ("Sequential", "Functional", "Model") or (module and lookup_builtin(short))):
        raise error(codes.NOT_A_MODEL, f"{source}: config: has no list of layers, which a {short} model has")
    name = config.get("name")
    name = name if isinstance(name, str) and 0 < len(name) <= 1000 else snake_case(short)
    definition = Foreign(
        short,
        module if isinstance(module, str) else None,
        registered if isinstance(registered, str) else None,
    )
    inputs = [_input(input_name, shape) for input_name, shape in _built_shapes(data.get("build_config"))]
    count = len(inputs)
    return Model(
        name,
        short,
        (*inputs, Layer(name, short, definition)),
        (*(Call(number, ()) for number in range(count)), Call(count, tuple(map(Ref, range(count))))),
        tuple(map(Ref, range(count))),
        (Ref(count),),
        source=source,
        problems=(_warning(source, f"the config of the class {short} lists no layers: {_AT_WEIGHTS}", name),),
        own_flags=True,
    )


_AT_WEIGHTS = "the code of the class creates them; a .keras archive also contains their weights"


def _built_shapes(build_config: Any) -> list[tuple[str, Shape]]:
    """Returns the input shapes for which the model was built, each with the name of the input."""
    shapes = build_config if isinstance(build_config, Mapping) else {}
    if isinstance(shapes.get("shapes_dict"), Mapping):
        shapes = shapes["shapes_dict"]
    named: list[tuple[str, Shape]] = []
    for key, value in shapes.items():
        parts = value if isinstance(value, Mapping) and "items" not in value else {"": value}
        for part, inner in parts.items():
            shape = recorded_shape(inner)
            if shape is not None:
                name = str(part or key).removesuffix("_shape")[:200]
                named.append(("input_layer" if name in ("input", "inputs", "") else name, shape))
    return named if len({name for name, _ in named}) == len(named) else []


def _input(name: str, shape: Shape) -> Layer:
    definition = require_builtin("InputLayer")
    args: dict[str, Any] = {"shape": shape[1:]}
    if shape and shape[0] is not UNKNOWN:
        args["batch_size"] = shape[0]
    return Layer(name, definition.class_name, definition, args if shape else {"batch_shape": ()})


def _warning(source: str, message: str, layer: str | None = None) -> Problem:
    return Problem(codes.UNKNOWN_LAYER, f"{source}: {message}", None, layer, "warning")


def stored_model(tree: Tree, model: Model | None, source: str) -> Model:
    """Returns a model with one layer for each layer that the file stores.

    ``model`` is the result of :func:`class_model`; None for a file that contains only weights.
    """
    legacy = tree.child(tree.root, "model_weights") or tree.root
    if is_legacy(legacy):
        layers, doubtful, separate = _legacy_layers(tree, legacy)
        weights = {weight.path: weight for layer in layers for weight in layer.stored or ()}
        # None if the number of elements of some weight is unknown
        every = None if any(layer.stored is None for layer in layers) else tuple(weights.values())
        lists = "" if model is None else f"the class {model.class_name} lists no layers"
        described = lists and f"{lists} (Keras stores only the weights of its layers, not those of other attributes)"
        stored = model_of_layers("weights", layers, model, source, described)._replace(stored=every)
        if separate:
            stored = stored._replace(problems=(*stored.problems, _warning(source, _counted_separately(separate))))
        return _with_doubtful_weights(stored, doubtful, source) if doubtful and every else stored
    root = read_tree(tree)
    what = "the file contains only weights" if model is None else f"the class {model.class_name} lists no layers"
    described = f"{what} (Keras adds matrices of LoRA to the kernels, and does not store them)"
    stored_layers = model_of_layers(root.name or "weights", group_layers(root, source), model, source, described)
    every = tuple(weight for group in root.walk() for weight in group.weights)
    if model is None and (trained := _trained_elsewhere(tree, every)):
        shapes = " and ".join(map(shape_text, trained[:2]))
        message = (
            f"the total is a lower bound: the optimizer trains weights of other shapes than the file stores, such as {shapes}; these "
            "are probably matrices of LoRA"
        )
        problems = (*stored_layers.problems, _warning(source, message))
        stored_layers = stored_layers._replace(stored=every, has_more_weights=True, problems=problems)
    groups, uncounted = doubtful_groups(every)
    if not groups or any(layer.stored is None for _, layer in stored_layers.walk() if layer.model is None):
        return stored_layers
    names = first_listed(groups, 2)
    message = f"the total is a lower bound: the classes of {names} may have other weights than the file stores"
    return stored_layers._replace(
        stored=tuple(weight for weight in every if weight.path not in uncounted),
        has_more_weights=True,
        problems=(*stored_layers.problems, _warning(source, message)),
    )


def _trained_elsewhere(tree: Tree, every: Sequence[StoredWeight]) -> list[tuple[int, ...]]:
    """Returns the shapes of the optimizer's variables that no stored weight has.

    Most optimizers have variables for each weight that they train, with the shape of this weight.
    """
    variables = tree.child(tree.root, "optimizer/vars")
    if variables is None or _FACTORED in layer_name(variables):
        return []
    known = {weight.shape for weight in every}
    shapes = (weight.shape for weight in tree.arrays(variables))
    return list(dict.fromkeys(shape for shape in shapes if shape and shape not in known))


def task_model(head: Tree | None, backbone: Tree | Group, model: Model, source: str) -> Model:
    """Returns a task model of keras_hub, which consists of a backbone and a head. ``head`` is None if there is no file
    for it.
    """
    inner = backbone if isinstance(backbone, Group) else read_tree(backbone, name="backbone")
    root = Group("") if head is None else read_tree(head)
    if not head or not any(group.weights for group in root.walk()):
        root = root._replace(children=())
    return model_of_layers(
        model.name, group_layers(root._replace(children=(inner, *root.children)), source), model, source
    )


def is_legacy(group: objects.Object) -> bool:
    """Returns True if a group lists the names of its layers, as a legacy ``.h5`` file of Keras 2 does."""
    return "layer_names" in group.attributes or "layer_names0" in group.attributes


def group_layers(root: Group, source: str) -> Sequence[Layer]:
    """Returns a layer for each object in a file. Raises :class:`ConvcalcError` if the file has no objects."""
    if all(group.is_container for group in root.walk()):
        raise error(codes.NOT_A_MODEL, f"{source}: contains neither a model nor weights of Keras")
    return _layers(root, root.path)


def model_of_layers(name: str, layers: Sequence[Layer], model: Model | None, source: str, described: str = "") -> Model:
    """Returns a model with these layers. Their connections are unknown.

    ``model`` is the result of :func:`class_model`, or None. ``described`` is the start of the warning, such as "the file contains
    only weights".
    """
    if model is not None:
        name = model.name
    inputs = [] if model is None else [model.layers[ref.call] for ref in model.inputs]
    class_name = "Weights" if model is None else model.class_name
    only_weights = "the file contains only weights" if model is None else f"the class {class_name} lists no layers"
    message = (
        f"{described or only_weights}: the rows are the layers whose weights are stored; shapes and MACs are unknown"
    )
    problems = (_warning(source, message, None),)
    return model_of_rows(name, class_name, layers, inputs)._replace(source=source, problems=problems)


def model_of_rows(name: str, class_name: str, layers: Sequence[Layer], inputs: Sequence[Layer] = ()) -> Model:
    """Returns a model with these layers. Their connections are unknown."""
    every = (*inputs, *layers)
    calls = tuple(Call(number, ()) for number in range(len(every)))
    return Model(name, class_name, every, calls, tuple(map(Ref, range(len(inputs)))), (), own_flags=True)


def _layers(group: Group, prefix: str) -> list[Layer]:
    """Returns a layer for each object in a group. If the object is in a list, the layer's name begins with the list's
    name.
    """
    layers = []
    if group.weights:
        layers.append(stored_layer(_relative(f"{group.path}/vars".lstrip("/"), prefix), "Variables", group.weights))
    for child in group.children:
        if child.is_container:
            layers += _layers(child, prefix)
            continue
        name = _relative(child.path, prefix)
        word = _NUMBER.sub("", name.rpartition("/")[2]) if group.is_container else ""
        class_name = child.name or word or _UNKNOWN_CLASS
        if any(inner.weights for inner in child.walk() if inner is not child):
            model = model_of_rows(name, class_name, _layers(child, child.path))
            layers.append(Layer(name, class_name, model))
        else:
            layers.append(stored_layer(name, class_name, child.weights))
    return layers


def _relative(path: str, prefix: str) -> str:
    return path[len(prefix) :].lstrip("/")


def with_layer_outside(model: Model, weights: Sequence[StoredWeight]) -> Model:
    """Returns the model with a further layer, which is not in the graph of the model. ``weights`` are its weights."""
    name = "outside"
    while any(layer.name == name for layer in model.layers):
        name += "_"
    call = Call(len(model.layers), ())
    return model._replace(layers=(*model.layers, stored_layer(name, "Variables", weights)), calls=(*model.calls, call))


def stored_layer(name: str, class_name: str, weights: Sequence[StoredWeight]) -> Layer:
    """Returns a layer for stored weights. Nothing else is known about the layer."""
    known = all(weight.dtype in DTYPES for weight in weights)
    dtypes = {weight.dtype for weight in weights}
    dtype = dtypes.pop() if len(dtypes) == 1 and known else "float32"
    return Layer(
        name, class_name, Foreign(class_name, class_known=False), dtype=dtype, stored=tuple(weights) if known else None
    )


def _with_doubtful_weights(model: Model, doubtful: Collection[str], source: str) -> Model:
    """Returns the model without weights that may be copies of others. The total is then a lower bound."""
    minimum = tuple(weight for weight in model.stored or () if weight.path not in doubtful)
    paths = first_listed(sorted(doubtful), 2)
    message = (
        f"some layers may share weights, which the file then stores twice ({paths}): the total is a lower bound, which "
        "counts them once"
    )
    problems = (*model.problems, _warning(source, message))
    return model._replace(stored=minimum, has_more_weights=True, problems=problems)


def _counted_separately(paths: Collection[str]) -> str:
    return (
        f"two layers have weights with the same name and equal values ({first_listed(sorted(paths), 2)}): the total "
        "counts both, because other weights of these layers have the same name and different values"
    )


def _legacy_layers(tree: Tree, top: objects.Object) -> tuple[list[Layer], set[str], set[str]]:
    """Returns the layers of a legacy file. Such a file names all layers, including layers without weights.

    Also returns the two sets of :func:`with_copies_merged`.
    """
    stored: dict[str, tuple[StoredWeight, ...]] = {}
    for name in (*tree.texts(top, "layer_names"), OWN_VARIABLES):
        group = tree.child(top, name)
        weights = () if group is None else legacy_weights(tree, group)
        if group is not None and (weights or name != OWN_VARIABLES):
            stored.setdefault(name, weights)
    # A layer in two models is stored twice, e.g. an embedding that is also the output layer.
    stored, doubtful, separate = with_copies_merged(tree, stored, top.path)
    return [stored_layer(name, _UNKNOWN_CLASS, weights) for name, weights in stored.items()], doubtful, separate


def legacy_weights(tree: Tree, group: objects.Object) -> tuple[StoredWeight, ...]:
    """Returns the weights of a layer in a legacy file."""
    return tuple(_legacy_weight(tree, group, path) for path in tree.texts(group, "weight_names"))


def with_copies_merged(
    tree: Tree, layers: Mapping[str, tuple[StoredWeight, ...]], top: str
) -> tuple[dict[str, tuple[StoredWeight, ...]], set[str], set[str]]:
    """Returns the weights of each layer in a legacy file. Weights that are stored twice get the same path.

    If two layers contain the same inner layer, the file stores its weights twice, with the same names and values.
    ``top`` is the path of the group that contains the layers.

    Also returns the paths of weights for which it is unknown whether they are stored twice, and the paths of constant
    weights that are not: the same two layers have further inner layers with equal names, and these are different.
    """
    first: dict[tuple[str, ...], tuple[str, list[StoredWeight]]] = {}
    merged_layers: dict[str, tuple[StoredWeight, ...]] = {}
    doubtful: set[str] = set()
    separate: set[str] = set()
    for layer, stored in layers.items():
        start = len(f"{top}/{layer}/".lstrip("/"))
        same: dict[str, StoredWeight] = {}
        different: list[str] = []
        # The other layer, and the path of the group in both layers, in which two inner layers with the same name differ.
        reused: set[tuple[str, str]] = set()
        unclear: list[tuple[tuple[str, str], list[StoredWeight]]] = []
        # Outer layers come first. If a whole outer layer is stored twice, even its constant weights are merged, such as
        # a bias of zeros.
        for name, weights in sorted(_parts(stored, start).items(), key=lambda part: part[0].count("/")):
            # Unrelated layers can have equal values, such as the same table of positions. Different names show that
            # they are different weights.
            names = (name, *(weight.path[start:] for weight in weights))
            other_layer, known = first.setdefault(names, (layer, weights))
            if known is weights or all(weight.path in same for weight in weights):
                continue
            place = other_layer, name.rpartition("/")[0]
            are_same = same_variables(tree, known, weights)
            if are_same and not all(is_table(tree, weight) for weight in weights):
                same.update({weight.path: other for weight, other in zip(weights, known)})
            elif are_same is False:
                different.append(f"{name}/")
                reused |= {place} if name else set()
            elif not name.startswith(tuple(different)) and (name or not _is_single_layer(layer)):
                unclear.append((place, weights))
        for place, weights in unclear:
            paths = {weight.path for weight in weights} - same.keys()
            if place in reused:
                separate |= paths
            else:
                doubtful |= paths
        merged_layers[layer] = tuple(same.get(weight.path, weight) for weight in stored)
    return merged_layers, doubtful - separate, separate


def _is_single_layer(name: str) -> bool:
    """Returns True if a name is an automatic name of a Keras layer that contains no other layers, such as ``dense_1``.

    Needed for files of Keras 3.0, in which the names of weights do not show the layers that contain them.
    """
    word = _NUMBER.sub("", name)
    classes = [definition for known in FAMILY_OF if snake_case(known) == word and (definition := lookup_builtin(known))]
    return any(not definition.contains_layers for definition in classes)


def _parts(weights: Sequence[StoredWeight], start: int) -> dict[str, list[StoredWeight]]:
    """Returns the weights of each group in a layer. The group ``a`` also has the weights of its inner group ``a/b``.

    The keys are the paths of the groups without the first ``start`` characters.
    """
    parts: dict[str, list[StoredWeight]] = {}
    for weight in weights:
        group = weight.path[start:].rpartition("/")[0]
        parts.setdefault(group, []).append(weight)
        while "/" in group:
            group = group.rpartition("/")[0]
            parts.setdefault(group, []).append(weight)
    return parts


def _legacy_weight(tree: Tree, group: objects.Object, path: str) -> StoredWeight:
    weight = tree.child(group, path)
    if not isinstance(weight, objects.Array):
        raise Refusal(f"{group.path} names the weight '{path[:100]}', which does not exist", codes.DAMAGED)
    return stored_weight(weight)


def is_unlisted(model: Model) -> bool:
    """Returns True if the config of a model lists no layers: the model is neither Sequential nor Functional."""
    return model.class_name not in ("Sequential", "Functional")


def is_stored_model(model: Model) -> bool:
    """Returns True if the layers of a model are known only from its weights. Such a model has no outputs."""
    return not model.outputs
