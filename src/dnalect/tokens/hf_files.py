"""The files beside a model that transformers' AutoTokenizer needs to give our ids."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dnalect.core.files import write_text
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.hf_json import OTHERS, render_byte_pairs, render_json
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.single import SingleBases
from dnalect.tokens.sixmers import SixMers
from dnalect.tokens.species import SpeciesKmers
from dnalect.tokens.tokenizer import Tokenizer

SETTINGS, SPECIAL = "tokenizer_config.json", "special_tokens_map.json"
_ROLES = ("pad", "unk", "cls", "sep", "mask")


def tokenizer_json(tokenizer: Tokenizer) -> str | None:
    """Return the tokenizer.json that gives transformers our ids, None where its format can't say so.

    Byte pairs, chunks and single bases between special tokens read sequences of bases. Overlapping k-mers can't be cut
    there: they are given with spaces between them, as DNABERT's own code does.
    """
    if isinstance(tokenizer, BytePairs):
        return render_byte_pairs(tokenizer)
    if isinstance(tokenizer, Chunks):
        # The leftmost match is a 6-mer wherever six known bases follow.
        return _words(tokenizer, _split("[ACGT]{6}|[ACGTN]"), [OTHERS])
    if isinstance(tokenizer, SixMers):
        # Each six letters are a word, what is left over is none.
        return _words(tokenizer, _split(".{6}") | {"behavior": "Removed", "invert": True}, [OTHERS])
    if isinstance(tokenizer, SingleBases) and tokenizer.name not in ("single", "bases"):
        return _words(tokenizer, _split("[ACGTN]"), [OTHERS])
    spaced = isinstance(tokenizer, OverlappingKmers | SpeciesKmers)
    return _words(tokenizer, {"type": "WhitespaceSplit"}) if spaced else None


def _words(tokenizer: Tokenizer, splitter: dict[str, Any], normalizers: Sequence[dict[str, Any]] = ()) -> str:
    unknown = tokenizer.words[tokenizer.special.unk or 0]
    model = {"type": "WordLevel", "vocab": tokenizer.index, "unk_token": unknown}
    return render_json(tokenizer, model, splitter, normalizers=normalizers)


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def write_hf_files(tokenizer: Tokenizer, folder: Path, longest: int | None = None) -> None:
    """Write tokenizer.json and its settings; nothing where the format can't say what the tokenizer does.

    longest: the most tokens that the model takes, special ones included; None for any number.
    Raises OutputError where the folder can't be written to.
    """
    text = tokenizer_json(tokenizer)
    if text is None:
        return
    write_text(folder / "tokenizer.json", text)
    write_settings(tokenizer, folder, longest)


def write_settings(tokenizer: Tokenizer, folder: Path, longest: int | None = None) -> None:
    """Write tokenizer_config.json and special_tokens_map.json, which name the special tokens."""
    ids = {f"{role}_token": getattr(tokenizer.special, role) for role in _ROLES}
    special = {role: tokenizer.words[number] for role, number in ids.items() if number is not None}
    settings = special | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "do_lower_case": False,
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
    }
    if longest is not None:
        settings["model_max_length"] = longest
    write_text(folder / SETTINGS, json.dumps(settings, indent=1) + "\n")
    write_text(folder / SPECIAL, json.dumps(special, indent=1) + "\n")
