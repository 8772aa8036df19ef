"""`dnalect tokenize` and `dnalect vocabulary` as people call them."""

import csv
import gzip

import numpy as np
import pytest
from click.testing import CliRunner

import forked
from dnalect.cli.main import dnalect
from dnalect.core.errors import ConfigError, InputError
from dnalect.genome.fasta import open_genome
from dnalect.jobs.options import CompareOptions, TokenizeOptions, VocabularyOptions
from dnalect.jobs.tokenize import COLUMNS, tokenize
from dnalect.jobs.vocabulary import describe, train_vocabulary
from dnalect.jobs.vocabulary_compare import compare, count_kmers, table
from dnalect.tokens.files import read_tokenizer
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.merging import train_byte_pairs
from inference.predictors import make_predictor
from models.folders import TINY, make
from tokens import oracles

PNG = b"\x89PNG"


def run(*arguments, stdin=None):
    return forked.dnalect(*arguments, stdin=stdin, text=True)


def lines_of(path):
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_the_table_of_a_sequence():
    done = run("tokenize", "ACGTACGTNACG", "-t", "nt-v1", "--special")
    assert done.returncode == 0, done.stderr
    assert [line.split("\t") for line in done.stdout.splitlines()] == [
        list(COLUMNS),
        ["sequence1", ".", ".", "<cls>", "3", "0"],
        ["sequence1", "0", "6", "ACGTAC", "726", "1"],
        ["sequence1", "6", "7", "G", "4103", "2"],
        ["sequence1", "7", "8", "T", "4101", "3"],
        ["sequence1", "8", "9", "N", "4104", "4"],
        ["sequence1", "9", "10", "A", "4100", "5"],
        ["sequence1", "10", "11", "C", "4102", "6"],
        ["sequence1", "11", "12", "G", "4103", "7"],
    ]
    assert done.stderr == "dnalect: 1 sequences, 12 bases, 7 tokens, 1.71 bases a token\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [("ACGTAC\nacg\n", ["sequence1", "sequence2"]), (">one a\nACG\nTAC\n>two\nacg\n", ["one", "two"])],
)
def test_standard_input(text, names):
    done = run("tokenize", "-", "-t", "dnabert-3", stdin=text)
    rows = [line.split("\t") for line in done.stdout.splitlines()[1:]]
    assert [(row[0], row[3]) for row in rows] == [
        *((names[0], word) for word in ("ACG", "CGT", "GTA", "TAC")),
        (names[1], "ACG"),
    ]


def test_errors_are_named_and_nothing_is_written(tmp_path, fasta):
    for arguments, message in (
        (["ACXGT"], "'ACXGT' is neither a file nor a sequence"),
        (["ACGT", "-t", "bert"], "no tokenizer 'bert'"),
        (["ACGT", "--regions", "chrA"], "one FASTA file"),
        ([fasta, "--regions", "chrZ:1-10"], "chrZ"),
    ):
        done = run("tokenize", *arguments, "-o", tmp_path / "out.tsv")
        assert done.returncode == 1
        assert message in done.stderr
        assert not done.stdout
        assert not list(tmp_path.iterdir())
    assert run("tokenize").returncode == 2


def words_of(*arguments) -> list[str]:
    out = CliRunner().invoke(dnalect, ["tokenize", *map(str, arguments)])
    assert out.exit_code == 0, out.output
    return [line.split("\t")[3] for line in out.stdout.splitlines()[1:]]


def test_a_model_says_how_to_read(tmp_path, model_folder):
    assert words_of("ACGTACG", "-m", "duplex-yeast") == list("ACGTACG")
    assert words_of("ACGTACG", "-m", model_folder) == list("ACGTACG")
    assert words_of("ACGTACG", "-m", "nt-v2-50m") == words_of("ACGTACG", "-m", "nt-500m-1000g") == ["ACGTAC", "G"]
    assert words_of("ACGTACG", "-m", "dnabert-5") == ["ACGTA", "CGTAC", "GTACG"]
    assert words_of("ACGTAC", "-m", "logo-3") == ["ACG", "TAC"]
    for name in TINY:
        folder = make(name, tmp_path / name)
        (folder / "model.safetensors").unlink()  # no weights are needed
        few = "ACG" * (2 if name == "llama" else 1)  # whose words all have six bases
        assert "".join(words_of(few, "-m", folder)) == few
    tuned = make_predictor(tmp_path / "tuned", model_folder)
    assert words_of("ACG", "-m", tuned) == list("ACG")


def test_what_is_no_model_or_no_tokenizer_is_named(tmp_path):
    for arguments, message, status in (
        (["-m", "duplex-yaest"], "Did you mean duplex-yeast", 1),
        (["-m", "runs/mine"], "the hub is not asked", 1),
        (["-t", "dnabert6"], "Did you mean dnabert-6?", 1),
        (["-m", tmp_path], "has no tokenizer", 1),
        (["-m", "duplex-yeast", "-t", "single"], "give one", 2),
    ):
        done = run("tokenize", "ACGT", *arguments)
        assert done.returncode == status
        assert message in done.stderr


def test_regions_count_from_the_contig(fasta, tmp_path):
    out = tmp_path / "tokens.tsv"
    tally = tokenize(TokenizeOptions([str(fasta)], "nt-v2", output=str(out), regions=["chrB:101-112", "chrA:1-6"]))
    assert (tally.sequences, tally.bases, tally.tokens) == (2, 18, 3)
    bases = open_genome(fasta).contig("chrB").tobytes().decode()
    assert [row[:4] for row in lines_of(out)[1:3]] == [
        ["chrB", "100", "106", bases[100:106]],
        ["chrB", "106", "112", bases[106:112]],
    ]


def test_whole_fasta_and_its_unknown_bases(fasta, tmp_path):
    out = tmp_path / "tokens.tsv"
    tally = tokenize(TokenizeOptions([str(fasta)], "single", output=str(out)))
    rows = lines_of(out)[1:]
    assert (tally.sequences, tally.tokens, len(rows)) == (2, 6900, 6900)
    assert [row[3] for row in rows if row[0] == "chrA" and row[1] == "3050"] == ["N"]


def test_inputs_that_hold_nothing(monkeypatch, tmp_path):
    for text, message in (("", "no sequence"), ("AC!\n", "line 1 .* holds '!'")):
        path = tmp_path / "in"
        path.write_text(text)
        with path.open() as file:
            monkeypatch.setattr("sys.stdin", file)
            with pytest.raises(InputError, match=message):
                tokenize(TokenizeOptions(["-"], "single", output=str(tmp_path / "out.tsv")))


def test_train_writes_what_hf_reads(fasta, tmp_path):
    out = tmp_path / "tokenizer.json"
    done = run("vocabulary", "train", fasta, "--size", 64, "-o", out)
    assert done.returncode == 0, done.stderr
    assert "64 words, 55 of them merged" in done.stderr
    genome = open_genome(fasta)
    expected = train_byte_pairs([genome.contig(name) for name in genome.names], 64)
    assert read_tokenizer(out).merges == expected.merges
    bases = genome.contig("chrB").tobytes().decode()
    assert oracles.hf_byte_pairs(out).encode(bases).ids == oracles.rows(expected.encode([bases]))[0]


def test_train_options(fasta, tmp_path):
    part = train_vocabulary(
        VocabularyOptions([str(fasta)], tmp_path / "a.json", size=40, regions=["chrB"], both_strands=True)
    )
    bases = open_genome(fasta).contig("chrB")
    assert part.merges == train_byte_pairs([bases], 40, both_strands=True).merges
    kmers = train_vocabulary(VocabularyOptions([str(fasta)], tmp_path, algorithm="kmers", k=4))
    assert isinstance(kmers, OverlappingKmers)
    assert read_tokenizer(tmp_path / "vocab.txt").words == kmers.words
    assert describe(kmers) == "261 words"
    for arguments, message in (
        ({"algorithm": "unigram"}, "must be one of bpe, kmers"),
        ({"regions": ["chrA"], "references": [str(fasta)] * 2}, "one FASTA"),
        ({"references": []}, "at least 1"),
    ):
        told = {"references": [str(fasta)], "output": tmp_path / "b.json"} | arguments
        with pytest.raises(ConfigError, match=message):
            train_vocabulary(VocabularyOptions(**told))
    assert not (tmp_path / "b.json").exists()


def test_counts_of_kmers(monkeypatch):
    monkeypatch.setattr("dnalect.jobs.vocabulary_compare._BLOCK", 7)
    texts = ["ACGTACGTNACGTTT", "acgg", "AC", ""]
    counts = count_kmers([np.frombuffer(text.encode(), dtype=np.uint8) for text in texts], 3)
    found: dict[str, int] = {}
    for text in texts:
        for at in range(len(text) - 2):
            found[text.upper()[at : at + 3]] = found.get(text.upper()[at : at + 3], 0) + 1
    expected = [found.get(word, 0) for word in oracles.kmers(3, "ACGT")]
    assert counts.tolist() == expected


def test_compare(tmp_path):
    path = tmp_path / "yeast.fa"
    path.write_text(">chrI\n" + oracles.yeast()[:100_000] + "\n")
    rows = compare(CompareOptions([str(path)], tmp_path / "out", kmers=(3, 8), sizes=(32, 200)))
    three, eight, small, large = rows
    assert [row.name for row in rows] == ["3-mers", "8-mers", "BPE 32", "BPE 200"]
    assert (three.words, three.tokens, three.seen, three.bases) == (64, 99_998, 1.0, 3.0)
    assert eight.words == 65_536
    words = [oracles.yeast()[:100_000][at : at + 8] for at in range(99_993)]
    distinct, times = np.unique(words, return_counts=True)
    assert eight.seen == len(distinct) / 65_536
    assert eight.once == (times == 1).sum() / 65_536
    assert eight.rare == 1 - (times >= 10).sum() / 65_536
    assert eight.mean_count == pytest.approx(99_993 / len(distinct))
    assert eight.seen_in_random == pytest.approx(1 - np.exp(-99_993 / 65_536))
    assert small.words == 27
    assert small.compression == pytest.approx(small.bases)
    assert large.tokens < small.tokens
    assert large.tokens == len(
        train_byte_pairs([oracles.yeast()[:100_000]], 200).encode([oracles.yeast()[:100_000]], False).input_ids[0]
    )
    with (tmp_path / "out" / "vocabulary.tsv").open() as file:
        written = list(csv.DictReader(file, delimiter="\t"))
    assert [row["words"] for row in written] == ["64", "65536", "27", "195"]
    assert (tmp_path / "out" / "vocabulary.png").read_bytes()[:4] == PNG
    assert {len(line) for line in table(rows)} == {8}


def test_compare_refuses_lengths_that_need_too_much_memory(fasta):
    done = run("vocabulary", "compare", fasta, "--k", 20)
    assert done.returncode == 1
    assert "from 1 to 13, not 20" in done.stderr


def test_compare_reads_compressed_genomes(tmp_path):
    path = tmp_path / "a.fa.gz"
    path.write_bytes(gzip.compress(b">a\nACGTNNACGT\n"))
    (row,) = compare(CompareOptions([str(path)], kmers=(2,), sizes=()))
    assert (row.tokens, row.words) == (6, 16)
