"""The pages around the explorer: files, models, jobs. Made on the server; every text is escaped."""

import json
import time
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from dnalect.core.errors import DnalectError, InputError
from dnalect.core.reporter import duration
from dnalect.inference.embed import embed
from dnalect.jobs.models import describe
from dnalect.jobs.options import GOALS, Wishes
from dnalect.models.catalogue import PUBLISHED, embedded_cards
from dnalect.models.worth import of_model
from dnalect.page import answers, assets
from dnalect.serve.asked import LEFT, TRACKS, VCF, devices
from dnalect.serve.engine import Engine
from dnalect.serve.files import KINDS, Files
from dnalect.serve.jobs import DONE, FAILED, OPEN, STOPPED, Job, Queue
from dnalect.serve.model_routes import choice, predictions_of

NAV = (("/", "Explore"), ("/files", "Files"), ("/scan", "Scan"), ("/jobs", "Jobs"), ("/models", "Models"))
# Bases of a sequence that is typed into the page of a model.
TYPED = 2_000
# An annotation without an index is read whole by the browser: larger ones are left out of it.
READ_WHOLE = 50 << 20
# Bases that igv.js shows on each side of a variant.
AROUND = 300
VARIANTS = {"type": "variant", "format": "vcf"}
EXAMPLE = {
    "variants": "demo/promoter_variants.vcf.gz",
    "genome": "demo/yeast_chrI.fa.gz",
    "annotation": "demo/yeast_chrI.gff.gz",
}


def environment() -> jinja2.Environment:
    """Return the templates, which escape all that they are given."""
    folder = resources.files("dnalect.serve") / "templates"
    made = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
    )
    made.filters |= {"size": size, "when": when, "took": took, "place": place_of}
    made.globals["nav"] = NAV
    return made


def pages_of(engine: Engine, files: Files, queue: Queue) -> APIRouter:
    """Return the routes of the pages."""
    router, templates = APIRouter(include_in_schema=False, default_response_class=HTMLResponse), environment()

    def page(name: str, status: int = 200, **told: Any) -> HTMLResponse:
        return HTMLResponse(templates.get_template(f"{name}.html.j2").render(at=f"/{name}", **told), status)

    @router.get("/")
    def explorer() -> Response:
        return HTMLResponse(explorer_text(templates))

    @router.get("/files")
    def files_page() -> Response:
        return form("files")

    @router.get("/scan")
    def scan_page() -> Response:
        return form("scan")

    def form(name: str) -> HTMLResponse:
        shared = list(files.shared().values())
        kinds = {kind: [each.name for each in shared if each.kind == kind] for kind in KINDS}
        kinds["vcf"] = [name for name in kinds["variants"] if ".vcf" in name.lower()]
        variants = [(each.name, each.name) for each in shared if each.kind == "variants"]
        # One's own come first; without any the page begins with the example that ships.
        first = dict.fromkeys(EXAMPLE, "") if len(files.folders) > 1 else EXAMPLE
        mine = [(each.name, each.path.name) for each in reversed(files.uploads().values())]
        models = [(name, _told(name)) for name in engine.offered]
        given: dict[str, Any] = {
            "variants": variants,
            "dropped": mine,
            "models": models,
            "folders": list(files.folders),
            "devices": devices(),
        }
        return page(name, kinds=kinds, first=first, **given)

    @router.get("/jobs")
    def jobs_page() -> Response:
        return page("jobs", jobs=queue.all(), OPEN=OPEN)

    @router.get("/jobs/{job}")
    def job_page(job: str) -> Response:
        found = queue.get(job)
        home = queue.home(job)
        shown = [name for name in LEFT if not name.startswith(f"{VCF}.") and (home / name).is_file()]
        left = [(name, (home / name).stat().st_size) for name in shown]
        return page(
            "job",
            job=found,
            left=left if found.state == DONE else [],
            open=found.state in OPEN,
            again=found.state in (STOPPED, FAILED),
            browser=json.dumps(browser_of(found, files, home)) if found.state == DONE else "",
        )

    @router.get("/models")
    def models_page(
        goal: Annotated[list[str] | None, Query()] = None,
        species: str = "",
        context: str = "",
        memory: str = "",
        commercial: str = "",
    ) -> Response:
        asked = goal is not None or bool(species or context or memory or commercial)
        told, wrong = None, ""
        try:
            wishes = Wishes(
                tuple(goal or ()), species, _number(context, int) or 0, _number(memory, float), bool(commercial)
            )
            told = choice(wishes)["told"] if asked else None
        except DnalectError as error:
            wrong = str(error)
        offered = [(name, _told(name), _worth(name)) for name in engine.offered]
        others = [each for each in PUBLISHED.values() if each.name not in engine.offered]
        given = {"goal": goal or [], "species": species, "context": context, "memory": memory, "commercial": commercial}
        return page("models", offered=offered, others=others, goals=GOALS, given=given, told=told, wrong=wrong)

    @router.get("/models/{name:path}")
    def model_page(name: str, sequence: str = "") -> Response:
        source = engine.source(name)
        text = "".join(sequence.split())
        tried, wrong = None, ""
        try:
            tried = tried_on(engine, name, text) if text else None
        except DnalectError as error:
            wrong = str(error)
        ready = name in engine.offered
        return page(
            "model",
            model=name,
            about=_about(source),
            worth=_worth(name),
            sequence=sequence,
            tried=tried,
            wrong=wrong,
            ready=ready,
        )

    return router


def explorer_text(templates: jinja2.Environment) -> str:
    """Return the page of the explorer, with the ways to the other pages."""
    ways = templates.get_template("nav.html.j2").render(at="/")
    text = assets.served_html().replace("</head>", '<link rel="stylesheet" href="/static/ways.css">\n</head>', 1)
    return text.replace('<header class="top">', f'{ways}<header class="top">', 1)


def tried_on(engine: Engine, name: str, text: str) -> dict[str, Any]:
    """Return the tokens of a sequence, its vector, and what a fine-tuned model predicts of it."""
    if len(text) > TYPED:
        raise InputError(
            f"at most {TYPED:,} bases may be typed here, and these are {len(text):,}: use the API for more"
        )
    tokens = engine.ask(name, lambda model: answers.tokens(model, text))
    vector = engine.ask(name, lambda model: embed(model, [text], quiet=True))[0]
    card = engine.card(name)
    predicted = None if card["likelihood"] else engine.ask(name, lambda model: predictions_of(model, [text]))
    rows = []
    for target, outputs in predicted["outputs"].items() if predicted else ():
        values = predicted["values"][target][0].tolist() if predicted else []
        rows += [(target, output, f"{value:.4g}") for output, value in zip(outputs, values, strict=True)]
    numbers = ", ".join(f"{value:.3f}" for value in vector[:16].tolist())
    return {"tokens": tokens, "width": len(vector), "numbers": numbers, "predicted": rows}


def browser_of(job: Job, files: Files, home: Path) -> dict[str, Any]:
    """Return how igv.js shows a job: its genome by ranges, what came of it, and what was named beside it."""
    base = f"/api/jobs/{job.id}"
    made = {name for name in LEFT if (home / name).is_file()}
    wig = {"type": "wig", "format": "bigwig"}
    tracks: list[dict[str, Any]] = []
    if VCF in made:
        index = next((name for name in made if name.startswith(f"{VCF}.")), None)
        found = {"indexURL": f"{base}/files/{index}"} if index else {"indexed": False}
        tracks.append({"name": "Scored variants", **VARIANTS, "url": f"{base}/files/{VCF}", **found})
    tracks += [{"name": shown, **wig, "url": f"{base}/files/{name}"} for name, shown in TRACKS.items() if name in made]
    for kind in ("signal", "variants", "annotation"):
        name = str(job.asked.get(kind) or "")
        known = files.get(name, kind)
        if known is None or (kind != "signal" and known.bytes > READ_WHOLE):
            continue
        if kind == "variants" and (VCF in made or ".vcf" not in known.path.name.lower()):
            continue
        whole = {"format": "gtf" if "gtf" in name.lower() else "gff3", "type": "annotation", "indexed": False}
        whole |= VARIANTS if kind == "variants" else {}
        tracks.append({**(wig if kind == "signal" else whole), "name": known.path.name, "url": f"{base}/beside/{kind}"})
    reference = {"id": job.asked["genome"], "name": job.asked["genome"], "fastaURL": f"{base}/reference.fa"}
    reference |= {"indexURL": f"{base}/reference.fa.fai", "wholeGenomeView": False}
    top, regions = (job.found or {}).get("top", []), job.asked.get("regions") or []
    return {"reference": reference, "tracks": tracks, "locus": place_of(top[0]) if top else next(iter(regions), None)}


def place_of(row: dict[str, Any]) -> str:
    """Return the place around an allele that ranks first, as igv.js takes it."""
    return f"{row['contig']}:{max(1, row['position'] - AROUND)}-{row['position'] + AROUND}"


def _told(name: str) -> str:
    return next((card.species for card in embedded_cards() if card.id == name), "")


def _worth(name: str) -> list[tuple[str, str]]:
    shipped = any(card.id == name for card in embedded_cards())
    return [(question, each.told()) for question, all_ in of_model(name).items() for each in all_] if shipped else []


def _about(source: str) -> list[tuple[str, str]]:
    try:
        lines = describe(source).splitlines()
    except DnalectError as error:
        return [("card", str(error))]
    facts = [line.split("  ", 1) if "  " in line else [*line.split(": ", 1), ""][:2] for line in lines]
    return [(name.strip(), value.strip()) for name, value in facts if name != "measured"]


def _number(text: str, kind: type[Any]) -> Any:
    """Return a number that was typed, None where none was."""
    if not text.strip():
        return None
    try:
        return kind(text.replace(",", ""))
    except ValueError:
        raise InputError(f"{text!r:.40} is no number") from None


def size(number: int) -> str:
    """Return bytes as people say them."""
    for unit in ("bytes", "kB", "MB"):
        if number < 1000 or unit == "MB":
            break
        number = number // 1000
    return f"{number:,} {unit}"


def when(seconds: float | None) -> str:
    """Return a time of the clock."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def took(job: Job) -> str:
    """Return how long a job was at work."""
    return duration(job.ended - job.begun) if job.begun and job.ended else ""
