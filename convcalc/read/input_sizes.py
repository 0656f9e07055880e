"""Changes the sizes of a model's inputs (``--input``). Errors name the inputs that the model has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal, did_you_mean, error, listed
from convcalc.model import Model, with_input_sizes


def resized(model: Model, sizes: Mapping[str | None, tuple[Any, ...]], batch: int | None) -> Model:
    """Returns the model with other input sizes and another batch size. Raises :class:`ConvcalcError` for an input that
    does not exist.
    """
    try:
        return with_input_sizes(model, sizes, batch)
    except KeyError as unknown:
        names = [model.layer_of(ref).name for ref in model.inputs]
        name = unknown.args[0]
        if name is None:
            message = f"the model has several inputs: name one of them, e.g. --input {names[0]}=224x224x3"
        else:
            message = (
                f"there is no input '{name}'{did_you_mean(name, names) or '; the inputs are ' + listed(names, 'and')}"
            )
        raise error(codes.UNKNOWN_INPUT, message) from None
    except Refusal as refused:
        raise error(refused.code, refused.message) from None
