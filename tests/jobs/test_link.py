"""Variants find their genes: by loops where there are some, else by distance, and every one comes back."""

import gzip
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError, DnalectError
from dnalect.genome.contacts import by_distance
from dnalect.jobs.demo.data import DATA as FOLDER
from dnalect.jobs.link.ground import open_ground
from dnalect.jobs.link.options import Options
from dnalect.jobs.link.outputs import locus_of
from dnalect.jobs.link.targets import link_variants, spans_of
from dnalect.report.loci import lanes_of
from dnalect.scored.reader import read_scored

SCORED, GENES, LOOPS, ACTIVE = (
    str(FOLDER / f"{name}.gz")
    for name in ("human_chr20_scored.tsv", "made_up_genes.gff", "made_up_loops.txt", "human_chr20_peaks.bed")
)
# As Arrowhead writes them.
DOMAINS = [
    "chr1\tx1\tx2\tchr2\ty1\ty2",
    *(f"20\t{a}\t{b}\t20\t{a}\t{b}" for a, b in ((1.74e6, 1.93e6), (1.94e6, 2.17e6))),
]
# Natural, in the anchor of a loop whose other anchor holds the start of a gene; another gene starts nearer by.
PLACE = ("chr20", 1_996_346)
ANCHORS = (1_995_000, 2_000_000, 2_075_000, 2_080_000)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    domains = tmp_path_factory.mktemp("domains") / "domains.txt"
    domains.write_text("\n".join(DOMAINS).replace(".0", "") + "\n")
    return {"annotate": GENES, "contacts": (LOOPS,), "domains": str(domains)}


@pytest.fixture(scope="module")
def linked(known):
    return link_variants(Options(SCORED, **known))


def rows_of(linked, place):
    return [row for row in linked.table.to_pylist() if (row["chrom"], row["pos"]) == place]


@dataclass(frozen=True)
class Story:
    """The gene at the far anchor, its first base (1-based, + strand), and the one whose start is the nearest."""

    joined: str
    start: int
    nearest: str
    enrichment: float


@pytest.fixture(scope="module")
def story():
    """As the files tell it, read here by hand."""
    with gzip.open(GENES, "rt") as file:
        rows = [line.rstrip().split("\t") for line in file if not line.startswith("#")]
    starts = {row[8].split("Name=")[1].split(";")[0]: int(row[3] if row[6] == "+" else row[4]) for row in rows}
    nearest = min(starts, key=lambda name: abs(starts[name] - PLACE[1]))
    (joined,) = (name for name, start in starts.items() if ANCHORS[2] < start <= ANCHORS[3])
    with gzip.open(LOOPS, "rt") as file:
        loops = [line.split("\t") for line in file]
    (row,) = (row for row in loops if row[1:3] + row[4:6] == list(map(str, ANCHORS)))
    return Story(joined, starts[joined], nearest, int(row[7]) / float(row[9]))


def test_a_loop_names_the_gene_that_is_not_the_nearest(linked, story):
    first, second, *_ = rows_of(linked, PLACE)
    assert (first["gene"], first["evidence"], first["domain"]) == (story.joined, "loop", "same")
    assert (second["gene"], second["evidence"], second["domain"]) == (story.nearest, "domain", "same")
    # The gene lies on the + strand, the variant upstream of it.
    assert first["tss_distance"] == PLACE[1] - story.start < 0
    assert abs(second["tss_distance"]) < abs(first["tss_distance"])
    assert first["enrichment"] == pytest.approx(story.enrichment, abs=0.001)
    by_hand = ((story.start - PLACE[1]) / 5_000) ** -0.7 * story.enrichment
    assert first["contact"] == pytest.approx(by_hand, abs=1e-3)
    assert first["score"] == pytest.approx(first["effect"] * first["contact"], abs=1e-3)
    assert f"a loop joins it to the start of {story.joined}" in first["why"]
    assert "2nd nearest" in first["why"]
    alone = link_variants(Options(SCORED, annotate=GENES))
    assert rows_of(alone, PLACE)[0]["gene"] == story.nearest
    assert {"loop", "domain", "abc"}.isdisjoint(alone.table.column_names)


def test_every_variant_comes_back_the_best_first(linked, known):
    scored = read_scored(SCORED)
    rows = linked.table.to_pylist()
    assert {(r["chrom"], r["pos"], r["ref"], r["alt"]) for r in rows} == set(scored.keys)
    firsts = [row for row in rows if row["place"] == 1]
    assert [row["rank"] for row in firsts] == list(range(1, len(scored) + 1))
    scores = [row["score"] for row in firsts]
    assert scores == sorted(scores, reverse=True)
    whole = link_variants(Options(SCORED, **known, most=1_000, far=400_000)).table.to_pylist()
    for rank in (1, 100, 600):
        mine = [row for row in whole if row["rank"] == rank]
        assert sum(row["share"] for row in mine) == pytest.approx(1, abs=1e-3)
        assert all(abs(row["tss_distance"]) <= 400_000 for row in mine)


def test_a_boundary_takes_its_share(linked, known):
    halved = {(r["pos"], r["alt"], r["gene"]): r for r in linked.table.to_pylist() if r["domain"] == "split"}
    told = link_variants(Options(SCORED, **known, across=1.0, most=30)).table.to_pylist()
    whole = {(r["pos"], r["alt"], r["gene"]): r for r in told}
    assert len(halved) > 100
    for key, row in halved.items():
        factor = 1.0 if row["evidence"] == "loop" else 0.5
        assert row["contact"] == pytest.approx(whole[key]["contact"] * factor, abs=1e-4)


def test_activity_by_contact_against_sums_by_hand(story):
    """Shares of all elements of a gene sum to 1, and each is what the definition says."""
    options = Options(SCORED, annotate=GENES, active=(ACTIVE,), far=300_000, most=1_000)
    ground = open_ground(options)
    genes, elements = ground.genes["chr20"], ground.elements["chr20"]
    gene = genes.names.index(story.joined)
    middle = zip(elements.starts.tolist(), elements.ends.tolist(), strict=True)
    gaps = np.array([max(s - genes.tss[gene], genes.tss[gene] - e + 1, 0) for s, e in middle])
    worth = np.where(gaps <= 300_000, elements.activity * by_distance(gaps), 0)
    assert ground.whole("chr20")[gene] == pytest.approx(worth.sum())
    linked = link_variants(options)
    seen = 0
    for row in linked.table.to_pylist():
        if row["gene"] != story.joined:
            continue
        held = (elements.starts < row["pos"]) & (elements.ends >= row["pos"])
        if len(row["ref"]) == len(row["alt"]) == 1:
            at = gaps[held.argmax()] if held.any() else 0
            mine = elements.activity[held].max(initial=0) * by_distance(np.array([abs(row["tss_distance"])]))[0]
            assert row["abc"] == pytest.approx(mine / worth.sum(), abs=1e-5)
            assert bool(row["activity"]) == held.any()
            seen += bool(at)
    assert seen
    assert any("lie in no active element" in note for note in linked.notes)


def test_what_has_no_gene_has_a_reason(story, tmp_path):
    table = tmp_path / "a.tsv"
    lines = ["chrom\tpos\tref\talt\tcadd", "chr20\t1996346\tT\tG\t", "20\t2990000\tA\tC\t9", "chr9\t5\tA\tC\t1"]
    table.write_text("\n".join(lines) + "\n")
    found = link_variants(Options(str(table), annotate=GENES, use="cadd", far=60_000))
    rows = {(row["chrom"], row["pos"]): row for row in reversed(found.table.to_pylist())}
    assert rows["chr20", 1_996_346]["reason"] == "no_effect"
    assert rows["chr20", 1_996_346]["gene"] == story.nearest
    assert rows["chr9", 5]["reason"] == "no_gene_on_contig"
    assert rows["20", 2_990_000]["rank"] == 1
    assert any("1 of 3 variants lie on contigs without a gene" in note for note in found.notes)
    nowhere = link_variants(Options(str(table), annotate=GENES, use="cadd", far=1))
    assert {row["reason"] for row in nowhere.table.to_pylist()} == {"no_gene_within_reach", "no_gene_on_contig"}
    alone = link_variants(Options(str(table), annotate=GENES))
    assert any("ranked by contact alone" in note for note in alone.notes)
    assert alone.table["score"].to_pylist()[0] == pytest.approx(alone.table["contact"].to_pylist()[0], abs=1e-4)


def test_alleles_of_many_bases_reach_from_end_to_end(story, tmp_path):
    vcf = tmp_path / "a.vcf"
    head = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    vcf.write_text(head + "chr20\t1000\td\tA\t<DEL>\t.\t.\tEND=5000;llr=-1\nchr20\t2000000\ti\tAC\tA\t.\t.\tllr=2\n")
    starts, ends = spans_of(read_scored(str(vcf)))
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(1000, 5000), (2_000_000, 2_000_001)]
    vcf.write_text(head + "chr20\t2000000\td\tA\t<DEL>\t.\t.\tEND=2100000;llr=-1\n")
    first = link_variants(Options(str(vcf), annotate=GENES)).table.to_pylist()[0]
    assert (first["gene"], first["tss_distance"], first["contact"]) == (story.joined, 0, 1.0)
    assert f"at the start of {story.joined}" in first["why"]


def test_kinds_of_genes():
    kept = open_ground(Options(SCORED, annotate=GENES, biotypes=("protein_coding",))).genes["chr20"]
    whole = open_ground(Options(SCORED, annotate=GENES)).genes["chr20"]
    assert 0 < len(kept.tss) <= len(whole.tss)
    assert np.array_equal(kept.tss[kept.by_tss], np.sort(kept.tss))
    with pytest.raises(ConfigError, match="no gene of --biotype tRNA; it names .*protein_coding"):
        open_ground(Options(SCORED, annotate=GENES, biotypes=("tRNA",)))


def test_the_picture_shows_what_there_is(linked, known, story, tmp_path):
    locus = locus_of(linked, "chr20:1,996,346")
    assert [(each.gene, each.looped) for each in locus.arcs][:2] == [(story.joined, True), (story.nearest, False)]
    assert locus.span[0] < PLACE[1] < story.start < locus.span[1]
    assert ANCHORS in locus.loops
    lanes = lanes_of(locus)
    assert {locus.genes[n][0] for n, _ in lanes} >= {each.gene for each in locus.arcs}
    crowded = replace(locus, genes=[(f"gene{n}", *locus.span, True) for n in range(40)])
    assert len(lanes_of(crowded)) < 40
    words = [
        "link",
        SCORED,
        "--annotate",
        GENES,
        "--contacts",
        LOOPS,
        "--domains",
        known["domains"],
        "--active",
        ACTIVE,
    ]
    outputs = ["-o", str(tmp_path / "t.parquet"), "--picture", str(tmp_path / "t.png"), "--at", "chr20:1996346"]
    done = CliRunner().invoke(command, [*words, *outputs])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")
    table = pq.read_table(tmp_path / "t.parquet")
    assert b"share of activity x contact" in table.schema.metadata[b"dnalect_link_score"]
    assert "602 variants, 602 with a gene within reach" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--annotate", ACTIVE), "is no line of a GFF3"),
        (("--annotate", GENES, "--contacts", GENES), "no loop within a contig"),
        (("--annotate", GENES, "--use", "cadd"), "no column 'cadd'"),
        (("--annotate", GENES, "--picture", "a.png", "--at", "chr20:5"), "no variant of the file stands there"),
        (("--annotate", GENES, "--active", "nothing.bed"), "cannot read the BED nothing.bed"),
    ],
)
def test_what_can_not_be_used_is_told_and_nothing_is_left(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, ["link", SCORED, "-o", "t.tsv", *words])
    assert isinstance(done.exception, DnalectError)
    assert says in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_from_python(tmp_path):
    genome = dnalect.open_genome(FOLDER / "yeast_chrI.fa.gz")
    at = next(n for n in range(50_000, 60_000) if genome["chrI"][n] == "A")
    scores = dnalect.score(genome, [("chrI", at + 1, "A", "G")], "duplex-yeast", background=0, progress=False)
    found = dnalect.link(scores, FOLDER / "yeast_chrI.gff.gz", far=20_000, progress=False)
    assert found.first[0]["effect"] == pytest.approx(abs(next(iter(scores)).score.value), abs=1e-4)
    found.write(tmp_path / "t.tsv")
    found.draw(tmp_path / "t.svg")
    assert (tmp_path / "t.tsv").read_text().startswith("# dnalect ")
    with pytest.raises(ConfigError, match="must end in"):
        found.draw("t.pdf")
