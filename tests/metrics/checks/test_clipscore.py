import json
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from metrics.checks._adapters.words import Words, pad, read_words
from metrics.checks.base import PromptFacts, Subject, make_check
from metrics.results.isolate import clean_environment

RED, GREEN, CYAN = (Image.new("RGB", (40, 40), name) for name in ("red", "lime", "cyan"))
IDS = {"<start>": 0, "<end>": 1, "red": 2, "green": 3}
# One row for each token: the mean over them points towards red or green.
VECTORS = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
LENGTH = 6


def write_model(path, nodes, inputs, numbers=()):
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    given = [helper.make_tensor_value_info(*each) for each in inputs]
    graph = helper.make_graph(nodes, "tiny", given, made, list(numbers))
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    return path


def write_image_encoder(path):
    """The mean of each channel: (1, 3)."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["y"]),
    ]
    return write_model(path, nodes, [("x", TensorProto.FLOAT, (1, 3, 8, 8))])


def write_text_encoder(path, *, kind=TensorProto.INT64, masked=False, vectors=VECTORS):
    """The sum of the tokens' vectors: (1, d)."""
    nodes = [
        helper.make_node("Gather", ["vectors", "ids"], ["each"]),
        helper.make_node("ReduceSum", ["each", "axis"], ["y"], keepdims=0),
    ]
    inputs = [("ids", kind, (1, LENGTH))]
    if masked:
        inputs.append(("mask", kind, (1, LENGTH)))
        nodes.append(helper.make_node("Identity", ["mask"], ["unused"]))
    numbers = [
        numpy_helper.from_array(vectors, "vectors"),
        numpy_helper.from_array(np.array([1], np.int64), "axis"),
    ]
    return write_model(path, nodes, inputs, numbers)


def write_tokenizer(path, *, marks=True):
    """Words between spaces, with CLIP's marks of start and end around them."""
    added = [
        {"id": IDS[word], "content": word, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
        for word in ("<start>", "<end>")
    ]  # fmt: skip
    post = {
        "type": "RobertaProcessing", "sep": ["<end>", 1], "cls": ["<start>", 0],
        "trim_offsets": False, "add_prefix_space": False,
    }  # fmt: skip
    content = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": post if marks else None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": IDS, "unk_token": "<end>"},
    }  # fmt: skip
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def clip(monkeypatch, tmp_path):
    """Both encoders and the tokenizer of a CLIP that knows two words."""
    monkeypatch.setenv("CHECK_CLIP", str(write_image_encoder(tmp_path / "image.onnx")))
    monkeypatch.setenv("CHECK_CLIP_TEXT", str(write_text_encoder(tmp_path / "text.onnx")))
    path = write_tokenizer(tmp_path / "tokenizer.json")
    monkeypatch.setenv("CHECK_CLIP_VOCABULARY", str(path))
    return tmp_path


@pytest.fixture
def words(monkeypatch):
    """Reads `red` always, as it is without the library."""
    found = Words(*pad([0, 2, 1], LENGTH), 1.0)
    monkeypatch.setattr("metrics.checks.clipscore.load_tokenizer", lambda variable: None)
    monkeypatch.setattr("metrics.checks.clipscore.read_words", lambda *_, **__: found)


def measure(*images, text="Red"):
    return make_check("clipscore").measure(Subject(PromptFacts("p", "c", text), (), images))


def test_the_picture_that_the_words_describe_scores_higher(clip, words):
    right, wrong = measure(RED).values, measure(CYAN).values
    assert right["score"] == pytest.approx(2.5 * right["similarity"])
    assert right["similarity"] > 0.5
    assert wrong["similarity"] < 0
    assert wrong["score"] == 0


def test_the_score_is_the_mean_over_the_images(clip, words):
    each = [measure(image).values["score"] for image in (RED, CYAN)]
    assert measure(RED, CYAN).values["score"] == pytest.approx(np.mean(each))


@pytest.mark.parametrize("missing", ["CHECK_CLIP", "CHECK_CLIP_TEXT", "CHECK_CLIP_VOCABULARY"])
def test_each_missing_file_is_a_reason(monkeypatch, clip, missing):
    monkeypatch.delenv(missing)
    what = "tokenizer is" if missing == "CHECK_CLIP_VOCABULARY" else "weights are"
    assert measure(RED).not_measurable == f"no {what} named (set {missing})"


def test_a_missing_library_is_said_with_what_to_install(monkeypatch, clip):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert measure(RED).not_measurable == (
        "the check lacks tokenizers, which reads tokenizer.json and is not installed "
        "(pip install 'evalsite[clipscore]')"
    )


def test_the_version_is_of_all_files_and_fits_its_column(monkeypatch, clip):
    versions = {make_check("clipscore").version}
    write_tokenizer(clip / "tokenizer.json", marks=False)
    versions.add(make_check("clipscore").version)
    monkeypatch.delenv("CHECK_CLIP_TEXT")
    versions.add(make_check("clipscore").version)
    assert len(versions) == 3
    assert max(map(len, versions)) <= 20


@pytest.mark.parametrize("options", [{"kind": TensorProto.INT32}, {"masked": True}])
def test_ids_of_32_bits_and_a_mask_are_understood(clip, words, options):
    write_text_encoder(clip / "text.onnx", **options)
    assert measure(RED).values["similarity"] > 0.5


def test_encoders_of_two_models_are_a_reason(clip, words):
    write_text_encoder(clip / "text.onnx", vectors=np.ones((4, 5), np.float32))
    assert measure(RED).not_measurable == (
        "the encoders are of two models: 5 numbers for a text, 3 for an image"
    )


def test_an_image_encoder_is_no_text_encoder(clip, words):
    write_image_encoder(clip / "text.onnx")
    reason = "CHECK_CLIP_TEXT: the input is 1 × 3 × 8 × 8, not 1 × tokens"
    assert measure(RED).not_measurable == reason


def test_an_output_for_each_token_is_refused(clip, words):
    nodes = [helper.make_node("Gather", ["vectors", "ids"], ["y"])]
    numbers = [numpy_helper.from_array(VECTORS, "vectors")]
    write_model(clip / "text.onnx", nodes, [("ids", TensorProto.INT64, (1, LENGTH))], numbers)
    reason = "CHECK_CLIP_TEXT: the output is 1 × 6 × 3, not 1 × d"
    assert measure(RED).not_measurable == reason


def test_instructions_to_edit_and_empty_prompts_are_left_out():
    check = make_check("clipscore")
    assert check.applies(PromptFacts("p", "c", "a red ball", frozenset({"style"})))
    assert not check.applies(PromptFacts("p", "c", "make it red", frozenset({"source"})))
    assert not check.applies(PromptFacts("p", "c", " "))


def test_the_names_of_the_files_reach_the_process_that_measures(clip):
    kept = clean_environment(
        {"CHECK_CLIP": "a", "CHECK_CLIP_TEXT": "b", "CHECK_CLIP_VOCABULARY": "c"}
    )
    assert {"CHECK_CLIP", "CHECK_CLIP_TEXT", "CHECK_CLIP_VOCABULARY"} <= kept.keys()


def test_the_mask_ends_with_the_words():
    ids, mask = pad([7, 8, 9], 5)
    assert ids.tolist() == [[7, 8, 9, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 0, 0]]


def read(path, text, length=LENGTH):
    library = pytest.importorskip("tokenizers", reason="the extra `clipscore` is not installed")
    tokenizer = library.Tokenizer.from_file(str(path))
    return read_words(tokenizer, text, length=length, variable="CHECK_CLIP_VOCABULARY")


def test_words_are_read_by_the_tokenizer(tmp_path):
    found = read(write_tokenizer(tmp_path / "t.json"), "Red green")
    assert found.ids.tolist() == [[0, 2, 3, 1, 0, 0]]
    assert found.mask.tolist() == [[1, 1, 1, 1, 0, 0]]
    assert found.read == 1


def test_a_long_prompt_is_cut_before_its_end_mark_and_says_so(tmp_path):
    found = read(write_tokenizer(tmp_path / "t.json"), "red " * 10)
    assert found.ids.tolist() == [[0, 2, 2, 2, 2, 1]]
    assert found.read == 0.4


def test_a_real_tokenizer_scores_the_picture_of_its_words_higher(clip):
    pytest.importorskip("tokenizers", reason="the extra `clipscore` is not installed")
    scores = {text: measure(GREEN, text=text).values["score"] for text in ("red", "green")}
    assert scores["green"] > 1 > scores["red"]
    write_tokenizer(clip / "tokenizer.json", marks=False)
    reason = "CHECK_CLIP_VOCABULARY: the tokenizer does not mark the end of a text"
    assert measure(GREEN).not_measurable == reason
    (clip / "tokenizer.json").write_text("{", encoding="utf-8")
    assert measure(GREEN).not_measurable.startswith("tokenizer.json cannot be read: ")
