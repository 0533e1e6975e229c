"""CLIP-I: whether the images show what the references show, to weights of one's own."""

from PIL import Image

from metrics.checks._adapters.likeness import Likeness
from metrics.checks._adapters.prepare import crop_middle, normalise
from metrics.checks._adapters.weights import Network, Numbers

MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
SIDE = 224


class Check(Likeness):
    """Cosine of CLIP's image embeddings: Radford et al. (2021), arXiv:2103.00020.

    `CHECK_CLIP` names the image encoder: (1, 3, side, side) to (1, d). The short side is brought to
    `side`, the middle square is cut out, and each channel is normalised with CLIP's own mean and
    deviation. Text is not compared: that would need the tokenizer of the same model.
    """

    title = "CLIP likeness"
    variable = "CHECK_CLIP"

    def prepare(self, image: Image.Image, network: Network) -> Numbers:
        side = network.side(SIDE)
        return normalise(crop_middle(image, side, resized=side), MEAN, SPREAD)
