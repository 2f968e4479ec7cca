"""A file of published weights made into one that configurations name."""

from pathlib import Path

from sbir_tf.models import build_encoder
from sbir_tf.models.weights import Account, read_tensors
from sbir_tf.models.weights.fit import fit
from sbir_tf.models.weights.heads import embedding_dim
from sbir_tf.models.weights.write import check_target, write_weights
from training.config import Config, Data
from training.networks import backbone_of
from training.overrides import replace


def import_file(
    file: Path,
    to: Path,
    network: str,
    gate: str = "dase",
    image_size: int = 224,
    squeeze_activation: str = "relu",
) -> tuple[Account, list[Path]]:
    """Brings a file's tensors to a network and writes them as Keras weights.

    Args:
        file: In any format and layout that `sbir_tf.models.weights` knows.
        to: `NAME.weights.h5`.
        network: A backbone's name, as in `network.backbone`.
        gate: Its gates, as in `network.gate`; "none" for none.
        image_size: Side of its pictures.
        squeeze_activation: Of its gates.

    Returns:
        The account of every tensor and weight, and the files written.

    Raises:
        UserError: If the network is unknown, or the file cannot be read or does not fit.
    """
    check_target(to)
    config = Config("import", steps=1, data=Data(size=image_size))
    for key, value in (
        ("backbone", network),
        ("gate", gate),
        ("squeeze_activation", squeeze_activation),
    ):
        config = replace(config, f"network.{key}", value)
    tensors = read_tensors(file)
    model = backbone_of(config)
    if dim := embedding_dim(tensors, model.outputs[0].shape[-1]):
        model = build_encoder(model, dim, name=model.name)
    fitted = fit(model, tensors, str(file))
    written = write_weights(
        fitted,
        to,
        file,
        network=network,
        gate=config.network.gate,
        squeeze_activation=squeeze_activation,
        embedding_dim=dim,
    )
    return fitted.account, written
