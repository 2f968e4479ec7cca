"""tensorflow-addons' losses, imported when a loss that needs them is made."""

import warnings

from sbir_tf.errors import UserError


def addons_losses(name: str):
    """The module `tensorflow_addons.losses`.

    Args:
        name: Of the loss that needs it, for the error.

    Raises:
        UserError: If tensorflow-addons is not installed.
    """
    with warnings.catch_warnings():
        # It announces its own end of life at every import.
        warnings.filterwarnings(
            "ignore", category=UserWarning, module=r"tensorflow_addons\.utils\.tfa_eol_msg"
        )
        try:
            from tensorflow_addons import losses
        except ImportError as error:
            raise UserError(
                f"The loss {name!r} needs tensorflow-addons, which cannot be imported ({error}): "
                "install tensorflow-addons==0.23.0 beside TensorFlow 2.15, or use n_pair or "
                "prototypical"
            ) from error
    return losses
