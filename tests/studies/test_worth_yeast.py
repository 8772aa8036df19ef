"""The studies of yeast that ask relatives, reporters and codons, on small data whose answers are known."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from conftest import make_model
from dnalect.core.errors import ConfigError, InputError
from dnalect.genome.coding import AMINO_ACIDS, MISSENSE, SYNONYMOUS
from dnalect.genome.regions import Region
from dnalect.stats import auroc, draws
from dnalect.tokens.bases import BASES, decode, encode, reverse_complement
from planted import LENGTHS, Planted
from studies.worth import codons, conservation, effect, influence, likelihood, promoter_bases, reporter, run, strains
from studies.worth.bench import Bench, Options
from studies.worth.coding_bases import Coding, Genes, joined
from studies.worth.relatives import read_relatives
from studies.worth.request import Worth
from studies.worth.results import read_study
from studies.worth.snvs import features, make_snvs
from studies.worth.species import USTILAGO, YEAST
from studies.worth.studies import STUDIES

RELATIVES = ("CBS432", "N44", "Sarb")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return Planted(tmp_path_factory.mktemp("data")).folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("worth") / "tiny")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in (promoter_bases, reporter):
        monkeypatch.setattr(module, "CONTIGS", tuple(LENGTHS))
    monkeypatch.setattr(strains, "DRAWN", 2000)
    monkeypatch.setattr(draws, "RESAMPLES", 100)


@pytest.fixture
def bench(data, tiny) -> Bench:
    return Bench(Options(data, str(tiny)), YEAST.reference)


def laid(folder: Path, name: str, texts: dict[str, str]) -> None:
    with gzip.open(folder / "alignment" / f"{name}.on_S288C.diff.fa.gz", "wt") as out:
        for contig, text in texts.items():
            out.write(f">{contig}\n{text[:60]}\n{text[60:]}\n")


@pytest.fixture
def three(bench, tmp_path) -> Bench:
    """A bench whose three relatives differ at base 100 (two have T, one is not there), and one of them at base 105."""
    (tmp_path / "alignment").mkdir()
    for name in ("genomes", "variants"):
        (tmp_path / name).symlink_to(bench.options.data / name)
    own = "." * LENGTHS["chrI"]
    other = BASES[(int(bench.model.codes(Region(0, 100, 101))[0]) + 1) % 4]
    for number, name in enumerate(RELATIVES):
        text = list(own)
        text[100] = other if number < 2 else "-"
        text[105] = other if number == 2 else "."
        laid(tmp_path, name, {"chrI": "".join(text)})
    laid(tmp_path, "SK1", {"chrI": own})  # a strain: it is not asked
    return Bench(Options(tmp_path, bench.options.model), YEAST.reference)


def test_relatives_say_who_carries_what_and_what_is_conserved_near_by(three):
    found = read_relatives(three, [Region(0, 0, 1)])
    codes = three.model.codes(Region(0, 0, LENGTHS["chrI"]))
    assert found.names == RELATIVES
    alt = (codes[100] + 1) % 4
    snvs = make_snvs(0, [100, 104, 500], codes[[100, 104, 500]], [alt, (codes[104] + 1) % 4, (codes[500] + 1) % 4])
    assert found.carrying(snvs, snvs.alt).tolist() == [2, 0, 0]
    assert found.carrying(snvs, snvs.ref).tolist() == [0, 3, 3]
    conserved = found.conserved(0, codes)
    assert np.isnan(conserved[100])  # two of three say too little
    differs = 1 / 3 if codes[105] != encode(BASES[(codes[100] + 1) % 4])[0] else 0
    assert conserved[105] == pytest.approx(1 - differs)
    # Around 100 the site is left out; around 104 it counts: two relatives have another base, the third has none.
    assert found.near(three, snvs) == pytest.approx([differs / 20, (1 + differs) / 20, 0], abs=1e-6)


def test_relatives_of_another_reference_and_missing_ones_are_refused(three, tmp_path):
    laid(tmp_path, "N44", {"chrI": "." * 70})
    with pytest.raises(InputError, match="chrI has 70 bases, and 24,000"):
        read_relatives(three, [Region(0, 0, 1)])
    for path in (tmp_path / "alignment").glob("*N44*"):
        path.unlink()
    with pytest.raises(InputError, match=r"at least 3 species in .*alignment"):
        read_relatives(three, [Region(0, 0, 1)])


def test_every_substitution_knows_its_codon_on_either_strand(bench):
    regions = bench.regions(["chrI", "chrII"])
    genes = Genes(bench, YEAST)
    every = joined(genes.every(regions))
    known = features(bench, every.snvs, regions)
    found = codons._codons(every, known, genes, regions, np.zeros(64), bench)
    before, after = ([AMINO_ACIDS[number] for number in each] for each in found.codons())
    same = np.array([one == other for one, other in zip(before, after, strict=True)])
    # An intron cuts one codon in two in half of the genes.
    assert (same == (found.coding.consequence == SYNONYMOUS)).mean() > 0.97
    forward = found.coding.change // 4 == found.coding.snvs.ref
    assert forward.any()
    assert not forward.all()


def test_a_change_is_compared_with_the_same_bases_in_the_other_frames():
    text = encode("ACGTACG")
    turned = reverse_complement(text)
    change = np.array([int(text[3]) * 4, (3 - int(text[3])) * 4 + 3])
    for place, three in enumerate(("TAC", "GTA", "CGT")):
        here = codons.triplet_change(text[None], change[:1], np.array([False]), place)[0]
        assert decode(np.array([here // 12 // 16, here // 12 // 4 % 4, here // 12 % 4], np.uint8)) == three
        assert (here // 4 % 3, here % 4) == (place, 0)
        there = codons.triplet_change(turned[None], change[:1], np.array([True]), place)[0]
        assert there == here
    snvs = make_snvs(0, [0, 1, 2, 3], 0, 1)
    coding = Coding(snvs, np.full(4, MISSENSE), np.array([0, 1, 1, 2]), np.zeros(4, int), np.zeros(4, int))
    changes = np.array([[7, 7, 1, 7], [2, 3, 9, 4], [5, 6, 8, 9]])
    llr = np.array([1.0, -2.0, -3.0, -4.0])
    found = codons.Codons(coding, changes, llr, llr, llr).out_of_frame()
    # Class 7, the codon of the first, was met out of frame by the second and the fourth.
    assert found[0] == pytest.approx(-3.0)


def test_what_codon_usage_predicts_is_a_slope_within_the_change():
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1], 500)
    used = rng.normal(size=1000) + 5 * kind
    assert codons.slope_within(0.4 * used - 9 * kind, used, kind) == pytest.approx(0.4, abs=1e-3)


def test_the_study_of_codons_says_what_decides(data, tiny):
    findings = codons.run(Options(data, str(tiny)))
    parts = {row.part for row in findings.rows}
    assert {"synonymous over missense", f"synonymous over missense, {codons.THIRD}"} <= parts
    assert {row.who for row in findings.rows} == {"tiny", "Markov log-ratio", codons.FRAME, codons.USAGE}
    main = [row for row in findings.rows if row.part == "synonymous over missense"]
    usage = next(row for row in main if row.who == codons.USAGE)
    assert f"{usage.value.mean:.3f}" in findings.notes[-1]
    assert "not measured" not in findings.notes[-1]


def test_strains_part_what_relatives_carry_from_what_none_has(data, tiny):
    findings = strains.run(Options(data, str(tiny)))
    rows = {(row.part, row.who): row for row in findings.rows}
    group = "natural over random"
    assert rows[f"{group}, ALT is a relative's base", "tiny"].n < rows[f"{group}, ALT in no relative", "tiny"].n
    assert (group, "non-conservation within 10 bases") in rows
    assert any(row.metric == f"AUROC of {strains.BOTH}" for row in findings.rows)
    assert any("No chromosome with variants of RM" in note for note in findings.notes)


def test_conservation_of_yeast_comes_from_its_relatives(data, tiny):
    findings = conservation.run(Options(data, str(tiny), contigs=("chrII",)), YEAST)
    groups = {row.part: row.n for row in findings.rows}
    # 0.9 ** 3 of the bases have three relatives.
    assert groups["all"] == pytest.approx(0.729 * LENGTHS["chrII"], rel=0.03)
    assert groups["all"] == groups["coding"] + groups["not coding"]
    assert 0 < groups["promoters"] < groups["not coding"]


def effects(bench: Bench, folder: Path) -> None:
    """Measured effects that are the model's own log-ratios."""
    region = Region(0, 0, LENGTHS["chrI"])
    reading = bench.read(region)
    at = np.arange(200, 20_000, 60)
    alt = (reading.codes[at] + 1 + at // 60 % 3) % 4
    ratio = reading.model[at, alt] - reading.model[at, reading.codes[at]]
    names = "chr pos ref alt logFC adj.P.Val library RMDerived distFromGene nucleosomeScore MAF".split()
    lines = ["\t".join(names)]
    for n, place in enumerate(at.tolist()):
        alleles = f"{BASES[reading.codes[place]]}\t{BASES[alt[n]]}"
        large = 0.01 if abs(ratio[n]) > np.median(np.abs(ratio)) else 0.9
        rest = f"{['TSS', 'UpStream'][n % 2]}\t{['True', 'False', ''][n % 3]}\t{n}\t{'' if n % 2 else 3}\t0.{n % 5}"
        lines.append(f"chrI\t{place + 1}\t{alleles}\t{ratio[n]}\t{large}\t{rest}")
    lines.append("chrI\t30\tAC\tA\t1\t1\tTSS\t\t1\t1\t0.1")
    path = folder / reporter.EFFECTS
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as out:
        out.write("\n".join(lines) + "\n")


def test_effects_that_follow_the_model_are_found_whichever_allele_is_the_old_one(bench):
    effects(bench, bench.options.data)
    findings = reporter.run(Options(bench.options.data, bench.options.model, contigs=("chrI",)))
    told = {(row.part, row.metric): row for row in findings.rows if row.who == "tiny"}
    count = len(range(200, 20_000, 60))
    assert told["REF to ALT", "Spearman of LLR with effect"].value.mean == pytest.approx(1, abs=1e-6)
    assert told["ancestral to derived", "Spearman of LLR with effect"].value.mean == pytest.approx(1, abs=1e-6)
    assert told["ancestral to derived", "Spearman of LLR with effect"].n == count - count // 3
    assert told["both libraries", "AUROC of |LLR|, significant over the rest"].value.mean == pytest.approx(1)
    assert told["both libraries", "AUPRC of |LLR|, significant over the rest"].chance == pytest.approx(0.5, abs=0.01)
    assert told["first tiles", "Spearman of |LLR| with |effect|"].n == count / 2
    assert np.isfinite(told["both libraries", "Spearman of distance at the site with |effect|"].value.mean)
    assert "not measured here" in findings.notes[0]


def test_a_sample_of_common_variants_has_a_singleton_of_the_same_type_each():
    rng = np.random.default_rng(1)
    common, kind = rng.random(4_000) < 0.2, rng.integers(0, 6, 4_000)
    at = influence.chosen(common, ~common, kind, 100)
    assert (np.diff(at) > 0).all()
    assert common[at].sum() == 100
    counts = [np.bincount(kind[at][side], minlength=6) for side in (common[at], ~common[at])]
    assert np.array_equal(*counts)
    assert np.array_equal(at, influence.chosen(common, ~common, kind, 100))
    whole = influence.chosen(common, ~common, kind, None)
    assert (~common)[whole].sum() > common[whole].sum() > 700  # more than one each, where there are


def test_influence_is_measured_on_a_sample_with_short_windows(bench, tmp_path, monkeypatch):
    effects(bench, bench.options.data)
    monkeypatch.setattr(influence, "CONTIGS", ("chrI",))
    monkeypatch.setattr(influence, "AGREED", 8)
    told = {"studies": ("influence",), "models": (bench.options.model,), "allow_seen": True, "sample": 5, "window": 40}
    run.run(Worth(bench.options.data, tmp_path / "out", species=(YEAST.name,), **told))
    (found,) = read_study(tmp_path / "out", next(each for each in STUDIES if each.name == "influence"))
    assert found.species == YEAST
    sizes = {row.part: row.n for row in found.findings.rows}
    assert sizes["common over singletons"] == sizes["common over singletons, within the substitution type"] == 10
    command = found.findings.rows[0].command
    assert "--model tiny --allow-seen --species 'S. cerevisiae' --sample 5 --window 40" in command
    (note,) = found.findings.notes
    assert "5 of " in note
    assert "Windows of 40 bases are read. Over 8 of the measured variants" in note
    with pytest.raises(ConfigError, match="none of these studies is of X. laevis"):
        run.run(Worth(bench.options.data, tmp_path / "out", species=("X. laevis",), **told))


def test_bits_are_told_as_what_is_saved_of_two(data, tmp_path):
    tiny, card = make_model(tmp_path / "tiny"), tmp_path / "tiny" / "card.json"
    told = {"name": "yeast", "contigs": LENGTHS, "train": ["chrI:1-20000"], "validate": ["chrI:20001-24000"]}
    card.write_text(json.dumps(json.loads(card.read_text()) | {"genomes": [told | {"test": ["chrII"]}]}))
    findings = likelihood.run(Options(data, str(tiny)), YEAST)
    own = [row for row in findings.rows if row.part == "all" and row.who == "tiny"]
    assert {row.against for row in own} == {"Markov, interpolated, order 24", "Markov, mixed, order 24"}
    rivals = {row.who: row.value.mean for row in findings.rows if row.part == "all" and row.who != "tiny"}
    for row in own:
        assert row.value.low < row.value.mean < row.value.high
        assert row.difference.mean == pytest.approx(row.value.mean - rivals[row.against])
    assert f"all {2 - own[0].value.mean:.4f}" in findings.notes[0]
    with pytest.raises(ConfigError, match="leaves out test regions"):
        likelihood.run(Options(data, str(tiny), contigs=("chrI",)), YEAST)


def test_a_species_that_is_not_measured_again_is_kept(data, tiny, tmp_path, monkeypatch):
    profiles = next(study for study in STUDIES if study.name == "profiles")
    request = Worth(data, tmp_path / "out", tmp_path / "docs" / "worth.md", ("profiles",), (str(tiny),))
    run.run(request)
    first = read_study(tmp_path / "out", profiles)
    told = [run.Result(profiles, USTILAGO, each.model, each.findings) for each in first]
    for row in told[0].findings.rows:
        object.__setattr__(row, "species", USTILAGO.name)
    run.write_study(tmp_path / "out", profiles, told)
    run.run(request)
    assert [each.species for each in read_study(tmp_path / "out", profiles)] == [YEAST, USTILAGO]
    assert "Not measured" not in (tmp_path / "docs" / "worth.md").read_text()


def test_a_head_never_learns_from_the_chromosome_that_it_is_judged_on():
    rng = np.random.default_rng(1)
    x, contig = rng.normal(size=(1600, 3)), np.arange(1600) % 8
    positive = (x[:, 0] > 0) ^ (contig == 2)
    found = effect.crossed(x, positive, contig)
    for number in range(8):
        own = contig == number
        expected = 0 if number == 2 else 1
        assert auroc(found[own], positive[own]) == pytest.approx(expected, abs=0.05)
    with pytest.raises(InputError, match="variants of 3 are needed, not of 2"):
        effect.crossed(x, positive, contig % 2)


def test_heads_are_set_beside_their_parts_and_find_what_the_model_knows(three, monkeypatch):
    snvs = make_snvs(0, np.arange(400, 1000, 2), *planted_alleles(three, np.arange(400, 1000, 2)))
    known = features(three, snvs, [Region(0, 0, LENGTHS["chrI"])])
    positive = known.llr() > np.median(known.llr())
    relatives = read_relatives(three, [Region(0, 0, 1)])
    asked = effect.Labelled("planted", known, positive, snvs.block, size=False)
    # One contig stands for three, so that a head has others to learn from.
    real = effect.crossed
    monkeypatch.setattr(effect, "crossed", lambda x, y, _: real(x, y, np.arange(len(y)) % 3))
    own, rivals = effect._scores(three, relatives, asked)
    assert list(own) == [effect.MODEL_HEAD, effect.BOTH_HEAD]
    assert auroc(own[effect.MODEL_HEAD], positive) > 0.95
    assert auroc(rivals[effect.RELATIVES_HEAD], positive) < 0.7
    assert auroc(rivals["LLR"], positive) == 1


def planted_alleles(bench: Bench, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The reference's bases at some places of chrI, and others."""
    ref = bench.model.codes(Region(0, 0, LENGTHS["chrI"]))[at]
    return ref, (ref + 1 + at // 2 % 3) % 4
