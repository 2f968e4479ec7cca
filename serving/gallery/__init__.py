"""A folder of pictures to an index of their embeddings, as a stream that may be interrupted."""

from serving.gallery.build import IndexReport, index_folder

__all__ = ["IndexReport", "index_folder"]
