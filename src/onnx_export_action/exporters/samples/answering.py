"""The model's answers to real inputs, in files as those of the cases; runs in a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onnx_export_action.exporters import diagnosis, generation
from onnx_export_action.exporters.cached_inputs import CachedInputs
from onnx_export_action.exporters.checkpoint import Checkpoint
from onnx_export_action.exporters.module import array
from onnx_export_action.exporters.samples import batching, encoding, rules
from onnx_export_action.exporters.samples.batching import Batch
from onnx_export_action.exporters.samples.encoding import Encoded
from onnx_export_action.exporters.samples.rules import Rule
from onnx_export_action.exporters.samples.telling import Teller
from onnx_export_action.samples import reading
from onnx_export_action.samples.wrong import WrongSamples
from onnx_export_action.workers.protocol import Refusal

WRITTEN = 32  # tokens that a generation goes on for

_MOST_BYTES = 1 << 30
_FIRST = 16
_SEQUENCE = Rule("sequence", "logits")

Arrays = dict[str, NDArray[Any]]


class RealInputs:
    """The user's samples, read and encoded for one model."""

    def __init__(self, subject: Checkpoint, path: Path, trust_remote_code: bool) -> None:
        try:
            self._samples = reading.read(path, subject.task)
        except WrongSamples as wrong:
            raise encoding.refusal(wrong.message.removeprefix("samples: ").removesuffix("."), wrong.remedy) from wrong
        self._subject = subject
        self._writes = min(WRITTEN, (subject.longest_text or 2 * WRITTEN) // 2)
        self._goes_on = isinstance(subject.prompts, CachedInputs)  # behind the text itself
        longest = subject.longest_text
        longest = longest - self._writes if longest and self._goes_on else longest
        self._encode = encoding.encoder(subject, self._samples.modality, longest, trust_remote_code)
        self._kept: list[Encoded] = []  # what is needed to tell answers in words
        self._rule: Rule | None = None

    def answer(self, folder: Path, rows: int) -> dict[str, Any]:
        """Run the model on batches of so many rows, as many as fit; tells the files, and the samples' names."""
        written: list[dict[str, Any]] = []
        taken = 0
        for index, batch in enumerate(self._batches(rows)):
            file = folder / f"samples-{index:04}.npz"
            written.append(self._write(batch, file))
            taken += file.stat().st_size
            if taken > _MOST_BYTES:
                break
        names = [{"place": sample.place, "name": sample.name} for sample in self._samples.taken]
        return {"batches": written, "samples": names, "given": self._samples.given}

    def tell(self, found: list[dict[str, Any]]) -> list[dict[str, str]]:
        """Both answers to some samples in words."""
        assert self._rule is not None
        subject = self._subject
        teller = Teller(subject.task, subject.model.config, subject.tokenizer, self._rule)
        return [
            {side: teller.words(self._kept[each["sample"]], side, each) for side in ("expected", "actual")}
            for each in found
        ]

    def _encoded(self) -> Iterator[Encoded]:
        for sample in self._samples.taken:
            made = self._encode(sample)
            self._kept.append(made if self._samples.modality == "text" else Encoded({}))
            yield made

    def _batches(self, rows: int) -> Iterator[Batch]:
        subject = self._subject
        if self._samples.modality == "text":
            # A decoder writes on at the right end, so its prompts are padded on the left.
            side = "left" if self._goes_on else subject.tokenizer.padding_side
            return batching.texts(self._encoded(), subject.tokenizer, rows, side)
        names = subject.prompts.names if subject.prompts else subject.module.input_names
        return batching.files(self._encoded(), rows, "attention_mask" in names)

    def _write(self, batch: Batch, file: Path) -> dict[str, Any]:
        try:
            rule, arrays = self._answered(batch)
        except (Refusal, MemoryError):
            raise
        except Exception as error:  # a model's own code raises what it likes
            said = diagnosis.first_sentence(f"{type(error).__name__}: {error}", 200)
            first = self._samples.taken[batch.samples[0]]
            what = f"the model itself fails at {first.place or first.name} and the {len(batch.samples)} of its batch"
            raise encoding.refusal(f"{what}: {said}", "Check that its tokenizer or processor is its own.") from error
        self._rule = self._rule or rule
        np.savez(file, allow_pickle=False, **arrays)
        return {"file": str(file), "samples": list(batch.samples), "written": "tokens" in arrays, "rule": asdict(rule)}

    def _answered(self, batch: Batch) -> tuple[Rule, Arrays]:
        if self._subject.prompts is not None:
            return self._written(batch)
        writes = self._subject.task != "feature-extraction" and "decoder_input_ids" in self._subject.module.input_names
        return self._forced(batch) if writes else self._read(batch)

    def _read(self, batch: Batch) -> tuple[Rule, Arrays]:
        """What the model answers in one call."""
        subject = self._subject
        inputs = subject.typed(self._only(batch, subject.module.input_names))
        outputs = subject.module.answer(inputs)
        rule = rules.of(subject.task, subject.model.config, outputs)
        arrays = {**_inputs({**subject.derived(inputs), **inputs}), **_kept(rule, outputs)}
        return rule, arrays if batch.answered is None else {**arrays, "answered": batch.answered}

    def _forced(self, batch: Batch) -> tuple[Rule, Arrays]:
        """What an encoder-decoder writes, each token behind the model's own before it, in one call."""
        subject = self._subject
        source = self._only(batch, [name for name in subject.module.input_names if name != "decoder_input_ids"])
        source = subject.typed(source)
        start, tokens, _ = generation.generate(subject.model, source, self._writes)
        inputs = {**source, "decoder_input_ids": torch.cat([start, tokens[:, :-1]], dim=1)}
        inputs = {name: inputs[name].contiguous() for name in subject.module.input_names}
        outputs = subject.module.answer(inputs)
        arrays = {**_inputs(inputs), **_kept(_SEQUENCE, outputs)}
        return _SEQUENCE, {**arrays, "answered": self._until_end(tokens)}

    def _written(self, batch: Batch) -> tuple[Rule, Arrays]:
        """What a decoder writes from its cache."""
        subject = self._subject
        assert subject.prompts is not None
        names = ("input_ids", "attention_mask") if self._goes_on else subject.prompts.names
        prompt = subject.typed(self._only(batch, names))
        start, tokens, scores = generation.generate(subject.model, prompt, self._writes)
        arrays = {**_inputs(generation.first(prompt, subject.prompts)), **_kept(_SEQUENCE, {"logits": scores})}
        arrays |= {"tokens": tokens.numpy(), "start": start.numpy()}
        return _SEQUENCE, {**arrays, "answered": self._until_end(tokens)}

    def _only(self, batch: Batch, names: Any) -> dict[str, torch.Tensor]:
        lacking = [name for name in names if name not in batch.inputs]
        if lacking:
            what = f"the model's tokenizer or processor makes no `{lacking[0]}`, which the model needs"
            raise encoding.refusal(what, "Leave `samples` out for this model.")
        return {name: batch.inputs[name].contiguous() for name in names}

    def _until_end(self, tokens: torch.Tensor) -> NDArray[np.bool_]:
        """The tokens up to the first that ends the text, which nobody reads on behind."""
        own = getattr(self._subject.model.generation_config, "eos_token_id", None)
        ends = np.isin(tokens.numpy(), [] if own is None else own)
        return np.asarray(ends.cumsum(axis=1) - ends == 0)


def _kept(rule: Rule, outputs: Mapping[str, torch.Tensor]) -> Arrays:
    """The output itself, or of scores the greatest of each place: all of them would be gigabytes."""
    if rule.kind in ("labels", "span", "values"):
        return {f"out.{name}": array(outputs[name]) for name in (rule.output, rule.end) if name}
    scores = outputs[rule.output].float().movedim(rule.axis, -1)
    scores = scores.reshape(len(scores), -1, scores.shape[-1])
    best = scores.topk(min(_FIRST, scores.shape[-1]), dim=-1)
    return {"top.scores": best.values.numpy(), "top.choices": best.indices.numpy()}


def _inputs(values: Mapping[str, torch.Tensor]) -> Arrays:
    return {f"in.{name}": array(value) for name, value in values.items()}
