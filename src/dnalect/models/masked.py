"""A masked language model of the library: card, tokenizer, network."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor

from dnalect.core.errors import InputError
from dnalect.core.files import made_folder, sha256, write_text, written_whole
from dnalect.core.records import Encoding
from dnalect.models.card import Card
from dnalect.models.encoder.network import Encoder
from dnalect.models.language import LanguageModel
from dnalect.tokens.bases import texts
from dnalect.tokens.tokenizer import Text, Tokenizer

if TYPE_CHECKING:
    from dnalect.models.family import Family
    from dnalect.models.published import PublishedCard

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Output:
    """What a masked model gives for an encoding of B windows of T tokens.

    logits: (B, T, V) float32. hidden_states: (B, T, C) float32 each, the embeddings first, then
    each layer, the last one after the final norm where there is one. attentions: (B, N, T, T)
    float32 of each layer. Both tuples are None unless asked for. What stands at padding means
    nothing.
    """

    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class MaskedModel(LanguageModel[Encoder]):
    """An encoder with its card and tokenizer, in eval mode.

    kind: "masked": logits at a token say what it was where the encoding hides it with
    `tokenizer.special.mask`. published: what its authors published, None for one's own.
    """

    kind = "masked"

    def __init__(
        self,
        card: Card,
        family: "Family",
        tokenizer: Tokenizer,
        network: Encoder,
        device: torch.device,
        dtype: torch.dtype,
        published: "PublishedCard | None" = None,
    ):
        self.card, self.family, self.tokenizer, self.published = card, family, tokenizer, published
        self.network = network.to(device=device, dtype=dtype).eval()
        self.device, self.dtype = device, dtype

    @property
    def context_bases(self) -> int:
        """The longest window in bases whose tokens surely fit; most longer ones with long words fit too."""
        return self.card.context_bases

    @property
    def positions(self) -> int | None:
        """Most tokens of a window, special ones included; None where there is no table that ends."""
        config = self.network.config
        return config.longest if config.positions == "learned" else None

    def encode(self, sequences: Sequence[Text], special: bool = True) -> Encoding:
        """Return the tokens of sequences, padded on the right.

        Raises InputError where a sequence has more tokens than the model has positions for.
        Models without a table of positions take any number; quality falls beyond the length
        that they were made for.
        """
        encoding = self.tokenizer.encode(texts(sequences), special)
        tokens = encoding.input_ids.shape[1]
        if self.positions is not None and tokens > self.positions:
            raise InputError(
                f"a sequence has {tokens:,} tokens, {self.card.id} takes {self.positions:,} "
                f"(any {self.context_bases:,} bases fit); cut it"
            )
        return encoding

    @torch.inference_mode()
    def __call__(
        self, encoding: Encoding | str | Sequence[str], hidden_states: bool = False, attentions: bool = False
    ) -> Output:
        """Return logits, and on request the hidden states and attentions of every layer.

        encoding: what `encode` gives; one sequence or several will do.
        """
        encoding = self.encoded(encoding)
        states = self.network(*self._tensors(encoding), every=hidden_states, attentions=attentions)
        return Output(
            self.network.logits(states.last).float(),
            tuple(state.float() for state in states.every) if hidden_states else None,
            tuple(weight.float() for weight in states.attentions) if attentions else None,
        )

    @torch.inference_mode()
    def logits_at(self, encoding: Encoding, rows: Ids, columns: Ids) -> Tensor:
        """Return logits (m, V) float32 of m tokens of an encoding; the head runs only there."""
        last = self.network(*self._tensors(encoding)).last
        chosen = last[torch.from_numpy(rows).to(self.device), torch.from_numpy(columns).to(self.device)]
        return self.network.logits(chosen).float()

    @property
    def layers(self) -> int:
        """How many layers `states` can be asked for, the embedding not among them."""
        return self.network.config.layers

    @property
    def width(self) -> int:
        """Channels of the hidden states."""
        return self.network.config.width

    def states(self, encoding: Encoding, layer: int | None = None) -> Tensor:
        """Return the hidden states (B, T, C); the head is not run, gradients are kept.

        layer: 0 for the embedding, 1 to `layers` for what each layer gives (the last one after
        the final norm where there is one), None for the last.
        """
        told = self.network(*self._tensors(encoding), every=layer is not None)
        out: Tensor = told.last if layer is None else told.every[layer]
        return out

    @torch.inference_mode()
    def last_hidden(self, encoding: Encoding) -> Tensor:
        """Return `states` after the last layer in float32, without gradients."""
        return self.states(encoding).float()

    def save_pretrained(self, folder: str | Path) -> None:
        """Write a folder as the hub lays it out, with a card; `dnalect.load` takes it.

        transformers' AutoModelForMaskedLM takes it too where it has the class (DNABERT, GROVER,
        Nucleotide Transformer 1), and its AutoTokenizer gives the same ids for all but LOGO.
        The folder may exist. Raises OutputError where it can't be written.
        """
        folder = made_folder(folder)
        config = self.network.config
        tensors = self.family.table.export(self.network) | self.family.extra(config)
        with written_whole(folder / "model.safetensors") as temporary:
            save_file(tensors, temporary, metadata={"format": "pt"})
        hub = self.family.write_config(config, self.tokenizer) | {"dtype": str(self.dtype).removeprefix("torch.")}
        write_text(folder / "config.json", json.dumps(hub, indent=2) + "\n")
        self.family.write_tokenizer(self.tokenizer, folder, self.positions)
        card = replace(self.card, sha256=sha256(folder / "model.safetensors"))
        write_text(folder / "card.json", json.dumps(asdict(card), indent=1) + "\n")

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads: the same as `save_pretrained`."""
        self.save_pretrained(folder)

    def _tensors(self, encoding: Encoding) -> tuple[Tensor, Tensor]:
        ids = torch.from_numpy(np.ascontiguousarray(encoding.input_ids, dtype=np.int64))
        return ids.to(self.device), torch.from_numpy(np.ascontiguousarray(encoding.attention_mask)).to(self.device)
