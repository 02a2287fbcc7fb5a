"""Datasets: sources, the manifest, audits, splits and prepared pixels. Needs no torch."""
