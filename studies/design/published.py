"""A published network as a judge: expression of yeast promoters of 110 bases (Vaishnav 2022, DeepAtt).

Convolution, pool, a recurrent layer in both directions, attention, three dense layers; written in plain arrays after
the description in its Keras file, of which no code is run. Shapes: n sequences, T places.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, InputError
from dnalect.core import track
from dnalect.tokens import encode
from studies.data import file_of

FILE = "weights/vaishnav_deepatt/DeepAtt_model.h5"
LENGTH, POOL, HEADS, AT_ONCE = 110, 3, 16, 256
Floats = npt.NDArray[np.float64]


class DeepAtt:
    """Reads sequences, gives expression in standard deviations of its own training labels."""

    def __init__(self, data: Path):
        self.weights = _weights(file_of(data, FILE))

    def __call__(self, sequences: Sequence[str]) -> Floats:
        """Return one number a sequence (n,). Raises InputError for other lengths than 110 bases, and unknown bases."""
        codes = [encode(text) for text in sequences]
        if any(len(each) != LENGTH or (each > 3).any() for each in codes):
            raise InputError(f"the published network reads {LENGTH} known bases")
        parts = range(0, len(codes), AT_ONCE)
        return np.concatenate(
            [self._read(np.stack(codes[low : low + AT_ONCE])) for low in track(parts, "judging", "parts")]
        )

    def _read(self, codes: npt.NDArray[np.uint8]) -> Floats:
        convolution = self.weights["conv1d/kernel"]
        windows = np.lib.stride_tricks.sliding_window_view(np.eye(4)[codes], len(convolution), axis=1)
        x = _rectified(np.einsum("npck,kco->npo", windows, convolution, optimize=True) + self.weights["conv1d/bias"])
        places = x.shape[1] // POOL
        x = x[:, : places * POOL].reshape(len(x), places, POOL, -1).max(axis=2)
        forward = self._recurrent(x, "forward_lstm")
        x = np.concatenate([forward, self._recurrent(x[:, ::-1], "backward_lstm")[:, ::-1]], axis=2)
        x = self._attention(x).reshape(len(x), -1)
        for layer in ("dense", "dense_1"):
            x = _rectified(x @ self.weights[f"{layer}/kernel"] + self.weights[f"{layer}/bias"])
        return np.asarray((x @ self.weights["dense_2/kernel"] + self.weights["dense_2/bias"])[:, 0])

    def _recurrent(self, x: Floats, name: str) -> Floats:
        """Return the states (n, T, units) of a recurrent layer: gates in, forget, cell, out; hard sigmoids."""
        kernel, inner, bias = (self.weights[f"{name}/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
        state = cell = np.zeros((len(x), len(inner)))
        states = []
        for place in range(x.shape[1]):
            gates = np.split(x[:, place] @ kernel + state @ inner + bias, 4, axis=1)
            taken, kept, shown = (np.clip(0.2 * gates[n] + 0.5, 0, 1) for n in (0, 1, 3))
            cell = kept * cell + taken * np.tanh(gates[2])
            state = shown * np.tanh(cell)
            states.append(state)
        return np.stack(states, axis=1)

    def _attention(self, x: Floats) -> Floats:
        """Return what heads read (n, T, C); queries, keys, values and the output are rectified."""
        weights = {name.rpartition("_")[2]: each for name, each in self.weights.items() if "attention_" in name}
        parts = (_rectified(x @ weights[f"W{name}"] + weights[f"b{name}"]) for name in "qkv")
        query, key, value = (each.reshape(*x.shape[:2], HEADS, -1).transpose(0, 2, 1, 3) for each in parts)
        odds = np.exp(query @ key.transpose(0, 1, 3, 2) / np.sqrt(query.shape[-1]))
        read = odds / odds.sum(axis=-1, keepdims=True) @ value
        return _rectified(read.transpose(0, 2, 1, 3).reshape(x.shape) @ weights["Wo"] + weights["bo"])


def _rectified(x: Floats) -> Floats:
    return np.maximum(x, 0)


def _weights(path: Path) -> Mapping[str, Floats]:
    """Return the arrays of a Keras file, by the last two parts of their names."""
    try:
        import h5py
    except ImportError as error:
        raise ConfigError("the published judge lies in an hdf5 file: pip install 'dnalect[hdf5]'") from error
    found: dict[str, Floats] = {}

    def take(name: str, each: object) -> None:
        if isinstance(each, h5py.Dataset):
            found["/".join(name.split("/")[-2:]).removesuffix(":0")] = np.array(each, dtype=np.float64)

    with h5py.File(path) as file:
        file["model_weights"].visititems(take)
    return found
