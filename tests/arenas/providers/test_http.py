"""What the HTTP below the SDKs lets through."""

import asyncio
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from arenas.providers import _http
from arenas.providers._http import HOLDING, Allowance, make_client
from arenas.providers.base import ProviderError


class Server(ThreadingHTTPServer):
    """Gives one answer to everything, and notes what came."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.came: list[tuple[str, dict[str, str]]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.server.came.append((self.path, dict(self.headers)))
        status, headers, body = self.server.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def get(url, **headers):
    async def ask():
        async with make_client() as client:
            return await client.get(url, headers=headers)

    return asyncio.run(ask())


def test_a_key_does_not_follow_a_redirect(server):
    server.answer = (307, {"Location": f"{server.url}/elsewhere"}, b"")
    assert get(server.url, **{"x-goog-api-key": "secret"}).status_code == 307
    assert [path for path, _ in server.came] == ["/"]


def test_answers_are_asked_for_as_they_are(server):
    get(server.url)
    assert server.came[0][1]["Accept-Encoding"] == "identity"


def test_a_packed_answer_is_read_all_the_same(server):
    server.answer = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"a picture"))
    assert get(server.url).content == b"a picture"


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(server):
    server.answer = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000)))
    with _http.answer_to_file(1_000_000), pytest.raises(ProviderError, match="larger than 1 MB"):
        get(server.url)


def test_an_answer_that_says_it_is_too_large_is_not_read(server):
    server.answer = (200, {}, b"eleven bytes")
    with _http.answer_to_file(10), pytest.raises(ProviderError, match="the answer is larger"):
        get(server.url)


def test_answers_wait_until_there_is_room_for_them(server):
    server.answer = (200, {}, bytes(600))

    async def ask_twice():
        allowance, most = Allowance(1000), []

        async def ask(client):
            holding = allowance.open()
            HOLDING.set(holding)
            await client.get(server.url)
            most.append(allowance.held)
            await holding.release()

        async with make_client() as client:
            await asyncio.gather(ask(client), ask(client), ask(client))
        return most, allowance.held

    assert asyncio.run(ask_twice()) == ([600, 600, 600], 0)
