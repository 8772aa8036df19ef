"""The likelihood table: the model beside its rivals, on all bases and on homology-free tiles."""

from pathlib import Path

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, FastaError
from dnalect.genome.fasta import Genome, open_genome
from dnalect.workflows.likelihood import COLUMNS, aligned, evaluate_likelihood


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


def uniform(codes: np.ndarray) -> np.ndarray:
    return np.full((len(codes), 4), np.log(0.25), dtype=np.float32)


def test_rows(genome: Genome, tmp_path: Path) -> None:
    out = tmp_path / "likelihood.tsv"
    rows = evaluate_likelihood(uniform, genome, ["test"], ["train"], ["tune"], out, name="flat", order=14)
    assert len(rows) == 2 + 2 * 2 * (15 + 15 + 1)
    flat, flat_free = rows[:2]
    assert (flat.model, flat.region, flat.bases) == ("flat", "all", 29_999)
    assert flat_free.region == "homology-free"
    assert flat_free.bases == 30_000 - 1_024 - 1
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
    assert "one (left only)" in aligned(rows)
    assert len(aligned(rows).splitlines()) == len(lines)


def test_without_rivals(genome: Genome) -> None:
    rows = evaluate_likelihood(uniform, genome, ["test"], ["train"], ["tune"], markov=False, sides="one")
    assert [row.sides for row in rows] == ["one", "one"]
    assert all(row.minus_interpolated is None and row.minus_mixed is None for row in rows)
    assert "one (left only)" in aligned(rows)


def test_faults(genome: Genome) -> None:
    with pytest.raises(ConfigError, match="train stands in both"):
        evaluate_likelihood(uniform, genome, ["train"], ["train"], ["tune"])
    with pytest.raises(ConfigError, match="at least one contig in 'validation'"):
        evaluate_likelihood(uniform, genome, ["test"], ["train"], [])
    with pytest.raises(FastaError, match="chrQ"):
        evaluate_likelihood(uniform, genome, ["chrQ"], ["train"], ["tune"])
