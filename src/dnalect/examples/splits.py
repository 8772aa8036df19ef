"""Parts of examples: train, validate, test, so that nothing of one is met again in another.

given       the parts of the file; a missing validation part is taken out of train
chromosome  whole contigs: the rule for anything that lies in a genome
blocks      whole blocks of contigs, a window apart: for what lies on few contigs
cluster     similar sequences, on either strand, stay together
random      every example by itself: leaks wherever sequences are similar
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import PARTS, Examples
from dnalect.examples.similar import similar_groups

RULES = ("given", "chromosome", "blocks", "cluster", "random")
# Bases of a block; on short contigs as many as make so many blocks, but at least so many windows each.
BLOCK, BLOCKS, WINDOWS = 1_000_000, 30, 4
FEWEST_BLOCKS = 10
QUANTILES = 5
TRAIN, VALIDATE, TEST = range(3)
Numbers = npt.NDArray[np.int64]


def split(
    examples: Examples,
    rule: str,
    *,
    validate: float = 0.1,
    test: float = 0.2,
    seed: int = 1,
    test_contigs: Sequence[str] = (),
    validate_contigs: Sequence[str] = (),
    identity: float = 0.8,
    block: int | None = None,
) -> Examples:
    """Return the examples with every part filled in, and a note on how; "blocks" leaves some out.

    rule: one of RULES. validate, test: shares of all examples (of train, for a validation part
    that "given" or "chromosome" lack). seed: the same one gives the same parts. test_contigs,
    validate_contigs: for "chromosome"; without them contigs are dealt to reach the shares.
    identity: above which sequences are kept together, as `similar_groups` has it. block: bases,
    for "blocks", None for `default_block`; sequences that end less than the longest one's length
    before a block of another part are left out. Classes have about the same shares in every
    part. Raises ConfigError for an unknown rule or shares that
    leave nothing to train on, InputError where the examples do not allow the rule.
    """
    if rule not in RULES:
        raise ConfigError(f"no rule {rule!r} to split by; choose one of {', '.join(RULES)}")
    if not (0 < validate and 0 < test and validate + test < 1):
        raise ConfigError(f"shares of {validate:g} to validate and {test:g} to test leave nothing to train on")
    if not 0.5 <= identity <= 1:
        raise ConfigError(f"an identity of {identity:g} is out of range; give 0.5 to 1")
    if (test_contigs or validate_contigs) and rule != "chromosome":
        raise ConfigError(f"contigs are named for the rule 'chromosome', not {rule!r}")
    if block is not None and rule != "blocks":
        raise ConfigError(f"the size of a block is for the rule 'blocks', not {rule!r}")
    strata, shares = strata_of(examples), (1 - validate - test, validate, test)
    if rule == "given":
        return _filled(examples, strata, _given(examples), validate, identity, seed)
    if rule == "chromosome":
        parts, note = _by_contig(examples, strata, shares, seed, tuple(test_contigs), tuple(validate_contigs))
        return _filled(_noted(examples, note), strata, parts, validate, identity, seed)
    if rule == "blocks":
        return _by_block(examples, strata, shares, seed, block)
    if rule == "random":
        parts = deal(np.arange(len(examples)), strata, shares, seed)
        note = "split at random: the test part is flattered wherever it resembles train; prefer cluster or chromosome"
        return _checked(_noted(examples, note), parts)
    groups = similar_groups(examples.sequences, identity)
    largest = int(np.bincount(groups, minlength=1).max())
    parts = deal(groups, strata, shares, seed)
    note = f"split by clusters of {identity:.0%} identity: {groups.max(initial=-1) + 1:,}, the largest of {largest:,}"
    return _checked(_noted(examples, note), parts)


def strata_of(examples: Examples) -> Numbers:
    """Return what is to be alike in all parts (n,): the class, any track or none, or the fifth of a signal."""
    if not examples.targets:
        return np.zeros(len(examples), dtype=np.int64)
    target = examples.targets[0]
    labels = examples.labels[target.name]
    known = np.isfinite(labels).any(axis=1)
    if target.kind == "tracks":
        return np.where(known, (np.nan_to_num(labels) > 0.5).any(axis=1), 2).astype(np.int64)
    values = labels[:, 0]
    if target.kind == "signal":
        edges = np.quantile(values[known], np.arange(1, QUANTILES) / QUANTILES) if known.any() else np.zeros(0)
        return np.where(known, np.searchsorted(edges, values), QUANTILES).astype(np.int64)
    return np.where(known, np.nan_to_num(values), len(target.outputs)).astype(np.int64)


def deal(groups: Numbers, strata: Numbers, shares: Sequence[float], seed: int) -> Numbers:
    """Return the part (n,) of each item, whole groups at a time, strata in the same shares.

    groups, strata: (n,) from 0. shares: of the parts, the first of which takes what fits into
    none of the others. Large groups come first, those of a size in random order.
    """
    kinds, count = int(strata.max(initial=-1)) + 1, int(groups.max(initial=-1)) + 1
    table = np.bincount(groups * kinds + strata, minlength=count * kinds).reshape(count, kinds)
    sizes = table.sum(axis=1)
    rng = np.random.default_rng(seed)
    order = rng.permutation(count)
    order = order[np.argsort(-sizes[order], kind="stable")]
    goal = np.outer(shares, table.sum(axis=0))
    left = goal.copy()
    part_of = np.zeros(count, dtype=np.int64)
    # Half an item of slack, as goals are no whole numbers.
    for group in order[sizes[order] > 1].tolist():
        fits = left.sum(axis=1) + 0.5 >= sizes[group]
        fits[0] = True
        need = (table[group] * left / np.maximum(goal, 1e-9)).sum(axis=1)
        part = int(np.argmax(np.where(fits, need, -np.inf)))
        part_of[group] = part
        left[part] -= table[group]
    single = order[sizes[order] == 1]
    for kind in range(kinds):
        own = single[table[single, kind] == 1]
        wanted = np.maximum(left[:, kind], 0)
        ends = (np.cumsum(wanted) / max(wanted.sum(), 1e-9) * len(own)).round().astype(np.int64)
        part_of[own] = np.searchsorted(ends[:-1], np.arange(len(own)), side="right")
    return part_of[groups]


def _given(examples: Examples) -> Numbers:
    parts = np.array([PARTS.index(part) if part in PARTS else -1 for part in examples.parts], dtype=np.int64)
    if missing := int((parts < 0).sum()):
        raise InputError(
            f"{missing:,} of {len(examples):,} examples have no part; name a column with train, validate and test, "
            f"or split by {', '.join(RULES[1:])}"
        )
    if (parts != TEST).all():
        raise InputError(f"the examples have no test part of their own; split by {', '.join(RULES[1:])}")
    return parts


def _by_contig(
    examples: Examples,
    strata: Numbers,
    shares: Sequence[float],
    seed: int,
    test_contigs: tuple[str, ...],
    validate_contigs: tuple[str, ...],
) -> tuple[Numbers, str]:
    _check_placed(examples)
    names, groups = np.unique(np.array(examples.contigs), return_inverse=True)
    fixed = dict.fromkeys(validate_contigs, VALIDATE) | dict.fromkeys(test_contigs, TEST)
    if unknown := sorted(fixed.keys() - set(names.tolist())):
        raise InputError(f"no example lies on {', '.join(unknown)}; the contigs are {', '.join(names[:30])}")
    if both := sorted({*test_contigs} & {*validate_contigs}):
        raise ConfigError(f"{', '.join(both)} cannot be both tested and validated on")
    if len(names) < 2:
        raise InputError(f"all examples lie on {', '.join(names) or 'no contig'}: split by blocks, or by cluster")
    of_contig = np.array([fixed.get(name, -1) for name in names.tolist()], dtype=np.int64)
    free = of_contig[groups] < 0
    asked = (shares[TRAIN], 0 if validate_contigs else shares[VALIDATE], 0 if test_contigs else shares[TEST])
    of_contig[groups[free]] = deal(np.unique(groups[free], return_inverse=True)[1], strata[free], asked, seed)
    if not test_contigs and (of_contig != TEST).all():
        # Every contig is larger than the share: the smallest one is the nearest to it.
        sizes = np.bincount(groups[free], minlength=len(names))
        of_contig[int(np.argmin(np.where(sizes > 0, sizes, len(examples) + 1)))] = TEST
    told = [f"{PARTS[part]} {', '.join(names[of_contig == part]) or 'none'}" for part in (VALIDATE, TEST)]
    return of_contig[groups], f"split by chromosome: {'; '.join(told)}"


def default_block(examples: Examples) -> int | None:
    """Return the bases of a block for the rule "blocks", None where the examples lie in fewer than FEWEST_BLOCKS.

    BLOCK; fewer where the contigs are short, but at least WINDOWS times the longest example. All must have places.
    """
    if not len(examples):
        return None
    names, groups = np.unique(np.array(examples.contigs), return_inverse=True)
    first = np.full(len(names), np.iinfo(np.int64).max)
    last = np.zeros(len(names), dtype=np.int64)
    np.minimum.at(first, groups, examples.starts)
    np.maximum.at(last, groups, examples.ends)
    block = max(min(BLOCK, int((last - first).sum()) // BLOCKS), WINDOWS * _longest(examples))
    return block if len(np.unique(_block_numbers(examples, block))) >= FEWEST_BLOCKS else None


def _by_block(examples: Examples, strata: Numbers, shares: Sequence[float], seed: int, block: int | None) -> Examples:
    _check_placed(examples)
    block, gap = block or default_block(examples), _longest(examples)
    if block is None:
        raise InputError(
            f"the examples lie in fewer than {FEWEST_BLOCKS} blocks: give a smaller block, or split by cluster"
        )
    if block < 2 * gap:
        raise ConfigError(
            f"blocks of {block:,} bases are too small for sequences of {gap:,}: give at least {2 * gap:,}"
        )
    own = _block_numbers(examples, block)
    blocks, groups = np.unique(own, return_inverse=True)
    parts = deal(groups, strata, shares, seed)
    part_of = np.zeros(len(blocks), dtype=np.int64)
    part_of[groups] = parts
    after = np.minimum(np.searchsorted(blocks, own + 1), len(blocks) - 1)
    # A block is longer than a window and the gap behind it, so none but the next one can be near.
    reaches = (examples.ends - 1 + gap) // block > examples.starts // block
    near = reaches & (blocks[after] == own + 1) & (part_of[after] != parts)
    note = (
        f"split by {len(blocks):,} blocks of {block:,} bases; {int(near.sum()):,} sequences that end less than "
        f"{gap:,} bases before a block of another part were left out"
    )
    return _checked(_noted(examples.take(~near), note), parts[~near])


def _block_numbers(examples: Examples, block: int) -> Numbers:
    """Return the block in which each example begins (n,); blocks that touch have numbers that follow each other."""
    contigs = np.unique(np.array(examples.contigs), return_inverse=True)[1]
    numbers = examples.starts // block
    return np.asarray(contigs * (numbers.max(initial=0) + 2) + numbers, dtype=np.int64)


def _longest(examples: Examples) -> int:
    return int((examples.ends - examples.starts).max(initial=1))


def _check_placed(examples: Examples) -> None:
    if missing := int((~examples.placed).sum()):
        raise InputError(
            f"{missing:,} of {len(examples):,} examples have no place in a genome: place them on a reference first "
            "(place), drop them, or split by cluster"
        )


def _filled(
    examples: Examples, strata: Numbers, parts: Numbers, validate: float, identity: float, seed: int
) -> Examples:
    """Take a validation part out of train where there is none, clusters at a time."""
    rows = np.flatnonzero(parts == TRAIN)
    if (parts == VALIDATE).any() or not len(rows):
        return _checked(examples, parts)
    groups = similar_groups([examples.sequences[row] for row in rows.tolist()], identity)
    parts = parts.copy()
    parts[rows] = deal(groups, strata[rows], (1 - validate, validate), seed)
    note = f"validation: {int((parts == VALIDATE).sum()):,} examples taken out of train, clusters kept together"
    return _checked(_noted(examples, note), parts)


def _noted(examples: Examples, note: str) -> Examples:
    return replace(examples, notes=(*examples.notes, note))


def _checked(examples: Examples, parts: Numbers) -> Examples:
    """Raise InputError where a part is empty."""
    for number, name in enumerate(PARTS):
        if not (parts == number).any():
            raise InputError(
                f"the {name} part is empty: of {len(examples):,} examples too many belong together, or its share "
                "is too small; name the contigs, raise the share or the identity, give a smaller block, or split by "
                "another rule"
            )
    return replace(examples, parts=tuple(PARTS[part] for part in parts.tolist()))
