"""Make a larger duplex that computes exactly what a smaller one does, to train it on.

python scripts/grow.py duplex-yeast runs/duplex-yeast-grown --blocks 8 --join product

New blocks add nothing and new inputs of the head count nothing until training moves them: the convolution's gated half
and the last map of the feed-forward layer are 0. Each new block doubles the dilation of the one before.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import torch

import dnalect
from dnalect.core.files import sha256, write_text
from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.models.layers.causal import Block
from dnalect.models.weights import save_weights


def grown(small: Duplex, blocks: int, join: str) -> Duplex:
    """Return a network of `blocks` blocks that computes what `small` does."""
    last, more = small.config.dilations[-1], blocks - len(small.config.dilations)
    dilations = (*small.config.dilations, *(last * 2 ** (n + 1) for n in range(more)))
    network = Duplex(dataclasses.replace(small.config, dilations=dilations, join=join))
    theirs = small.state_dict()
    with torch.no_grad():
        for name, p in network.named_parameters():
            if name == "join.weight":
                p.zero_()
                p[:, : theirs[name].shape[1]] = theirs[name]
            elif name in theirs:
                p.copy_(theirs[name])
        for block in network.blocks[len(small.config.dilations) :]:
            assert isinstance(block, Block)
            width = small.config.width
            for tensor in (block.conv.weight[:width], block.conv.bias[:width], block.down.weight, block.down.bias):
                tensor.zero_()
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--join", choices=["concat", "product"], default="product")
    told = parser.parse_args()
    torch.manual_seed(1)
    model = dnalect.load(told.model, dtype="float32")
    network = grown(model.network, told.blocks, told.join)
    codes = torch.randint(0, 4, (2, 4096))
    inside = torch.ones_like(codes, dtype=torch.bool)
    with torch.no_grad():
        difference = (network(codes, inside) - model.network(codes, inside)).abs().max().item()
    if difference > 1e-4:
        raise SystemExit(f"the networks differ by {difference}")
    told.out.mkdir(parents=True, exist_ok=True)
    save_weights(network, told.out / "model.safetensors")
    weights = sha256(told.out / "model.safetensors")
    card = dataclasses.asdict(model.card) | {
        "id": told.out.name,
        "revision": weights[:12],
        "sha256": weights,
        "config": dataclasses.asdict(network.config),
        "parameters": sum(p.numel() for p in network.parameters()),
        "figures": {},
    }
    write_text(told.out / "card.json", json.dumps(card, indent=2) + "\n")
    print(f"{told.out}: {card['parameters']:,} parameters, reach {DuplexConfig(**card['config']).reach}, "
          f"logits within {difference:.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
