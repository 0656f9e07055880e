"""Tests that every reader gives a result or a :class:`ConvcalcError`, whatever the input is.

The results are checked by the functions that the fuzzer uses. Hypothesis draws the same inputs in every run.
"""

from __future__ import annotations

import json
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import seeds, targets
from tests.fuzz.mutate import ODD, mutated

pytestmark = pytest.mark.slow

drawn = settings(max_examples=60, deadline=None, derandomize=True, database=None)

_WORDS = (
    "class_name config layers Functional Sequential InputLayer Dense name module keras.layers inbound_nodes args kwargs units "
    "batch_shape input_layers output_layers __keras_tensor__ keras_history shape tool convcalc budget records params 5M same"
)
WORDS = _WORDS.split()
KEYS = st.sampled_from(WORDS) | st.text(max_size=5)
VALUES = st.recursive(
    KEYS | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(KEYS, part, max_size=4),
    max_leaves=20,
)
# Texts are drawn from any characters, and from parts of records, sizes, quantities and settings.
_PIECES = [
    "Layer (type)", "Output Shape", "Param #", "Total params: ", "(None, 3)", "┃", "│", "┡━━━╇━━┩", "_" * 65, "=" * 65, "\n", "\r\n", "\r",
    "x", "×", ",", "(", ")", "28", "?", "0", "-1", "9" * 5_000, "0x" + "f" * 5_000, "1e999", "KiB", "M", "same", "[", "]", " = ", '"', "'",
    "[tool.convcalc]", "[tool.convcalc.budget]", "[tool.convcalc.records]", "params", "macs", "true", "\0", "\x1b[31m", "\ufeff", "é",
]  # fmt: skip
PIECES = st.sampled_from(_PIECES)
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=25).map("".join)


@given(VALUES)
@drawn
def test_any_value_as_a_config(value: object) -> None:
    targets.config(json.dumps({"class_name": "Functional", "config": value}).encode())
    targets.config(json.dumps(value).encode())


@given(VALUES)
@drawn
def test_any_value_as_yaml(value: object) -> None:
    try:
        text = yaml.safe_dump({"input": [3], "layers": value}, allow_unicode=True)
    except yaml.YAMLError:
        return
    targets.model(text.encode("utf-8", "surrogatepass"))


@given(st.integers(0, 10**9))
@drawn
def test_any_mutation_of_a_config(seed: int) -> None:
    random = Random(seed)
    tree = json.loads(seeds.recorded()[1])
    targets.config(json.dumps(mutated(tree, random, WORDS, ODD), default=str).encode())


@pytest.mark.parametrize("name", ["record", "sizes", "quantities", "settings", "expression", "conv"])
def test_any_text(name: str) -> None:
    @given(TEXTS)
    @drawn
    def tried(text: str) -> None:
        targets.run(name, text.encode("utf-8", "surrogatepass"))

    tried()


@given(st.integers(0, 10**9), TEXTS)
@drawn
def test_any_slip_in_a_record(seed: int, text: str) -> None:
    """Replaces up to 40 characters of a record by another text. The result must be a record, or cause one error."""
    random = Random(seed)
    record = random.choice(seeds.records()).decode()
    start, end = sorted(random.randrange(len(record) + 1) for _ in range(2))
    targets.record((record[:start] + text + record[min(end, start + 40) :]).encode("utf-8", "replace"))
