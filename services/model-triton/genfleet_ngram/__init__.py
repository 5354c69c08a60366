"""A small language model of counts, and how texts are drawn from it."""

from .generation import Generation, Sampling
from .ngram import NgramModel, load_model
from .text_stream import TextStream

__all__ = ["Generation", "NgramModel", "Sampling", "TextStream", "load_model"]
