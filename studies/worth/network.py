"""Study: a network that reads the columns of relatives beside the sequence, against both apart and their sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError
from dnalect.core import Estimate
from dnalect.examples import matched
from dnalect.genome import Region, covered, read_motifs
from dnalect.inference import span_log_probs
from dnalect.models import Model, language_model, read_card
from dnalect.relatives import Relatives, read_by
from dnalect.report import plots
from dnalect.stats import Draws, auroc, block_of, estimate
from studies.motifs.sequence import contigs_of
from studies.motifs.sites import PEAKS, bound_items, read_peaks
from studies.worth import strains
from studies.worth.aligned import COLUMN, MEASURE, Columned
from studies.worth.bench import Bench, Findings, Options, Panel, Plot, Reading
from studies.worth.coding_bases import Genes
from studies.worth.collected import Collected
from studies.worth.compare import LLR, MARKOV, Scores, add_aurocs, ranked_within
from studies.worth.regulation import INFORMED
from studies.worth.relatives import FOLDER
from studies.worth.relatives import Relatives as Counted
from studies.worth.snvs import Features
from studies.worth.species import YEAST
from studies.worth.tables import cached_table

NAME = "network"
NETWORK = "network"
SUM, WEIGHED = f"{LLR} + {COLUMN}", f"{LLR} + {COLUMN}, weighed"
# How much the log-ratio counts beside the relatives: chosen on other chromosomes.
WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0)
# Bases of a tile: long ones, for little of the work to be at their flanks.
TILE = 1 << 14
MOTIFS = "motifs/SwissRegulon_s_cer.meme.gz"

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]
Singles = npt.NDArray[np.float32]


@dataclass
class Networked:
    """A network on a bench of the duplex inside it."""

    options: Options

    @cached_property
    def model(self) -> Model:
        """The network. ConfigError where it reads no relatives, or its card doesn't name the duplex inside."""
        model = language_model(self.options.model, self.options.device, self.options.dtype)
        if not model.can.relatives or not model.card.training.get("init"):
            raise ConfigError(
                f"{model.card.id} reads no relatives beside a duplex: the study needs what `dnalect pretrain "
                "configs/aligned-yeast.toml` makes, as --model FOLDER"
            )
        return model

    @cached_property
    def bench(self) -> Bench:
        """The bench of the duplex: one that has a name, or one of the folds."""
        name, checksum = str(self.model.card.training["init"]).split()
        folds = self.options.folds
        found = [path.parent for path in sorted(folds.glob("*/card.json"))] if folds else []
        ships = name if Path(name).is_dir() else f"{name}@{checksum[:12]}"
        inside = next((str(folder) for folder in found if read_card(folder).id == name), ships)
        return Bench(replace(self.options, model=inside), YEAST.reference)

    @cached_property
    def relatives(self) -> Relatives:
        """What the network reads beside the sequence."""
        return read_by(self.options.data / FOLDER, self.bench.genome, self.model.can.relatives)

    @cached_property
    def related(self) -> Columned:
        """The columns, by what was learned from other chromosomes."""
        return Columned(self.bench, self.regions)

    @cached_property
    def regions(self) -> list[Region]:
        """Whole contigs that neither the network nor the duplex saw. ConfigError where there is none."""
        return self.unseen(self.bench.genome.names)

    def unseen(self, texts: Sequence[str]) -> list[Region]:
        """Return those of some regions that neither of both saw, or all where that is allowed. ConfigError for none."""
        lengths, card = self.bench.genome.lengths, self.model.card
        found = self.bench.regions(texts)
        if not self.options.allow_seen:
            found = [each for each in found if not card.saw(int(lengths[each.contig]), each.start, each.end)]
        if not found:
            raise ConfigError(f"{card.id} saw all that {self.bench.model.name} did not")
        return found

    def log_probs(self, region: Region) -> Singles:
        """Return ln p(base | all other bases, the relatives) (L, 4) of a region."""
        model, genome, relatives = self.model, self.bench.genome, self.relatives
        identity = f"{model.card.sha256} {model.dtype}\0{genome.checksum}\0{relatives.checksum}\0{region}"
        return cached_table(
            identity,
            lambda: span_log_probs(
                *(model, genome, region.contig, region.start, region.end),
                tile=TILE,
                batch=1,
                relatives=relatives,
            ),
        )

    @cached_property
    def tables(self) -> dict[int, Singles]:
        """Those of all regions, by contig."""
        return {region.contig: self.log_probs(region) for region in self.regions}

    def ratios(self, known: Features) -> Scores:
        """Return the network's log-ratios of substitutions (n,)."""
        out, snvs = np.zeros(len(known.snvs)), known.snvs
        for contig, table in self.tables.items():
            at = np.flatnonzero(snvs.contig == contig)
            rows = table[snvs.position[at]]
            out[at] = rows[np.arange(len(at)), snvs.alt[at]] - rows[np.arange(len(at)), snvs.ref[at]]
        return out

    def answers(self, region: Region) -> dict[str, Floats]:
        """Return ln p (L, 4) of a region by everybody, normalised; what is weighed by weights of the other regions."""
        read, told, prior = self.bench.read(region), self._known[region], self._prior
        found: dict[str, Floats] = {
            NETWORK: self.tables[region.contig],
            SUM: read.model + told,
            WEIGHED: self._weight(region) * (read.model - prior) + told + prior,
            COLUMN: told + prior,
            LLR: read.model,
            MARKOV: read.markov,
        }
        return {name: each - np.logaddexp.reduce(each, axis=1, keepdims=True) for name, each in found.items()}

    @property
    def _prior(self) -> Floats:
        return np.log(self.related.columns.evolution.frequencies)

    @cached_property
    def _known(self) -> dict[Region, Floats]:
        """ln p(the relatives' bases | base) (L, 4) of all regions."""
        columns = self.related.columns
        return {each: columns.at(each.contig, np.arange(each.start, each.end)).told for each in self.regions}

    def _weight(self, region: Region) -> float:
        """Return the weight with which the bases of the other regions are likeliest; 1 where there are none."""
        others = [each for each in self.regions if each != region]
        totals = np.zeros(len(WEIGHTS))
        for other in others:
            read, told = self.bench.read(other), self._known[other]
            known = np.flatnonzero(read.codes < 4)
            for number, weight in enumerate(WEIGHTS):
                each = weight * (read.model[known] - self._prior) + told[known] + self._prior
                each = each - np.logaddexp.reduce(each, axis=1, keepdims=True)
                totals[number] += each[np.arange(len(known)), read.codes[known]].sum()
        return WEIGHTS[int(totals.argmax())] if others else 1.0


def run(options: Options) -> Findings:
    """Measure a network on chromosomes of yeast that it did not see, beside what it is made of."""
    network = Networked(options)
    name, bench, regions = network.model.card.id, network.bench, network.regions
    study = _Strains(network)
    panels = bits(network, study.genes, study.table)
    drawn = [Plot.forest(f"{NAME}-bits-{name}", "How much less than 2 bits a base takes.", panels, "bits saved", 0)]
    judged = study.consequences(regions)
    for strain in strains.STRAINS:
        if near := [region for region in regions if bench.genome.names[region.contig] in strain.contigs]:
            judged += study.natural(strain, near)
    judged += bound_sites(network, study.table)
    caption = "AUROC with 95% intervals, the network (teal) beside its rivals (grey); dashed: chance."
    drawn.append(Plot.forest(f"{NAME}-{name}", caption, judged))
    told = f"{name} reads {', '.join(network.model.can.relatives)} beside the sequence of {bench.told(regions)}."
    return Findings(study.table.rows, drawn, [told, *study.notes])


class _Strains(strains.Study):
    """The questions of the study `strains`, asked of the network."""

    def __init__(self, network: Networked):
        super().__init__(network.bench, NAME)
        self.network = network
        self.table = Collected(NAME, YEAST.name, network.model.card.id, network.options.command)

    def compare(
        self,
        group: str,
        known: Features,
        positive: Mask,
        units: Numbers,
        further: dict[str, Scores] | None = None,
        relatives: Counted | None = None,
    ) -> Panel:
        """Add a comparison of the network with the duplex inside, with the relatives, and with both together."""
        llr, column = known.llr(), self.network.related.ratios(known.snvs)
        rivals: dict[str, Scores] = {
            SUM: llr + column,
            WEIGHED: _weighed(llr, column, positive, known.snvs.contig),
            COLUMN: column,
            LLR: llr,
            MARKOV: known.markov_llr(),
        }
        return add_aurocs(self.table, group, positive, units, {NETWORK: self.network.ratios(known)}, rivals, False)


def _weighed(llr: Scores, column: Scores, positive: Mask, contig: Numbers) -> Scores:
    """Return the sum with the weight of the log-ratio that is best on the other chromosomes; 1 where there are none."""
    out = np.zeros(len(llr))
    for number in np.unique(contig):
        own = contig == number
        fits = positive[~own].any() and not positive[~own].all()
        found = [auroc((w * llr + column)[~own], positive[~own]) for w in WEIGHTS] if fits else []
        out[own] = (WEIGHTS[int(np.argmax(found))] if found else 1.0) * llr[own] + column[own]
    return out


def bits(network: Networked, genes: Genes, table: Collected) -> list[Panel]:
    """Return how many bits a base everybody saves, of known bases, and add them to the table."""
    saved: dict[str, list[Floats]] = {}
    blocks, coding, bare = [], [], []
    for region in network.regions:
        codes = network.bench.model.codes(region)
        known = np.flatnonzero(codes < 4)
        for name, each in network.answers(region).items():
            saved.setdefault(name, []).append(2 + each[known, codes[known]] / np.log(2))
        blocks.append(block_of(np.full(len(known), region.contig), region.start + known))
        within = np.concatenate([np.zeros(0, np.int64), *(gene.positions for gene in genes.of(region))])
        coding.append(covered(within, within + 1, region)[known])
        relatives = network.related.columns.alignment.bases(region.contig)[:, region.start : region.end]
        bare.append((relatives[:, known] == 4).all(0))
    values = {name: np.concatenate(each) for name, each in saved.items()}
    units, inside, alone = (np.concatenate(each) for each in (blocks, coding, bare))
    parts = {"all": np.ones_like(inside), "coding": inside, "not coding": ~inside, "no relative aligned": alone}
    return [_saved(table, part, {n: v[mask] for n, v in values.items()}, units[mask]) for part, mask in parts.items()]


def _saved(table: Collected, part: str, values: Mapping[str, Floats], units: Numbers) -> Panel:
    draws = Draws.of(units)
    samples = {name: draws.mean(each) for name, each in values.items()}
    found: dict[str, Estimate] = {name: estimate(each) for name, each in samples.items()}
    for name, value in found.items():
        beside = {n: estimate(samples[NETWORK] - each) for n, each in samples.items() if n != NETWORK}
        table.add(
            *(MEASURE, part, len(units), value),
            seen=False,
            chance=0,
            differences=beside if name == NETWORK else {},
            against="all bases alike",
            rival="" if name == NETWORK else name,
        )
    return f"{part} (n = {len(units):,})", [plots.Bar(name, value, name != NETWORK) for name, value in found.items()]


def bound_sites(network: Networked, table: Collected) -> list[Panel]:
    """Return whether motifs are told where their protein is bound (ChIP-exo) from where it is not."""
    bench, options = network.bench, network.options
    peaks = read_peaks(options.file(PEAKS))
    motifs = [each for each in read_motifs(options.file(MOTIFS)) if each.factor.upper() in peaks]
    contigs = contigs_of(bench, network.regions)
    said = [network.answers(contig.region) for contig in contigs]
    scores, count = dict[str, Scores](), 0
    for name in said[0]:
        tables = [each[name].astype(np.float32) for each in said]
        readings = [
            Reading(contig.region, contig.codes, mine, mine) for contig, mine in zip(contigs, tables, strict=True)
        ]
        found = bound_items(contigs, readings, motifs, peaks)
        if found is None:
            return []
        chosen, count = matched(found.items.positive, found.stratum), found.factors
        items = found.items.take(chosen)
        scores[name] = ranked_within({name: items.scores[INFORMED]}, found.which[chosen])[name]
    group = f"bound over unbound motifs of {count} factors, information"
    own = {NETWORK: scores.pop(NETWORK)}
    return [add_aurocs(table, group, items.positive, items.block, own, scores, False)]
