"""A genome and places of it -> a page, arrays and tables that say what a model sees there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from dnalect import __version__
from dnalect.core.errors import InputError, OutputError
from dnalect.core.files import Together, check_outputs, written_together
from dnalect.core.kept import Kept
from dnalect.core.links import links
from dnalect.core.reporter import track, warn
from dnalect.core.views import Explained, Explanation, View
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.motifs import read_motifs
from dnalect.jobs.explain.kept import kept_for, view_kept
from dnalect.jobs.explain.options import SUFFIXES, Options
from dnalect.jobs.explain.places import Place, places_of
from dnalect.jobs.selection import foreign, model_for
from dnalect.models.assemblies import Origin, origin_of
from dnalect.models.backends import precision_of
from dnalect.models.load import load
from dnalect.models.model import Model
from dnalect.models.precision import use_threads
from dnalect.report.explained import render_explanation
from dnalect.why.dependency import reading
from dnalect.why.subject import Subject
from dnalect.why.views import OF_PLACES, OF_VARIANTS, Compute, check, names_of, usual, views_of


def suffix_of(output: str) -> str:
    """Return which of SUFFIXES a file has. Raises OutputError for another."""
    if found := next((suffix for suffix in SUFFIXES if output.endswith(suffix)), None):
        return found
    raise OutputError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)}")


def explain_file(options: Options) -> Explanation:
    """Explain places of a genome and write every output. Raises a DnalectError and leaves nothing behind."""
    inputs = [options.reference, options.vcf, options.rename, options.model, options.motifs, options.annotate]
    for names in [names_of(options.show)] if options.show else [OF_PLACES, OF_VARIANTS]:
        check_outputs([path for output in options.outputs for path in _paths(output, names)], inputs)
    asked = _opened(options)
    kept = kept_for(options, asked.genome, asked.model, asked.names)
    with kept.opened():
        found = _explanation(options, asked, kept)
        write(found, options.outputs)
    return found


def write(found: Explanation, outputs: Sequence[str]) -> None:
    """Write every output, all or none. Raises OutputError."""
    names = found.names
    with written_together() as files:
        for output in outputs:
            _write(found, output, names, files)


@dataclass(frozen=True, eq=False)
class _Asked:
    """What an explanation is of. names: of the views. notes: not to be missed."""

    genome: Genome
    origin: Origin
    model: Model
    names: tuple[str, ...]
    notes: tuple[str, ...]


def explain_places(options: Options) -> Explanation:
    """Explain places of a genome: see `Options`. Raises a DnalectError where something of them can't be used."""
    return _explanation(options, _opened(options), Kept())


def _opened(options: Options) -> _Asked:
    use_threads(options.threads)
    genome = open_genome(options.reference)
    origin = origin_of(genome)
    model = load(model_for(genome, options.model), options.device, options.dtype)
    names = names_of(options.show) if options.show else usual(model.can, not options.regions)
    # Sequences in memory, as those of labels are, come from no genome that a predictor should have learned from.
    lone = model.can.targets and not genome.path.is_file()
    notes = [note for note in [foreign(model.card, origin)] if note and not lone]
    for note in notes:
        warn(note)
    return _Asked(genome, origin, model, names, tuple(notes))


def _explanation(options: Options, asked: _Asked, kept: Kept) -> Explanation:
    genome, model = asked.genome, asked.model
    places = places_of(options, genome, model, kept)
    if not places:
        raise InputError("there is nothing to explain: no variant of the file has a score")
    motifs = tuple(read_motifs(options.motifs)) if options.motifs else ()
    annotation = open_annotation(options.annotate) if options.annotate else None
    told = (options.target, options.batch, options.seed, motifs, options.layer_and_head, annotation, options.hidden)
    subjects = [Subject(model, genome, place.region, place.variant, *told) for place in places]
    for subject in subjects:
        check(subject, asked.names)
    pairs = list(enumerate(zip(places, subjects, strict=True)))
    explained = [
        _explained(asked, place, subject, options.nulls, partial(view_kept, kept, number))
        for number, (place, subject) in track(pairs, "explaining", "places")
    ]
    more = f" and {len(places) - 1:,} more" if len(places) > 1 else ""
    title = f"{places[0].title}{more}, {genome.path.name}"
    return Explanation(title, tuple(explained), _facts(options, subjects[0], asked.origin, asked.names), asked.notes)


def _explained(
    asked: _Asked, place: Place, subject: Subject, nulls: bool, kept: Callable[[str, Compute], View]
) -> Explained:
    contig = subject.genome.names[place.region.contig]
    position, ref, alt = place.allele or (place.region.start + 1, "N", "N")
    end = place.region.end if place.allele is None else position - 1 + len(ref)
    build = asked.origin.build.name if asked.origin.build else ""
    return Explained(
        place.title,
        contig,
        place.region.start,
        subject.bases,
        views_of(subject, asked.names, nulls, kept),
        subject.changed,
        tuple(links(build, contig, position, ref, alt, end)),
    )


def _facts(options: Options, subject: Subject, origin: Origin, names: tuple[str, ...]) -> dict[str, str]:
    genome, model = subject.genome, subject.model
    facts = {
        "version": __version__,
        "command": options.command,
        "model": f"{model.card.id} {model.card.revision}",
        "model_sha256": model.card.sha256,
        "views": ", ".join(names),
        "dependency": reading(subject) if "dependency" in names else "",
        "motifs": Path(options.motifs or "").name,
        "annotation": Path(options.annotate or "").name,
        "nulls": f"seed {options.seed}" if options.nulls else "none",
        "dtype": precision_of(model),
        "device": str(model.device),
        "reference": f"{genome.path.name} {genome.checksum}",
        "assembly": origin.build.title if origin.build else "",
        "use": "research use, no clinical evidence",
    }
    return {name: value.replace("\n", " ") for name, value in facts.items() if value}


def arrays_of(found: Explanation) -> dict[str, np.ndarray]:
    """Return all arrays as an .npz has them: VIEW/ARRAY, of nulls VIEW/NULL/ARRAY, of several places PLACE first."""
    out: dict[str, np.ndarray] = {}
    for place in found.places:
        before = f"{place.title.replace('/', '_')}/" if len(found.places) > 1 else ""
        for view in place.views:
            parts = {view.name: view, **{f"{view.name}/{null.name}": null.view for null in view.nulls}}
            for name, each in parts.items():
                out |= {f"{before}{name}/{array}": values for array, values in each.arrays.items()}
    return out


def table_of(found: Explanation, name: str) -> pa.Table:
    """Return the table of a view, of all places below each other; with several, the first column says which."""
    tables = []
    for place in found.places:
        table = next(view.table for view in place.views if view.name == name)
        column = pa.array([place.title] * len(table), pa.string())
        tables.append(table.add_column(0, "place", column) if len(found.places) > 1 else table)
    return pa.concat_tables(tables)


def _paths(output: str, names: tuple[str, ...]) -> list[Path]:
    """Return the files that an output is; of tables one a view."""
    path = Path(output)
    if suffix_of(output) != ".tsv" or len(names) == 1:
        return [path]
    return [path.with_name(f"{path.name.removesuffix('.tsv')}.{name}.tsv") for name in names]


def _write(found: Explanation, output: str, names: tuple[str, ...], files: Together) -> None:
    paths = [files.place(path) for path in _paths(output, names)]
    suffix = suffix_of(output)
    if suffix == ".html":
        paths[0].write_text(render_explanation(found), encoding="utf-8")
    elif suffix == ".npz":
        with paths[0].open("wb") as file:
            np.savez_compressed(file, **arrays_of(found))  # type: ignore[arg-type]
    else:
        for name, path in zip(names, paths, strict=True):
            table = table_of(found, name)
            lines = ["\t".join(table.column_names), *("\t".join(map(_cell, row.values())) for row in table.to_pylist())]
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
