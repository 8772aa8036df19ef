"""Real records of 1000 Genomes through a tiny folder of each family: nothing scoreable is left out."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

import forked
from models import folders

DATA = Path(__file__).parents[1] / "data"
# Nine bases from the end of the contig; a deletion whose END is that of the whole chromosome; an Alu that is not told.
UNSCOREABLE = {"contig_edge:9": 1, "symbolic:end_contradicts_svlen": 1, "symbolic:no_sequence": 1}
# One of each way of cutting bases into words and of scoring; tests/first_use/test_families.py has every family.
FAST = ("dnabert", "dnabert-2", "nt-v2", "grover", "specieslm", "logo", "llama", "hyenadna")
LONGER = {"max_position_embeddings": 514, "alibi_starting_size": 512}


@pytest.mark.slow
@pytest.mark.parametrize("name", folders.TINY)
def test_every_scoreable_alternate_of_1000_records_has_a_score(name, tmp_path, monkeypatch):
    reasons, kinds = outcomes(name, DATA / "human_slice.vcf.gz", tmp_path, monkeypatch)
    assert reasons == UNSCOREABLE
    assert kinds["snv"] > 900
    assert kinds["indel"] > 20


@pytest.mark.parametrize("name", FAST)
def test_every_scoreable_alternate_has_a_score(name, tmp_path, monkeypatch):
    with gzip.open(DATA / "human_slice.vcf.gz", "rt") as file:
        lines = file.readlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    told = [line for line in lines[first + 1 :] if "<" not in line]
    longer = [line for line in told if len(line.split("\t", 5)[3] + line.split("\t", 5)[4]) > 2]
    chosen = [line for line in told if line in told[::48] or line in longer[:5]]
    (tmp_path / "few.vcf").write_text("".join(lines[:first] + chosen))
    reasons, kinds = outcomes(name, tmp_path / "few.vcf", tmp_path, monkeypatch)
    assert not reasons
    assert kinds["snv"] > 15
    assert kinds["indel"] >= 5


def outcomes(name, variants, tmp_path, monkeypatch) -> tuple[Counter[str], Counter[str]]:
    """Score a file with a tiny folder of a family; return the reasons and the kinds of what was scored."""
    family, hub, words = folders.TINY[name]
    longer = {key: value for key, value in LONGER.items() if key in hub}
    monkeypatch.setitem(folders.TINY, name, (family, hub | longer, words))
    folder = folders.make(name, tmp_path / name)
    out = tmp_path / "out.vcf.gz"
    told = ["score", str(DATA / "human_slice.fa.gz"), str(variants), "-o", str(out)]
    told += ["--model", str(folder), "--background", "0", "--batch-size", "64"]
    done = forked.dnalect(*told, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    before, after = (records(variants), records(out))
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
    return reasons, kinds


def records(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
