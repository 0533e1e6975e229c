"""What makes two model names draw the same prompt differently, with no defect in either."""

from dataclasses import dataclass

from arenas.providers._procedural.canvas import (
    Picture,
    ellipse_mask,
    make_rng,
    turn_hue,
)


@dataclass(frozen=True, slots=True)
class Taste:
    """A model's habits: composition, light and finish, fixed by its name."""

    horizon: float  # height of the horizon as a share of the picture, from its top
    side: int  # where the subject stands: -1 left, 0 centre, 1 right
    scale: float  # size of the subject
    light: int  # where the light comes from: -1 left, 1 right
    hue: float  # degrees by which every colour leans
    warmth: float
    saturation: float
    contrast: float
    grain: float
    vignette: float
    depth: float  # how far the background is out of focus
    serial: int  # picks among equal ways to draw the same thing


def taste_of(model: str) -> Taste:
    rng = make_rng("taste", model)
    return Taste(
        horizon=float(rng.uniform(0.5, 0.68)),
        side=int(rng.integers(-1, 2)),
        scale=float(rng.uniform(0.86, 1.04)),
        light=int(rng.choice((-1, 1))),
        hue=float(rng.uniform(-9, 9)),
        warmth=float(rng.uniform(-0.05, 0.07)),
        saturation=float(rng.uniform(0.82, 1.22)),
        contrast=float(rng.uniform(0.92, 1.14)),
        grain=float(rng.uniform(0.0, 0.014)),
        vignette=float(rng.uniform(0.0, 0.26)),
        depth=float(rng.uniform(0.0, 1.0)),
        serial=int(rng.integers(0, 1000)),
    )


def lean(picture: Picture, taste: Taste) -> Picture:
    """The palette's lean, for what was painted: never for a reference's colours."""
    return turn_hue(picture, taste.hue, taste.saturation)


def finish(picture: Picture, taste: Taste, *, key: tuple[object, ...]) -> Picture:
    """The whole picture's grade: contrast, warmth, vignette and grain."""
    h, w = picture.shape[:2]
    out = (picture - 0.5) * taste.contrast + 0.5
    out[..., 0] += taste.warmth * 0.6
    out[..., 2] -= taste.warmth * 0.6
    shade = ellipse_mask(h, w, (w / 2, h / 2), (w * 0.5, h * 0.5))[..., None]
    out *= 1 - taste.vignette * (1 - shade)
    rng = make_rng("grain", *key)
    return (out + taste.grain * rng.standard_normal((h, w, 1), "float32")).astype("float32")
