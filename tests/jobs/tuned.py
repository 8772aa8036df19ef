"""Fine-tuning, for tests: options out of a config of the training, and a run that somebody listens to."""

from dataclasses import fields, replace

from dnalect.core.reporter import Reporter, using
from dnalect.jobs.tuning.finetune import finetune_file
from dnalect.jobs.tuning.options import Options
from dnalect.training.learning import Learning
from dnalect.training.tuning import TuneConfig


def learned(config: TuneConfig) -> dict[str, object]:
    """Return the options that a config of the training comes from."""
    told = {each.name: getattr(config, each.name) for each in fields(Learning)}
    reading = {"pool": "best" if config.pools else config.reading.pool, "strands": config.reading.strands}
    reading |= {"layer": config.reading.layer, "longest": config.reading.longest}
    return told | reading | {"rank": config.lora.rank, "alpha": config.lora.alpha, "seed": config.seed}


def options_for(data, model, config=None, rivals=("composition",), **more) -> Options:
    """Return options that name no folder yet."""
    return Options(
        data=str(data), out="out", model=str(model), rivals=rivals, **learned(config or TuneConfig()), **more
    )


def run(options: Options, out, hear=lambda _: None):
    """Tune into a folder; `hear` takes what is said."""
    with using(Reporter(say=hear)):
        return finetune_file(replace(options, out=out))
