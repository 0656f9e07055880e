"""Models that a program saves and loads, clones, or makes again from their config."""

from __future__ import annotations

import json
import os
from pathlib import PurePath
from typing import Any

from convcalc.base.problems import ConvcalcError
from convcalc.read.code.keras.graph import LayerValue, ModelValue
from convcalc.read.code.keras.imported_models import imported_model
from convcalc.read.code.keras.to_model import with_inner_layers
from convcalc.read.code.language.values import MISSING, LibraryObject, Native, Special, Spot, Unknown
from convcalc.read.code.libraries import function

MAX_CONFIG = 4_000_000  # the maximum length of the text of a config that is read


class ModelConfig(Special):
    """The config of a model: the result of ``get_config()`` or ``to_json()``. ``model`` is None after a change."""

    __slots__ = ("model",)

    def __init__(self, model: ModelValue | None) -> None:
        self.model = model

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns a method of dicts, whose result is unknown."""
        if name in ("update", "pop", "setdefault", "clear", "popitem"):
            self.model = None
        if name == "copy":
            return Native(name, lambda run, args, kwargs, at: ModelConfig(self.model))
        return Unknown("the config of a model is not supported", spot)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns a part, which the program may change: from then on, the model is unknown."""
        if not isinstance(key, str) or key in ("layers", "config"):
            self.model = None
        return Unknown("the config of a model is not supported", spot)

    def set_item(self, run: Any, key: Any, value: Any, spot: Spot) -> None:
        """Changes the config. Another name does not change the layers."""
        if key != "name":
            self.model = None

    def truth(self) -> Any:
        """A config is a true value."""
        return True


def copied(run: Any, model: ModelValue, spot: Spot, name: Any = None) -> Any:
    """Returns a model with new layers of the same names and arguments."""
    if not model.is_functional and not model.is_sequential:
        return model  # a model of a custom class: the same layers, with the same numbers
    if model.is_sequential and model.input_tensor is None:
        return _open_copy(run, model, spot)
    try:
        made = run.model_of(model)
    except ConvcalcError as error:
        return Unknown(f"the model that is copied has an error: {error.problems[0].message}", spot)
    copy = imported_model(run, made._replace(name=name if isinstance(name, str) else model.name), spot)
    _keep_reasons(model, copy)
    return copy


def _keep_reasons(model: ModelValue, copy: ModelValue) -> None:
    """Gives the layers of a copy the reasons why shapes and counts of the model's layers are unknown."""
    reasons = {layer.name: layer.unknown for layer in with_inner_layers(_layers(model)) if layer.unknown is not None}
    for layer in with_inner_layers(_layers(copy)):
        layer.unknown = layer.unknown or reasons.get(layer.name)


def _layers(model: ModelValue) -> list[LayerValue]:
    first = [] if model.input_tensor is None else [model.input_tensor.node.layer]
    return [*first, *model.inner_layers()]


def _open_copy(run: Any, model: ModelValue, spot: Spot) -> ModelValue:
    """Returns a copy of a Sequential without an input. The layers are the same objects: they have no weights yet."""
    copy = ModelValue(model.path, model.name, spot, model.cls)
    copy.layers = list(model.layers)
    copy.unknown = model.unknown
    run.note_new(copy)
    run.models.append(copy)
    return copy


def config_method(model: ModelValue, name: str) -> Any:
    """Returns a method of a model that gives its config or saves it, or MISSING."""
    if name in ("get_config", "to_json", "to_yaml"):
        return Native(name, lambda run, args, kwargs, at: ModelConfig(model))
    if name == "save":
        return Native(name, lambda run, args, kwargs, at: save(run, model, args[0] if args else kwargs.get("filepath")))
    return MISSING


# Files ----------------------------------------------------------------------------------------------------------------


def _path(run: Any, value: Any, spot: Spot | None = None) -> str | None:
    """Returns the path of a file as a text; None if it is unknown."""
    if isinstance(path := getattr(value, "path", None), PurePath):  # a path of pathlib
        value = str(path)
    text = value if isinstance(value, str) else run.text_of(value)
    return os.path.normpath(text) if isinstance(text, str) and text else None


def save(run: Any, model: ModelValue, path: Any) -> None:
    """Notes that a program saves a model to a file."""
    text = _path(run, path)
    if text is not None:
        run.saved_models[text] = (model, run.doubt)


def note_checkpoints(run: Any, model: ModelValue, callbacks: Any) -> None:
    """Notes the files to which the callback ModelCheckpoint saves a model while it trains."""
    for callback in callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]:
        if isinstance(callback, LibraryObject) and callback.path == "keras.callbacks.ModelCheckpoint":
            path = callback.args[0] if callback.args else callback.kwargs.get("filepath")
            if callback.kwargs.get("save_weights_only", False) is False:
                save(run, model, path)


@function("keras.models.save_model", "keras.saving.save_model")
def _save_model(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("model", "filepath"), args)), **kwargs}
    if isinstance(given.get("model"), ModelValue):
        save(run, given["model"], given.get("filepath"))


@function("keras.models.load_model", "keras.saving.load_model")
def _load_model(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    path = _path(run, args[0] if args else kwargs.get("filepath"))
    model, doubt = run.saved_models.get(path, (None, None))
    if doubt is not None:
        return Unknown(f"whether the program saves this model is unknown: {doubt.reason}", spot)
    if model is None:
        return Unknown("`load_model` reads a file, which is not part of the code", spot)
    return copied(run, model, spot)


# Copies ---------------------------------------------------------------------------------------------------------------


@function("keras.clone_model", "keras.models.clone_model")
def _clone(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("model", "input_tensors", "clone_function"), args)), **kwargs}
    model = given.get("model")
    if isinstance(model, Unknown):
        return Unknown(model.reason, model.spot)
    others = [name for name in ("input_tensors", "clone_function", "call_function") if given.get(name) is not None]
    if not isinstance(model, ModelValue) or others:
        return Unknown(f"`clone_model` with `{others[0]}` is not supported" if others else "this is no model", spot)
    return copied(run, model, spot)


@function("keras.models.model_from_json", "keras.models.model_from_config", "keras.models.model_from_yaml")
def _from_json(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else kwargs.get("json_string", kwargs.get("config"))
    return from_config(run, value, spot)


def from_config(run: Any, value: Any, spot: Spot) -> Any:
    """Returns the model that a config describes: of another model, or written in the code."""
    if isinstance(value, ModelConfig):
        if value.model is None:
            return Unknown("the program may change the config of the model", spot)
        return copied(run, value.model, spot)
    if isinstance(value, Unknown):
        return Unknown(value.reason, value.spot)
    from convcalc.read.keras_files.config import read_config  # imported here, because few programs need it

    try:
        data = json.loads(value) if isinstance(value, str) and len(value) < MAX_CONFIG else value
        if not isinstance(data, dict) or "class_name" not in data:
            return Unknown("this config is not supported", spot)
        return imported_model(run, read_config(data, spot.source.name), spot)
    except (ValueError, RecursionError):
        return Unknown("this config is not valid JSON", spot)
    except ConvcalcError as error:
        return Unknown(f"the config has an error: {error.problems[0].message}", spot)


@function("keras.Model.from_config", "keras.Sequential.from_config", "keras.Functional.from_config")
def _model_from_config(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return from_config(run, args[0] if args else kwargs.get("config"), spot)
