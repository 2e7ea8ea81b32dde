"""Measure what a reader waits for: `python -m web.bench`, with Node and Chromium.

It prints two tables: what, how long it took, and how long it may take; and for every
page when its first text shows on three networks, its requests and its KiB. With a
folder, `python -m web.bench FOLDER`, it prints the second alone, of the site that was
built there. No test measures time, since a test fails on a slow machine; this command
is for a quiet one.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, Page

from web.bench_garment import report
from web.build import ROOT, environment_with_node
from web.make_pdf import TIMEOUT, chromium

RACE, GARMENT = "notebooks/04_alexnet.html", "notebooks/07_look_inside.html"
YOUR_NET = "book/your_net.html"
MILLION = (  # weights
    "nn.Sequential(nn.Flatten(), nn.Linear(784, 1000), nn.ReLU(), "
    "nn.Linear(1000, 250), nn.ReLU(), nn.Linear(250, 10))"
)
NETWORKS = {  # as Chromium's tools have them: bytes a second, milliseconds
    "slow 3G": (50_000, 2000),
    "fast 3G": (180_000, 562.5),
    "4G": (1_012_500, 165),
}
MOST_PAINT = {"slow 3G": 6.5, "fast 3G": 2.5, "4G": 1.5}  # seconds, of RACE
MOST_REQUESTS, MOST_KIB = 18, 150  # of every page, without figures and fonts
ROUNDS = 3
LOADED = """() => ["navigation", "resource"].flatMap(
  (kind) => performance.getEntriesByType(kind)
).map((entry) => [entry.name, entry.encodedBodySize])"""
DRAWN = re.compile(r"\.(?:png|jpe?g|webp|svg|woff2)$")
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


@cache
def zipped(file: Path) -> bytes:
    """What is sent of a file; nothing where there is none."""
    return gzip.compress(file.read_bytes()) if file.is_file() else b""


class Gzipped(SimpleHTTPRequestHandler):
    """Serve files as hosts do, compressed."""

    def do_GET(self) -> None:
        """Send one file."""
        file = Path(self.translate_path(self.path))
        body = zipped(file)
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


def build(folder: Path) -> float:
    """Build the site below a folder: seconds of the CPU."""
    before = os.times()
    command = [sys.executable, str(ROOT / "web" / "build.py"), str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])  # of this process's children


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


def opened(browser: Browser, url: str, slow: dict[str, dict] | None = None) -> Page:
    """Open a page; commands of Chromium's tools and their settings may slow it down."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(TIMEOUT)
    session = page.context.new_cdp_session(page)
    for command, settings in (slow or {}).items():
        session.send(command, settings)
    page.goto(url)
    return page


def first_paint(browser: Browser, url: str, network: str) -> float:
    """Wait for the first text of a page, on a machine four times slowed: seconds."""
    speed, latency = NETWORKS[network]
    emulated = {"offline": False, "latency": latency}
    emulated |= {"downloadThroughput": speed, "uploadThroughput": speed}
    slow = {
        "Network.enable": {},
        "Network.emulateNetworkConditions": emulated,
        "Emulation.setCPUThrottlingRate": {"rate": 4},
    }
    page = opened(browser, url, slow)
    page.wait_for_function(f"() => {PAINT}")
    seconds = page.evaluate(PAINT) / 1000
    page.close()
    return seconds


def weight(browser: Browser, url: str) -> tuple[int, float]:
    """Count a page's requests, and its KiB without figures and fonts."""
    page = opened(browser, url)
    page.wait_for_load_state("networkidle")
    files = page.evaluate(LOADED)
    page.close()
    size = sum(size for name, size in files if not DRAWN.search(name))
    return len(files), size / 1024


def race(browser: Browser, address: str) -> Row:
    """Look at the frames while two nets train."""
    page = opened(browser, f"{address}{RACE}")
    figure = page.locator("figure[data-play=race]")
    page.evaluate(FRAMES)
    figure.get_by_role("button", name="neither").click()
    figure.get_by_text("Ready").wait_for()
    figure.get_by_role("button", name="Start").click()
    figure.get_by_text("after 4,").first.wait_for()
    gap = median(page.evaluate("gaps"))
    page.close()
    return "a frame while the race runs", gap, 50, "ms"


def your_net(browser: Browser, address: str) -> Row:
    """Look at the frames while a net of a million weights trains."""
    page = opened(browser, f"{address}{YOUR_NET}")
    figure = page.locator("figure[data-play=yournet]")
    figure.get_by_label("Your net").fill(MILLION)
    figure.get_by_text("Ready").wait_for()
    page.evaluate(FRAMES)
    figure.get_by_role("button", name="Start").click()
    figure.get_by_text("Done:").wait_for()
    gap = quantiles(page.evaluate("gaps"), n=20)[-1]
    page.close()
    return "95 in 100 frames, a million weights train", gap, 1.5 * 1000 / 60, "ms"


def move(browser: Browser, address: str) -> Row:
    """Move a garment on a machine that is four times as slow, frame by frame."""
    slow = {"Emulation.setCPUThrottlingRate": {"rate": 4}}
    page = opened(browser, f"{address}{GARMENT}", slow)
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


def rows(site: Path, seconds: float) -> Iterator[Row]:
    """Measure one after the other."""
    yield "a build of the site, CPU", seconds, 25, "s"
    yield from in_node()
    with served(site) as address, chromium() as browser:
        for measure in (race, your_net, move):
            yield measure(browser, address)


def page_lines(site: Path) -> Iterator[str]:
    """Say of every page when it shows, and how much it loads."""
    yield f"{'page':<36}" + "".join(f"{n:>9}" for n in NETWORKS) + "  requests    KiB"
    paths = [*site.glob("[bn]o*/*.html"), *site.glob("zh/[bn]o*/*.html")]
    names = [path.relative_to(site).as_posix() for path in paths]
    with served(site) as address, chromium() as browser:
        for name in sorted(names):
            times = {
                network: median(
                    first_paint(browser, f"{address}{name}", network)
                    for _ in range(ROUNDS if name.endswith(RACE) else 1)
                )
                for network in NETWORKS
            }
            requests, size = weight(browser, f"{address}{name}")
            late = name.endswith(RACE) and any(times[n] > MOST_PAINT[n] for n in times)
            large = requests > MOST_REQUESTS or size > MOST_KIB
            yield (
                f"{name:<36}"
                + "".join(f"{seconds:>7.1f} s" for seconds in times.values())
                + f"{requests:>10}{size:>7.0f}"
                + "  too late" * late
                + "  too large" * large
            )


def table(site: Path, seconds: float) -> Iterator[str]:
    """Say what was measured, and how long it may take."""
    yield f"{'what':<44} {'measured':>10} {'at most':>10}"
    for what, measured, most, unit in rows(site, seconds):
        late = "" if measured <= most else "  too long"
        yield f"{what:<44} {measured:>7.1f} {unit:<2} {most:>7.1f} {unit}{late}"


def main() -> None:
    """Measure the site below a folder, or all of one built for it."""
    os.environ |= environment_with_node()  # Windows looks for `node` here
    if sys.argv[1:]:
        print(*page_lines(Path(sys.argv[1]) / "_build" / "html"), sep="\n")
        return
    with tempfile.TemporaryDirectory() as name:
        site = Path(name) / "_build" / "html"
        print(*table(site, build(Path(name))), sep="\n")
        print(*page_lines(site), sep="\n")
    print(*report(), sep="\n")


if __name__ == "__main__":
    main()
