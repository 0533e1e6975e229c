import io
import logging

import pytest

from tests.service import KEY


@pytest.fixture
def written(monkeypatch):
    """A logger as a library brings it, with its own handler, and what it has written."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    stream = io.StringIO()
    logger = logging.getLogger("somebody's library")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def test_a_key_among_the_arguments_is_not_written(written):
    logger, stream = written
    logger.error("refused: %s", KEY)
    assert stream.getvalue() == "refused: [secret]\n"


def test_a_key_in_a_traceback_is_not_written(written):
    logger, stream = written
    try:
        raise ValueError(f"the key {KEY} is not valid")
    except ValueError:
        logger.exception("the call failed")
    assert KEY not in stream.getvalue()
    assert "ValueError: the key [secret] is not valid" in stream.getvalue()


def test_a_key_from_a_file_is_not_written_either(written, monkeypatch, tmp_path):
    logger, stream = written
    (tmp_path / "key").write_text("another-secret-value\n")
    monkeypatch.setenv("GEMINI_API_KEY_FILE", str(tmp_path / "key"))
    logger.error("sent another-secret-value")
    assert stream.getvalue() == "sent [secret]\n"


def test_other_lines_are_written_as_they_are(written):
    logger, stream = written
    logger.error("%d of %s", 3, "them")
    assert stream.getvalue() == "3 of them\n"
