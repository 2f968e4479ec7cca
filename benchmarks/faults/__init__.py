"""Mistakes made on purpose in a generated data set, each to be caught by `sbir data validate`."""
