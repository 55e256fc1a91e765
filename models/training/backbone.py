"""The backbone: the part of an ONNX graph that leads to some of its values, run in torch with the graph's weights as parameters.

The graph is `models/general-coco/model.onnx`: MobileNetV3 with folded batch norms and the up-sampling path of a CenterNet. Nothing is
copied by hand: every node is looked at, and an operation that is not known here is an error, so a changed graph cannot go wrong silently.
"""

import hashlib
from contextlib import nullcontext
from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

# values of the graph with strides 8, 16 and 32, and how many channels they have
FEATURES = {
    "tower_0/CenternetHead/Relu_1": 192,
    "tower_0/CenternetHead/Relu": 256,
    "tower_0/extern1/hard_swish/mul_1": 480,
}
# up to here (stride 8) the weights stay as they are: edges and textures are the same in every picture, and this part costs most of the time
FROZEN_UNTIL = "tower_0/MobilenetV3/expanded_conv_5/add"


class Backbone(nn.Module):
    """`[B, 3, H, W]` of bytes as floats (0..255, RGB) to one feature map a name in `outputs`. H and W are multiples of 32."""

    def __init__(self, path: Path, outputs=tuple(FEATURES), frozen_until: str | None = FROZEN_UNTIL):
        super().__init__()
        raw = path.read_bytes()
        self.sha256 = hashlib.sha256(raw).hexdigest()
        graph = onnx.load_model_from_string(raw).graph
        constants = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
        nodes = []
        for node in graph.node:
            if node.op_type == "Cast" and node.input[0] in constants:
                # weights are stored as float16
                constants[node.output[0]] = constants[node.input[0]].float()
            else:
                nodes.append(node)
        # the picture enters after Cast and Transpose
        self.source = next(n.output[0] for n in nodes if n.op_type == "Transpose")
        self.outputs = list(outputs)
        needed = _ancestors(nodes, self.outputs, stop=self.source)
        frozen = _ancestors(nodes, [frozen_until], stop=self.source) if frozen_until else set()
        self.weights = nn.ParameterDict()
        # the nodes themselves and where each weight of theirs went, for the way back to ONNX
        self.nodes, self.names = [], {}
        self.steps = []
        for node in nodes:
            if node.output[0] not in needed:
                continue
            step = _Step(node, constants, self.weights, node.output[0] in frozen)
            self.steps.append(step)
            self.nodes.append(node)
            self.names |= {name: key for key, name in zip(step.keys, (n for n in node.input if n in constants))}
        self.frozen = frozen
        self.constants = constants
        self.last_use = {}
        for i, step in enumerate(self.steps):
            for name in step.inputs:
                self.last_use[name] = i

    def forward(self, x):
        values = {self.source: x}
        for i, step in enumerate(self.steps):
            with torch.set_grad_enabled(torch.is_grad_enabled() and step.output not in self.frozen):
                values[step.output] = step.run([values[n] for n in step.inputs], self.weights)
            for name in step.inputs:
                if self.last_use[name] == i and name not in self.outputs:
                    values.pop(name, None)
        return [values[name] for name in self.outputs]


class _Step:
    """One node: which values it reads, which it makes, and how."""

    def __init__(self, node, constants, weights: nn.ParameterDict, frozen: bool):
        self.output = node.output[0]
        self.attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        self.inputs = [n for n in node.input if n and n not in constants]
        fixed = [constants[n] for n in node.input if n in constants]
        make = getattr(self, f"_{node.op_type.lower()}", None)
        if make is None:
            raise ValueError(f"operation {node.op_type} of {self.output} is not known")
        self.keys = []

        def parameter(value):
            key = f"p{len(weights)}"
            weights[key] = nn.Parameter(value, requires_grad=not frozen)
            self.keys.append(key)

        self.run = make(fixed, parameter)

    def _conv(self, fixed, parameter):
        top, left, bottom, right = self.attributes["pads"]
        stride, groups = self.attributes["strides"], self.attributes["group"]
        even = top == bottom and left == right
        for value in fixed:
            parameter(value)

        def run(inputs, weights):
            x = inputs[0]
            w, b = weights[self.keys[0]], weights[self.keys[1]] if len(self.keys) > 1 else None
            # TensorFlow's padding is heavier on the right and at the bottom where the stride is 2
            if not even:
                x = F.pad(x, (left, right, top, bottom))
            with precision(w.shape[-1], groups):
                return F.conv2d(x.float() if groups > 1 and w.shape[-1] == 5 else x, w, b, stride, (top, left) if even else 0, 1, groups)

        return run

    def _relu(self, fixed, parameter):
        return lambda inputs, weights: F.relu(inputs[0])

    def _hardsigmoid(self, fixed, parameter):
        if abs(self.attributes["alpha"] - 1 / 6) > 1e-6 or self.attributes["beta"] != 0.5:
            raise ValueError(f"{self.output} is not the usual hard sigmoid")
        return lambda inputs, weights: F.hardsigmoid(inputs[0])

    def _clip(self, fixed, parameter):
        low, high = (float(v) for v in fixed)
        return lambda inputs, weights: inputs[0].clamp(low, high)

    def _globalaveragepool(self, fixed, parameter):
        return lambda inputs, weights: F.adaptive_avg_pool2d(inputs[0], 1)

    def _concat(self, fixed, parameter):
        return lambda inputs, weights: torch.cat(inputs, self.attributes["axis"])

    def _add(self, fixed, parameter):
        if fixed:
            return self._scalar(fixed, lambda x, c: x + c)
        return lambda inputs, weights: inputs[0] + inputs[1]

    def _mul(self, fixed, parameter):
        if fixed:
            return self._scalar(fixed, lambda x, c: x * c)
        return lambda inputs, weights: inputs[0] * inputs[1]

    def _scalar(self, fixed, operation):
        if fixed[0].numel() != 1:
            raise ValueError(f"{self.output} has a constant that is not one number")
        value = float(fixed[0])
        return lambda inputs, weights: operation(inputs[0], value)

    def _resize(self, fixed, parameter):
        scales = fixed[-1].tolist()
        if scales != [1, 1, 2, 2] or self.attributes["coordinate_transformation_mode"] != b"asymmetric":
            raise ValueError(f"{self.output} is not an asymmetric enlargement by two")

        def run(inputs, weights):
            # asymmetric: out[i] = in(i / 2). With the last row and column doubled that is what "align corners" does to 2n + 1 pixels
            x = inputs[0]
            h, w = x.shape[-2:]
            x = torch.cat([x, x[..., -1:]], -1)
            x = torch.cat([x, x[..., -1:, :]], -2)
            return F.interpolate(x, (2 * h + 1, 2 * w + 1), mode="bilinear", align_corners=True)[..., : 2 * h, : 2 * w]

        return run


def precision(kernel: int, groups: int):
    """Depthwise 5 x 5 runs in float32 also where bfloat16 is allowed: its gradient takes three times as long in bfloat16."""
    return torch.autocast("cpu", enabled=False) if groups > 1 and kernel == 5 else nullcontext()


def _ancestors(nodes, outputs, stop):
    """Names of all values that `outputs` are made of, themselves included, up to `stop`."""
    maker = {n.output[0]: n for n in nodes}
    seen, open_ = set(), list(outputs)
    while open_:
        name = open_.pop()
        if name in seen or name == stop or name not in maker:
            continue
        seen.add(name)
        open_.extend(maker[name].input)
    return seen
