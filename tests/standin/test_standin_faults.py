"""Every fault is on the wire what its description says."""

import base64
import http.client
import io
import json
import socket
import struct
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from PIL import Image

from evalsite.standin.faults import FAULTS, find_fault
from evalsite.standin.server import StandIn

MODEL = "gemini-2.5-flash-image"
PATHS = {
    "gemini": f"/v1/models/{MODEL}:generateContent",
    "imagen": "/v1beta1/projects/p/locations/l/publishers/google/models/imagen:predict",
    "openai": "/v1/images/generations",
}


def write_request(protocol, prompt):
    if protocol == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
    if protocol == "imagen":
        return {"instances": [{"prompt": prompt}], "parameters": {"includeRaiReason": True}}
    return {"model": "gpt-image-1", "prompt": prompt}


@dataclass
class Seen:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    @property
    def candidate(self):
        return self.json["candidates"][0]

    @property
    def texts(self):
        return [part["text"] for part in self.candidate["content"]["parts"]]

    @property
    def picture(self):
        return Image.open(io.BytesIO(self.data))

    @property
    def blob(self):
        parts = self.candidate["content"]["parts"]
        return next(part["inlineData"] for part in parts if "inlineData" in part)

    @property
    def data(self):
        return base64.b64decode(self.blob["data"], validate=True)

    @property
    def mime(self):
        return self.blob.get("mimeType")


def call(service, prompt, protocol="gemini"):
    connection = connect(service)
    try:
        send(connection, prompt, protocol)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Seen(response.status, headers, response.read())
    finally:
        connection.close()


def connect(service):
    return http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=20)


def send(connection, prompt, protocol="gemini"):
    body = json.dumps(write_request(protocol, prompt))
    headers = {"Authorization": "Bearer the-key", "Content-Type": "application/json"}
    connection.request("POST", PATHS[protocol], body, headers)


def retry_delay(seen):
    return next(d["retryDelay"] for d in seen.error["details"] if d["@type"].endswith("RetryInfo"))


GEMINI = {
    "rate_limit": lambda s: s.status == 429 and retry_delay(s) == "3s",
    "rate_limit_header": lambda s: (
        s.status == 429 and s.headers["retry-after"] == "3" and "details" not in s.error
    ),
    "quota_day": lambda s: "PerDay" in s.error["details"][0]["violations"][0]["quotaId"],
    "server_error": lambda s: s.status == 500 and s.error["status"] == "INTERNAL",
    "bad_gateway": lambda s: s.status == 502 and b"<html>" in s.body,
    "unavailable": lambda s: s.status == 503 and s.error["status"] == "UNAVAILABLE",
    "gateway_timeout": lambda s: s.status == 504,
    "bad_request": lambda s: s.status == 400 and s.error["status"] == "INVALID_ARGUMENT",
    "key_invalid": lambda s: (
        s.status == 400
        and s.error["details"][0]["reason"] == "API_KEY_INVALID"
        and "the-key" in s.error["message"]
    ),
    "unauthorized": lambda s: s.status == 401 and "the-key" in s.error["message"],
    "forbidden": lambda s: s.status == 403,
    "not_found": lambda s: s.status == 404 and MODEL in s.error["message"],
    "too_large": lambda s: s.status == 413,
    "cancelled": lambda s: s.status == 499 and s.error["status"] == "CANCELLED",
    "html_200": lambda s: s.status == 200 and s.headers["content-type"] == "text/html",
    "empty_body": lambda s: s.status == 200 and s.body == b"",
    "empty_object": lambda s: s.status == 200 and s.json == {},
    "wrong_types": lambda s: s.json["candidates"] == "none",
    "wrong_mime": lambda s: (s.picture.format, s.mime) == ("GIF", "image/png"),
    "mislabelled": lambda s: (s.picture.format, s.mime) == ("JPEG", "image/png"),
    "text_mime": lambda s: (s.picture.format, s.mime) == ("PNG", "text/html"),
    "no_mime": lambda s: (s.picture.format, s.mime) == ("PNG", None),
    "zero_bytes": lambda s: s.data == b"",
    "huge_png": lambda s: len(s.data) > 27_000_000 and s.picture.size == (3000, 3000),
    "bomb": lambda s: (
        struct.unpack(">II", s.data[16:24]) == (30_000, 30_000) and len(s.data) < 120_000
    ),
    "ratio_ignored": lambda s: s.picture.width > 2.9 * s.picture.height,
    "no_usage": lambda s: s.picture and "usageMetadata" not in s.json,
    "prompt_blocked": lambda s: (
        s.json["promptFeedback"]["blockReason"] == "SAFETY" and "candidates" not in s.json
    ),
    "prohibited": lambda s: s.json["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT",
    "image_safety": lambda s: s.candidate["finishReason"] == "IMAGE_SAFETY",
    "image_prohibited": lambda s: s.candidate["finishReason"] == "IMAGE_PROHIBITED_CONTENT",
    "recitation": lambda s: s.candidate["finishReason"] == "IMAGE_RECITATION",
    "no_image": lambda s: (
        s.candidate["finishReason"] == "NO_IMAGE" and "content" not in s.candidate
    ),
    "image_other": lambda s: s.candidate["finishReason"] == "IMAGE_OTHER",
    "text_only": lambda s: s.candidate["finishReason"] == "STOP" and "?" in s.texts[0],
    "no_parts": lambda s: s.candidate == {"finishReason": "STOP", "index": 0},
    "max_tokens": lambda s: s.candidate["finishReason"] == "MAX_TOKENS" and len(s.texts) == 1,
    "unknown_reason": lambda s: s.candidate["finishReason"] == "IMAGE_UNHEARD_OF",
    "thought_only_image": lambda s: [p["thought"] for p in s.candidate["content"]["parts"]] == [1],
    "safety_text_refusal_in_history": lambda s: "safety" in s.texts[0],
    "withheld": lambda s: s.candidate["finishReason"] == "SAFETY",
}
BROKEN = ("hang", "trickle", "reset", "disconnect", "truncated", "cut_json", "bad_base64",
          "corrupt_png")  # fmt: skip
JUDGED = ("fenced_json", "wrong_json")
ABOUT_PICTURES = ("chatty_json", "truncated_json", "first_slot")  # seen by tests of asking

IMAGEN = {
    "rai_filtered": lambda s: "filtered" in s.json["predictions"][0]["raiFilteredReason"],
    "image_safety": lambda s: "filtered" in s.json["predictions"][0]["raiFilteredReason"],
    "prompt_blocked": lambda s: s.status == 400,
    "no_image": lambda s: s.json == {},
    "wrong_types": lambda s: s.json["predictions"] == "none",
    "no_mime": lambda s: list(s.json["predictions"][0]) == ["bytesBase64Encoded"],
    "rate_limit": lambda s: s.status == 429 and retry_delay(s) == "3s",
}

OPENAI = {
    "rate_limit": lambda s: s.status == 429 and s.headers["retry-after"] == "3",
    "quota_day": lambda s: s.status == 429 and s.error["code"] == "insufficient_quota",
    "key_invalid": lambda s: s.status == 401 and "the-key" in s.error["message"],
    "moderation": lambda s: s.status == 400 and s.error["code"] == "moderation_blocked",
    "prompt_blocked": lambda s: s.error["code"] == "moderation_blocked",
    "no_image": lambda s: s.json["data"] == [],
    "no_usage": lambda s: s.json["data"] and "usage" not in s.json,
    "wrong_types": lambda s: s.json["data"] == "none",
    "zero_bytes": lambda s: s.json["data"] == [{"b64_json": ""}],
}


@pytest.fixture(scope="module")
def shared():
    with StandIn() as service:
        yield service


@pytest.mark.parametrize("fault", GEMINI)
def test_gemini_fails_as_described(shared, fault):
    assert GEMINI[fault](call(shared, f"[fault:{fault}]"))


@pytest.mark.parametrize("fault", IMAGEN)
def test_imagen_fails_as_described(shared, fault):
    assert IMAGEN[fault](call(shared, f"[fault:{fault}]", "imagen"))


@pytest.mark.parametrize("fault", OPENAI)
def test_openai_fails_as_described(shared, fault):
    assert OPENAI[fault](call(shared, f"[fault:{fault}]", "openai"))


def test_every_fault_of_gemini_is_tested():
    there_are = {name for name, fault in FAULTS.items() if "gemini" in fault.protocols}
    assert there_are == {*GEMINI, *BROKEN, *JUDGED, *ABOUT_PICTURES}


@pytest.mark.parametrize("protocol", PATHS)
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"hang", "trickle", "reset", "disconnect",
                                                        "truncated", "huge_png"}))  # fmt: skip
def test_a_fault_that_a_protocol_has_not_is_refused(shared, fault, protocol):
    refused = b"There is no fault" in call(shared, f"[fault:{fault}]", protocol).body
    assert refused is (protocol not in FAULTS[fault].protocols)


def test_an_unknown_fault_is_refused(shared):
    assert "There is no fault 'fire'" in call(shared, "[fault:fire]").error["message"]


def test_half_of_the_json_is_no_json(shared):
    with pytest.raises(json.JSONDecodeError):
        call(shared, "[fault:cut_json]").json  # noqa: B018


def test_what_is_not_base64_does_not_decode(shared):
    with pytest.raises(ValueError, match="base64"):
        call(shared, "[fault:bad_base64]").data  # noqa: B018


def test_a_corrupt_picture_opens_and_does_not_load(shared):
    with (
        call(shared, "[fault:corrupt_png]").picture as image,
        pytest.raises(OSError, match="trunc"),
    ):
        image.load()


def test_a_reset_is_one(shared):
    with pytest.raises(ConnectionResetError):
        call(shared, "[fault:reset]")


def test_a_disconnection_leaves_no_answer(shared):
    with pytest.raises(http.client.RemoteDisconnected):
        call(shared, "[fault:disconnect]")


def test_a_truncated_answer_is_half_of_what_it_announced(shared):
    with pytest.raises(http.client.IncompleteRead) as broken:
        call(shared, "[fault:truncated]")
    assert broken.value.expected in (len(broken.value.partial), len(broken.value.partial) + 1)


def test_a_trickle_is_a_whole_answer_byte_by_byte(shared):
    connection = connect(shared)
    send(connection, "[fault:trickle]")
    response = connection.getresponse()
    assert int(response.headers["Content-Length"]) > 1000
    assert [response.read1(1000) for _ in range(3)] == [b"{", b'"', b"c"]
    connection.close()


def test_who_hangs_sends_nothing_and_ends_with_the_service():
    with StandIn() as service:
        connection = connect(service)
        send(connection, "[fault:hang]")
        reader = threading.Thread(target=connection.sock.recv, args=(1,))
        assert wait_for_silence(connection.sock)
        reader.start()
    reader.join(timeout=5)
    connection.close()
    assert not reader.is_alive()


def wait_for_silence(connection: socket.socket) -> bool:
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.settimeout(None)
    return True


def test_a_refusal_in_the_history_is_kept_to(shared):
    refused = call(shared, "[fault:safety_text_refusal_in_history]")
    history = [
        {"role": "user", "parts": [{"text": "A kite."}]},
        refused.candidate["content"],
        {"role": "user", "parts": [{"text": "A ball, then."}]},
    ]
    connection = connect(shared)
    body = json.dumps({"contents": history})
    headers = {"x-goog-api-key": "the-key", "Content-Type": "application/json"}
    connection.request("POST", PATHS["gemini"], body, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["candidates"][0]["content"] == refused.candidate["content"]


def test_a_counted_fault_ends(service):
    statuses = [call(service, "[fault:unavailable:2] A kite.").status for _ in range(3)]
    assert statuses == [503, 503, 200]


def test_faults_are_counted_for_each_prompt(service):
    prompts = ("[fault:unavailable:1] A kite.", "[fault:unavailable:1] A ball.")
    assert [call(service, prompt).status for prompt in prompts] == [503, 503]


def test_forgetting_begins_to_count_anew(service):
    statuses = []
    for _ in range(2):
        statuses.append(call(service, "[fault:unavailable:1]").status)
        service.clear()
    assert statuses == [503, 503]


@pytest.mark.parametrize(
    ("number", "fault"), [(0, "reset"), (1, "reset"), (2, "hang"), (3, "bomb"), (4, "bomb")]
)
def test_several_faults_are_used_up_in_order(number, fault):
    text = "[fault:reset:2] A kite. [fault:hang:1][fault:bomb]"
    assert find_fault(text, number) == fault


def test_a_used_up_fault_is_none():
    assert find_fault("[fault:reset:2]", 2) == ""


@pytest.mark.parametrize("fault", JUDGED)
def test_a_judge_may_miss_the_schema(gemini, fault):
    schema = {"type": "object", "properties": {"winner": {"type": "string"}}}
    config = {"response_mime_type": "application/json", "response_json_schema": schema}
    prompt = f"[fault:{fault}] Which?"
    text = gemini.models.generate_content(model="judge", contents=prompt, config=config).text
    assert "winner" in text if fault == "fenced_json" else "winner" not in text
    assert text.startswith("```json") is (fault == "fenced_json")
