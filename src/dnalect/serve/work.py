"""A job in a process of its own: what to do comes as a line of JSON, what is said leaves as lines of JSON.

It ends when the server does: then standard input ends, and the job begins again when there is a server.
"""

import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from dnalect.core.errors import DnalectError
from dnalect.core.reporter import Reporter, State, using
from dnalect.jobs.scan.job import scan_genome
from dnalect.jobs.scan.options import Options as Scan
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options as Score

Tell = Callable[[str, Any], None]
# Of the alleles that rank first, those that the page of a job names.
SHOWN = 10
# Seconds that a job has to clean up in when the server is gone.
GRACE = 5.0


def main() -> None:
    """Do the job that standard input names. Leaves with 0 (done), 1 (error, told) or 130 (stopped)."""
    tell = _teller(sys.stdout)
    try:
        signal.signal(signal.SIGTERM, _stop)
        told = json.loads(sys.stdin.readline())
        threading.Thread(target=_follow, daemon=True).start()
        os.nice(2)
        # The job of a server that was killed may still be ending.
        with (Path(told["folder"]) / "lock").open("w") as lock, using(_reporter(tell)):
            fcntl.flock(lock, fcntl.LOCK_EX)
            # A name that was typed is none of a file elsewhere.
            os.chdir(told["folder"])
            tell("done", TASKS[told["task"] or "score"](told["options"]))
    except DnalectError as error:
        tell("error", str(error))
        sys.exit(1)
    except MemoryError:
        tell("error", "there was not enough memory: split the file, or take a smaller model")
        sys.exit(1)
    except OSError as error:
        tell("error", f"{Path(error.filename or 'a file').name}: {error.strerror or error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _reporter(tell: Tell) -> Reporter:
    phases: list[State] = []
    return Reporter(
        lambda state: tell("state", _outermost(phases, state)),
        lambda text: tell("say", text),
        lambda text: tell("warn", text),
    )


def _score(options: dict[str, Any]) -> dict[str, Any]:
    found = score_file(Score(**options))
    top = [
        {"contig": row.contig, "position": row.position, "ref": row.ref, "alt": row.alt, "gene": row.gene}
        | {"value": row.score.value, "percentile": row.score.percentile}
        for row in found.top[:SHOWN]
    ]
    return {"records": found.records, "alternates": found.alternates, "outcomes": dict(found.outcomes), "top": top}


def _scan(options: dict[str, Any]) -> dict[str, Any]:
    return asdict(scan_genome(Scan(**options)))


TASKS = {"score": _score, "scan": _scan}


def _outermost(phases: list[State], state: State) -> dict[str, Any] | None:
    """Take the state of a phase, and return that of the outermost one that is open. phases: those that are open."""
    names = [each.what for each in phases]
    if state.what in names:
        del phases[names.index(state.what) :]
    phases += [] if state.ended else [state]
    if not phases:
        return None
    first = phases[0]
    within = phases[-1].what if len(phases) > 1 else ""
    told = {"what": first.what, "done": first.done, "total": first.total, "unit": first.unit, "left": first.left}
    return told | {"within": within}


def _teller(out: TextIO) -> Tell:
    def tell(kind: str, what: Any) -> None:
        out.write(json.dumps({kind: what}) + "\n")
        out.flush()

    return tell


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt


def _follow() -> None:
    """Stop when the server is gone."""
    # Not sys.stdin, which Python could not close while this waits.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(130)


if __name__ == "__main__":
    main()
