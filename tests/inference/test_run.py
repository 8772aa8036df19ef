"""The one forward loop: what it computes, how often, and what it does where memory ends."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dnalect.core.encoding import Encoding
from dnalect.core.errors import DnalectError
from dnalect.core.reporter import Reporter, phase, using
from dnalect.inference.run import once, run
from dnalect.models.model import LOGITS, Abilities, Ask, At, Output
from dnalect.tokens.single import SingleBases


class Sums:
    """Logits at a token: the sum of the ids of its window, and its own. More than `room` tokens don't fit."""

    can = Abilities("masked", context_bases=100, layers=1, width=1, words=2)
    card, device = SimpleNamespace(id="sums"), torch.device("cpu")

    def __init__(self, room=1 << 30, error=MemoryError):
        self.network = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(1, 1))
        self.room, self.error, self.shapes, self.modes = room, error, [], set()

    def encode(self, sequences):
        return SingleBases().encode(sequences)

    def forward(self, encoding, ask):
        ids, mask = (torch.from_numpy(np.array(each)) for each in (encoding.input_ids, encoding.attention_mask))
        if ids.numel() > self.room:
            raise self.error
        self.shapes.append(tuple(ids.shape))
        self.modes.add((self.network.training, self.network[0].training, torch.is_inference_mode_enabled()))
        sums = (ids * mask).sum(1)
        whole = torch.stack([sums[:, None].expand(ids.shape), ids], -1)
        return Output(logits=whole[ask.logits.rows, ask.logits.columns] if isinstance(ask.logits, At) else whole)


def sums(model, windows, **more):
    """The sum of every window, in order."""
    count = len(windows.input_ids) if isinstance(windows, Encoding) else len(windows)
    out = np.full(count, -1)

    def keep(batch):
        out[batch.windows] = batch.output.logits[:, 0, 0].numpy()[batch.rows]

    run(model, windows, LOGITS, keep, **more)
    return out.tolist()


TEXTS = ["ACGT" * 3, "T", "GG", "T" * 7, "GG", "CA", "ACGT" * 3]
WANTED = [18, 3, 4, 21, 4, 1, 18]


@pytest.mark.parametrize("more", [{}, {"tokens": 1}, {"tokens": 14}, {"rows": 1}, {"rows": 3}, {"least": 4}])
def test_every_window_gets_its_own_answer_in_order(more):
    model = Sums()
    assert sums(model, TEXTS, **more) == WANTED
    assert sums(model, model.encode(TEXTS), **more) == WANTED


def test_equal_windows_are_computed_once_and_like_lengths_share_a_batch():
    model = Sums()
    sums(model, TEXTS, tokens=14)
    assert model.shapes == [(3, 2), (1, 7), (1, 12)]
    sums(model, TEXTS, tokens=14, rows=2)
    assert model.shapes[3:] == [(2, 2), (2, 7), (1, 12)]


def test_a_small_batch_is_filled_up():
    model = Sums()
    assert sums(model, TEXTS[:3], rows=2, least=5) == WANTED[:3]
    assert [rows for rows, _ in model.shapes] == [5, 5]


def test_tokens_are_asked_of_their_own_windows():
    """Two windows are equal but asked at other columns; a third is asked at none."""
    model, found = Sums(), {}
    encoding = model.encode(["ACG", "ACG", "TT", "ACG", "GATTACA"])
    at = At(np.array([0, 0, 1, 3, 3, 4]), np.array([0, 2, 1, 0, 2, 6]))

    def keep(batch):
        edges = np.searchsorted(batch.ask.logits.rows, np.arange(len(batch.encoding.input_ids) + 1))
        for number, row in zip(batch.windows.tolist(), batch.rows.tolist(), strict=True):
            found[number] = batch.output.logits[edges[row] : edges[row + 1]].tolist()

    run(model, encoding, Ask(logits=at), keep)
    assert found == {0: [[3, 0], [3, 2]], 1: [[3, 1]], 2: [], 3: [[3, 0], [3, 2]], 4: [[9, 0]]}
    assert sum(rows for rows, _ in model.shapes) == 4


def test_the_network_computes_in_eval_mode_without_gradients_and_is_given_back_as_it_came():
    model = Sums()
    model.network[1].eval()
    sums(model, TEXTS)
    once(model, model.encode(TEXTS), LOGITS)
    assert model.modes == {(False, False, True)}
    assert [each.training for each in model.network.modules()] == [True, True, False]
    with pytest.raises(ValueError, match="mine"):
        run(model, TEXTS, LOGITS, lambda batch: (_ for _ in ()).throw(ValueError("mine")))
    assert [each.training for each in model.network.modules()] == [True, True, False]
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
    ids=["python", "cuda", "cpu"],
)
def test_where_memory_ends_half_as_many_windows_go_on(error):
    model, heard = Sums(room=40, error=error), []
    texts = [f"{'ACGT' * 2}{a}{b}" for a in "ACGT" for b in "ACGT"]
    with using(Reporter(say=heard.append)):
        found = sums(model, texts)
    assert found == [12 + "ACGT".index(a) + "ACGT".index(b) for a in "ACGT" for b in "ACGT"]
    assert model.shapes == [(4, 10)] * 4
    assert [each.split(": ")[0] for each in heard] == [
        "memory did not suffice for 16 windows of 10 tokens at once",
        "memory did not suffice for 8 windows of 10 tokens at once",
    ]
    with using(Reporter(say=heard.append)):
        sums(model, texts)
    assert len(heard) == 2, "what fits is remembered"


def test_one_window_that_does_not_fit_is_an_error_that_says_what_to_do():
    with using(Reporter(say=lambda note: None)), pytest.raises(DnalectError, match=r"one window of 12 tokens.*shorter"):
        sums(Sums(room=11), TEXTS)


def test_other_errors_are_not_taken_for_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes do not match"):
        sums(Sums(room=1, error=RuntimeError("shapes do not match")), TEXTS)


def test_progress_counts_windows():
    heard = []
    with using(heard.append):
        sums(Sums(), TEXTS, progress=phase("summing", len(TEXTS), "windows"))
    assert [(each.done, each.total) for each in (heard[0], heard[-1])] == [(0, 7), (7, 7)]
    assert heard[-1].ended


def test_nothing_and_empty_windows_are_no_error():
    model = Sums()
    assert sums(model, []) == []
    assert sums(model, [""]) == [-1]
    assert sums(model, ["", "T"]) == [0, 3]
