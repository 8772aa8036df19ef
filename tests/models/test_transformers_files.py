"""Folders go to transformers and come back: weights, tokenizer and all."""

import json

import pytest
import torch

import dnalect
import forked
from dnalect.core.errors import ModelError, TokenizerError
from dnalect.inference.predictions import predictions
from dnalect.tokens.files import read_tokenizer
from dnalect.tokens.kmers import OverlappingKmers
from inference.predictors import make_predictor
from models.folders import TINY, make

transformers = pytest.importorskip("transformers")
# LOGO has words of its own, Caduceus reads N as padding, Evo 2 reads bytes: no tokenizer of transformers does.
NAMES = [name for name in TINY if name not in ("logo", "caduceus-ph", "caduceus-ps", "evo2")]
SEQUENCES = ["ACGTTGCAACGTACGTNNACGATCGATCGAA", "acgtacgtnacgt", "TTTTTTT", "ACGRYACGTACGTAA", "A", "GATTAC"]


def as_read(name, sequence) -> str:
    """The sequence as transformers wants it: DNABERT's k-mers with spaces between them."""
    k = {"dnabert": 3, "specieslm": 3, "specieslm-k1": 1}.get(name)
    return " ".join(sequence[at : at + k] for at in range(len(sequence) - k + 1)) if k else sequence


@pytest.mark.parametrize("name", NAMES)
def test_auto_tokenizer_gives_our_ids_of_an_exported_folder(tmp_path, name):
    model = dnalect.load(make(name, tmp_path / "from"))
    model.save_pretrained(tmp_path / "to")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "to")
    for sequence in SEQUENCES:
        ours = model.tokenizer.encode([sequence]).input_ids[0].tolist()
        assert theirs(as_read(name, sequence)).input_ids == ours, sequence
    special = model.tokenizer.special
    told = (theirs.pad_token_id, theirs.unk_token_id, theirs.cls_token_id, theirs.sep_token_id, theirs.mask_token_id)
    assert told == (special.pad, special.unk, special.cls, special.sep, special.mask)
    assert theirs.eos_token is None
    assert len(theirs) == len(model.tokenizer)
    if model.can.positions:
        assert theirs.model_max_length == model.can.positions


@pytest.mark.parametrize("name", ["grover", "nt-v1"])
def test_a_sequence_goes_through_transformers_alone(tmp_path, name):
    model = dnalect.load(make(name, tmp_path / "from"))
    model.save_pretrained(tmp_path / "to")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "to")
    theirs = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "to").eval()
    with torch.inference_mode():
        logits = theirs(**tokenizer([SEQUENCES[0], "ACGT"], return_tensors="pt", padding=True)).logits
    assert torch.allclose(model(model.encode([SEQUENCES[0]])).logits[0], logits[0], atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_what_transformers_saves_is_read(tmp_path, name):
    """tokenizer.json and tokenizer_config.json alone, as save_pretrained of version 5 writes them."""
    model = dnalect.load(make(name, tmp_path / "from"))
    model.save_pretrained(tmp_path / "to")
    again = tmp_path / "again"
    transformers.AutoTokenizer.from_pretrained(tmp_path / "to").save_pretrained(again)
    if name in ("dnabert", "nt-v1", "grover", "specieslm"):
        transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "to").save_pretrained(again)
    else:  # which have no class there
        for file in ("config.json", "model.safetensors"):
            (again / file).write_bytes((tmp_path / "to" / file).read_bytes())
    assert not (again / "vocab.txt").exists()
    back = dnalect.load(again)
    assert back.tokenizer.words == model.tokenizer.words
    assert back.family is model.family
    encoding = model.encode([SEQUENCES[0]])
    assert torch.allclose(back(encoding).logits, model(encoding).logits, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "maker", "settings"),
    [
        ("dnabert", "BertTokenizer", {"do_lower_case": False}),
        ("nt-v1", "EsmTokenizer", {}),  # adds an <eos> of its own
        ("nt-v2", "EsmTokenizer", {}),
        ("dnabert-2", "PreTrainedTokenizerFast", {}),
        ("grover", "PreTrainedTokenizerFast", {}),
    ],
)
def test_what_the_familys_own_class_saves_is_read(tmp_path, name, maker, settings):
    folder = make(name, tmp_path / "from")
    words = dnalect.load(folder).tokenizer.words
    getattr(transformers, maker).from_pretrained(folder, **settings).save_pretrained(tmp_path / "to")
    for file in ("config.json", "model.safetensors"):
        (tmp_path / "to" / file).write_bytes((folder / file).read_bytes())
    assert dnalect.load(tmp_path / "to").tokenizer.words == words


def test_a_word_piece_file_that_lower_cases_or_is_of_english_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(OverlappingKmers(3).words) + "\n")
    transformers.BertTokenizer.from_pretrained(tmp_path).save_pretrained(tmp_path / "lower")
    with pytest.raises(TokenizerError, match="lower case"):
        read_tokenizer(tmp_path / "lower")
    data = json.loads((tmp_path / "lower" / "tokenizer.json").read_text())
    data["normalizer"] = None
    data["model"]["vocab"] = {"[UNK]": 0, "the": 1, "of": 2}
    data["added_tokens"] = []
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(data))
    with pytest.raises(TokenizerError, match="3 words, as no tokenizer that dnalect knows"):
        read_tokenizer(path)
    data["model"] = {"type": "Unigram", "vocab": []}
    path.write_text(json.dumps(data))
    with pytest.raises(TokenizerError, match="type 'Unigram'; dnalect reads BPE, WordPiece and WordLevel"):
        read_tokenizer(path)


@pytest.mark.parametrize("algorithm", ["bpe", "kmers"])
def test_a_learned_vocabulary_knows_its_special_tokens(fasta, tmp_path, algorithm):
    words = ["vocabulary", "train", fasta, "--algorithm", algorithm, "--size", "40", "--k", "3", "-o", tmp_path]
    done = forked.dnalect(*words, text=True)
    assert done.returncode == 0, done.stderr
    theirs, ours = transformers.AutoTokenizer.from_pretrained(tmp_path), read_tokenizer(tmp_path)
    assert (theirs.cls_token, theirs.mask_token, theirs.pad_token) == ("[CLS]", "[MASK]", "[PAD]")
    text = "ACG CGT" if algorithm == "kmers" else "acgtnacg"
    bases = "ACGT" if algorithm == "kmers" else text
    assert theirs(text).input_ids == ours.encode([bases]).input_ids[0].tolist()


def test_a_duplex_is_saved_and_read_back(model_folder, tmp_path):
    model = dnalect.load(model_folder)
    with pytest.raises(ModelError, match=r"no class for duplex; save\('x'\) writes a folder that dnalect.load reads"):
        model.save_pretrained("x")
    model.save(tmp_path / "a" / "copy")
    again = dnalect.load(tmp_path / "a" / "copy")
    encoding = model.encode(["ACGTTGCAACGTACGT"])
    assert torch.equal(model(encoding).logits, again(encoding).logits)


@pytest.mark.parametrize("method", ["probe", "lora", "full"])
def test_a_tuned_model_is_saved_and_read_back(model_folder, tmp_path, method):
    model = dnalect.load(make_predictor(tmp_path / "tuned", model_folder, method))
    with pytest.raises(ModelError, match=r"save\('x'\) writes a folder"):
        model.save_pretrained("x")
    model.save(tmp_path / "copy")
    again = dnalect.load(tmp_path / "copy")
    sequences = ["ACGTTGCAACGTACGT", "TTTACGATC"]
    for name, values in predictions(model, sequences).items():
        assert (predictions(again, sequences)[name] == values).all()


def test_a_masked_model_has_save_too(tmp_path):
    model = dnalect.load(make("grover", tmp_path / "from"))
    model.save(tmp_path / "to")
    assert dnalect.load(tmp_path / "to").card.parameters == model.card.parameters
