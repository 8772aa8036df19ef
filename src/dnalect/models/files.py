"""The files of a model folder: JSON, and weights as named tensors. Nothing in a file is ever run."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256 as sha256_of
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from dnalect.core.errors import ModelError
from dnalect.core.files import read_json, sha256

LARGEST_INDEX = 1 << 26
# In the order of preference: what is read first holds no pickle.
KINDS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
# Evo 2's, which has a name of its own in each repository.
PICKLED = "*.pt"
HDF5 = ("*.hdf5", "*.h5")
KERAS = frozenset(("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "embeddings"))
KERAS |= frozenset(("depthwise_kernel", "pointwise_kernel", "scale", "r_w_bias", "r_r_bias"))
# Layers inside of a layer whose weights are told apart by name.
NESTED = frozenset(("q_layer", "k_layer", "v_layer", "embedding_layer", "r_k_layer"))


@dataclass(frozen=True)
class Weights:
    """The weights of a folder, read. files: those that hold them. sha256: of the file, or of all."""

    tensors: dict[str, Tensor]
    files: tuple[Path, ...]

    @property
    def sha256(self) -> str:
        """The hex SHA-256 of the one file; of several, that of the lines `SHA-256  name`."""
        if len(self.files) == 1:
            return sha256(self.files[0])
        lines = "".join(f"{sha256(path)}  {path.name}\n" for path in sorted(self.files))
        return sha256_of(lines.encode()).hexdigest()


def weight_files(folder: Path) -> tuple[Path, ...]:
    """Return the files that hold a folder's weights, () where there is none.

    One file or the shards of an index; safetensors before a pickle before hdf5.
    Raises ModelError where shards are missing, or an index is no index.
    """
    for kind in KINDS:
        path = folder / kind
        if path.is_file():
            return _shards(path) if kind.endswith(".index.json") else (path,)
    if pickles := sorted(folder.glob(PICKLED)):
        return tuple(pickles[:1])
    found = sorted(path for pattern in HDF5 for path in folder.glob(pattern))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ModelError(f"{folder} holds several hdf5 files ({names}); leave the one to load")
    return tuple(found)


def read_weights(folder: Path) -> Weights:
    """Read all tensors of a folder, onto the CPU. Raises ModelError that names the file at fault."""
    files = weight_files(folder)
    if not files:
        raise ModelError(f"{folder} holds no weights: none of {', '.join(KINDS)}, *.hdf5")
    tensors: dict[str, Tensor] = {}
    for path in files:
        for name, tensor in _reader(path)(path).items():
            if name in tensors:
                raise ModelError(f"{path} repeats {name}, which another file of {folder} holds too")
            tensors[name] = tensor
    return Weights(tensors, files)


def _shards(index: Path) -> tuple[Path, ...]:
    mapping = read_json(index, LARGEST_INDEX).get("weight_map")
    if not isinstance(mapping, dict) or not all(isinstance(name, str) for name in mapping.values()):
        raise ModelError(f"{index} has no weight_map from tensors to files")
    names = sorted(set(mapping.values()))
    if outside := [name for name in names if Path(name).name != name]:
        raise ModelError(f"{index} names a file outside its folder: {outside[0]}")
    paths = tuple(index.parent / name for name in names)
    if missing := [path.name for path in paths if not path.is_file()]:
        raise ModelError(f"{index.parent} lacks {', '.join(missing)}, which {index.name} names; download them too")
    return paths


def _reader(path: Path) -> Callable[[Path], Mapping[str, Tensor]]:
    if path.suffix == ".safetensors":
        return read_safetensors
    return read_pickle if path.suffix in (".bin", ".pt") else read_keras


def read_safetensors(path: Path) -> Mapping[str, Tensor]:
    """Read all tensors of a file. Raises ModelError where it can't be read."""
    try:
        return load_file(path)
    except (OSError, ValueError, KeyError, AttributeError, RuntimeError, safetensors.SafetensorError) as error:
        raise ModelError(f"cannot read the weights {path}: {error}") from error


def read_pickle(path: Path) -> Mapping[str, Tensor]:
    """Read the tensors of a state dict; nothing in it is run. Raises ModelError where it holds anything else."""
    try:
        # Mapped, not read: what a huge claim asks for is never allocated.
        with torch.serialization.safe_globals([io.BytesIO]):  # a buffer, of what FP8 left behind
            found: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # a malformed pickle may raise anything at all
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if "weights_only" in str(error) or "Unsupported global" in str(error) or "WeightsUnpickler" in str(error):
            raise ModelError(
                f"{path} holds more than tensors, and could run code; it was not loaded. "
                f"Get it as safetensors from someone you trust ({first[:200]})"
            ) from error
        raise ModelError(f"cannot read the weights {path}: {first[:300]}") from error
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise ModelError(f"{path} holds no mapping from names to tensors")
    found = {name: value for name, value in found.items() if not name.endswith("._extra_state")}
    if strange := [name for name, value in found.items() if not isinstance(value, Tensor)]:
        raise ModelError(f"{path}: {strange[0]} is no tensor; a checkpoint of a training run can't be loaded")
    if sparse := [name for name, tensor in found.items() if tensor.layout != torch.strided or tensor.is_quantized]:
        raise ModelError(f"{path}: {sparse[0]} is a sparse or quantized tensor; save it dense")
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in _distinct(found))
    if claimed > path.stat().st_size:
        raise ModelError(f"{path} claims {claimed:,} bytes of numbers, more than the file has")
    return dict(found)


def _distinct(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """Tensors that share their numbers with none before them: tied ones lie in a file once."""
    seen: dict[tuple[int, tuple[int, ...]], Tensor] = {}
    for tensor in tensors.values():
        seen.setdefault((tensor.data_ptr(), tuple(tensor.shape)), tensor)
    return list(seen.values())


def read_keras(path: Path) -> dict[str, Tensor]:
    """Return the weights of a Keras model in hdf5, whole or alone, float32, named `layer/number.kind`.

    Keras keeps the weights of a layer as a list; the number is the place in it, since the names inside change from
    run to run. Those of NESTED layers are named `layer/number.nested.kind`.
    Raises ModelError where h5py is not installed, or the file is no such thing.
    """
    with _opened(path) as (h5py, file):
        root = file if "layer_names" in file.attrs else _inside(h5py, file, "model_weights", path)
        return dict(_layers(h5py, root, path))


def keras_description(path: Path) -> str:
    """Return what a Keras file says of its network, JSON that may hold marshalled Python, which nothing may run; or "".

    Raises ModelError where h5py is not installed, or the file is no hdf5.
    """
    with _opened(path) as (_, file):
        told = file.attrs.get("model_config", "")
        return told.decode() if isinstance(told, bytes) else str(told)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield h5py and an open file of its. Whatever is raised becomes a ModelError."""
    try:
        import h5py
    except ImportError as error:
        raise ModelError(f"{path} is hdf5: install h5py to read it (pip install 'dnalect[hdf5]')") from error
    try:
        with h5py.File(path, "r") as file:
            yield h5py, file
    except ModelError:
        raise
    except Exception as error:  # h5py raises many kinds on a damaged file
        raise ModelError(f"cannot read the weights {path}: {str(error).splitlines()[0][:300]}") from error


def _layers(h5py: Any, root: Any, path: Path) -> Iterator[tuple[str, Tensor]]:
    for layer in _names(root, "layer_names", path):
        group = _inside(h5py, root, layer, path)
        for number, weight in enumerate(_names(group, "weight_names", path)):
            within, _, last = weight.rpartition("/")
            kind, inner = last.partition(":")[0], within.rpartition("/")[2]
            if kind not in KERAS:
                raise ModelError(f"{path}: the layer {layer} has a weight of an unknown kind, {weight}")
            nested = f"{inner}." if inner in NESTED else ""
            yield f"{layer}/{number}.{nested}{kind}", _tensor(h5py, group, weight, path)


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
