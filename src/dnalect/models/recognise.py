"""Which family a model is of, and whether dnalect reads it: told before any weights are fetched or read.

A new family is a file in families/ and a line below.
"""

from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError
from dnalect.core.files import read_json
from dnalect.models.families import (
    borzoi,
    caduceus,
    decoder,
    dnabert,
    dnabert2,
    enformer,
    evo,
    evo2,
    gena_lm,
    gpn,
    grover,
    hyenadna,
    logo,
    mamba,
    modernbert,
    ntv3,
    nucleotide_transformer,
    specieslm,
)
from dnalect.models.families.family import Evidence, Family
from dnalect.models.vocabulary import read_vocabulary

FAMILIES: dict[str, Family[Any]] = {
    each.FAMILY.name: each.FAMILY
    for each in (
        *(dnabert, dnabert2, nucleotide_transformer, ntv3, logo, grover, specieslm, gena_lm, modernbert, gpn),
        *(caduceus, decoder, hyenadna, evo, evo2, mamba),
    )
} | {gpn.PROMOTER.name: gpn.PROMOTER}
_DECODER = (
    "a causal decoder",
    "transformers runs it; dnalect reads Llama, Qwen3, Mistral and Mixtral",
)
# What a config.json calls its model: what people call it, and what runs it.
ELSEWHERE: dict[str, tuple[str, str]] = {
    "gpnroformer": ("GPN-MSA", "its own package, gpn (github.com/songlab-cal/gpn), runs it"),
    "phylogpn": (
        "PhyloGPN, whose outputs are rates of a substitution model and not likelihoods of a hidden base",
        "its package, gpn (github.com/songlab-cal/gpn), runs it",
    ),
    "big_bird": (
        "BigBird, such as gena-lm-bigbird-base-t2t, which attends to blocks drawn at random",
        "transformers runs it; gena-lm-bert-base-t2t attends to all tokens",
    ),
    "alphagenome": ("AlphaGenome, which predicts tracks", "its authors' API runs it, and alphagenome-pytorch"),
    "ntv3": (
        "a post-trained Nucleotide Transformer 3",
        "its authors' code (github.com/instadeepai/nucleotide-transformer) runs it; dnalect reads the pretrained ones",
    ),
} | dict.fromkeys(("qwen2", "qwen3_moe", "gpt2", "gpt_neox"), _DECODER)
# Those whose name in a repository's name leaves no doubt.
_TELLING = frozenset(("alphagenome",))


def supported() -> str:
    """Return in words the families that dnalect reads, with the model_type of their config.json."""
    told = [f"{family.title} ({' or '.join(family.model_types)})" for family in FAMILIES.values()]
    tracks = f"{enformer.TITLE} ({enformer.NAME})", f"{borzoi.TITLE} ({' or '.join(borzoi.TYPES)})"
    return ", ".join([*told, *tracks]) + ", and duplex, this project's own"


def check_type(config: dict[str, Any], where: object) -> None:
    """Raise ModelError where a config.json names a kind of model that no family has.

    config: {} and one that names nothing pass. where: the folder or the repository, for the message.
    """
    evo2.check_precision(config, where)
    kind, what = config.get("model_type"), "model_type"
    known = {kind for family in FAMILIES.values() for kind in family.model_types}
    if enformer.is_mine(config) or borzoi.is_mine(config):
        return
    if not isinstance(kind, str):
        classes = config.get("architectures")
        named = classes[0] if isinstance(classes, list) and classes and isinstance(classes[0], str) else ""
        if not named or named.lower().startswith(tuple(known)):
            return
        kind, what = named, "architecture"
    if kind in known:
        return
    near = [each for name, each in ELSEWHERE.items() if kind.lower().startswith(name)]
    raise _unsupported(where, f"{what} {kind}", *(near[-1] if near else ("", "")))


def check_name(repository: str) -> None:
    """Raise ModelError where the name of a repository on the hub says that no family reads what it holds.

    For when the repository can't be asked; a name that says nothing passes.
    """
    evo2.check_precision({"_name_or_path": repository}, repository)
    name = repository.lower().replace("-", "").replace("_", "")
    near = [(kind, *each) for kind, each in ELSEWHERE.items() if kind in _TELLING and kind in name]
    if near:
        kind, title, runs = near[-1]
        raise _unsupported(repository, f"model_type {kind}, by its name", title, runs)


def _unsupported(where: object, what: str, title: str, runs: str) -> ModelError:
    named = f" ({title})" if title else ""
    instead = f" {_capital(runs)}." if runs else ""
    return ModelError(
        f"{where}: {what}{named}: not supported.{instead}\n"
        f"Supported: {supported()}. dnalect models choose says which model answers which question"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def check_small_files(folder: Path, where: object) -> None:
    """Raise ModelError where config.json and tokenizer show that no family reads this model.

    folder: holds what of them there is. where: what it is called, for the message.
    """
    if (folder / "card.json").is_file():
        return
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{where} has neither config.json nor card.json: it is no model that dnalect reads")
    config = read_json(path)
    check_type(config, where)
    try:
        read_vocabulary(folder, config)
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from error


def recognised(evidence: Evidence, where: object) -> Family[Any]:
    """Return the family that nothing in a folder speaks against.

    Raises ModelError where there is none, with what speaks against the likeliest.
    """
    doubts = {name: family.doubts(evidence) for name, family in FAMILIES.items() if family.keras == evidence.keras}
    fitting = [name for name, against in doubts.items() if not against]
    if len(fitting) == 1:
        return FAMILIES[fitting[0]]
    if fitting:
        raise ModelError(f"{where} could be any of {', '.join(fitting)}; its files contradict each other")
    likeliest = min(doubts, key=lambda name: len(doubts[name]))
    equal = [name for name in doubts if len(doubts[name]) == len(doubts[likeliest])]
    parts = [f"{FAMILIES[name].title}: {'; '.join(doubts[name])}" for name in equal]
    raise ModelError(f"{where} is no model of a known family.\n  " + "\n  ".join(parts))
