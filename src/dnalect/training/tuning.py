"""What can be chosen for fine-tuning. Every field carries its sentence; impossible choices fail on construction."""

from dataclasses import dataclass, field, replace

from dnalect.core.errors import ConfigError
from dnalect.models.lora import LoraConfig
from dnalect.models.pooled import Reading

METHODS = ("probe", "lora", "full")
# Peak learning rates that did well on validation data of small models; heads learn faster, as they begin at random.
RATES = {"lora": 2e-3, "full": 3e-4}
HEAD_RATES = {True: 5e-4, False: 2e-3}


@dataclass(frozen=True)
class TuneConfig:
    """How a model learns from labels.

    method: "probe" (heads on frozen states), "lora" (low-rank updates and heads) or "full".
    reading: pooling, layer, strands. pools: choose among these poolings instead, by probes on the
    validation part. lora: rank, scale and layers. epochs: at most so many passes over the
    training part. batch: sequences a step, of which `accumulate` parts are computed one after
    the other. rate: peak learning rate, None for the method's own.
    warm: begin with the heads of a probe, so that the first steps don't spoil what the network
    knows. head_rate: peak rate of the heads, None for 5e-4 of warm and 2e-3 of cold ones.
    warmup: share of all steps. patience: checks without a better validation figure before it
    stops. checks: an epoch. reverse_complement: show every sequence's other strand half of the
    time. class_weights: weigh classes as if they were equally frequent. precision: "fp32" or
    "bf16" (autocast). clip: of the gradient's norm.
    """

    method: str = "lora"
    reading: Reading = field(default_factory=Reading)
    pools: tuple[str, ...] = ()
    lora: LoraConfig = field(default_factory=LoraConfig)
    seed: int = 1
    epochs: int = 20
    batch: int = 32
    accumulate: int = 1
    rate: float | None = None
    warm: bool = True
    head_rate: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.1
    patience: int = 5
    checks: int = 1
    reverse_complement: bool = False
    class_weights: bool = False
    precision: str = "fp32"
    clip: float = 1.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"a method is one of {', '.join(METHODS)}, not {self.method!r}")
        object.__setattr__(self, "pools", tuple(self.pools))
        for pool in self.pools:
            replace(self.reading, pool=pool)  # raises where there is none of that name
        if self.precision not in ("fp32", "bf16"):
            raise ConfigError(f"a precision is fp32 or bf16, not {self.precision!r}")
        counts = (self.epochs, self.batch, self.accumulate, self.patience, self.checks)
        if min(counts) < 1 or self.accumulate > self.batch or not 0 <= self.warmup < 1:
            raise ConfigError("epochs, batch, accumulate, patience and checks are at least 1, warmup lies in [0, 1)")
        if (self.rate is not None and not self.rate > 0) or not self.head_peak > 0 or not self.clip > 0:
            raise ConfigError("learning rates and clip are above 0")

    @property
    def head_peak(self) -> float:
        """The peak learning rate of the heads."""
        return self.head_rate if self.head_rate is not None else HEAD_RATES[self.warm]

    @property
    def peak(self) -> float:
        """The peak learning rate of the network."""
        return self.rate if self.rate is not None else RATES[self.method]
