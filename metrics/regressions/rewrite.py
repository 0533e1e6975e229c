"""Change an eval by the text of its file, as it is written on a page."""

import tempfile
from datetime import datetime
from pathlib import Path

from django.db import transaction

from arenas.suites.read_yaml import BadFile, read_yaml
from metrics.regressions.load import load_eval
from metrics.regressions.models import RegressionEval
from metrics.regressions.shape import EvalShape

FILE = "definition.yaml"


@transaction.atomic
def rewrite(
    text: str, evaluation: RegressionEval | None, *, revision: int | None, now: datetime
) -> RegressionEval:
    """The eval in its new revision; a new one where `evaluation` is None.

    Raises BadFile naming line and key; then nothing changed. `revision` is the one that the text
    was made from: what somebody else has changed since is not overwritten.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            check(path, evaluation, revision)
            return load_eval(path, now=now).evaluation
        except BadFile as error:
            raise BadFile(str(error).replace(f"{path}:", "line ")) from error


def check(path: Path, evaluation: RegressionEval | None, revision: int | None) -> None:
    shape, lines = read_yaml(path, EvalShape)
    known = RegressionEval.objects.select_for_update().filter(name=shape.name).first()
    line = f"{path}:{lines['name',]}: name"
    if evaluation is None and known:
        raise BadFile(f"{line}: there is a regression eval {shape.name!r} already")
    if evaluation and shape.name != evaluation.name:
        raise BadFile(f"{line}: this is {evaluation.name!r}; another name is another eval")
    if evaluation and known and known.revision != revision:
        raise BadFile(f"{line}: revision {known.revision} was saved meanwhile; begin again from it")
