"""Search by binary codes: a few bytes a picture, ranked exactly by Hamming distance."""

from serving.codes.codes_file import Codes, open_codes
from serving.codes.gallery import CodedGallery, coded_gallery
from serving.codes.hamming import nearest_codes
from serving.codes.search import CodedSearch, search_codes

__all__ = [
    "CodedGallery",
    "CodedSearch",
    "Codes",
    "coded_gallery",
    "nearest_codes",
    "open_codes",
    "search_codes",
]
