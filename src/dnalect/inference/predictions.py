"""What a fine-tuned model predicts of sequences."""

from collections.abc import Sequence

import numpy as np

from dnalect.inference.run import Batch, run
from dnalect.models.model import Ask
from dnalect.models.predictor import Predictions, Predictor
from dnalect.tokens.bases import opposite, texts


def raw_predictions(predictor: Predictor, sequences: str | Sequence[str], batch: int | None = None) -> Predictions:
    """Return logits, or values in their own unit, of n sequences: target -> (n, outputs) float32, in order.

    The mean over both strands where the model reads so; NaN of an empty sequence. batch: most sequences of a forward.
    """
    given = texts(sequences)
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
    predictor: Predictor, sequences: str | Sequence[str], batch: int | None = None, calibrated: bool = True
) -> Predictions:
    """Return probabilities, or values in their own unit, of n sequences: target -> (n, outputs) float32.

    sequences: of A, C, G, T, N, in either case. calibrated: as fitted on validation data.
    """
    return predictor.answers(raw_predictions(predictor, sequences, batch), calibrated)
