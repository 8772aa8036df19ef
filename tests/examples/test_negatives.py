"""Background windows are like their positives and overlap nothing that is taken."""

from dataclasses import replace

import numpy as np
import pytest

from dnalect.core.errors import InputError
from dnalect.core.examples import Examples, Target
from dnalect.examples.negatives import Likeness, background, with_background
from dnalect.genome.bed import Intervals
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region

NUMBER = {"a": 0, "b": 1}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Two contigs whose GC changes every 500 bases, with lower case and N."""
    rng = np.random.default_rng(8)
    folder = tmp_path_factory.mktemp("background")
    with (folder / "g.fa").open("w") as out:
        for name, blocks in (("a", 80), ("b", 40)):
            pieces = []
            for block in range(blocks):
                gc = (0.3, 0.6)[block % 2]
                piece = "".join(rng.choice(list("ACGT"), 500, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))
                pieces.append(piece.lower() if block % 4 >= 2 else piece)
            pieces[5] = "N" * 500
            out.write(f">{name}\n{''.join(pieces)}\n")
    return open_genome(folder / "g.fa")


@pytest.fixture
def regions():
    """Of both GCs, in upper and lower case, of several lengths."""
    return [Region(number, 500 * block + 50, 500 * block + 50 + 100 + block) for number in (0, 1) for block in range(5)]


def share(genome, contig, start, end):
    letters = genome.fetch(NUMBER[contig], start, end)
    upper = bytes(letters).upper()
    return np.array([(upper.count(b"G") + upper.count(b"C")) / len(upper), (letters >= ord("a")).mean()])


def spans(examples):
    return list(zip(examples.contigs, examples.starts.tolist(), examples.ends.tolist(), strict=True))


def test_windows_are_like_their_positives_and_free(genome, regions):
    excluded = [Region(0, 5000, 20000), Region(1, 10000, 12000)]
    found = background(regions, genome, per_positive=3, exclude=excluded)
    assert len(found) == 3 * len(regions)
    taken = [("ab"[each.contig], each.start, each.end) for each in (*regions, *excluded)]
    for at, (contig, start, end) in enumerate(spans(found)):
        positive = regions[at // 3]
        assert (NUMBER[contig], end - start) == (positive.contig, len(positive))
        wanted = share(genome, "ab"[positive.contig], positive.start, positive.end)
        assert (np.abs(share(genome, contig, start, end) - wanted) <= (0.02001, 0.10001)).all()
        assert found.sequences[at] == bytes(genome.fetch(NUMBER[contig], start, end)).decode().upper()
        assert "N" not in found.sequences[at]
        assert not [each for each in taken if each[0] == contig and each[1] < end and start < each[2]]
        taken.append((contig, start, end))
    assert not found.labels["positive"].any()


def test_the_seed_decides(genome, regions):
    one, same, other = (spans(background(regions, genome, seed=seed)) for seed in (4, 4, 5))
    assert one == same
    assert one != other


def test_intervals_of_a_bed_and_examples_give_the_same(genome, regions):
    starts, ends = (np.array([getattr(each, name) for each in regions[:5]]) for name in ("start", "end"))
    bed = {"a": Intervals(starts, ends, np.ones(5, dtype=bool))}
    examples = replace(
        Examples.of(["A"] * 5, (), {}),
        contigs=("a",) * 5,
        starts=starts,
        ends=ends,
        strands=("-",) * 5,
        ids=tuple("vwxyz"),
    )
    assert spans(background(bed, genome)) == spans(background(regions[:5], genome))
    opposite = background(examples, genome)
    assert spans(opposite) == spans(background(bed, genome))
    first = bytes(genome.fetch(0, int(opposite.starts[0]), int(opposite.ends[0]))).decode().upper()
    assert opposite.sequences[0] == first.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    assert opposite.ids[0] == "v_background"


def test_with_background_is_a_task_of_two_classes(genome, regions):
    some = background(regions, genome)
    level = Target("level", "signal", ("level",))
    count = len(some)
    labels = {"level": np.ones((count, 1), dtype=np.float32)}
    positives = replace(
        some, targets=(level,), labels=labels, parts=("test",) * count, contigs=tuple("chr" + c for c in some.contigs)
    )
    both = with_background(positives, genome, per_positive=2, seed=2)
    assert both.targets == (Target("positive", "classes", ("background", "positive")),)
    assert both.labels["positive"].ravel().tolist() == [1] * count + [0] * 2 * count
    assert both.parts == ("test",) * 3 * count
    assert set(both.contigs) == {"a", "b"}
    assert both.sequences[:count] == positives.sequences
    assert f"{2 * count} background windows for {count} positives, seed 2" in both.notes
    both.take([0, count])


def test_a_copy_of_a_positive_is_no_background(tmp_path, monkeypatch):
    monkeypatch.setattr("dnalect.examples.negatives.DRAWS", 500)
    rng = np.random.default_rng(1)
    unit = "".join(rng.choice(list("ACGT"), 50))
    (tmp_path / "g.fa").write_text(f">a\n{unit * 40}\n")
    genome = open_genome(tmp_path / "g.fa")
    found = background([Region(0, 0, 50)], genome, likeness=Likeness(gc=1))
    assert found.sequences[0] != unit
    assert "no soft-masked bases" in found.notes[0]
    everything = [Region(0, start, start + 50) for start in range(50)]
    with pytest.raises(InputError, match="50 of 50 positives lack background"):
        background(everything, genome, likeness=Likeness(gc=1))


def test_what_cannot_be_matched_is_said(genome, regions, monkeypatch):
    monkeypatch.setattr("dnalect.examples.negatives.DRAWS", 1500)
    with pytest.raises(
        InputError, match=r"first a:\d+-\d+: 1,500 random windows of a .* GC 0\.\d\d \+- 0.0001 and repeats"
    ):
        background([Region(0, 100, 20100)], genome, likeness=Likeness(gc=0.0001, repeats=0.0001))
    with pytest.raises(InputError, match="10 of 10 positives lack background"):
        background(regions, genome, exclude=[Region(0, 0, 40000), Region(1, 0, 20000)])
    with pytest.raises(InputError, match="1 of 1 examples have no place"):
        background(Examples.of(["ACGT"], (), {}), genome)
    with pytest.raises(InputError, match="a:39990-40010 is empty or does not lie within"):
        background([Region(0, 39990, 40010)], genome)
    with pytest.raises(InputError, match="no positives"):
        background([], genome)
    with pytest.raises(InputError, match="0 background windows"):
        background(regions, genome, per_positive=0)


def test_a_few_positives_without_background_are_left_out(genome, regions, monkeypatch):
    """All but one of eleven can be matched; the one takes nearly a whole contig."""
    monkeypatch.setattr("dnalect.examples.negatives.DRAWS", 1500)
    few = background(regions, genome, seed=2)
    spans_of = [*zip(few.contigs, few.starts.tolist(), few.ends.tolist(), strict=True), ("b", 10, 19_900)]
    contigs, starts, ends = zip(*spans_of, strict=True)
    positives = replace(Examples.of(["A"] * 11, (), {}), contigs=contigs, starts=np.array(starts), ends=np.array(ends))
    kept = [row for row, name in enumerate(contigs) if name == "a"] + [10]
    with pytest.raises(InputError, match="1 of 6 positives lack background"):
        with_background(positives.take(kept), genome)
    many = positives.take([*kept[:-1] * 2, 10])
    found = with_background(many, genome)
    assert len(found) == 20
    assert any(note.startswith("left out: 1 of 11 positives lack background, first b:10-19900") for note in found.notes)
