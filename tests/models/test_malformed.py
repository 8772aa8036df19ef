"""Checkpoints that are not what they seem are refused by name of the fault, and no code of theirs runs."""

import json
import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

import dnalect
from dnalect.core.errors import ModelError
from dnalect.models.families.dnabert import FAMILY as DNABERT
from dnalect.tokens import kmers
from models.folders import DECODERS, SPECIAL, STATES, STRANDS, TINY, byte_pairs, edit, make, tensors_of

QUERY = {
    "dnabert": "bert.encoder.layer.1.attention.self.query.weight",
    "dnabert-2": "bert.encoder.layer.1.attention.self.Wqkv.weight",
    "nt-v1": "esm.encoder.layer.1.attention.self.query.weight",
    "nt-v2": "esm.encoder.layer.1.attention.self.query.weight",
    "grover": "bert.encoder.layer.1.attention.self.query.weight",
    "specieslm": "bert.encoder.layer.1.attention.self.query.weight",
    "specieslm-k1": "bert.encoder.layer.1.attention.self.query.weight",
    "gena-lm": "bert.encoder.layer.1.attention.self.query.weight",
    "modernbert": "model.layers.1.attn.Wqkv.weight",
    "ntv3": "core.transformer_blocks.1.sa_layer.query_head.linear.weight",
    "gpn": "model.encoder.1.ffn.0.weight",
    "gpn-promoter": "model.encoder.layer.1.layer.10.weight",
    "logo": "Transformer-1-MultiHeadSelfAttention/0.kernel",
    "caduceus-ph": "caduceus.backbone.layers.1.mixer.mamba_fwd.out_proj.weight",
    **dict.fromkeys(STRANDS, "caduceus.backbone.layers.1.mixer.submodule.mamba_fwd.out_proj.weight"),
    **dict.fromkeys(STATES, "backbone.layers.1.mixer.out_proj.weight"),
    "evo": "backbone.blocks.1.inner_mha_cls.out_proj.weight",
    "evo2": "blocks.1.out_filter_dense.weight",
    "hyenadna": "hyena.backbone.layers.1.mixer.out_proj.weight",
    **dict.fromkeys(DECODERS, "model.layers.1.self_attn.q_proj.weight"),
}


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, q: t.pop(q), "{} is missing"),
        (lambda t, q: t.update({q + "2": torch.zeros(1)}), "{}2 is unexpected"),
        (lambda t, q: t.update({q: t[q][:-1].contiguous()}), "{} has the shape (15, 16) instead of (16, 16)"),
        (lambda t, q: t.update({q: t[q] * float("nan")}), "{} holds values that are not finite"),
        (lambda t, q: t.update({q: t[q].long()}), "{} holds torch.int64"),
    ],
)
def test_every_wrong_tensor_is_named(tmp_path, name, change, message):
    tensors = tensors_of(name)
    if "Wqkv" in QUERY[name]:
        message = message.replace("(15, 16) instead of (16, 16)", "(47, 16) instead of (48, 16)")
    if name == "gpn-promoter":
        message = message.replace("(15, 16) instead of (16, 16)", "(15, 8) instead of (16, 8)")
    if name == "modernbert":
        message = message.replace("(15, 16) instead of (16, 16)", "(47, 16) instead of (48, 16)")
    if name in ("caduceus-ph", *STRANDS, *STATES):
        message = message.replace("(15, 16) instead of (16, 16)", "(15, 32) instead of (16, 32)")
    if name == "qwen3":
        message = message.replace("(15, 16) instead of (16, 16)", "(23, 16) instead of (24, 16)")
    change(tensors, QUERY[name])
    with pytest.raises(ModelError) as error:
        dnalect.load(make(name, tmp_path / "m", tensors))
    assert message.format(QUERY[name]) in str(error.value)


def test_many_faults_are_counted(tmp_path):
    tensors = {name: value for name, value in tensors_of("dnabert").items() if "LayerNorm" not in name}
    with pytest.raises(ModelError, match=r"is missing; .*\(and 4 more\)"):
        dnalect.load(make("dnabert", tmp_path / "m", tensors))


def test_what_the_families_allow_is_left_aside(tmp_path):
    bert = tensors_of("dnabert")
    plain = dnalect.load(make("dnabert", tmp_path / "plain", bert)).network
    bert = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in bert.items()
    }
    bert |= {
        "bert.pooler.dense.weight": torch.zeros(16, 16),
        "bert.pooler.dense.bias": torch.zeros(16),
        "bert.embeddings.position_ids": torch.arange(64)[None],
        "cls.predictions.decoder.weight": bert["bert.embeddings.word_embeddings.weight"].clone(),
        "cls.predictions.decoder.bias": bert["cls.predictions.bias"].clone(),
    }
    again = dnalect.load(make("dnabert", tmp_path / "old", bert, pickled=True)).network
    for a, b in zip(plain.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    esm = tensors_of("nt-v2") | {
        "esm.embeddings.position_embeddings.weight": torch.zeros(66, 16),
        "esm.encoder.layer.0.attention.self.rotary_embeddings.inv_freq": torch.zeros(2),
        "esm.contact_head.regression.weight": torch.zeros(1, 8),
        "esm.contact_head.regression.bias": torch.zeros(1),
        "esm.embeddings.position_ids": torch.arange(66)[None],
    }
    dnalect.load(make("nt-v2", tmp_path / "nt", esm))
    bert["cls.predictions.decoder.weight"] += 1
    with pytest.raises(ModelError, match=r"decoder.weight differs from bert.embeddings.word_embeddings.weight"):
        dnalect.load(make("dnabert", tmp_path / "untied", bert))


def test_an_encoder_without_a_head_is_told_apart(tmp_path):
    tensors = {name: value for name, value in tensors_of("dnabert-2").items() if not name.startswith("cls.")}
    with pytest.raises(ModelError, match="no head for masked tokens"):
        dnalect.load(make("dnabert-2", tmp_path / "m", tensors))


def test_a_plain_bert_is_no_dnabert_2_and_the_other_way_round(tmp_path):
    folder = make("dnabert-2", tmp_path / "a")
    edit(folder, alibi_starting_size=None)
    with pytest.raises(ModelError, match="no alibi_starting_size: it is a stock BERT's"):
        dnalect.load(folder)
    folder = make("dnabert-2", tmp_path / "b", tensors_of("grover"))
    with pytest.raises(ModelError, match="no Wqkv"):
        dnalect.load(folder)
    folder = make("grover", tmp_path / "c", tensors_of("dnabert-2"))
    with pytest.raises(ModelError, match="one projection"):
        dnalect.load(folder)
    folder = make("grover", tmp_path / "d")
    edit(folder, alibi_starting_size=64)
    with pytest.raises(ModelError, match="has alibi_starting_size, as DNABERT-2's does"):
        dnalect.load(folder)


def test_logo_is_spoken_of_only_where_its_files_lie(tmp_path):
    folder = make("dnabert", tmp_path / "m", {"x.weight": torch.zeros(3)})
    with pytest.raises(ModelError, match="no model of a known family") as caught:
        dnalect.load(folder)
    assert "LOGO" not in str(caught.value)
    with pytest.raises(ModelError, match="LOGO's hdf5 needs a config.json beside it"):
        dnalect.load(make("dnabert", tmp_path / "keras", {"Embedding-Token/0.embeddings": torch.zeros(3)}))


def words(folder, name, text):
    for file in ("vocab.txt", "tokenizer.json"):
        (folder / file).unlink(missing_ok=True)
    (folder / name).write_text(text)


def test_k_mers_in_another_order_are_refused(tmp_path, monkeypatch):
    folder = make("dnabert", tmp_path / "m")
    with monkeypatch.context() as patch:
        patch.setattr(kmers, "ORDER", "ACGT")
        listed = kmers.OverlappingKmers(3).words
    assert listed != kmers.OverlappingKmers(3).words
    words(folder, "vocab.txt", "\n".join(listed) + "\n")
    with pytest.raises(ModelError, match=r"vocab.txt"):
        dnalect.load(folder)


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("dnabert", *TINY["nt-v1"][2], "DNABERT: it has no vocab.txt of overlapping k-mers"),
        ("nt-v1", *TINY["nt-v2"][2], "the tokenizer nt-v2 has 4,107 words, the config 4,105"),
        ("nt-v2", *TINY["dnabert"][2], "no vocab.txt of 6-mers"),
        ("dnabert-2", "tokenizer.json", json.dumps(byte_pairs(SPECIAL, more=["G G"])), "another model's tokenizer"),
        ("grover", "vocab.txt", "\n".join(kmers.OverlappingKmers(4).words) + "\n", "261 words, the config 20"),
        ("dnabert", "vocab.txt", "nonsense\n", "vocab.txt"),
        ("dnabert", "tokenizer.json", "{", "tokenizer.json"),
    ],
)
def test_another_models_tokenizer_is_refused(tmp_path, name, file, text, message):
    folder = make(name, tmp_path / "m")
    words(folder, file, text)
    with pytest.raises(ModelError) as error:
        dnalect.load(folder)
    assert message in str(error.value)


def test_lower_casing_and_missing_words_are_refused(tmp_path):
    folder = make("dnabert", tmp_path / "m")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    with pytest.raises(ModelError, match="do_lower_case"):
        dnalect.load(folder)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "max_len": 512}')
    dnalect.load(folder)
    (folder / "vocab.txt").unlink()
    with pytest.raises(ModelError, match="vocab.txt"):
        dnalect.load(folder)
    folder = make("grover", tmp_path / "g")
    lowered = byte_pairs(SPECIAL) | {"normalizer": {"type": "Lowercase"}}
    (folder / "tokenizer.json").write_text(json.dumps(lowered))
    with pytest.raises(ModelError, match=r"tokenizer.json"):
        dnalect.load(folder)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("dnabert", {"hidden_act": "relu"}, "hidden_act is 'relu'; this family has 'gelu' only"),
        ("dnabert", {"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ("dnabert", {"is_decoder": True}, "is_decoder is True"),
        ("dnabert", {"hidden_size": None}, "hidden_size must be a whole number, not None"),
        ("dnabert", {"hidden_size": "16"}, "hidden_size must be a whole number"),
        ("dnabert", {"layer_norm_eps": "small"}, "layer_norm_eps must be a number"),
        ("dnabert", {"num_attention_heads": 5}, "5 heads do not divide the width 16"),
        ("dnabert", {"hidden_size": 10**12}, "width must lie in"),
        (
            "dnabert",
            {"hidden_size": 32768, "num_hidden_layers": 256, "intermediate_size": 131072},
            "parameters, but the weight files hold",
        ),
        ("dnabert", {"num_hidden_layers": 3}, "bert.encoder.layer.2.attention.output.LayerNorm.bias is missing"),
        ("dnabert", {"num_hidden_layers": 1}, "bert.encoder.layer.1.attention.output.LayerNorm.bias is unexpected"),
        ("dnabert", {"max_position_embeddings": 63}, "position_embeddings.weight has the shape (64, 16)"),
        ("dnabert", {"model_type": "gpt2"}, "model_type gpt2 (a causal decoder): not supported"),
        ("dnabert", {"model_type": "esm"}, "of the type 'esm'"),
        ("nt-v1", {"emb_layer_norm_before": True}, "emb_layer_norm_before is True"),
        ("nt-v1", {"pad_token_id": 0}, "pad_token_id is 0"),
        ("nt-v1", {"mask_token_id": 3}, "the config masks with id 3, the tokenizer with 2"),
        ("nt-v1", {"position_embedding_type": "rotary"}, "of neither version"),
        ("nt-v1", {"add_bias_fnn": False}, "of neither version"),
        ("nt-v2", {"add_bias_fnn": True}, "intermediate.dense.bias is missing"),
        ("nt-v1", {"tie_word_embeddings": True}, "lm_head.decoder.weight differs"),
        ("logo", {"multi_inputs": [1]}, "multi_inputs is [1]"),
        ("logo", {"custom_conv_layer": True}, "Embedding-Token-Conv1D-2/0.kernel is missing"),
        ("logo", {"ngram": 4}, "another model's tokenizer"),
        ("dnabert-2", {"tie_word_embeddings": False}, "tie_word_embeddings is False"),
        ("gena-lm", {"last_layer_norm": None}, "bert.encoder.last_layer_ln.bias is missing"),
        ("gena-lm", {"sparse_config_cls": "deepspeed:BigBird"}, "attends to random blocks"),
        ("gena-lm", {"pre_layer_norm": None}, "pre_layer_norm is missing or false"),
        ("gena-lm", {"position_embedding_type": "rotary"}, "position_embedding_type is 'rotary'"),
        ("gena-lm", {"model_type": "big_bird"}, "drawn at random): not supported. Transformers runs it; gena-lm-bert"),
        ("grover", {"pre_layer_norm": True}, "its norms stand before the sub-layers, as GENA-LM's do"),
        ("ntv3", {"conv_init_embed_dim": 8}, "conv_init_embed_dim is 8 and embed_dim 16"),
        ("ntv3", {"key_size": 4}, "2 heads of 4 channels are not the width 16"),
        ("ntv3", {"num_hidden_layers_head": 1}, "num_hidden_layers_head is 1"),
        ("ntv3", {"deconv_upsample_type": "linear"}, "deconv_upsample_type is 'linear'"),
        ("ntv3", {"deconv_phase": "both"}, "a phase is odd or even"),
        ("ntv3", {"num_downsamples": 2}, "core.conv_tower_blocks.2.conv.conv.bias is unexpected"),
        ("ntv3", {"num_downsamples": 0}, "0 halvings are none"),
        ("ntv3", {"mask_token_id": 3}, "mask_token_id is 3"),
        ("ntv3", {"model_type": "ntv3_posttrained"}, "a post-trained Nucleotide Transformer 3): not supported"),
        ("gpn", {"n_aux_features": 5}, "n_aux_features is 5; this family has 0 only"),
        ("gpn", {"kernel_size": 4}, "kernels are odd, unlike 4 and 4"),
        ("gpn", {"dilation_cycle": 0}, "dilations must be above 0"),
        ("gpn", {"n_layers": 3}, "model.encoder.2.conv.1.bias is missing"),
        ("gpn", {"model_type": "GPN"}, "its config.json is of the type 'GPN'"),
        ("gpn-promoter", {"encoder": "roformer"}, "dnalect has those of published models"),
        ("gpn-promoter", {"bias": True}, "cls.decoder.bias is missing"),
        ("gpn-promoter", {"slim": False}, "layer.6.weight has the shape (8, 8, 9) instead of (16, 16, 9)"),
        ("gpn-promoter", {"mlm_head_transform": True}, "mlm_head_transform is True"),
        ("modernbert", {"hidden_activation": "silu"}, "hidden_activation is 'silu'"),
        ("modernbert", {"norm_bias": True}, "model.embeddings.norm.bias is missing"),
        ("modernbert", {"decoder_bias": False}, "decoder_bias is False"),
        ("modernbert", {"local_attention": 1}, "a window of 1 tokens is none"),
        ("modernbert", {"layer_types": ["sliding_attention"] * 2}, "layer_types alternates in another way"),
        ("modernbert", {"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, "rope_type is 'yarn'"),
        ("modernbert", {"tie_word_embeddings": False}, "decoder.weight is missing"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(tmp_path, name, values, message):
    folder = make(name, tmp_path / "m")
    edit(folder, **values)
    with pytest.raises(ModelError) as error:
        dnalect.load(folder)
    assert message in str(error.value)


class Attack:
    """Unpickled in the ordinary way, it writes a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_a_pickle_with_code_in_it_runs_nothing(tmp_path, zipped, nested):
    folder = make("dnabert", tmp_path / "m")
    (folder / "model.safetensors").unlink()
    target = tmp_path / "owned"
    content = tensors_of("dnabert") | {"x": Attack(target)} if nested else Attack(target)
    path = folder / "pytorch_model.bin"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="could run code; it was not loaded"):
        dnalect.load(folder)
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ModelError, match="not loaded|cannot read"):
        dnalect.load(folder)
    assert not target.exists()
    pickle.loads(path.read_bytes())
    assert target.exists(), "the attack is a real one"


def test_remote_code_beside_the_weights_is_not_touched(tmp_path):
    folder = make("dnabert-2", tmp_path / "m")
    edit(folder, auto_map={"AutoModel": "bert_layers.BertModel", "AutoConfig": "configuration_bert.BertConfig"})
    for name in ("bert_layers", "configuration_bert"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')")
    dnalect.load(folder)
    assert not (tmp_path / "owned").exists()


def test_truncated_and_foreign_files_are_refused(tmp_path):
    folder = make("dnabert", tmp_path / "m")
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for cut in (whole[:-100], whole[:50], b"", b"<html>404</html>", b"\xff" * 64):
        path.write_bytes(cut)
        with pytest.raises(ModelError, match=r"cannot read the weights .*model.safetensors"):
            dnalect.load(folder)
    path.unlink()
    path = make("dnabert", tmp_path / "p", pickled=True) / "pytorch_model.bin"
    whole = path.read_bytes()
    for cut in (whole[:-100], whole[: len(whole) // 2], b"", b"version https://git-lfs.github.com/spec/v1\n"):
        path.write_bytes(cut)
        with pytest.raises(ModelError, match=r"pytorch_model.bin"):
            dnalect.load(path.parent)
    with pytest.raises(ModelError, match="holds no weights"):
        dnalect.load(folder)


def test_pickles_of_other_things_are_refused(tmp_path):
    path = make("dnabert", tmp_path / "p", pickled=True) / "pytorch_model.bin"
    tensors = tensors_of("dnabert")
    huge = {"bert.embeddings.word_embeddings.weight": torch.zeros(1).expand(1 << 20, 1 << 20)}
    for content, message in (
        ([tensors], "no mapping from names to tensors"),
        ({"model": tensors, "step": 4}, "model is no tensor"),
        (tensors | huge, "more than the file has"),
        ({1: torch.zeros(1)}, "no mapping"),
    ):
        torch.save(content, path)
        with pytest.raises(ModelError, match=message):
            dnalect.load(path.parent)


def test_shards_that_are_missing_or_elsewhere_are_refused(tmp_path):
    folder = make("dnabert", tmp_path / "m")
    tensors = tensors_of("dnabert")
    (folder / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    index = folder / "model.safetensors.index.json"
    for mapping, message in (
        ({"a": "../elsewhere.safetensors"}, "names a file outside its folder"),
        ({"a": str(tmp_path / "elsewhere.safetensors")}, "names a file outside its folder"),
        ({"a": "model-1.safetensors"}, "lacks model-1.safetensors"),
        ({"a": 1}, "no weight_map"),
        (None, "no weight_map"),
    ):
        index.write_text(json.dumps({"weight_map": mapping}))
        with pytest.raises(ModelError, match=message):
            dnalect.load(folder)
    for name in ("a", "b"):
        save_file(tensors, folder / f"model-{name}.safetensors")
    index.write_text(json.dumps({"weight_map": {n: f"model-{n}.safetensors" for n in "ab"}}))
    with pytest.raises(ModelError, match="another file of"):
        dnalect.load(folder)


def test_broken_json_is_refused(tmp_path):
    folder = make("dnabert", tmp_path / "m")
    for text, message in (("{", "no JSON"), ("[]", "must hold a JSON object"), ("[" * 100000, "no JSON")):
        (folder / "config.json").write_text(text)
        with pytest.raises(ModelError, match=message):
            dnalect.load(folder)


def test_two_names_for_one_tensor_are_refused():
    with torch.device("meta"):
        network = torch.nn.Module()
    old = {"bert.embeddings.LayerNorm.gamma": torch.zeros(1), "bert.embeddings.LayerNorm.weight": torch.zeros(1)}
    with pytest.raises(ModelError, match=r"two tensors are called bert.embeddings.LayerNorm.weight"):
        DNABERT.table.adopt(old, network, "here")
