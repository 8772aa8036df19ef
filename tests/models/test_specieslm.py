"""SpeciesLM: a species before the words, and a base that counts by all words that have it."""

import json

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import InputError, ModelError, TokenizerError
from dnalect.core.reporter import DnalectWarning
from dnalect.inference.likelihood import scorer_for, strategy_for
from dnalect.inference.likelihood.masked import Masked
from dnalect.jobs.models_verify import verify
from dnalect.models.model import LOGITS
from dnalect.models.reader import tokenizer_of
from dnalect.tokens.bases import encode
from dnalect.tokens.kmers import all_kmers
from dnalect.tokens.species import SpeciesKmers
from inference.toys import random_genome
from models.folders import TINY, edit, make, species_words

TEXT = "ACGTTGCAATTATTAACGCATG"
GLABRATA, KAZACHSTANIA = species_words(1)[-2:]


def test_ids_are_the_published_ones():
    """ModelUsage.ipynb of gagneurlab/SpeciesLM: the k-mer ACGTGC maps to token 739; two special tokens on the left."""
    tokenizer = SpeciesKmers(species_words(6), GLABRATA)
    assert tokenizer.encode(["ACGTGC"]).input_ids.tolist() == [[2, 4101, 739, 3]]
    assert tokenizer.encode(["acgtgcn"]).input_ids.tolist() == [[2, 4101, 739, 1, 3]]
    turned = [*species_words(1)[:5], *"ACGT", *species_words(1)[9:]]
    assert SpeciesKmers(turned, GLABRATA).encode(["ACGTN"]).input_ids[0].tolist() == [2, 9, 5, 6, 7, 8, 1, 3]


def test_a_species_is_asked_for_and_a_held_out_one_explained(tmp_path):
    folder = make("specieslm", tmp_path / "m")
    edit(folder, species=None)
    for ask in (dnalect.load, tokenizer_of, lambda name: list(verify(name))):
        with pytest.raises(ModelError, match=r"name one of its 2 \(candida_glabrata, .* the model, as MODEL:cand"):
            ask(str(folder))
    with pytest.raises(ModelError, match="cerevisiae was held out of training: .* name for it, candida_glabrata for"):
        dnalect.load(f"{folder}:saccharomyces_cerevisiae")
    with pytest.raises(ModelError, match="knows no species 'candida_glabrat'. Did you mean candida_glabrata"):
        dnalect.load(folder, species="candida_glabrat")
    with pytest.raises(ModelError, match="the model reads no species: leave candida_glabrata out"):
        dnalect.load(make("dnabert", tmp_path / "d"), species=GLABRATA)
    with pytest.raises(TokenizerError, match="reads the name of a species before"):
        SpeciesKmers(species_words(3)).encode([TEXT])


def test_species_are_named_in_three_ways_and_kept(tmp_path):
    folder = make("specieslm", tmp_path / "m")
    plain = dnalect.load(folder)
    behind, option = dnalect.load(f"{folder}:{KAZACHSTANIA}"), dnalect.load(folder, species=KAZACHSTANIA)
    assert behind.card.id == option.card.id == f"m:{KAZACHSTANIA}"
    assert (plain.card.id, plain.tokenizer.species) == ("m", GLABRATA)
    assert torch.equal(behind(TEXT).logits, option(TEXT).logits)
    assert not torch.allclose(plain(TEXT).logits, option(TEXT).logits, atol=1e-3)
    option.save(tmp_path / "again")
    assert torch.equal(dnalect.load(tmp_path / "again")(TEXT).logits, option(TEXT).logits)
    assert json.loads((tmp_path / "again" / "config.json").read_text())["species"] == KAZACHSTANIA
    assert tokenizer_of(f"{folder}:{KAZACHSTANIA}").head == behind.tokenizer.head


def test_what_is_longer_than_it_was_trained_on_is_refused(tmp_path):
    folder = make("specieslm-k1", tmp_path / "m")
    assert dnalect.load(folder).can.context_bases == 61
    edit(folder, trained_bases=40)
    model = dnalect.load(folder)
    assert model.can.context_bases == 40
    with pytest.raises(InputError, match="a sequence has 41 bases, m was trained on 40"):
        model.encode(["A" * 41])
    edit(folder, trained_bases=0)
    with pytest.raises(ModelError, match="can't read 0 bases"):
        dnalect.load(folder)


@pytest.mark.parametrize(("bases", "rows"), [(300, 512), (1003, 1024)])
def test_the_table_of_positions_tells_the_length(bases, rows):
    from dnalect.models.families.family import HubConfig
    from dnalect.models.families.specieslm import read_config

    hub = TINY["specieslm"][1] | {"max_position_embeddings": rows}
    assert read_config(HubConfig(hub, "c")).bases == bases


@pytest.mark.parametrize(("name", "k"), [("specieslm", 3), ("specieslm-k1", 1)])
def test_a_base_counts_by_all_words_that_have_it(tmp_path, name, k):
    model, at = dnalect.load(make(name, tmp_path / "m")), 9
    encoding = model.encode([TEXT])
    encoding.input_ids[0, [2 + at - j for j in range(k)]] = 4
    words, probabilities = all_kmers(k), np.zeros(4)
    with torch.inference_mode():
        logits = model.forward(encoding, LOGITS).logits[0].double()
    for j in range(k):
        among = logits[2 + at - j, 5 : 5 + 4**k].softmax(-1)
        for word, p in zip(words, among.tolist(), strict=True):
            probabilities["ACGT".index(word[j])] += p / k
    found = Masked(model, strands=1).log_probs([encode(TEXT)], np.array([at]))
    assert np.allclose(np.exp(found[0]), probabilities, atol=1e-6)
    assert probabilities.max() < 0.99
    model.tokenizer.alike = model.tokenizer.alike[::-1] if k > 1 else model.tokenizer.alike[:, ::-1]
    turned = Masked(model, strands=1).log_probs([encode(TEXT)], np.array([at]))
    assert not np.allclose(turned, found, atol=1e-3), "bases counted at another place of the words are caught"
    model = dnalect.load(tmp_path / "m")
    both = np.exp(strategy_for(model).within(encode(TEXT)[None])[0])
    assert np.allclose(both.sum(-1), 1, atol=1e-5)


def test_scores_say_definition_and_species(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    genome = random_genome(tmp_path / "g.fa")
    folder = make("specieslm", tmp_path / "m")
    assert scorer_for(dnalect.load(folder), genome).definition == "llr-marginal-1, candida_glabrata"
    written = []
    for species in (GLABRATA, KAZACHSTANIA):
        with pytest.warns(DnalectWarning, match=f"m:{species} was trained on another genome"):
            row = next(dnalect.score_variants(str(tmp_path / "g.fa"), snv(genome), str(folder), False, species=species))
        written.append(row.score.value)
    assert written[0] != written[1]


def snv(genome):
    """A substitution in the middle of a genome."""
    base = genome.fetch(0, 400, 401).tobytes().decode()
    return [("c", 401, base, "C" if base != "C" else "G")]
