"""Scores of masked models on toy networks whose probabilities are known: the exact number, by enumeration."""

import itertools

import numpy as np
import pytest

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import haplotypes
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.likelihood import MaskedScorer, pieces, scorer_for
from dnalect.tokens.bases import encode
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.kmers import OverlappingKmers
from models.folders import TINY, make
from tests.inference.toys import TOKENIZERS, Hashed, Independent, byte_pairs, flipped, random_genome, some, variant

QS = np.log([0.4, 0.3, 0.2, 0.1])


@pytest.fixture
def genome(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    return random_genome(tmp_path / "g.fa")


@pytest.mark.parametrize("name", ["kmers", "chunks"])
@pytest.mark.parametrize("strands", [1, 2])
def test_independent_bases_give_the_ratio_of_their_frequencies(genome, name, strands):
    scorer = MaskedScorer(Independent(TOKENIZERS[name](), QS), genome, flank=40, strands=strands)
    for v in some(genome)[:3]:
        (score,) = scorer.score([v])
        forward = QS[v.alt[0]] - QS[v.ref[0]]
        backward = QS[3 - v.alt[0]] - QS[3 - v.ref[0]]
        assert score.value == pytest.approx(forward if strands == 1 else (forward + backward) / 2, abs=1e-5)
        if strands == 2:
            assert score.strand_gap == pytest.approx(abs(forward - backward), abs=1e-5)


def test_overlapping_words_take_the_mean_over_exactly_k_hidden_tokens(genome):
    tokenizer = OverlappingKmers(3)
    model = Hashed(tokenizer)
    v = some(genome)[0]
    (score,) = MaskedScorer(model, genome, flank=20, strands=1).score([v])
    window = genome.fetch(0, v.start - 20, v.end + 20).tobytes().decode()
    ids = tokenizer.encode([window]).input_ids[0]
    hidden = [19, 20, 21]
    changed = ids.copy()
    changed[hidden] = 4
    expected = []
    for column in hidden:
        log_probs = model.log_probs(changed, column)
        words = [window[:20] + "ACGT"[b] + window[21:] for b in (v.ref[0], v.alt[0])]
        ref, alt = (tokenizer.index[word[column - 1 : column + 2]] for word in words)
        expected.append(log_probs[alt] - log_probs[ref])
    assert score.value == pytest.approx(np.mean(expected), abs=1e-5)
    assert model.passes == 1


def test_chunks_are_averaged_over_their_six_frames(genome):
    tokenizer = Chunks(1)
    model = Hashed(tokenizer)
    v = some(genome)[0]
    (score,) = MaskedScorer(model, genome, flank=24, strands=1).score([v])
    window = genome.fetch(0, v.start - 24, v.end + 24).tobytes().decode()
    expected = []
    for phase in range(6):
        text, at = window[phase:], 24 - phase
        ids = tokenizer.encode([text]).input_ids[0]
        column = 1 + at // 6
        changed = ids.copy()
        changed[column] = tokenizer.special.mask
        log_probs = model.log_probs(changed, column)
        word = text[at // 6 * 6 : at // 6 * 6 + 6]
        ref, alt = (tokenizer.index[word[: at % 6] + "ACGT"[b] + word[at % 6 + 1 :]] for b in (v.ref[0], v.alt[0]))
        expected.append(log_probs[alt] - log_probs[ref])
    assert score.value == pytest.approx(np.mean(expected), abs=1e-5)
    assert model.passes == 6


def naive_sum(text, log_probs, index):
    """Every way to cut the text into as many pieces as there are rows, one by one."""
    total = []
    for cuts in itertools.combinations(range(1, len(text)), len(log_probs) - 1):
        parts = [text[a:b] for a, b in itertools.pairwise((0, *cuts, len(text)))]
        if all(part in index for part in parts):
            total.append(sum(row[index[part]] for row, part in zip(log_probs, parts, strict=True)))
    return np.logaddexp.reduce(total) if total else -np.inf


def test_the_dynamic_programme_equals_enumeration():
    rng = np.random.default_rng(0)
    index = {word: n for n, word in enumerate(["A", "C", "G", "T", "AC", "GT", "ACG", "TT", "CGT"])}
    for _ in range(60):
        text = "".join(rng.choice(list("ACGT"), rng.integers(1, 9)))
        log_probs = rng.normal(size=(rng.integers(1, 7), len(index)))
        expected = naive_sum(text, log_probs, index)
        assert pieces.log_sum_of_splits(text, log_probs, index) == pytest.approx(expected, abs=1e-9)


def test_byte_pairs_compare_both_alleles_with_the_same_masks(genome):
    tokenizer = byte_pairs()
    model = Hashed(tokenizer)
    scorer = MaskedScorer(model, genome, flank=30, strands=1)
    fewer = 0
    for v in (
        variant(genome, at, 1, "ACGT"[(encode(genome.fetch(0, at, at + 1))[0] + 1) % 4]) for at in range(300, 340)
    ):
        (score,) = scorer.score([v])
        text = genome.fetch(0, v.start - 30, v.end + 30).tobytes().decode()
        texts = [text[:30] + base + text[31:] for base in "ACGT"]
        ids = [tokenizer.encode([each]).input_ids[0].tolist() for each in texts]
        before = next(n for n in range(99) if len({each[n] for each in ids}) > 1)
        after = next(n for n in range(99) if len({each[-1 - n] for each in ids}) > 1)
        after = min(after, min(map(len, ids)) - before)
        middles = [each[before : len(each) - after] for each in ids]
        words = ["".join(tokenizer.words[i] for i in middle) for middle in middles]
        ref, alt = int(v.ref[0]), int(v.alt[0])
        differences = []
        for m in {len(middles[ref]), len(middles[alt])}:
            masked = np.array([*ids[0][:before], *[tokenizer.special.mask] * m, *ids[0][len(ids[0]) - after :]])
            rows = [model.log_probs(masked, before + n) for n in range(m)]
            sums = [naive_sum(words[b], rows, tokenizer.index) for b in (ref, alt)]
            if np.isfinite(sums).all():
                differences.append(sums[1] - sums[0])
        fewer += len({len(m) for m in middles}) > 1
        assert score.tokens == (len(middles[ref]), len(middles[alt]))
        assert score.value == pytest.approx(np.mean(differences), abs=1e-5)
    assert fewer > 10


@pytest.mark.parametrize("name", TOKENIZERS)
def test_every_kind_of_variant_has_a_score_and_swapped_alleles_its_opposite(genome, tmp_path, name):
    model = Hashed(TOKENIZERS[name]())
    scorer = MaskedScorer(model, genome, flank=40)
    variants = some(genome)
    scores = scorer.score(variants)
    assert {v.kind for v in variants} == {"snv", "mnv", "insertion", "deletion"}
    for v, score in zip(variants, scores, strict=True):
        assert score.value is not None
        assert np.isfinite(score.value)
        other, back = flipped(genome, v, tmp_path)
        swapped = MaskedScorer(model, other, flank=40)
        swapped.log_background = scorer.log_background
        assert swapped.score([back])[0].value == -score.value


@pytest.mark.parametrize("name", TOKENIZERS)
def test_scores_do_not_depend_on_the_batch_or_the_neighbours(genome, name):
    variants = some(genome)
    together = MaskedScorer(Hashed(TOKENIZERS[name]()), genome, flank=40, batch=7).score(variants)
    alone = [MaskedScorer(Hashed(TOKENIZERS[name]()), genome, flank=40, batch=1).score([v])[0] for v in variants]
    assert [score.value for score in together] == [score.value for score in alone]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_one_pass_serves_all_alternates_of_a_site(genome, name):
    snvs = some(genome)[:3]
    one, three = (Hashed(TOKENIZERS[name]()) for _ in range(2))
    MaskedScorer(one, genome, flank=40).score(snvs[:1])
    MaskedScorer(three, genome, flank=40).score(snvs)
    assert one.passes == three.passes


def test_the_reverse_strand_is_read_as_the_forward_one(genome, tmp_path):
    text = genome.contig("c").tobytes().decode()
    path = tmp_path / "rc.fa"
    path.write_text(f">c\n{text[::-1].translate(str.maketrans('ACGT', 'TGCA'))}\n")
    other = open_genome(path)
    model = Hashed(OverlappingKmers(4))
    here = MaskedScorer(model, genome, flank=40).at_sites(np.array([0]), np.array([300]))
    there = MaskedScorer(model, other, flank=40).at_sites(np.array([0]), np.array([len(text) - 301]))
    assert here[0] == pytest.approx(there[0, ::-1], abs=1e-6)
    assert np.exp(here).sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", TINY)
def test_a_flank_full_of_unknown_bases_never_outgrows_the_positions(name, tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(3)
    known = "".join(rng.choice(list("ACGT"), 400))
    spotted = "".join("N" if number % 2 else base for number, base in enumerate(known))
    (tmp_path / "g.fa").write_text(f">c\n{spotted}{known[:80]}{spotted}\n")
    genome = open_genome(str(tmp_path / "g.fa"))
    model = dnalect.load(make(name, tmp_path / name))
    scorer = scorer_for(model, genome)
    at = len(spotted) + 40
    ref = encode(genome.fetch(0, at, at + 1))
    alt = (ref + 1) % 4
    snv, deletion = (Variant(0, at, at + 1, ref, other) for other in (alt, ref[:0]))
    assert all(np.isfinite(score.value) for score in scorer.score([snv, deletion]))
    assert np.isfinite(np.array(scorer.distances([snv, deletion]))).all()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_indels_take_few_passes_unless_exact_ones_are_asked_for(genome, name):
    v = variant(genome, 333, 4, "")
    passes = {}
    for indels in ("fast", "exact"):
        model = Hashed(TOKENIZERS[name]())
        scorer = MaskedScorer(model, genome, flank=40, indels=indels)
        scorer.score([v])
        passes[indels] = model.passes
        assert (
            scorer.identity
            != MaskedScorer(model, genome, flank=40, indels="exact" if indels == "fast" else "fast").identity
        )
    assert passes["exact"] > 40
    # No number of these few pieces spells both alleles, so byte pairs hide the bases one by one.
    assert passes["fast"] <= {"kmers": 4, "chunks": 24}.get(name, passes["exact"] / 2)


def test_the_bases_around_an_indel_are_hidden_together(genome):
    """The definition, spelled out for overlapping words and one strand."""
    tokenizer = OverlappingKmers(3)
    model = Hashed(tokenizer)
    v = variant(genome, 333, 4, "")
    assert not v.tandem
    scorer = MaskedScorer(model, genome, flank=20, strands=1)
    (score,) = scorer.score([v])
    whole = over_its_range(v, genome, 400)
    gains = []
    for codes, allele in zip(haplotypes(whole, genome, 20), (whole.ref, whole.alt), strict=True):
        text = "".join("ACGT"[code] for code in codes)
        ids = tokenizer.encode([text]).input_ids[0]
        sites = range(20 - 3, 20 + len(allele) + 3)
        # A token stands behind the first special one; it covers three bases from its own number on.
        hidden = [column for column in range(1, len(ids) - 1) if column - 1 <= sites[-1] and column + 1 >= sites[0]]
        changed = ids.copy()
        changed[hidden] = 4
        gain = 0.0
        for site in sites:
            rows = []
            for column in range(site - 1, site + 2):
                log_probs = model.log_probs(changed, column)
                words = [text[:site] + base + text[site + 1 :] for base in "ACGT"]
                rows.append([log_probs[tokenizer.index[word[column - 1 : column + 2]]] for word in words])
            logs = np.mean(rows, axis=0)
            gain += (logs - np.logaddexp.reduce(logs))[codes[site]] - scorer.log_background[codes[site]]
        gains.append(gain)
    assert score.value == pytest.approx(gains[1] - gains[0], abs=1e-4)
    assert model.passes == 2
