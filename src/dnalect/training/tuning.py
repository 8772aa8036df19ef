"""What can be chosen for fine-tuning. Every field carries its sentence; impossible choices fail on construction."""

from dataclasses import field
from typing import Annotated

from annotated_types import Ge, Interval
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.models.lora import LoraConfig
from dnalect.models.pooled import READINGS, Reading

METHODS = ("probe", "lora", "full")
# Peak learning rates that did well on validation data of small models; heads learn faster, as they begin at random.
RATES = {"lora": 2e-3, "full": 3e-4}
HEAD_RATES = {True: 5e-4, False: 2e-3}


@config
class TuneConfig:
    """How a model learns from labels; `options` of a benchmark's models are these fields."""

    method: Annotated[
        str,
        OneOf(METHODS),
        Doc("probe: heads on frozen states. lora: low-rank updates and heads. full: all weights."),
    ] = "lora"
    reading: Annotated[Reading, Doc("Pooling, layer, strands.")] = field(default_factory=Reading)
    pools: Annotated[
        tuple[Annotated[str, OneOf(READINGS)], ...],
        Doc("Choose among these poolings instead, by probes on the validation part."),
    ] = ()
    lora: Annotated[LoraConfig, Doc("Rank, scale and layers.")] = field(default_factory=LoraConfig)
    seed: Annotated[int, Interval(ge=0, le=(1 << 32) - 1), Doc("Of all that is drawn at random.")] = 1
    epochs: Annotated[int, Interval(ge=1, le=10**6), Doc("At most so many passes over the training part.")] = 20
    batch: Annotated[int, Interval(ge=1, le=1 << 20), Doc("Sequences a step.")] = 32
    accumulate: Annotated[int, Ge(1), Doc("Parts of a batch that are computed one after the other.")] = 1
    rate: Annotated[
        Annotated[float, Interval(gt=0, le=10)] | None, Doc("Peak learning rate; by default the method's own.")
    ] = None
    warm: Annotated[
        bool, Doc("Begin with the heads of a probe, so that the first steps don't spoil what the network knows.")
    ] = True
    head_rate: Annotated[
        Annotated[float, Interval(gt=0, le=10)] | None,
        Doc("Peak learning rate of the heads; by default 5e-4 of warm and 2e-3 of cold ones."),
    ] = None
    weight_decay: Annotated[float, Interval(ge=0, le=1), Doc("Of matrices.")] = 0.01
    warmup: Annotated[float, Interval(ge=0, lt=1), Doc("Share of all steps over which the rates rise.")] = 0.1
    patience: Annotated[int, Ge(1), Doc("Checks without a better validation figure before it stops.")] = 5
    checks: Annotated[int, Ge(1), Doc("Validations an epoch.")] = 1
    reverse_complement: Annotated[bool, Doc("Show every sequence's other strand half of the time.")] = False
    class_weights: Annotated[bool, Doc("Weigh classes as if they were equally frequent.")] = False
    precision: Annotated[
        str, OneOf(("fp32", "bf16")), Doc("bf16 (autocast) is used where the processor computes in it, else fp32.")
    ] = "fp32"
    clip: Annotated[float, Interval(gt=0, le=1e9), Doc("Largest norm of the gradient.")] = 1.0

    def __post_init__(self) -> None:
        if self.accumulate > self.batch:
            raise ConfigError(f"accumulate ({self.accumulate}) must be at most batch ({self.batch})")

    @property
    def head_peak(self) -> float:
        """The peak learning rate of the heads."""
        return self.head_rate if self.head_rate is not None else HEAD_RATES[self.warm]

    @property
    def peak(self) -> float:
        """The peak learning rate of the network."""
        return self.rate if self.rate is not None else RATES[self.method]
