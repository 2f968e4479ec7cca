"""TU-Berlin Extended, as its two public archives unpack.

`png/<class>/1502.png` are the sketches, their class names with spaces and parentheses;
`ImageResized/<class>/n07753592_7382.JPEG` are the photos, with red and blue swapped. The photo
folders are named by the classes' letters alone ("hotairballoon"), but for those in `ALIASES`.
"""

from sbir_tf.data.layouts.layout import Layout

# Photo folder -> class, where the letters differ too: as the archive misspells them.
ALIASES = {
    "chandeler": "chandelier",
    "diamod": "diamond",
    "griaffe": "giraffe",
    "mouse": "mouse (animal)",
    "pipe": "pipe (for smoking)",
    "spacesshuttle": "space shuttle",
    "spidar": "spider",
    "tromobone": "trombone",
    "wristwatching": "wrist-watch",
}

TUBERLIN_EXT = Layout(
    "tuberlin_ext",
    sketches="png",
    photos="ImageResized",
    aliases=ALIASES,
    swap_red_blue=True,
)
