"""The likelihood table: the model beside its rivals, on all bases and on homology-free tiles."""

from pathlib import Path

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, FastaError, InputError
from dnalect.genome.bed import read_bed
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.regions import Region
from dnalect.jobs.likelihood import COLUMNS, Strata, aligned, evaluate_likelihood


@pytest.fixture
def genome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Genome:
    """Three random contigs; `test` has 1,000 bases of `train` and one N."""
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(9)
    train, tune, test = (rng.choice(list("ACGT"), 30_000).tolist() for _ in range(3))
    test[:1_000] = train[500:1_500]
    tune[:1_000] = train[5_000:6_000]
    test[20_000] = "N"
    path = tmp_path / "genome.fa"
    parts = {"train": train, "tune": tune, "test": test}
    path.write_text("".join(f">{name}\n{''.join(bases)}\n" for name, bases in parts.items()))
    return open_genome(path)


def uniform(codes: np.ndarray, _: np.ndarray) -> np.ndarray:
    return np.full((len(codes), 4), np.log(0.25), dtype=np.float32)


def test_rows(genome: Genome, tmp_path: Path) -> None:
    out = tmp_path / "likelihood.tsv"
    rows = evaluate_likelihood(uniform, genome, ["test"], ["train"], ["tune"], out, name="flat", order=14)
    assert len(rows) == 3 + 3 * 2 * (15 + 15 + 1)
    flat, flat_free, flat_repeats = rows[:3]
    assert (flat.model, flat.region, flat.bases) == ("flat", "all", 29_999)
    assert flat_free.region == "homology-free"
    assert flat_free.bases == 30_000 - 1_024 - 1
    assert (flat_repeats.region, flat_repeats.bases) == ("repeats", 1_001)
    assert flat.bits == pytest.approx((2, 2, 2), abs=1e-6)
    rival = next(r for r in rows if (r.sides, r.kind, r.order, r.region) == ("two", "interpolated", 14, "all"))
    assert rival.bits.mean < 1.99
    assert rival.minus_interpolated == (0, 0, 0)
    assert flat.minus_interpolated is not None
    assert flat.minus_interpolated.mean == pytest.approx(2 - rival.bits.mean, abs=1e-5)
    lines = [line.split("\t") for line in out.read_text().splitlines()]
    assert tuple(lines[0]) == COLUMNS
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert len(lines) == len(rows) + 1
    assert "(left only)" in aligned(rows)
    assert len(aligned(rows).splitlines()) == len(lines)


def test_without_rivals(genome: Genome) -> None:
    rows = evaluate_likelihood(uniform, genome, ["test"], ["train"], ["tune"], markov=False, sides="one")
    assert [row.sides for row in rows] == ["one", "one", "one"]
    assert all(row.minus_interpolated is None and row.minus_mixed is None for row in rows)
    assert "(left only)" in aligned(rows)


def test_faults(genome: Genome) -> None:
    with pytest.raises(ConfigError, match="train stands in both"):
        evaluate_likelihood(uniform, genome, ["train"], ["train"], ["tune"])
    with pytest.raises(ConfigError, match="at least one region in 'validation'"):
        evaluate_likelihood(uniform, genome, ["test"], ["train"], [])
    with pytest.raises(FastaError, match="chrQ"):
        evaluate_likelihood(uniform, genome, ["chrQ"], ["train"], ["tune"])


def test_regions_of_one_contig_and_strata(genome: Genome, tmp_path: Path) -> None:
    gff, bed = tmp_path / "genes.gff", tmp_path / "some.bed"
    gff.write_text(
        "test\t.\tgene\t1001\t2000\t.\t+\t.\tID=a\ntest\t.\tCDS\t1101\t1900\t.\t+\t0\tParent=a\n"
        "test\t.\tgene\t4001\t5000\t.\t-\t.\tID=b\n"
    )
    bed.write_text("test\t100\t150\ntest\t140\t200\nother\t1\t2\n")
    strata = Strata(str(gff), None, {"mine": str(bed)})
    with_gff = evaluate_likelihood(
        uniform, genome, ["test:1-9000"], ["train"], ["test:9001-30000"], markov=False, strata=strata
    )
    bases = {row.region: row.bases for row in with_gff}
    assert bases["all"] == 9_000
    assert bases["coding"] == 800
    assert bases["intergenic"] == 9_000 - 2_000
    assert bases["promoter"] == 1_000
    assert bases["mine"] == 100
    with pytest.raises(ConfigError, match="test:1-9000 stands in both"):
        evaluate_likelihood(uniform, genome, ["test:1-9000"], ["train"], ["test:8999-30000"])


@pytest.mark.parametrize(("strand", "low", "high"), [("+", 501, 1001), ("-", 2001, 2501)])
def test_promoters_from_measured_starts_follow_the_strand(
    genome: Genome, tmp_path: Path, strand: str, low: int, high: int
) -> None:
    tss = tmp_path / "tss.bed"
    tss.write_text(f"#note\ntest\t1001\t2001\tgene\t0\t{strand}\n")
    region = Region(genome.index["test"], 500, 3000)
    (mask,) = Strata(tss=str(tss)).masks(genome, [region]).values()
    assert np.array_equal(np.flatnonzero(mask) + 500, np.arange(low, high))


@pytest.mark.parametrize("line", ["test\t5", "test\tx\t9", "test\t9\t5", "# nothing"])
def test_what_is_no_bed_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.bed").write_text(line + "\n")
    with pytest.raises(InputError, match=r"a\.bed"):
        read_bed(tmp_path / "a.bed")


def test_a_sample_of_bases_is_the_same_for_every_model(genome: Genome) -> None:
    asked = []

    def counted(codes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        asked.append(wanted)
        return np.where(wanted[:, None], np.log([0.25] * 4), np.nan)

    rows = evaluate_likelihood(counted, genome, ["test"], ["train"], ["tune"], order=14, sample=500)
    assert asked[0].sum() == 500
    assert not asked[0][20_000]
    assert {row.bases for row in rows if row.region == "all"} == {500}
    assert rows[0].bits == pytest.approx((2, 2, 2), abs=1e-6)
