"""Views as the pieces of a run that goes on, and what they depend on."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect import __version__
from dnalect.core.kept import Kept, facts_of_options, kept_beside
from dnalect.core.runs import packed, unpacked
from dnalect.core.views import Null, Track, View
from dnalect.genome.fasta import Genome
from dnalect.jobs.explain.options import Options
from dnalect.models.backends import precision_of
from dnalect.models.model import Model

# Options that change no number, or are told in another form.
ASIDE = {"outputs", "command", "threads", "model", "reference"}
Bytes = npt.NDArray[np.uint8]
Alleles = list[tuple[str, int, str, str]]


def kept_for(options: Options, genome: Genome, model: Model, names: Sequence[str]) -> Kept:
    """Return where the views of a run are kept: beside its first output, nowhere without one."""

    def facts() -> dict[str, Any]:
        told = {"version": __version__, "model": model.card.sha256, "reference": genome.checksum}
        more = {"dtype": precision_of(model), "show": ", ".join(names)}
        return {**told, **facts_of_options(options, ASIDE), **more}

    return kept_beside(options.outputs, "explanation", facts)


def view_kept(kept: Kept, place: int, name: str, compute: Callable[[], View]) -> View:
    """Return a view of a place, by its number, computed unless it was kept."""
    if kept.run is None:
        return compute()
    return read(kept.of(f"{place}.{name}", lambda: written(compute())))


def alleles_kept(kept: Kept, compute: Callable[[], Alleles]) -> Alleles:
    """Return the alleles that are chosen from a file, computed unless they were kept."""
    if kept.run is None:
        return compute()
    data = kept.of("alleles", lambda: json.dumps(compute()).encode())
    return [(str(contig), int(position), str(ref), str(alt)) for contig, position, ref, alt in json.loads(data)]


def written(view: View) -> bytes:
    """Return a view, nulls included, as bytes."""
    texts = {
        **{name: getattr(view, name) for name in ("name", "title", "text", "measure")},
        "tracks": [[each.kind, each.title, each.unit] for each in view.tracks],
        "nulls": [[each.name, each.text, each.bases] for each in view.nulls],
    }
    table = pa.BufferOutputStream()
    with pa.ipc.new_stream(table, view.table.schema) as stream:
        stream.write_table(view.table)
    return packed(
        {
            "texts": _bytes(json.dumps(texts).encode()),
            "table": _bytes(table.getvalue().to_pybytes()),
            "strength": view.strength,
            **{f"track {number}": each.values for number, each in enumerate(view.tracks)},
            **{f"null {number}": _bytes(written(each.view)) for number, each in enumerate(view.nulls)},
            **{f"array {name}": each for name, each in view.arrays.items()},
        },
        compressed=False,
    )


def read(data: bytes) -> View:
    """Return the view of `written`."""
    arrays = unpacked(data)
    texts = json.loads(arrays["texts"].tobytes())
    tracks = tuple(
        Track(kind, title, arrays[f"track {number}"], unit)
        for number, (kind, title, unit) in enumerate(texts.pop("tracks"))
    )
    nulls = tuple(
        Null(name, text, read(arrays[f"null {number}"].tobytes()), bases)
        for number, (name, text, bases) in enumerate(texts.pop("nulls"))
    )
    with pa.ipc.open_stream(arrays["table"].tobytes()) as stream:
        table = stream.read_all()
    named = {name.removeprefix("array "): each for name, each in arrays.items() if name.startswith("array ")}
    return View(**texts, tracks=tracks, table=table, arrays=named, strength=arrays["strength"], nulls=nulls)


def _bytes(data: bytes) -> Bytes:
    return np.frombuffer(data, dtype=np.uint8)
