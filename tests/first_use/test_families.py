"""A folder of every family scores a VCF: substitutions, indels, symbolic alleles."""

import numpy as np
import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect
from models.folders import TINY, make

LENGTH = 400
HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=c,length=400>\n"
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    text = "".join(np.random.default_rng(3).choice(list("ACGT"), LENGTH))
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    rows = [
        (201, text[200], other[text[200]], "."),
        (205, text[204:207], "".join(other[base] for base in text[204:207]), "."),
        (210, text[209:212], text[209], "."),
        (215, text[214], text[214] + "GA", "."),
        (220, text[219], "<DEL>", "END=224"),
        (230, text[229], "<DUP:TANDEM>", "END=233"),
        (240, text[239], "<INV>", "END=244"),
    ]
    (folder / "g.fa").write_text(f">c\n{text}\n")
    lines = ("\t".join(("c", str(pos), ".", ref, alt, ".", ".", info)) for pos, ref, alt, info in rows)
    (folder / "v.vcf").write_text(HEADER + "\n".join(lines) + "\n")
    return folder, len(rows)


@pytest.mark.parametrize("name", TINY)
def test_a_folder_scores_every_kind_of_allele(inputs, tmp_path, monkeypatch, name):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    files, count = inputs
    model, out = str(make(name, tmp_path / "m")), tmp_path / "o.tsv"
    words = ["score", str(files / "g.fa"), str(files / "v.vcf"), "--model", model, "--background", "0"]
    done = CliRunner().invoke(dnalect, [*words, "-o", str(out)])
    assert done.exit_code == 0, done.output
    head, *rows = [line.split("\t") for line in out.read_text().splitlines() if not line.startswith("#")]
    scores = [row[head.index("llr")] for row in rows]
    assert len(rows) == count
    assert all(scores), [row[head.index("reason")] for row in rows]
    assert len(set(scores)) > count // 2
