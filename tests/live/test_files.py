"""Reads Keras's own files (``to_json()`` and ``.keras``), and compares the text of ``summary()`` byte for byte.

``CONVCALC_FILES=2000 pytest -m keras tests/live/test_files.py`` tests more random models. ``CONVCALC_MODEL=7`` in place
of ``CONVCALC_FILES`` tests only the random model with seed 7.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import zipfile
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.keras_text.options import Options
from convcalc.keras_text.print3 import keras_text
from convcalc.layers import CATALOGUE
from convcalc.ops import Operation
from convcalc.read import load, read
from convcalc.write.spec import spec_yaml
from tests.generators.model_mutations import Tally, hold
from tests.live.build import count
from tests.live.models import grow, keras_model
from tests.live.session import fresh
from tests.live.written import executed, loaded
from tests.paths import SPECS

pytestmark = pytest.mark.keras

COUNT = int(os.environ.get("CONVCALC_FILES", "500"))
ONE = os.environ.get("CONVCALC_MODEL")
WIDTHS = (60, 88, 108, 140)


def applications() -> list[str]:
    """Returns the names of all models in keras.applications.

    They are read from a text file, so that pytest can collect the tests without importing a framework.
    """
    result = Path(__file__).parent / "applications.txt"
    return result.read_text(encoding="utf-8").split()


def printed(model: Any, width: int, **options: Any) -> str:
    """Returns the summary that Keras prints into a file, at this width."""
    lines: list[str] = []
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(width)
    try:
        model.summary(print_fn=lambda text, line_break=False: lines.append(text), **options)
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return "".join(lines)


def looks(model: Any) -> list[tuple[int, dict[str, Any]]]:
    """Returns widths and options to test: each width with the default options, and each other option with one width."""
    operations = model._operations if hasattr(model, "_operations") else model.layers
    first, last = operations[len(operations) // 4].name, operations[-1].name
    options: list[dict[str, Any]] = [
        {"line_length": 100},
        {"expand_nested": True},
        {"show_trainable": True},
        {"expand_nested": True, "show_trainable": True},
        {"positions": [0.4, 0.6, 0.75, 1.0]},
        {"layer_range": (first, last)},
    ]
    return [*((width, {}) for width in WIDTHS), *((140, each) for each in options)]


def different(
    report: Any, model: Any, asked: list[tuple[int, dict[str, Any]]], texts: list[tuple[Options, str]] | None = None
) -> str | None:
    """Returns the first line in which convcalc's text differs from Keras's text, or None.

    Adds Keras's texts to ``texts``.
    """
    for width, options in asked:
        theirs = printed(model, width, **options)
        ours = keras_text(report, Options(width, **options))
        if texts is not None:
            texts.append((Options(width, **options), theirs))
        if theirs != ours:
            pairs = zip(theirs.split("\n"), ours.split("\n"))
            a, b = next(((a, b) for a, b in pairs if a != b), ("(the end)", "(the end)"))
            return f"at width {width} with {options}:\n  keras: {a}\n  ours:  {b}"
    return None


def rows(report: Any) -> list[tuple[Any, ...]]:
    """Returns the name, output shapes, parameters and trainable parameters of each layer. The layers inside nested
    models are left out.
    """
    return [
        (
            row.name,
            tuple(tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in row.output_shapes),
            row.params,
            row.trainable_params,
        )
        for row in report.layers
        if row.depth == 0 and not isinstance(row.definition, Operation)
    ]


def rows_of_keras(model: Any) -> list[tuple[Any, ...]]:
    import keras

    return [
        (
            layer.name,
            tuple(tuple(t.shape) for t in keras.tree.flatten(layer._inbound_nodes[-1].output_tensors)),
            layer.count_params(),
            count(layer.trainable_weights),
        )
        for layer in model.layers
    ]


def test_the_list_of_applications_is_whole() -> None:
    import keras

    names = [n for n, f in vars(keras.applications).items() if inspect.isfunction(f) and n[0].isupper()]
    assert sorted(names) == applications()
    assert len(names) == 40


@pytest.mark.parametrize("name", applications())
def test_an_application(name: str, tell: Any) -> None:
    """Compares the shapes, parameters and trainable parameters of each layer, and the text of the summary at every
    width and with every option.
    """
    import keras

    fresh()
    model = getattr(keras.applications, name)(weights=None)
    report = infer(read(model.to_json().encode(), name))
    assert not report.problems
    assert rows(report) == rows_of_keras(model)
    assert rows(infer(read(archive_of(model), name))) == rows(report)
    # spec_yaml reads the text that it has written, and raises an error if the text describes another model.
    assert spec_yaml(report).startswith("name: ")
    asked = looks(model)
    texts: list[tuple[Options, str]] = []
    result = different(report, model, asked, texts)
    tally = Tally()
    hold(tally, report, "keras", texts, Random(name))
    tell(
        f"{name}: {len(report.layers)} layers, {len(asked)} texts, {'equal' if result is None else 'NOT equal'}; {tally}"
    )
    assert result is None, result
    assert not tally.failed, "\n".join(tally.failed)
    assert different(report, executed(report), [(120, {"show_trainable": True})]) is None


def archive_of(model: Any) -> bytes:
    """Returns a ``.keras`` archive as Keras writes it, but without the weights, which are slow to write."""
    from keras.src.saving import saving_lib

    config, metadata = saving_lib._serialize_model_as_json(model)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("metadata.json", metadata)
        archive.writestr("config.json", config)
    return packed.getvalue()


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetV2B0", "ConvNeXtTiny"])
def test_an_archive(name: str, tmp_path: Path) -> None:
    import keras

    fresh()
    model = getattr(keras.applications, name)(weights=None)
    model.save(tmp_path / "model.keras")
    report = infer(load(tmp_path / "model.keras"))
    assert rows(report) == rows_of_keras(model)
    assert different(report, model, looks(model)) is None


def test_models_inside_of_layers() -> None:
    """Tests TimeDistributed layers that contain models with known and unknown sizes, and the file that convcalc writes.

    One of the models is partly frozen.
    """
    import keras
    from keras import layers

    fresh()
    picture = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten()]
    )
    start = keras.Input((None, None, 3))
    pooled = layers.GlobalAveragePooling2D()(layers.Dense(4, trainable=False)(layers.Conv2D(4, 3)(start)))
    free = keras.Model(start, [pooled, layers.Dense(2)(pooled)][1])
    video, other = keras.Input((5, 8, 8, 3)), keras.Input((5, 16, 12, 3), batch_size=2)
    one = layers.LSTM(3)(layers.TimeDistributed(picture)(video))
    two = layers.TimeDistributed(free)(other)
    model = keras.Model([video, other], [one, two])
    report = infer(read(model.to_json().encode(), "video"))
    assert not report.problems
    assert rows(report) == rows_of_keras(model)
    assert different(report, model, looks(model)) is None
    assert max(row.macs for row in report.layers if row.params == 112 + 16) == 5 * (6 * 6 * 4 * 3 * 3 * 3)
    assert different(report, loaded(report), looks(model)) is None


def test_trainable_weights_in_frozen_models() -> None:
    """Tests a trainable layer in a frozen model, a frozen layer in a trainable model, nested models, and a model that
    is frozen itself.
    """
    import keras
    from keras import layers

    fresh()
    texts = []
    for sequential in (False, True):
        start, dense = keras.Input((8,)), layers.Dense(3)
        if sequential:
            inner = keras.Sequential([start, dense, layers.BatchNormalization()])
        else:
            steps = layers.TimeDistributed(layers.Dense(2))(layers.RepeatVector(2)(dense(start)))
            inner = keras.Model(start, layers.Flatten()(steps))
        middle = keras.Model(again := keras.Input((8,)), inner(again))
        outer = keras.Model(last := keras.Input((8,)), layers.Dense(2)(middle(last)))
        for frozen, free in (([], []), ([inner], []), ([], [dense]), ([middle], []), ([], [dense]), ([], [inner])):
            for each in frozen:
                each.trainable = False
            for each in free:
                each.trainable = True
            texts += [middle.to_json(), outer.to_json()]
        config = json.loads(outer.to_json())
        config["config"]["trainable"] = False
        texts.append(json.dumps(config))
    for text in texts:
        model = keras.models.model_from_json(text)
        report = infer(read(text.encode(), "frozen"))
        assert rows(report) == rows_of_keras(model)
        assert different(report, model, looks(model)) is None
        assert different(report, loaded(report), looks(model)) is None


def test_layers_that_are_built_by_their_constructor() -> None:
    """The catalogue marks all layers that their constructor builds, and no others. Keras's source code shows which
    these are.

    A summary shows no shape for such a layer inside a Pipeline.
    """
    from keras import layers

    classes = {cls for cls in vars(layers).values() if inspect.isclass(cls) and issubclass(cls, layers.Layer)}
    built = set()
    for cls in classes:
        own = [
            each for each in cls.__mro__ if inspect.isfunction(vars(each).get("__init__")) and each is not layers.Layer
        ]
        if any(re.search(r"self\.built = True|_build_at_init\(\)", inspect.getsource(each.__init__)) for each in own):
            built.add(cls.__name__)
    code = {"FlaxLayer", "InputLayer", "JaxLayer", "TFSMLayer"}
    assert built - code == {name for name, definition in CATALOGUE.items() if definition.built_when_made}


def test_the_file_of_the_readme() -> None:
    """The README shows the summary of words.json. Keras prints the same summary.

    The README's other file is not tested, because it contains Python code, which Keras would run.
    """
    import keras

    fresh()
    path = SPECS / "files" / "words.json"
    model = keras.models.model_from_json(path.read_text(encoding="utf-8"))
    assert different(infer(load(path)), model, looks(model)) is None


def difference(seed: int, path: Path, tally: Tally) -> str | None:
    """Compares convcalc's text for a random model, read from a file, with Keras's summary.

    Returns the first difference, "" if there is none, or None if Keras refuses the model. Also uses Keras's text as a record: it must
    agree with the model, and disagree with changed models.
    """
    import keras

    fresh(free_memory=seed % 20 == 0)
    random = Random(seed)
    try:
        model = keras_model(grow(random))
    except Exception:  # Keras refuses the model; test_models.py tests such cases
        return None
    asked = [(random.choice([60, 80, 100, 140, 200]), random.choice([each for _, each in looks(model)]))]
    if asked[0][1] and asked[0][0] < 100:
        asked = [(140, asked[0][1])]
    # Compare with the model that Keras loads from the file. Cells inside layers of a frozen model are frozen only in
    # the original model.
    try:
        if seed % 10 == 0:
            model.save(path)
            model = keras.models.load_model(path)
        else:
            model = keras.models.model_from_json(model.to_json())
    except Exception:  # for some layers, Keras cannot load its own file
        return None
    try:
        report = infer(read(model.to_json().encode(), "random")) if seed % 10 else infer(load(path))
        texts: list[tuple[Options, str]] = []
        result = different(report, model, asked, texts)
        hold(tally, report, "keras", texts, random)
        return result or ""
    except ConvcalcError as refused:
        return f"we refuse what Keras wrote: {refused}"


def test_random_models(tell: Any, tmp_path: Path) -> None:
    failed, compared, seed, tally = [], 0, int(ONE or 1), Tally()
    while compared < (1 if ONE else COUNT) and seed < int(ONE or 1) + 2 * COUNT:
        if (result := difference(seed, tmp_path / "model.keras", tally)) is not None:
            compared += 1
            failed += [f"CONVCALC_MODEL={seed}: {result}"] if result else []
        seed += 1
    tell(f"random models as files: {compared} texts, {len(failed)} disagreements; {tally}")
    assert compared == (1 if ONE else COUNT)
    assert not failed, "\n".join(failed[:12])
    assert not tally.failed, "\n".join(tally.failed[:12])
