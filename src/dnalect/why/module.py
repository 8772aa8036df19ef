"""A model as a PyTorch module of one-hot bases, as captum, tangermeme and others of the field take it."""

import torch
from torch import Tensor, nn

from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.inference.likelihood.causal import one_sided
from dnalect.models.load import load
from dnalect.models.model import Model, Named
from dnalect.why.soft import SoftWindow

LIKELIHOOD = "likelihood"


class OneHot(nn.Module):
    """forward: (N, 4, L) floats -> (N, outputs). See `torch_module`."""

    def __init__(self, model: Model, output: str | int):
        super().__init__()
        self.model, self.output = model, output
        self.network: nn.Module = model.network
        self.eval()

    def forward(self, bases_N4L: Tensor) -> Tensor:
        """Return numbers (N, outputs). Gradients flow. Raises InputError for another shape, or too long a window."""
        if bases_N4L.ndim != 3 or bases_N4L.shape[1] != 4:
            raise InputError(f"one-hot bases are (N, 4, L), A, C, G, T, and these are {tuple(bases_N4L.shape)}")
        bases = bases_N4L.transpose(1, 2).to(device=self.model.device, dtype=torch.float32)
        length = bases.shape[1]
        # The letters don't matter: what stands at each base is in `bases`.
        window = SoftWindow(self.model, "A" * length)
        if isinstance(self.output, str) and self.output != LIKELIHOOD:
            return window.prediction(bases, self.output)
        if self.output == LIKELIHOOD:
            sites = torch.from_numpy(window.movable).nonzero()[:, 0].tolist()
            return (window.log_probs(bases, sites) * bases[:, sites]).sum((1, 2))[:, None]
        site = int(self.output)
        if not -length <= site < length:
            raise InputError(f"output is base {site} (from 0) of windows of {length:,} bases: give longer ones")
        return window.log_probs(bases, [site % length])[:, 0]


def torch_module(model: Named, output: str | int | None = None) -> OneHot:
    """Return a model as a PyTorch module: (N, 4, L) one-hot floats in (A, C, G, T), (N, outputs) out.

    For captum, tangermeme, SEAM and whatever else explains or designs sequences with a PyTorch model. Bases may be
    soft, and gradients reach them: a word of several bases weighs their product. A column of zeros is no base, and is
    not what N is elsewhere. The module shares the network with the model, in eval mode.

    Args:
        model: A name, a folder, or what `load` gave.
        output: Of a fine-tuned model the name of a head, None for the only one: its logits, or a signal in its own
            unit. Of a language model a position of the window, from 0 (negative: from its end): ln p of A, C, G, T
            there, given the rest; or "likelihood", also None: the sum of ln p(base | the rest) over the bases of the
            window, (N, 1). A masked model needs several passes for that.

    Raises:
        ConfigError: `output` doesn't say which one.
        ModelError: A model of byte pairs, whose words depend on the sequence.

    Examples:
        >>> import dnalect, torch
        >>> module = dnalect.torch_module("duplex-yeast", output=20)
        >>> bases = torch.eye(4)[torch.randint(4, (3, 41))].transpose(1, 2)
        >>> module(bases).shape
        torch.Size([3, 4])
    """
    loaded = load(model)
    can = loaded.can
    if not SoftWindow(loaded, "").by_base:
        raise ModelError(
            f"{loaded.card.id} reads byte pairs, and which ones depends on the sequence: one-hot bases can't say. "
            "dnalect explain --show gradients has its gradients by word"
        )
    if can.targets:
        if output is None and len(can.targets) == 1:
            output = next(iter(can.targets))
        if output is None or output not in can.targets:
            raise ConfigError(f"{loaded.card.id} predicts {', '.join(can.targets)}: name one of them as output")
        return OneHot(loaded, output)
    output = LIKELIHOOD if output is None else output
    if can.likelihood == "causal":
        raise one_sided(loaded)
    if can.likelihood is None or (isinstance(output, str) and output != LIKELIHOOD):
        raise ConfigError(
            f"{loaded.card.id} is a language model: its output is a position, such as output=20, or {LIKELIHOOD!r}"
        )
    return OneHot(loaded, output)
