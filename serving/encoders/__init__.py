"""Encoders turn pictures into embeddings; which one does it is the caller's choice."""

from serving.encoders.contract import DOMAINS, Encoder, Unavailable, check_domain
from serving.encoders.in_process import InProcessEncoder, load_encoder
from serving.encoders.model_folder import ModelFolder

__all__ = [
    "DOMAINS",
    "Encoder",
    "InProcessEncoder",
    "ModelFolder",
    "Unavailable",
    "check_domain",
    "load_encoder",
]
