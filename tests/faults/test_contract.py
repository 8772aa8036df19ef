"""One contract for all readers: whatever a file holds, it is read, or refused with a DnalectError.

The budget is fixed: a few hundred files in `make test`, many more in `make test-all`.
"""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dnalect
from conftest import make_model
from dnalect.core.configs import read_toml
from dnalect.core.errors import DnalectError
from dnalect.core.reporter import Reporter, using
from dnalect.core.yaml_files import read_yaml
from dnalect.genome.bed import read_bed
from dnalect.genome.fasta import open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.names import ContigNames
from dnalect.genome.phased import near_sets
from dnalect.genome.regions import read_regions
from dnalect.genome.variants import open_variants
from dnalect.scored.reader import read_scored

HEAD = b"##fileformat=VCFv4.2\n"
COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
SITES = b"chrA\t20\trs1\tA\tC,G\t9\tPASS\tAC=3,1;AN=8\nchrA\t40\t.\tAT\t<DEL>\t.\t.\tEND=50;SVLEN=-9\n"
VCF = HEAD + COLUMNS + b"\n" + SITES
PHASED = (
    HEAD + COLUMNS + b"\tFORMAT\ts1\nchrA\t20\t.\tA\tC\t.\t.\t.\tGT:PS\t0|1:7\nchrA\t22\t.\tT\tG\t.\t.\t.\tGT\t1|1\n"
)
TSV = b"chrom\tpos\tref\talt\tllr\tpercentile\nchrA\t20\tA\tC\t-1.5\t0.1\nchrA\t30\tT\tG\t0.5\t0.7\n"
BED = b"chrA\t10\t20\tname\t0\t-\nchrB\t5\t6\n"
GFF = b"##gff-version 3\nchrA\tx\tgene\t10\t90\t.\t+\t.\tID=g1;Name=abc\nchrA\tx\tCDS\t20\t50\t.\t+\t0\tParent=g1\n"
FASTA = b">chrA one\nACGTNacgt\nRYK\n>chrB\nGGCC\n"
TOML = b"name = 'x'\nseed = 3\n[model]\nwidth = 8\ndilations = [1, 2]\n"
YAML = b"models: [a, {k: 3}]\nseeds: [1, 2]\nrate: 0.5\n"
# What breaks readers: huge and odd numbers, odd text, separators, nothing.
ODD = (
    *(b"9" * 30, b"9" * 5000, b"-1", b"1e400", b"NaN", b"inf", b"0x1F", b"\xd9\xa1", b"\xff\xfe", b"\0", b"", b"\t"),
    *(
        b"\n",
        b"\r",
        b",",
        b";",
        b"=",
        b"[" * 3000,
        b"{" * 3000,
        b'"',
        b"<",
        b">",
        b"\xef\xbb\xbf",
        b"1_000",
        b"\x1f\x8b",
    ),
)


def variants(path, genome):
    with open_variants(str(path), genome) as source:
        list(source.records)


READERS = {
    "g.fa": (FASTA, lambda path, genome: open_genome(path).packed),
    "v.vcf": (VCF, variants),
    "v.tsv": (TSV, variants),
    "v.bed": (BED, variants),
    "r.bed": (BED, lambda path, genome: read_bed(path)),
    "g.gff": (GFF, lambda path, genome: open_annotation(path)),
    "s.vcf": (VCF, lambda path, genome: read_scored(str(path)).keys),
    "s.tsv": (TSV, lambda path, genome: read_scored(str(path)).numbers("llr")),
    "p.vcf": (PHASED, lambda path, genome: near_sets(str(path), 64)),
    "c.toml": (TOML, lambda path, genome: read_toml(path)),
    "c.yaml": (YAML, lambda path, genome: read_yaml(path)),
    "names": (b"a\tchrA\n# b\n", lambda path, genome: ContigNames(genome, str(path))),
}


def mutated(data, rng):
    """Cut it, or change bytes, or put something odd in the place of a field, or write a line twice."""
    at, kind = int(rng.integers(len(data) + 1)), rng.integers(5)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes(rng.integers(0, 256, 3).tolist()) + data[at + 3 :]
    if kind == 2:
        lines = data.splitlines(keepends=True)
        return b"".join([*lines, lines[int(rng.integers(len(lines)))]])
    fields = data.replace(b"\n", b"\t\n\t").split(b"\t")
    fields[int(rng.integers(len(fields)))] = ODD[int(rng.integers(len(ODD)))]
    return b"\t".join(fields).replace(b"\t\n\t", b"\n")


def keeps_the_contract(read):
    """Whether it was read. Any error but a DnalectError with a message of some words comes through."""
    try:
        with using(Reporter(say=lambda _: None)):
            read()
    except DnalectError as error:
        assert len(str(error)) > 20  # noqa: PT017
        return False
    return True


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("budget", [25, pytest.param(600, marks=pytest.mark.slow)])
def test_readers(tmp_path, fasta, name, budget, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    good, read = READERS[name]
    genome, path = open_genome(fasta), tmp_path / name
    path.write_bytes(good)
    read(path, genome)
    rng = np.random.default_rng(budget)
    told = []
    for number in range(budget):
        path.write_bytes(ODD[number] if number < len(ODD) else mutated(good, rng))
        told.append(keeps_the_contract(lambda: read(path, genome)))
    assert not all(told)
    left = {each.name for each in tmp_path.rglob("*") if each.is_file() and not each.name.endswith(".packed")}
    assert left == {name}


@pytest.mark.parametrize(
    "text", ["chrA:1-" + "9" * 5000, "chrA:,-,", "chrA:" + "9" * 30 + "-5", "chrA:0-0", "chrA:7-3", ""]
)
def test_regions(fasta, text):
    with pytest.raises(DnalectError):
        read_regions(open_genome(fasta), [text])


WRONG = (None, [], {}, "x", -1, 0, 1.5, True, 1 << 70, [[]], "9" * 5000, {"a": 1})


@pytest.mark.parametrize("budget", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_model_folders(tmp_path, budget):
    """Every value of a card in turn is another, the weights are cut, links lead round in a circle."""
    folder = make_model(tmp_path / "tiny")
    good = json.loads((folder / "card.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    rng = np.random.default_rng(budget)
    places = [(key,) for key in good] + [("config", key) for key in good["config"]]
    for number in range(budget):
        card = json.loads(json.dumps(good))
        *parents, key = places[number % len(places)]
        (card[parents[0]] if parents else card)[key] = WRONG[int(rng.integers(len(WRONG)))]
        (folder / "card.json").write_text(json.dumps(card))
        keeps_the_contract(lambda: dnalect.load(folder))
    (folder / "card.json").write_text("[" * 10_000)
    assert not keeps_the_contract(lambda: dnalect.load(folder))
    (folder / "card.json").write_text(json.dumps(good))
    for size in rng.integers(0, len(weights), 5).tolist():
        (folder / "model.safetensors").write_bytes(weights[:size])
        assert not keeps_the_contract(lambda: dnalect.load(folder))
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("model.safetensors")
    assert not keeps_the_contract(lambda: dnalect.load(folder))


def test_a_width_that_is_a_float_is_named(tmp_path):
    folder = make_model(tmp_path / "tiny")
    card = json.loads((folder / "card.json").read_text())
    card["config"]["width"] = 8.0
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(DnalectError, match="whole numbers"):
        dnalect.load(folder)


def test_parquet_with_decimals_and_odd_metadata_is_ranked(tmp_path):
    from decimal import Decimal

    llr = pa.array([Decimal("-1.50"), Decimal("0.25")])
    columns = {"chrom": ["a", "a"], "pos": [1, 2], "ref": ["A", "C"], "alt": ["C", "T"], "llr": llr}
    table = pa.table(columns).replace_schema_metadata({b"\xff": b"\xfe", b"dnalect_model": b"\xff"})
    pq.write_table(table, tmp_path / "s.parquet")
    assert read_scored(str(tmp_path / "s.parquet")).numbers("llr").tolist() == [-1.5, 0.25]


def test_sparse_tensors_are_refused(tmp_path):
    import torch

    from dnalect.models.files import read_weights

    torch.save({"a": torch.eye(3).to_sparse()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(DnalectError, match="sparse"):
        read_weights(tmp_path)


def test_a_link_out_of_a_model_folder_is_not_followed_into_a_copy(tmp_path):
    from dnalect.models.predictor import files_to_copy

    (tmp_path / "secret").write_text("secret")
    blobs = tmp_path / "models--a--b" / "blobs"
    snapshot = tmp_path / "models--a--b" / "snapshots" / "1"
    for each in (blobs, snapshot):
        each.mkdir(parents=True)
    (blobs / "1").write_text("{}")
    (snapshot / "config.json").symlink_to("../../blobs/1")
    (snapshot / "same.json").symlink_to("config.json")
    assert [each.name for each in files_to_copy(snapshot)] == ["config.json", "same.json"]
    (snapshot / "notes.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(DnalectError, match=r"notes\.txt is a link to .*secret"):
        files_to_copy(snapshot)
