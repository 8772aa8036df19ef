"""Kinds of sequence: each base in the kind that it is of, whatever region it is asked with."""

import numpy as np
import pytest

import dnalect
from dnalect.genome.gff import open_annotation
from dnalect.genome.kinds import kinds_of
from dnalect.genome.regions import Region

GENES = ((2_000, 3_000, "+"), (9_000, 9_600, "-"))
CDS = ((2_100, 2_600),)
RUNS = {299: "GAAAAAAAG", 399: "GACACACACACG", 499: "GAAAAAG", 599: "TCGCGT"}


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    # C and A in turn of seven, without a run or a CpG; the last 1,000 bases are G and C alone.
    bases = list(("CATACTA" * 3_000)[:20_000] + "GCC" * 334)[:21_000]
    for at, text in RUNS.items():
        bases[at : at + len(text)] = text
    text = "".join(bases)
    (folder / "g.fa").write_text(f">c\n{text[:700]}{text[700:800].lower()}{text[800:]}\n")
    lines = [f"c\t.\tgene\t{low + 1}\t{high}\t.\t{way}\t.\tID=g{low}\n" for low, high, way in GENES]
    lines += [f"c\t.\tCDS\t{low + 1}\t{high}\t.\t+\t0\tParent=g2000\n" for low, high in CDS]
    (folder / "g.gff").write_text("##gff-version 3\n" + "".join(lines))
    genome = dnalect.open_genome(folder / "g.fa")
    annotation = open_annotation(str(folder / "g.gff"))
    return genome, annotation, kinds_of(genome, [Region(0, 0, 21_000)], annotation)


def where(mask):
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).reshape(-1, 2)
    return [tuple(each) for each in edges.tolist()]


def test_kinds_of_a_question_share_no_base(known):
    for kinds in known[2].values():
        assert np.sum(list(kinds.values()), axis=0).max() == 1


def test_repeats_and_cpg(known):
    _, _, kinds = known
    runs = where(kinds["repeats"]["runs of one base"])
    assert [each for each in runs if each[1] < 1_000] == [(300, 307)]
    assert [each for each in where(kinds["repeats"]["two bases in turn"]) if each[1] < 1_000] == [(400, 410)]
    assert (600, 604) in where(kinds["CpG"]["C or G of a CpG"])
    assert not kinds["CpG"]["C or G of a CpG"][:290].any()
    assert where(kinds["soft-masked"]["lower case"]) == [(700, 800)]


def test_content_is_that_of_the_bases_around(known):
    content = known[2]["G and C within 100 bases"]
    assert content["55-100%"][20_200:].all()
    assert not content["55-100%"][:19_900].any()
    assert content["0-35%"][10_000]


def test_places_by_genes(known):
    _, _, kinds = known
    assert where(kinds["strand"]["genes on the + strand"]) == [(2_000, 3_000)]
    assert where(kinds["strand"]["genes on the - strand"]) == [(9_000, 9_600)]
    apart = kinds["distance from genes"]
    assert where(apart["in a gene"]) == [(2_000, 3_000), (9_000, 9_600)]
    assert where(apart["0-500 bases"]) == [(1_501, 2_000), (3_000, 3_499), (8_501, 9_000), (9_600, 10_099)]
    assert where(apart["10,000 bases or more"]) == [(19_599, 21_000)]
    region = kinds["region"]
    assert where(region["coding"]) == [(2_100, 2_600)]
    # 500 bases before each start, on its own strand.
    assert where(region["promoter"]) == [(1_500, 2_000), (9_600, 10_100)]
    assert where(region["genes, not coding"]) == [(2_000, 2_100), (2_600, 3_000), (9_000, 9_600)]


def test_regions_are_laid_end_to_end(known):
    genome, annotation, whole = known
    regions = [Region(0, 9_050, 9_700), Region(0, 250, 700)]
    parts = kinds_of(genome, regions, annotation)
    for question in ("repeats", "distance from genes", "strand", "region"):
        for name, mask in parts[question].items():
            there = whole[question][name]
            assert np.array_equal(mask, np.concatenate([there[9_050:9_700], there[250:700]])), (question, name)
