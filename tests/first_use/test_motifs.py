"""The report of `score` says which sites of known motifs its variants change, and of nothing else."""

import re

import numpy as np
import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect as command
from dnalect.tokens.bases import BASES, encode

SITE = "GTTACCCGGA"


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(4)
    text = "".join(rng.choice(list(BASES), 3000))
    text = text[:1000] + SITE + text[1010:]
    (tmp_path / "one.fa").write_text(f">chrA\n{text}\n")
    rows = [
        ("chrA", 1006, "C", "A"),
        *(("chrA", at, text[at - 1], BASES[BASES.index(text[at - 1]) - 1]) for at in (500, 2000)),
    ]
    (tmp_path / "some.tsv").write_text("chrom\tpos\tref\talt\n" + "".join("\t".join(map(str, r)) + "\n" for r in rows))
    known = np.full((10, 4), 0.01)
    known[np.arange(10), encode(SITE)] = 0.97
    motifs = [("REB1_12", known), *((f"M{n}", rng.dirichlet(np.full(4, 0.3), 8)) for n in range(30))]
    lines = ["MEME version 4", "ALPHABET= ACGT"]
    for name, table in motifs:
        lines += [f"MOTIF {name}", "letter-probability matrix: nsites= 60", *(" ".join(map(str, row)) for row in table)]
    (tmp_path / "known.meme").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_report_names_the_site_and_the_chance_of_its_match(files, model_folder):
    words = ["one.fa", "some.tsv", "--model", str(model_folder), "--background", "0", "--no-provenance", "--motifs"]
    paths = [str(files / word) if "." in word else word for word in words]
    done = CliRunner().invoke(
        command,
        ["score", *paths, str(files / "known.meme"), "-o", str(files / "a.tsv"), "--report", str(files / "a.html")],
    )
    assert done.exit_code == 0, done.output
    text = (files / "a.html").read_text()
    (found,) = set(re.findall(r"(?:weakens|strengthens) an? [^<\"]*", text))
    assert re.match(r"weakens a REB1 site: match p \de-0[67] -&gt; \S+, model [+-]\d+\.\d", found)
