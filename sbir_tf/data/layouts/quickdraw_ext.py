"""QuickDraw Extended, as its two public archives unpack.

`QuickDraw_sketches_final/<class>/*.png` are the sketches, `QuickDraw_images_final/<class>/*.jpg`
the photos. Both name their classes alike; some copies write "wine bottle" as "wine_bottle" in one
of them, which pairing by letters covers.
"""

from sbir_tf.data.layouts.layout import Layout

QUICKDRAW_EXT = Layout(
    "quickdraw_ext",
    sketches="QuickDraw_sketches_final",
    photos="QuickDraw_images_final",
)
