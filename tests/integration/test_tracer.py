"""What the tracer cannot write is written another way: one file of every kind, at sizes that it was not traced with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
import transformers
from transformers import masking_utils
from transformers.models.falcon_mamba import modeling_falcon_mamba
from transformers.models.minimax import modeling_minimax
from transformers.models.qwen3_next import modeling_qwen3_next
from transformers.models.siglip2 import modeling_siglip2

from onnx_export_action.exporters.traceable import operators, traceable

WIDTH = 4
Said = dict[str, torch.Tensor]


def delta(text: torch.Tensor) -> torch.Tensor:
    heads = torch.stack([text, text.flip(-1), -text, text * text], dim=2)
    decay, beta = -heads.abs().mean(-1), heads.mean(-1).sigmoid()
    rule = modeling_qwen3_next.torch_chunk_gated_delta_rule
    return rule(heads[:, :, :2], heads[:, :, 2:], heads, g=decay, beta=beta, use_qk_l2norm_in_kernel=True)[0]


def selected(text: torch.Tensor) -> torch.Tensor:
    steps, rate = text.transpose(1, 2), torch.linspace(-1.0, -0.1, 3 * WIDTH).reshape(WIDTH, 3)
    read = steps[:, :3]
    scan = modeling_falcon_mamba.mamba_selective_scan
    return scan(steps, steps, rate, read, read * 2, D=rate[:, 0], z=steps, delta_bias=rate[:, 1], delta_softplus=True)


def masked(text: torch.Tensor) -> torch.Tensor:
    rows, steps = (torch.arange(text.shape[axis]) for axis in (0, 1))
    rule = masking_utils._vmap_expansion_sdpa(lambda row, head, query, key: (key <= query + row) & (head == 0))
    return rule(rows, torch.arange(1), steps, steps)


def overlapping(text: torch.Tensor) -> torch.Tensor:
    rows, steps, width = text.size()
    row, step, within = text.stride()
    return text.as_strided((rows, steps // 2 - 1, 4, width), (row, 2 * step, step, within))


def marked(text: torch.Tensor) -> torch.Tensor:
    marked = text * 1
    marked[text[..., 0] > 0] = text[0, 0]
    return marked + 1


LIGHTNING = modeling_minimax.MiniMaxLightningAttention(
    transformers.MiniMaxConfig(
        hidden_size=WIDTH, head_dim=3, num_attention_heads=2, num_hidden_layers=2, block_size=8, hidden_act="silu"
    ),
    layer_idx=0,
).requires_grad_(False)


SIGLIP = modeling_siglip2.Siglip2VisionEmbeddings(
    transformers.Siglip2VisionConfig(hidden_size=WIDTH, num_patches=16, patch_size=2)
).requires_grad_(False)


def placed(text: torch.Tensor) -> torch.Tensor:
    """Images of one to three rows of three patches, for a table of four by four."""
    high = torch.arange(text.shape[0]) + 1
    grid = torch.stack([high, torch.full((text.shape[0],), 3) + 0 * high], dim=1)
    table = SIGLIP.position_embedding.weight.reshape(4, 4, -1)
    return SIGLIP.resize_positional_embeddings(table, grid, max_length=text.shape[1] + 9)


def images_of(text: torch.Tensor) -> torch.Tensor:
    return (text[:, :, None] * text[..., None]).transpose(1, 2)


def resized(mode: str) -> Callable[[torch.Tensor], torch.Tensor]:
    def resize(text: torch.Tensor) -> torch.Tensor:
        images, size = images_of(text), (text.shape[1] // 2, 7)
        return torch.nn.functional.interpolate(images, size=size, mode=mode, antialias=True, align_corners=False)

    return resize


def pooled(text: torch.Tensor) -> torch.Tensor:
    images = images_of(text)
    return torch.nn.AdaptiveAvgPool2d((3, 5))(images) + torch.nn.AdaptiveAvgPool2d(1)(images)


KINDS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "permute": lambda text: text.permute(-1, 0, -2),
    "movedim": lambda text: torch.movedim(text, -1, 1),
    "movedim_of_two": lambda text: text.movedim((0, 1), (-1, 0)),
    "repeat_interleave": lambda text: text.repeat_interleave(3, dim=1),
    "repeat_interleave_at_the_end": lambda text: torch.repeat_interleave(text, 2, -1),
    "cumsum": lambda text: (text > 0).cumsum(1),
    "diff": lambda text: torch.diff(text, prepend=text[:, :1] - 1, dim=1),
    "unfold": lambda text: text.unfold(1, 3, 2),
    "solve_triangular": lambda text: torch.linalg.solve_triangular(
        text[:, :WIDTH], text[:, :WIDTH], upper=False, unitriangular=True
    ),
    "min": lambda text: text.topk(operators.least(6, text.shape[1]), dim=1).values,
    "max": lambda text: torch.arange(operators.greatest(text.shape[1], 9)),
    "delta": delta,
    "selected": selected,
    "masked": masked,
    "marked": marked,
    "as_strided": overlapping,
    "lightning": lambda text: LIGHTNING(text, None, (text[..., 0] > -1))[0],
    "pooled": pooled,
    "bilinear": resized("bilinear"),
    "bicubic": resized("bicubic"),
    "placed": placed,
    "filled": lambda text: torch.where(text > 0, text.shape[1] - 2, torch.full(text.shape, 3)),
    "round": lambda text: text * round(text.shape[2] / 3, 1),
}


class Every(torch.nn.Module):  # type: ignore[misc]  # torch is not followed by the type checker
    """The answers of all kinds."""

    def forward(self, text: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(kind(text) for kind in KINDS.values())


def text(rows: int, steps: int) -> torch.Tensor:
    return torch.randn(rows, steps, WIDTH, generator=torch.Generator().manual_seed(steps))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> onnxruntime.InferenceSession:
    """One file of all kinds, traced with seven steps."""
    file: Path = tmp_path_factory.mktemp("tracer") / "model.onnx"
    named: dict[str, Any] = {"input_names": ["text"], "output_names": list(KINDS), "opset_version": 18}
    with traceable(torch.nn.ModuleList([LIGHTNING, SIGLIP])):
        axes = {"text": {0: "rows", 1: "steps"}}
        torch.onnx.export(Every(), (text(2, 7),), str(file), dynamic_axes=axes, dynamo=False, **named)
    return onnxruntime.InferenceSession(file)


@pytest.mark.parametrize("steps", [4, 5, 64, 131])
def test_tracer__every_kind_holds_at_other_sizes(session: onnxruntime.InferenceSession, steps: int) -> None:
    given = text(3, steps)
    for kind, found in zip(KINDS, session.run(None, {"text": given.numpy()}), strict=True):
        np.testing.assert_allclose(found, KINDS[kind](given), rtol=1e-4, atol=1e-5, err_msg=kind)


def test_traceable__leaves_everything_as_it_was() -> None:
    own = torch.Tensor.permute, torch.diff, torch.linalg.solve_triangular, masking_utils._vmap_expansion_sdpa
    with traceable(torch.nn.Identity()):
        assert torch.Tensor.permute is not own[0]
    assert own == (torch.Tensor.permute, torch.diff, torch.linalg.solve_triangular, masking_utils._vmap_expansion_sdpa)


def test_inverse__holds_where_powers_of_the_triangle_are_large() -> None:
    system = torch.ones(64, 64).tril()
    torch.testing.assert_close(operators.inverse(system) @ system, torch.eye(64))


def test_least__of_what_is_no_size_is_pythons_own() -> None:
    assert operators.least([3, 1, 2]) == 1
    assert operators.greatest("b", "a", key=str) == "b"
    assert operators.least([], default=5) == 5
