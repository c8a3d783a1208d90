"""What a file or a folder of samples holds for a task; whatever cannot be used is named, with its line or file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from onnx_export_action import tasks
from onnx_export_action.samples import lines
from onnx_export_action.samples.wrong import WrongSamples

Modality = Literal["text", "image", "sound"]

MOST = 1000

_SHOWN = 200  # characters of a text

# Of each modality, the tasks that have an answer to it alone.
_IMAGE_TASKS = (
    *("image-classification", "image-segmentation", "semantic-segmentation", "object-detection"),
    *("depth-estimation", "image-to-image", "feature-extraction"),
)
_SOUND_TASKS = (
    *("audio-classification", "audio-frame-classification", "audio-xvector", "automatic-speech-recognition"),
    "feature-extraction",
)
_TASKS: dict[Modality, tuple[str, ...]] = {"text": tuple(lines.FIELDS), "image": _IMAGE_TASKS, "sound": _SOUND_TASKS}
_ENDINGS: dict[Modality, tuple[str, ...]] = {
    "image": (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
    "sound": (".wav", ".flac", ".ogg", ".mp3"),
}
_WANTED: dict[Modality, str] = {
    "text": "a file of JSON lines",
    "image": "a folder of images",
    "sound": "a folder of sounds",
}


@dataclass(frozen=True)
class Sample:
    """One input: where it is, what people know it by, and its texts or its file."""

    place: str
    name: str
    texts: tuple[str, ...] = ()
    file: Path | None = None


@dataclass(frozen=True)
class Samples:
    """The first of them, as many as are taken, and how many there are."""

    modality: Modality
    taken: tuple[Sample, ...]
    given: int


def read(path: Path, task: str) -> Samples:
    """The samples of a file or a folder for a task; raises WrongSamples with one sentence."""
    plain = tasks.without_past(task)
    fitting = [modality for modality, known in _TASKS.items() if plain in known]
    if not fitting:
        raise WrongSamples(f"the task {plain} takes none", "Leave `samples` out for this task.")
    if path.is_dir():
        return _files(path, plain, fitting)
    if not path.exists():
        raise WrongSamples(f"{path.name[:80]!r} is neither a file nor a folder")
    if "text" not in fitting:
        raise WrongSamples(f"{path.name[:80]!r} is a file, and {plain} takes {_wanted(fitting)}")
    found, given = lines.read(path, plain, MOST)
    taken = (Sample(f"line {line.number}", " / ".join(line.texts)[:_SHOWN], line.texts) for line in found)
    return Samples("text", tuple(taken), given)


def _files(folder: Path, task: str, fitting: list[Modality]) -> Samples:
    kinds = [kind for kind in fitting if kind != "text"]
    if not kinds:
        raise WrongSamples(f"{folder.name[:80]!r} is a folder, and {task} takes {_WANTED['text']}")
    found = {kind: _of_kind(folder, kind) for kind in kinds}
    there = [kind for kind in kinds if found[kind]]
    if not there:
        endings = ", ".join(ending for kind in kinds for ending in _ENDINGS[kind])
        raise WrongSamples(f"the folder {folder.name[:80]!r} has no file that ends in {endings}")
    if len(there) > 1:
        raise WrongSamples(f"the folder {folder.name[:80]!r} holds images and sounds")
    files = found[there[0]]
    return Samples(there[0], tuple(Sample("", _shown(file), file=file) for file in files[:MOST]), len(files))


def _of_kind(folder: Path, kind: Modality) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise WrongSamples(f"the folder {folder.name[:80]!r} cannot be read: {error.strerror}") from None
    ours = (file for file in inside if file.suffix.lower() in _ENDINGS[kind] and not file.name.startswith("."))
    return [file for file in ours if file.is_file()]


def _shown(file: Path) -> str:
    """A file's name as text: on disk it may be any bytes."""
    return file.name.encode("utf-8", "replace").decode("utf-8")


def _wanted(fitting: list[Modality]) -> str:
    return " or ".join(_WANTED[modality] for modality in fitting)
