"""Losses, one per file.

Each names by `head` what it is a function of beside the labels (see `sbir_tf.models.add_head`)
and by `compares` how its embeddings are compared when searching: by "distance", or by
"direction", which is the distance after scaling to unit length. Those over class scores give
them by `scores(y_pred)`, without margin.
"""

from sbir_tf.losses.arcface import ArcFace
from sbir_tf.losses.center import CenterLoss
from sbir_tf.losses.contrastive import Contrastive
from sbir_tf.losses.cosface import CosFace
from sbir_tf.losses.ems import EMS
from sbir_tf.losses.l_softmax import LSoftmax
from sbir_tf.losses.margin import GUARANTEED_MARGIN
from sbir_tf.losses.mems import MEMS
from sbir_tf.losses.n_pair import NPair
from sbir_tf.losses.prototypical import Prototypical
from sbir_tf.losses.softmax import Softmax
from sbir_tf.losses.sphereface import SphereFace
from sbir_tf.losses.triplet_hard import TripletHard
from sbir_tf.losses.triplet_semi_hard import TripletSemiHard

__all__ = [
    "EMS",
    "GUARANTEED_MARGIN",
    "MEMS",
    "ArcFace",
    "CenterLoss",
    "Contrastive",
    "CosFace",
    "LSoftmax",
    "NPair",
    "Prototypical",
    "Softmax",
    "SphereFace",
    "TripletHard",
    "TripletSemiHard",
]
