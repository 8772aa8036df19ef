"""What a user asks to have scored -> a job: names are looked up, and the command line says what is done."""

import shlex
from pathlib import Path
from typing import Any

from dnalect.core.errors import InputError
from dnalect.serve.engine import Engine
from dnalect.serve.files import Files
from dnalect.serve.jobs import Job, Queue
from dnalect.serve.options import Options
from dnalect.serve.schemas import AskJob

VCF, TABLE, REPORT = "scored.vcf.gz", "scored.tsv", "report.html"
# What a job leaves, by name: the only files of its folder that are sent.
LEFT = (VCF, f"{VCF}.tbi", f"{VCF}.csi", TABLE, REPORT)


def make_job(body: AskJob, files: Files, engine: Engine, queue: Queue, options: Options) -> Job:
    """Put a scoring job into the queue. Raises InputError or ModelError for a name that there isn't."""
    variants, genome = files.find(body.variants, "variants"), files.find(body.genome, "genome")
    beside = ("annotation", body.annotation), ("signal", body.signal)
    more = {kind: files.find(name, kind) for kind, name in beside if name}
    source = engine.source(body.model) if body.model else None
    if not body.scores:
        raise InputError("name a score: llr, distance, influence or change")
    home = queue.folder / "jobs" / (made := queue.new_id())
    told: dict[str, Any] = {
        "reference": str(genome.path),
        "variants": str(variants.path),
        "outputs": [str(home / VCF), str(home / TABLE)],
        "report": str(home / REPORT),
        "model": source,
        "scores": list(body.scores),
        "annotate": str(more["annotation"].path) if "annotation" in more else None,
        "rename": "auto" if body.rename else None,
        "force_reference": body.force_reference,
        "device": options.device,
        "dtype": options.dtype,
        "threads": options.threads,
    }
    told = {key: each for key, each in told.items() if each not in (None, False)}
    title = f"{variants.path.name} on {genome.path.name}"
    return queue.add(Job(made, title, _shown(body, variants.path), told | {"command": _command(told)}))


def _shown(body: AskJob, variants: Path) -> dict[str, Any]:
    """What was asked, as a page shows it."""
    return body.model_dump() | {"file": variants.name}


def _command(told: dict[str, Any]) -> str:
    """The command line that does the same, with the names of the files alone."""
    words = ["dnalect", "score", Path(told["reference"]).name, Path(told["variants"]).name]
    for output in told["outputs"]:
        words += ["-o", Path(output).name]
    words += ["--report", REPORT, "--score", ",".join(told["scores"])]
    for flag, key in (("--model", "model"), ("--annotate", "annotate"), ("--rename-contigs", "rename")):
        if key in told:
            words += [flag, Path(told[key]).name if key == "annotate" else told[key]]
    return shlex.join([*words, *(["--force-reference"] if told.get("force_reference") else [])])
