"""The one rule for how far a gate reduces its channels."""

from sbir_tf.errors import UserError


def check_reduction(reduction: int) -> int:
    """The reduction, if it is one.

    Raises:
        UserError: If it is below 1.
    """
    if reduction < 1:
        raise UserError(f"`reduction` must be at least 1. Received: reduction={reduction}")
    return reduction


def reduced_channels(channels: int, reduction: int) -> int:
    """How many channels are left.

    Raises:
        UserError: If none is.
    """
    if reduction > channels:
        raise UserError(
            f"`reduction` must not exceed the {channels} channels of the features. "
            f"Received: reduction={reduction}"
        )
    return channels // reduction
