"""The vote page in Chromium: what it weighs, and how long a vote takes to show the next pair."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from playwright.sync_api import Page, Request, sync_playwright

from arenas.definitions.models import Arena
from benchmarks.serving_cases.browse import HOST
from benchmarks.serving_cases.machine import serve

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
VOTES = 40
KEYS = ("ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp")
LOOK_MS = 700  # a person looks at a pair for longer; the next one is fetched meanwhile

# Milliseconds from a key to the frame in which another ballot is painted, in the page's own time.
# They are kept in attributes, because the page's policy lets nobody evaluate anything in it.
WATCH = """
(() => {
  const token = () => document.querySelector(".ballot input[name=token]")?.value;
  const shown = () => [...document.querySelectorAll(".ballot.ready img.candidate")]
    .filter((image) => image.checkVisibility());
  const painted = (images) => images.length > 1 && images.every((image) => image.complete);
  const times = [];
  addEventListener("keydown", (event) => {
    const old = token();
    const look = () => requestAnimationFrame(() => {
      if (!token() || token() === old || !painted(shown())) return look();
      const done = new MessageChannel(); // its message comes after this frame's painting
      done.port1.onmessage = () => {
        times.push(performance.now() - event.timeStamp);
        document.documentElement.dataset.votes = times.length;
        document.documentElement.dataset.times = times.join(" ");
      };
      done.port2.postMessage(0);
    });
    look();
  }, true);
})();
"""


@contextmanager
def open_page() -> Iterator[Page]:
    """A desktop's page in a fresh profile."""
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, COMMANDS)), playwright.chromium.executable_path)
        arguments = ["--disable-gpu", "--disable-background-networking", "--no-first-run"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or found, args=arguments
        )
        yield browser.new_page(viewport={"width": 1280, "height": 800})
        browser.close()


def measure_page(arena: Arena) -> None:
    with serve() as server, open_page() as page:
        site = f"http://{HOST}:{server.port}"
        requests: list[Request] = []
        page.on("request", lambda request: requests.append(request))
        page.add_init_script(WATCH)
        page.goto(f"{site}/arenas/{arena.slug}/vote/")
        page.wait_for_selector(".ballot.armed")
        page.wait_for_timeout(LOOK_MS)
        weigh(list(requests), site)
        times = measure_votes(page)
    median, p95 = np.percentile(times, [50, 95])
    print(f"vote to next pair visible, {len(times)} by keyboard: ", end="")
    print(f"median {median:.0f} ms, p95 {p95:.0f} ms, most {max(times):.0f} ms (target 100)")


def weigh(requests: list[Request], site: str) -> None:
    """What came with the page besides the ballots' pictures."""
    rest = [request for request in requests if request.resource_type != "image"]
    code = [request for request in rest if request.resource_type in ("script", "stylesheet")]
    for request in rest:
        size = request.sizes()["responseBodySize"]
        print(f"  {request.resource_type:10} {size:7} bytes  {request.url.removeprefix(site)}")
    kilobytes = sum(request.sizes()["responseBodySize"] for request in code) / 1024
    external = sum(not request.url.startswith(site) for request in requests)
    print(f"JS and CSS {kilobytes:.1f} KB compressed (target 60), ", end="")
    print(f"{len(rest)} requests besides pictures (target 8), {external} external (target 0)")


def measure_votes(page: Page) -> list[float]:
    for vote in range(VOTES):
        page.wait_for_selector(".ballot.armed")
        page.wait_for_timeout(LOOK_MS)
        page.keyboard.press(KEYS[vote % len(KEYS)])
        page.wait_for_selector(f'html[data-votes="{vote + 1}"]')
    return [float(time) for time in (page.get_attribute("html", "data-times") or "").split()]
