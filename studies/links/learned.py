"""Models that learn which pairs are joined, each judged on what it did not learn from."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from dnalect import open_genome
from dnalect.inference import read_states
from dnalect.models import Reading, language_model
from dnalect.stats import tuned_logistic
from studies.data import file_of as named
from studies.links.options import Links
from studies.links.pairs import Pairs

GENOMES = {"20": "genomes/human_chr20_GRCh37.fa.gz", "X": "genomes/human_chrX_1-70Mb_GRCh37.fa.gz"}
# Bases of an element that a language model reads.
WINDOW = 512
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def block_folds(blocks: npt.NDArray[np.str_], joined: Mask, count: int) -> Numbers:
    """Return the fold (n,) of each pair: whole blocks, those with most joined pairs first where the fewest are."""
    names, number = np.unique(blocks, return_inverse=True)
    positives = np.bincount(number, joined)
    held, fold = np.zeros(count), np.zeros(len(names), dtype=np.int64)
    for block in np.argsort(-positives, kind="stable").tolist():
        fold[block] = int(held.argmin())
        # A block without any counts a little, so that they are dealt out, too.
        held[fold[block]] += positives[block] + 0.01
    return fold[number]


def random_folds(joined: Mask, count: int, seed: int) -> Numbers:
    """Return the fold (n,) of each pair at random, as many joined ones in each."""
    rng, fold = np.random.default_rng(seed), np.zeros(len(joined), dtype=np.int64)
    for group in (np.flatnonzero(joined), np.flatnonzero(~joined)):
        fold[rng.permutation(group)] = np.arange(len(group)) % count
    return fold


def boosted(features: Floats, joined: Mask, folds: Numbers, seed: int) -> Floats:
    """Return the log-odds (n,) by gradient boosting, each fold by what was learned from the others."""
    found = np.zeros(len(joined))
    for fold in np.unique(folds).tolist():
        rest = folds != fold
        trees = HistGradientBoostingClassifier(
            max_iter=200,
            learning_rate=0.05,
            max_leaf_nodes=8,
            min_samples_leaf=20,
            l2_regularization=1.0,
            random_state=seed,
            # Or a fold with fewer others would have higher odds than the next one, whatever its pairs are.
            class_weight="balanced",
        )
        found[~rest] = trees.fit(features[rest], joined[rest]).decision_function(features[~rest])
    return found


def regressed(features: Floats, joined: Mask, folds: Numbers) -> Floats:
    """Return the log-odds (n,) by logistic regression, its penalty chosen on the fold before the one that is judged."""
    found, count = np.zeros(len(joined)), int(folds.max()) + 1
    for fold in range(count):
        tune = folds == (fold - 1) % count
        train = ~tune & (folds != fold)
        regression = tuned_logistic(
            features[train], joined[train].astype(np.int64), 2, (features[tune], joined[tune].astype(np.int64))
        )
        raw = regression(features[folds == fold])
        share = joined[train].mean()
        found[folds == fold] = raw[:, 1] - raw[:, 0] - np.log(share / (1 - share))
    return found


def vectors_of(options: Links, several: Sequence[Pairs]) -> list[Floats]:
    """Return features (n, 2P) of the pairs of each cell: products and distances of a model's pooled states."""
    assert options.model is not None
    model = language_model(options.model)
    spans = {
        (str(contig), int(middle))
        for pairs in several
        for middles in pairs.middles
        for contig, middle in zip(pairs.contigs, middles, strict=True)
    }
    places = sorted(spans)
    genomes = {contig: open_genome(named(options.data, name)) for contig, name in GENOMES.items()}
    texts = []
    for contig, middle in places:
        whole = genomes[contig][genomes[contig].names[0]]
        texts.append(str(whole[middle - WINDOW // 2 : middle + WINDOW // 2]).upper())
    states = read_states(model, Reading("mean", None, 2), texts, quiet=False)
    at = {place: row for row, place in enumerate(places)}
    found = []
    for pairs in several:
        one, other = (
            states[[at[str(c), int(m)] for c, m in zip(pairs.contigs, middles, strict=True)]].astype(np.float64)
            for middles in pairs.middles
        )
        found.append(np.concatenate([one * other, np.abs(one - other)], axis=1))
    return found
