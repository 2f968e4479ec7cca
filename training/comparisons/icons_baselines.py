"""What the trained networks are worth beside hand-made descriptors and classical methods.

    sbir compare icons_baselines --jobs 2

Every method learns from the train part of the `styles` split of the bundled icons; four trials a
row on the validation part, then the test part, over three seeds where anything is drawn at random.
Expected: docs/comparison.md.
"""

from training.compare.spec import Comparison, Row
from training.comparisons.icons_ablation import COMPARISON as ABLATION
from training.comparisons.icons_ablation import (
    DASE_MEMS,
    LOSSES,
    TWO_RATES,
    WHOLE_CLASSES,
    grid,
    rates,
    settings,
)

DASE_EMS = next(row for row in LOSSES if row.label == "DASE + EMS")
PLAIN = "network.gate=none"

TRAINED = (
    DASE_MEMS,
    DASE_EMS,
    Row(
        "Siamese network (contrastive)",
        (PLAIN, "loss.name=contrastive", *WHOLE_CLASSES),
        grid(settings("loss.margin", "4", "8"), TWO_RATES),
    ),
    Row(
        "triplet network (semi-hard)",
        (PLAIN, "loss.name=triplet_semi_hard", *WHOLE_CLASSES),
        grid(settings("loss.margin", "0.2", "0.5"), rates("2e-3", "5e-3")),
    ),
)

HAND_MADE = (
    Row(
        "HOG",
        (),
        grid(settings("cell", "12", "16"), settings("soft", "2", "3")),
        "hog",
    ),
    Row(
        "S-HELO",
        (),
        grid(settings("cells", "24", "36"), settings("soft", "2", "3")),
        "s_helo",
    ),
    Row(
        "SIFT bag of words",
        (),
        grid(settings("words", "200", "500"), settings("patch", "32", "40")),
        "sift_words",
    ),
)

FROZEN = (
    Row("ImageNet features, frozen", (), settings("size", "64", "96", "128", "224"), "frozen"),
    Row(
        "CCA",
        (),
        grid(settings("principal", "128", "256"), settings("components", "64", "128")),
        "cca",
    ),
    Row(
        "PLS regression",
        (),
        grid(settings("compare", "scores", "predictions"), settings("components", "32", "64")),
        "pls",
    ),
    Row(
        "CCA-ITQ, 64 bits",
        (),
        grid(settings("views", "labels", "pairs"), settings("principal", "256", "512")),
        "cca_itq",
    ),
    Row(
        "ITQ, 64 bits",
        (),
        grid(settings("unit", "false", "true"), settings("apart", "false", "true")),
        "itq",
    ),
)

NOTE = """
Read two kinds of rows apart. The trained networks (DASE, Siamese, triplet) are the small SE-ResNet
of the comparison above: 32 pixels, from scratch, 1,000 steps, a minute of training. CCA, PLS, ITQ
and the frozen features stand on EfficientNet-Lite0's ImageNet weights at 224 pixels, sixty
times the work for each picture; the hand-made descriptors read edges. So CCA's first place says
what a linear map makes of good features, and DASE + MEMS's third what a minute makes of none. A
network that is trained from the same weights, `icons_quick` at 64 pixels, reaches an mAP@all of
0.698 on this test part (docs/results.md).

"Fit" and "encode" are seconds and milliseconds a picture of one core on a busy machine.
"""

COMPARISON = Comparison(
    name="icons_baselines",
    title="Trained networks against classical methods",
    note=NOTE,
    config=ABLATION.config,
    overrides=ABLATION.overrides,
    tables={"All methods": (*TRAINED, *FROZEN, *HAND_MADE)},
    columns=(
        "seeds",
        "mAP@all",
        "P@10",
        "hit@10",
        "against",
        "distance",
        "fit, s",
        "encode, ms",
        "bytes",
    ),
)
