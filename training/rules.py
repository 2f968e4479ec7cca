"""What a configuration's values must be, and be to one another."""

import typing
from pathlib import Path

from sbir_tf.data.splits import is_split_file, split_names
from sbir_tf.errors import UserError, nearest
from training.overrides import flat

if typing.TYPE_CHECKING:  # config.py imports this file
    from training.config import Config, Data, Validation

ICON_SPLITS = ("styles", "zero_shot")
BUILT = "built"  # the split that records were built with


def check(config: "Config") -> None:
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
        ("data.hands", config.data.hands >= 0, "at least 0"),
        ("data.hands", not config.data.hands or config.data.source == "icons", "0 but of icons"),
        ("loss.keep", 0 <= config.loss.keep < float("inf"), "at least 0"),
        *(
            (key, not value or config.network.weights is not None, "off without network.weights")
            for key, value in (
                ("loss.keep", config.loss.keep),
                ("network.frozen_norms", config.network.frozen_norms),
            )
        ),
        (
            "network.embedding_start",
            config.network.embedding_start == "random" or config.network.weights is not None,
            "random without network.weights",
        ),
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


def _rules_of_steps(config: "Config") -> list[tuple[str, bool, str]]:
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


def _rules_of(validation: "Validation") -> list[tuple[str, bool, str]]:
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


def _check_counts(data: "Data") -> None:
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


def _check_split(data: "Data") -> None:
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
