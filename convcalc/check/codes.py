"""What the codes of problems mean: a short description of each, and what to do about it."""

from __future__ import annotations

from convcalc.records import NamedTuple


class Meaning(NamedTuple):
    """A code's short description, and help."""

    title: str
    help: str


def meaning(code: str) -> Meaning:
    """What a code means; of one that is not described here, its own words."""
    return CODES.get(code) or Meaning(f"{code.replace('-', ' ').capitalize()}.", "The message says what is wrong.")


_SPEC = "Correct the spec at the place that the message names."
_SHAPES = "Compare the layer's input shape with its arguments: `convcalc explain MODEL LAYER` works both out."
_LAYER_PAGE = "`convcalc layers NAME` shows what a layer takes."
_CALL = "`convcalc COMMAND --help` shows what the command takes."
_YAML = "Correct the YAML at the line and column that the message names."

CODES = {
    # Of checks
    "expectation": Meaning(
        "A layer is not what its spec expects.", "Correct the layer, or what stands under its `expect:`."
    ),
    "over-budget": Meaning(
        "The model needs more than its budget.", "Make the model smaller, or raise the budget if that is meant."
    ),
    "incomplete": Meaning(
        "A number is not known, so it holds no budget.",
        "Give the sizes that are unknown, or allow it with `--allow-incomplete`.",
    ),
    "record-differs": Meaning(
        "The model is not as its record says.",
        "Correct the model, or write the record anew with `--record` if the change is meant.",
    ),
    "weights-differ": Meaning(
        "A layer's weights are not those that the file stores.", "See whether config and weights are of one model."
    ),
    "weights-left": Meaning("The file stores weights of no layer.", "See whether config and weights are of one model."),
    # Of files
    "cannot-read": Meaning("A file cannot be read.", "See whether it is there, and is what its ending says."),
    "damaged": Meaning("A file is damaged.", "Write it again from the model."),
    "empty": Meaning("A file is empty.", "Write it again."),
    "encoding": Meaning("A file is no UTF-8 text.", "Save it as UTF-8."),
    "unreadable": Meaning("A file cannot be read as text.", "See whether it may be read, and is UTF-8."),
    "not-toml": Meaning("pyproject.toml is not TOML.", "Correct it at the line that the message names."),
    "no-record": Meaning("There is no such record.", "Write it with `convcalc check MODEL --record FILE`."),
    "not-a-record": Meaning(
        "A file is no record.", "Give the text that `model.summary()` printed, a JSON report or a model file."
    ),
    "not-a-model": Meaning("A file is no model.", "Give a spec, a Keras config, a .keras archive or an HDF5 file."),
    "not-a-spec": Meaning("A YAML file is no spec.", "A spec is a mapping with `input:` and `layers:`."),
    "no-weights": Meaning("A file stores no weights.", "Give a file that Keras saved with its weights."),
    "needs-h5py": Meaning("HDF5 files need h5py.", "Install it with `pip install 'convcalc[hdf5]'`."),
    "json-syntax": Meaning("A file is not JSON.", "Write it again with `model.to_json()`."),
    "too-deep": Meaning("A file is nested too deeply.", "Write it with fewer levels."),
    "too-large": Meaning("A file or a number is too large.", "The message names the largest that is taken."),
    "too-many-layers": Meaning("A model has too many layers.", "The message names the most that are taken."),
    "too-many-problems": Meaning("There are more problems than are listed.", "Correct those that are listed first."),
    # Of git
    "no-git": Meaning("git cannot be run.", "Install it, or give two files instead of `--git`."),
    "no-repository": Meaning("A file is in no git repository.", "Give two files instead of `--git`."),
    "unknown-revision": Meaning("git has no such revision.", "`git log` lists them; a shallow clone has few."),
    "no-file": Meaning("A revision has no such file.", "See whether it had another name then."),
    # Of YAML
    "yaml-syntax": Meaning("A file is not YAML.", _YAML),
    "yaml-key": Meaning("A key is a list or a mapping.", _YAML),
    "yaml-merge": Meaning("A merge key merges no mapping.", _YAML),
    "yaml-tag": Meaning("A tag stands in a spec.", _YAML),
    "unknown-alias": Meaning("An alias refers to no anchor.", _YAML),
    "duplicate-key": Meaning("A key stands twice in a mapping.", _YAML),
    # Of specs
    "block-recursion": Meaning("A block uses itself.", _SPEC),
    "invalid-layer": Meaning("An entry of a layer list is no layer.", _SPEC),
    "invalid-name": Meaning("A name cannot be used.", _SPEC),
    "missing-from": Meaning("A layer of several inputs names none.", "Name its inputs under `from:`."),
    "missing-input": Meaning("A spec has no input.", "Say the input's sizes under `input:`."),
    "missing-layers": Meaning("A spec or a block lists no layers.", "List them under `layers:`."),
    "missing-node": Meaning("A config refers to a layer that is not there.", "Write it again with `model.to_json()`."),
    "missing-output": Meaning("The output of a layer of one's own is not said.", "Say it in the layer's declaration."),
    "name-taken": Meaning("Two things have one name.", "Give one of them another name."),
    "no-such-output": Meaning("A layer has no output of that number.", _SPEC),
    "two-inputs": Meaning("A spec says its inputs twice.", "Keep `input:` or `inputs:`."),
    "unknown-key": Meaning("A spec has a key that is not known.", _SPEC),
    "unknown-name": Meaning("A name leads to no layer.", _SPEC),
    "unknown-variable": Meaning("A variable is not there.", _SPEC),
    "unused-layer": Meaning("A layer leads to no output.", "Take it out, or name it among the outputs."),
    # Of layers
    "unknown-layer": Meaning("There is no layer of that name.", "`convcalc layers` lists those that are known."),
    "unknown-operation": Meaning("There is no such operation.", "`convcalc layers ops` lists those that are known."),
    "unknown-argument": Meaning("A layer has no such argument.", _LAYER_PAGE),
    "missing-argument": Meaning("A layer needs one more argument.", _LAYER_PAGE),
    "duplicate-argument": Meaning("An argument is given twice.", _LAYER_PAGE),
    "too-many-arguments": Meaning("A layer is given more arguments than it has.", _LAYER_PAGE),
    "invalid-value": Meaning("A value is not one that can stand there.", "The message says what is expected."),
    "flash-and-dropout": Meaning("Flash attention takes no dropout.", _LAYER_PAGE),
    "lora-and-constraint": Meaning("LoRA takes no constraint.", _LAYER_PAGE),
    "no-kernel": Meaning("SpectralNormalization needs a layer with a kernel.", _LAYER_PAGE),
    "output-padding": Meaning("The output padding is not below the stride.", _LAYER_PAGE),
    "strides-and-dilation": Meaning("Strides and dilation exclude each other.", _LAYER_PAGE),
    "unknown-dtype": Meaning("A dtype is not known.", "float32 is taken; the message names the layer."),
    # Of shapes
    "indivisible-groups": Meaning("Channels cannot be divided into the groups.", _SHAPES),
    "recorded-shape": Meaning("A shape is the one that the file records.", "See whether it still holds."),
    "shapes-differ": Meaning("Inputs have shapes that do not go together.", _SHAPES),
    "shared-weights": Meaning("A shared layer's inputs need other weights.", _SHAPES),
    "unknown-size": Meaning("A size must be known and is not.", "Give the size in the model's input."),
    "vanishing-size": Meaning("A window does not fit into its input.", _SHAPES),
    "wrong-axis": Meaning("There is no such axis.", _SHAPES),
    "wrong-channels": Meaning("The input has the wrong number of channels.", _SHAPES),
    "wrong-dtype": Meaning("The input has the wrong dtype.", _SHAPES),
    "wrong-inputs": Meaning("A layer is given the wrong inputs.", _SHAPES),
    "wrong-operand": Meaning("An operation needs a tensor.", _SHAPES),
    "wrong-rank": Meaning("The input has the wrong number of axes.", _SHAPES),
    "wrong-shape": Meaning("The input has the wrong shape.", _SHAPES),
    # Of the call
    "output": Meaning("A result cannot be written.", "See whether the folder is there and may be written to."),
    "ambiguous-layer": Meaning("Several layers could be meant.", "Write more of the layer's name."),
    "cannot-write": Meaning("A model cannot be written in that format.", "Choose another ending, as .json or .py."),
    "missing-option": Meaning("An option is needed.", _CALL),
    "no-process": Meaning("The system starts no process.", "`--jobs 1` needs none."),
    "process-ended": Meaning("A process was ended at its work.", "With `--jobs 1` less memory is needed at once."),
    "not-built": Meaning("Keras 2 prints no summary of a model without an input.", "Begin it with an input layer."),
    "too-narrow": Meaning("Keras's summary needs more columns.", "Write a larger `--line-length`."),
    "unknown-code": Meaning("There is no insight of that code.", _CALL),
    "unknown-column": Meaning("The table has no such column.", _CALL),
    "unknown-format": Meaning("There is no such format.", _CALL),
    "unknown-input": Meaning("The model has no input of that name.", "`convcalc summary MODEL` shows its inputs."),
}
