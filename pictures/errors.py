"""The exceptions about a picture."""


class PictureError(ValueError):
    """A picture that cannot be read, said in one line that names it and the reason."""


class PictureTooLarge(PictureError):
    """A picture of more pixels than the caller allows; it was not decoded."""
