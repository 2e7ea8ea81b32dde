"""Pack the recorded runs of the race for the page: accuracies by net and seed."""

import json
from pathlib import Path

RECORD = Path(__file__).resolve().parent.parent / "results" / "play" / "race.json"


def pack_race(path: Path = RECORD) -> str:
    """Return what `web/play/race_app.js` draws beside the reader's own runs."""
    record = json.loads(path.read_text("utf-8"))
    runs: dict[str, list] = {}
    for run in record["runs"]:
        net = f"{run['activation']} {run['pooling']} {run['extra']}"
        runs.setdefault(net, []).append(run["accuracy"])
    packed = {"seen": record["seen"], "runs": runs}
    return json.dumps(packed, separators=(",", ":"))
