import numpy as np

from dnalect.tokens.bases import encode
from dnalect.why.motifs.patterns import around, find_patterns, sequence_of
from dnalect.why.motifs.seqlets import Seqlet

SITES = ("TTACCCGG", "GTCACGTGACC")


def planted(count=30, seed=0):
    """Probabilities (L, 4) that know sites on either strand, and where they are."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(4, 60.0), 4000)
    seqlets, truth = [], []
    for n in range(2 * count):
        site = SITES[n % 2]
        own = np.full((len(site), 4), 0.03)
        own[np.arange(len(site)), encode(site)] = 0.91
        forward = bool(rng.random() < 0.5)
        at = 40 + 60 * n + int(rng.integers(10))
        p[at : at + len(site)] = own if forward else own[::-1, ::-1]
        jitter = int(rng.integers(-2, 3))
        seqlets.append(Seqlet(at + jitter, at + jitter + 9, 1.0, 0.0, 0.0))
        truth.append((n % 2, at, forward))
    return np.log(p).astype(np.float32), seqlets, truth


def test_patterns_are_found_with_their_members_strands_and_places():
    log_probs, seqlets, truth = planted()
    found = find_patterns(around(log_probs, seqlets))
    assert len(found) == 2
    for pattern in found:
        kinds = {truth[n][0] for n in pattern.members.tolist()}
        assert len(kinds) == 1
        assert len(pattern.members) >= 28
        site = SITES[kinds.pop()]
        text = sequence_of(pattern.probabilities)
        turned = text[::-1].translate(str.maketrans("ACGTacgt", "TGCAtgca"))
        assert site in (text.upper(), turned.upper())
        ways = {truth[n][2] == way for n, way in zip(pattern.members.tolist(), pattern.forward.tolist(), strict=True)}
        # Its strand is arbitrary, but one for all; a palindrome has both.
        assert len(ways) == 1 or site.startswith("GTCAC")


def test_too_few_are_no_pattern():
    log_probs, seqlets, _ = planted(8)
    assert not find_patterns(around(log_probs, seqlets))
    assert not find_patterns(around(log_probs, []))


def test_windows_reach_beyond_the_ends():
    log_probs = np.log(np.full((5, 4), [0.7, 0.1, 0.1, 0.1])).astype(np.float32)
    window = around(log_probs, [Seqlet(0, 4, 1.0, 0.0, 0.0)], 4)[0]
    assert window[:2].tolist() == [[0.25] * 4] * 2
    assert np.allclose(window[2:7, 0], 0.7)
