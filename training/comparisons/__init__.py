"""One comparison a file; its docstring is its lab note."""
