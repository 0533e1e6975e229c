"""The service as a process, and what it remembers."""

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from arenas.images.decode import decode_pixels
from evalsite.standin import server
from evalsite.standin.faults import FAULTS
from evalsite.standin.server import StandIn
from tests.factories import ROOT

MODEL = "gemini-2.5-flash-image"


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read()


def post(connection, path=f"/v1/models/{MODEL}:generateContent", key="a-key", **body):
    headers = {"x-goog-api-key": key} if key else {}
    headers["Content-Type"] = "application/json"
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture
def connection(service):
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
    yield connection
    connection.close()


def ask(connection, text):
    return post(connection, contents=[{"parts": [{"text": text}]}])


def test_what_arrived_is_kept(service, connection):
    ask(connection, "A kite.")
    (received,) = service.received
    assert (received.method, received.path) == ("POST", f"/v1/models/{MODEL}:generateContent")
    assert received.headers["x-goog-api-key"] == "a-key"
    assert received.body == {"contents": [{"parts": [{"text": "A kite."}]}]}
    assert received.at <= time.monotonic()


def test_other_processes_may_read_it_without_the_keys(service, connection):
    ask(connection, "A kite.")
    (line,) = fetch(f"{service.url}/_standin/received").splitlines()
    assert json.loads(line)["body"] == service.received[0].body
    assert b"a-key" not in line


def test_calls_are_counted(service, connection):
    for text in ("A kite.", "[fault:server_error]", "[fault:text_only]", "[fault:truncated]"):
        try:
            ask(connection, text)
        except http.client.IncompleteRead:
            connection.close()
    counts = json.loads(fetch(f"{service.url}/_standin/count"))
    assert counts == service.counts == {"calls": 4, "pictured": 1}


def test_what_was_received_can_be_forgotten(service, connection):
    ask(connection, "A kite.")
    service.clear()
    assert service.received == []
    assert service.counts == {"calls": 0, "pictured": 0}


def test_a_log_has_a_line_for_each_request(tmp_path):
    log = tmp_path / "requests.jsonl"
    with StandIn(log=log) as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
        ask(connection, "A kite.")
        ask(connection, "x" * 20_000)
        connection.close()
    first, second = map(json.loads, log.read_text().splitlines())
    assert first["body"]["contents"][0]["parts"] == [{"text": "A kite."}]
    assert second["body"]["contents"][0]["parts"] == [{"text": "(20000 characters)"}]


def test_one_connection_serves_many_calls(connection):
    ask(connection, "A kite.")
    kept = connection.sock
    assert ask(connection, "A ball.")[0] == 200
    assert connection.sock is kept


def test_a_call_takes_the_latency_and_a_refusal_none():
    with StandIn(latency=1.0) as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
        started = time.monotonic()
        ask(connection, "[fault:server_error]")
        refused = time.monotonic()
        ask(connection, "A kite.")
        answered = time.monotonic()
        connection.close()
    assert refused - started < 1.0 <= answered - refused


@pytest.mark.parametrize("prompt", ["A kite.", "[interleave]", "[fault:text_mime]"])
def test_an_answer_can_be_large(prompt):
    with StandIn(answer_bytes=4_000_000) as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
        _, body = ask(connection, prompt)
        connection.close()
    parts = json.loads(body)["candidates"][0]["content"]["parts"]
    pictures = [part["inlineData"]["data"] for part in parts if "inlineData" in part]
    for picture in pictures:
        assert 4_000_000 <= len(picture) < 4_100_000
        assert decode_pixels(base64.b64decode(picture, validate=True)).size == (256, 256)


def test_leaving_does_not_wait_for_calls_under_way():
    with StandIn(latency=60) as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
        connection.request("GET", "/v1/models", headers={"x-goog-api-key": "a-key"})
        connection.getresponse().read()
        started = time.monotonic()
    assert time.monotonic() - started < 5
    connection.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/models/m:generateContent", 403),
        ("/v1beta1/projects/p/locations/l/publishers/google/models/m:predict", 401),
        ("/v1/images/generations", 401),
    ],
)
def test_a_call_without_a_key_is_refused(connection, path, status):
    assert post(connection, path, key="")[0] == status


def test_an_empty_request_is_a_bad_one(connection):
    assert post(connection)[0] == 400


def test_an_unknown_path_is_not_found(connection):
    assert post(connection, "/v1/videos")[0] == 404


def test_a_body_beyond_the_limit_is_too_large(connection, monkeypatch):
    monkeypatch.setattr(server, "MOST_BODY", 1000)
    assert ask(connection, "x" * 1000)[0] == 413


def test_connections_beyond_the_limit_are_closed(service, connection, monkeypatch):
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 1)
    ask(connection, "A kite.")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        fetch(f"{service.url}/_standin/count")
    assert ask(connection, "A kite.")[0] == 200


def test_the_command_needs_debug(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="set DEBUG=on"):
        call_command("standin")


def test_the_command_refuses_a_size_that_is_none():
    with pytest.raises(CommandError, match="256x256"):
        call_command("standin", "--size", "small")


def test_the_command_names_a_port_that_is_taken(service, settings):
    settings.DEBUG = True
    port = urlsplit(service.url).port
    with pytest.raises(CommandError, match=f"port {port}"):
        call_command("standin", port=port)


def test_the_command_lists_the_faults(capsys):
    call_command("standin", faults=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_is_and_ends_cleanly(end):
    command = [sys.executable, "manage.py", "standin", "--port", "0", "--size", "64x64"]
    environment = os.environ | {"DEBUG": "on"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        line = process.stdout.readline()
        variables = dict(word.split("=") for word in line.split() if "=" in word)
        assert fetch(f"{variables['GEMINI_BASE_URL']}/_standin/count")
        assert variables["OPENAI_BASE_URL"] == f"{variables['IMAGEN_BASE_URL']}/v1"
        process.send_signal(end)
        assert process.wait(timeout=10) == 0
