import gzip
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, InputError
from dnalect.genome.motifs import read_motifs

TEXT = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies (from unknown source):
A 0.3 C 0.2 G 0.2 T 0.3

MOTIF first FIRST_NAME

letter-probability matrix: alength= 4 w= 2 nsites= 9 E= 0.0e+000
 1.0\t0.0\t0.0\t0.0
 0.25 0.25 0.25 0.25
URL https://example.org

MOTIF second
letter-probability matrix: alength= 4 w= 1
0 0 1e-1 9e-1
MOTIF third
letter-probability matrix:
0 1 0 0
"""


def written(tmp_path, text):
    path = tmp_path / "motifs.meme"
    path.write_text(text)
    return path


def test_motifs_are_read_in_their_order(tmp_path):
    found = read_motifs(written(tmp_path, TEXT))
    assert [(each.name, len(each.probabilities), each.sites) for each in found] == [
        ("first", 2, 9),
        ("second", 1, 20),
        ("third", 1, 20),
    ]
    assert found[0].background == pytest.approx((0.3, 0.2, 0.2, 0.3))
    assert found[1].probabilities.tolist() == [[0, 0, 0.1, 0.9]]
    odds = found[0].log_odds()
    assert odds[0, 0] == pytest.approx(np.log((9 + 0.3) / 10 / 0.3))
    assert odds[0, 1] == pytest.approx(np.log(0.2 / 10 / 0.2))
    packed = tmp_path / "motifs.meme.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert [each.name for each in read_motifs(packed)] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ALPHABET= ACGT", "ALPHABET= ACDEFGHIKLMNPQRSTVWY", "alphabet ACGT"),
        ("w= 2", "w= 3", "first must have 3 rows"),
        ("1.0\t0.0\t0.0\t0.0", "1.0\t0.0\t0.0", "holds what is no number|rows of four"),
        ("1.0\t0.0\t0.0\t0.0", "0.7\t0.0\t0.0\t0.0", "sum to 1"),
        ("1.0\t0.0\t0.0\t0.0", "1.0\t0.0\tx\t0.0", "no number"),
        ("A 0.3 C 0.2 G 0.2 T 0.3", "A 0.3 C 0.2", "background"),
        ("A 0.3 C 0.2 G 0.2 T 0.3", "A 0.6 C 0 G 0.2 T 0.3", "above 0"),
        ("MOTIF second", "MOTIF", "no name"),
        (TEXT, ">not a motif\nACGT\n", "holds no motif"),
    ],
)
def test_what_is_no_motif_is_said(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        read_motifs(written(tmp_path, TEXT.replace(old, new)))


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot read the motifs"):
        read_motifs(tmp_path / "none.meme")


def test_jaspar_is_read_by_its_name(monkeypatch):
    """As pyjaspar gives it: counts by base, for a species' number or a group."""
    counts = {"A": [9, 0], "C": [0, 3], "G": [0, 3], "T": [0, 3]}
    asked = []

    class Database:
        release = "JASPAR2026"

        def fetch_motifs(self, **wanted):
            asked.append(wanted)
            known = wanted.get("species") == ["4932"] or wanted.get("tax_group") == ["fungi"]
            return [SimpleNamespace(matrix_id="MA1.1", name="REB1", counts=counts)] if known else None

    monkeypatch.setitem(sys.modules, "pyjaspar", SimpleNamespace(jaspardb=Database))
    (motif,) = read_motifs("jaspar:4932")
    assert (motif.name, motif.factor, motif.sites) == ("MA1.1", "REB1", 9)
    assert np.allclose(motif.probabilities, [[1, 0, 0, 0], [0, 1 / 3, 1 / 3, 1 / 3]])
    assert len(read_motifs("jaspar:Fungi")) == 1
    assert [each["collection"] for each in asked] == ["CORE", "CORE"]
    with pytest.raises(InputError, match="JASPAR2026 has no motifs of 'mushrooms'"):
        read_motifs("jaspar:mushrooms")
    monkeypatch.setitem(sys.modules, "pyjaspar", None)
    with pytest.raises(ConfigError, match=r"pip install 'dnalect\[jaspar\]'"):
        read_motifs("jaspar:fungi")
