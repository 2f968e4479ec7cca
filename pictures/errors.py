"""The one exception about a picture."""


class PictureError(ValueError):
    """A picture that cannot be read, said in one line that names it and the reason."""
