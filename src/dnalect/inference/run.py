"""The one forward loop: windows of any lengths through a model, batch by batch, for whoever asks.

Shapes: n windows, B of a batch, T tokens.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dnalect.core.encoding import Encoding
from dnalect.core.errors import DnalectError
from dnalect.core.reporter import Phase, say
from dnalect.models.model import Ask, At, Model, Output

# Tokens of a batch, padding included: of a processor so many that what a layer gives stays near, in its cache.
TOKENS, NEAR = 1 << 14, 1 << 12
# Texts that are turned into tokens at once, and the bases that they have at most.
TEXTS, BASES = 256, 1 << 22
Numbers = npt.NDArray[np.int64]
# Models that once ran out of memory -> tokens of a batch that may fit.
_fitting: WeakKeyDictionary[Model, int] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Batch:
    """What one forward gave.

    windows: numbers of the windows that it answers. rows: for each of these its row of the batch; equal windows
    share one. encoding: of the batch (B, T). ask: what was asked of it; tokens of logits are its rows and columns.
    """

    windows: Numbers
    rows: Numbers
    encoding: Encoding
    ask: Ask
    output: Output


def run(
    model: Model,
    windows: Sequence[str] | Encoding,
    ask: Ask,
    each: Callable[[Batch], None],
    tokens: int | None = None,
    rows: int | None = None,
    least: int = 1,
    progress: Phase | None = None,
) -> None:
    """Ask a model about n windows, and hand every batch to `each`, which keeps what it wants of it.

    windows: texts, or their tokens. ask: where it names tokens, `rows` are numbers of windows, ascending. Windows of
    like length share a batch; equal ones of which the same is asked are computed once, and of empty ones nothing is.
    tokens: of a batch, padding included, unless a single window has more; None for TOKENS, or NEAR on a processor.
    rows: most windows of a batch, None for any number. least: a smaller batch is filled up with copies, for networks
    whose rounding depends on its size.
    progress: a phase over the windows.

    The network computes in eval mode, without gradients, and is given back as it came. Where memory ends, the loop
    goes on in batches of half as many tokens.
    Raises DnalectError where memory doesn't suffice for one window, InputError for what the model can't encode.
    """
    tokens = tokens or (NEAR if model.device.type == "cpu" else TOKENS)
    with evaluating(model.network), torch.inference_mode(), progress or nullcontext() as bar:
        for block in _blocks(model, windows, ask):
            lengths = block.lengths
            left = np.flatnonzero(lengths)
            left = left[np.argsort(lengths[left], kind="stable")]
            while len(left):
                part = left[: _together(lengths[left], min(tokens, _fitting.get(model, tokens)), rows)]
                width = int(lengths[part[-1]])
                try:
                    each(_computed(model, block, part, width, ask, least))
                except (MemoryError, RuntimeError) as error:
                    if not memory_ended(error):
                        raise
                else:
                    left = left[len(part) :]
                    continue
                # Not before here, where the error no longer holds what the lost batch took.
                _shrink(model, len(part), width)
            if bar is not None:
                bar.update(sum(map(len, block.alike)))


@dataclass(frozen=True, eq=False)
class _Block:
    """Distinct windows. alike: the windows that each row stands for. columns: of the tokens asked of it, if of some."""

    alike: list[list[int]]
    encoding: Encoding
    columns: list[Numbers]

    @property
    def lengths(self) -> Numbers:
        """Tokens of each row, up to its last one; 1 where it has none, 0 where there is no room for one either."""
        mask = self.encoding.attention_mask
        lengths = (mask * np.arange(1, mask.shape[1] + 1)).max(axis=1, initial=0)
        return np.asarray(np.maximum(lengths, min(1, mask.shape[1])), dtype=np.int64)


def _blocks(model: Model, windows: Sequence[str] | Encoding, ask: Ask) -> Iterator[_Block]:
    columns: list[Numbers] = []
    if isinstance(ask.logits, At):
        count = len(windows.input_ids) if isinstance(windows, Encoding) else len(windows)
        columns = np.split(ask.logits.columns, np.searchsorted(ask.logits.rows, np.arange(1, count)))
    if isinstance(windows, Encoding):
        whole = zip(windows.input_ids, windows.attention_mask, strict=True)
        keys: list[Hashable] = [(ids.tobytes(), mask.tobytes()) for ids, mask in whole]
        # Soft input is read in place of the ids, and signals beside them: ids don't tell them apart.
        plain = windows.soft is None and windows.signals is None
        alike = _alike(keys if plain else range(len(keys)), columns)
        first = [each[0] for each in alike]
        yield _Block(alike, windows.part(first), [columns[n] for n in first if columns])
        return
    alike = _alike(windows, columns)
    alike.sort(key=lambda each: len(windows[each[0]]))
    lengths = np.array([len(windows[each[0]]) for each in alike], dtype=np.int64)
    low = 0
    while low < len(alike):
        part = alike[low : low + _together(lengths[low:], BASES, TEXTS)]
        first = [each[0] for each in part]
        yield _Block(part, model.encode([windows[n] for n in first]), [columns[n] for n in first if columns])
        low += len(part)


def _alike(windows: Sequence[Hashable], columns: Sequence[Numbers]) -> list[list[int]]:
    """Return the numbers of equal windows of which the same is asked, by their first."""
    found: dict[Hashable, list[int]] = {}
    for number, window in enumerate(windows):
        key = (window, columns[number].tobytes()) if columns else window
        found.setdefault(key, []).append(number)
    return list(found.values())


def _together(lengths: Numbers, tokens: int, rows: int | None) -> int:
    """Return how many of the first windows, which ascend in length, make a batch: at least one."""
    padded = lengths * np.arange(1, len(lengths) + 1)
    return max(1, min(int(np.searchsorted(padded, tokens, side="right")), rows or len(lengths)))


def _computed(model: Model, block: _Block, part: Numbers, width: int, ask: Ask, least: int) -> Batch:
    filled = np.concatenate([part, np.repeat(part[:1], max(0, least - len(part)))])
    if isinstance(ask.logits, At):
        columns = [block.columns[row] for row in filled]
        ask = replace(ask, logits=At(np.repeat(np.arange(len(filled)), [*map(len, columns)]), np.concatenate(columns)))
    encoding = block.encoding.part(filled, width)
    alike = [block.alike[row] for row in part]
    windows = np.array([number for each in alike for number in each], dtype=np.int64)
    rows = np.repeat(np.arange(len(part)), [*map(len, alike)])
    return Batch(windows, rows, encoding, ask, model.forward(encoding, ask))


def memory_ended(error: BaseException) -> bool:
    """Whether an error of torch or Python means that memory did not suffice."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        told in str(error) for told in ("can't allocate memory", "out of memory")
    )


def _shrink(model: Model, rows: int, width: int) -> None:
    """Let batches have half as many tokens as one that did not fit."""
    if rows == 1:
        raise DnalectError(
            f"memory does not suffice for one window of {width:,} tokens through {model.card.id}: "
            "take shorter windows, --dtype bfloat16, a smaller model or a machine with more memory"
        )
    torch.cuda.empty_cache()
    _fitting[model] = rows * width // 2
    say(
        f"memory did not suffice for {rows:,} windows of {width:,} tokens at once: going on with half as many "
        f"(--batch-size {rows // 2} keeps to that from the beginning)"
    )


def once(model: Model, encoding: Encoding, ask: Ask) -> Output:
    """Return what a model says of an encoding that is one batch; no gradient is kept."""
    with evaluating(model.network), torch.inference_mode():
        return model.forward(encoding, ask)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Switch dropout off, and every part back into the mode in which it came."""
    learning = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in learning:
            module.training = True
