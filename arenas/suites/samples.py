"""Real photographs that come with scikit-image, so that suites need no download."""

from io import BytesIO

from PIL import Image
from skimage import data

SAMPLES = (
    "astronaut", "camera", "cat", "clock", "coffee", "coins", "horse", "moon", "page", "rocket",
)  # fmt: skip


def load_sample(name: str) -> tuple[bytes, str]:
    """The photograph `name` as PNG bytes, and their MIME type. Raises ValueError if unknown."""
    if name not in SAMPLES:
        raise ValueError(f"unknown sample {name!r} (known: {', '.join(SAMPLES)})")
    picture = Image.fromarray(getattr(data, name)()).convert("RGB")
    if name == "astronaut":
        picture = picture.crop((10, 0, 430, 420))  # head and shoulders: one face, and it is large
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue(), "image/png"
