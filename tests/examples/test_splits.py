from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import Target
from dnalect.examples.splits import deal, default_block, split, strata_of
from examples.mutants import flipped, mutated, of, sequences


def shares(parts):
    count = Counter(parts)
    return [count[name] / len(parts) for name in ("train", "validate", "test")]


def families(count=200, seed=0):
    """Sequences in families of 1 to 5, near copies on either strand, and their family."""
    rng = np.random.default_rng(seed)
    texts, family = [], []
    for number, text in enumerate(sequences(count, 150, seed)):
        for member in range(int(rng.integers(1, 6))):
            near = mutated(text, 0.05, seed=member) if member else text
            texts.append(flipped(near) if member % 2 else near)
            family.append(number)
    return texts, np.array(family)


def test_clusters_stay_together_at_the_shares_asked_for():
    texts, family = families()
    labels = (np.random.default_rng(1).random(len(texts)) < 0.3).astype(int)
    examples = of(texts, labels)
    found = split(examples, "cluster", seed=3)
    parts = np.array(found.parts)
    for number in range(200):
        assert len(set(parts[family == number])) == 1
    assert shares(found.parts) == pytest.approx([0.7, 0.1, 0.2], abs=0.02)
    for part in ("train", "validate", "test"):
        assert labels[parts == part].mean() == pytest.approx(0.3, abs=0.06)
    assert "200, the largest of 5" in found.notes[-1]
    assert split(examples, "cluster", seed=3).parts == found.parts
    assert split(examples, "cluster", seed=4).parts != found.parts


def test_random_is_stratified_and_says_that_it_leaks():
    labels = np.arange(1000) % 10 == 0
    found = split(of(sequences(1000, 20), labels), "random", validate=0.2, test=0.3)
    assert shares(found.parts) == pytest.approx([0.5, 0.2, 0.3])
    for part, wanted in (("train", 50), ("validate", 20), ("test", 30)):
        assert labels[np.array(found.parts) == part].sum() == wanted
    assert "flattered" in found.notes[-1]


def placed(sizes, seed=0):
    names = [f"chr{number}" for number, size in enumerate(sizes) for _ in range(size)]
    texts = sequences(len(names), 60, seed)
    labels = np.random.default_rng(seed).integers(0, 2, len(names))
    return of(texts, labels, contigs=names, starts=np.arange(len(names)) * 1000)


def test_contigs_stay_whole_and_reach_the_shares():
    examples = placed([90, 80, 70, 60, 50, 50, 40, 30, 20, 10])
    found = split(examples, "chromosome")
    of_contig = {name: set() for name in examples.contigs}
    for name, part in zip(found.contigs, found.parts, strict=True):
        of_contig[name].add(part)
    assert all(len(each) == 1 for each in of_contig.values())
    assert shares(found.parts) == pytest.approx([0.7, 0.1, 0.2], abs=0.05)
    seeds = {split(examples, "chromosome", seed=seed).parts for seed in range(6)}
    assert len(seeds) > 1


def test_named_contigs_are_taken():
    examples = placed([50, 50, 50, 50])
    found = split(examples, "chromosome", test_contigs=["chr2"], validate_contigs=["chr0"])
    assert {(name, part) for name, part in zip(found.contigs, found.parts, strict=True)} == {
        ("chr0", "validate"),
        ("chr1", "train"),
        ("chr2", "test"),
        ("chr3", "train"),
    }
    assert "validate chr0; test chr2" in found.notes[-1]
    only = split(examples, "chromosome", test_contigs=["chr2"])
    assert {name for name, part in zip(only.contigs, only.parts, strict=True) if part == "test"} == {"chr2"}
    assert "validate" in only.parts


def test_two_contigs_leave_the_validation_part_to_clusters_of_train():
    found = split(placed([200, 100]), "chromosome")
    parts = np.array(found.parts)
    assert set(parts[200:]) == {"test"}
    assert (parts[:200] == "validate").sum() == 20
    assert "taken out of train" in found.notes[-1]


def along(contigs, step=300, length=500, size=3_000_000, patch=100_000, seed=0):
    """Overlapping windows whose label is that of the patch in which they begin; the order is mixed."""
    rng = np.random.default_rng(seed)
    starts = np.tile(np.arange(0, size, step), contigs)
    names = np.repeat([f"chr{number}" for number in range(contigs)], len(starts) // contigs)
    labels = rng.integers(0, 2, (contigs, size // patch + 1))
    values = labels[np.repeat(np.arange(contigs), len(starts) // contigs), starts // patch]
    examples = of(["A" * length] * len(starts), values, contigs=names.tolist(), starts=starts)
    return examples.take(rng.permutation(len(starts)))


def neighbours(found):
    """Bases between each tested window and the nearest one of train (below 0 if they overlap), and if labels agree."""
    parts, names = np.array(found.parts), np.array(found.contigs)
    gaps, same = [], []
    for name in set(found.contigs):
        known, asked = (found.take((parts == part) & (names == name)) for part in ("train", "test"))
        order = np.argsort(known.starts)
        starts, labels = known.starts[order], known.labels["bound"][order, 0]
        for at, end, label in zip(asked.starts, asked.ends, asked.labels["bound"][:, 0], strict=True):
            right = int(np.searchsorted(starts, at))
            near = [row for row in (right - 1, right) if 0 <= row < len(starts)]
            apart = [max(starts[row] - end, at - starts[row] - (end - at)) for row in near]
            gaps.append(min(apart))
            same.append(labels[near[int(np.argmin(apart))]] == label)
    return np.array(gaps), float(np.mean(same))


@pytest.mark.parametrize("contigs", [1, 2])
def test_blocks_keep_what_only_the_place_tells_out_of_the_test(contigs):
    examples = along(contigs)
    gaps, same = neighbours(split(examples, "random"))
    assert (gaps.min() < 0, same > 0.95) == (True, True)
    found = split(examples, "blocks", block=100_000)
    gaps, same = neighbours(found)
    assert gaps.min() >= 500
    assert same < 0.75
    assert shares(found.parts) == pytest.approx([0.7, 0.1, 0.2], abs=0.05)
    lost = len(examples) - len(found)
    assert 0 < lost < 0.02 * len(examples)
    blocks = f"{30 * contigs} blocks of 100,000 bases; {lost} sequences that end less than 500 bases before"
    assert blocks in found.notes[-1]
    assert split(examples, "blocks", block=100_000).parts == found.parts
    assert split(examples, "blocks", block=100_000, seed=2).parts != found.parts


def test_blocks_of_one_part_lose_nothing_and_parts_are_those_of_blocks():
    examples = along(1)
    found = split(examples, "blocks", block=100_000)
    parts = np.array(found.parts)
    of_block = {number: set(parts[found.starts // 100_000 == number]) for number in range(30)}
    assert all(len(each) == 1 for each in of_block.values())
    kept = set(found.starts.tolist())
    for start in examples.starts.tolist():
        this, reached = of_block[start // 100_000], of_block.get((start + 499 + 500) // 100_000)
        assert (start in kept) == (reached is None or reached == this)


def test_a_block_is_a_megabase_or_less_on_short_contigs():
    assert default_block(along(1, step=40_000, size=40_000_000)) == 1_000_000
    assert default_block(along(1, size=300_000)) == 300_200 // 30
    assert default_block(along(1, step=100, size=30_000)) == 2_000
    assert default_block(along(1, step=100, size=10_000)) is None
    assert default_block(along(1).take([])) is None
    assert "blocks of 10,006 bases" in split(along(1, size=300_000), "blocks").notes[-1]


def test_given_parts_are_kept_and_validation_is_taken_out_of_train():
    texts, family = families(100)
    given = np.where(family < 70, "train", "test")
    found = split(of(texts, np.arange(len(texts)) % 2, parts=given.tolist()), "given", validate=0.2)
    parts = np.array(found.parts)
    assert (parts[given == "test"] == "test").all()
    assert (parts == "validate").sum() / (given == "train").sum() == pytest.approx(0.2, abs=0.03)
    for number in range(100):
        assert len(set(parts[family == number])) == 1
    whole = split(found, "given")
    assert whole.parts == found.parts
    assert whole.notes == found.notes


def test_strata_are_classes_fifths_or_any_track():
    labels = of(["A"] * 3, [0, 1, np.nan])
    assert strata_of(labels).tolist() == [0, 1, 2]
    signal = Target("level", "signal", ("level",))
    assert strata_of(of(["A"] * 11, [*range(10), np.nan], target=signal)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    tracks = Target("marks", "tracks", ("x", "y"))
    table = np.array([[0, 0], [1, np.nan], [np.nan, np.nan]])
    assert strata_of(of(["A"] * 3, table, target=tracks)).tolist() == [0, 1, 2]


def test_a_group_that_fits_nowhere_goes_to_the_first_part():
    groups = np.repeat([0, 1, 2], [80, 15, 5])
    assert deal(groups, np.zeros(100, dtype=int), (0.7, 0.1, 0.2), 1)[[0, 80, 95]].tolist() == [0, 2, 1]


def test_what_cannot_be_split_says_what_to_do():
    plain = of(sequences(30, 40), np.arange(30) % 2)
    for kwargs, error, message in [
        ({"rule": "chance"}, ConfigError, "choose one of given, chromosome, blocks, cluster, random"),
        ({"rule": "random", "test": 0.95}, ConfigError, "nothing to train on"),
        ({"rule": "cluster", "identity": 0.1}, ConfigError, "0.5 to 1"),
        ({"rule": "random", "test_contigs": ["chr1"]}, ConfigError, "named for the rule 'chromosome'"),
        ({"rule": "given"}, InputError, "30 of 30 examples have no part"),
        ({"rule": "chromosome"}, InputError, r"30 of 30 examples have no place.*\(place\)"),
        ({"rule": "blocks"}, InputError, r"30 of 30 examples have no place.*\(place\)"),
        ({"rule": "cluster", "block": 1000}, ConfigError, "for the rule 'blocks', not 'cluster'"),
    ]:
        with pytest.raises(error, match=message):
            split(plain, **kwargs)
    with pytest.raises(InputError, match="no test part of their own"):
        split(replace(plain, parts=("train",) * 30), "given")
    with pytest.raises(InputError, match="all examples lie on chr0"):
        split(placed([30]), "chromosome")
    with pytest.raises(InputError, match="no example lies on chrZ"):
        split(placed([30, 30]), "chromosome", test_contigs=["chrZ"])
    with pytest.raises(ConfigError, match="both tested and validated"):
        split(placed([30, 30]), "chromosome", test_contigs=["chr1"], validate_contigs=["chr1"])
    with pytest.raises(InputError, match="fewer than 10 blocks: give a smaller block, or split by cluster"):
        split(along(1, step=100, size=10_000), "blocks")
    with pytest.raises(ConfigError, match="too small for sequences of 500: give at least 1,000"):
        split(along(1), "blocks", block=999)
    with pytest.raises(InputError, match="part is empty.*a smaller block"):
        split(along(1), "blocks", block=3_000_000)
    with pytest.raises(InputError, match="part is empty"):
        split(of([sequences(1, 100)[0]] * 30, np.arange(30) % 2), "cluster")
