"""Where to look at a variant: genome browsers by assembly, and IGV on this computer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

# Bases to show on each side.
AROUND = 20
# Alleles that gnomAD is asked for by their letters; of others it shows the region.
SPELLED = 50

_UCSC = (
    "https://genome.ucsc.edu/cgi-bin/hgTracks?db={db}&position={{ucsc}}%3A{{from}}-{{to}}"
    "&highlight={db}.{{ucsc}}%3A{{first}}-{{last}}"
)
_ENSEMBL = "https://{site}/{species}/Location/View?r={{bare}}%3A{{from}}-{{to}}"
_GNOMAD = "https://gnomad.broadinstitute.org/variant/{{bare}}-{{position}}-{{ref}}-{{alt}}?dataset={data}"
_GNOMAD_REGION = "https://gnomad.broadinstitute.org/region/{{bare}}-{{from}}-{{to}}?dataset={data}"
_HUMAN = frozenset([*map(str, range(1, 23)), "X", "Y", "MT"])
_ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI".split()
_YEAST = frozenset([*_ROMAN, "Mito"])
_MITO = {"M": "MT", "MT": "MT", "Mito": "Mito", "Mt": "Mito"}
_SLICE = re.compile(r"(.+):(\d+)-(\d+)")


@dataclass(frozen=True)
class Site:
    """A place to look at variants. url: with {placeholders}; region: another for alleles that aren't spelled out."""

    label: str
    url: str
    region: str = ""


IGV = Site("IGV", "http://localhost:60151/goto?locus={contig}%3A{own_from}-{own_to}")


def _ensembl(species: str, site: str = "www.ensembl.org") -> Site:
    return Site("Ensembl", _ENSEMBL.format(site=site, species=species))


def _gnomad(data: str) -> Site:
    return Site("gnomAD", _GNOMAD.format(data=data), _GNOMAD_REGION.format(data=data))


_SITES: dict[str, tuple[frozenset[str], tuple[Site, ...]]] = {
    "GRCh37": (
        _HUMAN,
        (
            Site("UCSC", _UCSC.format(db="hg19")),
            _gnomad("gnomad_r2_1"),
            _ensembl("Homo_sapiens", "grch37.ensembl.org"),
        ),
    ),
    "GRCh38": (
        _HUMAN,
        (Site("UCSC", _UCSC.format(db="hg38")), _gnomad("gnomad_r4"), _ensembl("Homo_sapiens")),
    ),
    "T2T-CHM13v2": (_HUMAN, (Site("UCSC", _UCSC.format(db="hs1")),)),
    "R64": (
        _YEAST,
        (
            Site("UCSC", _UCSC.format(db="sacCer3")),
            _ensembl("Saccharomyces_cerevisiae"),
            Site("SGD", "https://browse.yeastgenome.org/?loc={ucsc}%3A{from}..{to}"),
        ),
    ),
}


def sites(assembly: str) -> tuple[Site, ...]:
    """Return the places for an assembly: "GRCh37", "GRCh38", "T2T-CHM13v2" or "R64", what follows a space is left out.

    For any other there is IGV alone, which shows whatever genome it has open.
    """
    _, found = _SITES.get(assembly.partition(" ")[0], (frozenset(), ()))
    return (*found, IGV)


def contig_names(assembly: str, contig: str) -> tuple[str, str, int] | None:
    """Return the name of a contig at UCSC, at Ensembl, and the base that it begins at, 0-based.

    A slice that is named as samtools names it, `20:1000001-2000000`, begins where its name says.
    None where the assembly has no such chromosome.
    """
    known, _ = _SITES.get(assembly.partition(" ")[0], (frozenset[str](), ()))
    start = 0
    if cut := _SLICE.fullmatch(contig):
        contig, start = cut[1], int(cut[2]) - 1
    bare = contig[3:] if contig.lower().startswith("chr") else contig
    bare = _MITO.get(bare, bare)
    if known is _YEAST and bare.isdigit() and 0 < int(bare) <= len(_ROMAN):
        bare = _ROMAN[int(bare) - 1]
    if bare not in known:
        return None
    return f"chr{'M' if bare in ('MT', 'Mito') else bare}", bare, start


def links(assembly: str, contig: str, position: int, ref: str, alt: str, end: int) -> list[tuple[str, str]]:
    """Return (label, URL) of each place where this variant can be looked at.

    assembly: as `sites` takes it, "" for an unknown one. contig, position (1-based), ref, alt:
    as in the VCF. end: 0-based end of the changed bases, position or more.
    """
    names = contig_names(assembly, contig)
    values = _values(names or ("", "", 0), contig, position, ref, alt, end)
    out = []
    for site in sites(assembly) if names else (IGV,):
        url = site.url if not site.region or _spelled(ref, alt) else site.region
        out.append((site.label, re.sub(r"\{(\w+)\}", lambda m: quote(str(values[m[1]]), safe=""), url)))
    return out


def _spelled(ref: str, alt: str) -> bool:
    return max(len(ref), len(alt)) <= SPELLED and bool(re.fullmatch("[ACGTacgt]+>[ACGTacgt]+", f"{ref}>{alt}"))


def _values(
    names: tuple[str, str, int], contig: str, position: int, ref: str, alt: str, end: int
) -> dict[str, str | int]:
    ucsc, bare, start = names
    last = max(position, end)
    shown = max(1, position - AROUND), last + AROUND
    return {
        **{"contig": contig, "ucsc": ucsc, "bare": bare, "ref": ref, "alt": alt, "position": position + start},
        **{"own_from": shown[0], "own_to": shown[1], "from": shown[0] + start, "to": shown[1] + start},
        **{"first": position + start, "last": last + start},
    }


def for_page(assembly: str, contigs: Iterable[str]) -> dict[str, Any]:
    """Return what the script of a page makes the same links from, for rows that have contig, position, change and end.

    sites: [label, URL, URL of the region]. contigs: name -> [at UCSC, at Ensembl, first base], of those that are known.
    """
    names = {contig: found for contig in dict.fromkeys(contigs) if (found := contig_names(assembly, contig))}
    return {
        "sites": [[each.label, each.url, each.region] for each in sites(assembly)],
        "contigs": {contig: list(found) for contig, found in names.items()},
        "around": AROUND,
    }
