"""The studies of `python -m studies worth`, end to end on a small planted genome, and what the page says of numbers."""

import csv
import gzip
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import forked
from conftest import make_model
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.figures import COLUMNS, NOTHING, Estimate, Figure, against_chance, against_rival, shown, signed
from dnalect.core.reporter import Reporter, using
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.inference.tiles import tiled_log_probs
from dnalect.models.load import load
from dnalect.stats import draws
from dnalect.tokens.bases import BASES, encode
from planted import LENGTHS, Planted
from studies.cases import measured
from studies.worth import conservation, crossfit, human, promoter_bases, promoters, strains
from studies.worth.bench import Bench, Findings, Options, Plot
from studies.worth.collected import Collected
from studies.worth.compare import add_aurocs
from studies.worth.goals import INTERPOLATED, MIXED
from studies.worth.missed import whys
from studies.worth.page import Result, Skipped, render, sentence, shortcomings
from studies.worth.promoter_bases import promoter_numbers
from studies.worth.request import Worth
from studies.worth.run import run
from studies.worth.snvs import make_snvs, read_snvs
from studies.worth.species import HUMAN, YEAST
from studies.worth.studies import STUDIES


def set_card(folder: Path, **changes) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def folds(tmp_path) -> Path:
    """A fold of the model `tiny` that saw chrB, and one of another model."""
    for name, train in (("tiny-fold-1", ["chrB"]), ("other-fold-1", [])):
        folder = make_model(tmp_path / "folds" / name)
        card = json.loads((folder / "card.json").read_text())
        set_card(folder, genomes=[card["genomes"][0] | {"train": train, "test": []}])
    return tmp_path / "folds"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("worth") / "tiny")


def whole(genome, name):
    number = genome.index[name]
    return Region(number, 0, int(genome.lengths[number]))


def test_a_contig_comes_from_a_model_that_never_saw_it(fasta, tiny, folds):
    genome = open_genome(fasta)
    found = crossfit.CrossFitted(genome, str(tiny), folds)
    assert [found.member(whole(genome, name)).card.id for name in ("chrA", "chrB")] == ["tiny-fold-1", "tiny"]
    assert found.usable([whole(genome, "chrA"), whole(genome, "chrB")]) == [
        whole(genome, "chrA"),
        whole(genome, "chrB"),
    ]
    assert not found.seen(whole(genome, "chrA"))


def test_a_fold_that_learned_from_another_species_does_not_answer(fasta, tiny, folds):
    folder = make_model(folds / "tiny-fold-0")
    set_card(folder, genomes=[{"name": "other", "contigs": {"x1": 900}, "train": ["x1"]}])
    found = crossfit.CrossFitted(open_genome(fasta), str(tiny), folds)
    assert [member.card.id for member in found.members] == ["tiny", "tiny-fold-1"]


def test_a_contig_that_every_model_saw_is_refused(fasta, tiny):
    genome = open_genome(fasta)
    found = crossfit.CrossFitted(genome, str(tiny))
    with pytest.raises(ConfigError, match=r"chrA was seen in training by tiny.*--folds.*--allow-seen"):
        found.log_probs(whole(genome, "chrA"))
    with pytest.raises(ConfigError, match="chrA:101-200"):
        found.member(Region(0, 100, 200))
    assert found.usable([whole(genome, "chrA"), whole(genome, "chrB")]) == [whole(genome, "chrB")]
    with pytest.raises(ConfigError, match="seen in training"):
        found.usable([whole(genome, "chrA")])


def test_a_seen_contig_can_be_allowed_and_is_marked(fasta, tiny):
    genome = open_genome(fasta)
    found = crossfit.CrossFitted(genome, str(tiny), allow_seen=True)
    assert found.seen(whole(genome, "chrA"))
    assert found.member(whole(genome, "chrA")).card.id == "tiny"


def test_folds_that_are_no_folder_are_an_error(fasta, tiny, tmp_path):
    with pytest.raises(ConfigError, match="make folds"):
        crossfit.CrossFitted(open_genome(fasta), str(tiny), tmp_path / "none")


def test_tables_are_those_of_the_whole_contig_and_computed_once(fasta, tiny, monkeypatch):
    genome = open_genome(fasta)
    found = crossfit.CrossFitted(genome, str(tiny), allow_seen=True)
    model = load(tiny)
    expected = tiled_log_probs(model, encode(np.asarray(genome.contig("chrA"))), model.can.reach)
    table = found.log_probs(whole(genome, "chrA"))
    assert table == pytest.approx(expected, rel=1e-3, abs=1e-3)
    assert found.log_probs(Region(0, 700, 900)) == pytest.approx(expected[700:900], rel=1e-3, abs=1e-3)
    monkeypatch.setattr(crossfit, "tiled_log_probs", None)
    assert (found.log_probs(whole(genome, "chrA")) == table).all()


# --- words ------------------------------------------------------------------------------------------------------


def planted(strength: float) -> Collected:
    rng = np.random.default_rng(5)
    positive = np.arange(1500) % 2 == 0
    rival, score = rng.normal(size=1500), rng.normal(size=1500) + strength * positive
    table = Collected("promoters", "S. cerevisiae", "tiny", "python -m studies worth")
    add_aurocs(table, "common over rare", positive, np.arange(1500) // 5, {"LLR": score}, {"noise": rival}, False)
    return table


@pytest.mark.parametrize(
    ("strength", "chance", "rival"),
    [
        (1.0, "above chance", "better than"),
        (0.0, "at chance", "no different from"),
        (-1.0, "below chance", "worse than"),
    ],
)
def test_a_signal_is_found_and_its_absence_said(strength, chance, rival):
    rows = planted(strength).rows
    assert [(row.who, row.against) for row in rows] == [("tiny", "noise"), ("noise", "")]
    assert against_chance(rows[0]).startswith(chance)
    assert against_rival(rows[0]).startswith(f"{rival} noise")
    told = sentence(rows[:1])
    assert chance in told
    assert rival in told.lower()
    weak = shortcomings(rows)
    assert bool(weak) == (strength <= 0)
    assert strength > 0 or (chance in weak[0] and rival in weak[0])


def test_no_interval_means_no_claim():
    nothing = Estimate(0.6, math.nan, math.nan)
    row = Figure("a", "g", "c", "m", 3, nothing, against="r", difference=nothing, chance=0.5)
    assert "nothing can be said" in against_chance(row)
    assert "no interval" in against_rival(row)
    assert shown(nothing) == "0.600"
    assert row.cells()[COLUMNS.index("low")] == ""


def test_numbers_for_people():
    assert [signed(v) for v in (0.0123, -0.5, 0.0001)] == ["+0.012", "\N{MINUS SIGN}0.500", "0.000"]
    assert shown(Estimate(-0.1, -0.2, 0.0), 2) == "\N{MINUS SIGN}0.10 [\N{MINUS SIGN}0.20, 0.00]"


def test_the_page_lists_weaknesses_plots_and_what_was_left_out():
    rows = planted(0.0).rows + [replace(row, seen=True, part="other") for row in planted(1.0).rows]
    findings = Findings(rows, [Plot("p-tiny", "a caption [95%]", lambda path: None)], ["12 variants."])
    skipped = [Skipped(STUDIES[-1], HUMAN, "", "no model")]
    page = render([Result(STUDIES[0], YEAST, "runs/tiny", findings)], skipped, "images", "python -m studies worth")
    assert "at chance (0." in page
    assert "12 variants." in page
    assert "![Plot](images/worth-p-tiny.png)" in page
    assert page.count("a caption") == 1
    assert f"{STUDIES[-1].title}, *H. sapiens*: no model." in page
    assert "!!! warning" in page
    assert "seen in training" in page
    assert "this page compares 4 of them" in page
    assert "!!! warning" not in render([Result(STUDIES[0], YEAST, "t", Findings(planted(0).rows, [], []))], [], "i", "")


# --- the studies on a planted genome -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in (promoter_bases, promoters):
        monkeypatch.setattr(module, "CONTIGS", tuple(LENGTHS))
    monkeypatch.setattr(strains, "DRAWN", 3000)
    monkeypatch.setattr(draws, "RESAMPLES", 200)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return Planted(tmp_path_factory.mktemp("data")).folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_studies_of_yeast_write_rows_plots_and_a_page(data, tiny, tmp_path):
    page = tmp_path / "docs" / "worth.md"
    names = ("promoters", "strains", "profiles")
    told: list[str] = []
    request = Worth(data, tmp_path / "out", page, names, (str(tiny),))
    with using(Reporter(False, told.append)):
        results, skipped = run(request)
    assert [(result.study.name, result.model) for result in results] == [(name, str(tiny)) for name in names]
    assert [each.species.name for each in skipped] == ["U. maydis"]
    assert any("U. maydis was left out" in line for line in told)
    for name in names:
        rows = read(tmp_path / "out" / f"{name}.tsv")
        assert tuple(rows[0])[: len(COLUMNS)] == COLUMNS
        assert {row["seen"] for row in rows} == {"no"}
        assert {row["who"] for row in rows} >= {"tiny", "Markov log-ratio"}
        assert all(row["command"].startswith("python -m studies worth --data DATA --study") for row in rows)
        assert all(row["value"] for row in rows)
    text = page.read_text()
    for image in page.parent.glob("images/*.png"):
        assert f"images/{image.name}" in text
        assert image.read_bytes() == (tmp_path / "out" / image.name.removeprefix("worth-")).read_bytes()
    assert len(list(page.parent.glob("images/*.png"))) == 7
    assert str(data) not in text
    # A random network knows nothing of a random genome, and the page has to say so.
    assert "at chance" in text.partition("## Natural variants")[0]
    shutil.rmtree(tmp_path / "out")
    again, _ = run(replace(request, studies=("profiles",)))
    assert again[0].findings.rows == results[2].findings.rows


def test_splice_sites_and_consequences_are_where_they_were_planted(data, tiny, tmp_path):
    results, skipped = run(Worth(data, tmp_path, None, ("strains", "profiles"), (str(tiny),)))
    assert [each.species.name for each in skipped] == ["U. maydis"], skipped
    coding, profiles = (result.findings for result in results)
    genes = sum(len(range(300, length - 900, 700)) for length in LENGTHS.values())
    assert any(f"{genes} annotated genes translate" in note and "0 do not" in note for note in coding.notes)
    introns = sum(n % 4 in (1, 2) for length in LENGTHS.values() for n in range(len(range(300, length - 900, 700))))
    wanted = dict.fromkeys(("transcription start", "start codon", "stop codon", "tRNA start"), genes)
    wanted |= dict.fromkeys(("splice donor", "splice acceptor"), introns)
    assert {row.part.partition(",")[0]: row.n for row in profiles.rows} == wanted


def test_what_cannot_be_run_alone_is_an_error(data, tiny, tmp_path):
    with pytest.raises(ConfigError, match="no study 'nothing'; there are likelihood, promoters"):
        run(Worth(data, tmp_path, studies=("nothing",)))
    with pytest.raises(InputError, match=r"human_chr20.*--data"):
        run(Worth(data, tmp_path, studies=("splice",), models=(str(tiny),)))


def test_a_vcf_of_another_reference_is_refused(data, tiny, tmp_path):
    bench = Bench(Options(data, str(tiny)), YEAST.reference)
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    codes = bench.model.codes(Region(0, 0, 50))
    lines += [
        f"chrI\t{at + 1}\t.\t{BASES[(codes[at] + 1) % 4]}\t{BASES[codes[at]]}\t.\t.\tAC=1;AN=9" for at in range(50)
    ]
    path = tmp_path / "a.vcf"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="0 of 50 substitutions"):
        read_snvs(path, bench, bench.regions(["chrI"]))
    with pytest.raises(InputError, match="0 of 0"):
        read_snvs(path, bench, bench.regions(["chrII"]))


def test_the_rival_never_counts_the_region_that_it_predicts(data, tiny):
    bench = Bench(Options(data, str(tiny)), YEAST.reference)
    region = bench.regions(["chrII"])[0]
    train, tune = bench._corpus(region)
    assert {each.contig for each in [*train, *tune]} == {0}
    assert sum(map(len, [*train, *tune])) == LENGTHS["chrI"]
    known = bench.read(region)
    assert np.exp(known.markov).sum(axis=1) == pytest.approx(1, abs=2e-3)


def test_promoters_are_told_apart_by_distance_and_isolates():
    snvs = make_snvs(0, [5, 60, 90, 95, 700], 0, 1, count=1, total=[9, 9, 9, 8, 8])
    assert promoter_numbers(snvs).tolist() == [0, 0, 1, 2, 3]


def test_conservation_is_found_where_the_scores_follow_it(data, tiny, tmp_path, monkeypatch):
    bigwig = pytest.importorskip("pyBigWig")
    shutil.copytree(data, tmp_path / "data")
    with bigwig.open(str(tmp_path / "data" / "track.bw"), "w") as file:
        file.addHeader(list(LENGTHS.items()))
        values = np.random.default_rng(0).choice([0.5, 1.0], 9_000)
        file.addEntries("chrI", 100, values=values, span=1, step=1)
    for name, value in {"TRACK": "track.bw", "CONTIGS": ("chrI",), "ZYMOSEPTORIA": YEAST}.items():
        monkeypatch.setattr(conservation, name, value)
    findings = conservation.run(Options(tmp_path / "data", str(tiny)), YEAST)
    groups = {row.part: row.n for row in findings.rows}
    assert groups["all"] == 9_000 == groups["coding"] + groups["not coding"]
    assert {row.against for row in findings.rows} == {
        "",
        "Markov information",
        "Markov ln p(reference)",
        "coding or not",
    }
    findings.plots[0].draw(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000
    with pytest.raises(InputError, match="no contig chrII of 15,000"):
        conservation.read_track(tmp_path / "data" / "track.bw", "chrII", 15_000)


def test_the_human_study_reads_its_tables(data, tiny, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    bases = gzip.decompress((folder / YEAST.reference).read_bytes()).decode().split("\n")[1]
    rng = np.random.default_rng(0)
    (folder / "variants" / "cagi5").mkdir()
    change = {"A": "G", "C": "T", "G": "A", "T": "C"}
    rows = ["Chrom\tPos\tRef\tAlt\tBarcodes\tDNA\tRNA\tCoefficient\tpValue\tElement\tRelease"]
    rows += [
        f"20\t{at + 1}\t{bases[at]}\t{change[bases[at]]}\t{20 - at % 15}\t1\t1\t{rng.normal()}\t1\tHNF4A\tGRCh37"
        for at in range(600, 700)
    ]
    with gzip.open(folder / human.SATURATION, "wt") as out:
        out.write("\n".join(rows) + "\n")
    elements = ["#Chrom,Pos,Ref,Alt,Value,Confidence,class,regulatory_element,phastCon,phyloP,GerpN,GerpRS"]
    for name, start in (("ONE", 100), ("TERT-GBM", 900), ("TERT-HEK293T", 900)):
        for at in range(start + 1, start + 80):
            effect = rng.normal()
            label = int(np.sign(effect)) if abs(effect) > 1 else 0
            change_at = f"{bases[at - 1]},{change[bases[at - 1]]}"
            elements.append(f"1,{at},{change_at},{effect},0,{label},release_{name},{at % 7},{at % 5},2,{effect}")
    (folder / measured.ELEMENTS).write_text("\n".join(elements) + "\n")
    sequences = ["regulatory_element,ref_sequence,start_pos"]
    sequences += [f"{name},{bases[start : start + 90]},{start}" for name, start in (("ONE", 100), ("TERT", 900))]
    (folder / measured.SEQUENCES).write_text("\n".join(sequences) + "\n")
    every = gzip.decompress((folder / "variants" / "yeast_promoter_variants_chrI-X.vcf.gz").read_bytes()).decode()
    kept = [line for line in every.splitlines() if not line.startswith("chrII\t")]
    (folder / "variants" / "population.vcf").write_text("\n".join(kept) + "\n")
    changes = {
        "HUMAN": YEAST,
        "POPULATION": "variants/population.vcf",
        "POPULATION_REGION": "chrI",
        "POPULATION_SHIFT": 0,
        "SATURATION_REGION": "chrI:601-700",
        "BLOCK": 3_000,
    }
    for name, value in changes.items():
        monkeypatch.setattr(human, name, value)
    findings = human.run(Options(folder, str(tiny)))
    told = {(row.part, row.metric): row for row in findings.rows}
    assert told["HNF4A promoter", "Spearman of |LLR| with |effect|"].n == sum(at % 15 <= 10 for at in range(600, 700))
    assert all(math.isfinite(row.value.mean) for row in findings.rows)
    assert told["3 elements", "mean AUROC of |LLR| over elements"].n == 237
    assert told["3 elements", "mean Spearman of GERP over elements"].who == "GERP"
    assert {row.part for row in findings.rows} >= {"ONE", "TERT-GBM", "common over singletons, major to minor allele"}
    for plot in findings.plots:
        plot.draw(tmp_path / f"{plot.name}.png")


def test_the_command(data, tiny, tmp_path):
    words = ["worth", "--data", str(data), "--study", "profiles", "-m", str(tiny), "-o", str(tmp_path / "out")]
    child = forked.Child(
        "import runpy; runpy.run_module('studies', run_name='__main__')",
        *words,
        "--contig",
        "chrI",
        cwd=Path(__file__).parents[2],
    )
    assert child.wait() == 0, child.stderr
    assert "profiles, " in child.stderr
    assert (tmp_path / "out" / "profiles.tsv").is_file()
    assert "Traceback" not in child.stderr


def test_what_was_measured_stays_when_a_later_study_is_stopped(data, tiny, tmp_path, monkeypatch):
    profiles = next(study for study in STUDIES if study.name == "profiles")

    def stopped(options):
        raise KeyboardInterrupt

    both = [profiles, replace(profiles, name="stopped", runs={YEAST: stopped})]
    monkeypatch.setattr("studies.worth.run.STUDIES", both)
    with pytest.raises(KeyboardInterrupt):
        run(Worth(data=data, out=tmp_path / "out", models=(str(tiny),), contigs=("chrI",)))
    assert (tmp_path / "out" / "profiles.tsv").is_file()


def test_why_a_goal_is_missed_is_told_with_figures_of_the_rows_or_not_at_all():
    def row(part, value, against="", difference=NOTHING, who="duplex-yeast"):
        told = ("likelihood", part, who, "2 less the bits per base", 9, Estimate(*value))
        return Figure(*told, against=against, difference=difference, species="S. cerevisiae")

    less = Estimate(-0.5, -0.6, -0.4)
    parts = {"repeats": INTERPOLATED, "homology-free": INTERPOLATED}
    parts |= {"promoter, homology-free": MIXED, "intergenic, homology-free": MIXED}
    rows = [row(part, (1, 1, 1), rival, less) for part, rival in parts.items()]
    (told,) = whys(rows)
    assert told.startswith("**Bits, in yeast.**")
    assert told.count("\N{MINUS SIGN}0.500 [\N{MINUS SIGN}0.600, \N{MINUS SIGN}0.400]") == 4
    assert whys(rows[1:]) == []
