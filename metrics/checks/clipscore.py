"""CLIPScore: whether the images go with the words of the prompt, to weights of one's own."""

import numpy as np

from metrics.checks._adapters.prepare import prepare_for_clip
from metrics.checks._adapters.weights import Adapter, BadWeights, Numbers, embed, load_named
from metrics.checks._adapters.words import embed_words, find_length, load_tokenizer, read_words
from metrics.checks.base import Finding, Measure, PromptFacts, Subject

WEIGHT = 2.5
TEXT = "CHECK_CLIP_TEXT"
# Checks get no variable with TOKEN in its name: it might be a secret.
VOCABULARY = "CHECK_CLIP_VOCABULARY"


class Check(Adapter):
    """2.5 · max(cos(text, image), 0), the mean over images: Hessel et al. (2021), arXiv:2104.08718.

    It correlates poorly with people: on the text-to-image pictures of ImagenHub, Spearman's
    correlation with one rater's judgement of meaning is −.07 where another rater reaches .58. So
    the court decides here, too, and until it has the score means nothing.

    `CHECK_CLIP` names the image encoder, as for `clip`: (1, 3, side, side) to (1, d);
    `CHECK_CLIP_TEXT` the text encoder of the same model: (1, tokens), or that and a mask of the
    same shape, to (1, d); `CHECK_CLIP_VOCABULARY` its `tokenizer.json`. The prompt is taken as it
    stands, all turns of it, without the paper's "A photo depicts": it describes no photo. What is
    beyond the network's length is cut off, and `read` says how much is left. An instruction to
    edit is no description, so that prompts with a source are left out.
    """

    title = "CLIPScore"
    variable = "CHECK_CLIP"
    companions = (TEXT, VOCABULARY)
    measures = (
        Measure(
            "score", "CLIPScore", 0, WEIGHT, 1, "How well images and prompt go together.",
            headline=True,
        ),
        Measure("similarity", "cosine", -1, 1, 1, "Mean cosine of the prompt with the images."),
        Measure("read", "share", 0, 1, 0, "Tokens of the prompt that the network could take."),
    )  # fmt: skip

    def applies(self, prompt: PromptFacts) -> bool:
        return "source" not in prompt.roles and bool(prompt.text.strip())

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        try:
            images = self._embed_images(subject)
            text, read = embed_text(subject.prompt.text)
            cosines = compare(text, images)
        except BadWeights as reason:
            return Finding(not_measurable=str(reason))
        score = float(WEIGHT * np.maximum(cosines, 0).mean())
        return Finding({"score": score, "similarity": float(cosines.mean()), "read": read})

    def _embed_images(self, subject: Subject) -> Numbers:
        network = self.load()
        prepared = [prepare_for_clip(each.convert("RGB"), network) for each in subject.images]
        return np.stack([embed(network, each, self.variable) for each in prepared])


def embed_text(text: str) -> tuple[Numbers, float]:
    """The prompt's embedding, and the share of it that was read. Raises BadWeights."""
    network = load_named(TEXT)
    length = find_length(network, TEXT)
    words = read_words(load_tokenizer(VOCABULARY), text, length=length, variable=VOCABULARY)
    return embed_words(network, words, TEXT), words.read


def compare(text: Numbers, images: Numbers) -> Numbers:
    """The cosine of the text with each image. Raises BadWeights for embeddings of two models."""
    if len(text) != images.shape[1]:
        raise BadWeights(
            f"the encoders are of two models: {len(text)} numbers for a text, "
            f"{images.shape[1]} for an image"
        )
    cosines: Numbers = np.clip(images @ text, -1, 1)
    return cosines
