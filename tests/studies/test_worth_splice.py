"""The study of splice sites on a planted chromosome, and the page of kept studies."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import make_model
from dnalect.core.errors import ConfigError, TableError
from dnalect.core.figures import read_figures
from dnalect.genome.bed import Intervals
from dnalect.genome.regions import Region
from dnalect.stats import draws
from dnalect.tokens.bases import encode
from studies.worth import crossfit, refseq, splice
from studies.worth.bench import Bench, Options
from studies.worth.head import answers, head_sentence, head_table
from studies.worth.refseq import stranded_genes
from studies.worth.request import Worth
from studies.worth.results import read_study
from studies.worth.run import run
from studies.worth.species import HUMAN
from studies.worth.splice import DONOR, Sites, is_site, splice_sites
from studies.worth.studies import STUDIES

LENGTH, CUT, STEP = 60_000, 30_000, 1_500
SPLICE = next(study for study in STUDIES if study.name == "splice")


def spans(*rows) -> Intervals:
    starts, ends, forward = zip(*rows, strict=True)
    return Intervals(np.array(starts), np.array(ends), np.array(forward))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Genes of two exons on both strands, in turn, with GT...AG introns."""
    folder = tmp_path_factory.mktemp("splice") / "data"
    (folder / "genomes" / "human_hg19_refseq").mkdir(parents=True)
    rng = np.random.default_rng(5)
    bases = rng.choice(list("ACGT"), LENGTH)
    beds: dict[str, list[str]] = {name: [] for name in (refseq.EXONS, refseq.GENES, refseq.STARTS, refseq.ENDS)}
    for number, start in enumerate(range(500, LENGTH - 1_000, STEP)):
        forward = number % 2 == 0
        intron = "GTAAGT" + "".join(rng.choice(list("ACGT"), 88)) + "TTTCAG"
        if not forward:
            intron = intron[::-1].translate(str.maketrans("ACGT", "TGCA"))
        bases[start + 200 : start + 300] = list(intron)
        end = start + 500
        beds[refseq.EXONS] += [f"chr20\t{start}\t{start + 200}", f"chr20\t{start + 300}\t{end}"]
        beds[refseq.GENES].append(f"chr20\t{start}\t{end}")
        first, last = (start, end - 1) if forward else (end - 1, start)
        beds[refseq.STARTS].append(f"chr20\t{first}\t{first + 1}")
        beds[refseq.ENDS].append(f"chr20\t{last}\t{last + 1}")
    for name, lines in beds.items():
        with gzip.open(folder / name, "wt") as out:
            out.write("\n".join(lines) + "\n")
    with gzip.open(folder / HUMAN.reference, "wt") as out:
        out.write(f">20\n{''.join(bases)}\n")
    return folder


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.setattr(splice, "REGION", f"20:{CUT + 1}-{LENGTH}")
    monkeypatch.setattr(draws, "RESAMPLES", 200)
    return make_model(tmp_path / "tiny")


def test_strands_come_from_the_ends_of_genes_and_outer_ends_are_no_splice_sites():
    genes = spans((10, 60, True), (10, 60, True), (70, 90, True), (95, 99, True))
    stranded = stranded_genes(genes, spans((10, 11, True), (89, 90, True)), spans((59, 60, True), (70, 71, True)))
    assert stranded.starts.tolist() == [10, 70]
    assert stranded.forward.tolist() == [True, False]
    codes = encode("A" * 20 + "GT" + "A" * 16 + "AG" + "A" * 60)
    exons = spans((10, 20, True), (40, 60, True))
    sites = splice_sites(codes, exons, stranded)
    assert sites["donor"].at.tolist() == [20]
    assert sites["acceptor"].at.tolist() == [39]
    # On the other strand the same two edges are an acceptor and a donor, CT and AC as written.
    turned = encode("A" * 20 + "CT" + "A" * 16 + "AC" + "A" * 60)
    other = splice_sites(turned, exons, spans((10, 60, False)))
    assert (other["acceptor"].at.tolist(), other["donor"].at.tolist()) == ([20], [39])
    assert not len(splice_sites(turned, exons, stranded)["donor"])
    assert not len(splice_sites(codes, exons, spans((10, 60, True), (0, 90, False)))["donor"])


def test_controls_are_near_and_apart_and_alike_where_asked():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, 9_000).astype(np.uint8)
    sites = {
        "donor": Sites(np.array([4_000, 4_500]), np.array([True, False])),
        "acceptor": Sites(np.array([4_100]), np.array([True])),
    }
    region = Region(0, 0, 9_000)
    for alike in (False, True):
        found = splice.controls(codes, region, DONOR, sites, alike)
        assert 20 < len(found) <= 2 * splice.CONTROLS
        bases = codes[found.at]
        assert ((bases == 2) == found.forward).all()
        assert ((bases == 1) == ~found.forward).all()
        for at in (4_000, 4_100, 4_500):
            assert (np.abs(found.at - at) > splice.APART).all()
        assert (np.abs(found.at - 4_250) <= splice.NEAR + 250).all()
        assert is_site(codes, DONOR, found).all() == alike


def test_a_model_that_knows_the_sites_is_seen_and_one_that_does_not_is_called_so(data, tiny, monkeypatch):
    findings = splice.run(Options(data, str(tiny)))
    told = {(row.part, row.metric): row for row in findings.rows}
    donors = told["G>A at splice donors against other G within 3 kb", "AUROC of -LLR"]
    motif = told["G>A at splice donors against other G within 3 kb", "AUROC of splice motif"]
    assert motif.value.mean > 0.95
    assert donors.value.low < 0.7
    assert donors.n > 20 * 10
    assert "use SpliceAI or Pangolin" in head_sentence(findings.rows)

    def knowing(self, region):
        table = np.full((len(region), 4), -2.0, dtype=np.float32)
        codes = self.codes(region)
        known = refseq.read_of(bench[0], region, refseq.EXONS), refseq.genes_of(bench[0], region)
        whole = splice.splice_sites(self.codes(Region(0, 0, LENGTH)), *known)
        for sites in whole.values():
            at = sites.at[(sites.at >= region.start) & (sites.at < region.end)] - region.start
            table[at, codes[at]] = -0.01
        return table

    bench = []
    monkeypatch.setattr(splice, "Bench", lambda *words, **more: bench.append(Bench(*words, **more)) or bench[0])
    monkeypatch.setattr(crossfit.CrossFitted, "log_probs", knowing)
    rows = splice.run(Options(data, str(tiny))).rows
    own = [row for row in rows if row.metric == "AUROC of -LLR"]
    assert len(own) == 8
    assert all(row.value.mean == 1 for row in own)
    assert head_sentence(rows) == ""


def test_the_page_begins_with_the_table_and_keeps_other_studies(data, tiny, tmp_path):
    page, out = tmp_path / "docs" / "worth.md", tmp_path / "out"
    request = Worth(data, out, page, ("splice",), human=str(tiny))
    results, _ = run(request)
    text = page.read_text()
    assert text.index("| Splice sites") < text.index("<details") < text.index("## Human splice sites")
    assert text.count("<details") == text.count("</details>")
    assert "does not know splice sites" in text
    assert "--human-model tiny" in text
    # A partial run, or none at all, finds the rest where it was left.
    kept = read_study(out, SPLICE)
    assert [row.metric for row in kept[0].findings.rows] == [row.metric for row in results[0].findings.rows]
    assert kept[0].findings.notes == results[0].findings.notes
    run(Worth(data, out, tmp_path / "again" / "worth.md", kept=True))
    assert (tmp_path / "again" / "worth.md").read_text() == text
    told = [each for each in read_figures(out / "head.tsv") if each.against]
    assert [(each.task, each.who) for each in told] == [("Splice sites", "tiny")] * 2


def test_what_is_kept_is_checked(tmp_path):
    with pytest.raises(ConfigError, match="holds no study"):
        run(Worth(tmp_path, tmp_path, tmp_path / "page.md", kept=True))
    (tmp_path / "splice.tsv").write_text("study\n")
    (tmp_path / "splice.json").write_text("[{}]")
    with pytest.raises(TableError, match="run the study again"):
        read_study(tmp_path, SPLICE)
    (tmp_path / "splice.tsv").unlink()


def test_the_shipped_rows_make_the_shipped_page_and_table():
    root = Path(__file__).resolve().parents[2]
    files = [root / "results" / "worth" / f"{study.name}.tsv" for study in STUDIES]
    # A study that is new has not been run on the shipped models yet.
    assert sum(not path.is_file() for path in files) <= 1
    rows = [row for path in files if path.is_file() for row in read_figures(path)]
    assert head_table(rows) in (root / "docs" / "worth.md").read_text()
    assert {answer.question.name.partition(":")[0] for answer in answers(rows)} == {
        "Splice sites",
        "Stop-gained",
        "Stop-gained, human",
        "Common over rare",
        "Bound motifs",
        "Natural over random",
        "Reporter assays (MPRA)",
    }
    assert json.loads((root / "results" / "worth" / "splice.json").read_text())[0]["model"] == "duplex-human"


def test_what_the_model_saw_answers_no_question():
    root = Path(__file__).resolve().parents[2]
    rows = read_figures(root / "results" / "worth" / "splice.tsv")
    assert answers(rows)
    assert not answers([replace(row, seen=True) for row in rows])
