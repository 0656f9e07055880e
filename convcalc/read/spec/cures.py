"""Returns advice for problems in specs: the corrected line, or what the user probably meant.

Only specs with a problem need this module. It knows what users write: names of PyTorch and of old versions of Keras,
values in quotes, percentages, and arguments without names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal, did_you_mean, listed
from convcalc.layers import LayerDefinition, find
from convcalc.layers.arguments import Argument, Boolean, Choice, Kind, Real
from convcalc.layers.other_names import meant_layer
from convcalc.read.spec.corrected import entry_line, flow
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode, plain_value
from convcalc.read.spec.places import COMMON_OPTIONS, SpecPlace

# Arguments of layers in Keras programs that state the shape of the model's input.
_INPUT_SHAPES = ("input_shape", "batch_input_shape", "batch_shape", "input_dim", "input_length")
# Arguments of PyTorch and of Keras 1, and the arguments of Keras with the same meaning.
_ARGUMENTS = {
    "out_channels": "filters",
    "nb_filter": "filters",
    "num_filters": "filters",
    "n_filters": "filters",
    "channels": "filters",
    "kernel": "kernel_size",
    "ksize": "kernel_size",
    "filter_size": "kernel_size",
    "stride": "strides",
    "subsample": "strides",
    "pad": "padding",
    "border_mode": "padding",
    "dilation": "dilation_rate",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "out_features": "units",
    "neurons": "units",
    "nodes": "units",
    "hidden_size": "units",
    "size": "units",
    "num_embeddings": "input_dim",
    "vocab_size": "input_dim",
    "embedding_dim": "output_dim",
    "embed_dim": "key_dim",
    "num_groups": "groups",
    "p": "rate",
    "prob": "rate",
    "dropout_rate": "rate",
    "pool_length": "pool_size",
    "kernel_init": "kernel_initializer",
    "init": "kernel_initializer",
    "act": "activation",
    "nonlinearity": "activation",
    "eps": "epsilon",
    "dim": "axis",
    "shape": "target_shape",
    "scale_factor": "size",
    "return_seq": "return_sequences",
    "negative_slope": "negative_slope",
}
# Arguments of PyTorch that Keras gets from the input.
_FROM_INPUT = ("in_channels", "in_features", "num_features", "normalized_shape", "input_size")
_NOT_NEEDED = ("batch_first", "inplace", "device", "affine")
_ON = {"yes": True, "on": True, "no": False, "off": False}
_NUMBER = r"[-+]?\d+(\.\d*)?"


def unknown_layer_cure(name: str, others: Iterable[str]) -> str:
    """Returns the end of the message for an unknown layer. ``others`` are the names that the spec declares."""
    if re.match(r"(for|while|repeat|loop)\b", name):
        return "; to repeat layers, write '- repeat: 3' and below it, with the same indentation, 'layers:'"
    parts = re.match(r"([A-Za-z_][\w.]*)\s*([:{\[]|\s)\s*(.*)", name)
    if parts and (layer := parts[1].rpartition(".")[2]) and (find(layer) or layer in others):
        rest = parts[3].strip(" ]}")
        values = [value for value in re.split(r"[\s,]+", rest) if value]
        plain = bool(values) and not re.search("[:{]", parts[2] + rest if parts[2] != ":" else rest)
        line = entry_line(layer, [_read(value) for value in values]) if plain else f"- {layer}: …"
        return f"; write ': ' after the layer's name, such as '{line}'"
    return did_you_mean(name, others) or meant_layer(name) or "; `convcalc layers` lists them"


def _read(text: str) -> Any:
    """Returns a number if the text is one, else the text."""
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text) if re.fullmatch(_NUMBER, text) else text


def unknown_tensor_cure(
    name: str, inputs: Sequence[str], is_known: Callable[[str], bool], variables: Iterable[str], in_block: bool
) -> str:
    """Returns the end of the message for an unknown name under ``from:``; "" if there is no advice.

    ``inputs`` are the names of the model's inputs. ``is_known`` returns True for the names of layers and labels.
    """
    output = re.fullmatch(r"(\w+)\s*(?:\[(\d+)\]|[:.](\d+))", name)
    if output and is_known(output[1]):
        return f"; for output {output[2] or output[3]} of '{output[1]}', write [{output[1]}, {output[2] or output[3]}]"
    if name in variables:
        return f"; for the variable, write ${name}"
    if name.lower().strip("$_") in ("input", "inputs", "image", "img", "input_1", "input_tensor"):
        if in_block:
            return "; the input of a block is named '$input'"
        return f"; the model's input is named '{inputs[0]}'" if len(inputs) == 1 else ""
    parts = [part.strip() for part in re.split("[,;+&]", name)]
    if len(parts) > 1 and all(map(is_known, parts)):
        return f"; write a list: [{', '.join(parts)}]"
    return ""


def input_sizes(value: Any) -> list[Any] | None:
    """Returns the sizes of an input that is written as a text, such as ``28, 28, 1`` or ``28x28x1``; None for another text."""
    if not isinstance(value, str) or not re.fullmatch(
        r"\s*(\d+|None|null|\?)(\s*[,x×]\s*(\d+|None|null|\?))+\s*,?\s*", value
    ):
        return None
    return [int(part) if part.isdigit() else None for part in re.findall(r"\d+|None|null|\?", value)]


def unknown_key_cure(key: str, value: Any) -> str:
    """Returns the end of the message for an unknown key at the top of a spec; "" if there is no advice."""
    if key in (*_INPUT_SHAPES, "shape", "input_size", "image_size"):
        return f"; {_input_cure(key, value)}"
    if key in ("batch_size", "batch"):
        return f"; the batch size is a part of the input: 'input: {{shape: [28, 28, 1], batch_size: {flow(value)}}}'"
    if key in ("model", "network", "net", "architecture"):
        return "; 'name', 'input' and 'layers' are at the top of a spec, not inside another key"
    if key in ("optimizer", "loss", "metrics", "epochs", "compile", "learning_rate"):
        return "; a spec describes layers, not training: remove it (`summary --training adam` estimates the memory)"
    return ""


def several_names_message(names: list[str], known: Mapping[str, Sequence[str]], values: Mapping[str, Any]) -> str:
    """Returns the message for an entry with several names.

    ``known`` maps each name that is a layer or a block to the names of its arguments. ``values`` are all values of the entry.
    """
    message = f"this entry names {listed(map(repr, names), 'and')}; "
    first, rest = names[0], names[1:]
    if any(name in known for name in rest):
        return f"{message}begin each layer with '- '"
    arguments = {key: value for key, value in values.items() if key != first}
    if first in known and values[first] is None:
        line = entry_line(first, (), arguments)
        return (
            f"{message}indent {listed(map(repr, rest), 'and')} by two more spaces, or write '{line}'"
            if line
            else message
        )
    if first in ("type", "layer", "class", "class_name") and isinstance(values[first], str):
        line = entry_line(values[first], (), arguments)
        return f"{message}an entry begins with the layer's name: write '{line}'"
    bare = [name for name in rest if values[name] is None]
    if first in known and len(bare) == len(rest) and not isinstance(values[first], (dict, list)):
        return f"{message}write '{entry_line(first, [values[first], *map(_read, bare)])}'"
    if first in known and not isinstance(values[first], dict):
        return f"{message}write all arguments of '{first}' inside its braces, such as '- {first}: {{{rest[0]}: …}}'"
    return f"{message}indent the arguments of '{first}' by two more spaces, or begin each layer with '- '"


def form_problem(place: SpecPlace, refusals: Sequence[Refusal]) -> tuple[Node, str] | None:
    """Returns the node and the message if the arguments of a layer are neither a list nor a mapping of YAML.

    Examples: a list with a name in it (``[32, 3, padding: same]``), and a mapping with values without names
    (``{32, 3, padding: same}``). Then the other problems of the layer are not reported.
    """
    definition, given = place.definition, place.arguments
    if not isinstance(definition, LayerDefinition) or not refusals:
        return None
    names = [argument.name for argument in definition.arguments]
    if isinstance(given, SequenceNode):
        positional: list[Any] = []
        named: dict[str, Any] = {}
        wrong: Node | None = None
        for item in given.items:
            pair = _pair(item)
            if pair and (pair[0] in names or pair[0] in COMMON_OPTIONS):
                named[pair[0]] = pair[1]
                wrong = wrong or item
            else:
                positional.append(plain_value(item))
        if wrong is None or len(positional) > len(names):
            return None
        line = entry_line(definition.name, (), {**dict(zip(names, positional)), **named})
        return wrong, f"a list of arguments contains no names; write '{line}'"
    if isinstance(given, MappingNode):
        bare = [
            (key, node)
            for key, (node, value) in given.fields.items()
            if isinstance(value, ScalarNode) and value.value is None and key not in (*names, *COMMON_OPTIONS)
        ]
        by_name = {key: plain_value(value) for key, (_, value) in given.fields.items() if key not in dict(bare)}
        free = [name for name in names if name not in by_name]
        if not bare or len(bare) > len(free):
            return None
        line = entry_line(definition.name, (), {**{name: _read(key) for name, (key, _) in zip(free, bare)}, **by_name})
        return bare[0][1], f"each value in braces needs a name; write '{line}'"
    return None


def _pair(item: Node) -> tuple[str, Any] | None:
    """Returns the name and the value of ``padding: same`` or ``padding='same'`` in a list."""
    if isinstance(item, MappingNode) and len(item.fields) == 1:
        ((name, (_, value)),) = item.fields.items()
        return name, plain_value(value)
    text = item.value if isinstance(item, ScalarNode) else None
    match = re.fullmatch(r"(\w+)\s*=\s*(.+)", text) if isinstance(text, str) else None
    return (match[1], _read(match[2].strip("'\""))) if match else None


def cured(refusal: Refusal, place: SpecPlace) -> str:
    """Returns the message of a refusal, with advice at its end."""
    message, name = refusal.message, refusal.argument
    definition = place.definition
    if not isinstance(definition, LayerDefinition) or name is None:
        return message
    node = place.option(name) or (None if refusal.code == codes.UNKNOWN_ARGUMENT else place.positional(name))
    value = None if node is None else plain_value(node)
    if refusal.code == codes.UNKNOWN_ARGUMENT:
        return _unknown_argument(message, name, value, definition)
    if refusal.code != codes.INVALID_VALUE or node is None or "did you mean" in message:
        return message
    argument = definition.argument(name)
    return message + (_value_cure(argument, value, definition) if argument else "")


def _unknown_argument(message: str, name: str, value: Any, definition: LayerDefinition) -> str:
    start = f"{definition.name} has no argument '{name}'"
    if name in _INPUT_SHAPES and definition.inputs != 0:
        return f"{start}; {_input_cure(name, value)}"
    known = [argument.name for argument in definition.arguments]
    if definition.inputs == 0 and "did you mean" not in message:
        return f"{start}; write the sizes in order, without the batch: 'input: [28, 28, 1]', or {{shape: [28, 28, 1], batch_size: 8}}"
    if _ARGUMENTS.get(name) in known:
        return f"{start}; in Keras it is '{_ARGUMENTS[name]}'"
    if name in _FROM_INPUT:
        return f"{start}; Keras takes this number from the layer's input: remove it"
    if name in _NOT_NEEDED:
        return f"{start}; it is an argument of PyTorch that Keras does not need: remove it"
    if name == "activation" and definition.name != "Activation":
        return f"{start}; write '- Activation: {flow(value)}' after this layer"
    if name == "weights" or name.startswith("kernel_") or "did you mean" in message:
        return message
    return message + did_you_mean(name, COMMON_OPTIONS)


def _input_cure(name: str, value: Any) -> str:
    if not isinstance(value, list):
        value = [value] if isinstance(value, int) else ["…"]
    if name in ("batch_input_shape", "batch_shape"):
        batch, value = value[0], value[1:]
        if isinstance(batch, int):
            return (
                f"the input's shape is at the top of the spec: 'input: {{shape: {flow(value)}, batch_size: {batch}}}'"
            )
    return f"the input's shape is at the top of the spec: 'input: {flow(value)}'"


def _value_cure(argument: Argument, value: Any, definition: LayerDefinition) -> str:
    """Returns advice for a value that an argument does not accept."""
    kind = argument.kind
    for meant, words in _meant_values(kind, value):
        try:
            argument.read(meant, definition.name)
        except Refusal:
            continue
        return f"; {words} {flow(meant)}" + ("?" if words.startswith("did you") else "")
    if argument.name == "padding" and isinstance(kind, Choice) and isinstance(value, (int, list, tuple)):
        rank = next((digit for digit in "123" if f"{digit}D" in definition.name), "2")
        return f"; to pad by a number, write '- ZeroPadding{rank}D: {flow(value)}' before this layer"
    if isinstance(kind, Real) and kind.maximum == 1 and argument.name in ("rate", "dropout", "recurrent_dropout"):
        return "; it is the fraction to drop"
    return ""


def _meant_values(kind: Kind, value: Any) -> list[tuple[Any, str]]:
    """Returns the values that the user may have meant, each with the words before it."""
    if isinstance(kind, Boolean):
        text = str(value).lower()
        return (
            [(_ON[text], "write")] if text in _ON else [(text == "true", "write")] if text in ("true", "false") else []
        )
    if isinstance(kind, Choice) and isinstance(value, str):
        order = {"nchw": "channels_first", "nhwc": "channels_last", "first": "channels_first", "last": "channels_last"}
        return [(order.get(value.lower()), "write"), (value.lower(), "write"), (value.strip("'\" "), "write")]
    if isinstance(value, list) and len(value) == 1:
        return [(value[0], "write")]
    if isinstance(value, float) and value.is_integer():
        return [(int(value), "write")]
    if isinstance(kind, Real) and isinstance(value, (int, float)) and 10 <= value <= 100:
        return [(value / 100, "did you mean")]
    if not isinstance(value, str):
        return []
    text = value.strip()
    if percent := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text):
        return [(float(percent[1]) / 100, "write")]
    if re.fullmatch(_NUMBER, text):
        return [(_read(text), "take off the quotes:")]
    if re.fullmatch(r"\d*,\d+", text):
        return [(float(text.replace(",", ".")), "write"), ([_read(part) for part in text.split(",")], "write")]
    if re.fullmatch(r"\d+(\s*[x×,*\s]\s*\d+)+", text):
        return [([int(part) for part in re.findall(r"\d+", text)], "write")]
    return []
