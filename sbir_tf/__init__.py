"""Sketch-based image retrieval: domain-aware SE networks trained with MEMS."""
