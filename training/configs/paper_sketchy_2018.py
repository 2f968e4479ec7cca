"""The first version of the method, of 2018, on Sketchy Extended: SE-ResNet-50 and EMS.

    sbir train paper_sketchy_2018 --set network.weights=seresnet50.pth
    sbir evaluate runs/paper_sketchy_2018

That version called the gate CSE and the loss EMS: distances, not their squares, under the same
margin; ReLU inside the gates, all four stages domain-aware. Its input normalisation is not on
record: here it is that of the ImageNet weights (`--set network.normalization=unit` for [0, 1]).
Weights: as timm's `legacy_seresnet50`. Data and the rest of the recipe: see `paper_sketchy_2021`.

Hardware, by estimate: a GPU with 12 GB; two cores without one would need about three weeks (a batch
of 16 took 3.1 s).
It was never run to its end here: no figure is claimed for it, neither ours nor the paper's.
Every photo of the gallery is trained on in this protocol; only the query sketches are new.
"""

import dataclasses

from training.config import Loss, Network
from training.configs.paper_sketchy_2021 import CONFIG as LATER

CONFIG = dataclasses.replace(
    LATER,
    name="paper_sketchy_2018",
    network=Network(
        backbone="se_resnet50",
        gate="dase",
        gate_stages=(1, 2, 3, 4),
        squeeze_activation="relu",
        normalization="own",
        embedding_dim=512,
        batch_norm_momentum=0.9,
    ),
    loss=Loss(name="ems", margin=4.0, schedule="linear", anneal=0.5, center_radius=1.0),
)
