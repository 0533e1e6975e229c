"""CLIP-I: whether the images show what the references show, to weights of one's own."""

from PIL import Image

from metrics.checks._adapters.likeness import Likeness
from metrics.checks._adapters.prepare import prepare_for_clip
from metrics.checks._adapters.weights import Network, Numbers


class Check(Likeness):
    """Cosine of CLIP's image embeddings: Radford et al. (2021), arXiv:2103.00020.

    `CHECK_CLIP` names the image encoder: (1, 3, side, side) to (1, d). The short side is brought to
    `side`, the middle square is cut out, and each channel is normalised with CLIP's own mean and
    deviation. The words of the prompt are compared by the check `clipscore`.
    """

    title = "CLIP likeness"
    variable = "CHECK_CLIP"

    def prepare(self, image: Image.Image, network: Network) -> Numbers:
        return prepare_for_clip(image, network)
