"""Which request is answered by what."""

import re
import threading
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from evalsite.standin.ask import Ask
from evalsite.standin.batches import Batches
from evalsite.standin.chat import complete, read_question
from evalsite.standin.faults import Faults, exists, knows
from evalsite.standin.files import Files
from evalsite.standin.gemini import generate_content
from evalsite.standin.imagen import Prediction, predict
from evalsite.standin.journal import Journal, write_line
from evalsite.standin.openai import make_images, read_order
from evalsite.standin.pictures import Studio
from evalsite.standin.refuse import REFUSALS, refuse_google, refuse_openai
from evalsite.standin.send import MANNERS
from evalsite.standin.spoil import spoil_answer
from evalsite.standin.wire import Answer, Received, answer_json

GOOGLE_PATH = r"/v1(?:beta1|beta|alpha)?"
PUBLISHED = rf"{GOOGLE_PATH}/projects/[^/]+/locations/[^/]+/publishers/google"
MODEL = rf"(?:{PUBLISHED}|{GOOGLE_PATH})/models/([^:/]+)"
FILE, BATCH = rf"{GOOGLE_PATH}/(files/\w+)", rf"{GOOGLE_PATH}/(batches/\w+)"
UPLOAD = rf"/upload{FILE}"
UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API."
)
MODELS = ("gemini-2.5-flash-image", "gemini-3.1-flash-image", "gemini-3-pro-image", "gpt-image-1")

Refuse = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Options:
    """How the stand-in behaves.

    `latency` is how many seconds a model takes to answer, `size` the pictures' in pixels at 1K
    and 1:1, `answer_bytes` what an answer with a picture has at least, `keys` the only keys that
    are taken (None: any), `batch_looks` how often a batch is seen running before it is done.
    """

    latency: float = 0.0
    size: tuple[int, int] = (256, 256)
    answer_bytes: int = 0
    keys: Container[str] | None = None
    batch_looks: int = 1
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a model: `make` gives the answer for a fault."""

    protocol: str
    model: str
    prompt: str
    make: Callable[[str], Answer]
    in_batch: bool = False

    @property
    def refuse(self) -> Refuse:
        return refuse_openai if self.protocol in ("openai", "chat") else refuse_google


class Service:
    """The protocols together, with what they remember."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.studio = Studio(options.size, pads=options.answer_bytes > 0)
        self.faults = Faults()
        self.journal = Journal(options.log)
        self.files = Files()
        self.batches = Batches(self.files, self.faults, self.generate, options.batch_looks)
        self.routes = list_routes(self)
        self.stopping = threading.Event()

    def answer(self, request: Received) -> Answer:
        """The answer to any request."""
        path = request.path.split("?")[0]
        if path.startswith("/_standin/"):
            return self.tell(path)
        self.journal.add(request)
        refuse = refuse_openai if speaks_openai(request) else refuse_google
        if refusal := self.check_key(request, refuse):
            return refusal
        for method, pattern, act in self.routes:
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                return act(request, *match.groups())
        return refuse("not_found", message=f"There is no {request.method} {path}.")

    def check_key(self, request: Received, refuse: Refuse) -> Answer | None:
        """No key is refused in the service's own way; neither is one that is not among ours.

        The address of an upload is secret, and so its own key: SDKs send no other.
        """
        if re.fullmatch(UPLOAD, request.path.split("?")[0]):
            return None
        if not request.key:
            forbidden = refuse is refuse_google and "/projects/" not in request.path
            return refuse("forbidden" if forbidden else "unauthorized", message=UNREGISTERED)
        if self.options.keys is not None and request.key not in self.options.keys:
            return refuse("unauthorized", key=request.key)
        return None

    def tell(self, path: str) -> Answer:
        """What other processes may ask about this one."""
        if path == "/_standin/count":
            return answer_json(self.journal.counts)
        if path == "/_standin/received":
            lines = "".join(map(write_line, self.journal.entries))
            return Answer(lines.encode(), mime="application/jsonl")
        return Answer(b"No such thing.", 404, mime="text/plain")

    def call(self, call: Call) -> Answer:
        """One call to a model, with the fault that its prompt asks for."""
        fault = self.faults.take(call.model, call.prompt)
        if not exists(call.model):
            answer = call.refuse("not_found", model=call.model)
        elif not knows(fault, call.protocol):
            message = f"There is no fault {fault!r} in {call.protocol}."
            answer = call.refuse("bad_request", message=message)
        else:
            # Refusals come at once; waiting first, nothing large is held meanwhile.
            self.stopping.wait(0 if call.in_batch or fault in REFUSALS else self.options.latency)
            answer = spoil_answer(call.make(fault), fault)
        if fault in MANNERS:
            answer = replace(answer, manner=fault, pictures=0)
        self.journal.count(answer)
        return answer

    def generate(self, ask: Ask, *, in_batch: bool = True) -> Answer:
        make = partial(generate_content, ask, self.studio)
        return self.call(Call("gemini", ask.model, ask.prompt, make, in_batch))

    def generate_from(self, request: Received, model: str) -> Answer:
        ask = Ask(model, request.body or {}, "/projects/" in request.path, request.key)
        return self.generate(ask, in_batch=False)

    def predict_from(self, request: Received, model: str) -> Answer:
        asked = Prediction(model, request.body or {}, request.key)
        return self.call(Call("imagen", model, asked.prompt, partial(predict, asked, self.studio)))

    def draw_from(self, request: Received) -> Answer:
        order = read_order(request)
        make = partial(make_images, order, self.studio)
        return self.call(Call("openai", order.model, order.prompt, make))

    def complete_from(self, request: Received) -> Answer:
        question = read_question(request)
        return self.call(Call("chat", question.model, question.prompt, partial(complete, question)))


def list_routes(service: Service) -> list[tuple[str, str, Callable[..., Answer]]]:
    files, batches = service.files, service.batches
    return [
        ("POST", rf"{MODEL}:generateContent", service.generate_from),
        ("POST", rf"{MODEL}:predict", service.predict_from),
        ("POST", rf"{MODEL}:batchGenerateContent", batches.create),
        ("POST", r"/v1/images/(?:generations|edits)", service.draw_from),
        ("POST", r"/v1/chat/completions", service.complete_from),
        ("GET", rf"{GOOGLE_PATH}/batches", lambda _: batches.list()),
        ("GET", BATCH, lambda _, name: batches.show(name)),
        ("POST", rf"{BATCH}:cancel", lambda _, name: batches.cancel(name)),
        ("DELETE", BATCH, lambda _, name: batches.delete(name)),
        ("POST", rf"/upload{GOOGLE_PATH}/files", files.begin),
        ("POST", UPLOAD, files.append),
        ("GET", rf"{GOOGLE_PATH}/files", files.list),
        ("GET", FILE, files.show),
        ("GET", rf"{FILE}:download", lambda _, name: files.download(name)),
        ("DELETE", FILE, lambda _, name: files.delete(name)),
        ("GET", rf"{GOOGLE_PATH}/models", list_models),
        ("GET", MODEL, show_model),
    ]


def speaks_openai(request: Received) -> bool:
    if "/images/" in request.path or "/chat/" in request.path:
        return True
    bearer = "authorization" in request.headers
    return bearer and re.match(r"/v1/models", request.path) is not None


def list_models(request: Received) -> Answer:
    models = [describe_model(request, model) for model in MODELS]
    if speaks_openai(request):
        return answer_json({"object": "list", "data": models})
    return answer_json({"models": models})


def show_model(request: Received, model: str) -> Answer:
    if exists(model):
        return answer_json(describe_model(request, model))
    refuse = refuse_openai if speaks_openai(request) else refuse_google
    return refuse("not_found", model=model)


def describe_model(request: Received, model: str) -> dict[str, Any]:
    if speaks_openai(request):
        return {"id": model, "object": "model", "created": 1_780_000_000, "owned_by": "stand-in"}
    methods = ["generateContent", "batchGenerateContent"]
    return {"name": f"models/{model}", "displayName": model, "supportedGenerationMethods": methods}
