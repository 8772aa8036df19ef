"""What can be chosen for fine-tuning. Every field carries its sentence; impossible choices fail on construction."""

from dataclasses import field
from typing import Annotated

from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.models.lora import LoraConfig
from dnalect.models.pooled import READINGS, Reading
from dnalect.training.learning import METHODS as METHODS
from dnalect.training.learning import Learning, Seed

# Peak learning rates that did well on validation data of small models; heads learn faster, as they begin at random.
RATES = {"lora": 2e-3, "full": 3e-4}
HEAD_RATES = {True: 5e-4, False: 2e-3}


@config
class TuneConfig(Learning):
    """How a model learns from labels; `options` of a benchmark's models are these fields."""

    reading: Annotated[Reading, Doc("Pooling, layer, strands.")] = field(default_factory=Reading)
    pools: Annotated[
        tuple[Annotated[str, OneOf(READINGS)], ...],
        Doc("Choose among these poolings instead, by probes on the validation part."),
    ] = ()
    lora: Annotated[LoraConfig, Doc("Rank, scale and layers.")] = field(default_factory=LoraConfig)
    seed: Seed = 1
    reverse_complement: Annotated[bool, Doc("Show every sequence's other strand half of the time.")] = False
    precision: Annotated[
        str, OneOf(("fp32", "bf16")), Doc("bf16 (autocast) is used where the processor computes in it, else fp32.")
    ] = "fp32"

    @property
    def head_peak(self) -> float:
        """The peak learning rate of the heads."""
        return self.head_rate if self.head_rate is not None else HEAD_RATES[self.warm]

    @property
    def peak(self) -> float:
        """The peak learning rate of the network, which a probe leaves as it is."""
        return self.rate if self.rate is not None else RATES.get(self.method, 0.0)
