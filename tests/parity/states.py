"""Mamba, Mamba 2 and Caduceus beside the mixers of transformers; what Caduceus does around them is written down again.

As published, the second half of the channels is the reverse complement, kept from end to beginning (`turned`).
"""

from types import SimpleNamespace

import torch
from torch import nn

from dnalect.models.families import caduceus as family
from dnalect.models.layers import mamba as layer
from parity.oracles import LAYERS, Pair, adopt, drawn, randomise

MAMBA = {
    "hidden_size": 32,
    "num_hidden_layers": LAYERS,
    "state_size": 6,
    "conv_kernel": 4,
    "layer_norm_epsilon": 1e-5,
    "use_bias": False,
    "use_conv_bias": True,
    "hidden_act": "silu",
    "vocab_size": 60,
}
SECOND = {"num_heads": 4, "head_dim": 8, "n_groups": 2, "expand": 1}


def causal(version, **more):
    """Mamba or Mamba 2 of transformers beside ours; transformers leaves the embeddings out of its hidden states."""
    import transformers

    kind = "mamba" if version == 1 else "mamba2"
    hub = MAMBA | {"model_type": kind} | more
    hub |= {"intermediate_size": 48, "time_step_rank": 3} if version == 1 else SECOND | {"rms_norm": True}
    settings = {key: value for key, value in hub.items() if key not in ("model_type", "rms_norm")}
    if version == 2:
        settings |= {"chunk_size": 16}
    title = "Mamba" if version == 1 else "Mamba2"
    model = getattr(transformers, f"{title}ForCausalLM")(getattr(transformers, f"{title}Config")(**settings))
    model = randomise(model, spread=0.2)

    def oracle(ids, mask):
        out = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True, use_cache=False)
        states = (model.get_input_embeddings()(ids), *out.hidden_states[:-2], out.hidden_states[-1])
        return SimpleNamespace(hidden=states, attentions=(), logits=out.logits)

    return Pair("mamba", adopt("mamba", hub, model.state_dict()), oracle, 0, 4, 40, hub)


def hub_of(both, version, vocabulary):
    opposite = {7: 10, 8: 9, 9: 8, 10: 7} if vocabulary == 16 else {3: 6, 4: 5, 5: 4, 6: 3}
    space = {"d_state": 6, "d_conv": 4, "expand": 2, "bias": False, "conv_bias": True}
    return {
        "model_type": "caduceus",
        "d_model": 16,
        "n_layer": LAYERS,
        "vocab_size": vocabulary,
        "rcps": both,
        "complement_map": {str(n): opposite.get(n, n) for n in range(vocabulary)},
        "ssm_cfg": space | ({"dt_rank": 3} if version == 1 else {"headdim": 8, "ngroups": 2}),
    }


def mixers(version):
    """A mixer of transformers with the sizes of `hub_of`."""
    if version == 1:
        from transformers import MambaConfig
        from transformers.models.mamba.modeling_mamba import MambaMixer

        sizes = {"hidden_size": 16, "intermediate_size": 32, "state_size": 6, "time_step_rank": 3}
        return MambaMixer(MambaConfig(**sizes, num_hidden_layers=1), 0)
    from transformers import Mamba2Config
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    sizes = {"hidden_size": 16, "expand": 2, "state_size": 6, "num_heads": 4, "head_dim": 8, "n_groups": 2}
    return Mamba2Mixer(Mamba2Config(**sizes, num_hidden_layers=1, chunk_size=16), 0)


class Published:
    """Caduceus as its repository has it, around mixers that read one row without padding. exchanges: of the halves."""

    def __init__(self, hub, tensors, version, exchanges=True):
        self.w, self.both, self.exchanges = tensors, hub["rcps"], exchanges
        self.complement = torch.tensor([*hub["complement_map"].values()])
        self.ways = [self.pair(n, version) for n in range(hub["n_layer"])]

    def pair(self, number, version):
        start = f"caduceus.backbone.layers.{number}.mixer.{'submodule.' if self.both else ''}"
        made = []
        for way in ("mamba_fwd.", "mamba_rev."):
            own = {
                name.removeprefix(start + way): each for name, each in self.w.items() if name.startswith(start + way)
            }
            tied = {f"{name}.weight": self.w[f"{start}mamba_fwd.{name}.weight"] for name in ("in_proj", "out_proj")}
            mixer = mixers(version).eval()
            mixer.load_state_dict(tied | own, strict=True)
            made.append(mixer)
        return made

    def mixed(self, number, x):
        ahead, back = self.ways[number]
        return ahead(x) + back(x.flip(1)).flip(1)

    def norm(self, x, name):
        return nn.functional.rms_norm(x, x.shape[-1:], self.w[f"caduceus.backbone.{name}.weight"], 1e-5)

    def row(self, ids):
        words = self.w[f"caduceus.backbone.embeddings.word_embeddings{'.embedding' if self.both else ''}.weight"]
        if not self.both:
            x = words[ids]
            states = [x]
            for n in range(LAYERS):
                x = x + self.mixed(n, self.norm(x, f"layers.{n}.norm"))
                states.append(x)
            states[-1] = self.norm(x, "norm_f")
            return states, states[-1] @ words.T
        width = words.shape[1]
        x = torch.cat([words[ids], turned(words[self.complement[ids.flip(-1)]])], dim=-1)
        states = [x]
        for n in range(LAYERS):
            first, second = (width, 0) if self.exchanges else (0, width)
            ahead, other = x[..., first : first + width], turned(x[..., second : second + width])
            norm = [self.norm(each, f"layers.{n}.norm") for each in (ahead, other)]
            x = torch.cat([ahead + self.mixed(n, norm[0]), turned(other + self.mixed(n, norm[1]))], dim=-1)
            states.append(x)
        last = [self.norm(each, "norm_f") for each in (x[..., :width], turned(x[..., width:]))]
        x = states[-1] = torch.cat([last[0], turned(last[1])], dim=-1)
        logits = x[..., :width] @ words.T + x[..., width:].flip(-1) @ words[self.complement].T
        return [torch.cat([each[..., :width], each[..., width:].flip(-1)], dim=-1) for each in states], logits

    def __call__(self, ids, mask):
        runs = [self.row(row[keep][None]) for row, keep in zip(ids, mask, strict=True)]

        def padded(parts):
            length = ids.shape[1]
            return torch.cat([nn.functional.pad(each, (0, 0, 0, length - each.shape[1])) for each in parts])

        hidden = [padded([states[n] for states, _ in runs]) for n in range(LAYERS + 1)]
        return SimpleNamespace(hidden=hidden, attentions=(), logits=padded([logits for _, logits in runs]))


def turned(x):
    return x.flip((-2, -1))


def caduceus(both, version=1, vocabulary=16):
    hub = hub_of(both, version, vocabulary)
    tensors = {name: each * 3 if "dt_proj" in name else each for name, each in drawn("caduceus", hub).items()}
    network = adopt("caduceus", hub, tensors)
    return Pair("caduceus", network, Published(hub, tensors, version), 4 if vocabulary == 16 else 0, 3, 40, hub)


MAKERS = {
    "mamba": lambda: causal(1, tie_word_embeddings=True),
    "mamba, untied": lambda: causal(1, tie_word_embeddings=False),
    "mamba-2": lambda: causal(2),
    "caduceus-ph": lambda: caduceus(False),
    "caduceus-ps": lambda: caduceus(True),
    "plantcad": lambda: caduceus(True, vocabulary=8),
    "plantcad-2": lambda: caduceus(True, 2, 8),
}


def of_ways(name, change):
    """Another parameter in every direction of every mixer; the oracle's tensors are the network's."""

    def apply(monkeypatch, pair):
        for block in pair.network.layers:
            mixer = getattr(block, "each", block).mixer
            for way in (mixer.ahead, mixer.back):
                if way is not None:
                    inside, _, last = name.rpartition(".")
                    part = way.get_submodule(inside)
                    setattr(part, last, nn.Parameter(change(getattr(part, last))))

    return apply


def one_group(monkeypatch, pair):
    for block in pair.network.layers:
        block.mixer.ahead.groups = 1


def one_direction(monkeypatch, pair):
    for block in pair.network.layers:
        getattr(block, "each", block).mixer.back = None


def directions_exchanged(monkeypatch, pair):
    for block in pair.network.layers:
        mixer = getattr(block, "each", block).mixer
        mixer.ahead, mixer.back = mixer.back, mixer.ahead


def exchange(value):
    return lambda monkeypatch, pair: monkeypatch.setattr(family, "exchanged", value)


def taps_the_other_way(monkeypatch, pair):
    plain = layer.short
    monkeypatch.setattr(layer, "short", lambda x, weight, bias: plain(x, weight.flip(-1), bias))


MUTATIONS = {
    "strands that stay where they are": ("caduceus-ps", exchange(lambda x: x)),
    "strands exchanged, their channels as they were": (
        "plantcad",
        exchange(lambda x: torch.cat(x.chunk(2, -1)[::-1], -1)),
    ),
    "strands that stay where they are in PlantCAD 2": ("plantcad-2", exchange(lambda x: x)),
    "one direction": ("caduceus-ph", one_direction),
    "directions exchanged": ("caduceus-ps", directions_exchanged),
    "decay of another size": ("mamba", of_ways("decay.log", lambda was: was + 0.3)),
    "decay of another size in Mamba 2": ("mamba-2", of_ways("decay.log", lambda was: was + 0.3)),
    "nothing goes past the state": ("mamba", of_ways("skip", torch.zeros_like)),
    "steps without their shift": ("mamba-2", of_ways("shift", torch.zeros_like)),
    "the norm at the end not scaled": ("mamba-2", of_ways("norm", torch.ones_like)),
    "taps the other way round in Mamba": ("mamba", taps_the_other_way),
    "all heads in one group": ("mamba-2", one_group),
}
