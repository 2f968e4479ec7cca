"""The one exception that means: the user can mend this; and the cure for a misspelt name."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake of the user's, said in one line that names the thing, the value and the cure.

    The command line prints it without a traceback and exits with 2.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error: the nearest known name, or all of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f". Did you mean {close[0]!r}?" if close else f". Known: {', '.join(known)}."
