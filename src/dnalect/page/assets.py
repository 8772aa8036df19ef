"""What the page is made of: its modules, its HTML, and the data that it draws without an engine, all as text."""

import base64
import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.gff import parse_attributes, read_gff
from dnalect.genome.regions import Region

FOLDERS = ("engine", "front")
DATA = ("genomes", "examples", "vocabularies", "map")
# Of a GFF: what is drawn. Parts of a transcript would lie on its CDS.
DRAWN = ("gene", "CDS", "tRNA", "ncRNA", "rRNA", "rep_origin", "LTR", "centromere", "telomere", "mobile_element")
LONGEST_TEXT = 90


def modules() -> dict[str, str]:
    """Return the JavaScript modules, by their path: "front/main.js"."""
    return {name: file.read_text(encoding="utf-8") for name, file in _files() if name.endswith(".js")}


def binaries() -> dict[str, str]:
    """Return the WebAssembly of the engine as base64, by its path."""
    return {
        name: base64.b64encode(file.read_bytes()).decode("ascii") for name, file in _files() if name.endswith(".wasm")
    }


def style() -> str:
    """Return the style sheet."""
    return (_folder() / "front" / "page.css").read_text(encoding="utf-8")


def page_html(head: str, body: str) -> str:
    """Return the page around what stands in its head, and at the end of its body."""
    text = (_folder() / "front" / "page.html").read_text(encoding="utf-8")
    return text.replace("<!-- head -->", head).replace("<!-- body -->", body)


def served_html() -> str:
    """Return the page as `dnalect serve` sends it: its modules, style and data are files of their own."""
    head = '<link rel="stylesheet" href="front/page.css">\n<link rel="icon" href="data:,">'
    return page_html(head, '<script type="module" src="front/served.js"></script>')


def data() -> dict[str, str]:
    """Return the JSON of every name in DATA."""
    return {name: json_text(_genomes() if name == "genomes" else _kept(name)) for name in DATA}


def worked_example() -> tuple[Genome, Region]:
    """Return the CTCF site that attention opens with: its genome, and the place in it."""
    example = next(each for each in _kept("examples") if "motif" in each)
    genome = _demo("human_chr20_slice.fa.gz")
    offset = _placed(genome)[1]
    return genome, Region(0, example["start"] - offset, example["end"] - offset)


def json_text(value: Any) -> str:
    """Return JSON that can stand in a script element, whatever strings it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _folder() -> Traversable:
    return resources.files("dnalect.page")


def _files() -> Iterator[tuple[str, Traversable]]:
    for folder in FOLDERS:
        for file in sorted((_folder() / folder).iterdir(), key=lambda each: each.name):
            yield f"{folder}/{file.name}", file


def _kept(name: str) -> Any:
    return json.loads((_folder() / "data" / f"{name}.json").read_text(encoding="utf-8"))


def _genomes() -> dict[str, Any]:
    """Return what the page shows, from the demo's chromosomes and the promoter whose variants were measured."""
    # Share of G and C: of the genome, and of all of chromosome 20.
    held = "The model never learned from this sequence."
    yeast = {
        "title": "Yeast, chromosome XIV",
        "species": "Saccharomyces cerevisiae S288C",
        "assembly": "R64",
        "gc": 0.382974,
        "model": "duplex-yeast",
        "note": held,
    }
    human = {"species": "Homo sapiens", "assembly": "GRCh37", "gc": 0.441257, "model": "duplex-human", "note": held}
    promoter = _kept("hnf4a")
    bases = np.frombuffer(promoter.pop("bases").encode(), dtype=np.uint8)
    return {
        "yeast": {**yeast, **_contig("yeast_chrXIV.fa.gz"), "features": _features("yeast_chrXIV.gff.gz")},
        "human": {**human, "title": "Human, chromosome 20", **_contig("human_chr20_slice.fa.gz"), **_kept("human")},
        "hnf4a": {**human, "title": "Human, the promoter of HNF4A", **promoter, **_packed(bases)},
    }


def _contig(name: str) -> dict[str, Any]:
    """A FASTA of one record."""
    genome = _demo(name)
    contig, offset = _placed(genome)
    return {"contig": contig, "offset": offset, **_packed(genome.contig(genome.names[0]))}


def _demo(name: str) -> Genome:
    return open_genome(str(resources.files("dnalect") / "demo_data" / name))


def _placed(genome: Genome) -> tuple[str, int]:
    """The contig of the one record, and where it begins: a slice has its place in its name, 20:1000001-1100000."""
    contig, _, ends = genome.names[0].partition(":")
    return contig, int(ends.partition("-")[0]) - 1 if ends else 0


def _packed(letters: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Four bases a byte, the first in the highest bits, with the runs of what is none of A, C, G, T."""
    codes = np.searchsorted(np.frombuffer(b"ACGT", dtype=np.uint8), letters).astype(np.uint8)
    unknown = ~np.isin(letters, np.frombuffer(b"ACGT", dtype=np.uint8))
    codes[unknown] = 0
    four = np.pad(codes, (0, -len(codes) % 4)).reshape(-1, 4)
    packed = (four[:, 0] << 6 | four[:, 1] << 4 | four[:, 2] << 2 | four[:, 3]).astype(np.uint8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], unknown.astype(np.int8), [0]]))).reshape(-1, 2)
    text = base64.b64encode(packed.tobytes()).decode("ascii")
    return {"length": len(letters), "packed": text, "unknown": edges.tolist()}


def _features(name: str) -> list[dict[str, Any]]:
    found = []
    for row in read_gff(str(resources.files("dnalect") / "demo_data" / name)):
        if row.kind in DRAWN:
            told = parse_attributes(row.attributes)
            note = told.get("product") or told.get("note", "")
            text = note if len(note) <= LONGEST_TEXT else note[: LONGEST_TEXT - 1] + "…"
            found.append(
                {
                    "start": row.start,
                    "end": row.end,
                    "strand": row.strand if row.strand in "+-" else "",
                    "kind": row.kind,
                    "name": told.get("gene") or told.get("locus_tag") or note.split("  ")[0].split(" ")[0],
                    "alias": told.get("locus_tag", ""),
                    "text": "" if row.kind == "gene" else text,
                }
            )
    return found
