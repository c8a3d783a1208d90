"""The perturbing worker, at a place deep in the model."""

from __future__ import annotations

import perturbing


class Service(perturbing.Service):
    """One weight of the third layer is changed."""

    part = "layer.2.intermediate.dense.weight"
