"""Rows come while later records are still to be computed, and nothing that is shared is computed twice for it."""

from types import SimpleNamespace

import pytest

import dnalect
from dnalect.inference.likelihood import LeaveOneOutScorer
from dnalect.jobs import scoring
from dnalect.jobs.parts import MOST, parts


def at(*starts, contig=0):
    return [SimpleNamespace(contig=contig, start=start) for start in starts]


def dear(variants):
    return MOST * len(variants)


def cut(found, stretch=1, least=1, cost=len):
    return [(each.start, each.stop) for each in parts(found, stretch, cost, least)]


def test_every_record_is_in_one_part_and_the_order_stays():
    found = [at(n) for n in range(100)]
    ends = cut(found, least=3)
    assert ends == [(0, 3), (3, 9), (9, 21), (21, 45), (45, 93), (93, 100)]


def test_parts_stop_growing():
    assert cut([at(n) for n in range(50)], cost=dear)[-2:] == [(48, 49), (49, 50)]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([at(5), at(7), at(12), at(25)], [(0, 2), (2, 3), (3, 4)]),
        ([at(5), at(12), at(7), at(25)], [(0, 3), (3, 4)]),
        ([at(5), at(5, contig=1), at(25)], [(0, 1), (1, 2), (2, 3)]),
        ([at(5, 31), at(12), [], at(33), []], [(0, 4), (4, 5)]),
        ([[], []], [(0, 2)]),
        ([], []),
    ],
)
def test_what_begins_in_one_stretch_is_scored_together(found, wanted):
    assert cut(found, stretch=10, cost=dear) == wanted


def test_the_first_row_needs_few_forwards(model_folder, fasta, tmp_path, monkeypatch):
    table = tmp_path / "v.tsv"
    bases = dnalect.open_genome(fasta).fetch(0, 100, 2900).tobytes().decode()
    lines = [f"chrA\t{101 + n}\t{b}\t{'ACGT'[('ACGT'.index(b) + 1) % 4]}" for n, b in enumerate(bases) if b in "ACGT"]
    table.write_text("\n".join(["chrom\tpos\tref\talt", *lines[::40]]) + "\n")
    monkeypatch.setattr(LeaveOneOutScorer, "stretch", 1)
    monkeypatch.setattr(scoring, "FIRST", 1)
    asked = []
    score = LeaveOneOutScorer.score
    monkeypatch.setattr(LeaveOneOutScorer, "score", lambda self, some: asked.append(len(some)) or score(self, some))
    rows = dnalect.score_variants(fasta, table, model_folder, percentiles=False)
    first = next(rows)
    assert asked == [1]
    whole = [first, *rows]
    assert len(whole) == len(lines[::40]) == sum(asked)
