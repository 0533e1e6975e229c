"""The two networks that find and read text: PP-OCRv6 small (Apache-2.0), run by onnxruntime.

The weights and the dictionary lie in the wheel of `rapidocr`; nothing else of it is used, so
that nothing is logged, written or fetched.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (height, width, 3), sRGB
Chances = NDArray[np.float32]  # (steps, characters): what is read at each step of a line

FINDER = "PP-OCRv6_det_small.onnx"
READER = "PP-OCRv6_rec_small.onnx"
STRIP_HEIGHT = 48  # pixels of a line, as in training
LEAST_WIDTH, MOST_WIDTH = 64, 1600


def find_text(pixels: Pixels) -> NDArray[np.float32]:
    """How likely each pixel is to lie inside a line of text; both sides are multiples of 32."""
    chances: NDArray[np.float32] = load(FINDER).run(None, {"x": _prepare(pixels)})[0][0, 0]
    return chances


def read_strip(strip: Pixels) -> Chances:
    """The chances of each character of the dictionary at each step of 8 pixels."""
    height, width = strip.shape[:2]
    wide = int(np.clip(round(width * STRIP_HEIGHT / height), 8, MOST_WIDTH))
    way = cv2.INTER_AREA if height > STRIP_HEIGHT else cv2.INTER_CUBIC
    small = cv2.resize(strip, (wide, STRIP_HEIGHT), interpolation=way)
    given = _prepare(small)
    # The network was trained with short lines filled up with grey.
    filled = np.pad(given, ((0, 0), (0, 0), (0, 0), (0, max(0, LEAST_WIDTH - wide))))
    chances: Chances = load(READER).run(None, {"x": filled})[0][0]
    return chances


def _prepare(pixels: Pixels) -> NDArray[np.float32]:
    levels = pixels[..., ::-1].astype(np.float32) / 127.5 - 1  # blue first
    return np.ascontiguousarray(levels.transpose(2, 0, 1)[None])


@cache
def read_dictionary() -> tuple[str, ...]:
    """The characters by number: "" is none (the blank of CTC), the last one is the space."""
    kept = load(READER).get_modelmeta().custom_metadata_map["character"]
    return ("", *kept.splitlines(), " ")


@cache
def load(name: str) -> onnxruntime.InferenceSession:
    """A network, once for each process and on one thread."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.enable_cpu_mem_arena = False  # it would keep the memory of the widest line
    settings.log_severity_level = 3  # errors alone
    return onnxruntime.InferenceSession(
        str(_folder() / name), settings, providers=["CPUExecutionProvider"]
    )


def _folder() -> Path:
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package rapidocr is not installed")
    return Path(spec.submodule_search_locations[0]) / "models"
