"""A check of the tests' own, found by its file name as any other."""

from PIL import ImageStat

from metrics.checks.base import BaseCheck, Box, Finding, Measure, PromptFacts, Subject


class Check(BaseCheck):
    """The mean of all samples of the first image, in 0 … 255."""

    version = "1"
    title = "Brightness"
    measures = (
        Measure("mean", "", 0, 255, 1, "How bright the picture is.", headline=True),
        Measure("images", "", 0, 100, 0, "How many pictures there are."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return prompt.category == "fancy"

    def measure(self, subject: Subject) -> Finding:
        image = subject.images[0]
        mean = sum(ImageStat.Stat(image).mean) / 3
        return Finding(
            values={"mean": mean, "images": len(subject.images)},
            boxes=(Box("image:0", 0, 0, image.width, image.height, "all of it"),),
        )
