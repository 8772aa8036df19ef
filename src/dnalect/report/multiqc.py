"""A run as MultiQC custom content: a *_mqc.json that MultiQC finds by its name."""

import json
from pathlib import Path

from dnalect.core.files import write_text
from dnalect.core.summaries import Summary


def write_multiqc(summary: Summary, path: Path) -> None:
    """Write a bar graph of alternate alleles by outcome, one sample for the run."""
    outcomes = dict(sorted(summary.outcomes.items(), key=lambda item: (item[0] != "scored", item[0])))
    content = {
        "id": "dnalect_outcomes",
        "section_name": "dnalect: scored variants",
        "description": "Alternate alleles with a score, and why others have none. Research use, no clinical evidence.",
        "plot_type": "bargraph",
        "pconfig": {"id": "dnalect_outcomes_plot", "title": "dnalect: alternate alleles", "ylab": "alternate alleles"},
        "data": {summary.title: outcomes},
    }
    write_text(path, json.dumps(content, indent=2) + "\n")
