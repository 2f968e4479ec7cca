"""Commands that touch training alone: one file a command, heavy imports inside."""
