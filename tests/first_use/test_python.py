"""What people try first in a notebook: names or objects, paths or open genomes, variants in memory."""

import warnings

import numpy as np
import pytest
import torch

import dnalect
from conftest import CONTIGS
from dnalect.core.errors import DnalectError, InputError, ModelError, TableError
from dnalect.core.reporter import DnalectWarning, Reporter, say, using, warn
from dnalect.genome.variants import open_variants

SEQUENCE = "ACGTTGCAACGTNNACGTAC"


@pytest.fixture(scope="module")
def genome(fasta):
    return dnalect.open_genome(fasta)


@pytest.fixture
def model(model_folder):
    return dnalect.load(model_folder)


def test_a_contig_slices_like_a_str(genome, fasta):
    whole = "".join(line for line in fasta.read_text().split(">")[1].splitlines()[1:])
    contig = genome["chrA"]
    assert len(contig) == len(whole) == CONTIGS["chrA"]
    for place in (slice(100, 110), slice(-5, None), slice(5990, 9000), slice(20, 10), slice(10, 2, -3), slice(None)):
        assert contig[place] == whole[place]
    assert (contig[0], contig[-1], str(contig)) == (whole[0], whole[-1], whole)
    with pytest.raises(IndexError):
        contig[len(whole)]
    assert genome.fetch("chrA", -2, 3).tobytes().decode() == "NN" + whole[:3]
    assert list(genome) == list(genome.names) == list(CONTIGS)
    assert "chrA" in genome
    assert "chr9" not in genome
    assert repr(genome) == "Genome(tiny.fa: chrA, chrB; 6,900 bases)"
    assert repr(contig) == "Contig('chrA', 6,000 bases)"


def test_an_unknown_contig_is_a_key_error_that_helps(genome):
    with pytest.raises(KeyError) as caught:
        genome["chra"]
    assert isinstance(caught.value, DnalectError)
    assert str(caught.value).endswith("has no contig 'chra'; it has chrA, chrB. Did you mean chrA?")
    with pytest.raises(KeyError, match="no contig 'chrX'"):
        genome.fetch("chrX", 0, 1)


def test_what_stands_for_a_genome(genome):
    assert dnalect.open_genome(genome) is genome
    both = dnalect.open_genome({"one": "ACGT", "two": "acgtn"})
    assert (both["one"][:], both["two"][1:3], both.names) == ("ACGT", "cg", ("one", "two"))
    assert dnalect.open_genome("ACGTN")["sequence"][:] == "ACGTN"
    for wrong, told in ((3, "a reference is"), ({"a": "ACGU!"}, "'a' is no DNA"), ({}, "no sequence")):
        with pytest.raises(DnalectError, match=told):
            dnalect.open_genome(wrong)


def test_a_model_shows_what_it_is(model):
    assert repr(model).startswith("DuplexModel(tiny: duplex, ")
    assert repr(model).endswith("context 1,024 bases, float32 on cpu)")


def test_a_model_moves(model):
    assert model.to("cpu", "bfloat16") is model
    assert {p.dtype for p in model.network.parameters()} == {torch.bfloat16} == {model.dtype}
    assert "bfloat16 on cpu" in repr(model)
    with pytest.raises(ModelError, match="unknown dtype"):
        model.to(dtype="float8")
    with pytest.raises(ModelError, match="cannot be used"):
        model.to("nonsense")


def test_a_model_reads_sequences(model):
    logits = model([SEQUENCE]).logits
    assert torch.equal(logits, model(model.encode([SEQUENCE])).logits)
    assert torch.equal(logits, model(SEQUENCE).logits)
    with pytest.raises(InputError, match="not int"):
        model([3])


def test_a_lone_text_is_one_sequence(model, model_folder):
    p = dnalect.base_probabilities(model, SEQUENCE)
    assert p.shape == (1, len(SEQUENCE), 4)
    np.testing.assert_array_equal(p, dnalect.base_probabilities(str(model_folder), [SEQUENCE]))
    vectors = dnalect.embed(model_folder, SEQUENCE)
    np.testing.assert_array_equal(vectors, dnalect.embed(model, [SEQUENCE]))
    assert vectors.shape == (1, model.can.width)
    with pytest.raises(ModelError, match="a model is a name"):
        dnalect.embed(7, SEQUENCE)
    with pytest.raises(InputError, match="sequences are texts"):
        dnalect.base_probabilities(model, 7)


def test_variants_in_memory_are_records(genome):
    tuples = [("chrA", 11, "A", "C,G"), ("chrB", np.int64(5), "T", "", "rs1")]
    frame = {"CHROM": ["chrA"], "Position": [11.0], "ref": ["A"], "ALT": ["C"], "ID": ["x"]}
    with open_variants(tuples, genome) as opened:
        first, second = opened.records
    assert (first.start, first.alternates, first.identifier) == (10, ("C", "G"), ".")
    assert (second.start, second.alternates, second.identifier) == (4, (), "rs1")
    with open_variants(frame, genome) as opened:
        assert next(opened.records).identifier == "x"
    wrong = {
        "variant 1 is .*position from 1": [("chrA", "11", "A", "C")],
        "variant 2 is": [("chrA", 1, "A", "C"), ("chrA", 1)],
        "lacks alt": {"chrom": [], "pos": [], "ref": []},
        "not int": 3,
    }
    for told, given in wrong.items():
        with open_variants(given, genome) as opened, pytest.raises(TableError, match=told):
            list(opened.records)


def test_nothing_is_printed_from_python(capfd):
    with pytest.warns(DnalectWarning, match="careful"):
        warn("careful")
    say("chosen")
    heard = []
    with using(Reporter(say=heard.append)), warnings.catch_warnings():
        warnings.simplefilter("error")
        say("one")
        warn("two")
    assert heard == ["one", "two"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("wrong", ["AC!T", "AC GT", "ACGÜ", "ACG1"])
def test_what_is_no_sequence_is_refused_everywhere(model, wrong):
    for ask in (dnalect.embed, dnalect.base_probabilities, lambda model, texts: model.encode(texts)):
        with pytest.raises(InputError, match="is no sequence of A, C, G, T and N: it holds"):
            ask(model, ["ACGT", wrong])
    assert dnalect.embed(model, ["ACRT-"]).tolist() == dnalect.embed(model, ["acNTN"]).tolist()
