"""The folders of the authors' 2021 release: `<set>/sketches/<class>/`, `<set>/photos/<class>/`.

A set is `sketchy` or `TUBerlin`; the latter's photo folders keep the archive's misspelt names.
"""

from sbir_tf.data.layouts.layout import Layout
from sbir_tf.data.layouts.tuberlin_ext import ALIASES

RELEASE = Layout(
    "release",
    sketches="{variant}/sketches",
    photos="{variant}/photos",
    variant="sketchy",
    aliases=ALIASES,
)
