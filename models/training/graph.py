"""The detector as an ONNX graph, node by node: the backbone's own nodes with the trained weights, then the heads."""

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

from detector import LABELS, STRIDES, Detector, cells

OPSET = 16
INPUT, OUTPUT = "image", "boxes"


class Graph:
    def __init__(self):
        self.casts, self.nodes, self.values = [], [], {}

    def constant(self, name: str, value):
        if name not in self.values:
            self.values[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def weight(self, name: str, value):
        """Stored as float16 with a Cast behind, which the runtime folds when it loads the file: half the size, float32 arithmetic."""
        small = self.constant(f"{name}/f16", np.asarray(value, np.float32).astype(np.float16))
        self.casts.append(helper.make_node("Cast", [small], [name], name, to=TensorProto.FLOAT))
        return name

    def add(self, operation: str, inputs, name: str, **attributes):
        self.nodes.append(helper.make_node(operation, inputs, [name], name, **attributes))
        return name

    def model(self, side: int, rows: int):
        shape = lambda name, kind, dims: helper.make_tensor_value_info(name, kind, dims)
        graph = helper.make_graph(
            self.casts + self.nodes,
            "fire-smoke-waste",
            [shape(INPUT, TensorProto.UINT8, [1, side, side, 3])],
            [shape(OUTPUT, TensorProto.FLOAT, [1, rows, 5 + len(LABELS)])],
            list(self.values.values()),
        )
        return helper.make_model(graph, producer_name="gridhub models/training", opset_imports=[helper.make_opsetid("", OPSET)])


def to_onnx(detector: Detector, side: int):
    """Bytes `[1, side, side, 3]` to `[1, A, 5 + C]`: centre and size in pixels, 1, scores; the shape that the decoder `yolox` reads."""
    g = Graph()
    backbone = detector.backbone
    g.add("Cast", [INPUT], "image/float", to=TensorProto.FLOAT)
    g.add("Transpose", ["image/float"], backbone.source, perm=[0, 3, 1, 2])
    for node in backbone.nodes:
        for name in node.input:
            if name in backbone.names:
                if f"{name}/f16" not in g.values:
                    g.weight(name, _array(backbone.weights[backbone.names[name]]))
            elif name in backbone.constants:
                g.constant(name, backbone.constants[name].numpy())
        g.nodes.append(node)
    parts, rows = [], 0
    for head, stride, feature in zip(detector.heads, STRIDES, backbone.outputs):
        parts.append(_head(g, head, f"stride{stride}", feature, stride, side))
        rows += (side // stride) ** 2
    g.add("Concat", parts, OUTPUT, axis=1)
    return g.model(side, rows)


def _head(g: Graph, head, name: str, feature: str, stride: int, side: int):
    x = _pointwise(g, head.reduce[0], f"{name}/reduce", feature)
    scores, distances = (
        _reshape(g, _last(g, last, f"{name}/{part}", _branch(g, branch, f"{name}/{part}", x)), last.out_channels)
        for part, branch, last in (("what", head.what, head.logits), ("where", head.where, head.distances))
    )
    score = g.add("Sigmoid", [scores], f"{name}/score")
    limited = g.add("Clip", [distances, "", g.constant("reach/limit", np.float32(4.5))], f"{name}/limited")
    reach = g.add("Mul", [g.add("Exp", [limited], f"{name}/exp"), g.constant(f"{name}/stride", np.float32(stride))], f"{name}/reach")
    split = g.constant("reach/split", np.array([2, 2], np.int64))
    low, high = f"{name}/low", f"{name}/high"
    g.nodes.append(helper.make_node("Split", [reach, split], [low, high], f"{name}/split", axis=2))
    # the cell's centre plus half of right minus left is the box's centre; left plus right is its size
    half = g.add("Mul", [g.add("Sub", [high, low], f"{name}/lean"), g.constant("half", np.float32(0.5))], f"{name}/half")
    side_cells = side // stride
    centre = g.constant(f"{name}/cells", cells(side_cells, side_cells, stride).numpy()[None])
    middle = g.add("Add", [centre, half], f"{name}/middle")
    size = g.add("Add", [low, high], f"{name}/size")
    one = g.constant(f"{name}/one", np.ones((1, side_cells**2, 1), np.float32))
    return g.add("Concat", [middle, size, one, score], f"{name}/rows", axis=2)


def _branch(g, branch, name, x):
    """Depthwise, 1 x 1 with its norm, hard swish; two times."""
    for i in range(0, len(branch), 3):
        depthwise, pointwise = branch[i], branch[i + 1]
        kernel = depthwise.kernel_size[0]
        pads = [kernel // 2] * 4
        w = g.weight(f"{name}/{i}/depthwise/weights", _array(depthwise.weight))
        group = depthwise.groups
        x = g.add("Conv", [x, w], f"{name}/{i}/depthwise", kernel_shape=[kernel, kernel], pads=pads, group=group)
        x = _pointwise(g, pointwise, f"{name}/{i}", x)
    return x


def _pointwise(g, layers, name, x):
    """1 x 1 convolution with the norm folded into it, then hard swish."""
    conv, norm = layers
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    w = g.weight(f"{name}/pointwise/weights", _array(conv.weight * scale[:, None, None, None]))
    b = g.weight(f"{name}/pointwise/offset", _array(norm.bias - norm.running_mean * scale))
    return g.add("HardSwish", [g.add("Conv", [x, w, b], f"{name}/pointwise", kernel_shape=[1, 1])], f"{name}/swish")


def _last(g, conv, name, x):
    w, b = g.weight(f"{name}/last/weights", _array(conv.weight)), g.weight(f"{name}/last/offset", _array(conv.bias))
    return g.add("Conv", [x, w, b], f"{name}/last", kernel_shape=[1, 1])


def _reshape(g, x, channels):
    """`[1, C, h, w]` to `[1, h * w, C]`."""
    flat = g.add("Reshape", [x, g.constant(f"flat/{channels}", np.array([1, channels, -1], np.int64))], f"{x}/flat")
    return g.add("Transpose", [flat], f"{x}/rows", perm=[0, 2, 1])


def _array(tensor):
    return tensor.detach().cpu().contiguous().numpy()
