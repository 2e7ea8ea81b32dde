"""Pack the ladder's nets as the page trained them: what a reader's net lands among."""

import json
import math
from pathlib import Path
from statistics import mean, stdev

RECORD = Path(__file__).resolve().parents[1] / "results" / "play" / "yournet.json"
SEEDS = 5
T = 2.776445  # Student's t with SEEDS - 1 degrees of freedom, 95 % on both sides


def pack_yournet(path: Path = RECORD) -> str:
    """Return what `web/play/yournet_app.js` draws; no net where nothing is recorded.

    low and high: where one more seed would end in 95 of 100 cases. No helper of the
    lab is used: the site is built without torch.
    """
    record = json.loads(path.read_text("utf-8")) if path.exists() else {"nets": {}}
    rungs = []
    for name, net in record["nets"].items():
        runs = [run for run in record["runs"] if run["net"] == name and run["chosen"]]
        accuracies = [run["accuracy"][-1] for run in runs]
        if len(accuracies) == SEEDS:
            middle = mean(accuracies)
            half = T * stdev(accuracies) * math.sqrt(1 + 1 / SEEDS)
            rungs.append(
                {
                    "name": name,
                    "parameters": net["parameters"],
                    "macs": net["macs"],
                    "lr": runs[0]["lr"],
                    "accuracies": accuracies,
                    "mean": middle,
                    "low": middle - half,
                    "high": middle + half,
                }
            )
    return json.dumps({"rungs": rungs}, separators=(",", ":"))
