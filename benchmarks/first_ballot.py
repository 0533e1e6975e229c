"""How long from the command to the first ballot, and what the vote page weighs.

`make bench` runs it: twice on an empty private folder (the first start makes the database, the
second one continues), with everything installed already. Loopback only.
"""

import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return bytes(response.read())
    except (urllib.error.URLError, OSError):
        return b""


def measure_start(folder: str) -> tuple[float, float, dict[str, int]]:
    """Seconds to the first page and to the first ballot, and the page's weight by file."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    media = str(Path(folder) / "media")
    environment = {**os.environ, "PORT": str(port), "EVALSITE_LOCAL": folder, "MEDIA_ROOT": media}
    began = time.monotonic()
    demo = subprocess.Popen(
        [sys.executable, "-m", "evalsite.launch"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        page = wait_for(f"{site}/", b"Evalsite", demo)
        ballot = wait_for(f"{site}/arenas/demo/vote/", b'name="winner"', demo)
        return page - began, ballot - began, weigh(site)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=60)


def wait_for(url: str, content: bytes, demo: "subprocess.Popen[bytes]") -> float:
    deadline = time.monotonic() + LIMIT_SECONDS
    while content not in fetch(url):
        if demo.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{url} never showed {content.decode()}")
        time.sleep(0.05)
    return time.monotonic()


def weigh(site: str) -> dict[str, int]:
    """The page's scripts and styles, in bytes as gzip sends them."""
    page = fetch(f"{site}/arenas/demo/vote/").decode()
    names = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', page)
    return {name: len(gzip.compress(fetch(site + name), mtime=0)) for name in names}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="evalsite-bench-") as folder:
        Path(folder).chmod(0o711)
        for start in ("first start", "second start"):
            page, ballot, weights = measure_start(folder)
            print(f"{start}: first page after {page:.1f} s, first ballot after {ballot:.1f} s")
        for name, size in weights.items():
            print(f"{name}: {size / 1024:.1f} KB compressed")
        print(f"scripts and styles: {sum(weights.values()) / 1024:.1f} KB compressed (limit 60)")


if __name__ == "__main__":
    main()
