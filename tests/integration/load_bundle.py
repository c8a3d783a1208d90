"""Run in the optimum interpreter: bundles through `optimum.onnxruntime`, and the model that they were made of.

    python load_bundle.py <ORT class> <transformers class> <model> <bundle>...

Prints the same texts' answers of all as JSON: generated tokens, or logits; and which bundles have a merged decoder.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import optimum.onnxruntime
import torch
import transformers

IDS = torch.tensor([[9, 17, 25, 33, 41, 49, 57, 65], [0, 0, 0, 71, 79, 87, 95, 103]])
MASK = (IDS != 0).long()


def answer(model: Any) -> list[Any]:
    given = {"input_ids": IDS, "attention_mask": MASK}
    if "ForSequenceClassification" in type(model).__name__:
        return np.asarray(model(**given).logits.detach()).tolist()
    if "Speech" in type(model).__name__ or "Whisper" in type(model).__name__:
        sound = torch.randn(2, 16, 100, generator=torch.Generator().manual_seed(5))
        given = {"input_features": sound}
    if "Vision" in type(model).__name__:
        given = {"pixel_values": torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(5))}
    greedy = {"max_new_tokens": 20, "min_new_tokens": 20, "do_sample": False, "num_beams": 1, "pad_token_id": 0}
    return transformers.GenerationMixin.generate(model, **given, **greedy).tolist()


def main(ort_class: str, torch_class: str, folder: str, *bundles: str) -> None:
    theirs = [getattr(optimum.onnxruntime, ort_class).from_pretrained(bundle) for bundle in bundles]
    own = getattr(transformers, torch_class).from_pretrained(folder).eval()
    merged = [bool(getattr(getattr(each, "decoder", None), "is_merged", False)) for each in theirs]
    print(json.dumps({"bundles": [answer(each) for each in theirs], "model": answer(own), "merged": merged}))


if __name__ == "__main__":
    main(*sys.argv[1:])
