"""How alike the images and the references are to a network that embeds pictures."""

from abc import abstractmethod
from collections.abc import Sequence
from statistics import fmean

import numpy as np
from PIL import Image

from metrics.checks._adapters.weights import Adapter, BadWeights, Network, Numbers, embed
from metrics.checks.base import Finding, Measure, PromptFacts, ReferencePicture, Subject


class Likeness(Adapter):
    """Cosines between embeddings, -1 … 1: of every image with every reference, and each other.

    The references are those of the subject, or all where no subject is among them.
    """

    measures = (
        Measure(
            "similarity", "cosine", -1, 1, 1, "Mean likeness to the references.", headline=True
        ),
        Measure("between_shots", "cosine", -1, 1, 1, "Mean likeness of the images to each other."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return bool(prompt.roles)

    @abstractmethod
    def prepare(self, image: Image.Image, network: Network) -> Numbers:
        """One picture as the network takes it."""

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        references = select_references(subject.references)
        if not references:
            return Finding(not_measurable="there is no reference")
        try:
            network = self.load()
            images = [self._embed(image, network) for image in subject.images]
            others = [self._embed(reference.image, network) for reference in references]
        except BadWeights as reason:
            return Finding(not_measurable=str(reason))
        return Finding(compare(images, others))

    def _embed(self, image: Image.Image, network: Network) -> Numbers:
        return embed(network, self.prepare(image.convert("RGB"), network), self.variable)


def select_references(references: Sequence[ReferencePicture]) -> list[ReferencePicture]:
    return [each for each in references if each.role == "subject"] or list(references)


def compare(images: Sequence[Numbers], others: Sequence[Numbers]) -> dict[str, float]:
    cosines = np.clip(np.stack(images) @ np.stack(others).T, -1, 1)
    values = {"similarity": float(cosines.mean())}
    if len(images) > 1:
        between = np.clip(np.stack(images) @ np.stack(images).T, -1, 1)
        values["between_shots"] = fmean(between[np.triu_indices(len(images), 1)].tolist())
    return values
