"""Complex numbers as pairs of real ones: what rotary embeddings do with them, without a type that ONNX lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Pair:
    """Real and imaginary parts, with as much of a tensor's manners as models ask of their rotations."""

    real: torch.Tensor
    imag: torch.Tensor

    def __mul__(self, other: Any) -> Pair:
        """The product with another pair, a complex constant, or real numbers."""
        if isinstance(other, Pair) or (isinstance(other, torch.Tensor) and other.is_complex()):
            return Pair(
                self.real * other.real - self.imag * other.imag, self.real * other.imag + self.imag * other.real
            )
        return Pair(self.real * other, self.imag * other)

    __rmul__ = __mul__

    def __getitem__(self, index: Any) -> Pair:
        """The same part of both."""
        return self._both(lambda part: part[index])

    def __getattr__(self, name: str) -> Any:
        """A tensor's method or property: `unsqueeze`, `view`, `shape`; what gives tensors gives a pair."""
        if name.startswith("__"):
            raise AttributeError(name)
        own = getattr(self.real, name)
        return (
            (lambda *given, **named: self._both(lambda part: getattr(part, name)(*given, **named)))
            if callable(own)
            else own
        )

    def _both(self, done: Callable[[torch.Tensor], torch.Tensor]) -> Pair:
        return Pair(done(self.real), done(self.imag))


def polar(length: torch.Tensor, angle: torch.Tensor) -> Pair:
    """What `torch.polar` says."""
    return Pair(length * angle.cos(), length * angle.sin())


def view_as_complex(value: torch.Tensor) -> Pair:
    """What `torch.view_as_complex` says."""
    return Pair(value[..., 0], value[..., 1])


def view_as_real(value: Any) -> torch.Tensor:
    """What `torch.view_as_real` says, of pairs and of complex constants."""
    return torch.stack([value.real, value.imag], dim=-1)
