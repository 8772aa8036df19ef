"""Causal models of long convolutions score a call set, indels and symbolic alleles among it, with long windows."""

import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect
from dnalect.tokens.bases import decode, encode
from inference.toys import random_genome
from models.folders import TINY, make


@pytest.mark.parametrize("name", ["hyenadna", "evo", "evo2"])
def test_every_record_gets_a_score_or_a_reason(tmp_path, monkeypatch, name):
    for key in ("max_seq_len", "max_seqlen"):
        monkeypatch.setitem(TINY[name][1], key, 600)
    genome = random_genome(tmp_path / "g.fa")
    text = decode(encode(genome.fetch(0, 0, 600)))
    contig = genome.names[0]
    rows = [
        (300, text[299], "ACGT"[("ACGT".index(text[299]) + 1) % 4], "."),
        (350, text[349], text[349] + "GATTACA", "."),
    ]
    rows += [(400, text[399:405], text[399], "."), (450, text[449], "<DEL>", "SVTYPE=DEL;END=460;SVLEN=-10")]
    rows += [(500, text[499], "<INS>", "SVTYPE=INS;END=500"), (510, text[509], "*", ".")]
    lines = [f"{contig}\t{at}\t.\t{ref}\t{alt}\t.\tPASS\t{info}\n" for at, ref, alt, info in rows]
    header = f"##fileformat=VCFv4.3\n##contig=<ID={contig},length={int(genome.lengths[0])}>\n"
    (tmp_path / "v.vcf").write_text(header + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    words = ["score", "g.fa", "v.vcf", "-m", make(name, tmp_path / "m"), "--window", "200", "--background", "0"]
    words = [str(tmp_path / word) if word in ("g.fa", "v.vcf") else str(word) for word in words]
    done = CliRunner().invoke(dnalect, [*words, "-o", str(tmp_path / "o.tsv")])
    assert done.exception is None, done.output
    table = [line.split("\t") for line in (tmp_path / "o.tsv").read_text().splitlines() if not line.startswith("#")]
    found = [row for row in table if row[0] == contig]
    assert len(found) == len(rows)
    assert all(float(row[6]) for row in found[:4])
    assert all(any(row[6:]) for row in found)
