"""What finds rows of a generation: built once into a folder, loaded whenever it is opened."""

from serving.index.searchers.choosing import build, load
from serving.index.searchers.contract import Searcher

__all__ = ["Searcher", "build", "load"]
