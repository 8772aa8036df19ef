"""What the public functions give: run in a folder with the toys by the case `api`, on public names alone."""

import warnings

import numpy as np

import dnalect

warnings.filterwarnings("always", category=dnalect.DnalectWarning)
warnings.showwarning = lambda message, *_: print(f"{type(message).__name__}: {message}")


def told(what, table) -> None:
    """Print the columns of a result and its first rows."""
    found = table.to_arrow()
    print(f"{what}: {type(table).__name__}, {len(table)} rows, {found.schema.names}")
    for row in found.slice(0, 6).to_pylist():
        print("  ", *row.values())


print(sorted(dnalect.__all__), dir(dnalect) == dnalect.__all__)
print([path.rpartition("/")[2] for path in dnalect.demo_files()], dnalect.demo_files()._fields)
genome = dnalect.open_genome("toy.fa")
print(genome.names, len(genome["chrA"]), genome["chrA"][98:110], genome["chrB"][-5:], genome.fetch("chrB", 895, 903))
model, masked = dnalect.load("models/tiny"), dnalect.load("models/dnabert")
print(model, masked, sep="\n")
for each in (model, masked):
    found = dnalect.base_probabilities(each, ["ACGTTGCATGACCATG", "GATTACAGATTACAGA"])
    print(found.shape, found.dtype, found[0, 7].tolist(), found.sum(-1).round(3).min())
scores = dnalect.score("toy.fa", "toy.vcf", model, scores=("llr", "distance"), background=0, annotate="toy.gff")
told("score", scores)
print(scores, scores.notes, scores["llr"], scores.rows[1].score, sep="\n")
scores.write("scores.tsv")
given = [("chrA", 120, "T", "A"), ("chrB", 600, "G", "GA"), ("chrA", 5, "A", "C")]
told(
    "score of tuples on texts",
    dnalect.score({"chrA": genome["chrA"][:], "chrB": genome["chrB"][:]}, given, [model, masked]),
)
for row in list(dnalect.score_variants("toy.fa", "snvs.tsv", model="models/tiny", percentiles=False))[:3]:
    print(row.contig, row.position, row.ref, row.alt, row.score.value, row.score.reason)
ranking = dnalect.rank(scores, budget=3, group_by="gene")
told("rank", ranking)
print([pick["why"] for pick in ranking.picks])
told("scan", dnalect.scan("toy.fa", model, "chrB:101-110"))
ism = dnalect.mutagenesis(model, genome, "chrA:201-204")
print("mutagenesis", ism.sequence, ism.unit, np.array(ism.effects).tolist())
vectors = dnalect.embed(model, ["ACGTTGCATGACC" * 6, "GATTACA" * 9], pool="mean")
print("embed", vectors.shape, vectors.dtype, vectors[:, :3].tolist())
told("embed places", dnalect.embed(masked, [("chrA", 0, 60), ("chrA", 60, 120)], reference=genome))
told("tokenize", dnalect.tokenize(["ACGTACGTNACG", "TTT"], "nt-v1"))
told("evaluate", dnalect.evaluate(model, "toy.fa", "chrB:101-400", rivals=False))
tuned = dnalect.finetune("labelled.tsv", "tuned", model=model, method="probe", rivals=("composition",), progress=False)
told("finetune", tuned)
told("predict", dnalect.predict(tuned.model, ["ACGTTGCATG" * 4, "GCGGC" * 8]))
for wrong in (
    lambda: dnalect.load("duplex-yaest"),
    lambda: dnalect.score("toy.fa", "toy.vcf", model, batchh=3),
    lambda: dnalect.score({"x": "ACGT"}, [("y", 1, "A", "C")], "models/none"),
    lambda: dnalect.embed(model, ["AC!T"]).tolist(),
    lambda: genome["chrC"],
    lambda: dnalect.nothing,
):
    try:
        print(wrong())
    except (dnalect.DnalectError, KeyError, AttributeError) as error:
        print(type(error).__name__, isinstance(error, dnalect.DnalectError), error)
