"""The one exception that means: the caller can mend this."""


class ServingError(ValueError):
    """A caller's mistake, said in one line that names the thing, the value and the cure.

    The command line prints it without a traceback and exits with 2.
    """
