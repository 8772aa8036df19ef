"""What attention shows at yeast introns and at CTCF sites, beside an untrained network."""

from dnalect import load, open_genome
from dnalect.core import NOTHING, Figure, made_folder, write_figures
from dnalect.models import Model
from studies.attention.ctcf import ctcf_figures, sites_of, tuned
from studies.attention.splice import introns, splice_figures
from studies.data import file_of
from studies.options import Attention
from studies.worth.species import YEAST

SPLICE, CTCF = "splice", "ctcf"


def run(options: Attention) -> list[Figure]:
    """Run the parts that are asked for, and write figures.tsv. Raises ModelError for a model without attention."""
    model = load(options.model, options.device)
    bare = Figure("", "", "", "", 0, NOTHING, command=options.command)
    figures: list[Figure] = []
    if SPLICE in options.parts:
        genome = open_genome(file_of(options.data, YEAST.reference))
        given = introns(genome, str(file_of(options.data, YEAST.annotation)), options.introns)
        figures += splice_figures({model.card.id: model, "untrained": model.untrained(1)}, given, bare)
    if CTCF in options.parts:
        folder = options.predictor or tuned(str(options.model), options.data, options.out, options.sites)
        named: dict[str, Model] = {"tuned on CTCF": load(folder, options.device), "before": model}
        named["untrained"] = model.untrained(1)
        figures += ctcf_figures(named, sites_of(options.data, options.judged), bare)
    write_figures(made_folder(options.out) / "figures.tsv", figures)
    return figures
