"""Levels of BED peaks and bigWigs around places, against sums base by base."""

import numpy as np
import pytest

from dnalect.core.errors import InputError
from dnalect.genome.bigwig import BigWig
from dnalect.genome.levels import Levels

WINDOW, BINS = 64, 8


def by_hand(values, middles):
    """Means over bins of values (L,) of a contig; what lies beyond its ends counts as 0."""
    padded = np.concatenate([np.zeros(WINDOW), values, np.zeros(WINDOW)])
    rows = [padded[middle + WINDOW // 2 : middle + WINDOW // 2 + WINDOW] for middle in middles]
    return np.array(rows).reshape(len(rows), BINS, -1).mean(axis=2)


def test_peaks_are_as_high_as_they_rank_in_their_file(tmp_path):
    path = tmp_path / "a.narrowPeak"
    rows = [(10, 30, 5.0), (50, 52, 1.0), (90, 140, 7.0), (100, 110, 5.0)]
    path.write_text("".join(f"chr1\t{a}\t{b}\t.\t0\t.\t{height}\t-1\t-1\t-1\n" for a, b, height in rows))
    values = np.zeros(200)
    for low, high, level in ((10, 30, 0.75), (50, 52, 0.25), (90, 140, 1.0)):
        values[low:high] = level
    middles = np.array([0, 20, 51, 100, 180])
    levels = Levels(path)
    # The peak inside another one adds nothing beyond 1; the name may lack its prefix.
    np.testing.assert_allclose(levels.around("1", middles, WINDOW, BINS), by_hand(values, middles), atol=1e-6)
    assert levels.around("chr2", middles, WINDOW, BINS) is None


@pytest.mark.parametrize("columns", [3, 5])
def test_peaks_without_heights_or_of_one_height_are_1(tmp_path, columns):
    path = tmp_path / "a.bed"
    path.write_text("".join("\t".join(("c", str(at), str(at + 4), "x", "7")[:columns]) + "\n" for at in (8, 32)))
    assert Levels(path).around("c", np.array([32]), WINDOW, BINS).max() == pytest.approx(0.5)


def test_a_bigwig_is_read_beside_its_own_mean(tmp_path):
    path, values = tmp_path / "a.bw", np.random.default_rng(0).gamma(1, 3, 300).astype(np.float32)
    values[40:80] = np.nan
    track = BigWig(path, {"c": 300, "d": 100})
    track.add(0, 0, values)
    track.add(1, 0, np.full(100, 2, dtype=np.float32))
    track.finish()
    track.close()
    mean = np.nanmean(np.concatenate([values, np.full(100, 2)]))
    middles = np.array([5, 60, 150, 299])
    wanted = np.log1p(by_hand(np.nan_to_num(values), middles) / mean)
    levels = Levels(path)
    np.testing.assert_allclose(levels.around("c", middles, WINDOW, BINS), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(levels.around("d", np.array([50]), WINDOW, BINS), np.log1p(2 / mean), rtol=1e-5)
    np.testing.assert_allclose(levels.around("c", middles, WINDOW, BINS), wanted, rtol=1e-5, atol=1e-6)


def test_what_is_no_signal_is_refused(tmp_path):
    (tmp_path / "a.bed").write_text("# nothing\n")
    with pytest.raises(InputError, match="holds no interval"):
        Levels(tmp_path / "a.bed")
    (tmp_path / "a.bw").write_bytes(b"x" * 200)
    with pytest.raises(InputError, match="is no bigWig"):
        Levels(tmp_path / "a.bw")
