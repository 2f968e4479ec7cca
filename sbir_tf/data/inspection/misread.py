"""Pictures that the pipeline over files would show otherwise than they are.

`pictures` reads all of them rightly, and records are built with it; TensorFlow's own decoders do
not. 16-bit, CMYK, palette, interlaced and animated pictures they do read alike.
"""

from pictures import Form

_BY_KIND = {"WEBP": "TensorFlow does not decode WebP"}
_BY_TRAIT = {
    "turned": "TensorFlow ignores its EXIF orientation",
    "colour key": "TensorFlow ignores its transparent colour",
    "partial": "TensorFlow drops what its first frame does not fill",
    "packed": "TensorFlow refuses or misreads this kind of BMP",
}
_CLEAR_GIF = "TensorFlow shows a transparent GIF on black"


def misread(form: Form) -> str:
    """Why a picture must go through `sbir data build` before it is trained on.

    Args:
        form: How it is stored.

    Returns:
        The reason; "" if TensorFlow reads it as it is.
    """
    if form.kind in _BY_KIND:
        return _BY_KIND[form.kind]
    for trait, reason in _BY_TRAIT.items():
        if trait in form.traits:
            return reason
    return _CLEAR_GIF if form.kind == "GIF" and "transparent" in form.traits else ""


def may_be_refused(form: Form) -> bool:
    """Whether TensorFlow may not decode a misread picture at all: a training would stop there."""
    return form.kind in _BY_KIND or "packed" in form.traits
