"""Renders a request: every turn, every picture of a turn, and the words between them."""

import re
from collections.abc import Iterator

import numpy as np

from arenas.providers._procedural import air, defects
from arenas.providers._procedural.canvas import Picture, encode
from arenas.providers._procedural.composing import compose, source_picture
from arenas.providers._procedural.cutouts import find_face, segment
from arenas.providers._procedural.edits import Task, carry_out, stage_of
from arenas.providers._procedural.job import Job
from arenas.providers._procedural.likeness import drift_within
from arenas.providers._procedural.reading import PLACES, read_setting, read_shots
from arenas.providers._procedural.stages import paint_stage
from arenas.providers.base import ImagePart, Part, TextPart

MIME = "image/jpeg"


def render(job: Job) -> tuple[Part, ...]:
    """The parts of the answer, in order."""
    source = defects.reference_in_role(job.request, "source")
    parts: list[Part] = []
    earlier: Picture | None = None
    shown: ImagePart | None = None
    if source is not None:
        earlier = source_picture(job, source.data)
        shown = ImagePart(source.data, source.mime)
    for turn in range(len(job.request.turns)):
        made = list(_render_turn(job, turn, earlier))
        for shot, (words, picture) in enumerate(made):
            image = _show(job, picture, earlier, shown, (turn, shot), len(made))
            parts += [TextPart(words, turn), image] if words else [image]
        earlier, shown = picture, image
    return tuple(parts)


def _render_turn(job: Job, turn: int, earlier: Picture | None) -> Iterator[tuple[str, Picture]]:
    """Each picture of a turn, with the words that go before it."""
    text = job.request.turns[turn]
    if turn or (earlier is not None and defects.edits_of(job.request, turn)):
        assert earlier is not None  # the turn before has made one
        yield "", _edit_turn(job, turn, earlier)
        return
    shots = read_shots(text, job.request.n_images)
    for n, shot in enumerate(shots):
        words = _caption(n, shot) if job.request.category == "interleaved" else ""
        made = compose(job, shot, shot=n, shots=len(shots))
        yield words, made if earlier is None else _over_edit(job, earlier, made, turn)


def _caption(n: int, shot: str) -> str:
    return f"{n + 1}. {shot[:1].upper()}{shot[1:]}."


def _edit_turn(job: Job, turn: int, earlier: Picture) -> Picture:
    """The earlier picture with this turn's edits carried out, save those to be ignored."""
    start, picture = earlier, earlier
    if turn == 0 and defects.applies("identity_drift", job.request):
        strength = job.strengths["identity_drift"]
        start = picture = drift_within(picture, find_face(picture), strength, key=job.key)
    edits = enumerate(defects.edits_of(job.request, turn))
    for i, sentence in sorted(edits, key=lambda edit: stage_of(edit[1])):
        if (turn, i) in job.ignored:
            continue
        if turn and _is_new_scene(sentence):
            picture = compose(job, sentence, shot=turn, shots=len(job.request.turns))
        else:
            task = _task(job, sentence, (turn, i), earlier, picture)
            picture = carry_out(picture, task)
    return _over_edit(job, start, np.clip(picture, 0, 1), turn)


def _is_new_scene(sentence: str) -> bool:
    words = sentence.lower()
    return "show" in words and any(re.search(pattern, words) for _, pattern in PLACES)


def _task(
    job: Job, sentence: str, place: tuple[int, int], original: Picture, picture: Picture
) -> Task:
    def behind(words: str) -> Picture:
        setting = read_setting(words.lower().split("background with")[-1], otherwise="studio")
        stage = paint_stage(job.width, job.height, setting, job.taste, key=job.key)
        subject = segment(picture, find_face(picture))
        return air.mix_by(stage.picture, picture * (0.5 + 0.5 * stage.light), subject)

    return Task(sentence, job.lines_in(sentence), (*job.key, *place), original, behind)


def _over_edit(job: Job, before: Picture, after: Picture, turn: int) -> Picture:
    return defects.over_edit(before, after, job.strengths["over_editing"], key=(*job.key, turn))


def _show(
    job: Job,
    picture: Picture,
    earlier: Picture | None,
    shown: ImagePart | None,
    place: tuple[int, int],
    shots: int,
) -> ImagePart:
    """The picture as it is handed over, with the defects that act on it as a whole."""
    turn, shot = place
    strengths, key = job.strengths, (*job.key, turn, shot)
    unchanged = strengths["returned_unchanged"]
    if shown is not None and unchanged == 1:
        return ImagePart(shown.data, shown.mime, turn)
    last = max(shots - 1, len(job.request.turns) - 1)
    progress = (shot + turn) / last if last else 1.0
    picture = defects.drift_style(picture, strengths["style_drift"], progress, key=key)
    if earlier is not None:
        picture = picture + (earlier - picture) * np.float32(unchanged)
    return ImagePart(encode(defects.spoil(picture, strengths["noise"], key=key)), MIME, turn)
