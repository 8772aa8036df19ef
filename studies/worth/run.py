"""All studies of all models: rows, plots and the page."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from dnalect import ConfigError, DnalectError, TableError, open_genome
from dnalect.core import check_outputs, made_folder, say, track, write_text
from dnalect.models import embedded_cards, model_folder, read_card
from studies.worth.bench import Findings, Options
from studies.worth.head import HEAD_FILE, write_head
from studies.worth.page import render
from studies.worth.request import Worth
from studies.worth.results import Result, Skipped, read_study, write_study
from studies.worth.species import HUMAN, Species
from studies.worth.studies import STUDIES, Study

IMAGES = "images"


def run(request: Worth) -> tuple[list[Result], list[Skipped]]:
    """Run the studies and write OUT/STUDY.tsv, the plots, and the page of all studies that OUT then holds.

    A study that can't be run is skipped with a notice while others can. Raises its error
    where none can, ConfigError for an unknown study, OutputError where nothing can be written or
    an input would be replaced.
    """
    chosen = _chosen(request.studies)
    _make_room(request, chosen)
    results: list[Result] = []
    skipped: list[Skipped] = []
    errors: list[DnalectError] = []

    def failed(study: Study, species: Species, model: str, error: DnalectError) -> None:
        errors.append(error)
        skipped.append(Skipped(study, species, model, str(error).replace(str(request.data), "DATA")))

    jobs: list[tuple[Study, Species, str]] = []
    for study in () if request.kept else chosen:
        for species in study.runs:
            if request.species and species.name not in request.species:
                continue
            try:
                jobs += [(study, species, model) for model in _models(request, species)]
            except DnalectError as error:
                failed(study, species, "", error)
    if not (jobs or errors or request.kept):
        raise ConfigError(f"none of these studies is of {' or '.join(request.species)}")
    for study, species, model in track(jobs, "studies"):
        try:
            results.append(Result(study, species, model, study.runs[species](_options(request, study, species, model))))
        except DnalectError as error:
            failed(study, species, model, error)
        else:
            # What took hours is not lost with what comes after it.
            write_study(request.out, study, _with_kept(request.out, study, results))
    for each in skipped:
        say(f"{each.study.name} of {each.species.name} was left out: {each.reason}")
    if not results and errors:
        raise errors[0]
    _write(request, results, skipped)
    return results, skipped


def _chosen(names: Sequence[str]) -> list[Study]:
    known = {study.name: study for study in STUDIES}
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(f"there is no study {unknown[0]!r}; there are {', '.join(known)}")
    return [study for study in STUDIES if not names or study.name in names]


def _models(request: Worth, species: Species) -> list[str]:
    """The models to measure on a species. ConfigError where there is none."""
    if species == HUMAN and request.human:
        return [request.human]
    lengths = [int(length) for length in open_genome(Options(request.data, "").file(species.reference)).lengths]
    if species != HUMAN and request.models:
        own = [name for name in request.models if read_card(model_folder(name)).is_of(lengths)]
        return own or list(request.models)
    if found := [card.id for card in embedded_cards() if card.one_pass and card.is_of(lengths)]:
        return found
    option = "--human-model FOLDER" if species == HUMAN else "--model NAME"
    raise ConfigError(f"no embedded model is of {species.name}; name one with {option}")


def _options(request: Worth, study: Study, species: Species, model: str) -> Options:
    option = "--human-model" if species == HUMAN else "--model"
    words = ["python -m studies worth --data DATA", f"--study {study.name}", f"{option} {Path(model).name}"]
    words += [f"--folds {request.folds.name}"] if request.folds else []
    words += ["--allow-seen"] if request.allow_seen else []
    words += [f"--contig {name}" for name in request.contigs]
    words += [f"--species '{name}'" for name in request.species]
    words += [f"--sample {request.sample}"] if request.sample else []
    words += [f"--window {request.window}"] if request.window else []
    words += [f"--dtype {request.dtype}"] if request.dtype != "float32" else []
    return Options(
        data=request.data,
        model=model,
        folds=request.folds,
        allow_seen=request.allow_seen,
        contigs=request.contigs,
        command=" ".join(words),
        dtype=request.dtype,
        device=request.device,
        sample=request.sample,
        window=request.window,
    )


def _command(request: Worth, results: Sequence[Result]) -> str:
    """The command that makes all of these again."""
    options = {("--human-model" if each.species == HUMAN else "--model", each.given) for each in results}
    words = ["python -m studies worth --data DATA", *(f"{option} {given}" for option, given in sorted(options))]
    words += [f"--dtype {request.dtype}"] if request.dtype != "float32" else []
    return " ".join([*words, "--out results/worth --page docs/worth.md"])


def _write(request: Worth, results: Sequence[Result], skipped: Sequence[Skipped]) -> None:
    fresh = {study: _with_kept(request.out, study, results) for study in STUDIES}
    for study, own in fresh.items():
        if own:
            write_study(request.out, study, own)
    for result in results:
        _draw(request, result.findings)
    if request.page is not None:
        every = [each for study, own in fresh.items() for each in own or read_study(request.out, study)]
        # What an earlier run measured is shown as such, and is not missing.
        told = {(each.study, each.species) for each in every}
        skipped = [each for each in skipped if (each.study, each.species) not in told]
        if not every:
            raise ConfigError(f"{request.out} holds no study, so there is nothing to write a page of")
        write_head(request.out / HEAD_FILE, every)
        write_text(request.page, render(every, skipped, IMAGES, _command(request, every)))


def _with_kept(out: Path, study: Study, results: Sequence[Result]) -> list[Result]:
    """What was measured of a study, with what OUT holds of the species that were not; [] where nothing was measured."""
    own = [each for each in results if each.study == study]
    measured = {each.species for each in own}
    try:
        kept = read_study(out, study) if own and set(study.runs) - measured else []
    except TableError:  # of another version: what is measured now takes its place
        kept = []
    return own + [each for each in kept if each.species not in measured]


def _draw(request: Worth, findings: Findings) -> None:
    for plot in findings.plots:
        path = request.out / f"{plot.name}.png"
        plot.draw(path)
        if request.page is not None:
            shutil.copyfile(path, request.page.parent / IMAGES / f"worth-{plot.name}.png")


def _make_room(request: Worth, chosen: Sequence[Study]) -> None:
    """Make the folders; refuse outputs that are inputs."""
    made_folder(request.out)
    if request.page is not None:
        made_folder(request.page.parent / IMAGES)
    outputs = [request.page, request.out / HEAD_FILE]
    outputs += [request.out / f"{study.name}{suffix}" for study in chosen for suffix in (".tsv", ".json")]
    read = [path for name in ("genomes", "variants") for path in (request.data / name).rglob("*")]
    check_outputs(outputs, [*read, request.human, *request.models])
