"""A process that measures when it is asked to, so that repeats can be interleaved.

It reads the name of a task from each line of standard input, and answers with
one line of JSON on the standard output it was started with.
"""

import json
import os
import sys
from collections.abc import Callable


def serve(tasks: dict[str, Callable[[], float]]) -> None:
    """Do the tasks as they are asked for; what they print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(tasks[line.strip()]()), file=answers, flush=True)
