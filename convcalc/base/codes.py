"""The problem codes, such as ``over-budget``. Each code has a title and advice.

``convcalc explain CODE`` prints the title and the advice. SARIF reports also contain them.
"""

from __future__ import annotations

from typing import NewType

from convcalc.base.structs import Struct

Code = NewType("Code", str)


class Meaning(Struct):
    """The title and the advice of a code."""

    title: str
    help: str


CODES: dict[Code, Meaning] = {}


def _code(name: str, title: str, help: str) -> Code:
    """Registers and returns a code."""
    code = Code(name)
    CODES[code] = Meaning(title, help)
    return code


_SPEC = "Correct the spec at the line and column that the message names."
_SHAPES = "Compare the layer's input shape with its arguments: `convcalc explain MODEL LAYER` shows both."
_LAYER_PAGE = "`convcalc layers NAME` lists the layer's arguments."
_CALL = "`convcalc COMMAND --help` lists the accepted values."
_YAML = "Correct the YAML at the line and column that the message names."

# Checks
EXPECTATION = _code(
    "expectation", "A layer differs from its spec's `expect:`.", "Correct the layer, or the values under its `expect:`."
)
OVER_BUDGET = _code(
    "over-budget",
    "The model exceeds its budget.",
    "Make the model smaller, or raise the budget if the growth is intended.",
)
INCOMPLETE = _code(
    "incomplete",
    "A number is unknown, so its budget cannot be checked.",
    "Give the unknown sizes with `--input`, or pass `--allow-incomplete`.",
)
RECORD_DIFFERS = _code(
    "record-differs",
    "The model differs from its record.",
    "Correct the model, or update the record with `--record` if the change is intended.",
)
WEIGHTS_DIFFER = _code(
    "weights-differ",
    "A layer's weights differ from those in the file.",
    "Check that the config and the weights belong to the same model.",
)
WEIGHTS_LEFT = _code(
    "weights-left",
    "The file stores weights that belong to no layer.",
    "Check that the config and the weights belong to the same model.",
)

# Files
CANNOT_READ = _code(
    "cannot-read",
    "A file cannot be read.",
    "Check that the file exists, that you may read it, and that its content matches its ending.",
)
DAMAGED = _code("damaged", "A file is damaged.", "Save the model again.")
EMPTY = _code("empty", "A file is empty.", "Save the model again, or write a spec with `input:` and `layers:`.")
ENCODING = _code("encoding", "A file is not UTF-8 text.", "Save the file as UTF-8.")
NOT_TOML = _code(
    "not-toml", "pyproject.toml is not valid TOML.", "Correct the file at the line that the message names."
)
NO_RECORD = _code(
    "no-record", "There is no record of the model.", "Create it with `convcalc check MODEL --record FILE`."
)
NOT_A_RECORD = _code(
    "not-a-record",
    "A file cannot be used as a record: it contains no summary, JSON report or model.",
    "Give the text that `model.summary()` printed, a JSON report or a model file.",
)
NOT_A_MODEL = _code(
    "not-a-model",
    "A file is not a model.",
    "Give a spec, a Keras config, a .keras archive, an HDF5 file or a SavedModel folder.",
)
RECORD_GIVEN = _code(
    "record-given",
    "A command that needs a model was given a record: a printed summary or a JSON report.",
    "`convcalc check MODEL --against RECORD` and `convcalc diff RECORD MODEL` compare it with a model.",
)
WOULD_OVERWRITE = _code(
    "would-overwrite",
    "The output is the file that the command reads.",
    "Write to another file, or pass `--force`.",
)
NOT_A_SPEC = _code("not-a-spec", "A YAML file is not a spec.", "A spec is a mapping with `input:` and `layers:`.")
NO_WEIGHTS = _code("no-weights", "A file stores no weights.", "Give a file that Keras saved with its weights.")
JSON_SYNTAX = _code("json-syntax", "A file is not valid JSON.", "Write it again with `model.to_json()`.")
TOO_DEEP = _code("too-deep", "A file is nested too deeply.", "Write it with fewer levels.")
TOO_LARGE = _code(
    "too-large", "A file or a number is too large.", "The message names the largest accepted size or number."
)
TOO_MANY_LAYERS = _code("too-many-layers", "A model has too many layers.", "The message names the maximum.")
TOO_MANY_PROBLEMS = _code(
    "too-many-problems", "There are more problems than are listed.", "Correct the listed problems first."
)
CYCLE = _code(
    "cycle", "A layer depends on its own output.", "Correct the connections of the layer that the message names."
)
INVALID_CONFIG = _code(
    "invalid-config", "A Keras config cannot be read.", "Write the config again with `model.to_json()`."
)
MISSING_NODE = _code(
    "missing-node", "A config refers to a layer that does not exist.", "Write the config again with `model.to_json()`."
)
RECORDED_SHAPE = _code(
    "recorded-shape",
    "An inferred shape differs from the shape in the file.",
    "Check whether the file was changed after Keras saved it.",
)

# What Keras would do with a file: risks that `convcalc audit` reports
RUNS_CODE = _code(
    "runs-code",
    "A file stores or names code that Keras would run.",
    "Do not load the file, unless you know who wrote it and why it needs the code. Keras's safe mode did not stop all of these.",
)
AMBIGUOUS_FILE = _code(
    "ambiguous-file",
    "Programs can take a file for different models.",
    "Ask the author for a file that Keras saved. If only its name is wrong, give it the ending of its content: .keras or .h5.",
)
OPENS_FILE = _code(
    "opens-file",
    "A file names another file or a URL that Keras would open.",
    "Check the path. Keras stores vocabularies and weights in the file itself, so a saved model needs no other file.",
)
USES_MEMORY = _code(
    "uses-memory",
    "A small file asks Keras for much memory.",
    "Do not load the file: arrays that Keras saved are as large as their data.",
)
NOT_CHECKED = _code(
    "not-checked",
    "A part of a file could not be checked.",
    "Treat the file as unsafe. Ask the author for a file that Keras saved.",
)
NEEDS_CODE = _code(
    "needs-code",
    "Keras needs the code of a custom class or function to load a file.",
    "Load the file only with code that you trust: pass it as `custom_objects`, or install its package.",
)

# Git
NO_GIT = _code("no-git", "git cannot be run.", "Install git, or give two files instead of `--git`.")
NO_REPOSITORY = _code("no-repository", "A file is not in a git repository.", "Give two files instead of `--git`.")
UNKNOWN_REVISION = _code(
    "unknown-revision",
    "git cannot find the revision.",
    "`git log` lists the revisions; a shallow clone has only a few.",
)
NO_FILE = _code(
    "no-file", "A revision does not contain the file.", "Check whether the file had another name in that revision."
)

# YAML
YAML_SYNTAX = _code("yaml-syntax", "A file is not valid YAML.", _YAML)
YAML_KEY = _code("yaml-key", "A key is a list or a mapping.", _YAML)
YAML_MERGE = _code("yaml-merge", "Merge keys (`<<`) are not supported.", "Write the merged keys out.")
YAML_TAG = _code("yaml-tag", "YAML tags are not supported.", "Remove the tag.")
UNKNOWN_ALIAS = _code("unknown-alias", "An alias refers to an anchor that does not exist.", _YAML)
DUPLICATE_KEY = _code("duplicate-key", "A key is given twice in one mapping.", _YAML)
DOCUMENTS = _code("documents", "A file holds more than one YAML document.", "Keep one document in a file.")

# Python code
PYTHON_SYNTAX = _code(
    "python-syntax", "A file is not valid Python.", "Correct the code at the line that the message names."
)
SEVERAL_MODELS = _code(
    "several-models", "A program has several models.", "Name one of them: `FILE.py:NAME`. `FILE.py:*` shows all."
)
NO_MODEL_IN_CODE = _code(
    "no-model-in-code",
    "The code makes no Keras model, or none with the given name.",
    "Name a variable, a function, a class or a `Class.method` that makes a Keras model: `FILE.py:NAME`.",
)
UNKNOWN_VALUE = _code(
    "unknown-value",
    "The code does not state a value that a layer needs.",
    "Give the value: `--set NAME=VALUE`.",
)
VALUE_OF_CALL = _code(
    "value-of-call",
    "A parameter has the value that the program gives it in its own calls.",
    "Give another value: `--set NAME=VALUE`, or call the function: `FILE.py:NAME(PARAMETER=VALUE)`.",
)
SAMPLES_DIFFER = _code(
    "samples-differ",
    "The arrays that a model is trained on have different numbers of samples.",
    "Give arrays whose first axes have the same size.",
)
LABELS_DIFFER = _code(
    "labels-differ",
    "The labels do not fit the model's outputs and its loss.",
    "Change the last layer, the loss or the labels, as the message says.",
)
UNUSED_SETTING = _code(
    "unused-setting",
    "`--set` gives a value to a name that the code does not use.",
    "Correct the name: warnings about unknown values show the names.",
)
TOO_MUCH_WORK = _code(
    "too-much-work",
    "A program takes too many steps to follow.",
    "Name the function that makes the model: `FILE.py:NAME`.",
)

# Specs
BLOCK_RECURSION = _code("block-recursion", "A block uses itself.", _SPEC)
EXPRESSION = _code(
    "expression",
    "An expression in `${…}` cannot be computed.",
    "Use integers, variables, + - * / // % and parentheses.",
)
INVALID_LAYER = _code("invalid-layer", "An entry of a layer list is not a layer.", _SPEC)
INVALID_NAME = _code("invalid-name", "The name of a layer or an argument is not allowed.", _SPEC)
MISSING_FROM = _code(
    "missing-from", "A layer with several inputs does not name them.", "Name the inputs under `from:`."
)
MISSING_INPUT = _code("missing-input", "A spec has no input.", "Give the input's sizes under `input:`.")
MISSING_LAYERS = _code("missing-layers", "A spec or a block lists no layers.", "List them under `layers:`.")
MISSING_OUTPUT = _code(
    "missing-output", "A custom layer does not declare its output.", "Add `output:` to the declaration under `custom:`."
)
NAME_TAKEN = _code("name-taken", "A name is used twice.", "Rename one of the two.")
NO_SUCH_OUTPUT = _code("no-such-output", "A layer does not have the requested output.", _SPEC)
TWO_INPUTS = _code("two-inputs", "A spec has both `input:` and `inputs:`.", "Keep one of them.")
UNKNOWN_KEY = _code("unknown-key", "A spec has an unknown key.", _SPEC)
UNKNOWN_NAME = _code("unknown-name", "A name does not refer to a layer.", _SPEC)
UNKNOWN_VARIABLE = _code("unknown-variable", "A variable is not defined.", _SPEC)
UNBUILT_LAYER = _code(
    "unbuilt-layer",
    "A custom layer states its output shape, and Keras does not follow its `call`.",
    "Call `build` of the inner layers in `build` of the custom layer, and state the right shape.",
)
UNUSED_LAYER = _code("unused-layer", "A layer's output is not used.", "Remove the layer, or name it under `outputs:`.")

# Layers and operations
UNKNOWN_LAYER = _code("unknown-layer", "A layer's class is unknown.", "`convcalc layers` lists the layers.")
UNKNOWN_OPERATION = _code(
    "unknown-operation", "An operation is unknown.", "`convcalc layers ops` lists the operations."
)
PLUGIN = _code(
    "plugin",
    "An installed package declares a layer, but its code raises an exception.",
    "Report the error to the authors of the package, or uninstall the package.",
)
UNKNOWN_FUNCTION = _code(
    "unknown-function",
    "An activation, initializer, regularizer or constraint is not one of Keras's.",
    "Shapes and parameters do not depend on it. Keras needs its code to load the file.",
)
UNKNOWN_ARGUMENT = _code("unknown-argument", "A layer does not have the argument.", _LAYER_PAGE)
MISSING_ARGUMENT = _code("missing-argument", "A required argument of a layer is missing.", _LAYER_PAGE)
DUPLICATE_ARGUMENT = _code("duplicate-argument", "An argument is given twice.", _LAYER_PAGE)
TOO_MANY_ARGUMENTS = _code("too-many-arguments", "A layer is given too many arguments.", _LAYER_PAGE)
INVALID_VALUE = _code("invalid-value", "A value is not accepted.", "The message says what is expected.")
DIRECTIONS = _code("directions", "The two layers of a Bidirectional do not match.", _LAYER_PAGE)
EQUATION = _code(
    "equation", "An einsum equation does not match its inputs.", "Write the equation as in Keras, such as 'ab,bc->ac'."
)
FLASH_AND_DROPOUT = _code("flash-and-dropout", "Flash attention cannot be combined with dropout.", _LAYER_PAGE)
LORA_AND_CONSTRAINT = _code("lora-and-constraint", "LoRA cannot be combined with a constraint.", _LAYER_PAGE)
NO_KERNEL = _code("no-kernel", "SpectralNormalization needs a layer with a kernel.", _LAYER_PAGE)
OUTPUT_PADDING = _code("output-padding", "The output padding is not smaller than the stride.", _LAYER_PAGE)
PERMUTATION = _code("permutation", "The dimensions of a Permute are not a permutation.", _LAYER_PAGE)
QUANTIZATION = _code(
    "quantization",
    "A layer cannot be quantized this way.",
    "Remove the quantization mode from the layer's dtype policy.",
)
RESHAPE = _code("reshape", "The target shape does not fit the input.", _SHAPES)
STRIDES_AND_DILATION = _code("strides-and-dilation", "Strides and dilation cannot both exceed 1.", _LAYER_PAGE)
UNKNOWN_DTYPE = _code(
    "unknown-dtype",
    "A dtype is unknown.",
    "The message names the layer. Correct the dtype, or use a newer convcalc: until then, the parameters of the layer are unknown.",
)

# Shapes
INDIVISIBLE_GROUPS = _code(
    "indivisible-groups", "The number of channels, filters or heads is not a multiple of the number of groups.", _SHAPES
)
SHAPES_DIFFER = _code("shapes-differ", "The input shapes do not match.", _SHAPES)
SHARED_WEIGHTS = _code("shared-weights", "A shared layer would need different weights for another input.", _SHAPES)
UNKNOWN_SIZE = _code(
    "unknown-size", "A layer or an operation needs a size that is unknown.", "Give the size in the model's input."
)
VANISHING_SIZE = _code(
    "vanishing-size",
    "A kernel or a crop does not fit its input.",
    "Use padding: same, a smaller kernel or crop, fewer pooling layers before the layer, or a larger input.",
)
WRONG_AXIS = _code("wrong-axis", "An axis does not exist.", _SHAPES)
WRONG_CHANNELS = _code("wrong-channels", "The input has the wrong number of channels.", _SHAPES)
WRONG_DTYPE = _code("wrong-dtype", "The input has the wrong dtype.", _SHAPES)
WRONG_INPUTS = _code("wrong-inputs", "A layer is given the wrong number or kind of inputs.", _SHAPES)
WRONG_OPERAND = _code("wrong-operand", "An operation needs a tensor, but gets a number or a list.", _SHAPES)
WRONG_RANK = _code("wrong-rank", "The input has the wrong number of axes.", _SHAPES)
WRONG_SHAPE = _code("wrong-shape", "The input has the wrong shape.", _SHAPES)

# The command line
OUTPUT = _code("output", "A result cannot be written.", "Check that the folder exists and that you may write to it.")
AMBIGUOUS_LAYER = _code("ambiguous-layer", "Several layers match.", "Give more of the layer's name.")
CANNOT_WRITE = _code(
    "cannot-write", "A model cannot be written in this format.", "Choose another ending, such as .json or .py."
)
USAGE = _code("usage", "The command line is not valid.", _CALL)
MISSING_OPTION = _code("missing-option", "An option is missing.", _CALL)
NO_PROCESS = _code("no-process", "The system cannot start a process.", "Use `--jobs 1`, which starts no process.")
PROCESS_ENDED = _code(
    "process-ended", "A worker process ended unexpectedly.", "Use `--jobs 1`, which needs less memory."
)
NOT_BUILT = _code(
    "not-built", "Keras 2 prints no summary for a model without an input.", "Begin the model with an input layer."
)
TOO_NARROW = _code("too-narrow", "Keras's summary needs more columns.", "Pass a larger `--line-length`.")
UNKNOWN_CODE = _code("unknown-code", "A code does not exist.", _CALL)
UNKNOWN_COLUMN = _code("unknown-column", "The table does not have the column.", _CALL)
UNKNOWN_FORMAT = _code("unknown-format", "The format does not exist.", _CALL)
UNKNOWN_INPUT = _code(
    "unknown-input", "The model does not have the input.", "`convcalc summary MODEL` shows the model's inputs."
)


def meaning(code: Code) -> Meaning:
    """Returns the meaning of a code."""
    return CODES[code]
