"""A VCF that has the ancestral allele: every output says which allele it is."""

import csv

import numpy as np
import pytest

from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options

DECLARED = '##INFO=<ID=AA,Number=1,Type=String,Description="Ancestral allele">\n'


@pytest.fixture
def scored(tmp_path, model_folder):
    bases = "".join(np.random.default_rng(4).choice(list("ACGT"), 1_000))
    (tmp_path / "g.fa").write_text(f">c\n{bases}\n")

    def run(head: str) -> list[dict[str, str]]:
        old = bases[499].lower()
        new = next(base for base in "ACGT" if base not in (bases[499], bases[599]))
        told = [(500, f"AA={old}|||"), (600, f"AC=1;AA={new}"), (700, "AA=N"), (800, "DP=3"), (900, "AA=-|AA|")]
        lines = [f"c\t{at}\t.\t{bases[at - 1]}\t{new if at < 700 else 'N'}\t.\t.\t{info}" for at, info in told]
        lines[2:] = [line.replace("\tN\t", f"\t{'A' if line.split(chr(9))[3] != 'A' else 'G'}\t") for line in lines[2:]]
        columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        (tmp_path / "v.vcf").write_text("##fileformat=VCFv4.2\n" + head + columns + "\n".join(lines) + "\n")
        outputs = [str(tmp_path / "s.tsv"), str(tmp_path / "s.vcf")]
        score_file(Options(str(tmp_path / "g.fa"), str(tmp_path / "v.vcf"), outputs, str(model_folder), background=0))
        with (tmp_path / "s.tsv").open(newline="") as file:
            return list(csv.DictReader((line for line in file if not line.startswith("# ")), delimiter="\t"))

    return run


@pytest.mark.filterwarnings("ignore:.*another one")
def test_the_ancestral_allele_is_told_where_the_file_declares_it(scored, tmp_path):
    rows = scored(DECLARED)
    assert [row["ancestral"] for row in rows] == ["ref", "alt", "", "", ""]
    text = (tmp_path / "s.vcf").read_text()
    assert text.count("DNALECT_ANCESTRAL=") == 2
    assert "##INFO=<ID=DNALECT_ANCESTRAL," in text
    assert "ancestral" not in scored("")[0]
