"""Measure what a reader waits for: `python -m web.bench`, with Node and Chromium.

It prints a table: what, how long it took, and how long it may take. No test measures
time, since a test fails on a slow machine; this command is for a quiet one.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from web.bench_garment import report
from web.build import ROOT, environment_with_node
from web.make_pdf import TIMEOUT, chromium

RACE, GARMENT = "notebooks/04_alexnet.html", "notebooks/07_look_inside.html"
SLOW_3G = {  # as Chromium's tools have it: bytes a second, milliseconds
    "offline": False,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
    "latency": 2000,
}
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
FRAMES = """() => {
  globalThis.gaps = [];
  let last = performance.now();
  const frame = (now) => {
    gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
# The middle of nine rounds, in milliseconds of this process alone.
SCRIPT = """
import { lenet } from "./lenet";
import { trace } from "./trace";
const conv = "nn.Conv2d(1, 1, kernel_size=3, padding=1), ";
const net = `nn.Sequential(${conv.repeat(100)})`;
const lines = {
  "trace of 100 layers": () => trace(net, [1, 1, 224, 224]),
  "trace of a net that is not closed": () => trace(net.slice(0, -9), [1, 1, 224, 224]),
  "trace of 5,000 brackets": () => trace("(".repeat(5000), [1, 1, 224, 224]),
  "answer of LeNet": (() => {
    const image = new Float32Array(784).fill(0.5);
    const made = lenet({ activation: "sigmoid", pooling: "average", minibatch: 1 });
    return () => made.forward(image);
  })(),
};
const found = Object.entries(lines).map(([what, work]) => {
  const times = Array.from({ length: 9 }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return [what, times.sort((a, b) => a - b)[4]];
});
console.log(JSON.stringify(found));
"""
MOST = {  # milliseconds
    "trace of 100 layers": 20,
    "trace of a net that is not closed": 20,
    "trace of 5,000 brackets": 100,
    "answer of LeNet": 16,
}
Row = tuple[str, float, float, str]  # what, measured, at most, unit


class Gzipped(SimpleHTTPRequestHandler):
    """Serve files as hosts do, compressed."""

    def do_GET(self) -> None:
        """Send one file."""
        file = Path(self.translate_path(self.path))
        body = gzip.compress(file.read_bytes()) if file.is_file() else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on this machine only, and give its address."""
    handler = partial(Gzipped, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def build(folder: Path) -> Row:
    """Build the site below a folder."""
    before = os.times()
    command = [sys.executable, str(ROOT / "web" / "build.py"), str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    seconds = sum(after[2:4]) - sum(before[2:4])  # of this process's children
    return "a build of the site, CPU", seconds, 10, "s"


def in_node() -> Iterator[Row]:
    """Measure what needs no browser."""
    play = ROOT / "web" / "play"
    script = SCRIPT.replace("./lenet", (play / "nets.js").as_uri())
    script = script.replace("./trace", (play / "trace.js").as_uri())
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=script, env=environment_with_node(), encoding="utf-8",
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    for what, milliseconds in json.loads(done.stdout):
        yield what, milliseconds, MOST[what], "ms"


def opened(browser: Browser, url: str, *slow: str | dict) -> Page:
    """Open a page; a command of Chromium's tools and its settings may slow it down."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(TIMEOUT)
    if slow:
        page.context.new_cdp_session(page).send(*slow)
    page.goto(url)
    return page


def first_paint(browser: Browser, address: str) -> Row:
    """Wait for the first text of a chapter with two live figures."""
    command = "Network.emulateNetworkConditions"
    page = opened(browser, f"{address}{RACE}", command, SLOW_3G)
    page.wait_for_function(f"() => {PAINT}")
    seconds = page.evaluate(PAINT) / 1000
    page.close()
    return "first paint of chapter 4, slow 3G", seconds, 12, "s"


def race(browser: Browser, address: str) -> Row:
    """Look at the frames while two nets train."""
    page = opened(browser, f"{address}{RACE}")
    figure = page.locator("figure[data-play=race]")
    page.evaluate(FRAMES)
    figure.get_by_role("button", name="Train", exact=True).click()
    figure.get_by_text("after 4,").first.wait_for()
    gap = median(page.evaluate("gaps"))
    page.close()
    return "a frame while the race runs", gap, 50, "ms"


def move(browser: Browser, address: str) -> Row:
    """Move a garment on a machine that is four times as slow, frame by frame."""
    command = "Emulation.setCPUThrottlingRate"
    page = opened(browser, f"{address}{GARMENT}", command, {"rate": 4})
    figure = page.locator("figure[data-play=garment]")
    figure.get_by_role("button", name="Wake").click()
    pad = figure.get_by_role("application").first
    pad.wait_for()
    pad.focus()
    page.evaluate(FRAMES)
    for i in range(100):
        page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
    gap = median(page.evaluate("gaps"))
    page.close()
    return "a move of a garment, four times slowed", gap, 2 * 1000 / 60, "ms"


def rows() -> Iterator[Row]:
    """Measure one after the other."""
    with tempfile.TemporaryDirectory() as name:
        yield build(Path(name))
        yield from in_node()
        with served(Path(name) / "_build" / "html") as address, chromium() as browser:
            for measure in (first_paint, race, move):
                yield measure(browser, address)


if __name__ == "__main__":
    print(f"{'what':<42} {'measured':>10} {'at most':>10}")
    for what, measured, most, unit in rows():
        late = "" if measured <= most else "  too long"
        print(f"{what:<42} {measured:>7.1f} {unit:<2} {most:>7.1f} {unit}{late}")
    print(*report(), sep="\n")
