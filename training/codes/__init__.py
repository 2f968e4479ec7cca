"""Binary codes of a complete run: learnt, written to its codes/ folder, and measured."""
