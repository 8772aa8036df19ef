"""The weights of a Keras model in hdf5 (LOGO's) -> tensors named `layer/number.kind`.

Keras keeps the weights of a layer as a list; the number is the place in it, since the names
inside change from run to run. The network's description in the file, which may hold marshalled
Python, is never read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnalect.core.errors import ModelError

KINDS = ("kernel", "bias", "gamma", "beta", "embeddings")


def read_keras(path: Path) -> dict[str, Tensor]:
    """Return the weights of a whole Keras model or of its weights alone, float32.

    Raises ModelError where h5py is not installed, or the file is no such thing.
    """
    try:
        import h5py
    except ImportError as error:
        raise ModelError(f"{path} is hdf5: install h5py to read it (pip install 'dnalect[hdf5]')") from error
    try:
        with h5py.File(path, "r") as file:
            root = file if "layer_names" in file.attrs else _inside(h5py, file, "model_weights", path)
            return dict(_layers(h5py, root, path))
    except ModelError:
        raise
    except Exception as error:  # h5py raises many kinds on a damaged file
        raise ModelError(f"cannot read the weights {path}: {str(error).splitlines()[0][:300]}") from error


def _layers(h5py: Any, root: Any, path: Path) -> Iterator[tuple[str, Tensor]]:
    for layer in _names(root, "layer_names", path):
        group = _inside(h5py, root, layer, path)
        for number, weight in enumerate(_names(group, "weight_names", path)):
            kind = weight.rpartition("/")[2].partition(":")[0]
            if kind not in KINDS:
                raise ModelError(f"{path}: the layer {layer} has a weight of an unknown kind, {weight}")
            yield f"{layer}/{number}.{kind}", _tensor(h5py, group, weight, path)


def _names(group: Any, attribute: str, path: Path) -> list[str]:
    if attribute not in group.attrs:
        raise ModelError(f"{path} is no Keras model: {group.name} has no {attribute}")
    return [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[attribute]]


def _inside(h5py: Any, group: Any, name: str, path: Path) -> Any:
    """Follow hard links only: others may lead out of the file."""
    for part in name.split("/"):
        if not part:
            continue
        if not isinstance(group, h5py.Group) or part not in group:
            raise ModelError(f"{path} lacks {name}")
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise ModelError(f"{path}: {name} is a link, which is not followed")
        group = group[part]
    return group


def _tensor(h5py: Any, group: Any, name: str, path: Path) -> Tensor:
    data = _inside(h5py, group, name, path)
    if not isinstance(data, h5py.Dataset) or data.dtype.kind != "f" or data.external or data.is_virtual:
        raise ModelError(f"{path}: {name} holds no floating-point numbers of its own")
    if data.nbytes > path.stat().st_size and data.compression is None:
        raise ModelError(f"{path}: {name} claims {data.nbytes:,} bytes, more than the file has")
    return torch.from_numpy(np.asarray(data[()], dtype=np.float32))
