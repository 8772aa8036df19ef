"""A track of conservation: slow where nothing changes, no value where nobody is aligned, a file or none."""

import gzip

import numpy as np
import pytest

import dnalect
import forked
from dnalect.core.errors import ConfigError
from dnalect.genome.bigwig_reader import BigWigReader
from dnalect.jobs.conservation import ConservationOptions, conservation_track

END = 30_000


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    files = dnalect.demo_files("chrXIV")
    out = tmp_path_factory.mktemp("track") / "c.bw"
    region = f"chrXIV:1-{END}"
    return conservation_track(ConservationOptions(files.reference, files.alignment, out, (region,))), out


def test_coding_bases_change_more_slowly(track):
    count, out = track
    with BigWigReader(str(out)) as file:
        values = file.values("chrXIV", 0, END)
        beyond = file.values("chrXIV", END, END + 100)
    known = np.isfinite(values)
    assert known.sum() == count
    assert not np.isfinite(beyond).any()
    coding = np.zeros(END, dtype=bool)
    with gzip.open(dnalect.demo_files("chrXIV").annotation, "rt") as lines:
        for _, _, kind, start, end, *_ in (line.split("\t") for line in lines if line.count("\t") > 7):
            if kind == "CDS":
                coding[int(start) - 1 : int(end)] = True
    assert values[known & coding].mean() > values[known & ~coding].mean() + 0.25


def test_there_is_no_value_where_nobody_is_aligned(track):
    files = dnalect.demo_files("chrXIV")
    from dnalect.relatives import open_alignment

    alignment = open_alignment(files.alignment, dnalect.open_genome(files.reference))
    with BigWigReader(str(track[1])) as file:
        values = file.values("chrXIV", 0, END)
    assert np.array_equal(np.isfinite(values), (alignment.bases(0)[:, :END] < 4).any(0))


def test_the_command_and_its_errors(fasta, tmp_path):
    out = tmp_path / "c.bw"
    done = forked.dnalect("conservation", fasta, tmp_path / "nothing", "-o", out, text=True)
    assert done.returncode == 1
    assert "does not exist" in done.stderr
    assert not out.exists()
    done = forked.dnalect("conservation", fasta, dnalect.demo_files().alignment, "-o", out, text=True)
    assert done.returncode == 1
    assert "nothing is aligned" in done.stderr
    assert not out.exists()
    with pytest.raises(ConfigError, match="none of the suffixes"):
        ConservationOptions("a.fa", "b", "c.txt")
