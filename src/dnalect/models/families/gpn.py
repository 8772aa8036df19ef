"""GPN (Benegas 2023, 2025): dilated convolutions over bases, a ConvNet (brassicales) or a ByteNet (promoters)."""

from dataclasses import dataclass
from typing import Any, Literal

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, other_type
from dnalect.models.layers.bytenet import ByteNetLayer, ConvLayer, Dilations, Linear, OneHot
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.encoder import Encoder, Head
from dnalect.models.layers.positions import Sight
from dnalect.models.layers.sizes import Sizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.single import SingleBases
from dnalect.tokens.tokenizer import Tokenizer

# Bases of the windows that all of them learned from. Longer ones can be read.
TRAINED = 512
MASK = 1
# What GPN's code takes where a config.json names nothing.
KERNELS = {"first_kernel_size": 9, "rest_kernel_size": 5}
CYCLES = {"ConvNet": (1, 32, 6, 2), "GPN": (1, 9999, 8, 2)}
SCHEDULE = ("dilation_double_every", "dilation_max", "dilation_cycle", "dilation_base")


@dataclass(frozen=True)
class Config(Sizes):
    """A GPN.

    kind: of its layers, "ConvNet" (one-hot tokens, a head of several layers) or "GPN" (a ByteNet with a table of tokens
    and a plain head). hidden: channels of a ByteNet's convolutions. first, rest: kernels of the first layer and of all
    others. doubled, most, cycle, base: of the dilations. biases: of all parts of a ByteNet.
    """

    vocabulary: int = 7
    width: int = 512
    layers: int = 25
    heads: int = 1
    hidden: int = 512
    longest: int = TRAINED
    eps: float = 1e-5
    kind: Literal["ConvNet", "GPN"] = "ConvNet"
    first: int = 9
    rest: int = 9
    doubled: int = 1
    most: int = 32
    cycle: int = 6
    base: int = 2
    biases: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(f"there are no layers of the kind {self.kind!r}", self.kind in CYCLES)
        odd = self.first % 2 == self.rest % 2 == 1
        self.check(f"kernels are odd, unlike {self.first} and {self.rest}", odd and min(self.first, self.rest) > 0)
        self.check("dilations must be above 0", min(self.doubled, self.most, self.cycle, self.base) > 0)
        self.check(f"{self.vocabulary} one-hot tokens have no room in {self.width}", self.vocabulary <= self.width)

    @property
    def attends(self) -> bool:
        """There is no attention."""
        return False

    @property
    def positions(self) -> None:
        """Convolutions have no end."""

    @property
    def norm_biases(self) -> bool:
        """Of the last norm too."""
        return self.biases


def build(config: Config) -> Encoder:
    """Return the network; without a mask it would read padding, which here is zero as what lies beyond the window."""
    dilations = Dilations(config.base, config.doubled, config.cycle, config.most)
    kernels = [config.first, *[config.rest] * (config.layers - 1)]
    if config.kind == "ConvNet":
        layers = [ConvLayer(config, kernel, dilations.of(n)) for n, kernel in enumerate(kernels)]
        return Encoder(config, OneHot(config), layers, Head(config, tied=False), Sight(config.heads))
    bytes_ = [ByteNetLayer(config, kernel, dilations.of(n), config.biases) for n, kernel in enumerate(kernels)]
    embeddings = Embeddings(config, table=False, norm=False)
    return Encoder(config, embeddings, bytes_, Linear(config, config.biases), Sight(config.heads), final_norm=True)


def read_config(hub: HubConfig) -> Config:
    """Read the config.json of either make."""
    kind = hub.must("model_type", "ConvNet", "GPN")
    hub.must("n_aux_features", 0)
    doubled, most, cycle, base = (hub.integer(name, told) for name, told in zip(SCHEDULE, CYCLES[kind], strict=True))
    told = {"doubled": doubled, "most": most, "cycle": cycle, "base": base, "kind": kind}
    told |= {"vocabulary": hub.integer("vocab_size", 7), "width": hub.integer("hidden_size", 512)}
    if kind == "ConvNet":
        kernel = hub.integer("kernel_size", 9)
        return Config(**told, layers=hub.integer("n_layers", 25), hidden=told["width"], first=kernel, rest=kernel)
    if hub.raw.get("encoder", "convnet") != "bytenet" or hub.raw.get("embedding", "one_hot") != "embedding":
        raise ModelError(
            f"{hub.where}: of the networks that GPN's code can build dnalect has those of published models: ConvNet "
            "(gpn-brassicales), and ByteNet with a table of tokens (gpn-animal-promoter)"
        )
    hub.must("mlm_head_transform", False)
    hub.must("depthwise", False)
    hub.must("tie_word_embeddings", False)
    slim = hub.flag("slim", False)
    return Config(
        **told,
        layers=hub.integer("num_hidden_layers", 25),
        hidden=told["width"] // 2 if slim else told["width"],
        first=hub.integer("first_kernel_size", KERNELS["first_kernel_size"]),
        rest=hub.integer("rest_kernel_size", KERNELS["rest_kernel_size"]),
        biases=hub.flag("bias", False),
    )


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json of GPN's own classes."""
    schedule = dict(zip(SCHEDULE, (config.doubled, config.most, config.cycle, config.base), strict=True))
    out = {"model_type": config.kind, "vocab_size": config.vocabulary, "hidden_size": config.width, **schedule}
    if config.kind == "ConvNet":
        more = {"n_layers": config.layers, "kernel_size": config.first}
        return out | more | {"architectures": ["ConvNetForMaskedLM"], "n_aux_features": 0}
    return out | {
        "architectures": ["GPNForMaskedLM"],
        "embedding": "embedding",
        "encoder": "bytenet",
        "num_hidden_layers": config.layers,
        "first_kernel_size": config.first,
        "rest_kernel_size": config.rest,
        "slim": config.hidden != config.width,
        "bias": config.biases,
        "mlm_head_transform": False,
        "tie_word_embeddings": False,
        "n_aux_features": 0,
    }


_CONV, _BYTE = "model.encoder.*", "model.encoder.layer.*.layer"
# Both makes: what one hasn't is never looked up.
TABLE = WeightTable(
    names={
        "layers.*.conv_norm": f"{_CONV}.conv.4",
        "layers.*.out": f"{_CONV}.ffn.0",
        "layers.*.out_norm": f"{_CONV}.ffn.2",
        "layers.*.conv.conv": f"{_CONV}.conv.1",
        "head.dense": "cls.decoder.0",
        "head.norm": "cls.decoder.2",
        "head.decoder": "cls.decoder.3",
        "head.bias": "cls.decoder.3.bias",
    },
)
BYTES = WeightTable(
    names={
        "embeddings.words": "model.embeddings.word_embeddings",
        "layers.*.down_norm": f"{_BYTE}.0",
        "layers.*.down": f"{_BYTE}.2",
        "layers.*.conv_norm": f"{_BYTE}.3",
        "layers.*.conv.conv": f"{_BYTE}.6",
        "layers.*.up_norm": f"{_BYTE}.8",
        "layers.*.up": f"{_BYTE}.10",
        "final_norm": "model.ln_f",
        "head.decoder": "cls.decoder",
    },
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against the ConvNet."""
    return _doubts(evidence, "model.encoder.0.conv.1.", "ConvNet")


def promoter_doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against the ByteNet."""
    return _doubts(evidence, "model.encoder.layer.0.layer.6.", "GPN")


def _doubts(evidence: Evidence, tensor: str, kind: str) -> list[str]:
    out = []
    if not any_name(evidence.names, tensor):
        out.append(f"its weights are not named as those of GPN's {kind} are")
    out += other_type(evidence, kind)
    if not isinstance(evidence.tokenizer, SingleBases) or evidence.tokenizer.special.mask != MASK:
        out.append("it has no tokenizer.json of [PAD], [MASK], [UNK] and four bases")
    return out


FAMILY = Family("gpn", "GPN", ("ConvNet",), Config, build, read_config, write_config, TABLE, doubts)
PROMOTER = Family(
    "gpn_promoter", "GPN-Promoter", ("GPN",), Config, build, read_config, write_config, BYTES, promoter_doubts
)
