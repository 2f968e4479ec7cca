"""Comparisons: many trainings at one budget, and the table that they make."""
