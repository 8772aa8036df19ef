"""Places, elements and partners of the studies of likeness, on small files; and what the pages say."""

import gzip

import numpy as np
import pytest

from dnalect.core import Estimate, Figure
from dnalect.genome import Intervals
from studies.alike import clusters, discovered_page, partners, places, species

GFF = "\t".join


def _line(kind, low, high, strand, told):
    return GFF(["c", ".", kind, str(low), str(high), ".", strand, "0" if kind == "CDS" else ".", told]) + "\n"


@pytest.fixture
def genome():
    from dnalect import open_genome

    return open_genome({"c": "ACGTTGCAGG" * 500})


def test_places_are_drawn_within_the_contig(genome):
    found = places.drawn(
        "t", genome, {"a": [(0, 10), (0, 500), (0, 500), (0, 900)], "b": [(0, 4990), (0, 700)]}, 5, 100
    )
    assert list(zip(found.at.tolist(), found.label, strict=True)) == [(500, "a"), (900, "a"), (700, "b")]
    assert [len(each) for each in found.windows(40)] == [40] * 3
    assert found.windows(10)[0] == "GCAGGACGTT"


def test_summits_near_those_of_another_factor_are_left_out(tmp_path, genome):
    path = tmp_path / "p.bed.gz"
    rows = [(100, "Reb1"), (150, "Abf1"), (1000, "Reb1"), (1040, "Reb1"), (2000, "Abf1"), (2010, "Spt15")]
    with gzip.open(path, "wt") as out:
        out.writelines(f"c\t{at}\t{at + 1}\t{name}\t9\t.\n" for at, name in rows)
    found = places._factor_sites(path, genome)
    assert found == {"Reb1": [(0, 1000), (0, 1040)], "Abf1": [(0, 2000)]}


def test_elements_of_an_annotation(tmp_path, genome):
    path = tmp_path / "g.gff"
    path.write_text(
        _line("gene", 1001, 1300, "+", "locus_tag=G1")
        + _line("CDS", 1001, 1100, "+", "Parent=m1")
        + _line("CDS", 1151, 1300, "+", "Parent=m1")
        + _line("gene", 2001, 2300, "-", "locus_tag=G2")
        + _line("CDS", 2001, 2300, "-", "Parent=m2")
    )
    found = species._of_coding(path, genome)
    spans = {
        name: list(zip(each[0].starts.tolist(), each[0].ends.tolist(), strict=True)) for name, each in found.items()
    }
    assert spans["coding sequence"] == [(1000, 1100), (1150, 1300), (2000, 2300)]
    assert spans["promoters"] == [(500, 1000), (2300, 2800)]
    # The same promoters, by the names of their genes.
    assert partners.promoters(genome, path, "locus_tag") == {"G1": (0, 500, 1000, True), "G2": (0, 2300, 2800, False)}
    assert partners.spelled(genome, (0, 0, 4, False)) == "ACGT"


def test_partners_are_found_or_not(tmp_path, genome):
    assert partners._best(np.array([[3.0, 1, 0], [5, 4, 0], [1, 1, 1]])).tolist() == [1, 0, 0]
    text = "ACGTTGCAGG" * 20
    changed = partners.mutated(text, 0.3, np.random.default_rng(0))
    assert sum(a != b for a, b in zip(text, changed, strict=True)) == 60
    path = tmp_path / "d.fa.gz"
    with gzip.open(path, "wt") as out:
        out.write(">c\n" + "." * 1000 + "\n" + "-" * 500 + "A" * 3500 + "\n")
    shares = partners.kept_shares(genome, path, [(0, 0, 500, True), (0, 750, 1250, False), (0, 2000, 2500, True)])
    assert shares.tolist() == [1, 0.5, 0]


def test_starts_at_the_ends_of_contigs_have_short_promoters():
    found = species._before(np.array([100, 100]), np.array([True, False]))
    assert isinstance(found, Intervals)
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == [(0, 100), (101, 601)]


def _figure(part, who, metric, value, against="", gap=0.1, **more):
    difference = Estimate(gap, gap - 0.05, gap + 0.05) if against else Estimate(np.nan, np.nan, np.nan)
    own = Estimate(value, value - 0.05, value + 0.05)
    return Figure("places", part, who, metric, 90, own, against=against, difference=difference, chance=0.2, **more)


def test_pages_say_what_figures_say():
    figures = [
        _figure("mean over classes", "m", metric, 0.6, rival, gap, p=0.002)
        for metric in ("neighbourhood purity", "silhouette")
        for rival, gap in (("words", 0.2), ("GC", -0.2))
    ]
    figures += [_figure("mean over classes", who, "neighbourhood purity", 0.4, p=0.3) for who in ("words", "GC")]
    page = clusters.page(figures, "python -m studies clusters")
    assert (
        "Neighbourhood purity 0.60 [0.55, 0.65], above labels turned about (0.20, p 0.002); better than words" in page
    )
    assert "worse than GC (\N{MINUS SIGN}0.20" in page
    assert "| mean over classes | 90 | 0.60 [0.55, 0.65] | 0.40 | 0.40 | 0.20 | 0.002 |" in page
    across = [_figure("X", "m: probe", "AUPRC", 0.7, "words: probe"), _figure("X", "words: probe", "AUPRC", 0.5)]
    pairs = [_figure("near", "m", discovered_page.FOUND, 0.9), _figure("near", "alignment", discovered_page.FOUND, 0.5)]
    page = discovered_page.page(across + pairs, "python -m studies discover")
    assert "| X | 0.20 | 0.70 [0.65, 0.75] | 0.50 |" in page
    assert "| near | 90 | 0.90 [0.85, 0.95] | 0.50 [0.45, 0.55] |  |" in page
    assert "5 genes" in page
    assert "above chance in X; better than words in X; better than every rival in X." in page
    worse = [_figure("X", "m: probe", "AUPRC", 0.7, "words: probe", -0.2), _figure("Y", "m: probe", "AUPRC", 0.1, "GC")]
    page = discovered_page.page([*across, *worse], "python -m studies discover")
    assert "above chance in 1 of 2 (X); better than words in 1 of 2 (X); better than every rival in 1 of 2 (Y)." in page
