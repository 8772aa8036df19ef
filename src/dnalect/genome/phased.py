"""Near alternate alleles that stand on one haplotype of a phased VCF."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dnalect.core.errors import VcfError
from dnalect.core.numbers import whole_or_none
from dnalect.genome.bcf import open_vcf_lines
from dnalect.genome.vcf import Record, read_header, read_records

NEAR = 64
# Bases from the first to the last allele of a set: what one joint allele may span.
LONGEST = 256
# The common genotypes that carry no alternate, passed over quickly; ".|1" does carry one.
_NOTHING = frozenset((b"0|0", b"0/0", b"0", b".", b"./.", b".|."))

Key = tuple[str, int, str, str]


@dataclass
class NearSet:
    """Alleles (contig, 1-based position, REF, ALT) in order, each near the next, on one haplotype.

    carriers: haplotypes that carry exactly these. sample: the first one's.
    """

    alleles: tuple[Key, ...]
    carriers: int = 0
    sample: str = ""


@dataclass
class _Chain:
    """The alleles of one haplotype that are near each other so far. block: its phase set, "" for any."""

    alleles: list[Key] = field(default_factory=list)
    end: int = 0
    block: str = ""


def near_sets(path: str, near: int = NEAR) -> list[NearSet]:
    """Return the distinct sets of two or more near alleles on one haplotype, in the order in which they end.

    Each allele is at most `near` bases behind the end of the one before; a set spans at most
    LONGEST. Only phased genotypes (a|b), homozygous and haploid ones count, and PS, where it
    is given, must agree. Raises VcfError where the VCF has no genotypes or isn't sorted.
    """
    found: dict[tuple[Key, ...], NearSet] = {}
    with open_vcf_lines(path, "phased VCF") as lines:
        header = read_header(lines, path)
        samples = header.columns.decode(errors="replace").rstrip("\r\n").split("\t")[9:]
        if not samples:
            raise VcfError(f"{path} has no genotypes: --haplotypes needs a VCF with phased samples (GT like 0|1)")
        chains: dict[tuple[int, int], _Chain] = {}
        last, done = ("", 0), set[str]()
        for record in read_records(lines, path, len(header.meta) + 2):
            if record.contig != last[0]:
                _close(chains, samples, found)
                if record.contig in done:
                    raise VcfError(f"{path} is not sorted: {record.contig} is there twice; sort it")
                done.add(record.contig)
            elif record.start < last[1]:
                raise VcfError(f"{path} is not sorted at {record.contig}:{record.start + 1}; sort it")
            last = (record.contig, record.start)
            for place, allele, block in _carried(record):
                _extend(chains, place, (record, allele), block, near, samples, found)
        _close(chains, samples, found)
    return list(found.values())


def _carried(record: Record) -> Iterator[tuple[tuple[int, int], str, str]]:
    """Yield (sample, haplotype), the alternate that it carries, and the phase set."""
    columns = record.line.rstrip(b"\r\n").split(b"\t")
    if len(columns) < 10 or not columns[8].startswith(b"GT"):
        return
    keys = columns[8].split(b":")
    at = keys.index(b"PS") if b"PS" in keys else None
    for sample, column in enumerate(columns[9:]):
        genotype = column.partition(b":")[0]
        if genotype in _NOTHING:
            continue
        fields = column.split(b":")
        alleles = genotype.replace(b"/", b"|").split(b"|")
        same = len(set(alleles)) == 1
        if b"/" in genotype and not same:
            continue
        block = "" if same or at is None or at >= len(fields) else fields[at].decode(errors="replace")
        for haplotype, number in enumerate(alleles):
            if allele := whole_or_none(number, 0, len(record.alternates)):
                yield (sample, haplotype), record.alternates[allele - 1], block


def _extend(
    chains: dict[tuple[int, int], _Chain],
    place: tuple[int, int],
    carried: tuple[Record, str],
    block: str,
    near: int,
    samples: list[str],
    found: dict[tuple[Key, ...], NearSet],
) -> None:
    record, allele = carried
    if not allele.isalpha():
        return
    end = record.start + len(record.ref)
    chain = chains.get(place)
    if chain is not None:
        far = record.start > chain.end + near or end - (chain.alleles[0][1] - 1) > LONGEST
        if far or (block and chain.block and block != chain.block):
            _keep(chain, samples[place[0]], found)
            chain = None
    if chain is None:
        chain = chains[place] = _Chain()
    chain.alleles.append((record.contig, record.start + 1, record.ref.upper(), allele.upper()))
    chain.end, chain.block = max(chain.end, end), block or chain.block


def _keep(chain: _Chain, sample: str, found: dict[tuple[Key, ...], NearSet]) -> None:
    if len(chain.alleles) > 1:
        each = found.setdefault(tuple(chain.alleles), NearSet(tuple(chain.alleles), sample=sample))
        each.carriers += 1


def _close(chains: dict[tuple[int, int], _Chain], samples: list[str], found: dict[tuple[Key, ...], NearSet]) -> None:
    for (sample, _), chain in chains.items():
        _keep(chain, samples[sample], found)
    chains.clear()
