"""Loops and domains as programs write them, and which of them joins what."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from dnalect.core.errors import InputError
from dnalect.genome.contacts import (
    NEAREST,
    NEITHER,
    SAME,
    SPLIT,
    TYPICAL,
    Domains,
    by_distance,
    read_domains,
    read_loops,
)
from dnalect.jobs.demo.data import DATA as FOLDER

LOOPS = FOLDER / "made_up_loops.txt.gz"
ARROWHEAD = "chr1\tx1\tx2\tchr2\ty1\ty2\tcolor\tf1\n20\t330000\t520000\t20\t330000\t520000\t255,255,0\t0.35\n"
JUICER = (
    "#chr1\tx1\tx2\tchr2\ty1\ty2\tname\tscore\tstrand1\tstrand2\tcolor\tobserved\texpectedBL\texpectedDonut\n"
    "# juicer_tools version 1.22.01\n"
    "chr7\t100\t200\tchr7\t900\t1000\t.\t.\t.\t.\t0,255,255\t30.0\t9.0\t10.0\n"
)


def written(folder: Path, text: str, name: str = "a.bedpe") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_list_of_hiccups_is_read_as_it_is():
    with gzip.open(LOOPS, "rt") as file:
        head, *rows = (line.rstrip("\n").split("\t") for line in file if not line.startswith("#"))
    found = read_loops(LOOPS)["20"]
    assert len(found.names) == len(rows)
    for n, row in enumerate(rows):
        cells = dict(zip(head, row, strict=True))
        assert found.starts[n].tolist() == [int(cells["x1"]), int(cells["y1"])]
        assert found.ends[n].tolist() == [int(cells["x2"]), int(cells["y2"])]
        assert found.enrichment[n] == float(cells["o"]) / float(cells["e_donut"])


def test_beds_of_pairs_of_other_programs(tmp_path):
    found = read_loops(written(tmp_path, JUICER))["chr7"]
    assert found.enrichment.tolist() == [3.0]
    assert found.names == ("chr7:101-200=chr7:901-1000",)
    remark = JUICER.replace("# juicer_tools version 1.22.01", "# of a map of many reads, by juicer_tools")
    assert read_loops(written(tmp_path, remark))["chr7"].enrichment.tolist() == [3.0]
    plain = "7\t0\t50\t7\t400\t500\tfirst\t12\n7\t0\t50\t8\t400\t500\n.\t-1\t-1\t7\t5\t6\n"
    both = read_loops(tmp_path / "a.bedpe", written(tmp_path, plain, "b.bedpe"))
    assert list(both) == ["chr7"]
    assert both["chr7"].names[1] == "first"
    assert np.isnan(both["chr7"].enrichment[1])
    assert both["chr7"].factors(np.array([0, 1, -1])).tolist() == [3.0, TYPICAL, 1.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no loop within a contig"),
        ("chr1\t5\t10\n", "line 1: 6 columns are needed, there are 3"),
        ("chr1\t5\t10\tchr1\t20\tx\n", "line 1: 'x' is no whole number"),
        ("chr1\t5\t5\tchr1\t20\t30\n", "line 1: 5 to 5 is no interval"),
        ("chr1\t5\t9\tchr2\t20\t30\n", "no loop within a contig"),
    ],
)
def test_what_is_no_file_of_loops(text, says, tmp_path):
    with pytest.raises(InputError, match=says):
        read_loops(written(tmp_path, text))


def test_what_is_no_file_of_domains(tmp_path):
    with pytest.raises(InputError, match="holds no domain"):
        read_domains(written(tmp_path, "chr1\tx1\tx2\tchr2\ty1\ty2\n"))
    with pytest.raises(InputError, match=r"line 2: 30 to 20"):
        read_domains(written(tmp_path, "chr1\t5\t9\nchr1\t30\t20\n"))


def test_loops_against_every_pair():
    """Each of them is asked by hand whether it joins a place and a site."""
    found, rng = read_loops(LOOPS)["20"], np.random.default_rng(3)
    sites = np.sort(rng.integers(0, 3_000_000, 400))
    joined = 0
    for slack in (0, 5_000, 40_000):
        for start in rng.integers(0, 3_000_000, 40).tolist():
            got, end = found.joining(start, start + 700, sites, slack), start + 700
            for site, loop in zip(sites.tolist(), got.tolist(), strict=True):
                fits = [
                    n
                    for n, (low, high) in enumerate(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
                    for a in (0, 1)
                    if start < high[a] + slack and end > low[a] - slack
                    if low[1 - a] - slack <= site < high[1 - a] + slack
                ]
                best = max((found.enrichment[n] for n in fits), default=None)
                assert (loop == -1) == (not fits)
                assert best is None or found.enrichment[loop] == best
                joined += bool(fits)
    assert joined > 100


def test_the_list_of_arrowhead(tmp_path):
    found = read_domains(written(tmp_path, ARROWHEAD))
    assert (list(found), found["20"].starts.tolist(), found["20"].ends.tolist()) == (["20"], [330_000], [520_000])
    assert read_domains(written(tmp_path, "chr2 5 9\n", "a.bed"))["chr2"].ends.tolist() == [9]


def test_domains_hold_both_or_one_or_none():
    domains = Domains(np.array([100, 150, 400]), np.array([300, 200, 500]))
    sites = np.array([120, 160, 350, 450, 99])
    assert domains.relations(110, 111, sites).tolist() == [SAME, SAME, SPLIT, SPLIT, SPLIT]
    assert domains.relations(350, 350, sites).tolist() == [SPLIT, SPLIT, NEITHER, SPLIT, NEITHER]
    # A deletion over the boundary touches both domains.
    assert domains.relations(290, 410, sites).tolist() == [SAME, SAME, SPLIT, SAME, SPLIT]


def test_contact_falls_with_the_power_of_distance():
    got = by_distance(np.array([0, NEAREST, 10 * NEAREST, -100 * NEAREST]))
    np.testing.assert_allclose(got, [1, 1, 10**-0.7, 100**-0.7])
