"""An answer in words: the model's labels, its tokens, its text; runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from onnx_export_action import tasks
from onnx_export_action.exporters.samples.encoding import Encoded
from onnx_export_action.exporters.samples.rules import Rule

Side = Literal["expected", "actual"]

_PLACES = 3


@dataclass(frozen=True)
class Teller:
    """What turns numbers into words for one model."""

    task: str
    config: Any
    tokenizer: Any
    rule: Rule

    def words(self, encoded: Encoded, side: Side, found: Mapping[str, Any]) -> str:
        """The model's answers to one sample, or the file's; of many places the worst few."""
        answers: Sequence[int] = found[side]
        if self.rule.kind == "values":
            return f"cosine {found['cosine']:.6f}" if side == "actual" and found["cosine"] is not None else ""
        if self.rule.kind == "span":
            return self._text(encoded.ids[answers[0] : answers[1] + 1])
        if self.rule.kind == "sequence":
            return self._text(answers)
        if self.rule.kind == "places":
            few = list(zip(found["places"], answers, strict=True))[:_PLACES]
            return ", ".join(f"{self._place(encoded, place)}{self._name(answer)}" for place, answer in few)
        return ", ".join(self._name(answer) for answer in answers) or "none"

    def _place(self, encoded: Encoded, place: int) -> str:
        """The token that has a label or that the next one follows, or the number of a place."""
        if not encoded.answered:
            return f"{place + 1}: "
        own = [at for at, answered in enumerate(encoded.answered) if answered]
        if self.task == "fill-mask":
            return f"mask {place + 1}: " if len(own) > 1 else ""
        token = self._text([encoded.ids[own[place]]]) or f"token {own[place] + 1}"
        return f"after {token}: " if tasks.without_past(self.task) == "text-generation" else f"{token}: "

    def _name(self, answer: int) -> str:
        if self._scores_tokens:
            return self._text([answer])
        return str(dict(getattr(self.config, "id2label", None) or {}).get(answer, answer))

    @property
    def _scores_tokens(self) -> bool:
        return tasks.without_past(self.task) in ("fill-mask", "text-generation")

    def _text(self, tokens: Sequence[int]) -> str:
        if self.tokenizer is None:
            return " ".join(map(str, tokens))
        return str(self.tokenizer.decode(list(tokens))).strip()
