"""What a scored file says of an alternate allele: INFO keys of a VCF, columns of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from dnalect.core.measures import Distances
from dnalect.core.records import Row, Score
from dnalect.scored.field import Column, Field, fixed, rounded
from dnalect.scored.related import RELATED_COLUMNS, RELATED_FIELDS
from dnalect.scored.splicing import SITES_PART, SPLICE_COLUMNS, SPLICE_FIELDS, USAGE_PART
from dnalect.scored.structural import STRUCTURAL_COLUMNS, STRUCTURAL_FIELDS

DISTANCE_TEXTS = (
    "cosine distance between the haplotypes, mean embeddings of the window",
    "L2 distance between the haplotypes, mean embeddings of the window",
    "inner product of the haplotypes, mean embeddings of the window",
    "cosine distance between the haplotypes, mean embeddings of the changed bases",
    "L2 distance between the haplotypes, mean embeddings of the changed bases",
    "inner product of the haplotypes, mean embeddings of the changed bases",
)
INFLUENCE_TEXTS = {
    "max": "largest change of the log-odds of a base beside the allele, nats",
    "sum": "changes of the log-odds of the bases beside the allele, the largest of each, summed over the window, nats",
    "near": "the same, summed over 16 bases on each side",
}


def _significant(score: Score, name: str) -> float | None:
    """A distance in four significant digits: they span many powers of ten, and rounding is in the fifth."""
    return None if score.distances is None else float(f"{getattr(score.distances, name):.4g}")


def _bits(row: Row, name: str) -> str:
    return f"{getattr(row.motif, name):.2f}" if row.motif else ""


def _distance_field(name: str, text: str) -> Field:
    def shown(row: Row) -> str:
        value = _significant(row.score, name)
        return "" if value is None else f"{value:.4g}"

    return Field(name.upper(), "Float", text, "distance", shown)


def _distance_column(name: str) -> Column:
    return Column(name, pa.float64(), lambda row: _significant(row.score, name), "distance")


def _influence(row: Row, number: int) -> float | None:
    """Four significant digits: sums over many bases of float32 are good for no more."""
    return None if row.score.influence is None else float(f"{row.score.influence[number]:.4g}")


def _influence_percentile(row: Row, number: int) -> float | None:
    found = row.score.influence
    return rounded(found.percentiles[number], 6) if found and found.percentiles else None


def _influence_fields(number: int, name: str, text: str) -> list[Field]:
    def shown(row: Row) -> str:
        value = _influence(row, number)
        return "" if value is None else f"{value:.4g}"

    key = f"INFLUENCE_{name.upper()}"
    lower = f"share of background variants of the same class and length with a lower DNALECT_{key}; no p-value"
    return [
        Field(key, "Float", f"{text}; unsigned", "influence", shown),
        Field(f"{key}_PCT", "Float", lower, "influence", lambda row: fixed(_influence_percentile(row, number), 6)),
    ]


def _influence_columns(number: int, name: str) -> list[Column]:
    return [
        Column(f"influence_{name}", pa.float64(), lambda row: _influence(row, number), "influence"),
        Column(
            f"influence_{name}_percentile",
            pa.float64(),
            lambda row: _influence_percentile(row, number),
            "influence",
        ),
    ]


FIELDS = (
    Field(
        "LLR",
        "Float",
        "ln p(ALT) - ln p(REF); negative: the alternate allele is disfavoured; no clinical evidence",
        "llr",
        lambda row: fixed(row.score.value),
        always=True,
    ),
    Field(
        "PCT",
        "Float",
        "share of background variants of the same class and length with a lower DNALECT_LLR; no p-value",
        "llr",
        lambda row: fixed(row.score.percentile, 6),
        always=True,
    ),
    Field(
        "PER_BASE",
        "Float",
        "DNALECT_LLR over the bases that the allele changes (MNVs, insertions, deletions)",
        "llr",
        lambda row: fixed(row.score.per_base if row.score.changed > 1 else None),
    ),
    Field("REASON", "String", "why the allele has no score", "always", lambda row: row.score.reason, always=True),
    Field("REFP", "Float", "probability of the reference base (SNVs)", "llr", lambda row: fixed(row.score.ref_prob)),
    Field(
        "STRAND",
        "Float",
        "absolute difference of DNALECT_LLR between the strands (models that read one strand at a time)",
        "llr",
        lambda row: fixed(row.score.strand_gap),
    ),
    Field(
        "TOKENS",
        "String",
        "pieces that REF and ALT are cut into, as ref-alt (byte pair tokenizers)",
        "llr",
        lambda row: f"{row.score.tokens[0]}-{row.score.tokens[1]}" if row.score.tokens else "",
    ),
    Field(
        "SPREAD",
        "Float",
        "standard deviation of DNALECT_LLR over the models (ensembles)",
        "ensemble",
        lambda row: fixed(row.score.spread),
    ),
    *STRUCTURAL_FIELDS,
    *SPLICE_FIELDS,
    *(_distance_field(name, text) for name, text in zip(Distances._fields, DISTANCE_TEXTS, strict=True)),
    *(each for number, pair in enumerate(INFLUENCE_TEXTS.items()) for each in _influence_fields(number, *pair)),
    *RELATED_FIELDS,
    Field(
        "FLAGS",
        "String",
        "flags of the score, e.g. tandem_repeat of indels, repeat of substitutions",
        "always",
        lambda row: "+".join(row.score.flags),
    ),
    Field(
        "ANCESTRAL",
        "String",
        "ref or alt, whichever AA says is the ancestral base; alt: DNALECT_LLR is read from the derived allele",
        "ancestral",
        lambda row: row.ancestral or "",
    ),
    Field("GENE", "String", "gene of the consequence, else the nearest one", "annotation", lambda row: row.gene),
    Field("REGION", "String", "kind of region, e.g. CDS or promoter", "annotation", lambda row: row.region),
    Field(
        "CONSEQUENCE",
        "String",
        "most severe consequence, terms of the Sequence Ontology joined by &",
        "annotation",
        lambda row: row.consequence,
    ),
    Field("TRANSCRIPT", "String", "transcript of the consequence", "annotation", lambda row: row.transcript),
    Field("PROTEIN", "String", "change of one codon, in the words of HGVS", "annotation", lambda row: row.protein),
    Field(
        "MOTIF",
        "String",
        "motif whose best match over the allele changes most",
        "motif",
        lambda row: row.motif.name if row.motif else "",
    ),
    Field("MOTIF_REF", "Float", "bits of that match with REF", "motif", lambda row: _bits(row, "reference")),
    Field("MOTIF_ALT", "Float", "bits of that match with ALT", "motif", lambda row: _bits(row, "alternate")),
    Field(
        "MOTIF_CHANGE",
        "Float",
        "DNALECT_MOTIF_ALT - DNALECT_MOTIF_REF; negative: the site is weakened or lost",
        "motif",
        lambda row: _bits(row, "change"),
    ),
)
COLUMNS = (
    Column("chrom", pa.string(), lambda row: row.contig),
    Column("pos", pa.int64(), lambda row: row.position),
    Column("id", pa.string(), lambda row: row.identifier),
    Column("ref", pa.string(), lambda row: row.ref),
    Column("alt", pa.string(), lambda row: row.alt),
    Column("class", pa.string(), lambda row: row.score.kind if row.score.known else None),
    Column("llr", pa.float64(), lambda row: rounded(row.score.value)),
    Column("percentile", pa.float64(), lambda row: rounded(row.score.percentile, 6)),
    Column("llr_per_base", pa.float64(), lambda row: rounded(row.score.per_base)),
    Column("ref_probability", pa.float64(), lambda row: rounded(row.score.ref_prob)),
    Column("strand_gap", pa.float64(), lambda row: rounded(row.score.strand_gap)),
    Column("ref_tokens", pa.int64(), lambda row: row.score.tokens and row.score.tokens[0]),
    Column("alt_tokens", pa.int64(), lambda row: row.score.tokens and row.score.tokens[1]),
    Column("reason", pa.string(), lambda row: row.score.reason or None),
    Column("flags", pa.string(), lambda row: "+".join(row.score.flags) or None),
    Column("allele_count", pa.int64(), lambda row: row.allele_count),
    Column("allele_frequency", pa.float64(), lambda row: row.af),
    Column("ancestral", pa.string(), lambda row: row.ancestral or None, "ancestral"),
    Column("seen_in_training", pa.bool_(), lambda row: row.seen),
    Column("gene", pa.string(), lambda row: row.gene or None),
    Column("region", pa.string(), lambda row: row.region or None),
    Column("tss_distance", pa.int64(), lambda row: row.tss_distance),
    Column("consequence", pa.string(), lambda row: row.consequence or None, "annotation"),
    Column("transcript", pa.string(), lambda row: row.transcript or None, "annotation"),
    Column("protein_change", pa.string(), lambda row: row.protein or None, "annotation"),
    Column("motif", pa.string(), lambda row: row.motif and row.motif.name, "motif"),
    Column("motif_ref", pa.float64(), lambda row: row.motif and round(row.motif.reference, 2), "motif"),
    Column("motif_alt", pa.float64(), lambda row: row.motif and round(row.motif.alternate, 2), "motif"),
    Column("motif_change", pa.float64(), lambda row: row.motif and round(row.motif.change, 2), "motif"),
    *STRUCTURAL_COLUMNS,
    *SPLICE_COLUMNS,
    *map(_distance_column, Distances._fields),
    *(each for number, name in enumerate(INFLUENCE_TEXTS) for each in _influence_columns(number, name)),
    *RELATED_COLUMNS,
    Column("llr_spread", pa.float64(), lambda row: rounded(row.score.spread), "ensemble"),
)


def _member(number: int, name: str) -> Column:
    def value(row: Row) -> float | None:
        return rounded(row.score.members[number]) if row.score.members else None

    return Column(f"llr_{name}", pa.float64(), value, "ensemble")


def _change_fields(number: int, name: str, meaning: str) -> list[Field]:
    def value(row: Row) -> str:
        return f"{row.score.changes[number].value:.4g}" if row.score.changes else ""

    def percentile(row: Row) -> str:
        return fixed(row.score.changes[number].percentile, 6) if row.score.changes else ""

    key = f"CHANGE_{name.upper()}"
    lower = f"share of background variants of the same class and length with a lower DNALECT_{key}; no p-value"
    return [
        Field(key, "Float", f"predicted alternate - reference: {meaning}; no clinical evidence", "change", value, True),
        Field(f"{key}_PCT", "Float", lower, "change", percentile, True),
    ]


def _change_columns(number: int, name: str) -> list[Column]:
    def value(row: Row) -> float | None:
        return float(f"{row.score.changes[number].value:.4g}") if row.score.changes else None

    def percentile(row: Row) -> float | None:
        return rounded(row.score.changes[number].percentile, 6) if row.score.changes else None

    return [
        Column(f"change_{name}", pa.float64(), value, "change"),
        Column(f"change_{name}_percentile", pa.float64(), percentile, "change"),
    ]


class Layout:
    """The fields and columns of one run.

    scores: what is computed, of SCORES. members: names of an ensemble's models, () of a single
    one. outputs: what a predictor gives, names that are safe in keys and headings -> in words.
    more: other parts, of "annotation", "motif", "inside", "ancestral" and "splice usage".
    """

    def __init__(
        self,
        scores: Sequence[str] = ("llr",),
        members: Sequence[str] = (),
        outputs: Mapping[str, str] | None = None,
        more: Sequence[str] = (),
    ):
        parts = {"always", *scores, *more} | ({"ensemble"} if members and "llr" in scores else set())
        if "splice" in scores and USAGE_PART not in more:
            parts.add(SITES_PART)
        own = [_member(number, name) for number, name in enumerate(members)]
        fields: list[Field] = []
        for number, (name, meaning) in enumerate((outputs or {}).items()):
            fields += _change_fields(number, name, meaning)
            own += _change_columns(number, name)
        self.fields = [field for field in (*FIELDS, *fields) if field.part in parts]
        self.columns = [column for column in (*COLUMNS, *own) if column.part in parts]

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def schema(self) -> pa.Schema:
        """The columns as Parquet has them."""
        return pa.schema([pa.field(column.name, column.kind) for column in self.columns])

    def info(self, rows: Sequence[Row]) -> str:
        """Return our INFO fields of one record; `rows` has one entry an alternate (one for ALT ".")."""
        return ";".join(filter(None, (field.written(rows) for field in self.fields)))

    def values(self, row: Row) -> list[Any]:
        """Return one value a column, None where there is none."""
        return [column.value(row) for column in self.columns]
