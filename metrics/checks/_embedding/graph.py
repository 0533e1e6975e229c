"""EfficientNet-Lite0 as an ONNX graph, from its weights.

Tan & Le (2019), arXiv:1905.11946; the Lite variant has ReLU6 and no squeeze-and-excitation.
Trained on ImageNet. Batch normalisations are folded into the convolutions before them.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from metrics.checks._embedding.weights import Weights

EPSILON = 1e-3  # of the batch normalisations
OPSET = 17
IR_VERSION = 8
# Repeats and stride of each stage; kernels and channels are the weights' own.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))


@dataclass(slots=True)
class _Graph:
    weights: Weights
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    numbers: list[onnx.TensorProto] = field(default_factory=list)

    def convolve(
        self, given: str, name: str, norm: str, *, stride: int = 1, clipped: bool = True
    ) -> str:
        """A convolution with its normalisation, and ReLU6 where `clipped`; the output's name."""
        kernel, bias = fold(self.weights, name, norm)
        groups = len(kernel) if kernel.shape[1] == 1 else 1
        inputs = [given, self.keep(f"{name}.kernel", kernel), self.keep(f"{name}.bias", bias)]
        made = self.add("Conv", inputs, f"{name}.out", group=groups, strides=[stride] * 2,
                        auto_pad="SAME_UPPER")  # fmt: skip
        return self.add("Clip", [made, "zero", "six"], f"{name}.relu6") if clipped else made

    def keep(self, name: str, numbers: NDArray[np.float32]) -> str:
        self.numbers.append(numpy_helper.from_array(numbers, name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **settings: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **settings))
        return output


def fold(weights: Weights, name: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of a convolution and the normalisation after it, as one."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + EPSILON)
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return weights[f"{name}.weight"] * scale[:, None, None, None], bias


def build_graph(weights: Weights) -> bytes:
    """The model: `pixels` (n, 3, h, w) to `cells` (n, 1280, h/32, w/32).

    The network was trained at 224 pixels each way, and took the cells' mean for the whole
    picture's embedding; other sizes show it things larger or smaller.
    """
    graph = _Graph(weights)
    graph.keep("zero", np.array(0, np.float32))
    graph.keep("six", np.array(6, np.float32))
    last = graph.convolve("pixels", "_conv_stem", "_bn0", stride=2)
    for number, stride in enumerate(list_strides()):
        last = add_block(graph, last, number, stride=stride)
    last = graph.convolve(last, "_conv_head", "_bn1")
    graph.add("Identity", [last], "cells")
    given = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, "h", "w"])
    made = [helper.make_tensor_value_info("cells", TensorProto.FLOAT, None)]
    whole = helper.make_graph(graph.nodes, "efficientnet_lite0", [given], made, graph.numbers)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    data: bytes = model.SerializeToString()
    return data


def list_strides() -> list[int]:
    """The stride of each of the sixteen blocks: a stage's first block carries it."""
    return [
        stride if first else 1
        for repeats, stride in STAGES
        for first in [True, *[False] * (repeats - 1)]
    ]


def add_block(graph: _Graph, given: str, number: int, *, stride: int) -> str:
    """An inverted bottleneck: widen, convolve each channel, narrow, and add what came in."""
    name, last = f"_blocks.{number}", given
    if f"{name}._expand_conv.weight" in graph.weights:
        last = graph.convolve(last, f"{name}._expand_conv", f"{name}._bn0")
    last = graph.convolve(last, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
    last = graph.convolve(last, f"{name}._project_conv", f"{name}._bn2", clipped=False)
    widths = [count_channels(graph.weights, each) for each in (number - 1, number)]
    if stride == 1 and widths[0] == widths[1]:
        return graph.add("Add", [last, given], f"{name}.sum")
    return last


def count_channels(weights: Weights, number: int) -> int:
    """How many channels a block gives; before the first one, the stem."""
    name = f"_blocks.{number}._project_conv.weight" if number >= 0 else "_conv_stem.weight"
    return len(weights[name])
