"""Genfleet's model container: Diffusers pipelines behind a small streaming HTTP protocol."""
