"""The statistics page: one HTML file that needs nothing else."""

from sbir_tf.data.validation.page.page import page_of, write_page

__all__ = ["page_of", "write_page"]
