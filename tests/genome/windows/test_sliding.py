"""An indel that can slide is written over all its places: one spelling, the same from either strand."""

import numpy as np
import pytest

from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.genome.windows.sliding import over_its_range
from dnalect.tokens.bases import decode, encode, opposite, reverse_complement

LEFT, RIGHT = "GATTACAGGCATCCAGTTACGA", "CGGATCATTGACCGTAGCTAAC"


@pytest.fixture
def opened(tmp_path):
    def of(bases):
        path = tmp_path / f"{abs(hash(bases))}.fa"
        path.write_text(f">c\n{bases}\n")
        return open_genome(path)

    return of


@pytest.mark.parametrize("unit", ["T", "AT", "CAG", "ACAC"])
@pytest.mark.parametrize("copies", [1, 2, 9, 40])
@pytest.mark.parametrize("longest", [500, 20])
@pytest.mark.parametrize("gained", [True, False])
def test_both_strands_write_it_alike(opened, unit, copies, longest, gained):
    text = LEFT + unit * copies + RIGHT
    moved, nothing = encode(unit), encode("")
    pair = (nothing, moved) if gained else (moved, nothing)
    start = len(LEFT)
    genome, turned = opened(text), opened(opposite(text))
    end = start + len(pair[0])
    one = over_its_range(normalise(0, start, *pair, genome), genome, longest)
    other = over_its_range(normalise(0, len(text) - end, *map(reverse_complement, pair), turned), turned, longest)
    assert (other.start, other.end) == (len(text) - one.end, len(text) - one.start)
    assert decode(other.alt) == opposite(decode(one.alt))
    # It is the same haplotype, of which as much is spelled as fits.
    alternate = text[:start] + decode(pair[1]) + text[end:]
    assert text[: one.start] + decode(one.alt) + text[one.end :] == alternate
    assert max(len(one.ref), len(one.alt)) <= max(longest, len(unit))
    if longest > 100:
        assert unit * copies in decode(one.ref)


def test_what_cannot_slide_stays_as_it_is(opened):
    genome = opened(LEFT + RIGHT)
    substitution = normalise(0, 5, encode("C"), encode("T"), genome)
    assert over_its_range(substitution, genome, 100) is substitution
    lost = normalise(0, 5, encode(LEFT[5:9]), encode(""), genome)
    whole = over_its_range(lost, genome, 100)
    assert np.array_equal(whole.ref[len(whole.alt) :] if len(whole.alt) else whole.ref, whole.ref[-4:])
