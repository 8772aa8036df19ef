"""How weights are learned from labels: what fine-tuning, benchmarks and the command line choose alike."""

from typing import Annotated

from annotated_types import Ge, Interval
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.core.flags import IN_FILE, Flag

METHODS = ("probe", "lora", "full")
Rate = Annotated[float, Interval(gt=0, le=10)]
Seed = Annotated[int, Interval(ge=0, le=(1 << 32) - 1), Doc("Of all that is drawn at random.")]


@config
class Learning:
    """Method, length and rates of a training."""

    method: Annotated[
        str,
        OneOf(METHODS),
        Doc("probe: heads on frozen states, minutes. lora: low-rank updates of all layers. full: all weights."),
    ] = "lora"
    epochs: Annotated[int, Interval(ge=1, le=10**6), Doc("At most so many passes over the training part.")] = 20
    batch: Annotated[int, Interval(ge=1, le=1 << 20), Flag("--batch-size"), Doc("Sequences a step.")] = 32
    rate: Annotated[Rate | None, Doc("Peak learning rate [default: the method's own].")] = None
    accumulate: Annotated[
        int, Ge(1), IN_FILE, Doc("Parts of a batch that are computed one after the other, for little memory.")
    ] = 1
    warm: Annotated[
        bool,
        IN_FILE,
        Doc("Begin with the heads of a probe, so that the first steps don't spoil what the network knows."),
    ] = True
    head_rate: Annotated[
        Rate | None, IN_FILE, Doc("Peak learning rate of the heads; by default 5e-4 of warm and 2e-3 of cold ones.")
    ] = None
    weight_decay: Annotated[float, Interval(ge=0, le=1), IN_FILE, Doc("Of matrices.")] = 0.01
    warmup: Annotated[float, Interval(ge=0, lt=1), IN_FILE, Doc("Share of all steps over which the rates rise.")] = 0.1
    patience: Annotated[int, Ge(1), IN_FILE, Doc("Checks without a better validation figure before it stops.")] = 5
    checks: Annotated[int, Ge(1), IN_FILE, Doc("Validations an epoch.")] = 1
    class_weights: Annotated[bool, IN_FILE, Doc("Weigh classes as if they were equally frequent.")] = False
    clip: Annotated[float, Interval(gt=0, le=1e9), IN_FILE, Doc("Largest norm of the gradient.")] = 1.0

    def __post_init__(self) -> None:
        if self.accumulate > self.batch:
            raise ConfigError(f"accumulate ({self.accumulate}) must be at most batch ({self.batch})")
