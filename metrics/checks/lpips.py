"""LPIPS: how far the images are from the picture to be edited, to weights of one's own."""

from statistics import fmean

from metrics.checks._adapters.prepare import normalise, squeeze
from metrics.checks._adapters.weights import Adapter, BadWeights, measure_pair
from metrics.checks.base import Finding, Measure, PromptFacts, Subject

SIDE = 256
HALF = (0.5, 0.5, 0.5)


class Check(Adapter):
    """The learned perceptual distance: Zhang et al. (2018), arXiv:1801.03924.

    `CHECK_LPIPS` names the whole network: two inputs (1, 3, side, side) with levels from -1 to 1,
    to one number of 0 and more, 0 for the same picture. Both pictures are squeezed into the square.
    Neither more nor less is better: an edit has to change something.
    """

    title = "LPIPS distance"
    variable = "CHECK_LPIPS"
    pictures = 2
    measures = (
        Measure("distance", "LPIPS", 0, 10, 0, "Mean distance to the source.", headline=True),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return "source" in prompt.roles

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        sources = [each.image for each in subject.references if each.role == "source"]
        if len(sources) != 1:
            return Finding(not_measurable=f"{len(sources)} references are the source")
        try:
            network = self.load()
            side = network.side(SIDE)
            source, *images = (
                normalise(squeeze(each.convert("RGB"), side), HALF, HALF)
                for each in (*sources, *subject.images)
            )
            distances = [measure_pair(network, source, each, self.variable) for each in images]
        except BadWeights as reason:
            return Finding(not_measurable=str(reason))
        if min(distances) < 0:
            return Finding(not_measurable=f"{self.variable}: a distance is below 0")
        return Finding({"distance": min(10.0, fmean(distances))})
