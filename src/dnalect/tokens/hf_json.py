"""tokenizer.json, the format of HF `tokenizers`, for DNA: byte pairs, or whole words."""

import json
from collections.abc import Sequence
from typing import Any

from dnalect.core.errors import TokenizerError
from dnalect.tokens.bpe import GAP, BytePairs
from dnalect.tokens.tokenizer import Special, Tokenizer

# What these do, they do not do to upper-case letters.
_HARMLESS_NORMALIZERS = {"NFC", "NFD", "NFKC", "NFKD", "Nmt", "StripAccents", "Strip"}
_HARMLESS_SPLITTERS = {"Whitespace", "WhitespaceSplit", "BertPreTokenizer", "Punctuation"}
# The format knows no upper-casing: one replacement a base does it.
_UPPER = [{"type": "Replace", "pattern": {"String": base.lower()}, "content": base} for base in "ACGTN"]
_LOWER = {"type": "Lowercase"}
# GENA-LM's: many N in a row are one word, and nothing is merged across it.
_GAP_WORD = "-"
_GAPS = {"type": "Replace", "pattern": {"Regex": f"N{{{GAP},}}"}, "content": _GAP_WORD}
_AROUND_GAPS = {"type": "Split", "pattern": {"String": _GAP_WORD}, "behavior": "Isolated", "invert": False}
# What is no base counts as N.
OTHERS = {"type": "Replace", "pattern": {"Regex": "[^ACGTN]"}, "content": "N"}
_MOST_WORDS = 1 << 20
_ROLES = {
    "pad": ("[PAD]", "<pad>"),
    "unk": ("[UNK]", "<unk>"),
    "cls": ("[CLS]", "<cls>", "<s>"),
    "sep": ("[SEP]", "<sep>", "<eos>", "</s>"),
    "mask": ("[MASK]", "<mask>"),
}


def parse_json(text: str, name: str) -> BytePairs | tuple[str, ...]:
    """Return the byte pairs of a tokenizer.json, or the words by id where they are whole (WordPiece, WordLevel).

    name: of the file, for messages. Truncation and padding that the file asks for are left out.
    Raises TokenizerError where it is damaged or asks for something that would give other ids
    than `encode` does.
    """
    try:
        data = json.loads(text, object_pairs_hook=_no_doubles)
        kind = data["model"].get("type", "BPE")
        if kind == "BPE" and not (data.get("normalizer") == _LOWER and not data["model"].get("merges")):
            return _byte_pairs(data, name)
        if kind in ("WordPiece", "WordLevel", "BPE"):
            words = _words(data["model"]["vocab"], data.get("added_tokens") or [], name)
            bases = {word for word in words if len(word) == 1}
            if data.get("normalizer") == _LOWER and bases and all(base.islower() for base in bases):
                # The bases themselves are written in lower case: MarinDNA, GPN.
                return tuple(word.upper() if word in bases else word for word in words)
            _check_normalizer(data.get("normalizer"), name)
            return tuple(words)
    except json.JSONDecodeError as error:
        raise TokenizerError(f"{name} is cut short or no JSON: {error}") from error
    except RecursionError as error:
        raise TokenizerError(f"{name} is nested too deeply for a tokenizer.json") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise TokenizerError(f"{name} is no tokenizer.json: {detail}") from error
    raise TokenizerError(f"{name} holds a model of type {kind!r}; dnalect reads BPE, WordPiece and WordLevel")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)[:40]!r} stands in it twice")
    return table


def _byte_pairs(data: dict[str, Any], name: str) -> BytePairs:
    model = data["model"]
    _check_model(model, name)
    gaps = _GAPS in _parts(data.get("normalizer"), "normalizers")
    words = _words(model["vocab"], data.get("added_tokens") or [], name)
    index = {word: number for number, word in enumerate(words) if word}
    if gaps and (data.get("pre_tokenizer") != _AROUND_GAPS or _GAP_WORD not in index):
        raise TokenizerError(f"{name} writes long runs of N as {_GAP_WORD!r}, and does not keep that apart")
    _check_normalizer(data.get("normalizer"), name)
    if not gaps:
        _check_splitter(data.get("pre_tokenizer"), name)
    unknown = model.get("unk_token")
    if unknown is not None and unknown not in index:
        raise TokenizerError(f"{name} names the unknown token {unknown!r}, which has no id")
    head, tail = _template(data.get("post_processor"), index, name)
    roles = {role: next((index[word] for word in texts if word in index), None) for role, texts in _ROLES.items()}
    if unknown is not None:
        roles["unk"] = index[unknown]
    merges = [_pair(entry, number, name) for number, entry in enumerate(model["merges"], 1)]
    letter = roles["unk"] if unknown is not None else None
    gap = index[_GAP_WORD] if gaps else None
    return BytePairs(words, merges, Special(**roles), letter, head, tail, name, gap)


def _parts(told: dict[str, Any] | None, inside: str) -> list[dict[str, Any]]:
    """Return the parts of a sequence of normalizers, or the one that stands alone."""
    if told is None:
        return []
    return list(told[inside]) if told["type"] == "Sequence" else [told]


def _check_model(model: dict[str, Any], name: str) -> None:
    for key in ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback"):
        if model.get(key):
            raise TokenizerError(f"{name} sets {key} to {model[key]!r}, which dnalect does not do")
    if model.get("ignore_merges"):
        raise TokenizerError(f"{name} sets ignore_merges, which dnalect does not do")
    if not isinstance(model["vocab"], dict):
        raise TokenizerError(f"{name}: the vocabulary of byte pairs is a table of words and ids")


def _check_normalizer(normalizer: dict[str, Any] | None, name: str) -> None:
    if normalizer is None:
        return
    kind = normalizer["type"]
    if normalizer in (*_UPPER, OTHERS, _GAPS):
        return
    if kind == "Sequence":
        for part in normalizer["normalizers"]:
            _check_normalizer(part, name)
    elif kind == "Lowercase" or (kind == "BertNormalizer" and normalizer.get("lowercase", True)):
        raise TokenizerError(f"{name} turns the bases into lower case ({kind}); bases are read in upper case")
    elif kind not in _HARMLESS_NORMALIZERS | {"BertNormalizer"}:
        raise TokenizerError(f"{name} changes the bases with {kind}, which dnalect does not do")


def _check_splitter(splitter: dict[str, Any] | None, name: str) -> None:
    if splitter is None:
        return
    if splitter["type"] == "Sequence":
        for part in splitter["pretokenizers"]:
            _check_splitter(part, name)
    elif splitter["type"] not in _HARMLESS_SPLITTERS:
        raise TokenizerError(f"{name} splits sequences with {splitter['type']}, which dnalect does not do")


def _words(vocab: dict[str, Any], added: list[dict[str, Any]], name: str) -> list[str]:
    """The text of every id. Raises TokenizerError where ids are doubled, absurd or no ids."""
    entries = [*vocab.items(), *((token["content"], token["id"]) for token in added if token["content"] not in vocab)]
    for token in added:
        if vocab.get(token["content"], token["id"]) != token["id"]:
            raise TokenizerError(f"{name} gives {token['content']!r} two ids")
        if len(token["content"]) > 1 and not set(token["content"]) - set("ACGTN"):
            raise TokenizerError(f"{name} has the bases {token['content']!r} as an added token, not as a word")
    if not entries:
        raise TokenizerError(f"{name} has no words")
    words: dict[int, str] = {}
    for word, number in entries:
        if type(number) is not int or not 0 <= number < _MOST_WORDS:
            raise TokenizerError(f"{name} gives {word[:40]!r} the id {number}; ids go from 0 to {_MOST_WORDS - 1:,}")
        if number in words:
            raise TokenizerError(f"{name} gives both {words[number]!r} and {word!r} the id {number}")
        words[number] = word
    size = max(words) + 1
    if size > 2 * len(words) + 100:
        raise TokenizerError(f"{name} has {len(words):,} words but ids up to {size - 1:,}")
    return [words.get(number, "") for number in range(size)]


def _pair(entry: Any, number: int, name: str) -> tuple[str, str]:
    """A merge, written as "A C" or as ["A", "C"]."""
    parts = entry.split(" ") if isinstance(entry, str) else entry
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise TokenizerError(f"merge {number} of {name} is no pair of words: {str(entry)[:60]!r}")
    return parts[0], parts[1]


def _template(
    processor: dict[str, Any] | None, index: dict[str, int], name: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ids that stand before and after a sequence."""
    if processor is None:
        return (), ()
    if processor["type"] in ("BertProcessing", "RobertaProcessing"):
        return (_id(processor["cls"], index, name),), (_id(processor["sep"], index, name),)
    if processor["type"] != "TemplateProcessing":
        raise TokenizerError(f"{name} ends with {processor['type']}, which dnalect does not do")
    sides: list[list[int]] = [[]]
    for part in processor["single"]:
        if "Sequence" in part:
            sides.append([])
        else:
            entry = processor["special_tokens"][part["SpecialToken"]["id"]]
            sides[-1] += [
                _id([token, number], index, name) for token, number in zip(entry["tokens"], entry["ids"], strict=True)
            ]
    if len(sides) != 2:
        raise TokenizerError(f"{name}: its template holds the sequence {len(sides) - 1} times, not once")
    return tuple(sides[0]), tuple(sides[1])


def _id(entry: Any, index: dict[str, int], name: str) -> int:
    word, number = entry
    if index.get(word) != number:
        raise TokenizerError(f"{name} puts {word!r} around sequences with the id {number}, which is not that word's")
    return int(number)


def render_byte_pairs(tokenizer: BytePairs) -> str:
    """Return the tokenizer.json that `tokenizers.Tokenizer.from_file` reads to give the same ids."""
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None if tokenizer.unknown is None else tokenizer.words[tokenizer.unknown],
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "vocab": {word: number for number, word in enumerate(tokenizer.words) if word},
        "merges": [f"{left} {right}" for left, right in tokenizer.merges],
    }
    if tokenizer.gap is None:
        return render_json(tokenizer, model, {"type": "Whitespace"}, tokenizer.unknown)
    return render_json(tokenizer, model, _AROUND_GAPS, tokenizer.unknown, [_GAPS])


def render_json(
    tokenizer: Tokenizer,
    model: dict[str, Any],
    splitter: dict[str, Any],
    unknown: int | None = None,
    normalizers: Sequence[dict[str, Any]] = (),
) -> str:
    """Return a tokenizer.json: special tokens around a sequence whose bases become upper case.

    model, splitter: as the format has them. unknown: a further id that is no word of bases.
    normalizers: what is done to upper-case letters.
    """
    words, special = tokenizer.words, tokenizer.special
    ids = {getattr(special, role) for role in _ROLES} | {*tokenizer.head, *tokenizer.tail, unknown}
    marked = sorted(number for number in ids if number is not None)
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    template = [{"SpecialToken": {"id": words[number], "type_id": 0}} for number in tokenizer.head]
    template.append({"Sequence": {"id": "A", "type_id": 0}})
    template += [{"SpecialToken": {"id": words[number], "type_id": 0}} for number in tokenizer.tail]
    second: list[dict[str, Any]] = [{"Sequence": {"id": "B", "type_id": 1}}]
    second += [{"SpecialToken": {"id": words[number], "type_id": 1}} for number in tokenizer.tail]
    around = {
        words[number]: {"id": words[number], "ids": [number], "tokens": [words[number]]}
        for number in (*tokenizer.head, *tokenizer.tail)
    }
    data = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": words[number], **flags} for number in marked],
        "normalizer": {"type": "Sequence", "normalizers": [*_UPPER, *normalizers]},
        "pre_tokenizer": splitter,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template + second,
            "special_tokens": around,
        }
        if around
        else None,
        "decoder": None,
        "model": model,
    }
    return json.dumps(data, indent=1) + "\n"
