"""Wrong files of vision: a ViT and a ResNet."""

from __future__ import annotations

import numpy as np

from tests.integration.wrong.edits import Edit, attribute, element, int8, leaking, row, weight

_DIFFERS = r"at batch \d+.*: logits differs by up to"

VIT: dict[str, tuple[Edit, str]] = {
    "one position": (weight("position_embeddings", lambda array: np.roll(array, 1, axis=1)), _DIFFERS),
    "colours exchanged": (weight("patch_embeddings.projection.weight", lambda array: array[:, ::-1]), _DIFFERS),
    "height and width exchanged": (
        weight("patch_embeddings.projection.weight", lambda array: array.transpose(0, 1, 3, 2)),
        _DIFFERS,
    ),
    "a matrix in 8 bits": (weight("layers.1.mlp.fc1.weight", int8), _DIFFERS),
    "one bias of the classes": (element("classifier.bias", (1,), 1e-3), _DIFFERS),
    "classes exchanged": (row("classifier.weight", 2), _DIFFERS),
    "class token": (element("cls_token", (0, 0, 3), 0.01), _DIFFERS),
    "batch leaking": (leaking("/model/vit/layernorm/LayerNormalization_output_0"), r"at batch (2|5).*differs"),
}

RESNET: dict[str, tuple[Edit, str]] = {
    "padding on one side": (attribute("Conv", "pads", [0, 0, 2, 2], place=1), _DIFFERS),
    "variance of one channel": (
        weight("normalization.running_var", lambda array: array * np.where(np.arange(len(array)) == 3, 1.01, 1)),
        _DIFFERS,
    ),
    "epsilon of a batch normalisation": (attribute("BatchNormalization", "epsilon", 1e-3), _DIFFERS),
    "one element of a kernel": (element("layers.0.layer.1.convolution.weight", (3, 3, 1, 1), 0.01), _DIFFERS),
    "kernel turned round": (weight("layer.0.convolution.weight", lambda array: array[..., ::-1]), _DIFFERS),
}
