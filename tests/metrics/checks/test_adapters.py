import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image
from skimage import data

from metrics.checks._adapters.prepare import crop_middle, normalise
from metrics.checks.arcface import align
from metrics.checks.base import PromptFacts, ReferencePicture, Subject, make_check

ASTRONAUT = Image.fromarray(data.astronaut())
COFFEE = Image.fromarray(data.coffee())
NAMES = ["clip", "dino", "lpips", "arcface"]
ADAPTERS = pytest.mark.parametrize("name", NAMES)
EMBEDDERS = pytest.mark.parametrize("name", ["clip", "dino", "arcface"])


@pytest.fixture(autouse=True)
def no_weights(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(f"CHECK_{name.upper()}", raising=False)


def write_graph(path, nodes, inputs, output):
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs
    ]
    made = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "tiny", given, made)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def write_embedder(path, shape=(1, 3, 32, 32)):
    """The mean of each channel: (1, 3)."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["y"]),
    ]
    return write_graph(path, nodes, [("x", shape)], "y")


def write_distance(path):
    """The mean absolute difference: (1, 1, 1, 1)."""
    nodes = [
        helper.make_node("Sub", ["a", "b"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["size"]),
        helper.make_node("ReduceMean", ["size"], ["y"]),
    ]
    return write_graph(path, nodes, [("a", (1, 3, 16, 16)), ("b", (1, 3, 16, 16))], "y")


def use(monkeypatch, name, path):
    monkeypatch.setenv(f"CHECK_{name.upper()}", str(path))


def measure(name, *images, role="subject", reference=ASTRONAUT):
    references = (ReferencePicture("r", role, reference),)
    prompt = PromptFacts("p", "c", "t", frozenset({role}))
    return make_check(name).measure(Subject(prompt, references, images))


@ADAPTERS
def test_nothing_is_measured_unless_weights_are_named(name):
    role = "source" if name == "lpips" else "subject"
    reason = f"no weights are named (set CHECK_{name.upper()})"
    assert measure(name, ASTRONAUT, role=role).not_measurable == reason


def test_a_name_that_is_no_file_is_a_reason_without_its_folder(monkeypatch, tmp_path):
    use(monkeypatch, "dino", tmp_path / "none.onnx")
    reason = "CHECK_DINO names no file that can be read: none.onnx"
    assert measure("dino", ASTRONAUT).not_measurable == reason


def test_a_file_that_is_no_network_is_a_reason(monkeypatch, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    use(monkeypatch, "dino", tmp_path / "bad.onnx")
    assert measure("dino", ASTRONAUT).not_measurable.startswith("bad.onnx cannot be read: ")


def test_torchscript_without_torch_is_a_reason(monkeypatch, tmp_path):
    (tmp_path / "net.pt").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    use(monkeypatch, "clip", tmp_path / "net.pt")
    reason = "the check lacks torch, which reads net.pt and is not installed"
    assert measure("clip", ASTRONAUT).not_measurable == reason


@ADAPTERS
def test_the_version_is_of_the_weights_and_fits_its_column(monkeypatch, tmp_path, name):
    assert make_check(name).version == "1"
    path = write_embedder(tmp_path / "net.onnx")
    use(monkeypatch, name, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert make_check(name).version == f"1-{digest[:8]}"
    assert len(make_check(name).version) <= 20
    path.write_bytes(b"others, of another size")
    assert make_check(name).version != f"1-{digest[:8]}"


@EMBEDDERS
def test_the_reference_itself_has_similarity_one(monkeypatch, tmp_path, name):
    use(monkeypatch, name, write_embedder(tmp_path / "net.onnx"))
    assert measure(name, ASTRONAUT).values["similarity"] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", ["clip", "dino"])
def test_another_picture_is_less_alike_and_shots_are_compared(monkeypatch, tmp_path, name):
    use(monkeypatch, name, write_embedder(tmp_path / "net.onnx"))
    red, cyan = Image.new("RGB", (50, 40), "red"), Image.new("RGB", (50, 40), "cyan")
    values = measure(name, red, cyan, reference=red).values
    assert values["similarity"] < 0.5
    assert -1 <= values["between_shots"] < 0


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((1, 1, 32, 32), "CHECK_CLIP: the input is 1 × 1 × 32 × 32, not 1 × 3 × side × side"),
        ((8, 3, 32, 32), "CHECK_CLIP: the input is 8 × 3 × 32 × 32, not 1 × 3 × side × side"),
        ((1, 3, 32, 16), "CHECK_CLIP: the input is 1 × 3 × 32 × 16, not 1 × 3 × side × side"),
    ],
)
def test_an_input_of_another_shape_is_a_reason(monkeypatch, tmp_path, shape, reason):
    use(monkeypatch, "clip", write_embedder(tmp_path / "net.onnx", shape))
    assert measure("clip", ASTRONAUT).not_measurable == reason


def test_free_sizes_are_taken_at_the_usual_one(monkeypatch, tmp_path):
    use(monkeypatch, "clip", write_embedder(tmp_path / "net.onnx", ("n", 3, "h", "h")))
    assert measure("clip", ASTRONAUT).values


def test_another_number_of_inputs_is_a_reason(monkeypatch, tmp_path):
    use(monkeypatch, "clip", write_distance(tmp_path / "net.onnx"))
    assert measure("clip", ASTRONAUT).not_measurable == "CHECK_CLIP: 2 inputs instead of 1"


def test_an_output_that_is_no_embedding_is_a_reason(monkeypatch, tmp_path):
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    use(monkeypatch, "dino", write_graph(tmp_path / "n.onnx", nodes, [("x", (1, 3, 8, 8))], "y"))
    reason = "CHECK_DINO: the output is 1 × 3 × 8 × 8, not 1 × d or 1 × tokens × d"
    assert measure("dino", ASTRONAUT).not_measurable == reason


def test_an_output_that_is_no_number_is_a_reason(monkeypatch, tmp_path):
    nodes = [
        helper.make_node("Log", ["x"], ["log"]),  # of levels below the mean
        helper.make_node("Flatten", ["log"], ["y"]),
    ]
    use(monkeypatch, "dino", write_graph(tmp_path / "n.onnx", nodes, [("x", (1, 3, 8, 8))], "y"))
    black = Image.new("RGB", (20, 20))
    assert measure("dino", black).not_measurable == "CHECK_DINO: the output is not a number"


def test_of_tokens_the_first_counts(monkeypatch, tmp_path):
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], axis=3),
        helper.make_node("Unsqueeze", ["flat", "axes"], ["y"]),
    ]
    path = tmp_path / "n.onnx"
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [0])
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "tokens", given, made, [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    use(monkeypatch, "dino", path)
    lower = Image.new("RGB", (80, 80), "white")
    lower.paste("black", (0, 40, 80, 80))  # the first row of pixels is the first token
    white = Image.new("RGB", (80, 80), "white")
    assert measure("dino", lower, reference=white).values["similarity"] == pytest.approx(1)


def test_the_distance_is_none_to_the_source_and_more_to_another(monkeypatch, tmp_path):
    use(monkeypatch, "lpips", write_distance(tmp_path / "net.onnx"))
    assert measure("lpips", ASTRONAUT, role="source").values["distance"] == 0
    assert measure("lpips", COFFEE, role="source").values["distance"] > 0.1


def test_a_distance_without_a_source_is_not_measurable():
    assert measure("lpips", COFFEE).not_measurable == "0 references are the source"


def test_a_picture_without_a_face_is_not_measurable(monkeypatch, tmp_path):
    use(monkeypatch, "arcface", write_embedder(tmp_path / "net.onnx", (1, 3, 112, 112)))
    assert measure("arcface", COFFEE).not_measurable == "no face found in the images"
    finding = measure("arcface", ASTRONAUT, reference=COFFEE)
    assert finding.not_measurable == "the reference shows no face"
    assert measure("arcface", ASTRONAUT, COFFEE).values["faces_found"] == 0.5


def test_eyes_come_to_lie_where_arcface_has_them():
    pixels = np.zeros((200, 200, 3), np.uint8)
    eyes = np.array([[60.0, 100.0], [120.0, 80.0]])
    for x, y in eyes.astype(int):
        pixels[y - 3 : y + 4, x - 3 : x + 4] = 255
    face = np.asarray(align(pixels, eyes, 112))[..., 0]
    assert face[52, 38] > 200
    assert face[52, 74] > 200
    assert (face > 128).sum() < 60


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (30, 700), (500, 500)])
def test_the_middle_is_cut_out_of_any_shape(size):
    assert crop_middle(Image.new("RGB", size), 32, resized=37).size == (32, 32)


def test_levels_are_normalised_channel_by_channel_red_first():
    given = normalise(Image.new("RGB", (2, 2), (255, 0, 51)), (0.5, 0, 0), (0.5, 1, 0.1))
    assert given.shape == (1, 3, 2, 2)
    assert given[0, :, 0, 0].tolist() == pytest.approx([1, 0, 2])
