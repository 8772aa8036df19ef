"""What is known of a genome's genes and contacts, and how strongly an interval touches each gene near it."""

from dataclasses import dataclass, field, replace

import numpy as np

from dnalect.core.errors import ConfigError
from dnalect.core.reporter import track
from dnalect.genome.contacts import (
    NEITHER,
    SPLIT,
    Domains,
    Floats,
    Loops,
    Numbers,
    by_distance,
    read_domains,
    read_loops,
)
from dnalect.genome.gff import GENES, Annotation, Genes, Row, open_annotation, parse_attributes
from dnalect.genome.names import own_name
from dnalect.jobs.link.elements import Elements, read_elements
from dnalect.jobs.link.options import Options

BIOTYPES = ("gene_biotype", "gene_type", "biotype")
# (contig, start, end, forward) of a gene -> what its line says that it is.
Kinds = dict[tuple[str, int, int, bool], str]


@dataclass(frozen=True)
class Reached:
    """m genes near an interval, by their start.

    genes: (m,) their numbers. gaps: (m,) bases to the transcription start, 0 of one inside. contact: (m,) above 0; 1 is
    that of a pair that nothing but its distance, of 5 kb or less, tells of. loops: (m,) of what joins them, -1 of none.
    relations: (m,) as `Domains` has them.
    """

    genes: Numbers
    gaps: Numbers
    contact: Floats
    loops: Numbers
    relations: Numbers


@dataclass(frozen=True)
class Ground:
    """Genes, loops, domains and elements by contig, each under the names of its own file."""

    annotation: Annotation
    genes: dict[str, Genes]
    loops: dict[str, Loops]
    domains: dict[str, Domains]
    elements: dict[str, Elements]
    options: Options
    _sums: dict[str, Floats] = field(default_factory=dict)

    def genes_on(self, contig: str) -> Genes | None:
        """The genes of a contig under any of its names."""
        return self.genes.get(own_name(contig, self.genes))

    def loops_on(self, contig: str) -> Loops | None:
        """The loops of a contig under any of its names."""
        return self.loops.get(own_name(contig, self.loops))

    def domains_on(self, contig: str) -> Domains | None:
        """The domains of a contig under any of its names."""
        return self.domains.get(own_name(contig, self.domains))

    def elements_on(self, contig: str) -> Elements | None:
        """The elements of a contig under any of its names."""
        return self.elements.get(own_name(contig, self.elements))

    def reach(self, contig: str, start: int, end: int) -> Reached:
        """Return the genes whose start is at most `far` bases from [start, end), and how strongly it touches each."""
        known = self.genes_on(contig)
        far, end = self.options.far, max(end, start + 1)
        if known is None:
            none = np.zeros(0, dtype=np.int64)
            return Reached(none, none, np.zeros(0), none, none)
        order = known.by_tss
        low, high = np.searchsorted(known.tss[order], [start - far, end + far])
        genes = order[low:high]
        sites = known.tss[genes]
        gaps = np.maximum(np.maximum(start - sites, sites - end + 1), 0)
        contact = by_distance(gaps)
        loops = np.full(len(genes), -1, dtype=np.int64)
        relations = np.full(len(genes), NEITHER, dtype=np.int64)
        if there := self.loops_on(contig):
            loops = there.joining(start, end, sites, self.options.slack)
            contact = contact * there.factors(loops)
        if domains := self.domains_on(contig):
            relations = domains.relations(start, end, sites)
            # A loop is a contact that was seen, whatever lies between.
            contact = np.where((relations == SPLIT) & (loops < 0), contact * self.options.across, contact)
        return Reached(genes, gaps, contact, loops, relations)

    def whole(self, contig: str) -> Floats:
        """Return the sum over all elements near each gene of a contig (G,) of activity x contact."""
        name = own_name(contig, self.genes)
        if name not in self._sums:
            sums, elements = np.zeros(len(self.genes[name].tss)), self.elements_on(contig)
            if elements:
                rows = zip(elements.starts.tolist(), elements.ends.tolist(), elements.activity.tolist(), strict=True)
                for start, end, activity in track(list(rows), f"elements of {contig}", "elements"):
                    reached = self.reach(contig, start, end)
                    sums[reached.genes] += activity * reached.contact
            self._sums[name] = sums
        return self._sums[name]


def open_ground(options: Options) -> Ground:
    """Read all files but the variants. Raises a DnalectError for one that is unusable."""
    kinds: Kinds = {}

    def take(row: Row) -> None:
        if row.kind in GENES:
            told = parse_attributes(row.attributes)
            kinds[row.contig, row.start, row.end, row.strand != "-"] = next(
                (told[key] for key in BIOTYPES if key in told), ""
            )

    annotation = open_annotation(options.annotate, take)
    if not kinds:
        raise ConfigError(f"{options.annotate} has no line of a gene, whose start could be a target")
    genes = {contig: _named(contig, each) for contig, each in annotation.genes.items() if len(each.tss)}
    if options.biotypes:
        genes = {contig: _only(contig, each, kinds, options.biotypes) for contig, each in genes.items()}
        if not any(len(each.tss) for each in genes.values()):
            few = ", ".join(sorted({kind for kind in kinds.values() if kind})[:12]) or "none"
            raise ConfigError(
                f"{options.annotate} has no gene of --biotype {', '.join(options.biotypes)}; it names {few}"
            )
    return Ground(
        annotation,
        genes,
        read_loops(*options.contacts) if options.contacts else {},
        read_domains(options.domains) if options.domains else {},
        read_elements(options.active) if options.active else {},
        options,
    )


def _named(contig: str, genes: Genes) -> Genes:
    """Genes without a name are called by their place."""
    spans = zip(genes.names, genes.starts.tolist(), genes.ends.tolist(), strict=True)
    return replace(genes, names=tuple(name or f"{contig}:{start + 1}-{end}" for name, start, end in spans))


def _only(contig: str, genes: Genes, kinds: Kinds, wanted: tuple[str, ...]) -> Genes:
    spans = zip(genes.starts.tolist(), genes.ends.tolist(), genes.forward.tolist(), strict=True)
    kept = np.array([kinds.get((contig, *span), "") in wanted for span in spans], dtype=np.bool_)
    names = tuple(name for name, keep in zip(genes.names, kept.tolist(), strict=True) if keep)
    tss = genes.tss[kept]
    order = np.argsort(tss, kind="stable")
    return Genes(genes.starts[kept], genes.ends[kept], genes.longest, genes.forward[kept], names, tss, order)
