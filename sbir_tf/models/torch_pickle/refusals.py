"""How a file is refused: the exception, and the file's own words made harmless for it."""


class Refused(Exception):
    """Why a file was not read; `read_torch` puts the file's name in front."""


def quote(value: object) -> str:
    """For messages: text of a file that is not trusted, on one line and short."""
    return ascii(value[:100] if isinstance(value, str) else type(value).__name__)
