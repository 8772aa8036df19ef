"""What a fine-tuned model predicts of sequences."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from dnalect.inference.embed import read_states
from dnalect.inference.run import Batch, evaluating, run
from dnalect.models.fusion import Beside
from dnalect.models.model import Ask, Model
from dnalect.models.pooled import Pooled, Reading
from dnalect.models.predictor import Predictions, Predictor, own_unit
from dnalect.tokens.bases import opposite, texts

Singles = npt.NDArray[np.float32]
# Rows whose vectors and signals are joined at once.
ROWS = 4096


def raw_predictions(
    predictor: Predictor, sequences: str | Sequence[str], batch: int | None = None, signals: Singles | None = None
) -> Predictions:
    """Return logits, or values in their own unit, of n sequences: target -> (n, outputs) float32, in order.

    The mean over both strands where the model reads so; NaN of an empty sequence. batch: most sequences of a forward.
    signals: (n, S, K), for a model that fuses: equal sequences beside different signals are read once. NaN where one
    is missing, None where all are.
    """
    given = texts(sequences)
    if predictor.beside is not None:
        states = states_beside(predictor.base, predictor.reading, given, predictor.beside, batch)
        found = fused(predictor.network, states, signals)
        empty = np.array([not text for text in given], dtype=np.bool_)
        return {name: np.where(empty[:, None], np.nan, each).astype(np.float32) for name, each in found.items()}
    both = predictor.reading.strands == 2 and predictor.can.strands == "one"
    views = [*given, *map(opposite, given)] if both else given
    sizes = {name: (len(views), len(spec.outputs)) for name, spec in predictor.can.targets.items()}
    found = {name: np.full(size, np.nan, dtype=np.float32) for name, size in sizes.items()}

    def keep(batch: Batch) -> None:
        for name, values in (batch.output.targets or {}).items():
            found[name][batch.windows] = values.cpu().numpy()[batch.rows]

    run(predictor, views, Ask(targets=True), keep, rows=batch)
    return {
        name: each.reshape(1 + both, len(given), each.shape[1]).mean(axis=0, dtype=np.float32)
        for name, each in found.items()
    }


def predictions(
    predictor: Predictor,
    sequences: str | Sequence[str],
    batch: int | None = None,
    calibrated: bool = True,
    signals: Singles | None = None,
) -> Predictions:
    """Return probabilities, or values in their own unit, of n sequences: target -> (n, outputs) float32.

    sequences: of A, C, G, T, N, in either case. calibrated: as fitted on validation data. signals: see
    `raw_predictions`.
    """
    return predictor.answers(raw_predictions(predictor, sequences, batch, signals), calibrated)


def states_beside(
    base: Model,
    reading: Reading,
    sequences: Sequence[str],
    beside: Beside,
    batch: int | None = None,
    quiet: bool = True,
) -> Singles:
    """Return what is fused of sequences (n, P): their pooled states; zeros where they are not read."""
    if beside.blind:
        return np.zeros((len(sequences), reading.width(base.can.width)), dtype=np.float32)
    return read_states(base, reading, sequences, batch, quiet)


def fused(pooled: Pooled, states: Singles, signals: Singles | None) -> Predictions:
    """Return logits, or values in their own unit, of pooled states (n, P) and signals (n, S, K), or None.

    Where both strands are read, the mean over both directions of the signals.
    """
    views = [signals] if signals is None or pooled.reading.strands == 1 else [signals, signals[..., ::-1].copy()]
    specs, device = pooled.heads.specs, pooled.base.device
    sums = {name: np.zeros((len(states), len(spec.outputs)), dtype=np.float32) for name, spec in specs.items()}
    with evaluating(pooled), torch.inference_mode():
        for low in range(0, len(states), ROWS):
            part = slice(low, low + ROWS)
            vectors = torch.from_numpy(states[part]).to(device)
            for view in views:
                for name, raw in pooled.answers(vectors, None if view is None else view[part]).items():
                    sums[name][part] += own_unit(specs[name], raw.float().cpu().numpy())
    return {name: each / np.float32(len(views)) for name, each in sums.items()}
