"""Study: what a network that reads relatives says of promoter variants of isolates, and of a reporter assay's.

They lie on chrI to chrX alone, which `aligned-yeast` trained on: it takes a fold, or rows that are marked as seen.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.examples import matched, strata
from dnalect.genome import Region, context_class
from dnalect.inference import scorer_for
from dnalect.models import Model, language_model
from dnalect.relatives import Relatives
from studies.worth.aligned import COLUMN, Columned
from studies.worth.bench import Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.compare import LLR, Scores, add_aurocs, ranked_within
from studies.worth.network import NETWORK, SUM, Networked
from studies.worth.promoter_bases import CONTIGS, contexts, read_promoters
from studies.worth.promoters import common_and_single
from studies.worth.reporter import SIGNIFICANT, read_effects
from studies.worth.snvs import Snvs
from studies.worth.species import YEAST

# Variants of each question that are asked, where no --sample says otherwise.
SAMPLE = 2000
NAME = "network-variants"

Numbers = npt.NDArray[np.int64]


def run(options: Options) -> Findings:
    """Measure a network on chromosomes that it did not learn from, on others where that is allowed.

    ConfigError where nothing is left.
    """
    network = Networked(options)
    name = network.model.card.id
    table = Collected(NAME, YEAST.name, name, options.command)
    regions = network.unseen(CONTIGS)
    caption = "AUROC with 95% intervals, the network (teal) beside its rivals (grey)."
    panels = measured(network, regions, table)
    told = f"{name} and {network.bench.model.name} inside it, on {network.bench.told(regions)}."
    return Findings(table.rows, [Plot.forest(f"{NAME}-{name}", caption, panels)], [told])


def measured(network: Networked, regions: Sequence[Region], table: Collected) -> list[Panel]:
    """Return common over singletons, and significant over other variants of the assay, and add them to the table."""
    bench = network.bench
    related = Columned(bench, regions)
    sample = network.options.sample or SAMPLE
    promoters = read_promoters(bench, regions)
    common, single = common_and_single(promoters.snvs)
    at = np.flatnonzero(common | single)
    at = at[matched(common[at], strata(_types(network, promoters.snvs)[at]))]
    at = _some(at, sample)
    panels = [
        _judged(network, related, table, "common over singletons, REF to ALT", promoters.snvs.take(at), common[at])
    ]
    found = read_effects(bench, regions)
    found = found.take(_some(np.arange(len(found.snvs)), sample))
    group = "reporter: significant over others, sizes of the scores"
    positive = found.adjusted < SIGNIFICANT
    return [*panels, _judged(network, related, table, group, found.snvs, positive, sizes=True)]


def _some(at: Numbers, sample: int) -> Numbers:
    return np.sort(np.random.default_rng(1).permutation(at)[:sample])


def _types(network: Networked, snvs: Snvs) -> Numbers:
    return context_class(contexts(network.bench, snvs.contig, snvs.position), snvs.alt, 0)


def _judged(
    network: Networked,
    related: Columned,
    table: Collected,
    group: str,
    snvs: Snvs,
    positive: npt.NDArray[np.bool_],
    sizes: bool = False,
) -> Panel:
    """Add the AUROCs of all scores within the substitution type. sizes: of their absolute values."""
    bench, options = network.bench, network.options
    duplex = language_model(bench.options.model, options.device, options.dtype)
    column = related.ratios(snvs)
    llr = _ratios(duplex, None, network, snvs)
    scores: Mapping[str, Scores] = {
        NETWORK: _ratios(network.model, network.relatives, network, snvs),
        SUM: llr + column,
        COLUMN: column,
        LLR: llr,
    }
    ranked = ranked_within({n: np.abs(s) if sizes else s for n, s in scores.items()}, _types(network, snvs))
    own = {NETWORK: ranked.pop(NETWORK)}
    return add_aurocs(table, f"{group}, within the type", positive, snvs.block, own, ranked, options.allow_seen)


def _ratios(model: Model, relatives: Relatives | None, network: Networked, snvs: Snvs) -> Scores:
    logs = scorer_for(model, network.bench.genome, relatives=relatives).at_sites(snvs.contig, snvs.position)
    rows = np.arange(len(snvs))
    return np.asarray(logs[rows, snvs.alt] - logs[rows, snvs.ref])
