"""Procedural pictures with ground truth, drawn by our own code: specimens, eyes and cracks, with knobs for drift."""
