"""PyTorch and transformers without what few models need: it takes most of the seconds until a model is there.

Whoever asks for more gets all of it.
"""
