"""Follows one program: its files, the libraries that it imports, and the Keras objects that it creates."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base.codes import Code
from convcalc.base.problems import Problem, Refusal, Source
from convcalc.model import Layer, Model
from convcalc.read.code.keras import calls, keras_methods, merged_tensors, models, subclassing, to_model, training
from convcalc.read.code.keras.graph import LayerValue, ModelValue, Node, TensorValue, tensors_in, to_sizes
from convcalc.read.code.language.values import MISSING, Environment, FunctionValue, Special, Spot, Unknown
from convcalc.read.code.library_calls import LibraryCalls
from convcalc.read.code.own_calls import OwnCalls
from convcalc.read.code.tensors import operations


class Program(LibraryCalls):
    """A program that convcalc follows.

    Attributes:
        tape: the calls in the graph that is being built: in a model, or in the ``call`` of a custom layer.
        inside: the number of calls of custom layers around the current statement.
        sizes_of_inputs: the sizes that the user gives to inputs (``--input``), by name; None is the name of the only input.
        local_models: the models in variables of functions, by name. The number is the depth of the function call.
        notes: problems of the file, not of the model, such as a cell that is not valid Python.
        own_calls: the values that the program gives to the parameters of its functions.
    """

    def __init__(
        self, source: Source, folder: str = "", settings: Mapping[str, Any] | None = None, root: str = ""
    ) -> None:
        super().__init__(source, folder, settings, root)
        self.local_models: dict[str, tuple[int, ModelValue]] = {}
        self.notes: list[Problem] = []
        self.own_calls = OwnCalls()
        self.tape: list[Node] = []
        self.inside = 0
        self.node_count = 0
        self.layer_count = 0
        self.floatx = "float32"
        self._policy = ""
        self.data_format = "channels_last"
        self.sizes_of_inputs: dict[str | None, tuple[Any, ...]] = {}
        self.merged_tensors = 0  # how many tensors stand for one of several tensors
        self.flags: dict[str, Any] = {}  # the command line options that the program defines with absl or TensorFlow
        self.faults: set[tuple[str, int, int]] = set()
        self.only_in_keras3: list[Problem] = []  # the problems that Keras 2 does not report

    @property
    def policy(self) -> str:
        """The dtype policy of new layers. The first layer sets it to ``floatx``, as in Keras."""
        self._policy = self._policy or self.floatx
        return self._policy

    @policy.setter
    def policy(self, policy: str) -> None:
        self._policy = policy

    # Values that the user gives ---------------------------------------------------------------------------------------

    def assign(self, target: Any, value: Any, env: Environment) -> None:
        """Assigns a value to a target. If the value is unknown, the user's value from ``--set`` replaces it."""
        if isinstance(value, Special) and value.has_sizes:
            value.assigned(ast.unparse(target), self.settings)
        elif isinstance(value, Unknown):
            if self.settings:
                value = self._setting(ast.unparse(target), value)
        elif isinstance(value, ModelValue) and self.depth and env.module is self.main:
            self.local_models[ast.unparse(target)] = (self.depth, value)
        super().assign(target, value, env)

    def _setting(self, name: str, value: Any) -> Any:
        for text in (name, value.name if isinstance(value, Unknown) else ""):
            given = self.settings.get(text, MISSING)
            if given is not MISSING:
                return given
        return value

    def evaluate(self, node: ast.expr, env: Environment) -> Any:
        """Returns the value of an expression. If it is unknown, looks for a ``--set`` with the text of the expression."""
        value = super().evaluate(node, env)
        if self.settings and isinstance(value, Unknown):
            return self._setting(ast.unparse(node), value)
        return value

    def bound(self, function: FunctionValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> dict[str, Any]:
        """Returns the value of each parameter in a call. Notes the values if the program itself makes the call."""
        variables = super().bound(function, args, kwargs, spot)
        if self.own_calls.is_open and function.module is self.main:
            self.own_calls.note(function, variables, spot)
        return variables

    # Problems ---------------------------------------------------------------------------------------------------------

    def fault(
        self, code: Code, message: str, spot: Spot | None, layer: LayerValue | None, in_keras2: bool = False
    ) -> None:
        """Reports an error that Keras raises. In a ``try`` block of the program, raises the program's ValueError
        instead.

        ``in_keras2`` is True for what Keras 2 accepts: it is a warning in a program for Keras 2.
        """
        is_warning = in_keras2 and self.is_old_keras
        if self.trying and not is_warning:
            raise self.error("ValueError", message, spot)
        if self.doubt is not None:
            return
        mark = None if spot is None else spot.mark()
        key = (code, mark.line, mark.column) if mark is not None else (code, 0, 0)
        if key in self.faults:
            return
        self.faults.add(key)
        context = "" if spot is None or message.endswith(spot.context) else spot.context
        text = f"{message}; Keras 2 accepts it{context}" if is_warning else f"{message}{context}"
        severity = "warning" if is_warning else "error"
        problem = Problem(code, text, mark, None if layer is None else layer.name, severity)
        self.problems.append(problem)
        if in_keras2:
            self.only_in_keras3.append(problem)

    def only_keras2(self, code: Code, message: str, spot: Spot, layer: LayerValue) -> None:
        """Reports what Keras 2 accepts and Keras 3 refuses. ``tf.keras`` may be both: there it is a warning."""
        if self.keras_of != {"tensorflow"}:
            self.fault(code, message, spot, layer, in_keras2=True)
        elif self.doubt is None and not self.trying:
            text = f"{message}; Keras 2 accepts it{spot.context}"
            self.problems.append(Problem(code, text, spot.mark(), layer.name, "warning"))

    def judged(self, problems: Sequence[Problem]) -> list[Problem]:
        """Returns the problems. An error that Keras 2 accepts becomes a warning if a later line is for Keras 2."""
        if not self.is_old_keras:
            return list(problems)
        return [
            problem._replace(severity="warning", message=f"{problem.message}; Keras 2 accepts it")
            if problem.severity == "error" and any(problem is one for one in self.only_in_keras3)
            else problem
            for problem in problems
        ]

    def refuse(self, layer: LayerValue, refusal: Refusal, spot: Spot) -> None:
        """Reports an argument that a layer does not accept."""
        if self.trying:
            raise self.error("ValueError", refusal.message, spot)
        if self.doubt is None:
            self.problems.append(
                Problem(refusal.code, f"{refusal.message}{spot.context}", spot.mark(refusal.argument), layer.name)
            )

    def merged_objects(self, values: list[Any], reason: Unknown, only_tensors: bool | None = None) -> Any:
        """Returns one tensor for several possible tensors, such as those of the two branches of an unknown test."""
        if not all(isinstance(value, TensorValue) for value in values):
            return reason
        return merged_tensors.merged_tensor(self, values, reason, only_tensors)

    def sizes(self, shape: Any) -> Any:
        """Converts a shape of the engine for the program."""
        return to_sizes(shape)

    def override(self, name: str, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the shape of an input. If the user gives sizes with ``--input``, they replace the program's sizes."""
        given = self.sizes_of_inputs.get(name, self.sizes_of_inputs.get(None))
        return shape if given is None or self.inside else (shape[0], *given)

    # Keras objects. The modules of read/code/keras call one another only through these methods -----------------------------------------

    def call_layer(self, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the outputs of a call of a layer."""
        return calls.call_layer(self, layer, args, kwargs, spot)

    def call_model(self, model: ModelValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the outputs of a call of a Sequential or Functional."""
        if args and not tensors_in((args, kwargs)):
            outputs = training.check(self, model, "the call", args[0], None, 1 << 30, spot)
            if outputs is not None:
                return outputs
        return models.call_model(self, model, args, kwargs, spot)

    def call_own_layer(self, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns the outputs of a call of a custom layer or a Lambda."""
        return subclassing.call_own_layer(self, layer, args, kwargs, spot)

    def layer_of(self, layer: LayerValue) -> Layer:
        """Converts a layer of the program to a layer of convcalc's model."""
        return to_model.layer_of(self, layer)

    def definition_of(self, layer: LayerValue) -> Any:
        """Returns the definition of a layer of the program."""
        return to_model.inner_definition(self, layer)

    def own_definition(self, layer: LayerValue) -> Any:
        """Returns the definition of a custom layer or a Lambda."""
        return subclassing.own_definition(self, layer)

    def model_of(self, model: ModelValue) -> Model:
        """Converts a model of the program to a model of convcalc."""
        return to_model.model_of(self, model)

    def own_model(self, model: ModelValue) -> Model:
        """Converts a model of a custom class to a model of convcalc."""
        return subclassing.own_model(self, model)

    def train(self, model: ModelValue, method: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Does ``model.fit(…)`` and similar methods."""
        return training.train(self, model, method, args, kwargs, spot)

    def build_model(self, model: ModelValue, shape: tuple[Any, ...], spot: Spot) -> None:
        """Builds a Sequential on the shape of the first data that it gets."""
        models.build_sequential(self, model, shape, spot)

    def new_input(self, shape: tuple[Any, ...], dtype: str, spot: Spot) -> Any:
        """Returns a new input with this shape, which includes the batch axis."""
        return models.make_input(self, [], {"batch_shape": shape, "name": "input", "dtype": dtype}, spot)

    def assume_input(self, model: ModelValue) -> None:
        """Builds a Sequential that the program never builds, if its first layer shows the shape of its input."""
        models.assume_input(self, model)

    def layer_attribute(self, layer: LayerValue, name: str, spot: Spot) -> Any:
        """Returns an attribute or a method of a layer or a model."""
        return keras_methods.layer_attribute(self, layer, name, spot)

    def set_layer_attribute(self, layer: LayerValue, name: str, value: Any, spot: Spot) -> None:
        """Does ``layer.name = value``."""
        keras_methods.set_layer_attribute(self, layer, name, value, spot)

    def layer_special(self, layer: LayerValue, name: str, args: list[Any], spot: Spot) -> Any:
        """Calls a special method of a custom layer, such as ``__getitem__``. MISSING if its class has no such method."""
        found = layer.cls.find(name) if layer.cls is not None else MISSING
        if found is MISSING or layer.cls is None:
            return MISSING
        return self.call(self.bind(found, layer, layer.cls, spot), args, {}, spot)

    def tensor_attribute(self, tensor: TensorValue, name: str, spot: Spot) -> Any:
        """Returns an attribute of a tensor."""
        return calls.tensor_attribute(self, tensor, name, spot)

    def tensor_operator(self, tensor: TensorValue, symbol: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns the result of an operator on a tensor."""
        return operations.tensor_operator(self, tensor, symbol, other, reflected, spot)

    def get_item(self, tensor: TensorValue, key: Any, spot: Spot) -> Any:
        """Returns ``tensor[key]``."""
        return operations.get_item(self, tensor, key, spot)
