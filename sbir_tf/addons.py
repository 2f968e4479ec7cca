"""tensorflow-addons, imported when something that needs it is used."""

import warnings
from types import ModuleType

from sbir_tf.errors import UserError


def load_addons(module: str, needs: str, instead: str) -> ModuleType:
    """A module of tensorflow-addons.

    Args:
        module: Its name below `tensorflow_addons`, such as "losses".
        needs: What cannot do without it, for the error: "The loss 'x' needs".
        instead: What else there is to do, for the error: "use n_pair".

    Raises:
        UserError: If tensorflow-addons is not installed.
    """
    with warnings.catch_warnings():
        # It announces its own end of life at every import.
        warnings.filterwarnings(
            "ignore", category=UserWarning, module=r"tensorflow_addons\.utils\.tfa_eol_msg"
        )
        try:
            import tensorflow_addons
        except ImportError as error:
            raise UserError(
                f"{needs} tensorflow-addons, which cannot be imported ({error}): "
                f"install tensorflow-addons==0.23.0 beside TensorFlow 2.15, or {instead}"
            ) from error
    return getattr(tensorflow_addons, module)
