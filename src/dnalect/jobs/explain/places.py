"""What was asked to be explained -> places, and the variants in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from dnalect.core.errors import InputError
from dnalect.core.kept import Kept
from dnalect.core.numbers import whole_number
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.regions import Region, read_regions
from dnalect.genome.variants import open_variants
from dnalect.genome.windows.alleles import Rules, resolve
from dnalect.jobs.explain.kept import Alleles, alleles_kept
from dnalect.jobs.explain.options import Options
from dnalect.jobs.score_options import Options as ScoreOptions
from dnalect.jobs.scoring import Scoring
from dnalect.models.model import Model
from dnalect.report.html import REASONS

LONGEST = 12


@dataclass(frozen=True)
class Place:
    """A region, and the variant that it is shown around. title: as people write it. allele: REF and ALT as given."""

    title: str
    region: Region
    variant: Variant | None = None
    allele: tuple[int, str, str] | None = None


def places_of(options: Options, genome: Genome, model: Model, kept: Kept) -> list[Place]:
    """Return what is asked for, in the order of regions, variants and those of a file.

    kept: where those are, once they are chosen. Raises InputError for what does not lie on the genome, or can't be
    read.
    """
    found = []
    for region in read_regions(genome, options.regions, options.rename):
        found.append(Place(f"{genome.names[region.contig]}:{region.start + 1:,}-{region.end:,}", region))
    names = ContigNames(genome, options.rename)
    alleles = [_split(text) for text in options.variants]
    if options.vcf is not None:
        alleles += alleles_kept(kept, partial(_lowest, options, model))
    rules = Rules(model.can.context_bases // 2, model.can.reach or model.can.context_bases // 2)
    with open_variants(alleles, genome) as source:
        for record in source.records if alleles else ():
            for allele, variant in zip(
                record.alternates, resolve(record, names.number(record.contig), genome, rules), strict=True
            ):
                title = f"{record.contig}:{record.start + 1:,} {_short(record.ref)}>{_short(allele)}"
                if isinstance(variant, str):
                    reason = variant.partition(":")[0]
                    raise InputError(f"{title} can't be explained: {REASONS.get(reason, reason)}")
                found.append(
                    Place(
                        title, _around(variant, genome, options.around), variant, (record.start + 1, record.ref, allele)
                    )
                )
    return found


def _split(text: str) -> tuple[str, int, str, str]:
    """Return contig, position, REF and ALT; a contig may hold colons itself."""
    parts = text.rsplit(":", 3)
    if len(parts) == 4:
        try:
            return parts[0], whole_number(parts[1].replace(",", "")), parts[2].upper(), parts[3].upper()
        except ValueError:
            pass
    raise InputError(f"--variant takes CONTIG:POS:REF:ALT, such as chrI:1001:A:G, not {text!r}")


def _around(variant: Variant, genome: Genome, flank: int) -> Region:
    length = int(genome.lengths[variant.contig])
    return Region(variant.contig, max(0, variant.start - flank), min(length, variant.end + flank))


def _lowest(options: Options, model: Model) -> Alleles:
    """Return the alleles of a file that rank first in its report."""
    told = {"rename": options.rename, "batch": options.batch, "device": options.device, "dtype": options.dtype}
    job = Scoring(ScoreOptions(options.reference, options.vcf, model=model, **told))  # type: ignore[arg-type]
    with open_variants(options.vcf, job.genome) as source:
        job.begin(source.header)
        _drain(job.rows(source.records))
    return [(row.contig, row.position, row.ref, row.alt) for row in job.tally.top()[: options.top]]


def _drain(rows: Iterator[object]) -> None:
    for _ in rows:
        pass


def _short(allele: str) -> str:
    return allele if len(allele) <= LONGEST else f"{allele[:LONGEST]}…({len(allele):,})"
