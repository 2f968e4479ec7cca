"""A small picture, a small index, a token."""

import io

from PIL import Image

from pictures import read_picture
from serving.index import Model, create_index

TOKEN = "a-token-of-16-letters"


def png(colour, size=(20, 20)):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def build_index(place, encoder, gallery):
    index = create_index(place, "l2", encoder.dimension, Model(encoder.name, encoder.digest))
    files = sorted(gallery.rglob("*.png"))
    vectors = encoder.encode([read_picture(file) for file in files], "photo")
    ids = [file.relative_to(gallery).as_posix() for file in files]
    index.add(ids, vectors, [{"class": name.split("/")[0]} for name in ids])
    index.save()
    index.close()
    return place
