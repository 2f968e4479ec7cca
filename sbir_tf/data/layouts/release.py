"""The folders of the authors' 2021 release: `<set>/sketches/<class>/`, `<set>/photos/<class>/`.

A set is `sketchy` or `TUBerlin`; the latter's photo folders keep the archive's misspelt names.
"""

from sbir_tf.data.layouts.layout import Layout
from sbir_tf.data.layouts.sketchy_ext import INSTANCES
from sbir_tf.data.layouts.tuberlin_ext import ALIASES

RELEASE = Layout(
    "release",
    sketches="{variant}/sketches",
    photos="{variant}/photos",
    variant="sketchy",
    # Every folder around a plain data set looks like this one but for the names.
    sets=("sketchy", "TUBerlin"),
    aliases=ALIASES,
    # TUBerlin's photos have names of the same form, but nobody drew from them.
    instances="^sketchy/.*" + INSTANCES,
)
