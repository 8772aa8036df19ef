"""Model folders as the hub lays them out, with tiny networks of random weights."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from dnalect.models.families.family import HubConfig
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.kmers import OverlappingKmers, all_kmers
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.sixmers import SixMers

SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 64,
}
BERT = SIZES | {"model_type": "bert", "hidden_act": "gelu", "type_vocab_size": 2, "layer_norm_eps": 1e-12}
ESM = SIZES | {
    "model_type": "esm",
    "max_position_embeddings": 66,
    "pad_token_id": 1,
    "mask_token_id": 2,
    "emb_layer_norm_before": False,
    "tie_word_embeddings": False,
}
DECODER = SIZES | {
    "hidden_act": "silu",
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-5,
    "rope_theta": 5e5,
    "tie_word_embeddings": False,
}
HYENADNA = {
    "model_type": "hyenadna",
    "architectures": ["HyenaDNAForCausalLM"],
    "vocab_size": 12,
    "pad_vocab_size_multiple": 8,
    "d_model": 16,
    "d_inner": 24,
    "n_layer": 2,
    "max_seq_len": 66,
    "emb_dim": 5,
    "filter_order": 8,
    "num_inner_mlps": 2,
    "activation_freq": 10,
    "layer_norm_epsilon": 1e-5,
    "short_filter_order": 3,
    "hyena_order": 2,
    "embed_dropout": 0.1,
    "train_freq": True,
    "use_bias": True,
    "tie_word_embeddings": False,
}
CADUCEUS = {
    "model_type": "caduceus",
    "architectures": ["CaduceusForMaskedLM"],
    "bidirectional": True,
    "bidirectional_strategy": "add",
    "bidirectional_weight_tie": True,
    "complement_map": {str(n): {7: 10, 8: 9, 9: 8, 10: 7}.get(n, n) for n in range(16)},
    "d_model": 16,
    "n_layer": 2,
    "fused_add_norm": True,
    "norm_epsilon": 1e-5,
    "pad_vocab_size_multiple": 8,
    "rms_norm": True,
    "residual_in_fp32": False,
    "rcps": True,
    "ssm_cfg": {"bias": False, "conv_bias": True, "d_conv": 4, "d_state": 5, "dt_rank": "auto", "expand": 2},
    "vocab_size": 16,
}
PLANTCAD = CADUCEUS | {
    "architectures": ["Caduceus"],
    "complement_map": {str(n): {3: 6, 4: 5, 5: 4, 6: 3}.get(n, n) for n in range(8)},
    "pad_token_id": -100,
    "vocab_size": 8,
}
MAMBA = {
    "model_type": "mamba",
    "architectures": ["MambaForCausalLM"],
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "state_size": 5,
    "conv_kernel": 4,
    "hidden_act": "silu",
    "layer_norm_epsilon": 1e-5,
    "tie_word_embeddings": False,
    "use_bias": False,
    "use_conv_bias": True,
}
STRIPED = {
    "vocab_size": 512,
    "hidden_size": 16,
    "num_filters": 16,
    "num_attention_heads": 4,
    "inner_mlp_size": 24,
    "max_seqlen": 64,
    "eps": 1e-6,
    "short_filter_length": 3,
    "mlp_activation": "gelu",
    "proj_groups": 1,
    "mha_out_proj_bias": True,
    "tie_embeddings": True,
    "final_norm": True,
}
EVO = STRIPED | {
    "model_type": "stripedhyena",
    "architectures": ["StripedHyenaModelForCausalLM"],
    "num_layers": 3,
    "attn_layer_idxs": [1],
    "hyena_layer_idxs": [0, 2],
    "state_size": 4,
    "column_split_hyena": True,
    "column_split": False,
    "hyena_filter_groups": 1,
    "qkv_proj_bias": True,
    "short_filter_bias": True,
    "smeared_gqa": False,
}
EVO2 = STRIPED | {
    "model_type": "stripedhyena2",
    "num_layers": 4,
    "hcl_layer_idxs": [2],
    "hcm_layer_idxs": [1],
    "hcs_layer_idxs": [0],
    "attn_layer_idxs": [3],
    "hcl_filter_groups": 16,
    "hcm_filter_groups": 4,
    "hcs_filter_groups": 4,
    "hcm_filter_length": 128,
    "hcs_filter_length": 7,
    "state_size": 4,
    "interleave": True,
    "evo2_style_activations": True,
    "column_split": True,
    "column_split_hyena": False,
    "qkv_proj_bias": False,
    "short_filter_bias": False,
    "rotary_emb_base": 10000,
}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
MERGES = ["A A", "T T", "C G", "G C", "A T", "C A", "T A", "AA AA", "TA TT", "CG CA", "GC AT"]


def gapped() -> dict:
    """A tokenizer.json as GENA-LM's: ten N and more are one word, N is one too."""
    made = byte_pairs(SPECIAL)
    words = [*SPECIAL, "-", *"ACGTN", *(merge.replace(" ", "") for merge in MERGES)]
    made["model"]["vocab"] = {word: number for number, word in enumerate(words)}
    made["normalizer"] = {"type": "Replace", "pattern": {"Regex": "N{10,}"}, "content": "-"}
    made["normalizer"] = {
        "type": "Sequence",
        "normalizers": [{"type": "Strip", "strip_left": True, "strip_right": True}, made["normalizer"]],
    }
    made["pre_tokenizer"] = {"type": "Split", "pattern": {"String": "-"}, "behavior": "Isolated", "invert": False}
    made["added_tokens"].append(made["added_tokens"][0] | {"id": 5, "content": "-"})
    return made


def byte_pairs(special, empty=False, more=(), empty_merges=False) -> dict:
    """A tokenizer.json as HF writes it. empty: with GROVER's piece of no letters; empty_merges: and its merges."""
    merges = [*MERGES, *more]
    pieces = [merge.replace(" ", "") for merge in merges]
    words = [*special, "A", "C", "G", "T", *pieces, *([""] if empty else [])]
    template = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    template.append({"SpecialToken": {"id": "[SEP]", "type_id": 0}})
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": word, "single_word": False, "lstrip": False, "rstrip": False}
            | {"normalized": False, "special": True}
            for number, word in enumerate(special)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template,
            "special_tokens": {
                word: {"id": word, "ids": [special.index(word)], "tokens": [word]} for word in ("[CLS]", "[SEP]")
            },
        },
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "[UNK]",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {word: number for number, word in enumerate(words)},
            "merges": [*(f"{base} " for base in "ACGT" if empty_merges), *merges],
        },
    }


def letters() -> dict:
    """The tokenizer.json of GPN and PlantCAD: byte pairs of no pair, in lower case."""
    words = ["[PAD]", "[MASK]", "[UNK]", *"acgt"]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": word} | flags for number, word in enumerate(words[:3])],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "[UNK]",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "vocab": {word: number for number, word in enumerate(words)},
            "merges": [],
        },
    }


def characters() -> dict:
    """MarinDNA's tokenizer.json: bases in lower case after a beginning."""
    words = ["[PAD]", "[UNK]", "[BOS]", *"acgt"]
    template = [{"SpecialToken": {"id": "[BOS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": ".{1}"}, "behavior": "Isolated", "invert": False},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template,
            "special_tokens": {"[BOS]": {"id": "[BOS]", "ids": [2], "tokens": ["[BOS]"]}},
        },
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: number for number, word in enumerate(words)},
            "unk_token": "[UNK]",
        },
    }


def lower_bases() -> dict:
    """GPN's tokenizer.json: byte pairs without a pair, of bases in lower case."""
    made = byte_pairs(SPECIAL)
    words = ["[PAD]", "[MASK]", "[UNK]", *"acgt"]
    made["model"] |= {"vocab": {word: number for number, word in enumerate(words)}, "merges": []}
    made |= {"normalizer": {"type": "Lowercase"}, "post_processor": None}
    return made | {"added_tokens": [made["added_tokens"][0] | {"id": n, "content": words[n]} for n in range(3)]}


def species_words(k) -> list[str]:
    """SpeciesLM's words: those of DNABERT, then the species."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return [*special, *all_kmers(k), "candida_glabrata", "kazachstania_africana_cbs_2517_gca_000304475"]


# name -> family, config.json, file of words and its text.
TINY = {
    "dnabert": (
        "dnabert",
        BERT | {"vocab_size": 69, "rnn": "lstm", "split": 10, "num_rnn_layer": 1},
        ("vocab.txt", "\n".join(OverlappingKmers(3).words) + "\n"),
    ),
    "dnabert-2": (
        "dnabert2",
        BERT | {"vocab_size": 20, "alibi_starting_size": 64, "position_embedding_type": "absolute", "pad_token_id": 0},
        ("tokenizer.json", json.dumps(byte_pairs(SPECIAL))),
    ),
    "nt-v1": (
        "nucleotide_transformer",
        ESM | {"vocab_size": 4105, "position_embedding_type": "absolute", "token_dropout": True},
        ("vocab.txt", "\n".join(Chunks(1).words) + "\n"),
    ),
    "nt-v2": (
        "nucleotide_transformer",
        ESM | {"vocab_size": 4107, "position_embedding_type": "rotary", "token_dropout": False, "add_bias_fnn": False},
        ("vocab.txt", "\n".join(Chunks(2).words) + "\n"),
    ),
    "grover": (
        "grover",
        BERT | {"vocab_size": 20},
        ("tokenizer.json", json.dumps(byte_pairs(SPECIAL, empty=True))),
    ),
    "specieslm": (
        "specieslm",
        BERT | {"vocab_size": 72, "species": "candida_glabrata"},
        ("vocab.txt", "\n".join(species_words(3)) + "\n"),
    ),
    "specieslm-k1": (
        "specieslm",
        BERT | {"vocab_size": 11, "species": "candida_glabrata"},
        ("vocab.txt", "\n".join(species_words(1)) + "\n"),
    ),
    "gena-lm": (
        "gena_lm",
        BERT | {"vocab_size": 22, "pre_layer_norm": True, "last_layer_norm": False, "pad_token_id": 3},
        ("tokenizer.json", json.dumps(gapped())),
    ),
    "modernbert": (
        "modernbert",
        SIZES
        | {"model_type": "modernbert", "vocab_size": 22, "local_attention": 6, "norm_eps": 1e-5}
        | {"global_attn_every_n_layers": 2, "global_rope_theta": 160000.0, "pad_token_id": 3},
        ("tokenizer.json", json.dumps(gapped())),
    ),
    "ntv3": (
        "ntv3",
        {"model_type": "ntv3", "alphabet_size": 11, "mask_token_id": 2, "pad_token_id": 1, "num_downsamples": 3}
        | {"attention_heads": 2, "key_size": 8, "embed_dim": 16, "conv_init_embed_dim": 16, "ffn_embed_dim": 24}
        | {"token_embed_dim": 4, "num_layers": 2, "num_hidden_layers_head": 0, "deconv_upsample_type": "repeat+conv"},
        None,
    ),
    "gpn": (
        "gpn",
        {
            "model_type": "ConvNet",
            "vocab_size": 7,
            "hidden_size": 16,
            "n_layers": 2,
            "kernel_size": 5,
            "dilation_cycle": 2,
        },
        ("tokenizer.json", json.dumps(lower_bases())),
    ),
    "gpn-promoter": (
        "gpn_promoter",
        {"model_type": "GPN", "vocab_size": 7, "hidden_size": 16, "num_hidden_layers": 2, "encoder": "bytenet"}
        | {"embedding": "embedding", "slim": True, "bias": False, "mlm_head_transform": False, "dilation_cycle": 2},
        ("tokenizer.json", json.dumps(lower_bases())),
    ),
    "logo": (
        "logo",
        SIZES
        | {"vocab_size": 138, "embedding_size": 8, "type_vocab_size": 0, "hidden_act": "gelu"}
        | {"application": "encoder", "ngram": 3},
        None,
    ),
    "llama": (
        "decoder",
        DECODER | {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 4128},
        ("vocab.txt", "\n".join(f"{word} {number}" for number, word in enumerate(SixMers("generator").words)) + "\n"),
    ),
    "qwen3": (
        "decoder",
        DECODER
        | {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "vocab_size": 7, "head_dim": 6}
        | {"rope_scaling": LLAMA3 | {"original_max_position_embeddings": 32}},
        ("tokenizer.json", json.dumps(characters())),
    ),
    "mistral": (
        "decoder",
        DECODER
        | {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "vocab_size": 20}
        | {"sliding_window": 7},
        ("tokenizer.json", json.dumps(byte_pairs(SPECIAL))),
    ),
    "hyenadna": ("hyenadna", HYENADNA, None),
    "evo": ("evo", EVO, None),
    "evo2": ("evo2", EVO2, None),
    "caduceus-ph": ("caduceus", CADUCEUS | {"rcps": False}, None),
    "caduceus-ps": ("caduceus", CADUCEUS, None),
    "plantcad": ("caduceus", PLANTCAD, ("tokenizer.json", json.dumps(letters()))),
    "plantcad-2": (
        "caduceus",
        PLANTCAD | {"d_intermediate": 0, "ssm_cfg": {"d_conv": 4, "d_state": 5, "expand": 2, "headdim": 8}},
        ("tokenizer.json", json.dumps(letters())),
    ),
    "mamba": (
        "mamba",
        MAMBA | {"vocab_size": 20, "time_step_rank": 2},
        ("tokenizer.json", json.dumps(byte_pairs(SPECIAL))),
    ),
    "mamba-2": (
        "mamba",
        MAMBA
        | {"model_type": "mamba2", "architectures": ["Mamba2ForCausalLM"], "vocab_size": 7}
        | {"num_heads": 4, "head_dim": 8, "n_groups": 2, "rms_norm": True, "time_step_limit": [0.0, float("inf")]},
        ("tokenizer.json", json.dumps(characters())),
    ),
}
DECODERS = ("llama", "qwen3", "mistral")
STATES = ("mamba", "mamba-2")
CAUSAL = (*DECODERS, "hyenadna", "evo", "evo2", *STATES)
STRANDS = ("caduceus-ps", "plantcad", "plantcad-2")
assert len(Ngrams(3)) + 3 == 138


def tensors_of(name) -> dict:
    """Random weights under their published names, the same every time."""
    family, hub, _ = TINY[name]
    torch.manual_seed(7)
    made = FAMILIES[family]
    network = made.build(made.read_config(HubConfig(hub, "tiny")))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            # Long filters are products of small numbers, and would be nothing; those of poles would grow without end.
            spread = 0.3 if ".filter." in name else 0.01 if name.endswith("modes.poles") else 0.1
            parameter.add_(torch.randn_like(parameter) * spread)
    return made.table.export(network)


def make(name, folder: Path, tensors=None, pickled=False) -> Path:
    """Write a folder. tensors: instead of the right ones. pickled: as pytorch_model.bin."""
    _, hub, words = TINY[name]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(hub))
    if words:
        (folder / words[0]).write_text(words[1])
    tensors = tensors_of(name) if tensors is None else tensors
    if pickled:
        torch.save(tensors, folder / "pytorch_model.bin")
    else:
        save_file(tensors, folder / "model.safetensors")
    return folder


def edit(folder: Path, **values) -> None:
    """Change config.json; a value of None takes the key out."""
    path = folder / "config.json"
    hub = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in hub.items() if value is not None}))
