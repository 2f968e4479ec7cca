"""What a training is made of: frozen dataclasses, filled by the files in training/configs."""

import dataclasses
import importlib
import pkgutil
import typing
from dataclasses import dataclass, field
from typing import Literal

from sbir_tf.data.augmentation import Colour, Geometry
from sbir_tf.data.drawing import Drawing
from sbir_tf.data.icons.hand import Hand
from sbir_tf.errors import UserError, nearest
from training.overrides import from_json, replace
from training.rules import check


@dataclass(frozen=True)
class Data:
    """Which pictures, how they are cut into parts, how they are varied.

    Attributes:
        source: "icons", the bundled ones; "folder", a data set on disk; or "records", one that
            `sbir data build` made of it.
        size: Side of the pictures, pixels.
        split: Of icons "styles" (designer families held out) or "zero_shot" (classes held
            out); of a folder "supervised" (the published protocol: sketches held out of every
            class; the gallery is all photos, every one of them trained on) or another name that
            `sbir_tf.data.splits` knows, or the path of a split's file. Of records also
            "built", the split that they were built with.
        train_on: The parts of the icons to train on. "validation" joins "train" once nothing
            is tuned.
        strokes: Stroke widths that icons are rendered at, as multiples of their own.
        dropped: How many more renderings of every icon's sketch leave some strokes out.
        drop_share: How likely each stroke is left out of those.
        hands: How many more drawings of every icon's sketch are made as by a hand with a mouse.
        hand: How far that hand goes astray.
        root: The folder of the data set, or of the records.
        layout: How it is laid out, see `sbir_tf.data.layouts`.
        variant: Which of the layout's variants (Sketchy's tx_..., one or several joined by commas;
            the release's set); None takes its usual one.
        swap_red_blue: Whether photos are stored with red and blue swapped; None: as the layout.
        class_map: File that says which folder shows what, where the names do not.
        test_sketches: Sketches of each class that are held out of a folder, by the splits that
            train on every class.
        test_photos: Photos of each class that are held out of a folder, by the splits that hold
            out photos: how many, or a share if below 1.
        validation: What a folder's validation part takes from its training data: sketches of
            each class, or of a zero-shot split a share of the seen classes. 0 makes none.
        split_seed: Of the choice of those.
        test_resize: Side that a folder's test sketches are resized to before their middle is
            cut out; None is `size`. Photos are resized to `size`.
        test_flip: Compare mirrored pictures too, and keep the smallest of the four distances.
        augmentation: "moves" (`sketch`, `photo` and `colour` below), or "published": the
            paper's, for folders.
        sketch, photo: How far each domain's pictures move.
        colour: How far photos' colours go.
        drawing: How far sketches' lines change.
        balance: Draw "items", each as often as the others, or "classes", each as often as the
            others however many items it has.
        classes_per_batch: How many classes make a batch, each with as many sketches and photos
            (for losses that compare the items of a batch); None draws whatever their class.
    """

    source: Literal["icons", "folder", "records"] = "icons"
    size: int = 64
    split: str = "styles"
    train_on: tuple[str, ...] = ("train", "validation")
    strokes: tuple[float, ...] = (0.7, 1.0, 1.5)
    dropped: int = 0
    drop_share: float = 0.3
    hands: int = 0
    hand: Hand = field(default_factory=Hand)
    root: str = "data/folders"
    layout: Literal["sketchy_ext", "tuberlin_ext", "quickdraw_ext", "release", "plain"] = "plain"
    variant: str | None = None
    swap_red_blue: bool | None = None
    class_map: str | None = None
    test_sketches: int = 10
    test_photos: float = 0.2
    validation: float = 0.0
    split_seed: int = 0
    test_resize: int | None = None
    test_flip: bool = False
    augmentation: Literal["moves", "published"] = "moves"
    sketch: Geometry = field(default_factory=Geometry)
    photo: Geometry = field(default_factory=Geometry)
    colour: Colour = field(default_factory=Colour)
    drawing: Drawing = field(default_factory=Drawing)
    balance: Literal["items", "classes"] = "items"
    classes_per_batch: int | None = None


@dataclass(frozen=True)
class Network:
    """The encoder.

    Attributes:
        backbone: Its name, see `sbir_tf.models`.
        weights: "imagenet" where a package ships them, the path of a file of weights (see
            `sbir weights import`), or None.
        gate: "dase", "se", "sk", "gc", "non_local" or None.
        gate_stages: The stages, 1 to 4, that have the gate; with "dase" the others have "se".
        gate_identity: Whether the gates of "se_resnet" start as the identity; those of
            EfficientNet always do.
        reduction: Of the gates.
        squeeze_activation: Of the gates.
        widths, depths: Of "se_resnet".
        embedding_dim: D.
        embedding_start: The embedding layer at the start: "random", or the "principal"
            components of what the pretrained backbone makes of the training pictures.
        frozen_norms: Whether the norms of a pretrained backbone keep their statistics, scales
            and offsets.
        normalization: "own", as the backbone was pretrained, or "unit": pixels in [0, 1].
        batch_norm_momentum: Of the moving statistics.
        sync_batch_norm: Normalize by the statistics of the whole batch, which replicas then
            exchange at every norm; else each normalizes by those of its own part.
    """

    backbone: Literal[
        "alexnet",
        "efficientnet_lite0",
        "efficientnet_lite1",
        "efficientnet_lite2",
        "se_resnet",
        "se_resnet18",
        "se_resnet50",
        "se_resnext101_32x4d",
    ] = "efficientnet_lite0"
    weights: str | None = None
    gate: Literal["dase", "se", "sk", "gc", "non_local"] | None = "dase"
    gate_stages: tuple[int, ...] = (1, 2, 3, 4)
    gate_identity: bool = False
    reduction: int = 16
    squeeze_activation: Literal["relu", "sigmoid"] = "relu"
    widths: tuple[int, ...] = (32, 64, 128, 256)
    depths: tuple[int, ...] = (1, 1, 1, 1)
    embedding_dim: int = 512
    embedding_start: Literal["random", "principal"] = "random"
    frozen_norms: bool = False
    normalization: Literal["own", "unit"] = "own"
    batch_norm_momentum: float = 0.99
    sync_batch_norm: bool = False


@dataclass(frozen=True)
class Loss:
    """The loss, how its margin grows, how its embeddings are compared.

    None leaves a setting at the loss's own default, which is the published value; a setting
    that the loss does not have is an error.

    Attributes:
        name: See `sbir_tf.losses`; `training.losses.LOSSES` says which class each is.
        margin: Of all but softmax, center, n_pair and prototypical: the final margin.
        scale: Of cosface and arcface.
        weight: Of center (the pull to the centres) and n_pair (the embeddings' lengths).
        lambda_end: Of sphereface and l_softmax: the lambda that they anneal to.
        schedule: Of the margin of mems and ems: "earned" (grows as the classification earns
            it), "linear" (the published one) or "constant". sphereface and l_softmax anneal
            along their published curve, or with "constant" stay at `lambda_end`.
        anneal: Share of the steps after which "linear" reaches the final margin, and lambda
            its end.
        earn_power: Of "earned": how long the margin waits for the classes to part.
        center_radius: Norm of the class centres at the start, for mems, ems and center.
        center_start: Where those start: in "random" directions, or at the "means" of what the
            encoder makes of each class, for an encoder that is trained already.
        keep: Weight of the term that keeps photos' embeddings where they were at the start; see
            `training.keeping`.
        compare: How embeddings are compared when searching: by "distance", by "direction"
            (they are scaled to unit length), or None, as the loss trains them.
    """

    name: Literal[
        "mems",
        "ems",
        "softmax",
        "center",
        "contrastive",
        "triplet_semi_hard",
        "triplet_hard",
        "n_pair",
        "l_softmax",
        "sphereface",
        "cosface",
        "arcface",
        "prototypical",
    ] = "mems"
    margin: float | None = None
    scale: float | None = None
    weight: float | None = None
    lambda_end: float | None = None
    schedule: Literal["earned", "linear", "constant"] = "earned"
    anneal: float = 0.5
    earn_power: float = 1.0
    center_radius: float = 1.0
    center_start: Literal["random", "means"] = "random"
    keep: float = 0.0
    compare: Literal["distance", "direction"] | None = None


@dataclass(frozen=True)
class Optimizer:
    """Adam.

    Attributes:
        learning_rate: At its highest.
        warmup: Share of the steps that the learning rate rises over.
        decay: "cosine" to 0, or "linear_after_half" (the published one).
        weight_decay: Of the network; nothing on centres and other heads.
        decay_kind: "decoupled", as AdamW's, on kernels alone; or "coupled": added to the
            gradient of every weight, biases and norms too, as published.
        clip_norm: Largest norm of all gradients together; None clips nothing.
        accumulate: Batches whose gradients make one optimizer step, as one batch so many times
            as large would, but for what depends on a batch's other items: the statistics of
            norms, and losses over pairs.
        backbone_rate: Factor of the learning rate, and so of the decoupled decay, for what was
            pretrained: the backbone, but for gates that ImageNet's weights do not have.
        ema_momentum: Of exponential moving averages of the weights, one step each; the trained
            weights are these averages. None keeps none.
    """

    learning_rate: float = 1e-3
    warmup: float = 0.05
    decay: Literal["cosine", "linear_after_half"] = "cosine"
    weight_decay: float = 0.0
    decay_kind: Literal["decoupled", "coupled"] = "decoupled"
    clip_norm: float | None = None
    accumulate: int = 1
    backbone_rate: float = 1.0
    ema_momentum: float | None = None


@dataclass(frozen=True)
class Validation:
    """How well the validation part's sketches find its pictures, measured while training.

    There is none where the part is trained on, or the split has none.

    Attributes:
        every: Steps between two measurements; None: `steps_per_epoch`. The log has those at
            the end of an epoch, the curves all.
        queries: Sketches of the part that search, at most.
        gallery: Pictures of the part that are searched, at most.
        seed: Of the choice of those.
        share: Of the training's time that it may take; beyond it, it measures half as often,
            but with patience, which must not depend on how fast the machine is.
        patience: Stop after so many measurements without a better mAP, and keep the weights of
            the best; None trains to the end and keeps the last.
    """

    every: int | None = None
    queries: int = 100
    gallery: int = 400
    seed: int = 0
    share: float = 0.05
    patience: int | None = None


@dataclass(frozen=True)
class Config:
    """A training, whole.

    Attributes:
        name: Of the configuration, and of the model it makes.
        steps: Batches in all; each makes an optimizer step, but for optimizer.accumulate.
        steps_per_epoch: After how many a line is logged and a checkpoint kept.
        batch_size: Of all replicas together; half sketches, half photos.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
        strategy: "mirrored" over the GPUs of this machine, or its CPU; "multiworker", over the
            machines that `TF_CONFIG` names; "one" device; or "auto": multiworker where
            `TF_CONFIG` is set, else mirrored. See `training.strategy`.
        gpus: How many GPUs of a machine to train on; None takes all there are.
        replicas: On a machine without GPU, how many logical CPUs to mirror over.
        seed: Of weights, order and variation.
        keep: How many of the newest checkpoints are kept.
        checkpoint_every: Steps between checkpoints inside an epoch; None: one after each epoch.
        best_metric: A name in the log, such as val_map, whose best checkpoint is kept besides:
            the highest, or of a loss the lowest.
    """

    name: str
    steps: int
    steps_per_epoch: int = 100
    batch_size: int = 64
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    strategy: Literal["auto", "mirrored", "multiworker", "one"] = "auto"
    gpus: int | None = None
    replicas: int = 1
    seed: int = 0
    data: Data = field(default_factory=Data)
    network: Network = field(default_factory=Network)
    loss: Loss = field(default_factory=Loss)
    optimizer: Optimizer = field(default_factory=Optimizer)
    validation: Validation = field(default_factory=Validation)
    keep: int = 2
    checkpoint_every: int | None = None
    best_metric: str | None = None

    def to_json(self) -> dict:
        """The configuration as plain JSON values."""
        return dataclasses.asdict(self)


def config_names() -> list[str]:
    """The names of the configurations in training/configs."""
    package = importlib.import_module("training.configs")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def load_config(name: str, overrides: typing.Sequence[str] = ()) -> Config:
    """The named configuration with `key=value` overrides, such as `loss.margin=2`.

    Raises:
        UserError: If the name or a key is unknown (naming the nearest), or a value does not
            fit its key's type.
    """
    if name not in config_names():
        raise UserError(f"There is no configuration {name!r}{nearest(name, config_names())}")
    return overridden(importlib.import_module(f"training.configs.{name}").CONFIG, overrides)


def overridden(config: Config, overrides: typing.Sequence[str]) -> Config:
    """A configuration with `key=value` overrides, checked.

    Raises:
        UserError: As `load_config`.
    """
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise UserError(f"--set takes key=value, such as seed=1. Received: {override!r}")
        config = replace(config, key.strip(), value.strip())
    check(config)
    return config


def config_from_json(values: dict) -> Config:
    """The configuration that `Config.to_json` gave these values."""
    return from_json(Config, values)
