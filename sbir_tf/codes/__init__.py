"""Binary codes: embeddings as a few bytes each, ranked by Hamming distance."""

from sbir_tf.codes.binary_codes import BinaryCodes
from sbir_tf.codes.center_codes import learn_center_codes
from sbir_tf.codes.files import load_codes, save_codes
from sbir_tf.codes.itq import learn_itq_codes

__all__ = ["BinaryCodes", "learn_center_codes", "learn_itq_codes", "load_codes", "save_codes"]
