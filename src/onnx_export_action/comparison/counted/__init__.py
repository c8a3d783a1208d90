"""Figures that need no clock: sizes, counts, multiplications, memory of the activations."""
