"""The golden cases, as data: commands, and the inputs (toys.py) that they read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TOY = ("toy.fa", "toy.vcf", "models/tiny")


@dataclass(frozen=True)
class Case:
    """name: folder of the expected texts. commands: what follows `dnalect`, one after another in one folder.

    "studies words" is `python -m studies words`, "python FILE" a script of this folder. "< FILE words" gives a
    command the file as standard input.
    inputs: of toys.py. files: more of them, by their text.
    status: of the exits, for a word of warning only. digits: of decimal numbers.
    """

    name: str
    about: str
    commands: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    digits: int = 4
    slow: bool = False


COMMANDS = (
    *("score", "merge", "scan", "explain", "embed", "map", "similar", "discover", "rank", "conservation", "demo"),
    *("link", "pretrain", "label", "finetune", "predict", "design", "benchmark", "tokenize", "export", "page", "serve"),
    *("evaluate", "evaluate likelihood", "evaluate leaks", "evaluate bias"),
    *("models", "models list", "models show", "models choose", "models verify", "models background"),
    *("vocabulary", "vocabulary train", "vocabulary compare"),
)
STUDIES = (
    "worth",
    "recipes",
    "expression",
    "elements",
    "pairs",
    "saturation",
    "heads",
    "probe",
    "dependency",
    "motifs",
    "clusters",
    "discover",
    "design",
    "attention",
    "context",
    "tracks",
    "cells",
    "links",
    "vocabulary",
)
HELP = (
    Case("help", "the list of commands", ("--help", "-h", "", "--version")),
    *(Case(f"help-{name.replace(' ', '-')}", f"dnalect {name} --help", (f"{name} --help",)) for name in COMMANDS),
    Case("help-studies", "the list of studies", ("studies --help", "studies")),
    *(Case(f"help-studies-{name}", "its options", (f"studies {name} --help",)) for name in STUDIES),
)

FAMILIES = ("dnabert", "dnabert-2", "nt-v1", "nt-v2", "grover", "logo")
SCORE = (
    Case(
        "score-tiny",
        "every sort of record, every output, percentiles",
        (
            "score toy.fa toy.vcf -m models/tiny -o a.vcf -o a.vcf.gz -o a.tsv -o a.parquet -o a.bw "
            "-o a.bed -o a.bedgraph --background 40 --background-others 10",
        ),
        TOY,
    ),
    Case(
        "score-report",
        "llr and distance, the page, MultiQC, genes and motifs",
        (
            "score toy.fa toy.vcf -m models/tiny --score llr,distance -o a.tsv --report report.html --multiqc "
            "a_mqc.json "
            "--annotate toy.gff --motifs toy.meme --background 40 --background-others 0 --dup-as-tandem",
        ),
        (*TOY, "toy.gff", "toy.meme"),
    ),
    Case(
        "score-shards",
        "a run in two shards, and their outputs",
        (
            "score toy.fa toy.vcf -m models/tiny -o a.tsv --background 40 --no-provenance --shard 2/2",
            "score toy.fa toy.vcf -m models/tiny -o a.tsv --background 40 --no-provenance --shard 1/2",
            "merge a.tsv.part",
        ),
        TOY,
    ),
    Case("score-stdout", "VCF from stdin to stdout", ("< toy.vcf score toy.fa - -m models/tiny --background 0",), TOY),
    Case(
        "score-tables",
        "a TSV and a BED, to stdout; nothing of where it comes from",
        (
            "score toy.fa snvs.tsv -m models/tiny --background 0",
            "score toy.fa toy.bed -m models/tiny --background 0 --no-provenance -o bed.tsv",
        ),
        ("toy.fa", "snvs.tsv", "toy.bed", "models/tiny"),
    ),
    Case(
        "score-files",
        "bgzipped inputs, BCF",
        (
            "score toy.fa.gz toy.vcf.gz -m models/tiny --background 0 -o a.vcf.gz",
            "score toy.fa.gz phased.bcf -m models/tiny --background 0",
            "< phased.bcf score toy.fa - -m models/tiny --background 0 -o b.tsv --no-provenance",
        ),
        ("toy.fa.gz", "toy.fa", "toy.vcf.gz", "phased.bcf", "models/tiny"),
    ),
    Case(
        "score-names",
        "contigs have other names in the VCF",
        (
            "score toy.fa renamed.vcf -m models/tiny --background 0 -o a.tsv",
            "score toy.fa renamed.vcf -m models/tiny --background 0 -o a.tsv --rename-contigs names.txt",
        ),
        ("toy.fa", "renamed.vcf", "names.txt", "models/tiny"),
    ),
    Case(
        "score-force",
        "the VCF contradicts the reference",
        tuple(
            f"score toy.fa wrong.vcf -m models/tiny --background 0 -o a.vcf{more}"
            for more in ("", " --force-reference")
        ),
        ("toy.fa", "models/tiny"),
        {
            "wrong.vcf": "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
            + "".join(f"chrA\t{p}\t.\tA\tC\t.\t.\t.\n" for p in range(200, 400, 5))
        },
    ),
    *(
        Case(
            f"score-{name}",
            f"a tiny masked model, {name}, and its distances",
            (f"score toy.fa toy.vcf -m models/{name} --score llr,distance -o a.tsv --background 6",),
            ("toy.fa", "toy.vcf", f"models/{name}"),
        )
        for name in FAMILIES
    ),
    Case(
        "score-exact",
        "insertions and deletions base by base",
        ("score toy.fa toy.vcf -m models/dnabert -o a.tsv --background 0 --indels exact",),
        ("toy.fa", "toy.vcf", "models/dnabert"),
    ),
    Case(
        "score-ensemble",
        "two models",
        ("score toy.fa toy.vcf -m models/tiny,models/dnabert --score llr,distance -o a.tsv -o a.vcf --background 0",),
        ("toy.fa", "toy.vcf", "models/tiny", "models/dnabert"),
    ),
    Case(
        "score-demo",
        "the demo data, its model chosen by the contigs, with its own background",
        ("score demo/yeast_chrI.fa.gz few.vcf -o a.tsv -o a.vcf --annotate demo/yeast_chrI.gff.gz",),
        ("demo",),
        {
            "few.vcf": "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
            "chrI\t9267\t.\tC\tG\t.\t.\tAC=5;AN=710\nchrI\t9272\t.\tG\tT,A,GTT\t.\t.\t.\n"
            "chrI\t9288\t.\tTC\tT\t.\t.\t.\nchrI\t9295\t.\tA\tC\t.\t.\t.\n"
        },
    ),
)
SCAN = (
    Case(
        "scan",
        "regions, all outputs; then scores from what was scanned",
        (
            "scan toy.fa -m models/tiny --regions chrB:30-400 --regions toy.bed -o b.parquet -o b.bw",
            "scan toy.fa -m models/tiny --regions chrB:30-400 --regions toy.bed -o b.parquet -o b.bw",
            "scan toy.fa -m models/tiny -o all.parquet --quiet",
            "score toy.fa toy.vcf -m models/tiny -o a.tsv --background 0 --precomputed all.parquet",
        ),
        (*TOY, "toy.bed"),
    ),
)
EMBED = (
    Case(
        "embed-table",
        "a labelled table, all outputs, a map",
        (
            "embed labelled.tsv -m models/tiny --label label --label signal -o a.parquet -o a.npz -o a.h5ad "
            "--plot a.png",
            "embed labelled.tsv -m models/dnabert --pool mean-max --layer 1 --strands both -o b.npz",
            "embed labelled.tsv -m models/dnabert-2 --pool summary -o c.npz",
        ),
        ("labelled.tsv", "models/tiny", "models/dnabert", "models/dnabert-2"),
    ),
    Case(
        "embed-places",
        "a FASTA in windows, a BED, a VCF, a sequence; a vector for every base",
        (
            "embed toy.fa -m models/tiny --window 300 --step 150 -o a.parquet",
            "embed toy.bed -m models/tiny -r toy.fa -o b.npz --pool max",
            "embed toy.vcf -m models/tiny -r toy.fa --window 70 -o c.parquet",
            "embed ACGTACGTNACGTTGCA -m models/tiny -o d.npz --pool base",
            "embed plain.fa -m models/nt-v2 -o e.npz --pool base --layer 0",
            "embed plain.fa -m models/logo -o f.npz",
        ),
        (*TOY, "toy.bed", "plain.fa", "models/nt-v2", "models/logo"),
    ),
)
TUNED = (
    Case(
        "finetune-probe",
        "heads on frozen states, rivals; then predictions in every form, and scores with them",
        (
            "finetune labelled.tsv -m models/tiny --method probe -o tuned --rival words --rival composition",
            "predict tuned labelled.tsv -o a.tsv -o a.tsv.gz -o a.parquet --label label",
            "predict tuned toy.fa --window 100 --step 50 -o b.bw -o b.bed",
            "predict tuned toy.bed -r toy.fa -o - --raw",
            "predict -m tuned plain.fa -o c.tsv --quiet",
            "score toy.fa toy.vcf -m tuned -o s.tsv -o s.vcf --background 0 --shifts 3 --window 48",
            "embed plain.fa -m tuned -o e.npz",
            "models show tuned",
        ),
        (*TOY, "labelled.tsv", "toy.bed", "plain.fa"),
        digits=2,
    ),
    Case(
        "finetune-lora",
        "tracks, updates of all layers, both strands",
        (
            "finetune labelled.tsv -m models/tiny --label tracks --kind tracks --method lora --epochs 2 -o tuned "
            "--strands both "
            "--rival words --pool eighths",
            "predict tuned plain.fa -o a.tsv",
        ),
        ("labelled.tsv", "plain.fa", "models/tiny"),
        digits=2,
    ),
    Case(
        "finetune-full",
        "a signal, all weights of a masked model; a run that is called again",
        tuple(
            "finetune labelled.tsv -m models/dnabert --label signal --method full --epochs 1 -o tuned --rival "
            "composition"
            for _ in range(2)
        ),
        ("labelled.tsv", "models/dnabert"),
        digits=2,
        slow=True,
    ),
    Case(
        "finetune-places",
        "intervals of a genome, split by place, with a bigWig's signal and with drawn background",
        (
            "finetune windows.csv -m models/tiny -r toy.fa --method probe -o one --rival composition --split "
            "blocks --config blocks.toml",
            "finetune toy.bed -m models/tiny -r toy.fa --signal toy.bw --method probe -o two --rival words "
            "--test-contig chrB --config shares.toml",
            "finetune toy.bed -m models/tiny -r toy.fa --background 2 --method probe -o three --rival words",
        ),
        ("toy.fa", "toy.bw", "toy.bed", "windows.csv", "models/tiny"),
        {"blocks.toml": "block = 200\n", "shares.toml": "validate = 0.2\n"},
        digits=2,
    ),
)
RANKED = (
    "score toy.fa toy.vcf -m models/tiny --score llr,distance --annotate toy.gff -o scored.tsv -o scored.vcf "
    "-o scored.parquet --background 40"
)
RANK = (
    Case(
        "rank",
        "within genes, to a budget, the page; from a VCF; with columns, conservation and weights",
        (
            RANKED,
            "rank scored.tsv -o ranked.tsv --group-by gene --budget 4 --cost 500 --report ranking.html",
            "rank scored.vcf --budget 3 --weight llr=1:abs --weight frequency=0 --conservation toy.bw --annotate "
            "toy.gff",
            "rank scored.parquet -o ranked.parquet --group-by toy.bed --spread global --use mine=l2_site:2:high "
            "--config w.toml",
            "rank scored.tsv --budget 3 --labels labels.tsv --skip-labelled --no-repeats --quiet -o calibrated.tsv",
        ),
        (*TOY, "toy.gff", "toy.bw", "toy.bed", "labels.tsv"),
        {
            "w.toml": "[weights]\nllr = 2\n",
        },
    ),
    Case(
        "rank-calibrated",
        "measured effects calibrate the ranks",
        (
            "score toy.fa many.tsv -m models/tiny -o scored.tsv --background 0",
            "rank scored.tsv --labels hits.tsv --hit-above 0.7 --skip-labelled --budget 5 -o ranked.tsv "
            "--report ranking.html",
        ),
        ("toy.fa", "many.tsv", "hits.tsv", "models/tiny"),
    ),
    Case(
        "rank-haplotypes",
        "near variants of one haplotype, jointly",
        (
            "score toy.fa phased.vcf -m models/tiny -o scored.tsv --background 0",
            "rank scored.tsv -o ranked.tsv --haplotypes phased.vcf -r toy.fa -m models/tiny --budget 3",
        ),
        ("toy.fa", "phased.vcf", "models/tiny"),
    ),
)
MASKED = """name = "masked"
seed = 2
[data]
window = 180
[[data.genomes]]
name = "big"
fasta = "big.fa"
train = ["c1"]
validate = ["c2:1-3000"]
test = ["c3:1-2000"]
[model]
family = "dnabert"
like = "dnabert-3"
tokenizer = "dnabert-3"
scale = 0.05
longest = 192
[optim]
batch = 4
steps = 4
warmup = 1
check_every = 2
save_every = 2
"""
PRETRAIN = (
    Case(
        "pretrain-config",
        "a config of all keys, for a FASTA and for none",
        ("pretrain --init-config", "pretrain big.fa --init-config --steps 5", "pretrain big.fa --dry-run"),
        ("big.fa",),
    ),
    Case(
        "pretrain",
        "a tiny duplex and a tiny masked model; a finished run; bits of the new model",
        (
            "pretrain small.toml -o made",
            "pretrain small.toml -o made",
            "pretrain masked.toml -o masked --data .",
            "models show made",
            "evaluate likelihood -m made -r big.fa -o bits.tsv",
        ),
        ("big.fa",),
        {
            "small.toml": """name = "small"
seed = 2
[data]
window = 128
[[data.genomes]]
name = "big"
fasta = "big.fa"
train = ["c1"]
validate = ["c2:1-3000"]
test = ["c3:1-2000"]
[model]
family = "duplex"
width = 8
dilations = [1, 2]
[optim]
batch = 4
steps = 4
warmup = 1
check_every = 2
save_every = 2
""",
            "masked.toml": MASKED,
        },
        digits=2,
    ),
)
HEADS = """
[[heads]]
name = "region"
kind = "classes"
genome = "big"
weight = 0.5
promoter = 0
annotation = "big.gff"
"""
PRETRAIN += (
    Case(
        "pretrain-heads",
        "a model of several tasks, and what its heads know",
        (
            "pretrain heads.toml -o heads --data .",
            "studies heads heads --data . --sample 100 -o heads.tsv",
            "score toy.fa toy.vcf -m heads -o a.tsv --background 0",
        ),
        ("big.fa", "big.gff", "toy.fa", "toy.vcf"),
        {
            "heads.toml": MASKED.replace("[optim]", f"{HEADS}[optim]")
            .replace("dnabert-3", "logo-3")
            .replace("dnabert", "logo")
        },
        digits=2,
    ),
    Case(
        "pretrain-fasta",
        "a genome is all that is needed",
        ("pretrain big.fa -o made --steps 1",),
        ("big.fa",),
        digits=2,
        slow=True,
    ),
)
TOKENS = (
    Case(
        "tokenize",
        "every tokenizer, special tokens, regions, a file",
        (
            *(
                f"tokenize ACGTACGTNACGTTGCATT -t {name}"
                for name in ("dnabert-3", "dnabert-6", "nt-v1", "nt-v2", "logo-3", "single", "hyenadna")
            ),
            "tokenize ACGTAANN --special",
            "tokenize plain.fa -m models/dnabert-2 --special",
            "tokenize toy.fa --regions chrB:30-60 --regions toy.bed -m models/grover -o a.tsv",
            "tokenize ACGTACGT -m models/tiny",
            "< plain.fa tokenize - -t models/dnabert",
        ),
        ("plain.fa", "toy.fa", "toy.bed", "models/dnabert-2", "models/grover", "models/tiny", "models/dnabert"),
    ),
    Case(
        "vocabulary",
        "byte pairs and k-mers of a genome, and what sizes cost",
        (
            "vocabulary train big.fa --size 40 -o tokenizer.json",
            "vocabulary train big.fa --size 30 --both-strands --regions c1 -o both.json",
            "vocabulary train big.fa --algorithm kmers --k 3 -o vocab.txt",
            "tokenize ACGTACGTNACGTTGCATT -t tokenizer.json",
            "vocabulary compare big.fa --k 3 --size 32 --regions c1 -o compared",
        ),
        ("big.fa",),
    ),
    Case(
        "studies-vocabulary",
        "which size predicts the next bases best",
        ("studies vocabulary big.fa --size 16 --size 32 --steps 3 --seeds 1 --windows 100 -o choice",),
        ("big.fa",),
        digits=2,
    ),
)
MODELS = (
    Case("models-list", "all names", ("models list",)),
    Case(
        "models-show",
        "cards",
        tuple(
            f"models show {name}"
            for name in (
                "duplex-yeast",
                "duplex-human",
                "dnabert-2",
                "nt-v2-50m",
                "grover",
                "logo-5",
                "models/tiny",
                "models/dnabert",
            )
        ),
        ("models/tiny", "models/dnabert"),
    ),
    Case(
        "models-choose",
        "advice",
        (
            "models choose --goal variants --species yeast",
            "models choose --goal variants --species human --context 2000 --commercial",
            "models choose --goal speed --goal resources --memory 1",
            "models choose --species 'Zymoseptoria tritici' --goal species --goal accuracy",
            "models choose",
        ),
    ),
    Case(
        "models-verify",
        "a folder from its files to its logits",
        (
            *(f"models verify models/{name}" for name in ("tiny", *FAMILIES)),
            "models verify models/dnabert --as dnabert-6",
        ),
        tuple(f"models/{name}" for name in ("tiny", *FAMILIES)),
    ),
    Case(
        "models-background",
        "percentiles that come with a model",
        (
            "models background models/tiny toy.fa --snvs 100 --others 48 --longest 16 --among toys",
            "score toy.fa toy.vcf -m models/tiny -o a.tsv",
        ),
        TOY,
    ),
)
EVALUATE = (
    Case(
        "evaluate-likelihood",
        "bits per base, beside Markov models, in strata",
        (
            "evaluate likelihood -m models/tiny -r toy.fa -o bits.tsv --annotate toy.gff --stratum mine=toy.bed "
            "--regions chrA",
            "evaluate likelihood -m models/tiny -r toy.fa --all-rivals",
            "evaluate likelihood -m models/dnabert -r toy.fa --regions chrB:100-400 --no-markov --sample 100",
        ),
        (*TOY, "toy.gff", "toy.bed", "models/dnabert"),
    ),
    Case(
        "leaks",
        "labelled data of several kinds",
        (
            "evaluate leaks labelled.tsv windows.csv -r toy.fa --label label",
            "evaluate leaks labelled.tsv --split random --seed 2 --label label -o leaks.tsv",
        ),
        ("labelled.tsv", "windows.csv", "toy.fa"),
    ),
    Case(
        "studies-probe",
        "which of two models serves a classifier better",
        ("studies probe models/logo models/dnabert --task data/tasks/gue/tf/0 -o probe.tsv",),
        ("data", "models/logo", "models/dnabert"),
        digits=2,
    ),
    Case(
        "benchmark",
        "a small suite",
        (
            "benchmark suite.yaml --data . --models . -o out",
            "benchmark suite.yaml --data . --models . -o again --run out/predictions --only toys --seeds 1 -m tiny",
        ),
        ("labelled.tsv", "models/tiny"),
        {
            "suite.yaml": """name: toys
about: A suite of one task.
seeds: 2
against: words of 3-6
rivals: [words, composition]
models:
  - {name: tiny, model: models/tiny}
  - {name: "tiny, untrained", model: models/tiny, untrained: true}
tasks:
  - {name: toys, data: labelled.tsv, labels: [label]}
  - {name: shares, data: labelled.tsv, labels: [signal], split: random}
""",
        },
        digits=2,
    ),
)
REAL = (
    Case(
        "finetune-folder",
        "a folder of train, dev and test of real data, placed nowhere",
        ("finetune data/tasks/gue/tf/0 -m models/tiny --method probe -o tuned --rival composition",),
        ("data", "models/tiny"),
        digits=2,
        slow=True,
    ),
    Case(
        "studies-saturation",
        "every substitution of a promoter",
        ("studies saturation --data data -m models/tiny -o out",),
        ("data", "models/tiny"),
    ),
    Case(
        "studies-expression",
        "promoters of yeast",
        ("studies expression suite.yaml --data data --natural 20 --seeds 1 -o out",),
        ("data", "models/tiny"),
        {
            "suite.yaml": """name: expression
about: One tiny model.
seeds: 1
rivals: [words-one-strand]
against: words of 3-6, one strand
models:
  - {name: tiny, model: models/tiny, method: probe, pool: mean}
tasks:
  - {name: yeast expression, data: tasks/yeast_promoters}
"""
        },
        digits=2,
        slow=True,
    ),
    Case("demo", "all of the demo", ("demo -o out",), slow=True),
)
API = (
    Case(
        "api",
        "what the public functions give (api.py)",
        ("python api.py",),
        (*TOY, "models/dnabert", "toy.gff", "snvs.tsv", "labelled.tsv"),
        digits=3,
    ),
)
ERRORS = (
    Case(
        "errors-usage",
        "exit status 2: the command line is wrong",
        (
            "scroe",
            "score",
            "score --modle x",
            "score toy.fa toy.vcf -o a.docx",
            "score toy.fa toy.vcf -o a.bcf",
            "score toy.fa toy.vcf --score llrr",
            "models lst",
            "predict -m model a b -o c.tsv",
            "embed x.fa -o x.txt",
            "embed x.fa -o x.npz --precision fp8",
            "scan toy.fa -o a.parquet --batch-size 3",
            "rank scored.tsv -o a.vcf",
            "tokenize ACGT -t single -m duplex-yeast",
            "studies probe a b",
            "studies elements --data . --predictor x -o out",
            "pretrain",
            "finetune labelled.tsv",
        ),
        status=2,
    ),
    Case(
        "errors-inputs",
        "exit status 1: a file or a model is not what it should be",
        (
            "score missing.fa toy.vcf",
            "score toy.fa missing.vcf -m models/tiny",
            "score toy.fa toy.vcf",
            "score toy.fa toy.vcf -m duplex-yaest",
            "score toy.fa broken.vcf -m models/tiny -o a.vcf",
            "score broken.fa toy.vcf -m models/tiny",
            "score toy.fa toy.vcf -m models/tiny -o missing/a.vcf",
            "score toy.fa toy.vcf -m models/tiny -o toy.vcf",
            "score toy.fa toy.vcf -m models/tiny --score change",
            "scan toy.fa -m models/dnabert -o a.parquet",
            "scan toy.fa -m models/tiny --regions chrQ:1-5 -o a.parquet",
            "embed toy.bed -m models/tiny -o a.npz",
            "predict models/tiny plain.fa -o a.tsv",
            "finetune labelled.tsv -m models/tiny --label nothing -o out",
            "finetune toy.bed -m models/tiny -o out",
            "rank toy.bed",
            "pretrain broken.toml -o out",
            "pretrain toy.fa -o out",
            "pretrain duplex-yaest -o out",
            "benchmark broken.yaml --data . -o out",
            "models show nothing",
            "models verify toy.bed",
            "tokenize 'ACGT!' -t single",
            "tokenize ACGT -t nothing",
            "evaluate likelihood -m models/tiny -r toy.fa --regions chrQ",
            "vocabulary train missing.fa -o a.json",
        ),
        (*TOY, "models/dnabert", "toy.bed", "plain.fa", "labelled.tsv"),
        {
            "broken.vcf": "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchrA\tx\t.\tA\tC\n",
            "broken.fa": "ACGT\n",
            "broken.toml": "name = 3\n[data\n",
            "broken.yaml": "name: x\nmodels: 3\n",
        },
        status=1,
    ),
)
CASES = (*HELP, *SCORE, *SCAN, *EMBED, *TUNED, *RANK, *PRETRAIN, *TOKENS, *MODELS, *EVALUATE, *REAL, *API, *ERRORS)
