"""The picture index: one contract, in a folder or on an engine."""

from serving.index.contract import METRICS, Index, Info, Model
from serving.index.open import create_index, open_index
from serving.index.stored.layout import check_target

__all__ = ["METRICS", "Index", "Info", "Model", "check_target", "create_index", "open_index"]
