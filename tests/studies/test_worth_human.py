"""The studies of human proteins, motifs and promoters on a planted chromosome; polarity; goals."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from conftest import make_model
from dnalect.core.figures import Estimate, Figure
from dnalect.genome.bed import Intervals
from dnalect.genome.motifs import read_motifs
from dnalect.genome.regions import Region
from dnalect.stats import draws
from dnalect.tokens.bases import BASES, encode
from studies.worth import consequences, crossfit, human, refseq, regulation
from studies.worth.bench import Bench, Options
from studies.worth.compare import ancestral_to_derived
from studies.worth.goals import GOALS, goals_table
from studies.worth.refseq import first_transcripts, longest_frame
from studies.worth.snvs import Features, make_snvs
from studies.worth.species import HUMAN

LENGTH, STEP, CODONS = 48_000, 2_400, 130
REGIONS = ("20:1-12000", "20:20001-48000")
WORD = "TTACGCAAGTCC"
SENSE = [a + b + c for a in BASES for b in BASES for c in BASES if a + b + c not in ("TAA", "TAG", "TGA")]


def turned(text: str) -> str:
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as out:
        out.write("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Genes of two exons on both strands; a motif before every gene, in a peak, and after it, in none."""
    folder, rng = tmp_path_factory.mktemp("human") / "data", np.random.default_rng(2)
    bases = rng.choice(list(BASES), LENGTH)
    beds: dict[str, list[str]] = {
        name: [] for name in (refseq.EXONS, refseq.GENES, refseq.STARTS, refseq.ENDS, refseq.ISLANDS)
    }
    peaks = []
    for number, start in enumerate(range(600, LENGTH - 1_500, STEP)):
        forward = number % 2 == 0
        coding = "ATG" + "".join(rng.choice(SENSE, CODONS)) + "TAA"
        text = coding[:200] + "GTAAGT" + "".join(rng.choice(list(BASES), 88)) + "TTTCAG" + coding[200:]
        cut = 200 if forward else len(text) - 300
        bases[start : start + len(text)] = list(text if forward else turned(text))
        end = start + len(text)
        beds[refseq.EXONS] += [f"chr20\t{start}\t{start + cut}", f"chr20\t{start + cut + 100}\t{end}"]
        beds[refseq.GENES].append(f"chr20\t{start}\t{end}")
        first, last = (start, end - 1) if forward else (end - 1, start)
        beds[refseq.STARTS].append(f"chr20\t{first}\t{first + 1}")
        beds[refseq.ENDS].append(f"chr20\t{last}\t{last + 1}")
        box = first - 30 if forward else first + 30 - len(WORD) + 1
        for at in (box, start + STEP - 700):
            bases[at : at + len(WORD)] = list(WORD if forward else turned(WORD))
        beds[refseq.ISLANDS] += [f"chr20\t{first - 40}\t{first + 40}", f"chr20\t{start + 1_650}\t{start + 1_730}"]
        peaks.append(f"chr20\t{box - 60}\t{box + 60}\t.\t9\t.\t1\t-1\t-1\t60")
    for name, lines in beds.items():
        write(folder / name, lines)
    write(folder / HUMAN.reference, [">20", "".join(bases)])
    write(folder / regulation.PEAKS / "ChIPseq.K562.ONE.conservative.train.narrowPeak.gz", peaks)
    rows = ["\t".join("0.97" if base == each else "0.01" for base in BASES) for each in WORD]
    motif = [f"letter-probability matrix: alength= 4 w= {len(WORD)} nsites= 500", *rows, ""]
    write(
        folder / regulation.MOTIFS,
        [
            "MEME version 4",
            "ALPHABET= ACGT",
            *(line for name in ("ONE", "TBP") for line in (f"MOTIF {name}.H13", *motif)),
        ],
    )
    vcf = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for at in np.sort(rng.choice(12_000, 1_500, replace=False)):
        alt = rng.choice([base for base in BASES if base != bases[at]])
        count = rng.choice([1, 1, 300])
        old = alt if count > 1 and rng.random() < 0.3 else bases[at]
        vcf.append(f"20\t{at + 1}\t.\t{bases[at]}\t{alt}\t.\t.\tAC={count};AF={count / 1000};AN=1000;AA={old}|||")
    write(folder / human.POPULATION, vcf)
    return folder


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    for module in (consequences, regulation):
        monkeypatch.setattr(module, "REGIONS", REGIONS)
    for module in (human, consequences):
        monkeypatch.setattr(module, "POPULATION_REGION", REGIONS[0])
    for name, value in {"POPULATION_SHIFT": 0, "BLOCK": 3_000}.items():
        monkeypatch.setattr(human, name, value)
    for name, value in {"FACTORS": ("ONE",), "FEWEST": 5}.items():
        monkeypatch.setattr(regulation, name, value)
    monkeypatch.setattr(draws, "RESAMPLES", 100)
    return make_model(tmp_path / "tiny")


def spans(*rows) -> Intervals:
    starts, ends, forward = zip(*rows, strict=True)
    return Intervals(np.array(starts), np.array(ends), np.array(forward))


def test_the_first_transcript_of_a_locus_is_whole_and_later_ones_are_left_out():
    genes = spans((10, 90, True), (10, 60, True), (200, 260, False))
    # The second transcript of the locus shares its first exon, so the file has its last one alone.
    exons = spans((10, 20, True), (40, 50, True), (80, 90, True), (55, 60, True), (200, 210, True), (250, 260, True))
    found = first_transcripts(exons, genes)
    assert [(each.name, each.forward, len(each.positions)) for each in found] == [
        ("10-90", True, 30),
        ("200-260", False, 20),
    ]
    assert found[0].positions[[0, 10, -1]].tolist() == [10, 40, 89]
    assert found[1].positions[[0, 10, -1]].tolist() == [259, 209, 200]


@pytest.mark.parametrize("forward", [True, False])
def test_a_frame_is_believed_where_it_stands_out(monkeypatch, forward):
    monkeypatch.setattr(refseq, "CODONS", 20)
    text = "CC" + "ATG" + "GCC" * 20 + "TAA" + "CC" + "ATG" + "GCC" * 5 + "TAG"
    codes = encode(text if forward else turned(text))
    way = np.arange(len(text)) if forward else np.arange(len(text))[::-1]
    whole = refseq.CodingSequence("t", forward, way)
    frame, fault = longest_frame(whole, codes)
    assert fault == ""
    assert frame.protein(codes) == "M" + "A" * 20 + "*"
    assert frame.fault(codes) == ""
    monkeypatch.setattr(refseq, "TIMES", 5)
    assert longest_frame(whole, codes) == (None, "the next longest frame has more than 1/5 of the codons")
    monkeypatch.setattr(refseq, "CODONS", 30)
    assert longest_frame(whole, codes) == (None, "no frame of 30 codons")


def test_changes_are_read_from_the_ancestral_to_the_derived_allele():
    snvs = make_snvs(0, [5, 6, 7], [0, 0, 0], [1, 1, 1], count=[700, 1, 9], total=1000, polarity=[-2, 1, 0])
    table = np.log(np.array([[0.7, 0.1, 0.1, 0.1]] * 3, dtype=np.float32))
    near = np.zeros(3, dtype=np.float32)
    known = Features(snvs, table, table, np.zeros((3, 7), np.uint8), near, near)
    sure, every = ancestral_to_derived(known), ancestral_to_derived(known, sure=False)
    assert (sure.snvs.ref.tolist(), sure.snvs.alt.tolist(), sure.snvs.count.tolist()) == ([1], [0], [300])
    assert (sure.snvs.polarity.tolist(), sure.around[0, 3]) == ([2], 1)
    assert sure.llr() == pytest.approx(-known.llr()[:1])
    assert every.snvs.position.tolist() == [5, 6]
    assert every.llr()[1] == known.llr()[1]


def test_polarity_comes_from_the_file(data, tiny):
    bench = Bench(Options(data, str(tiny)), HUMAN.reference)
    known = human.population(bench, bench.regions([REGIONS[0]]))
    common = known.snvs.frequency > 0.05
    assert set(np.abs(known.snvs.polarity)) == {2}
    assert 0.2 < (known.snvs.polarity[common] < 0).mean() < 0.4
    assert (known.snvs.polarity[~common] > 0).all()
    assert "ALT is the ancestral one of" in human._told(known)


def test_consequences_of_planted_genes(data, tiny, monkeypatch):
    findings = consequences.run(Options(data, str(tiny)))
    genes = sum(
        low < start + 1 and start + 600 < high
        for start in range(600, LENGTH - 1_500, STEP)
        for low, high in ((0, 12_000), (20_000, LENGTH))
    )
    assert f"{genes} have one frame" in findings.notes[0]
    own = {row.part: row for row in findings.rows if row.metric == "AUROC of LLR"}
    plain = {"synonymous over nonsense", "synonymous over missense", "missense over nonsense"}
    assert set(own) == plain | {f"{each}, trinucleotides matched too" for each in plain}
    assert all(own[each].n > 100 and 0.3 < own[each].value.mean < 0.7 for each in plain)

    def knowing(self, region):
        """Stops are what this model dreads."""
        genes, *_ = refseq.coding_genes(bench[0], region)
        codes = self.codes(Region(0, 0, LENGTH))
        every = consequences.coding_substitutions(genes, codes, 0)
        table = np.full((len(region), 4), -1.4, dtype=np.float32)
        stop = every.consequence == 2
        table[every.snvs.position[stop] - region.start, every.snvs.alt[stop]] = -9
        return table

    bench: list[Bench] = []
    monkeypatch.setattr(consequences, "Bench", lambda *words, **more: bench.append(Bench(*words, **more)) or bench[0])
    monkeypatch.setattr(crossfit.CrossFitted, "log_probs", knowing)
    rows = {row.part: row for row in consequences.run(Options(data, str(tiny))).rows if row.metric == "AUROC of LLR"}
    assert rows["synonymous over nonsense"].value.mean == rows["missense over nonsense"].value.mean == 1
    assert rows["synonymous over missense"].value.mean == 0.5


def test_motifs_and_promoters_that_a_model_knows_are_told(data, tiny, monkeypatch):
    def knowing(self, region):
        """Only what lies in a peak, or an island with a start, is expected."""
        codes = self.codes(region)
        table = np.full((len(region), 4), np.log(0.25), dtype=np.float32)
        for low, high in known[region.start]:
            table[np.arange(low, high), np.minimum(codes[low:high], 3)] = np.log(0.9)
        return table

    with gzip.open(data / regulation.PEAKS / "ChIPseq.K562.ONE.conservative.train.narrowPeak.gz", "rt") as file:
        peaks = [tuple(map(int, line.split()[1:3])) for line in file]
    known = {
        low: [(max(0, a - low), min(high - low, b - low)) for a, b in peaks if b > low and a < high]
        for low, high in ((0, 12_000), (20_000, LENGTH))
    }
    plain = regulation.run(Options(data, str(tiny)))
    own = [row for row in plain.rows if row.who == "tiny"]
    assert {row.part.split(",")[0] for row in own} >= {
        "bound over unbound motifs of ONE",
        f"{regulation.BOUND} of like fit",
        "TATA boxes over other matches of like fit",
        "CpG promoters over islands of like GC and CpG",
    }
    monkeypatch.setattr(crossfit.CrossFitted, "log_probs", knowing)
    findings = regulation.run(Options(data, str(tiny)))
    told = {row.part: row.value.mean for row in findings.rows if row.metric == f"AUROC of {regulation.LIKELY}"}
    assert len(told) == 5
    assert all(value > 0.95 for value in told.values()), told


def test_sites_of_a_motif_are_found_on_both_strands(data):
    motif = read_motifs(data / regulation.MOTIFS)[0]
    text = "C" * 30 + WORD + "C" * 9 + turned(WORD) + "CCN"
    starts, forward, bits = regulation.motif_sites(motif, encode(text))
    assert starts.tolist() == [30, 51]
    assert forward.tolist() == [True, False]
    assert bits == pytest.approx(motif.bits().max(axis=1).sum(), rel=1e-5)
    assert not len(regulation.motif_sites(motif, encode(text.replace("GCA", "GNA").replace("TGC", "TNC")))[0])
    assert not len(regulation.motif_sites(motif, encode("ACG"))[0])


def test_overlaps_are_those_of_plain_loops():
    rng = np.random.default_rng(3)
    low = rng.integers(0, 900, 40)
    known = Intervals(low, low + rng.integers(1, 60, 40), np.ones(40, dtype=bool))
    starts = rng.integers(0, 1_000, 200)
    ends = starts + rng.integers(1, 9, 200)
    for slack in (0, 7):
        plain = [
            bool(((known.starts < e + slack) & (known.ends > s - slack)).any())
            for s, e in zip(starts, ends, strict=True)
        ]
        assert regulation.overlaps(starts, ends, known, slack).tolist() == plain


def test_goals_are_read_off_the_rows():
    donors, bits = GOALS[0], next(goal for goal in GOALS if goal.against)
    rows = [
        Figure("splice", donors.part, "good", donors.metric, 9, Estimate(0.85, 0.82, 0.9), species=donors.species.name),
        Figure("splice", donors.part, "weak", donors.metric, 9, Estimate(0.81, 0.7, 0.9), species=donors.species.name),
        Figure("splice", donors.part, "bad", donors.metric, 9, Estimate(0.42, 0.4, 0.44), species=donors.species.name),
        *(
            Figure(
                *(bits.study, bits.part, who, bits.metric, 9, Estimate(1.7, 1.6, 1.8)),
                against=bits.against,
                difference=Estimate(value, value - 0.02, value + 0.02),
                species=bits.species.name,
            )
            for who, value in (("low", 0.1), ("high", 0.2))
        ),
    ]
    lines = goals_table(rows).splitlines()[2:]
    told = {line.split("|")[3].strip(" `"): line.split("|")[5].strip() for line in lines if "`" in line}
    assert told == {
        "good": "yes",
        "weak": "yes, but not with its whole interval",
        "bad": "no",
        "low": "no",
        "high": "yes",
    }
    assert sum("not measured" in line for line in lines) == len(GOALS) - 2
