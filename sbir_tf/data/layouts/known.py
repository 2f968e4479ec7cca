"""The layouts by name."""

from sbir_tf.data.layouts.plain import PLAIN
from sbir_tf.data.layouts.quickdraw_ext import QUICKDRAW_EXT
from sbir_tf.data.layouts.release import RELEASE
from sbir_tf.data.layouts.sketchy_ext import SKETCHY_EXT
from sbir_tf.data.layouts.tuberlin_ext import TUBERLIN_EXT

LAYOUTS = {
    layout.name: layout for layout in (SKETCHY_EXT, TUBERLIN_EXT, QUICKDRAW_EXT, RELEASE, PLAIN)
}
