"""Small scored files, written as `dnalect score` writes them."""

HEAD = "chrom pos id ref alt class llr percentile reason allele_count allele_frequency gene region".split()
ROWS = [
    ("c1", 101, "a", "A", "G", "snv", -4.0, 0.01, "", 1, 0.001, "G1", "promoter"),
    ("c1", 105, "b", "C", "T", "snv", -1.0, 0.20, "", 10, 0.01, "G1", "promoter"),
    ("c1", 300, "c", "G", "T", "snv", 0.5, 0.90, "", 500, 0.5, "G1", "CDS"),
    ("c2", 50, "d", "T", "C", "snv", -3.0, 0.03, "", None, None, "G2", "intergenic"),
    ("c2", 60, "e", "TA", "T", "deletion", -9.0, 0.05, "", 2, 0.002, "G2", "intron"),
    ("c2", 70, "f", "A", "T", None, None, None, "ref_mismatch", 3, 0.003, "G2", "CDS"),
]


def write_table(path, rows=ROWS, head=HEAD, comment="# dnalect model: tiny\n"):
    """Write rows as a TSV; None is an empty field."""
    lines = ["\t".join("" if value is None else str(value) for value in row) for row in rows]
    path.write_text(comment + "\n".join(["\t".join(head), *lines]) + "\n")
    return str(path)


def read_table(path):
    """Return the rows of a TSV as dictionaries of texts, comments left out."""
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("# ")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
