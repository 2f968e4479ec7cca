"""What commands show on a terminal."""


def bar(iterable, description, total):
    """Shows the progress of long work on stderr; in a log file it says nothing."""
    from rich.console import Console
    from rich.progress import track

    stderr = Console(stderr=True)
    return track(
        iterable, description, total, console=stderr, transient=True, disable=not stderr.is_terminal
    )


def console():
    from rich.console import Console

    return Console(highlight=False)
