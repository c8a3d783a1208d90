"""The forms in which models take sound: the wave itself, or features of it, by their bins or by their frames first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch

from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.inputs.configuration import number, read
from onnx_export_action.exporters.inputs.form import Form, Tensors

_SAMPLES = 16_000
_FRAMES = 3_000
_FEW_FRAMES = 128
_USUAL_BINS = (80, 128, 64)
_HEARS = "audio encoder speech"
_BINS = ("num_mel_bins", "n_mels", "input_dim", "num_mel", "input_feat_per_channel", "feature_projection_input_dim")
_WAVES = ("input_values", "audio_values", "waveform", "audio")
_FEATURES = ("input_features", "audio_features", "input_audio_features")
_MASKS = ("input_features_mask", "feature_attention_mask", "features_mask")


def forms(config: Any, processor: Mapping[str, Any], parameters: Collection[str]) -> Iterator[Form]:
    """Every form that the names of a model's parameters allow, the usual first."""
    masked = bool(processor.get("return_attention_mask")) and "attention_mask" in parameters
    told = processor.get("feature_size") or number(config, *_BINS, of=_HEARS, otherwise=0)
    bins = told or _USUAL_BINS[0]
    for name in (name for name in _WAVES if name in parameters):
        length = read(config, "max_length")
        if read(config, "num_mel_bins") and isinstance(length, int) and length > 1:
            yield _spectrogram(name, (length, bins))
        yield _wave(name, (), masked)
        yield _wave(name, (1,), False)
    for name in (name for name in _FEATURES if name in parameters):
        masks = [None, *(mask for mask in _MASKS if mask in parameters)]
        yield _window(name, bins, _window_length(config, processor))
        widths = (told,) if told else _USUAL_BINS
        yield from (_frames(name, width, mask, masked) for mask in masks for width in widths)
        yield _window(name, bins, _FEW_FRAMES)
        yield _spectrogram(name, (1, _FEW_FRAMES, bins))
        yield _spectrogram(name, (1, bins, _FEW_FRAMES))


def _wave(name: str, channels: tuple[int, ...], masked: bool) -> Form:
    def make(case: Case, generator: torch.Generator) -> Tensors:
        length = int(_SAMPLES * case.scale)
        made = {name: torch.randn(case.batch, *channels, length, generator=generator)}
        return {**made, "attention_mask": _shorter(case, length)} if masked else made

    axes = {0: "batch_size", 1 + len(channels): "sequence_length"}
    return Form("sound", {name: axes, **({"attention_mask": axes} if masked else {})}, make)


def _window(name: str, bins: int, frames: int) -> Form:
    """A window of one length, as Whisper takes it."""

    def make(case: Case, generator: torch.Generator) -> Tensors:
        return {name: torch.randn(case.batch, bins, frames, generator=generator)}

    return Form("sound", {name: {0: "batch_size"}}, make)


def _frames(name: str, bins: int, mask: str | None, masked: bool) -> Form:
    """Frames of any number."""
    masks = [*([mask] if mask else []), *(["attention_mask"] if masked else [])]

    def make(case: Case, generator: torch.Generator) -> Tensors:
        frames = int(_FEW_FRAMES * case.scale)
        made = {name: torch.randn(case.batch, frames, bins, generator=generator)}
        return {**made, **dict.fromkeys(masks, _shorter(case, frames))}

    axes = {0: "batch_size", 1: "num_frames"}
    return Form("sound", dict.fromkeys((name, *masks), axes), make)


def _spectrogram(name: str, shape: tuple[int, ...]) -> Form:
    def make(case: Case, generator: torch.Generator) -> Tensors:
        return {name: torch.randn(case.batch, *shape, generator=generator)}

    return Form("sound", {name: {0: "batch_size"}}, make)


def _window_length(config: Any, processor: Mapping[str, Any]) -> int:
    positions = getattr(config, "max_source_positions", None)
    return 2 * positions if positions else int(processor.get("nb_max_frames", _FRAMES))


def _shorter(case: Case, length: int) -> torch.Tensor:
    """1 where there is sound: each row ends a tenth before the one above it."""
    ends = torch.tensor([length - row * length // 10 for row in range(case.batch)])
    return (torch.arange(length)[None] < ends[:, None]).long()
