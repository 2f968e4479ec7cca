"""tensorflow-addons' losses, imported when a loss that needs them is made."""

from sbir_tf.addons import load_addons


def addons_losses(name: str):
    """The module `tensorflow_addons.losses`, for the loss `name`.

    Raises:
        UserError: If tensorflow-addons is not installed.
    """
    return load_addons("losses", f"The loss {name!r} needs", "use n_pair or prototypical")
