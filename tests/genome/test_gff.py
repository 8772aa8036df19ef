"""Regions, genes and TSS distances against a brute-force look at every line."""

import gzip

import numpy as np
import pytest

from dnalect.core.errors import InputError
from dnalect.genome.gff import CLASSES, open_annotation
from dnalect.genome.promoters import UPSTREAM
from dnalect.jobs.demo.data import GENES


def lines():
    with gzip.open(GENES, "rt") as file:
        for line in file:
            if not line.startswith("#"):
                c = line.rstrip("\n").split("\t")
                yield c[2], int(c[3]) - 1, int(c[4]), c[6], c[8]


def test_against_brute_force_on_yeast():
    annotation = open_annotation(GENES)
    features = list(lines())
    genes = [(s, e, strand, text) for kind, s, e, strand, text in features if kind == "gene"]
    for at in np.random.default_rng(0).integers(0, 230_000, 400):
        at = int(at)
        gene, region, distance = annotation.annotate("chrI", at, at + 1)
        covering = {kind for kind, s, e, _, _ in features if s <= at < e}
        expected = next((name for name, kinds in CLASSES if covering & set(kinds)), "intergenic")
        tss = [(s, 1) if strand == "+" else (e - 1, -1) for s, e, strand, _ in genes]
        upstream = [(t - at) * sign for t, sign in tss]
        if expected in ("intergenic", "origin") and any(0 < u <= UPSTREAM for u in upstream):
            expected = "promoter"
        assert region == expected
        assert abs(distance) == min(abs(t - at) for t, _ in tss)
        assert distance in [(at - t) * sign for t, sign in tss]
        inside = [text for s, e, _, text in genes if s <= at < e]
        assert not inside or any(gene in text for text in inside)


def test_a_gene_in_words(tmp_path):
    path = tmp_path / "g.gff"
    path.write_text(
        "##gff-version 3\nc\tx\tgene\t101\t200\t.\t-\t.\tID=g1;Name=abc\nc\tx\tCDS\t121\t200\t.\t-\t0\tParent=g1\n"
    )
    annotation = open_annotation(path)
    assert annotation.annotate("c", 199, 200) == ("abc", "CDS", 0)
    assert annotation.annotate("c", 110, 111) == ("abc", "intron", 89)
    assert annotation.annotate("c", 200, 201) == ("abc", "promoter", -1)
    assert annotation.annotate("c", 99, 100) == ("abc", "intergenic", 100)
    assert annotation.annotate("d", 99, 100) == ("", "", None)
    gtf = tmp_path / "g.gtf"
    gtf.write_text('c\tx\tgene\t101\t200\t.\t+\t.\tgene_id "G"; gene_name "abc";\n')
    assert open_annotation(gtf).annotate("c", 100, 101) == ("abc", "intron", 0)


@pytest.mark.parametrize("text", ["", "hello\n", "c\tx\tgene\tone\t2\t.\t+\t.\tID=1\n"])
def test_what_is_no_gff(tmp_path, text):
    path = tmp_path / "g.gff"
    path.write_text(text)
    with pytest.raises(InputError):
        open_annotation(path)
