"""States that each step of a text changes, by a loop that the file keeps: a trace has the sample's steps alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from onnx_export_action.exporters.traceable.operators import inverse

Own = Callable[..., Any]


@torch.jit.script  # type: ignore[untyped-decorator]
def _selected(kept: torch.Tensor, added: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
    """What is read from the state at each step, the steps first."""
    state = torch.zeros_like(added[0])
    said: list[torch.Tensor] = []
    for step in range(kept.size(0)):
        state = kept[step] * state + added[step]
        said.append((state @ read[step].unsqueeze(-1)).squeeze(-1))
    return torch.stack(said)


def selective_scan(own: Own) -> Own:
    """Mamba's scan, which the library writes as a loop of Python over the text."""

    def scan(
        hidden_states: torch.Tensor,
        dt: torch.Tensor,
        A: torch.Tensor,  # noqa: N803
        B: torch.Tensor,  # noqa: N803
        C: torch.Tensor,  # noqa: N803
        D: torch.Tensor | None = None,  # noqa: N803
        z: torch.Tensor | None = None,
        delta_bias: torch.Tensor | None = None,
        delta_softplus: bool = False,
        return_last_state: bool = False,
        **named: Any,
    ) -> Any:
        if not torch.jit.is_tracing() or return_last_state:
            named |= {"D": D, "z": z, "delta_bias": delta_bias, "delta_softplus": delta_softplus}
            return own(hidden_states, dt, A, B, C, return_last_state=return_last_state, **named)
        time = dt if delta_bias is None else dt + delta_bias.to(dt.dtype)[..., None]
        time = (functional.softplus(time) if delta_softplus else time).permute(2, 0, 1)[..., None]
        steps = hidden_states.permute(2, 0, 1)
        added = time * B.permute(2, 0, 1)[:, :, None].float() * steps[..., None].float()
        said = _selected(torch.exp(A * time), added, C.permute(2, 0, 1))
        said = said if D is None else said + steps * D
        said = said.permute(1, 2, 0)
        return (said if z is None else said * functional.silu(z)).to(hidden_states.dtype)

    return scan


@torch.jit.script  # type: ignore[untyped-decorator]
def _corrected(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    known: torch.Tensor,
    within: torch.Tensor,
    kept: torch.Tensor,
) -> torch.Tensor:
    """What queries read from the state before their chunk and from the chunk itself; the chunks first."""
    state = key[0].transpose(-1, -2) @ value[0] * 0.0
    said: list[torch.Tensor] = []
    for chunk in range(query.size(0)):
        new = value[chunk] - known[chunk] @ state
        said.append(query[chunk] @ state + within[chunk] @ new)
        state = state * kept[chunk] + key[chunk].transpose(-1, -2) @ new
    return torch.stack(said)


def gated_delta_rule(own: Own) -> Own:
    """The gated delta rule in chunks, of which a text has any number."""

    def rule(
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        g: torch.Tensor,
        beta: torch.Tensor,
        chunk_size: int = 64,
        initial_state: torch.Tensor | None = None,
        output_final_state: bool = False,
        use_qk_l2norm_in_kernel: bool = False,
        **named: Any,
    ) -> Any:
        if not torch.jit.is_tracing() or initial_state is not None or output_final_state:
            named |= {"chunk_size": chunk_size, "initial_state": initial_state}
            named |= {"use_qk_l2norm_in_kernel": use_qk_l2norm_in_kernel, "output_final_state": output_final_state}
            return own(query, key, value, g=g, beta=beta, **named)
        if use_qk_l2norm_in_kernel:
            query, key = _normal(query), _normal(key)
        said = _by_chunks(query * query.shape[-1] ** -0.5, key, value, g, beta, chunk_size)
        return said[:, : query.shape[1]].to(query.dtype), None

    return rule


def _normal(vectors: torch.Tensor) -> torch.Tensor:
    vectors = vectors.float()
    return vectors * torch.rsqrt(vectors.square().sum(-1, keepdim=True) + 1e-6)


def _by_chunks(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, g: torch.Tensor, beta: torch.Tensor, size: int
) -> torch.Tensor:
    heads = int(value.shape[2])
    query, key = (each.repeat_interleave(heads // int(each.shape[2]), dim=2) for each in (query, key))
    query, key, value, beta, g = (chunked(each, size) for each in (query, key, value, beta[..., None], g[..., None]))
    decay = g[..., 0].cumsum(-1)
    later = torch.ones(size, size, dtype=torch.bool).triu(1)
    between = (decay[..., :, None] - decay[..., None, :]).masked_fill(later, float("-inf")).exp()
    solved = inverse((key * beta) @ key.transpose(-1, -2) * between)
    grown = decay.exp()[..., None]
    said = _corrected(
        query * grown,
        key * (decay[..., -1:] - decay).exp()[..., None],
        solved @ (value * beta),
        solved @ (key * beta * grown),
        query @ key.transpose(-1, -2) * between,
        grown[..., -1:, :],
    )
    return said.permute(1, 0, 3, 2, 4).flatten(1, 2)


def chunked(tensor: torch.Tensor, size: int) -> torch.Tensor:
    """Rows, steps, heads and width as chunks, rows, heads, steps within the chunk, and width."""
    filled = functional.pad(tensor.float(), (0, 0, 0, 0, 0, -tensor.shape[1] % size))
    rows, _, heads, width = tensor.shape
    return filled.reshape(rows, -1, size, int(heads), int(width)).permute(1, 0, 3, 2, 4)
