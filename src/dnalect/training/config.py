"""What a pretraining run is told: a TOML file, checked as a whole on reading."""

from dataclasses import field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Interval, Len
from pydantic import Discriminator, Tag
from typing_extensions import Doc

from dnalect.core.configs import config, read_toml, validated
from dnalect.core.described import OneOf, written
from dnalect.core.errors import ConfigError
from dnalect.core.nearest import did_you_mean
from dnalect.models.card import OWN_FAMILIES
from dnalect.models.catalogue import published_of
from dnalect.models.families.aligned import AlignedConfig
from dnalect.models.families.duplex import DuplexConfig
from dnalect.models.recognise import FAMILIES as PUBLISHED
from dnalect.training.head_config import HeadConfig
from dnalect.training.masking import MaskingConfig

# Seeds that numpy, torch and scikit-learn all take.
Seed = Annotated[int, Interval(ge=0, le=(1 << 32) - 1)]
Share = Annotated[float, Interval(ge=0, le=1)]
Rate = Annotated[float, Interval(ge=0, le=10)]
Decay = Annotated[float, Interval(ge=0, lt=1)]
FAMILIES = tuple(PUBLISHED)
FAMILY_NAMES = ("duplex", *FAMILIES, "aligned")


@config
class GenomeConfig:
    """One genome of a corpus: a table [[data.genomes]]. No base may stand in two of its parts."""

    name: Annotated[str, Len(1), Doc("How figures and the card call the genome.")]
    fasta: Annotated[str, Len(1), Doc("Its FASTA, plain or gzipped, relative to the folder of --data.")]
    train: Annotated[
        tuple[str, ...],
        Len(1),
        Doc("Regions to learn from: `contig`, or `contig:start-end` (1-based, both ends inside)."),
    ]
    validate: Annotated[tuple[str, ...], Doc("Regions that the checks during the training are made on.")] = ()
    test: Annotated[tuple[str, ...], Doc("Regions that are kept back for the figures that you will publish.")] = ()
    exclude: Annotated[tuple[str, ...], Doc("Regions that are taken out of `train`.")] = ()
    weight: Annotated[
        float,
        Interval(ge=0, le=1e9),
        Doc("Share of the training windows, against the other genomes'; 0 stands for the number of training bases."),
    ] = 0.0
    species: Annotated[
        str,
        Doc(
            "For the card; of a model that reads the name of a species first (specieslm), what its windows begin with."
        ),
    ] = ""
    assembly: Annotated[str, Doc("For the card.")] = ""
    full_lengths: Annotated[
        dict[str, Annotated[int, Ge(1)]],
        Doc("Lengths in the assembly of contigs of which the file holds only the beginning."),
    ] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """The species as a model's vocabulary writes it: saccharomyces_cerevisiae_s288c."""
        return "_".join(self.species.lower().split())


@config
class DataConfig:
    """Where the bases come from: the table [data]."""

    genomes: Annotated[tuple[GenomeConfig, ...], Len(1), Doc("The genomes, each a table [[data.genomes]].")]
    window: Annotated[int, Interval(ge=16, le=1_000_000), Doc("Bases of a training example.")] = 512
    soft_mask_weight: Annotated[Share, Doc("Weight of lower-case bases in the loss.")] = 1.0
    repeat_weight: Annotated[
        Share, Doc("Weight of bases in a 24-mer that the training regions hold more than once, on either strand.")
    ] = 1.0
    unknown_rate: Annotated[Share, Doc("Share of examples in which a run of 1 to 32 bases is replaced by N.")] = 0.05
    mixed_lengths: Annotated[
        Share, Doc("All but duplex: share of examples that are cut to a length between `shortest` and the window.")
    ] = 0.0
    alignment: Annotated[str, Doc("aligned: relatives laid on the first genome, relative to --data.")] = ""
    unaligned_rate: Annotated[Share, Doc("aligned: share of examples with some relatives, or all, hidden.")] = 0.2
    shortest: Annotated[int, Ge(1), Doc("Bases of the shortest example where `mixed_lengths` cuts them.")] = 16
    tell_species: Annotated[
        bool,
        Doc(
            "duplex: add a learned vector of its genome's `species` to every base; the model that is saved is that of "
            "the first genome's."
        ),
    ] = False

    def __post_init__(self) -> None:
        names = [genome.name for genome in self.genomes]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ConfigError(f"two genomes are called {twice[0]!r}; give each a name of its own")
        if not any(genome.validate for genome in self.genomes):
            raise ConfigError('no genome names a region to validate on: add validate = ["a contig"] to one of them')
        if len({genome.weight > 0 for genome in self.genomes}) > 1:
            raise ConfigError("give every genome a weight, or none")
        if self.tell_species and not all(genome.species for genome in self.genomes):
            raise ConfigError("tell_species: give every genome its species")
        if self.shortest > self.window:
            raise ConfigError(f"shortest ({self.shortest}) must be at most the window ({self.window})")


@config
class OptimConfig:
    """How the weights are learned: the table [optim]."""

    batch: Annotated[int, Interval(ge=1, le=1 << 20), Doc("Windows a step.")] = 32
    steps: Annotated[int, Interval(ge=1, le=10**9), Doc("Optimizer steps.")] = 1000
    optimizer: Annotated[
        Literal["adamw", "muon"], Doc("adamw, or muon for matrices with adamw for all other weights.")
    ] = "adamw"
    learning_rate: Annotated[Rate, Doc("Peak learning rate of adamw.")] = 2e-3
    muon_rate: Annotated[Rate, Doc("Peak learning rate of muon.")] = 0.02
    warmup: Annotated[int, Ge(0), Doc("Steps over which the rates rise from 0 to their peaks.")] = 50
    final_rate: Annotated[Share, Doc("Where the rates end after their linear fall, as a share of the peak.")] = 0.02
    weight_decay: Annotated[Share, Doc("Of matrices; biases and norms never decay.")] = 0.01
    betas: Annotated[tuple[Decay, Decay], Doc("Of adamw.")] = (0.9, 0.98)
    clip: Annotated[float, Interval(gt=0, le=1e9), Doc("Largest norm of the gradient.")] = 1.0
    average: Annotated[
        Decay, Doc("Decay of the running mean of the weights that is checked and kept; 0 for the last weights.")
    ] = 0.0
    precision: Annotated[
        Literal["fp32", "bf16"], Doc("bf16 (autocast) is used where the processor computes in it, else fp32.")
    ] = "fp32"
    frozen: Annotated[bool, Doc("aligned: the duplex inside stays as `init` gives it.")] = False
    compile: Annotated[
        bool, Doc("On a GPU: compile the network first (a minute), after which every step takes a fraction.")
    ] = False
    save_every: Annotated[int, Ge(1), Doc("Steps between checkpoints; one is written every three minutes anyway.")] = (
        100
    )
    check_every: Annotated[int, Ge(1), Doc("Steps between validations.")] = 100
    accumulate: Annotated[
        int,
        Ge(1),
        Doc("Parts of a process's share of a batch that are computed one after the other, for little memory."),
    ] = 1
    sharding: Annotated[
        Literal["none", "fsdp"],
        Doc(
            "Of several processes: none, each holds the whole network (DDP); fsdp, each a part of every weight (FSDP2)."
        ),
    ] = "none"

    def __post_init__(self) -> None:
        if self.warmup > self.steps:
            raise ConfigError(f"warmup ({self.warmup}) is longer than the run of {self.steps} steps; make it shorter")
        if self.accumulate > self.batch:
            raise ConfigError(f"accumulate ({self.accumulate}) must be at most batch ({self.batch})")
        if self.compile and self.sharding != "none":
            raise ConfigError("compile and sharding do not go together yet; leave one of them out")


@config
class FamilyConfig:
    """A model of a published family, scaled: the table [model] of any family but duplex."""

    family: Annotated[str, OneOf(FAMILIES), Doc("Which network; or duplex, whose keys are above.")]
    tokenizer: Annotated[
        str,
        Doc(
            "A name that `dnalect tokenize` knows, or a file, relative to --data or as it is; specieslm-1 or -3 to -6 "
            "for bases or k-mers after the species of the genomes."
        ),
    ]
    like: Annotated[
        str,
        Doc('The published model whose sizes are scaled; see `dnalect models list`. "" for a family that has none.'),
    ] = ""
    scale: Annotated[
        float, Interval(gt=0, le=4), Doc("Share of the published heads, layers and channels; 1 for the published size.")
    ] = 1.0
    longest: Annotated[int, Ge(0), Doc("Tokens that it is made for; 0 for the published number.")] = 0

    def __post_init__(self) -> None:
        cards = [card.name for card in published_of(self.family)]
        if self.like not in (cards or [""]):
            if not cards:
                raise ConfigError(f"the sizes of no published {self.family} are known: leave like = {self.like!r} out")
            raise ConfigError(
                f"like must be one of {', '.join(cards)}, not {self.like!r}.{did_you_mean(self.like, cards)}"
            )


@config
class CardConfig:
    """What the model's card says of it beside what the run knows itself: the table [card]."""

    species: Annotated[str, Doc("Species that the model is of.")] = ""
    assembly: Annotated[str, Doc("Assembly that it learned from.")] = ""
    licence: Annotated[str, Doc("Licence of the weights, such as Apache-2.0.")] = ""


@config
class DistilConfig:
    """Models whose answers a duplex learns beside the bases that are there: the table [distil]."""

    teachers: Annotated[
        tuple[str, ...],
        Len(1),
        Doc("Names or folders of models that say p(base | all others); their answers are multiplied, and normalised."),
    ]
    share: Annotated[Share, Doc("Share of the loss that is the cross-entropy with the teachers' answers.")] = 0.5


def _tag(model: Any) -> str:
    """Which class a table [model] is of: `family` is what tells the others from duplex, which has no such field."""
    kinds = {"duplex": DuplexConfig, "aligned": AlignedConfig}
    told = kinds.get(str(model.get("family", "duplex")), FamilyConfig) if isinstance(model, dict) else type(model)
    return told.__name__


@config
class PretrainConfig:
    """A whole pretraining run."""

    name: Annotated[str, Len(1), Doc("Name of the model; by default that of the file.")]
    data: Annotated[DataConfig, Doc("Where the bases come from.")]
    model: Annotated[
        Annotated[DuplexConfig, Tag("DuplexConfig")]
        | Annotated[AlignedConfig, Tag("AlignedConfig")]
        | Annotated[FamilyConfig, Tag("FamilyConfig")],
        Discriminator(_tag),
        Doc("The network; without this table a duplex of default sizes."),
    ] = field(default_factory=DuplexConfig)
    optim: Annotated[OptimConfig, Doc("How the weights are learned.")] = field(default_factory=OptimConfig)
    masking: Annotated[MaskingConfig, Doc("Masked models: what is hidden.")] = field(default_factory=MaskingConfig)
    seed: Annotated[Seed, Doc("Of everything that is drawn at random; the same seed gives the same model.")] = 1
    init: Annotated[
        str, Doc('A model (name or folder) of the same sizes whose weights are the beginning; "" for random ones.')
    ] = ""
    card: Annotated[CardConfig, Doc("For the model's card.")] = field(default_factory=CardConfig)
    heads: Annotated[tuple[HeadConfig, ...], Doc("Further objectives of masked models, each a table [[heads]].")] = ()
    distil: Annotated[DistilConfig | None, Doc("duplex: models to learn from.")] = None

    @property
    def family(self) -> str:
        """That of the model."""
        return getattr(self.model, "family", "duplex")

    def reading(self, relatives: tuple[str, ...]) -> "PretrainConfig":
        """Return the config of an aligned model with the relatives that it reads."""
        assert isinstance(self.model, AlignedConfig)
        return replace(self, model=replace(self.model, relatives=relatives))

    def __post_init__(self) -> None:
        genomes = [genome.name for genome in self.data.genomes]
        names = [head.name for head in self.heads]
        for head in self.heads:
            if head.genome not in genomes:
                raise ConfigError(f"heads, {head.name}: genome must be one of {', '.join(genomes)}")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ConfigError(f"heads: two heads have one name, {twice[0]!r}")
        own, a = self.family in OWN_FAMILIES, "an" if self.family == "aligned" else "a"
        if own and self.data.mixed_lengths:
            raise ConfigError(f"data.mixed_lengths is for other models; {self.family} learns every base of a window")
        if (self.family == "aligned") != bool(self.data.alignment):
            raise ConfigError('data.alignment and [model] family = "aligned" belong together: give both, or none')
        if self.optim.frozen and not (self.family == "aligned" and self.init):
            raise ConfigError("optim.frozen keeps the duplex of an aligned model as `init` gives it: name one there")
        if self.family != "duplex" and self.data.tell_species:
            raise ConfigError("data.tell_species is for duplex; specieslm has tokens for it")
        if self.distil and (self.family != "duplex" or self.data.tell_species):
            raise ConfigError("[distil] is for duplex, without data.tell_species")
        if not own and PUBLISHED[self.family].likelihood == "masked":
            return
        if self.heads:
            raise ConfigError(f"heads are for masked models; {a} {self.family} learns every base and nothing else")
        if self.masking != MaskingConfig():
            raise ConfigError(f"[masking] is for masked models; of {a} {self.family} nothing is hidden: leave it out")


def read_config(path: Path) -> PretrainConfig:
    """Read a TOML file. Raises ConfigError that names every value that is wrong."""
    return told_config(read_toml(path), path)


def told_config(values: dict[str, Any], path: Path) -> PretrainConfig:
    """Return the config of what a TOML file holds. path: its name, for messages and as the default name."""
    told = {"name": path.stem, **values}
    if isinstance(told.get("model"), dict):
        model = dict(told["model"])
        family = model.get("family", "duplex")
        if family not in FAMILY_NAMES:
            near = did_you_mean(str(family), FAMILY_NAMES)
            raise ConfigError(
                f"{path}: model.family = {written(family)}: must be one of {', '.join(FAMILY_NAMES)}.{near}"
            )
        if family == "duplex":
            model.pop("family", None)
        told["model"] = model
    return validated(PretrainConfig, told, path)
