"""`sketches/<class>/` and `photos/<class>/`: the simplest layout, for data of one's own."""

from sbir_tf.data.layouts.layout import Layout

PLAIN = Layout("plain", sketches="sketches", photos="photos")
