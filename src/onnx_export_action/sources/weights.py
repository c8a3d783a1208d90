"""Which files of a folder hold the weights, and whether they are whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from onnx_export_action.errors import UsageError
from onnx_export_action.sources.config import read_json
from onnx_export_action.sources.lfs import check_not_pointer
from onnx_export_action.sources.safetensors_header import tensor_names

# In the order in which transformers looks for them; an index names the shards.
CANDIDATES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")

_OTHER_FORMATS = (".h5", ".msgpack", ".ckpt", ".pt", ".pth", ".pkl", ".bin", ".gguf", ".safetensors", ".index")


def choose(names: Iterable[str]) -> str:
    """The weights file, or the index of the sharded weights, that a loader would take from these names."""
    present = set(names)
    chosen = next((name for name in CANDIDATES if name in present), None)
    if chosen is not None:
        return chosen
    others = sorted(name for name in present if name.endswith(_OTHER_FORMATS))
    if "adapter_model.safetensors" in present or "adapter_model.bin" in present:
        raise UsageError(
            "the folder holds an adapter's weights, not a model's.", "Merge the adapter into its base model first."
        )
    if others:
        raise UsageError(
            f"the model has no weights that can be loaded safely, only {_listed(others)}.",
            "Load them once where you trust them, and save them with `save_pretrained` as model.safetensors.",
        )
    raise UsageError(
        "the model's folder has no weights.", "Add model.safetensors (or model.safetensors.index.json with its shards)."
    )


def shard_names(index: Path) -> tuple[str, ...]:
    """The shards that an index names, each a plain file name of the same folder."""
    return tuple(sorted(set(_weight_map(index).values())))


def find(folder: Path) -> tuple[Path, ...]:
    """The weight files of a folder, whole and complete."""
    chosen = folder / choose(entry.name for entry in folder.iterdir())
    if chosen.suffix != ".json":
        _check_file(chosen)
        return (chosen,)
    weight_map = _weight_map(chosen)
    shards = tuple(folder / name for name in sorted(set(weight_map.values())))
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing:
        raise UsageError(
            f"{len(missing)} of {len(shards)} weight files are missing: {_listed(missing)}.",
            "Add the files that the index names.",
        )
    present = {shard.name: _check_file(shard) for shard in shards}
    lost = sorted(
        name for name, shard in weight_map.items() if shard.endswith(".safetensors") and name not in present[shard]
    )
    if lost:
        raise UsageError(
            f"{len(lost)} weights that {chosen.name} names are in none of its files: {_listed(lost)}.",
            "Save the model again.",
        )
    return shards


def is_pickle(path: Path) -> bool:
    """Whether a weights file is a pickle, which only torch's weights-only loader may open."""
    return path.suffix == ".bin"


def _weight_map(index: Path) -> dict[str, str]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise UsageError(f"{index.name} has no `weight_map`.", "Save the model again with `save_pretrained`.")
    for name in weight_map.values():
        if (
            not isinstance(name, str)
            or PurePosixPath(name).name != name
            or name in ("", "..")
            or "\\" in name
            or "\0" in name
        ):
            raise UsageError(
                f"{index.name} names {str(name)[:80]!r}, which is not a file of the model's folder.",
                "Correct the index.",
            )
        if not name.endswith((".safetensors", ".bin")):
            raise UsageError(f"{index.name} names {name[:80]!r}, which is no weights file.", "Correct the index.")
    return weight_map


def _check_file(path: Path) -> frozenset[str]:
    check_not_pointer(path)
    if not path.is_file():
        raise UsageError(f"{path.name} is not a file.", "Save the model again with `save_pretrained`.")
    if path.stat().st_size == 0:
        raise UsageError(f"{path.name} is empty.", "Download or save the file again.")
    return frozenset() if is_pickle(path) else tensor_names(path)


def _listed(names: list[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
