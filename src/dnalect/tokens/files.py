"""Tokenizers from and to files: vocab.txt, and the tokenizer.json of HF `tokenizers`."""

from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import TokenizerError
from dnalect.core.files import write_text
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.hf_json import parse_json, render_byte_pairs
from dnalect.tokens.names import NAMES, named
from dnalect.tokens.species import SpeciesKmers, kmer_length
from dnalect.tokens.tokenizer import Tokenizer

JSON, WORDS = "tokenizer.json", "vocab.txt"
_LARGEST_FILE = 1 << 27


def open_tokenizer(name: str) -> Tokenizer:
    """Return a tokenizer by one of the names of `dnalect.tokens.names`, by file or by folder.

    A name wins over a file of that name; write ./NAME for the file.
    Raises TokenizerError for what is neither.
    """
    if name in NAMES or not Path(name).exists():
        return named(name)
    return read_tokenizer(Path(name))


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer.json, or a vocab.txt, of byte pairs, of SpeciesLM, or of one of the known tokenizers.

    path: the file, recognised by its content, or a folder that holds one (tokenizer.json is
    taken first). Raises TokenizerError where it cannot be read, is damaged, or does
    something to the bases that dnalect would not do.
    """
    if path.is_dir():
        found = [path / name for name in (JSON, WORDS) if (path / name).is_file()]
        if not found:
            raise TokenizerError(f"the folder {path} holds neither {JSON} nor {WORDS}")
        path = found[0]
    text = _text(path)
    if text.lstrip().startswith("{"):
        read = parse_json(text, str(path))
        return read if isinstance(read, BytePairs) else _known(read, path)
    return _known(text.splitlines(), path)


def write_tokenizer(tokenizer: Tokenizer, path: Path) -> Path:
    """Write a tokenizer and return the file: tokenizer.json for byte pairs, else vocab.txt.

    path: the file, or the folder to put it in under that name. Raises OutputError.
    """
    if path.is_dir():
        path = path / (JSON if isinstance(tokenizer, BytePairs) else WORDS)
    text = render_byte_pairs(tokenizer) if isinstance(tokenizer, BytePairs) else "\n".join(tokenizer.words) + "\n"
    write_text(path, text)
    return path


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise TokenizerError(f"{path} has more than {_LARGEST_FILE >> 20} MiB: that is no vocabulary")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise TokenizerError(f"cannot read the tokenizer {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TokenizerError(f"{path} is no text file in UTF-8") from error


def _known(lines: Sequence[str], path: Path) -> Tokenizer:
    """Return the tokenizer that has exactly these words."""
    words = [line.strip() for line in lines]
    # GENERator's file names the id after each word.
    if words and all(word.endswith(f" {number}") for number, word in enumerate(words)):
        words = [word.rpartition(" ")[0] for word in words]
    seen: dict[str, int] = {}
    for number, word in enumerate(words, 1):
        if seen.setdefault(word, number) != number:
            raise TokenizerError(f"{path}, line {number}: {word!r} stands in line {seen[word]} already")
    if kmer_length(words) is not None:
        return SpeciesKmers(words)
    told = tuple(words)
    same = next((each for each in map(named, NAMES) if each.words == told), None)
    if same is not None:
        return same
    likely = next((each for each in map(named, NAMES) if len(each) == len(words)), None)
    if likely is None:
        raise TokenizerError(
            f"{path} has {len(words):,} words, as no tokenizer that dnalect knows; is it cut short? "
            f"(known are {', '.join(NAMES)}, and tokenizer.json files)"
        )
    number, (word, expected) = next(
        (number, pair) for number, pair in enumerate(zip(words, likely.words, strict=True), 1) if pair[0] != pair[1]
    )
    raise TokenizerError(
        f"{path}, line {number}: {word!r}, where {likely.name} has {expected!r}; "
        "with words in another order every id would mean another word"
    )
