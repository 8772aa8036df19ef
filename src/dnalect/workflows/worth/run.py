"""All studies of all models: rows, plots and the page."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dnalect.core.errors import ConfigError, DnalectError, OutputError
from dnalect.core.files import write_text
from dnalect.core.progress import track
from dnalect.genome.fasta import open_genome
from dnalect.models.card import read_card
from dnalect.models.registry import embedded_cards, model_folder
from dnalect.workflows.worth.bench import Findings, Options
from dnalect.workflows.worth.page import Result, Skipped, render
from dnalect.workflows.worth.rows import write_rows
from dnalect.workflows.worth.species import HUMAN, Species
from dnalect.workflows.worth.studies import STUDIES, Study

IMAGES = "images"


@dataclass(frozen=True)
class Request:
    """What to measure.

    data: folder with genomes/ and variants/. out: folder of the rows and plots. page: the
    Markdown page to write, its plots go to images/ beside it. studies: names, all if empty.
    models: names or folders; a study takes those of its species' assembly, or all where none
    is; if empty, the embedded ones of its species' assembly. human: model of the human study in
    their place. folds: folder of folds. allow_seen: measure on trained contigs too, marked.
    contigs: only these, if any. dtype: that the networks compute in.
    """

    data: Path
    out: Path
    page: Path | None = None
    studies: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    human: str | None = None
    folds: Path | None = None
    allow_seen: bool = False
    contigs: tuple[str, ...] = ()
    dtype: str = "float32"
    notify: Callable[[str], None] = field(default=lambda _: None)


def run(request: Request) -> tuple[list[Result], list[Skipped]]:
    """Run the studies and write OUT/STUDY.tsv, the plots, and the page.

    A study that can't be run is skipped with a notice while others can. Raises its error
    where none can, ConfigError for an unknown study, OutputError where nothing can be written.
    """
    chosen = _chosen(request.studies)
    _make(request.out)
    if request.page is not None:
        _make(request.page.parent / IMAGES)
    results: list[Result] = []
    skipped: list[Skipped] = []
    errors: list[DnalectError] = []

    def failed(study: Study, species: Species, model: str, error: DnalectError) -> None:
        errors.append(error)
        skipped.append(Skipped(study, species, model, str(error).replace(str(request.data), "DATA")))

    jobs: list[tuple[Study, Species, str]] = []
    for study in chosen:
        for species in study.runs:
            try:
                jobs += [(study, species, model) for model in _models(request, species)]
            except DnalectError as error:
                failed(study, species, "", error)
    for study, species, model in track(jobs, "studies"):
        try:
            results.append(Result(study, species, model, study.runs[species](_options(request, study, model))))
        except DnalectError as error:
            failed(study, species, model, error)
    for each in skipped:
        request.notify(f"{each.study.name} of {each.species.name} was left out: {each.reason}")
    if not results and errors:
        raise errors[0]
    _write(request, results, skipped)
    return results, skipped


def _chosen(names: Sequence[str]) -> list[Study]:
    known = {study.name: study for study in STUDIES}
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(f"there is no study {unknown[0]!r}; there are {', '.join(known)}")
    return [study for study in STUDIES if not names or study.name in names]


def _models(request: Request, species: Species) -> list[str]:
    """The models to measure on a species. ConfigError where there is none."""
    if species == HUMAN and request.human:
        return [request.human]
    lengths = [int(length) for length in open_genome(Options(request.data, "").file(species.reference)).lengths]
    if species != HUMAN and request.models:
        own = [name for name in request.models if read_card(model_folder(name)).is_of(lengths)]
        return own or list(request.models)
    if found := [card.id for card in embedded_cards() if card.is_of(lengths)]:
        return found
    option = "--human-model FOLDER" if species == HUMAN else "--model NAME"
    raise ConfigError(f"no embedded model is of {species.name}; name one with {option}")


def _options(request: Request, study: Study, model: str) -> Options:
    option = "--human-model" if HUMAN in study.runs else "--model"
    words = ["dnalect evaluate worth --data DATA", f"--study {study.name}", f"{option} {Path(model).name}"]
    words += [f"--folds {request.folds.name}"] if request.folds else []
    words += ["--allow-seen"] if request.allow_seen else []
    words += [f"--contig {name}" for name in request.contigs]
    words += [f"--dtype {request.dtype}"] if request.dtype != "float32" else []
    return Options(
        data=request.data,
        model=model,
        folds=request.folds,
        allow_seen=request.allow_seen,
        contigs=request.contigs,
        command=" ".join(words),
        dtype=request.dtype,
        notify=request.notify,
    )


def _command(request: Request) -> str:
    words = ["dnalect evaluate worth --data DATA", *(f"--model {name}" for name in request.models)]
    words += [f"--human-model {request.human}"] if request.human else []
    words += [f"--dtype {request.dtype}"] if request.dtype != "float32" else []
    return " ".join([*words, "--out results/worth --page docs/worth.md"])


def _write(request: Request, results: Sequence[Result], skipped: Sequence[Skipped]) -> None:
    for study in dict.fromkeys(result.study for result in results):
        rows = [row for result in results if result.study == study for row in result.findings.rows]
        write_rows(request.out / f"{study.name}.tsv", rows)
    for findings in (result.findings for result in results):
        _draw(request, findings)
    if request.page is not None:
        write_text(request.page, render(results, skipped, IMAGES, _command(request)))


def _draw(request: Request, findings: Findings) -> None:
    for plot in findings.plots:
        path = request.out / f"{plot.name}.png"
        plot.draw(path)
        if request.page is not None:
            shutil.copyfile(path, request.page.parent / IMAGES / f"worth-{plot.name}.png")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
