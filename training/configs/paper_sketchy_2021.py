"""The published method of 2021 on Sketchy Extended: SE-ResNeXt-101, DASE and MEMS.

    sbir train paper_sketchy_2021 --set network.weights=seresnext101_32x4d.pth
    sbir evaluate runs/paper_sketchy_2021

Data: the two public archives under data/sketchy, as `256x256/sketch/tx_000100000000/<class>/` and
`EXTEND_image_sketchy/<class>/` (`--set data.root=FOLDER` if they lie elsewhere). Weights:
ImageNet's, in a file of yours (no package ships one), such as timm's `legacy_seresnext101_32x4d`;
every format that `sbir weights import` takes will do. Without `network.weights` the network starts
at random, which is not the published run.

Hardware, by estimate: a GPU with 24 GB; two cores without one would need months.
It was never run to its end here: no figure is claimed for it, neither ours nor the paper's.

As published: 22 sketches and 22 photos of 224 x 224 in one batch through one network, scaled to
[0, 1]; DASE in the first three stages and plain SE in the fourth, sigmoid inside the gates; 512
dimensions; MEMS with a margin that grows linearly to 4 over the first half, centres of length 1;
Adam at 1e-4, constant for half of the steps and then linear to 0, weight decay 1e-4 in the gradient
of the network's weights and none on the centres; the published augmentation; 50 test sketches of
each class (our seed: the authors' own list differs); test sketches resized to 246 and cut to 224;
test-time flip. Ours: the white that rotated sketches leave in the corners.
Every photo of the gallery is trained on in this protocol; only the query sketches are new.
"""

from training.config import Config, Data, Loss, Network, Optimizer

CONFIG = Config(
    name="paper_sketchy_2021",
    steps=200_000,
    steps_per_epoch=2_000,
    batch_size=44,
    data=Data(
        source="folder",
        size=224,
        split="supervised",
        root="data/sketchy",
        layout="sketchy_ext",
        test_sketches=50,
        test_resize=246,
        test_flip=True,
        augmentation="published",
    ),
    network=Network(
        backbone="se_resnext101_32x4d",
        gate="dase",
        gate_stages=(1, 2, 3),
        squeeze_activation="sigmoid",
        normalization="unit",
        embedding_dim=512,
        batch_norm_momentum=0.9,
    ),
    loss=Loss(name="mems", margin=4.0, schedule="linear", anneal=0.5, center_radius=1.0),
    optimizer=Optimizer(
        learning_rate=1e-4,
        warmup=0.0,
        decay="linear_after_half",
        weight_decay=1e-4,
        decay_kind="coupled",
    ),
)
