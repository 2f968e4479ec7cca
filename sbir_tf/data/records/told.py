"""What an error of somebody else's says, for a line of ours."""


def told(error: BaseException) -> str:
    """An error's message in one line; its type where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
