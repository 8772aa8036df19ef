"""A language model of a published family: card, tokenizer, network."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import save_file

from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError, ModelError
from dnalect.core.files import made_folder, sha256, write_text, written_whole
from dnalect.models.card import Card, write_card
from dnalect.models.model import Abilities, Ask, At, Model, Output
from dnalect.models.precision import as_tensor
from dnalect.tokens.bases import texts
from dnalect.tokens.tokenizer import Text, Tokenizer

if TYPE_CHECKING:
    from dnalect.models.catalogue import PublishedCard
    from dnalect.models.families.family import Family, Network


class PublishedModel(Model):
    """An encoder, a decoder or another network.

    Logits at a token say what it was where the encoding hides it with `tokenizer.special.mask`; those of a causal
    model, which word comes after it.
    published: what its authors published, None for one's own.
    """

    network: "Network"

    def __init__(
        self,
        card: Card,
        family: "Family[Any]",
        tokenizer: Tokenizer,
        network: "Network",
        device: torch.device,
        dtype: torch.dtype,
        published: "PublishedCard | None" = None,
    ):
        super().__init__(card, network, device, dtype)
        self.family, self.tokenizer, self.published = family, tokenizer, published

    @cached_property
    def can(self) -> Abilities:
        """Most windows longer than the context, of long words, fit too."""
        config, causal = self.network.config, self.family.likelihood == "causal"
        return Abilities(
            likelihood=None if getattr(config, "headless", False) else self.family.likelihood,
            left=causal,
            context_bases=self.card.context_bases,
            positions=config.positions,
            layers=config.depth,
            width=config.channels,
            strands=config.strands,
            attentions=config.attends,
            words=config.vocabulary,
        )

    def encode(self, sequences: Sequence[Text], special: bool = True) -> Encoding:
        """Return the tokens of sequences, padded on the right.

        Raises InputError where a sequence has more tokens than the model has positions for.
        Models without a table of positions take any number; quality falls beyond the length
        that they were made for.
        """
        encoding = self.tokenizer.encode(texts(sequences), special)
        tokens, most = encoding.input_ids.shape[1], self.can.positions
        if most is not None and tokens > most:
            raise InputError(
                f"a sequence has {tokens:,} tokens, {self.card.id} takes {most:,} "
                f"(any {self.card.context_bases:,} bases fit); cut it"
            )
        bases, longest = self.network.config.bases, max(map(len, sequences), default=0)
        if bases is not None and longest > bases:
            raise InputError(f"a sequence has {longest:,} bases, {self.card.id} was trained on {bases:,}; cut it")
        return encoding

    def _forward(self, encoding: Encoding, ask: Ask) -> Output:
        ids = as_tensor(encoding.input_ids, self.device, np.int64)
        mask = as_tensor(encoding.attention_mask, self.device)
        layers = [self.can.layers if layer is None else layer for layer in ask.states]
        every = bool(set(layers) - {self.can.layers})
        found = self.network(ids, mask, every=every, attentions=ask.attentions, soft_BTV=encoding.soft)
        out, last = Output(), found.last
        if isinstance(ask.logits, At):
            last = last[tuple(torch.from_numpy(at).to(self.device) for at in (ask.logits.rows, ask.logits.columns))]
        if ask.logits is not False:
            out = replace(out, logits=self.network.logits(last).float())
        if layers:
            states = (found.every[layer] if found.every else found.last for layer in layers)
            out = replace(out, states=tuple(state.float() for state in states))
        if ask.attentions:
            out = replace(out, attentions=tuple(weights.float() for weights in found.attentions))
        return out

    def _drawn(self) -> "Network":
        return self.family.build(self.network.config)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write a folder as the hub lays it out, with a card; `dnalect.load` takes it.

        transformers' AutoModelForMaskedLM takes it too where it has the class (DNABERT, GROVER,
        Nucleotide Transformer 1), and its AutoTokenizer gives the same ids for all but LOGO, Caduceus and Evo 2.
        The folder may exist. Raises OutputError where it can't be written, ModelError for a model whose layers are
        fetched for their turn.
        """
        if self.offloaded:
            raise ModelError(f"{self.card.id} did not fit into memory and can't be written: copy its folder")
        folder = made_folder(folder)
        config = self.network.config
        tensors = self.family.table.export(self.network) | self.family.extra(config)
        with written_whole(folder / "model.safetensors") as temporary:
            save_file(tensors, temporary, metadata={"format": "pt"})
        hub = self.family.write_config(config, self.tokenizer) | {"dtype": str(self.dtype).removeprefix("torch.")}
        write_text(folder / "config.json", json.dumps(hub, indent=2) + "\n")
        self.family.write_tokenizer(self.tokenizer, folder, self.can.positions)
        card = replace(self.card, sha256=sha256(folder / "model.safetensors"))
        write_card(card, folder)

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads: the same as `save_pretrained`."""
        self.save_pretrained(folder)
