"""/api/files and /api/jobs: what is there, what is dropped, what is scored, and what came of it."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, PlainTextResponse

from dnalect.genome.fasta import Genome, open_genome
from dnalect.serve import schemas
from dnalect.serve.asked import LEFT, REPORT, make_job, make_scan
from dnalect.serve.engine import Engine
from dnalect.serve.files import Files, Known
from dnalect.serve.guard import REPORT as APART
from dnalect.serve.jobs import DONE, Job, Queue
from dnalect.serve.options import Options
from dnalect.serve.reference import index_of, part_of

BESIDE = ("annotation", "signal", "variants")
Id = Annotated[str, InPath(max_length=40)]
WRONG: dict[int | str, dict[str, Any]] = {
    413: {"model": schemas.Error, "description": "It is too large"},
    422: {"model": schemas.Error, "description": "What can't be done, and why"},
}


def files_of(files: Files) -> APIRouter:
    """Return the routes of files."""
    router = APIRouter(prefix="/api/files", tags=["files"], responses=WRONG)

    @router.get("", response_model=schemas.FilesRecord)
    def listed() -> Any:
        """Return the files that may be named: those of the folders, and what was dropped."""
        return {"shared": [_file(each) for each in files.shared().values()], "dropped": dropped(files)}

    @router.put(
        "/{name}",
        response_model=schemas.FileRecord,
        status_code=201,
        openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}, "required": True}},
    )
    async def drop(name: Annotated[str, InPath(max_length=120)], request: Request) -> Any:
        """Take a file of variants (the body, as it is). Its `name` in the answer is what jobs know it by."""
        path = await run_in_threadpool(files.place, name)
        part = path.parent / ".part"
        try:
            with part.open("wb") as out:
                async for chunk in request.stream():
                    await run_in_threadpool(out.write, chunk)
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            path.parent.rmdir()
            raise
        return {"name": path.parent.name, "kind": "variants", "file": name, "bytes": path.stat().st_size}

    @router.delete("/{name}", status_code=204)
    def remove(name: Id) -> None:
        """Remove what was dropped."""
        files.drop(name)

    return router


def jobs_of(queue: Queue, files: Files, engine: Engine, options: Options) -> APIRouter:
    """Return the routes of jobs."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"], responses=WRONG)
    genomes: dict[str, Genome] = {}

    def genome_of(job: Job) -> Genome:
        path = job.options["reference"]
        if path not in genomes:
            genomes.clear()
            genomes[path] = open_genome(path)
        return genomes[path]

    @router.post("", response_model=schemas.JobRecord, status_code=201)
    def add(body: schemas.AskJob) -> Any:
        """Have a file of variants scored, after the jobs that wait already."""
        return job_record(make_job(body, files, engine, queue, options))

    @router.post("/scan", response_model=schemas.JobRecord, status_code=201)
    def scan(body: schemas.AskScan) -> Any:
        """Have every substitution of a genome, or of regions of it, computed into bigWig tracks."""
        return job_record(make_scan(body, files, engine, queue, options))

    @router.get("", response_model=list[schemas.JobRecord])
    def every() -> Any:
        """Return all jobs, the newest first."""
        return [job_record(each) for each in queue.all()]

    @router.get("/{job}", response_model=schemas.JobRecord)
    def one(job: Id) -> Any:
        """Return how far a job is."""
        return job_record(queue.get(job))

    @router.post("/{job}/cancel", response_model=schemas.JobRecord)
    def cancel(job: Id) -> Any:
        """Stop a job that waits or is at work."""
        return job_record(queue.stop(job))

    @router.post("/{job}/resume", response_model=schemas.JobRecord)
    def resume(job: Id) -> Any:
        """Put a job that was stopped or failed into the queue again."""
        return job_record(queue.resume(job))

    @router.delete("/{job}", status_code=204)
    def remove(job: Id) -> None:
        """Forget a job, and remove what it wrote."""
        queue.remove(job)

    @router.get("/{job}/files/{name}", response_class=FileResponse)
    def left(job: Id, name: Annotated[str, InPath(max_length=40)]) -> Response:
        """Return what a job that is done left: scored.vcf.gz (and .tbi), scored.tsv, report.html; the .bw of a scan."""
        path = queue.home(job) / name if name in LEFT else Path()
        if name not in LEFT or queue.get(job).state != DONE or not path.is_file():
            raise HTTPException(404, f"this job has no {name}")
        return FileResponse(path, headers={"content-security-policy": APART} if name == REPORT else None)

    @router.get("/{job}/reference.fa", responses={206: {}, 416: {}})
    def bases(job: Id, request: Request) -> Response:
        """Return bases of the genome by a Range header, as igv.js asks for them."""
        return part_of(genome_of(queue.get(job)), request.headers.get("range"))

    @router.get("/{job}/reference.fa.fai", response_class=PlainTextResponse)
    def index(job: Id) -> str:
        """Return the index of these bases."""
        return index_of(genome_of(queue.get(job)))

    @router.get("/{job}/beside/{kind}", response_class=FileResponse)
    def beside(job: Id, kind: Annotated[str, InPath(max_length=20)]) -> Response:
        """Return the annotation, the signal (bigWig) or the variants that were named with a job."""
        name = queue.get(job).asked.get(kind) if kind in BESIDE else None
        if not name:
            raise HTTPException(404, f"no {kind} was named with this job")
        return FileResponse(files.find(name, kind).path, media_type="application/octet-stream")

    return router


def _file(known: Known) -> dict[str, Any]:
    return {"name": known.name, "kind": known.kind, "file": known.path.name, "bytes": known.bytes}


def dropped(files: Files) -> list[dict[str, Any]]:
    """Return what was dropped, as the API shows it."""
    return [_file(each) for each in files.uploads().values()]


def job_record(job: Job) -> dict[str, Any]:
    """Return a job as the API shows it: without the paths of this machine."""
    hidden = ("options",)
    return {key: each for key, each in vars(job).items() if key not in hidden} | {"command": job.options["command"]}
