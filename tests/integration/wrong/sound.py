"""Wrong files of sound: a Wav2Vec2 that writes down speech."""

from __future__ import annotations

from tests.integration.wrong.edits import (
    Edit,
    attribute,
    element,
    leaking,
    rounded_to_bits,
    size_above,
    sometimes,
    weight,
)

_HIDDEN = "/model/wav2vec2/encoder/layers.0/final_layer_norm/LayerNormalization_output_0"
_DIFFERS = r"at batch \d+.*: logits differs by up to"

WRONG: dict[str, tuple[Edit, str]] = {
    "padding of the positions' convolution": (attribute("Conv", "pads", [7, 9], place=7), _DIFFERS),
    "one element of a kernel": (element("conv_layers.3.conv.weight", (3, 3, 1), 0.01), _DIFFERS),
    "a kernel in bf16": (weight("conv_layers.2.conv.weight", rounded_to_bits(7)), _DIFFERS),
    "one bias of the letters": (element("lm_head.bias", (5,), 1e-3), _DIFFERS),
    "wrong beyond a second": (sometimes(_HIDDEN, size_above("input_values", 1, 16_000)), r"1.3 times.*differs"),
    "batch leaking": (leaking(_HIDDEN), r"at batch (2|5).*differs"),
    "a layer's scale": (weight("layers.1.final_layer_norm.weight", lambda array: array * 1.001), _DIFFERS),
}
