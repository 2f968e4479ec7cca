"""The one exception that means: the user can mend this."""


class UserError(ValueError):
    """A mistake of the user's, said in one line that names the thing, the value and the cure.

    The command line prints it without a traceback and exits with 2.
    """
