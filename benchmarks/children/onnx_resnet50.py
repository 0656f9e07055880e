"""Measures ONNX's shape inference on ResNet50.

The weights are inputs of known shape, because copying real weights would only make ONNX slower.
"""

import json
import sys

import onnx
from onnx import TensorProto, helper
from repeated import median

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))


class Graph:
    """A graph of ResNet50, which is built node by node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs = [_tensor("image", (1, 3, 224, 224))]

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Adds a node. Returns the name of its output."""
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [*inputs], [output], **attributes))
        return output

    def weight(self, *shape: int) -> str:
        """Adds a weight. Returns its name."""
        self.inputs.append(_tensor(f"weight_{len(self.inputs)}", shape))
        return self.inputs[-1].name

    def convolution(self, x: str, channels: int, filters: int, kernel: int, stride: int = 1) -> str:
        """Adds a convolution with a bias, and a normalization of its output."""
        kernel_and_bias = self.weight(filters, channels, kernel, kernel), self.weight(filters)
        pads = [kernel // 2] * 4
        size = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": pads}
        x = self.node("Conv", x, *kernel_and_bias, **size)
        return self.node("BatchNormalization", x, *(self.weight(filters) for _ in range(4)))

    def block(self, x: str, channels: int, filters: int, stride: int, shortcut: bool) -> str:
        """Adds a bottleneck block."""
        y = self.node("Relu", self.convolution(x, channels, filters, 1, stride))
        y = self.node("Relu", self.convolution(y, filters, filters, 3))
        y = self.convolution(y, filters, 4 * filters, 1)
        x = self.convolution(x, channels, 4 * filters, 1, stride) if shortcut else x
        return self.node("Relu", self.node("Add", x, y))

    def resnet50(self) -> onnx.ModelProto:
        """Returns the whole network."""
        x = self.node("Relu", self.convolution("image", 3, 64, 7, 2))
        x = self.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        channels = 64
        for filters, count, stride in STAGES:
            for number in range(count):
                x = self.block(x, channels, filters, stride if number == 0 else 1, number == 0)
                channels = 4 * filters
        x = self.node("Flatten", self.node("GlobalAveragePool", x))
        x = self.node("Softmax", self.node("Gemm", x, self.weight(2048, 1000), self.weight(1000)))
        output = helper.make_tensor_value_info(x, TensorProto.FLOAT, None)
        return helper.make_model(helper.make_graph(self.nodes, "resnet50", self.inputs, [output]))


def _tensor(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


model = Graph().resnet50()
found = onnx.shape_inference.infer_shapes(model).graph
last = [size.dim_value for size in found.output[0].type.tensor_type.shape.dim]
assert last == [1, 1000], last
assert len(found.value_info) == len(found.node) - 1, "not every shape was inferred"
seconds = median(lambda: onnx.shape_inference.infer_shapes(model), int(sys.argv[1]))
print(json.dumps({"seconds": seconds, "nodes": len(model.graph.node)}))
