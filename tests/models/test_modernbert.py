"""ModernBERT and GENA-LM: configs of old and new files, the tokenizer that both have."""

import json

import pytest
import torch

import dnalect
from dnalect.models.families.family import HubConfig
from dnalect.models.families.modernbert import FULL, NEAR, read_config, write_config
from dnalect.tokens.files import read_tokenizer
from models.folders import TINY, gapped, make

HUB = TINY["modernbert"][1]
TEXTS = ["ACGTTGCA" + "N" * 12 + "ATTATTNACG", "n" * 10, "ACGTNNNNNNNNNACGT", "", "NNNNNNNNNNACGT" + "N" * 30]


def test_old_and_new_files_say_the_same():
    old = read_config(HubConfig(HUB | {"num_hidden_layers": 5, "local_rope_theta": None}, "old"))
    assert (old.every, old.theta, old.near_theta, old.window) == (2, 160_000.0, 160_000.0, 6)
    new = write_config(old, read(gapped))
    for name in ("global_attn_every_n_layers",):
        del new[name]
    assert new["layer_types"] == [FULL, NEAR, FULL, NEAR, FULL]
    assert read_config(HubConfig(json.loads(json.dumps(new)), "new")) == old
    assert read_config(HubConfig({key: HUB[key] for key in HUB if "rope" not in key}, "x")).near_theta == 10_000.0
    one = read_config(HubConfig(HUB | {"layer_types": [FULL, NEAR], "global_attn_every_n_layers": 7}, "one"))
    assert one.every == 2


def read(make_json, folder=None):
    import tempfile
    from pathlib import Path

    path = Path(folder or tempfile.mkdtemp()) / "tokenizer.json"
    path.write_text(json.dumps(make_json()))
    return read_tokenizer(path)


def test_long_runs_of_n_are_one_word_as_in_its_own_library(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    ours = read(gapped, tmp_path)
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    together = ours.encode(TEXTS)
    for row, text in enumerate(TEXTS):
        encoding = ours.encode([text])
        assert encoding.input_ids[0].tolist() == theirs.encode(text.upper()).ids, text
        mask = together.attention_mask[row]
        assert together.input_ids[row, mask].tolist() == encoding.input_ids[0].tolist()
        under = [tuple(each) for each in encoding.spans[0][encoding.covering[0]].tolist()]
        assert [start for start, _ in under[1:]] == [end for _, end in under[:-1]]
        assert (under[0][0], under[-1][1]) == (0, len(text)) if text else not under
    assert ours.gap in ours.encode(TEXTS[:1]).input_ids
    assert ours.gap not in ours.encode(["ACGTNNNNNNNNNACGT"]).input_ids


@pytest.mark.parametrize("name", ["gena-lm", "modernbert"])
def test_a_gap_changes_little_of_what_is_far_from_it(tmp_path, name):
    model = dnalect.load(make(name, tmp_path / "m"))
    out = model([TEXTS[0], TEXTS[3]])
    assert out.logits.isfinite().all()
    vectors = dnalect.embed(model, [TEXTS[0], TEXTS[2]])
    assert torch.tensor(vectors).isfinite().all()


def test_rows_that_no_word_uses_are_read_and_others_refused(tmp_path, monkeypatch):
    family, hub, words = TINY["modernbert"]
    monkeypatch.setitem(TINY, "modernbert", (family, hub | {"vocab_size": 30}, words))
    model = dnalect.load(make("modernbert", tmp_path / "more"))
    assert model([TEXTS[0]]).logits.shape[-1] == 30
    assert len(model.tokenizer) == 22
    monkeypatch.setitem(TINY, "modernbert", (family, hub | {"vocab_size": 22 + 769}, words))
    with pytest.raises(dnalect.ModelError, match="another model's tokenizer"):
        dnalect.load(make("modernbert", tmp_path / "most"))
