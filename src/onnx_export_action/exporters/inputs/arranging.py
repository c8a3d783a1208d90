"""What a model may be given together, the usual first: its text, one form of what it sees or hears, or both; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from onnx_export_action.exporters.inputs.form import Form

_CONTRASTING = ("zero-shot-image-classification", "feature-extraction")
_TEXT = ("input_ids", "attention_mask")
_DECODER = "decoder_input_ids"


@dataclass(frozen=True)
class Arrangement:
    """Names of a text, and a form; `separate` when text and images have batches of their own."""

    text: tuple[str, ...]
    form: Form | None = None
    separate: bool = False
    places: bool = False  # tokens of the text stand for the image

    @property
    def names(self) -> set[str]:
        """Every input."""
        return {*self.text, *(self.form.names if self.form else ())}


@dataclass(frozen=True)
class Known:
    """What decides: the names that a tokenizer or the model asks for, the forms that it must be given or may be."""

    task: str
    parameters: Collection[str]
    text: tuple[str, ...]
    wanted: tuple[Form, ...]
    possible: tuple[Form, ...]
    has_token: bool


def arrangements(known: Known) -> Iterator[Arrangement]:
    """In the order in which they are tried."""
    if not known.wanted:
        yield Arrangement(known.text)
    elif known.wanted[0].kind == "image":
        yield from _with_images(known)
    else:
        yield from _alone(known, known.wanted)
        yield from (Arrangement(_readable(known), form) for form in known.wanted if _readable(known))
    if known.text or not known.wanted:
        yield from (Arrangement(known.text or _readable(known), form) for form in known.possible)
        yield from _alone(known, known.possible)


def _with_images(known: Known) -> Iterator[Arrangement]:
    text = known.text or (_readable(known) if known.task == "image-to-text" else ())
    if text and known.has_token:
        types = tuple(name for name in ("mm_token_type_ids",) if name in known.parameters)
        yield from (Arrangement((*text, *types), form, places=True) for form in known.wanted)
    if text and known.task in _CONTRASTING and not known.has_token:
        yield from (Arrangement(text, form, separate=True) for form in known.wanted[:1])
    if text:
        yield from (Arrangement(text, form) for form in known.wanted)
    yield from _alone(known, known.wanted)
    if _readable(known) and not text:
        yield from (Arrangement(_readable(known), form) for form in known.wanted)


def _alone(known: Known, forms: tuple[Form, ...]) -> Iterator[Arrangement]:
    """Without a text, then with the start of an answer where the model takes one."""
    decoder = tuple(name for name in known.text if name.startswith("decoder_"))
    yield from (Arrangement(decoder, form) for form in forms)
    if _DECODER in known.parameters and not decoder:
        yield from (Arrangement((_DECODER,), form) for form in forms)


def _readable(known: Known) -> tuple[str, ...]:
    return tuple(name for name in _TEXT if name in known.parameters) if _TEXT[0] in known.parameters else ()
