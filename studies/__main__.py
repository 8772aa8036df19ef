"""python -m studies NAME ...: each study is one command."""

import click

from dnalect import Reporter
from dnalect.cli import LateGroup, run
from dnalect.core import show, using

SUMMARIES = {
    "worth": "What a model knows: real variants and annotations, with rivals and intervals.",
    "recipes": "Models of any kind that share one split of yeast.",
    "expression": "Yeast promoters: predict measured and natural changes of expression.",
    "elements": "Human: which measured variants of regulatory elements have an effect?",
    "pairs": "Human: which alleles differ in a reporter, among pairs of eQTL loci?",
    "saturation": "Human: every substitution and deletion of one base of the HNF4A promoter.",
    "heads": "The heads of a multi-task model, beside simple rivals.",
    "probe": "Which of two models serves a simple classifier better?",
    "ensemble": "Would the mean of several models predict better than the best of them?",
    "hidden": "Bits of bases that are hidden 15% at a time, as published masked models are judged.",
    "context": "Bits of a base by the length of its window, and how far away sequence moves a score.",
    "tracks": "What pretraining brings a model of tracks, at all of the data, a tenth and a hundredth.",
    "structural": "Are junctions of natural structural variants told from random ones of their size?",
    "dependency": "Do dependency maps know stems of tRNAs and splice sites of yeast?",
    "motifs": "Yeast: which motifs does a model know without labels, and who binds there?",
    "clusters": "Do promoters, splice sites, repeats and motifs cluster without labels?",
    "discover": "Elements of yeast and human, found in other species.",
    "design": "Designed promoters and elements, by a judge that the designer did not use.",
    "attention": "Attention at splice sites and CTCF sites, beside an untrained network.",
    "cells": "Which elements are open in which cells: from sequence, from signals, from both.",
    "links": "Which pairs of enhancers and promoters does a loop join?",
    "vocabulary": "Which size of a byte-pair vocabulary predicts the next bases best?",
}


HOMES = {
    **dict.fromkeys(SUMMARIES, "studies.commands"),
    "cells": "studies.cells.command",
    "links": "studies.links.command",
}


@click.group(cls=LateGroup, homes=HOMES, summaries=SUMMARIES, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def studies(context: click.Context) -> None:
    """The evidence for what dnalect's models are worth; each study is one command."""
    context.with_resource(using(Reporter(say=show)))


if __name__ == "__main__":
    run(studies)
