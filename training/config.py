"""What a training is made of: frozen dataclasses, filled by the files in training/configs."""

import dataclasses
import difflib
import importlib
import math
import pkgutil
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sbir_tf.data.augmentation import Colour, Geometry
from sbir_tf.data.drawing import Drawing
from sbir_tf.data.splits import is_split_file, split_names
from sbir_tf.errors import UserError, nearest

ICON_SPLITS = ("styles", "zero_shot")
BUILT = "built"  # the split that records were built with


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


def check(config: Config) -> None:
    """Refuse what could only fail later.

    Raises:
        UserError: Naming the key, what it must be, and its value.
    """
    rules = (
        ("seed", config.seed >= 0, "0 or more"),
        ("loss.earn_power", config.loss.earn_power > 0, "positive"),
        ("steps", config.steps >= 1, "at least 1"),
        (
            "steps_per_epoch",
            config.steps_per_epoch >= 1 and config.steps % config.steps_per_epoch == 0,
            f"a divisor of steps, {config.steps}",
        ),
        ("batch_size", config.batch_size >= 2 and config.batch_size % 2 == 0, "even and positive"),
        ("gpus", config.gpus is None or config.gpus >= 1, "at least 1, or none"),
        ("replicas", config.replicas >= 1, "at least 1"),
        ("keep", config.keep >= 1, "at least 1"),
        (
            "checkpoint_every",
            config.checkpoint_every is None or config.checkpoint_every >= 1,
            "at least 1, or none",
        ),
        ("data.size", 16 <= config.data.size <= 1024, "from 16 to 1024"),
        ("data.strokes", bool(config.data.strokes), "one stroke width or more"),
        (
            "data.augmentation",
            config.data.augmentation == "moves" or config.data.source != "icons",
            "moves with data.source=icons",
        ),
        ("data.test_sketches", config.data.test_sketches >= 1, "at least 1"),
        (
            "data.test_photos",
            _is_amount(config.data.test_photos),
            "a share below 1, or a whole number",
        ),
        (
            "data.validation",
            config.data.validation == 0 or _is_amount(config.data.validation),
            "0, a share below 1, or a whole number",
        ),
        (
            "data.test_resize",
            config.data.test_resize is None
            or config.data.size <= config.data.test_resize <= 4 * config.data.size,
            f"from data.size, {config.data.size}, to four times it",
        ),
        (
            "data.balance",
            config.data.balance == "items" or config.data.classes_per_batch is None,
            "items where data.classes_per_batch is set (it balances by itself)",
        ),
        ("data.dropped", config.data.dropped >= 0, "at least 0"),
        ("data.drop_share", 0 <= config.data.drop_share <= 1, "from 0 to 1"),
        *(
            (f"data.drawing.{name}", 0 <= getattr(config.data.drawing, name) <= most, rule)
            for name, most, rule in (
                ("thinner", 16, "from 0 to 16 pixels"),
                ("wider", 16, "from 0 to 16 pixels"),
                ("warp", 0.5, "from 0 to 0.5"),
            )
        ),
        ("data.drawing.warp_points", config.data.drawing.warp_points >= 2, "at least 2"),
        (
            "data.train_on",
            {"train"} <= set(config.data.train_on) <= {"train", "validation"},
            "train, or train and validation",
        ),
        (
            "network.weights",
            config.network.weights in (None, "imagenet") or Path(config.network.weights).is_file(),
            "none, imagenet, or the path of a file of weights",
        ),
        ("network.embedding_dim", config.network.embedding_dim >= 1, "at least 1"),
        (
            "network.gate_stages",
            set(config.network.gate_stages) <= {1, 2, 3, 4},
            "stages from 1 to 4",
        ),
        (
            "network.depths",
            len(config.network.depths) == len(config.network.widths),
            f"as many as network.widths, {len(config.network.widths)}",
        ),
        (
            "loss.margin",
            config.loss.margin is None
            or config.loss.margin >= 1
            or config.loss.name not in ("mems", "ems"),
            "at least 1",
        ),
        ("loss.anneal", 0 <= config.loss.anneal <= 1, "from 0 to 1"),
        ("loss.center_radius", config.loss.center_radius > 0, "positive"),
        ("optimizer.learning_rate", config.optimizer.learning_rate > 0, "positive"),
        ("optimizer.warmup", 0 <= config.optimizer.warmup < 1, "from 0 to below 1"),
        ("optimizer.weight_decay", config.optimizer.weight_decay >= 0, "at least 0"),
        *_rules_of_steps(config),
        *_rules_of(config.validation),
        (
            "validation.patience",
            config.validation.patience is None or config.best_metric == "val_map",
            "none unless best_metric=val_map, whose weights are kept",
        ),
        (
            "validation.every",
            (config.validation.every or 0) % max(1, config.steps_per_epoch) == 0
            or not (config.best_metric or "").startswith("val_"),
            f"none or a multiple of steps_per_epoch, {config.steps_per_epoch}, with "
            f"best_metric={config.best_metric}, as checkpoints are judged after epochs",
        ),
    )
    values = dict(flat(config.to_json()))
    for key, holds, rule in rules:
        if not holds:
            raise UserError(f"{key} must be {rule}. Received: {key}={values[key]}")
    _check_split(config.data)


def _rules_of_steps(config: Config) -> list[tuple[str, bool, str]]:
    spec = config.optimizer
    clip, momentum = spec.clip_norm, spec.ema_momentum
    return [
        ("optimizer.clip_norm", clip is None or clip > 0, "positive, or none"),
        (
            "optimizer.accumulate",
            spec.accumulate >= 1 and config.steps % spec.accumulate == 0,
            f"a divisor of steps, {config.steps}",
        ),
        ("optimizer.backbone_rate", 0 < spec.backbone_rate <= 1, "above 0, at most 1"),
        (
            "optimizer.ema_momentum",
            momentum is None or 0 < momentum < 1,
            "above 0 and below 1, or none",
        ),
    ]


def _rules_of(validation: Validation) -> list[tuple[str, bool, str]]:
    every, patience = validation.every, validation.patience
    return [
        ("validation.every", every is None or every >= 1, "at least 1, or none"),
        ("validation.queries", validation.queries >= 1, "at least 1"),
        ("validation.gallery", validation.gallery >= 1, "at least 1"),
        ("validation.seed", validation.seed >= 0, "0 or more"),
        ("validation.share", 0 < validation.share <= 1, "above 0, at most 1"),
        ("validation.patience", patience is None or patience >= 1, "at least 1, or none"),
    ]


def _is_amount(value: float) -> bool:
    """Whether a value is a share below 1, or a whole number."""
    return 0 < value < 1 or (1 <= value < float("inf") and value == int(value))


def _check_counts(data: Data) -> None:
    """Refuse settings that could not count: the split, or the records, were made without them."""
    made = data.source != "icons" and (is_split_file(data.split) or data.split == BUILT)
    if made and data.validation:
        raise UserError(
            "data.validation takes no part of a split that is made: make it with `sbir data split "
            f"--validation`. Received: data.validation={data.validation}, data.split={data.split}"
        )
    for name in ("class_map", "variant", "swap_red_blue"):
        if data.source == "records" and getattr(data, name) is not None:
            raise UserError(
                f"data.{name} counts when records are built: give it to `sbir data build`. "
                f"Received: data.{name}={getattr(data, name)} with data.source=records"
            )


def _check_split(data: Data) -> None:
    """Refuse a split that the source does not have."""
    _check_counts(data)
    if data.source != "icons" and is_split_file(data.split):
        if not Path(data.split).is_file():
            raise UserError(
                f"There is no split file data.split={data.split}: see `sbir data split`"
            )
        return
    known = ICON_SPLITS if data.source == "icons" else split_names()
    known = [*known, *([BUILT] if data.source == "records" else [])]
    if data.split not in known:
        files = [] if data.source == "icons" else ["the path of a split's .json"]
        raise UserError(
            f"data.source={data.source} has no split data.split={data.split}"
            f"{nearest(data.split, [*known, *files])}"
        )


def flat(values: dict, prefix: str = "") -> list[tuple[str, object]]:
    """Nested values as (dotted key, value), in order."""
    pairs = []
    for key, value in values.items():
        nested = isinstance(value, dict)
        pairs += flat(value, f"{prefix}{key}.") if nested else [(prefix + key, value)]
    return pairs


def config_from_json(values: dict) -> Config:
    """The configuration that `Config.to_json` gave these values."""
    return _from_json(Config, values)


def replace(config: Config, key: str, text: str, inside: str = "") -> Config:
    """The configuration with the leaf at dotted `key` read from `text`.

    `inside` is the dotted name of the group that `config` is, with a dot behind it.
    """
    head, _, rest = key.partition(".")
    fields, whole = typing.get_type_hints(type(config)), inside + key
    if head not in fields:
        raise UserError(f"There is no key {whole!r}{nearest(whole, leaves(Config))}")
    current = getattr(config, head)
    if dataclasses.is_dataclass(current):
        if not rest:
            known = ", ".join(f"{whole}.{name}" for name in leaves(type(current)))
            raise UserError(f"{whole!r} is a group, not a value: set one of {known}")
        value = replace(current, rest, text, f"{inside}{head}.")
    elif rest:
        raise UserError(f"There is no key {whole!r}{nearest(whole, leaves(Config))}")
    else:
        value = parse(fields[head], text, whole)
    return dataclasses.replace(config, **{head: value})


def parse(kind, text: str, key: str):
    """A value of type `kind` from the text after `key=`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if text.lower() in ("none", "null"):
            return None
        return parse(next(a for a in arguments if a is not type(None)), text, key)
    if origin is Literal:
        if text not in arguments:
            known = ", ".join(arguments)
            close = difflib.get_close_matches(text, arguments, n=1, cutoff=0.4)
            cure = f" Did you mean {close[0]!r}?" if close else ""
            raise UserError(f"{key} is one of {known}.{cure} Received: {text!r}")
        return text
    if origin is tuple:
        return _tuple_of(arguments, text, key)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UserError(f"{key} is true or false. Received: {text!r}")
        return text.lower() == "true"
    try:
        value = kind(text)
    except ValueError:
        raise UserError(f"{key} is of type {kind.__name__}. Received: {text!r}") from None
    if kind is float and not math.isfinite(value):
        raise UserError(f"{key} is a finite number. Received: {text!r}")
    return value


def _tuple_of(kinds, text: str, key: str) -> tuple:
    """Of `tuple[X, ...]`, or of `tuple[X, Y]`, whose count is fixed; brackets may be left out."""
    parts = comma_separated(text)
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(parts)
    if len(parts) != len(kinds):
        count = f"{len(kinds)} values, separated by commas"
        raise UserError(f"{key} is of {count}. Received: {text!r}")
    return tuple(parse(kind, part, key) for kind, part in zip(kinds, parts, strict=True))


def comma_separated(text: str) -> list[str]:
    """The parts between the commas that stand in no brackets but the outermost."""
    text, parts, depth = _unwrapped(text.strip()), [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _unwrapped(text: str) -> str:
    """Without the brackets around all of it."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0:
            return text[1:-1] if place and place == len(text) - 1 else text
    return text


def leaves(kind) -> list[str]:
    """The dotted names of all values in a configuration class."""
    names = []
    for name, inner in typing.get_type_hints(kind).items():
        inside = leaves(inner) if dataclasses.is_dataclass(inner) else [""]
        names += [f"{name}.{leaf}".rstrip(".") for leaf in inside]
    return names


def _from_json(kind, values):
    hints = typing.get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in values.items()})


def _value(kind, value):
    if dataclasses.is_dataclass(kind):
        return _from_json(kind, value)
    return tuple(_value(None, each) for each in value) if isinstance(value, list) else value
