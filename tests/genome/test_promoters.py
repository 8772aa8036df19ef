"""A promoter is the same for annotations, strata and labels: the bases before a start, on its strand."""

import numpy as np

from dnalect.genome.fasta import open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.parts import PROMOTER, paint, read_parts
from dnalect.genome.promoters import UPSTREAM, promoter_spans, starts_of
from dnalect.genome.regions import Region
from dnalect.genome.strata import gene_strata

LENGTH = 10 * UPSTREAM


def test_spans_lie_before_the_start_on_its_strand():
    forward = np.array([True, False])
    tss = starts_of(np.array([500, 500]), np.array([900, 900]), forward)
    assert tss.tolist() == [500, 899]
    starts, ends = promoter_spans(tss, forward, 10)
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(490, 500), (900, 910)]
    assert [int(each) for each in promoter_spans(tss, forward)[1] - promoter_spans(tss, forward)[0]] == [UPSTREAM] * 2


def test_every_reader_of_a_gff_has_the_same_promoters(tmp_path):
    (tmp_path / "g.fa").write_text(f">c\n{'ACGT' * (LENGTH // 4)}\n")
    rows = ["##gff-version 3"]
    for name, low, high, strand in (("a", 2, 3, "+"), ("b", 3.5, 4.5, "-"), ("d", 6, 7, "+")):
        begin, end = int(low * UPSTREAM) + 1, int(high * UPSTREAM)
        rows.append(f"c\tx\tgene\t{begin}\t{end}\t.\t{strand}\t.\tID={name};Name={name}")
        rows.append(f"c\tx\tCDS\t{begin}\t{end}\t.\t{strand}\t0\tParent={name}")
    (tmp_path / "g.gff").write_text("\n".join(rows) + "\n")
    wanted = np.zeros(LENGTH, dtype=bool)
    wanted[UPSTREAM : 2 * UPSTREAM] = wanted[9 * UPSTREAM // 2 : 6 * UPSTREAM] = True
    annotation = open_annotation(tmp_path / "g.gff")
    genome = open_genome(tmp_path / "g.fa")
    assert np.array_equal(gene_strata(genome, [Region(0, 0, LENGTH)], annotation)["promoter"], wanted)
    assert np.array_equal(paint(LENGTH, read_parts(tmp_path / "g.gff")["c"]) == PROMOTER, wanted)
    regions = [annotation.annotate("c", at, at + 1) for at in range(LENGTH)]
    assert [region == "promoter" for _, region, _ in regions] == wanted.tolist()
    # Between two starts it is the promoter of the nearer one.
    assert [regions[at][0] for at in (26 * UPSTREAM // 5, 27 * UPSTREAM // 5)] == ["b", "d"]
