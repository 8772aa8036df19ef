"""Write docs/config.md from what the config classes say of themselves.

    python scripts/config_page.py

A test fails where the page is not what this would write.
"""

from pathlib import Path

from dnalect.core.described import described
from dnalect.jobs.benchmark.suite import Entry, Published, Suite, TaskSpec
from dnalect.jobs.rank.options import Options as RankOptions
from dnalect.jobs.rank.settings import Used
from dnalect.jobs.tuning.options import Options as FinetuneOptions
from dnalect.models.families.aligned import AlignedConfig
from dnalect.models.families.duplex import DuplexConfig
from dnalect.training.config import (
    CardConfig,
    DataConfig,
    DistilConfig,
    FamilyConfig,
    GenomeConfig,
    OptimConfig,
    PretrainConfig,
)
from dnalect.training.head_config import HeadConfig
from dnalect.training.masking import MaskingConfig
from dnalect.training.tuning import TuneConfig

PAGE = Path(__file__).parents[1] / "docs" / "config.md"
INTRODUCTION = """# All keys of all configs

Written by `python scripts/config_page.py` from the classes that read the files. Every file is read by one strict
validator: a text is no number, a number no text, `nan` and `inf` are none either, and an unknown key is an error. A
message has the file, the path of the value, the value and what is allowed, for all faults at once:

```text
my.toml: 2 faults
  data.genomes[0].train = "chrI": must be a list of texts, at least 1
  optim.stepps is unknown. Did you mean steps? Known: batch, steps, optimizer, ...
```

"""
SECTIONS: tuple[tuple[str, str, tuple[tuple[str, type, tuple[str, ...]], ...]], ...] = (
    (
        "Pretraining",
        "A TOML file for [`dnalect pretrain`](pretrain.md). `dnalect pretrain genome.fa --init-config` writes one.",
        (
            ("At the top", PretrainConfig, ("data", "model", "optim", "masking", "card", "heads", "distil")),
            ("[data]", DataConfig, ("genomes",)),
            ("[[data.genomes]]", GenomeConfig, ()),
            ("[model] of a duplex", DuplexConfig, ()),
            ("[model] of a duplex with relatives beside it", AlignedConfig, tuple(DuplexConfig.__dataclass_fields__)),
            ("[model] of a published family", FamilyConfig, ()),
            ("[optim]", OptimConfig, ()),
            ("[masking]", MaskingConfig, ()),
            ("[[heads]]", HeadConfig, ()),
            ("[distil]", DistilConfig, ()),
            ("[card]", CardConfig, ()),
        ),
    ),
    (
        "Fine-tuning",
        "A TOML file for `--config` of [`dnalect finetune`](finetune.md); `dnalect finetune --init-config` prints one. "
        "What is typed goes above it.",
        (("All keys", FinetuneOptions, ("data", "out", "config", "command")),),
    ),
    (
        "Benchmarks",
        "A YAML file for [`dnalect benchmark`](benchmark.md).",
        (
            ("At the top of a suite", Suite, ()),
            ("models", Entry, ()),
            ("options of a model", TuneConfig, ("method", "reading")),
            ("tasks", TaskSpec, ()),
            ("published of a task", Published, ()),
        ),
    ),
    (
        "Ranking",
        "A TOML file for `--config` of [`dnalect rank`](rank.md); `dnalect rank --init-config` prints one. What it "
        "does not name stays at its default, and what is typed goes above it.",
        (("All keys", RankOptions, ("scored", "config", "command")), ("[use.NAME]", Used, ())),
    ),
)


def page() -> str:
    """Return the page."""
    text = INTRODUCTION
    for title, about, tables in SECTIONS:
        text += f"## {title}\n\n{about}\n\n"
        for heading, kind, skip in tables:
            name = f"`{heading}`" if heading.startswith("[") and heading.endswith("]") else heading
            text += f"### {name}\n\n| key | takes | default | |\n|---|---|---|---|\n"
            for each in described(kind):
                if each.name not in skip:
                    required = "the file's name" if (kind, each.name) == (PretrainConfig, "name") else "required"
                    default = required if each.required else f"`{each.default}`" if _short(each.default) else ""
                    text += f"| `{each.name}` | {_cell(each.allowed)} | {default} | {_cell(each.sentence)} |\n"
            text += "\n"
    return text.rstrip() + "\n"


def _short(default: str) -> bool:
    return bool(default) and default != "nothing" and len(default) <= 60


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
