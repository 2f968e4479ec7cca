"""A network small enough for tests, in cadene's names, and files of its weights."""

import keras
import numpy as np
from safetensors.numpy import save_file

from sbir_tf.layers import DASE, GlobalContext, NonLocal
from tests.models.test_torch_pickle import dictionary, legacy_file, storage, tensor, zip_file
from tests.models.weights.random_tensors import random_tensors

WIDTH, REDUCTION = 8, 4
GATES = {
    "dase": lambda name: DASE(REDUCTION, name=name),
    "se": lambda name: DASE(REDUCTION, domain=False, name=name),
    "gc": lambda name: GlobalContext(REDUCTION, name=name),
    "non_local": lambda name: NonLocal(name=name),
}


def network(*gates: str | None, width: int = WIDTH) -> keras.Model:
    """A stem and a block for each gate; a fourth letter of cadene's names is always 0."""
    image, domain = keras.Input((6, 6, 3), name="image"), keras.Input((1,), name="domain")

    def conv_bn(x, name, number, size=3):
        conv = keras.layers.Conv2D(
            width, size, padding="same", use_bias=False, name=f"{name}_conv{number}"
        )
        return keras.layers.BatchNormalization(epsilon=1e-5, name=f"{name}_bn{number}")(conv(x))

    x = conv_bn(image, "layer0", 1)
    for stage, gate in enumerate(gates, start=1):
        x = keras.layers.ReLU()(conv_bn(x, f"layer{stage}_0", 1))
        if gate:
            layer = GATES[gate](f"layer{stage}_0_{gate}")
            x = layer([x, domain] if gate in ("se", "dase") else x)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model([image, domain], pooled, name="small")


def shapes(*domain_aware: bool, width: int = WIDTH, classifier: bool = True) -> dict:
    """The state dict of `network` with a gate in each block, as PyTorch would describe it."""
    squeezed = width // REDUCTION
    found = {"layer0.conv1.weight": (width, 3, 3, 3), **norm("layer0.bn1", width)}
    for stage, aware in enumerate(domain_aware, start=1):
        block = f"layer{stage}.0"
        found |= {f"{block}.conv1.weight": (width, width, 3, 3), **norm(f"{block}.bn1", width)}
        found |= {
            f"{block}.se_module.fc1.weight": (squeezed, width, 1, 1),
            f"{block}.se_module.fc1.bias": (squeezed,),
            f"{block}.se_module.fc2.weight": (width, squeezed + 1) if aware else
            (width, squeezed, 1, 1),
            f"{block}.se_module.fc2.bias": (width,),
        }  # fmt: skip
    if classifier:
        found |= {"last_linear.weight": (1000, width), "last_linear.bias": (1000,)}
    return found


def norm(name: str, width: int) -> dict:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (width,) for part in parts} | {f"{name}.num_batches_tracked": ()}


def tensors(*domain_aware: bool, **options) -> dict[str, np.ndarray]:
    return random_tensors(shapes(*domain_aware, **options))


def write(path, values: dict[str, np.ndarray], legacy: bool = False):
    """A file of tensors, in the format that its name says."""
    if path.suffix == ".safetensors":
        save_file({name: np.ascontiguousarray(value) for name, value in values.items()}, path)
        return path
    return write_pth(path, values, legacy)


def write_pth(path, values, legacy):
    kinds = {"f": "FloatStorage", "i": "LongStorage"}
    described, storages = {}, []
    for key, (name, value) in enumerate(values.items()):
        value = np.ascontiguousarray(value).reshape(value.shape)
        kept = storage(kinds[value.dtype.kind], str(key), value.size, b"N" if legacy else b"")
        strides = [step // value.itemsize for step in value.strides]
        described[name] = tensor(kept, value.shape, strides)
        storages.append((str(key), value.reshape(-1)))
    (legacy_file if legacy else zip_file)(path, dictionary(**described), storages)
    return path


def fill(model: keras.Model, seed: int = 0) -> keras.Model:
    """Numbers of a seed in place of the start, so that no weight equals another."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.2, 0.9, w.shape) for w in model.get_weights()])
    return model


def batch(size: int = 6) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (2, size, size, 3)).astype(np.float32)


def outputs(model: keras.Model) -> list[np.ndarray]:
    """Of sketches and of photos."""
    size = model.inputs[0].shape[1]
    return [model([batch(size), np.full((2, 1), bit, np.float32)]).numpy() for bit in (0, 1)]
