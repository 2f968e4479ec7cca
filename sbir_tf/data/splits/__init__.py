"""How a data set is cut into what is trained on and what is searched; leaks are errors."""

from sbir_tf.data.splits.checks import check_split
from sbir_tf.data.splits.files import is_split_file, read_split, write_split
from sbir_tf.data.splits.held_out import TooFewItems
from sbir_tf.data.splits.leaks import Leak, check_leaks, find_leaks, without_copies
from sbir_tf.data.splits.lists import read_lists
from sbir_tf.data.splits.named import make_split, note_for, split_names
from sbir_tf.data.splits.split import Split
from sbir_tf.data.splits.supervised import held_out_photos, supervised
from sbir_tf.data.splits.unseen import UNSEEN, unseen_classes
from sbir_tf.data.splits.zero_shot import zero_shot

__all__ = [
    "UNSEEN",
    "Leak",
    "Split",
    "TooFewItems",
    "check_leaks",
    "check_split",
    "find_leaks",
    "held_out_photos",
    "is_split_file",
    "make_split",
    "note_for",
    "read_lists",
    "read_split",
    "split_names",
    "supervised",
    "unseen_classes",
    "without_copies",
    "write_split",
    "zero_shot",
]
