"""Real records of 1000 Genomes through a tiny folder of each family: nothing scoreable is left out."""

import gzip
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from models import folders

DATA = Path(__file__).parents[1] / "data"
# What no model of bases can score, whatever its tokens.
UNSCOREABLE = {"symbolic", "star", "breakend"}
LONGER = {"max_position_embeddings": 514, "alibi_starting_size": 512}


@pytest.mark.parametrize("name", folders.TINY)
def test_every_scoreable_alternate_has_a_score(name, tmp_path, monkeypatch):
    family, hub, words = folders.TINY[name]
    longer = {key: value for key, value in LONGER.items() if key in hub}
    monkeypatch.setitem(folders.TINY, name, (family, hub | longer, words))
    folder = folders.make(name, tmp_path / name)
    out = tmp_path / "out.vcf.gz"
    told = ["score", str(DATA / "human_slice.fa.gz"), str(DATA / "human_slice.vcf.gz"), "-o", str(out)]
    told += ["--model", str(folder), "--background", "0", "--batch-size", "64"]
    done = subprocess.run([sys.executable, "-m", "dnalect", *told], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before, after = (records(DATA / "human_slice.vcf.gz"), records(out))
    assert [line[:7] for line in before] == [line[:7] for line in after]
    reasons: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for *_, ref, alts, _, _, info in (line[:8] for line in after):
        fields = dict(entry.split("=", 1) for entry in info.split(";") if "=" in entry)
        values, why = fields["DNALECT_LLR"].split(","), fields.get("DNALECT_REASON", "").split(",")
        assert len(values) == len(alts.split(","))
        for number, (alt, value) in enumerate(zip(alts.split(","), values, strict=True)):
            if value == ".":
                reasons[why[number]] += 1
            else:
                assert abs(float(value)) < 1e4
                kinds["snv" if len(ref) == len(alt) == 1 else "indel"] += 1
    assert set(reasons) <= UNSCOREABLE
    assert kinds["snv"] > 900
    assert kinds["indel"] > 20


def records(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt") as file:
        return [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
