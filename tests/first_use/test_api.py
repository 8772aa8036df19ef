"""One public function for each command: names or objects, files or what is in memory, results in a frame."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import dnalect
import dnalect.baselines.markov
from dnalect.api.given import input_path
from dnalect.cli.main import COMMANDS
from dnalect.core.errors import ConfigError, InputError, OutputError

COLUMNS = {"chrom", "pos", "ref", "alt", "llr"}


@pytest.fixture(scope="module")
def genome(fasta):
    return dnalect.open_genome(fasta)


@pytest.fixture(scope="module")
def model(model_folder):
    return dnalect.load(model_folder)


@pytest.fixture(scope="module")
def variants(genome):
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    return [("chrA", at, genome["chrA"][at - 1], other[genome["chrA"][at - 1]]) for at in (1001, 1500, 2000)]


@pytest.fixture(scope="module")
def scores(genome, variants, model):
    return dnalect.score(genome, variants, model, background=0, progress=False)


def test_every_command_has_a_function():
    for name in ("score", "scan", "embed", "predict", "finetune", "rank", "pretrain", "evaluate", "tokenize"):
        assert name in COMMANDS
        found = getattr(dnalect, name)
        assert inspect.isfunction(found), name
        assert len(inspect.getdoc(found).splitlines()) >= 5
    assert inspect.isfunction(dnalect.evaluate)


def test_scores_of_objects_and_of_files_are_the_same(genome, variants, scores, fasta, model_folder, tmp_path):
    assert COLUMNS <= set(scores.columns)
    table = tmp_path / "variants.tsv"
    table.write_text("chrom\tpos\tref\talt\n" + "".join("\t".join(map(str, row)) + "\n" for row in variants))
    frame = pd.DataFrame(variants, columns=["chrom", "pos", "ref", "alt"])
    for reference, given in ((fasta, table), (str(fasta), frame), ({n: str(genome[n]) for n in genome}, variants)):
        again = dnalect.score(reference, given, str(model_folder), background=0)
        assert again["llr"] == scores["llr"]
    streamed = [row.score.value for row in dnalect.score_variants(genome, variants, model_folder, percentiles=False)]
    assert streamed == [row.score.value for row in scores]
    assert [row.position for row in scores] == [1001, 1500, 2000]


def test_scores_are_a_frame_and_every_output(scores, tmp_path):
    frame = scores.to_pandas()
    assert list(frame["pos"]) == [1001, 1500, 2000]
    assert len(scores) == len(frame) == 3
    paths = [tmp_path / name for name in ("s.vcf.gz", "s.tsv", "s.parquet")]
    scores.write(*paths)
    assert all(path.stat().st_size for path in (*paths, tmp_path / "s.vcf.gz.tbi"))
    assert pq.read_table(paths[2])["llr"].to_pylist() == scores["llr"]
    scores.report(tmp_path / "r.html")
    assert "1,500" in (tmp_path / "r.html").read_text()
    assert repr(scores) == "Scores(variants in memory on tiny.fa: 3 scored)"
    with pytest.raises(OutputError, match="none of the suffixes"):
        scores.write(tmp_path / "s.xlsx")


def test_progress_is_told_to_a_function_or_nobody(genome, variants, model, capfd):
    states = []
    dnalect.score(genome, variants, model, background=0, progress=states.append)
    assert any(state.what == "scoring" and state.ended for state in states)
    dnalect.score(genome, variants, model, background=0, progress=False)
    assert capfd.readouterr() == ("", "")


def test_a_wrong_option_is_guessed(genome, variants, model):
    with pytest.raises(ConfigError, match="no option 'backgroud'. Did you mean background"):
        dnalect.score(genome, variants, model, backgroud=0)
    with pytest.raises(ConfigError, match="no option 'epoch'. Did you mean epochs?"):
        dnalect.finetune("labels.csv", "out", epoch=3)


def test_ranking_takes_scores(scores, tmp_path):
    ranking = dnalect.rank(scores, budget=2)
    assert [row["pick"] for row in ranking.picks] == [1, 2]
    assert ranking.picks[0]["llr"] == min(scores["llr"])
    ranking.report(tmp_path / "r.html")
    ranking.write(tmp_path / "r.tsv")
    assert [row["pos"] for row in dnalect.rank(tmp_path / "r.tsv", budget=2).picks] == [
        row["pos"] for row in ranking.picks
    ]


def test_a_scan_of_a_part(genome, model, scores):
    found = dnalect.scan(genome, model, "chrA:1,000-1,002")
    assert [row["position"] for row in found] == [1000, 1001, 1002]
    row, wanted = list(found)[1], next(iter(scores))
    assert row[f"llr_{wanted.alt}"] == pytest.approx(wanted.score.value, abs=2e-3)
    assert (len(found), len(found.to_pandas())) == (3, 3)


def test_vectors_of_places_alleles_and_sequences(genome, model, variants):
    texts = [genome["chrA"][1000:1100], genome["chrB"][:100]]
    plain = dnalect.embed(model, texts)
    found = dnalect.embed(model, [("chrA", 1000, 1100), ("chrB", 0, 100)], reference=genome)
    np.testing.assert_allclose(found.vectors, plain, atol=1e-6)
    assert np.asarray(found).shape == plain.shape == (2, model.can.width)
    assert list(found.to_pandas()["contig"]) == ["chrA", "chrB"]
    assert dnalect.embed(model, dict(zip("ab", texts, strict=True)))["id"] == ["a", "b"]
    assert dnalect.embed(model, variants, reference=genome)["allele"] == ["ref", "alt"] * 3
    bases = dnalect.embed(model, {"a": texts[0]}, "base").vectors
    assert [each.shape for each in bases] == [(100, model.can.width)]


def test_mutagenesis_is_that_of_the_scores(genome, model, scores, variants):
    found = dnalect.mutagenesis(model, genome, "chrA:1001-1003")
    assert found.effects.shape == (3, 4)
    assert found.effects[0, "ACGT".index(variants[0][3])] == pytest.approx(scores["llr"][0], abs=1e-4)
    assert [found.effects[n, "ACGT".index(base)] for n, base in enumerate(found.sequence)] == [0, 0, 0]
    alone = dnalect.mutagenesis(model, "ACGNT")
    assert alone.sequence == "ACGNT"
    assert np.isnan(alone.effects[3]).all()
    assert not np.isnan(alone.effects[[0, 1, 2, 4]]).any()
    assert list(alone.to_pandas().columns) == ["contig", "position", "ref", "A", "C", "G", "T"]
    with pytest.raises(InputError, match="say which part"):
        dnalect.mutagenesis(model, genome)


def test_tokens_in_a_frame():
    tokens = dnalect.tokenize(["ACGTACGTNACG", "AC"], "nt-v1", special=True)
    assert tokens["token"][:2] == ["<cls>", "ACGTAC"]
    assert tokens["start"][:2] == [None, 0]
    assert set(tokens["sequence"]) == {"sequence1", "sequence2"}


def test_what_is_in_memory_becomes_a_file(tmp_path):
    def written(given):
        path = input_path(given, tmp_path)
        return path.rpartition("/")[2], [line.split("\t") for line in Path(path).read_text().splitlines()]

    assert written("ACGT") == ("table.tsv", [["sequence"], ["ACGT"]])
    assert written({"a": "ACGT"}) == ("table.tsv", [["id", "sequence"], ["a", "ACGT"]])
    assert written(pd.DataFrame({"sequence": ["A"], "label": [None]}))[1] == [["sequence", "label"], ["A", ""]]
    assert written([("c", 1, np.int64(5), "-")]) == ("intervals.bed", [["c", "1", "5", ".", "0", "-"]])
    assert written([("c", 1, "A", "G")]) == ("table.tsv", [["chrom", "pos", "ref", "alt"], ["c", "1", "A", "G"]])
    for wrong in (3, [], [("c", 1)], {"sequence": []}, {"a": "x\ty"}):
        with pytest.raises(InputError):
            input_path(wrong, tmp_path)


def test_demo_files_are_there():
    files = dnalect.demo_files()
    assert dnalect.open_genome(files.reference).names == ("chrI",)
    other = dnalect.demo_files("chrXIV")
    assert dnalect.open_genome(other.reference).names == ("chrXIV",)
    relatives = list(Path(files.alignment).iterdir())
    assert len(relatives) == 8
    for path in ({*files, *other} - {files.alignment}) | {*map(str, relatives)}:
        assert Path(path).read_bytes()[:2] == b"\x1f\x8b"
    with pytest.raises(ConfigError, match="chrI and chrXIV"):
        dnalect.demo_files("chrV")


def test_the_package_is_typed():
    from importlib.resources import files

    assert files("dnalect").joinpath("py.typed").is_file()
