"""Compares every layer of the catalogue with the installed Keras, for generated arguments and shapes.

``CONVCALC_SEED=7 CONVCALC_CASES=2000 pytest -m keras tests/live/test_layers.py`` tests more and other cases.
"""

import inspect
import os
from collections import Counter

import pytest

from convcalc.layers import CATALOGUE
from convcalc.layers.arguments import ACTIVATION, CONSTRAINT, INITIALIZER, REGULARIZER, REQUIRED
from convcalc.layers.registry import _ALIASES, find, known_names
from tests.live.cases import FAMILIES, cases
from tests.live.judge import disagreement, keras_says, we_say
from tests.live.session import fresh

pytestmark = pytest.mark.keras

SEED = int(os.environ.get("CONVCALC_SEED", "1"))
COUNT = int(os.environ.get("CONVCALC_CASES", "400"))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_agrees_with_keras(family: str, tell) -> None:

    refused, result, names, count = 0, [], set(), 0
    for count, case in enumerate(cases(family, SEED, COUNT), 1):
        if count % 50 == 0:
            fresh()
        names.add(case.name)
        refused += isinstance(keras_says(case), str)
        if (difference := disagreement(case)) is not None:
            result.append(difference)
    tell(f"{family}: {len(names)} names, {count} cases ({refused} refused), {len(result)} disagreements (seed {SEED})")
    assert not result, f"{len(result)} disagreements:\n" + "\n".join(result[:10])
    # Too few or too many refused cases would make the comparison useless.
    assert count * 0.04 < refused < count * 0.7


# Layers that run Python code of the user are not tested. Layers that keras.applications defines are tested with its
# models.
NOT_ASKED = {name for name, kind in CATALOGUE.items() if kind.is_opaque or not kind.is_exported}


def test_every_layer_is_tested_often_enough(tell) -> None:
    """convcalc accepts at least fifty cases of each layer. Another test shows that Keras accepts the same cases."""
    taken: Counter[str] = Counter()
    total = 0
    for case in (case for family in FAMILIES for case in cases(family, SEED, COUNT)):
        total += 1
        taken[_ALIASES.get(case.name, case.name)] += not isinstance(we_say(case), str)
    least = min(taken.values())
    tell(f"in all: {len(taken)} classes, {total} cases ({sum(taken.values())} valid, at least {least} of each class)")
    assert set(CATALOGUE) - NOT_ASKED == set(taken)
    few = {name: count for name, count in taken.items() if count * 400 < 50 * COUNT}
    assert not few


def test_every_class_of_keras_is_known() -> None:
    import keras

    classes = {name: value for name, value in vars(keras.layers).items() if inspect.isclass(value)}
    exported = set(classes)
    assert len(exported) > 150
    bases = {"Layer", "Wrapper", "InputSpec"}
    assert {name for name in exported - bases if find(name) is None} == set()
    # A file contains the name of the class in Keras's code (GroupedQueryAttention). Keras may export the class under
    # another name (GroupQueryAttention).
    named = exported | {value.__name__ for value in classes.values()}
    # The catalogue also has classes that Keras does not export: files of models of keras.applications contain them.
    assert not any(find(name).is_exported for name in set(known_names()) - named)


_BASE_ARGUMENTS = {
    "LayerNormalization": ["rms_scaling"],
    "ReversibleEmbedding": ["lora_rank", "lora_alpha", "quantization_config"],
}


@pytest.mark.parametrize("name", [name for name, kind in CATALOGUE.items() if kind.is_exported])
def test_arguments_have_the_order_and_defaults_of_keras(name: str) -> None:
    """The order of arguments and the default values must be the same in a spec and in Keras."""
    import keras

    kind = CATALOGUE[name]
    cls = getattr(keras.layers, name)
    signature = inspect.signature(cls.__init__).parameters.values()
    theirs = {p.name: p.default for p in signature if p.name not in ("self", "name", "dtype", "trainable", "kwargs")}
    ours = {argument.name: argument for argument in kind.arguments if argument.name != "dtype"}
    if kind.family == "convolution":
        # These classes may accept lora_rank and lora_alpha only through their base class.
        theirs.setdefault("lora_rank", None) if "lora_rank" in ours else None
        theirs.setdefault("lora_alpha", None) if "lora_rank" in ours else None
    # Other arguments that are only in the base class or in **kwargs.
    for argument in _BASE_ARGUMENTS.get(name, ()):
        theirs[argument] = ours[argument].default
    assert list(ours) == list(theirs)
    for argument, default in theirs.items():
        if default is inspect.Parameter.empty:
            assert ours[argument].default is REQUIRED
        else:
            read = ours[argument].read(list(default) if isinstance(default, tuple) else default, name)
            assert kind.defaults[argument] == read, argument


def test_names_of_activations_and_others_are_those_of_keras() -> None:
    from keras.src import activations, constraints, initializers, regularizers

    bases = {"Initializer", "initializer", "Regularizer", "regularizer", "Constraint", "constraint"}
    assert ACTIVATION.names == set(activations.ALL_OBJECTS_DICT)
    assert INITIALIZER.names == set(initializers.ALL_OBJECTS_DICT) - bases
    assert REGULARIZER.names == set(regularizers.ALL_OBJECTS_DICT) - bases
    assert CONSTRAINT.names == set(constraints.ALL_OBJECTS_DICT) - bases


def test_aliases_are_those_of_keras() -> None:
    import keras

    exported = {name: getattr(keras.layers, name) for name in dir(keras.layers)}
    aliases = {name: cls.__name__ for name, cls in exported.items() if isinstance(cls, type) and cls.__name__ != name}
    assert {name: cls for name, cls in aliases.items() if cls in CATALOGUE} == _ALIASES
