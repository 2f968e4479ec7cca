"""The HTTP API: see docs/api.md."""
