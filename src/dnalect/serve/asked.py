"""What a user asks for -> a job: names are looked up, and the command line says what is done."""

import shlex
from pathlib import Path
from typing import Any

import torch

from dnalect.models.precision import device_named
from dnalect.serve.engine import Engine
from dnalect.serve.files import Files, Known
from dnalect.serve.jobs import Job, Queue
from dnalect.serve.options import Options
from dnalect.serve.schemas import AskJob, AskScan, AskTask

VCF, TABLE, REPORT, SCAN = "scored.vcf.gz", "scored.tsv", "report.html", "scan.bw"
# What a scan leaves, and what it is called in igv.js.
TRACKS = {
    "scan.information.bw": "Information (bits)",
    "scan.reference.bw": "p of the reference base",
    "scan.minimum.bw": "Lowest log-ratio",
}
# What a job leaves, by name: the only files of its folder that are sent.
LEFT = (VCF, f"{VCF}.tbi", f"{VCF}.csi", TABLE, REPORT, *TRACKS)


def make_job(body: AskJob, files: Files, engine: Engine, queue: Queue, options: Options) -> Job:
    """Put a scoring job into the queue. Raises InputError or ModelError for a name that there isn't."""
    found = _found(body, files, ("variants", "signal"))
    common = _common(body, found, engine, options)
    home = queue.folder / "jobs" / (made := queue.new_id())
    told = common | {
        "variants": str(found["variants"].path),
        "outputs": [str(home / VCF), str(home / TABLE)],
        "report": str(home / REPORT),
        "scores": list(body.scores),
        "annotate": str(found["annotation"].path) if "annotation" in found else None,
        "force_reference": body.force_reference,
    }
    title = f"{found['variants'].path.name} on {found['genome'].path.name}"
    words = ["dnalect", "score", found["genome"].path.name, found["variants"].path.name, "-o", VCF, "-o", TABLE]
    words += ["--report", REPORT, "--score", ",".join(body.scores)]
    return _added(queue, Job(made, title, {"task": "score", **_shown(body, found)}, told), words)


def make_scan(body: AskScan, files: Files, engine: Engine, queue: Queue, options: Options) -> Job:
    """Put a scan into the queue. Raises InputError or ModelError for a name that there isn't."""
    found = _found(body, files, ("variants",))
    common = _common(body, found, engine, options)
    home = queue.folder / "jobs" / (made := queue.new_id())
    told = common | {"outputs": [str(home / SCAN)], "regions": list(body.regions)}
    title = f"Scan of {', '.join(body.regions[:3]) or found['genome'].path.name}"
    words = ["dnalect", "scan", found["genome"].path.name, "-o", SCAN]
    words += [word for region in body.regions for word in ("--regions", region)]
    return _added(queue, Job(made, title, {"task": "scan", **_shown(body, found)}, told), words)


def devices() -> list[str]:
    """Return the devices that there are."""
    accelerators = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    return ["cpu", *accelerators, *(["mps"] if torch.backends.mps.is_available() else [])]


def _found(body: AskTask, files: Files, more: tuple[str, ...]) -> dict[str, Known]:
    """The files that are named, by their kind."""
    asked = {kind: getattr(body, kind) for kind in ("genome", "annotation", *more)}
    return {kind: files.find(name, kind) for kind, name in asked.items() if name}


def _common(body: AskTask, found: dict[str, Known], engine: Engine, options: Options) -> dict[str, Any]:
    device = device_named(body.device or options.device)
    return {
        "reference": str(found["genome"].path),
        "model": engine.source(body.model) if body.model else None,
        "rename": "auto" if body.rename else None,
        # Which of several: jobs of one device wait for each other.
        "device": f"cuda:{device.index or 0}" if device.type == "cuda" else str(device),
        "dtype": options.dtype,
        "threads": options.threads,
    }


def _shown(body: AskTask, found: dict[str, Known]) -> dict[str, Any]:
    """What was asked, as a page shows it."""
    return body.model_dump() | ({"file": found["variants"].path.name} if "variants" in found else {})


def _added(queue: Queue, job: Job, words: list[str]) -> Job:
    """Add a job with the command line that does the same, with the names of the files alone."""
    told = {key: each for key, each in job.options.items() if each not in (None, False, [])}
    named = {"--model": job.asked["model"], "--annotate": Path(told["annotate"]).name if "annotate" in told else None}
    for flag, word in (named | {"--rename-contigs": told.get("rename")}).items():
        words += [flag, word] if word else []
    words += ["--force-reference"] if told.get("force_reference") else []
    job.options = told | {"command": shlex.join(words)}
    return queue.add(job)
