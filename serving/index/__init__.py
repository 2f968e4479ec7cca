"""The picture index: ScaNN on disk, exact while small."""

from serving.index.disk import skipped_file
from serving.index.index import Index
from serving.index.manifest import Model
from serving.index.parameters import Parameters, choose_parameters
from serving.index.storage import check_target

__all__ = ["Index", "Model", "Parameters", "check_target", "choose_parameters", "skipped_file"]
