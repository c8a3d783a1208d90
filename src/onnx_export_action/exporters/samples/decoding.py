"""Images and sounds from files, as transformers' pipelines read them; runs in a worker, which can do no harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

LONGEST_SECONDS = 30


def image(file: Path) -> Any:
    """The image upright and in colours."""
    with Image.open(file) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def sound(file: Path, rate: int) -> NDArray[np.float32]:
    """The first seconds of a sound, its channels as one; raises ValueError for another sampling rate."""
    import soundfile

    with soundfile.SoundFile(file) as opened:
        if opened.samplerate != rate:
            raise ValueError(f"it has {opened.samplerate:,} samples a second, and the model takes {rate:,}")
        values = opened.read(LONGEST_SECONDS * rate, dtype="float32", always_2d=True)
    if not len(values):
        raise ValueError("it holds no sound")
    return np.ascontiguousarray(values.mean(axis=1))
