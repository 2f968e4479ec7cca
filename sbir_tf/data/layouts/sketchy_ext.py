"""Sketchy Extended, as its two public archives unpack.

`256x256/sketch/tx_*/<class>/n02395406_3133-2.png` are the sketches, once for each placement on
the canvas; `tx_000100000000` (centred, bounding boxes scaled alike) is the published method's.
`EXTEND_image_sketchy/<class>/` are all the photos: it holds the 12,500 of `256x256/photo`
already, so those are never added again.
"""

from sbir_tf.data.layouts.layout import Layout

# A photo and the sketches that were drawn from it; the photos named ext_* were never drawn.
INSTANCES = r"/(n\d+_\d+)(?:-\d+)?\.\w+$"

SKETCHY_EXT = Layout(
    "sketchy_ext",
    sketches="256x256/sketch/{variant}",
    photos="EXTEND_image_sketchy",
    variant="tx_000100000000",
    instances=INSTANCES,
    beside={
        "256x256/photo": "left out: EXTEND_image_sketchy holds these 12,500 photos already, and "
        "with both the gallery would show each of them twice"
    },
)
