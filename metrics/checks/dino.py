"""DINO: whether the images show the very thing of the references, to weights of one's own."""

from PIL import Image

from metrics.checks._adapters.likeness import Likeness
from metrics.checks._adapters.prepare import crop_middle, normalise
from metrics.checks._adapters.weights import Network, Numbers

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE = 224


class Check(Likeness):
    """Cosine of DINO's embeddings: Caron et al. (2021), arXiv:2104.14294; used for subjects by
    Ruiz et al. (2023), arXiv:2208.12242.

    `CHECK_DINO` names the encoder: (1, 3, side, side) to (1, d), or to (1, tokens, d) of which the
    first token counts. The short side is brought to 8/7 of `side`, the middle square is cut out,
    and each channel is normalised with ImageNet's mean and deviation.
    """

    title = "DINO likeness"
    variable = "CHECK_DINO"

    def prepare(self, image: Image.Image, network: Network) -> Numbers:
        side = network.side(SIDE)
        return normalise(crop_middle(image, side, resized=round(side * 8 / 7)), MEAN, SPREAD)
