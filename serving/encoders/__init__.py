"""Encoders turn pictures into embeddings; which one does it is the caller's choice."""

from serving.encoders.contract import DOMAINS, Encoder, TooSlow, Unavailable, check_domain
from serving.encoders.in_process import InProcessEncoder
from serving.encoders.litert import LiteRTEncoder
from serving.encoders.model_folder import ModelFolder
from serving.encoders.opening import load_encoder
from serving.encoders.remote import RemoteEncoder

__all__ = [
    "DOMAINS",
    "Encoder",
    "InProcessEncoder",
    "LiteRTEncoder",
    "ModelFolder",
    "RemoteEncoder",
    "TooSlow",
    "Unavailable",
    "check_domain",
    "load_encoder",
]
