"""The conditions of `fail-on`: their grammar, the figures that they name, and what they decide; pure."""
