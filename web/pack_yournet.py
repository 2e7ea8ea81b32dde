"""Pack the ladder's nets as the page trained them: what a reader's net lands among."""

import json
from pathlib import Path

from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.rule import prediction_interval

RECORD = RECORDS / "play" / "yournet.json"


def pack_yournet(path: Path = RECORD) -> str:
    """Return what `web/play/yournet_app.js` draws; no net where nothing is recorded.

    low and high: where one more seed would end in 95 of 100 cases.
    """
    rungs = json.loads(path.read_text("utf-8"))["rungs"] if path.exists() else []
    for rung in rungs:
        accuracies = rung["accuracies"]
        rung["mean"] = sum(accuracies) / len(accuracies)
        rung["low"], rung["high"] = prediction_interval(accuracies)
    return json.dumps({"rungs": rungs}, separators=(",", ":"))
