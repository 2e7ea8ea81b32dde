"""Pack the ladder's nets as the page trained them: what a reader's net lands among."""

import json
from pathlib import Path
from statistics import mean

from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.rule import prediction_interval

RECORD = RECORDS / "play" / "yournet.json"


def pack_yournet(path: Path = RECORD) -> str:
    """Return what `web/play/yournet_app.js` draws; no net where nothing is recorded.

    low and high: where one more seed would end in 95 of 100 cases.
    """
    record = json.loads(path.read_text("utf-8")) if path.exists() else {"nets": {}}
    rungs = []
    for name, net in record["nets"].items():
        runs = [run for run in record["runs"] if run["net"] == name and run["chosen"]]
        accuracies = [run["accuracy"][-1] for run in runs]
        if len(accuracies) > 1:
            low, high = prediction_interval(accuracies)
            rungs.append(
                {
                    "name": name,
                    "parameters": net["parameters"],
                    "macs": net["macs"],
                    "accuracies": accuracies,
                    "mean": mean(accuracies),
                    "low": low,
                    "high": high,
                }
            )
    return json.dumps({"rungs": rungs}, separators=(",", ":"))
