"""A genome in which strong letters are coding, marked and conserved, and weak ones are not."""

import numpy as np
import pyBigWig

OTHER = str.maketrans("ACGT", "TGCA")
LENGTHS = {"t": 300, "u": 40, "v": 60, "h": 60}
STRETCH = 60
CONFIG = """
name = "{name}"
seed = 2
[data]
window = 180
[[data.genomes]]
name = "toy"
fasta = "toy.fa"
train = ["t", "u"]
validate = ["v"]
test = ["h"]
[model]
family = "logo"
like = "logo-3"
tokenizer = "logo-3"
scale = 0.25
longest = 128
{heads}
[optim]
batch = 4
steps = {steps}
optimizer = "muon"
learning_rate = 3e-3
warmup = {warmup}
check_every = 20
save_every = 9
"""
REGION = """
[[heads]]
name = "region"
kind = "classes"
genome = "toy"
weight = 0.5
promoter = 0
annotation = "toy.gff"
"""
MARKS = """
[[heads]]
name = "marks"
kind = "tracks"
genome = "toy"
weight = 0.5
bed = { open = "toy.bed" }
within = "within.bed"
placed = { strong = "strong.csv", weak = "weak.csv" }
"""
KEPT = """
[[heads]]
name = "kept"
kind = "signal"
genome = "toy"
weight = 0.5
bigwig = "toy.bw"
"""


def make_toy(folder):
    """Write toy.fa, toy.gff, toy.bed, within.bed, toy.bw, strong.csv and weak.csv.

    Contigs are stretches of 60 bases, all of C and G (odd numbers) or all of A and T. `u` has
    no placed sequence and no signal; within.bed leaves its second half out.
    """
    rng = np.random.default_rng(0)
    texts = {
        name: "".join("".join(rng.choice(list("CG" if n % 2 else "AT"), STRETCH)) for n in range(count))
        for name, count in LENGTHS.items()
    }
    (folder / "toy.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    strong = [(name, n * STRETCH) for name, count in LENGTHS.items() for n in range(1, count, 2)]
    (folder / "toy.gff").write_text(
        "".join(f"{name}\tx\tCDS\t{start + 1}\t{start + STRETCH}\t.\t+\t0\tID=c{start}\n" for name, start in strong)
    )
    (folder / "toy.bed").write_text("".join(f"{name}\t{start}\t{start + STRETCH}\n" for name, start in strong))
    within = [(name, len(text) // (2 if name == "u" else 1)) for name, text in texts.items()]
    (folder / "within.bed").write_text("".join(f"{name}\t0\t{end}\n" for name, end in within))
    file = pyBigWig.open(str(folder / "toy.bw"), "w")
    file.addHeader([(name, len(text)) for name, text in texts.items()])
    for name in ("t", "v", "h"):
        values = np.repeat(np.arange(LENGTHS[name]) % 2, STRETCH) * 4.0 + rng.normal(0, 0.1, len(texts[name]))
        file.addEntries(name, 0, values=values.tolist(), span=1, step=1)
    file.close()
    rows = [(texts[name][n * STRETCH :][:STRETCH], n % 2) for name in "tvh" for n in range(LENGTHS[name])]
    rows = [(text.translate(OTHER)[::-1] if n % 3 else text, label) for n, (text, label) in enumerate(rows)]
    for track, flip in (("strong", 0), ("weak", 1)):
        lines = "".join(f"{text},{label ^ flip}\n" for text, label in rows[:: 1 + 2 * flip])
        (folder / f"{track}.csv").write_text("sequence,label\n" + lines)
    return folder


def write(folder, heads=REGION + MARKS + KEPT, steps=60, name="toy"):
    (folder / f"{name}.toml").write_text(CONFIG.format(heads=heads, steps=steps, warmup=min(5, steps), name=name))
    return folder / f"{name}.toml"
