"""Commands that touch serving alone: one file a command, heavy imports inside."""
