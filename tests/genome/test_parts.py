"""Every base of a contig is of the kind of region that the GFF says."""

from itertools import pairwise

import numpy as np
import pyBigWig
import pytest

from dnalect.core.errors import InputError
from dnalect.genome.parts import CODING, INTERGENIC, INTRON, OTHER, PROMOTER, paint, read_parts
from dnalect.genome.signal import read_signal


def gff(path, *rows):
    lines = [
        "\t".join([c, "x", kind, str(start + 1), str(end), ".", strand, ".", more])
        for c, kind, start, end, strand, more in rows
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def runs(codes):
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    return [(int(codes[low]), low, high) for low, high in pairwise(edges)]


def test_genes_introns_promoters_on_both_strands(tmp_path):
    path = gff(
        tmp_path / "a.gff",
        ("c", "gene", 300, 400, "+", "ID=g"),
        ("c", "exon", 300, 330, "+", "Parent=t"),
        ("c", "CDS", 310, 330, "+", "Parent=t"),
        ("c", "CDS", 360, 400, "+", "Parent=t"),
        ("c", "gene", 600, 650, "-", "ID=h"),
        ("c", "tRNA", 600, 650, "-", "ID=h"),
        ("c", "centromere", 640, 660, "+", ""),
    )
    spans = read_parts(path, 50)
    assert runs(paint(800, spans["c"])) == [
        (INTERGENIC, 0, 250), (PROMOTER, 250, 300), (OTHER, 300, 310), (CODING, 310, 330), (INTRON, 330, 360),
        (CODING, 360, 400), (INTERGENIC, 400, 600), (OTHER, 600, 650), (PROMOTER, 650, 700), (INTERGENIC, 700, 800),
    ]  # fmt: skip


def test_without_gene_lines_the_parts_of_a_transcript_make_one(tmp_path):
    path = gff(
        tmp_path / "a.gff",
        *(("c", "CDS", start, start + 10, "-", f'name "{name}"') for start, name in ((20, "x"), (40, "x"), (100, "y"))),
    )
    codes = paint(150, read_parts(path, 5)["c"])
    assert runs(codes)[1:6] == [
        (CODING, 20, 30), (INTRON, 30, 40), (CODING, 40, 50), (PROMOTER, 50, 55), (INTERGENIC, 55, 100),
    ]  # fmt: skip


def test_a_file_without_genes_is_refused(tmp_path):
    with pytest.raises(InputError, match="is it a GFF3"):
        read_parts(gff(tmp_path / "a.gff", ("c", "centromere", 1, 5, "+", "")))


def test_a_signal_is_read_by_alias_with_its_holes(tmp_path):
    file = pyBigWig.open(str(tmp_path / "s.bw"), "w")
    file.addHeader([("chr1", 20), ("b", 9)])
    file.addEntries("chr1", 5, values=[0.5, 2.0], span=1, step=1)
    file.close()
    values = read_signal(tmp_path / "s.bw", "1", 20)
    assert np.flatnonzero(~np.isnan(values)).tolist() == [5, 6]
    assert values[5:7].tolist() == [0.5, 2.0]
    assert np.isnan(read_signal(tmp_path / "s.bw", "z", 4)).all()
    with pytest.raises(InputError, match="b has 9 bases, the reference 10; give a track of this assembly"):
        read_signal(tmp_path / "s.bw", "b", 10)
    (tmp_path / "junk.bw").write_bytes(b"junk" * 30)
    with pytest.raises(InputError, match="is no bigWig"):
        read_signal(tmp_path / "junk.bw", "b", 10)
    with pytest.raises(InputError, match="no such file"):
        read_signal(tmp_path / "none.bw", "b", 10)
