"""Proof that a folder is what it should be, and that dnalect computes with it: `dnalect models verify`.

What the hub holds can be had only where there is a network; whoever has one can check here
what the tests of this project show on random weights.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, ModelError
from dnalect.inference import answers
from dnalect.inference.likelihood.passes import Query, passed
from dnalect.inference.run import once
from dnalect.models.card import read_card
from dnalect.models.catalogue import EMBEDDED, PUBLISHED, PublishedCard, published, published_of
from dnalect.models.checked import Checked, check_folder, load_published
from dnalect.models.load import load, model_folder
from dnalect.models.model import LAST, LOGITS, Ask, Model
from dnalect.models.published import PublishedModel
from dnalect.models.recognise import FAMILIES
from dnalect.models.tracks import FAMILIES as TRACKS
from dnalect.models.tracks import holds_tracks
from dnalect.models.vocabulary import split_species

# The human gene of U6 RNA, RNU6-1: any model of the human genome has read copies of it.
KNOWN = "GTGCTCGCTTCGGCAGCACATATACTAAAATTGGAACGATACAGAGAAGATTAGCATGGCCCCTGCGCAAGGATGACACGCAAATTCGTGAAGCGTTCCATATTTTT"
SAME = 1e-3
# Nats by which trained weights beat chance, at the least.
TRAINED = 0.5
SHOWN = 8
# Answers of published checkpoints that users sent, by name.
ANSWERS = EMBEDDED.parent / "answers"
NO_ANSWER = "no known answer"


def verify(name: str, published_as: str | None = None, dtype: str = "float32", write: bool = False) -> Iterator[str]:
    """Check a folder (or a name) step by step; yield a line for each step that holds.

    published_as: name of the published model that it must be. dtype: in which the known answer is computed.
    write: whether to write the known answer, in place of comparing with it.
    A line that begins with NO_ANSWER tells what to do where none is known.
    Raises ModelError at the first step that fails, OutputError where the answer can't be written.
    """
    name, species = split_species(name)
    folder = model_folder(name)
    about = published(published_as or name)
    if published_as and about is None:
        raise ModelError(f"there is no published model {published_as!r}; known: {', '.join(PUBLISHED)}")
    card = read_card(folder) if (folder / "card.json").is_file() else None
    if (card and card.family in TRACKS) or (card is None and holds_tracks(folder)):
        signals = load(name, "cpu", dtype)
        yield from _tracks(signals)
        yield from _known_answer(signals, signals.card.sha256, folder / answers.FILE, None, write)
        return
    if card and card.family not in FAMILIES:
        own = load(name, "cpu", dtype)
        yield f"family: {card.family}; card, weights and tensors fit together; SHA-256 {card.sha256[:16]}"
        yield f"parameters: {card.parameters:,}"
        yield from _known_answer(own, card.sha256, folder / answers.FILE, None, write)
        return
    checked = check_folder(folder, species)
    yield from _files(checked, about)
    if card and card.sha256 != checked.weights.sha256:
        raise ModelError(f"the weights of {folder} are not those of its card: the SHA-256 differs")
    model = load_published(checked, torch.device("cpu"), torch.float32, card, about)
    yield from _tokens(model)
    yield from _numbers(model)
    digest = weights_digest(model)
    yield f"weights digest: {digest}"
    file = f"known-answer.{species}.json" if species else answers.FILE
    yield from _known_answer(model.to(dtype=dtype), digest, folder / file, about, write)


def _tracks(model: Model) -> Iterator[str]:
    yield f"family: {model.card.family}; weights and network fit together; SHA-256 {model.card.sha256[:16]}"
    if tracks := model.can.tracks:
        window = f"windows of {tracks.length:,} bases without " if tracks.length else "each base by "
        yield f"tracks: {tracks}; {window}{tracks.crop:,} on each side"
    else:
        yield f"likelihoods: of a base that is hidden in a window of {model.can.context_bases:,}"
    networks = len(getattr(model.network, "members", (model.network,)))
    yield f"parameters: {model.card.parameters:,} of {networks} networks"
    yield f"licence: {model.card.licence or 'not known'}"


def _known_answer(model: Model, checksum: str, kept: Path, about: PublishedCard | None, write: bool) -> Iterator[str]:
    """Compare what a model says of 64 bases with what is known, or write it. kept: the file of its folder."""
    # What the hub gave lies in a cache, which is not ours to write to.
    own = kept if about is None or (kept.parent / "card.json").is_file() else Path(f"{about.name}.json")
    if write:
        if model.dtype != torch.float32:
            raise ConfigError("a known answer is written in float32: leave --dtype out")
        answers.write_answer(own, answers.answer(model, checksum))
        yield f"known answer: written to {own}"
        return
    shipped = ANSWERS / f"{about.name}.json" if about else None
    stored = next((path for path in (shipped, kept) if path and path.is_file()), None)
    if stored is None:
        yield f"{NO_ANSWER}: {_what_to_send(about, own)}"
        return
    found = answers.compared(model, checksum, answers.read_answer(stored))
    told = f"largest difference {found.largest:.1e}, tolerance {found.tolerance:.1e} in {_name(model)}"
    if not found.same:
        weights = "" if found.weights else "; the weights have another checksum"
        raise ModelError(f"the {found.what} of 64 bases differ from {stored}: {told}; {found.place}{weights}")
    yield f"known answer: ok, {found.what} of 64 bases as in {stored.name}; {told}"


def _name(model: Model) -> str:
    return str(model.dtype).removeprefix("torch.")


def _what_to_send(about: PublishedCard | None, own: Path) -> str:
    if about is None:
        return (
            f"`dnalect models verify FOLDER --write` puts {own.name} into it, to compare another machine with this one"
        )
    return (
        f"nobody has sent that of {about.name} yet. With the published weights at hand, run `dnalect models verify "
        f"{about.hub or 'FOLDER'} --as {about.name} --write`, and open an issue in dnalect's tracker, titled \"Known "
        f'answer of {about.name}", with the file {own} and all lines above: from then on every machine can compare'
    )


def _files(checked: Checked, about: PublishedCard | None) -> Iterator[str]:
    yield f"family: {checked.family.title}; config.json, weights and tokenizer fit together"
    files = ", ".join(path.name for path in checked.weights.files)
    yield f"tensors: {len(checked.tensors):,} read from {files}; none missing, unexpected or mis-shaped"
    if checked.ignored:
        more = f" and {len(checked.ignored) - SHOWN} more" if len(checked.ignored) > SHOWN else ""
        yield f"left aside, as the family allows: {', '.join(checked.ignored[:SHOWN])}{more}"
    same = [card.name for card in published_of(checked.family.name) if card.parameters == checked.parameters]
    if about and about.name not in same:
        raise ModelError(f"{about.name} has {about.parameters:,} parameters, this folder {checked.parameters:,}")
    yield f"parameters: {checked.parameters:,}, as {' and '.join(same) or 'no published model'}"


def _tokens(model: PublishedModel) -> Iterator[str]:
    encoding = model.encode([_known(model)])
    words = [model.tokenizer.words[number] for number in encoding.input_ids[0]]
    for word, (start, end) in zip(words, encoding.spans[0], strict=True):
        if end and word != KNOWN[start:end]:
            raise ModelError(f"the tokenizer writes {word} for {KNOWN[start:end]} at base {start + 1}")
    shown = " ".join(words[:SHOWN])
    digest = hashlib.sha256(encoding.input_ids.astype("<i8").tobytes()).hexdigest()
    yield f"tokens of the gene of U6 RNA: {len(words)}: {shown} ..., digest {digest[:16]}"


def _numbers(model: PublishedModel) -> Iterator[str]:
    says = model.can.likelihood is not None
    what, ask = ("logits", Ask(logits=True, states=(0,))) if says else ("states", LAST)
    encoding = model.encode([_known(model), KNOWN[:60]])
    other = replace(ask, states=() if says else ask.states, attentions=model.can.attentions)
    plain, slow = _asked(model, encoding, ask), _asked(model, encoding, other)
    alone = _asked(model, model.encode([KNOWN[:60]]), ask)
    inside = torch.from_numpy(encoding.attention_mask).to(model.device)
    if not plain[inside].isfinite().all():
        raise ModelError(f"the {what} are not finite: the weights are damaged")
    ways = float((plain - slow)[inside].abs().max())
    batches = float((plain[1, : alone.shape[1]] - alone[0]).abs().max())
    if max(ways, batches) > SAME:
        raise ModelError(f"the {what} differ by {max(ways, batches):.1e} between two ways to compute them")
    ways_told = "alone, in a batch and by both ways of attention" if model.can.attentions else "alone and in a batch"
    yield f"{what}: finite; the same to {max(ways, batches):.0e} {ways_told}"
    best = plain[0].argmax(-1).cpu().numpy().astype("<i8")
    digest = hashlib.sha256(best.tobytes()).hexdigest()
    first = ", ".join(f"{value:.3f}" for value in plain[0, 1, :4].tolist())
    if not says:
        yield f"states of the second token begin {first}; it has no head for words, and says not how likely bases are"
        return
    yield f"logits of the second token begin {first}; digest of the likeliest words {digest[:16]}"
    mean, chance = guessed_words(model), -float(np.log(len(model.tokenizer)))
    better = mean > chance + TRAINED
    sense = "far above chance, as trained weights are" if better else "NOT above chance: are these trained weights?"
    which = "words of that gene, each after those before it" if model.can.left else "hidden words of that gene"
    yield f"{which}: mean ln P {mean:.2f}, by chance {chance:.2f}: {sense}"


def _asked(model: PublishedModel, encoding: Encoding, ask: Ask) -> Tensor:
    found = once(model, encoding, ask)
    return found.states[-1] if found.logits is None else found.logits


def guessed_words(model: PublishedModel) -> float:
    """Return the mean ln P of each word of the known gene, hidden alone, or of a causal model after those before it."""
    encoding = model.encode([_known(model)])
    ids, columns = encoding.input_ids[0], np.flatnonzero(encoding.covering[0])
    if model.can.left:
        columns = columns[columns > 0]
        logs = torch.log_softmax(once(model, encoding, LOGITS).logits[0], -1).cpu().numpy()
        return float(logs[columns - 1, ids[columns]].mean())
    if model.tokenizer.special.mask is None:
        raise ModelError(f"{model.card.id} has no mask")
    queries = [Query(ids, np.array([column])) for column in columns]
    found = passed(model, queries, None, lambda number, log_probs: log_probs[0, ids[queries[number].columns[0]]])
    return float(np.mean(found))


def _known(model: PublishedModel) -> str:
    return KNOWN[: model.can.context_bases]


def weights_digest(model: PublishedModel) -> str:
    """Return a SHA-256 of all parameters under their published names, whatever files held them."""
    total = hashlib.sha256()
    for name, tensor in sorted(model.family.table.export(model.network).items()):
        total.update(f"{name} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.float().contiguous().numpy().astype("<f4").tobytes())
    return total.hexdigest()
