"""The same training steps in PyTorch, for `benchmarks.training`; in an environment of its own.

    python3.11 -m venv parity
    parity/bin/pip install -r tests/models/weights/golden/requirements-parity.txt
    parity/bin/python benchmarks/torch_step.py NETWORK SIZE BATCH CLASSES

Answers each line "N" on its input with the seconds that N steps took: forward, backward and Adam,
on one batch held in memory, in whichever memory format was quicker at the start.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional

OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
TIMM = {"se_resnet50": "legacy_seresnet50", "efficientnet_lite0": "tf_efficientnet_lite0"}
TINY_WIDTHS = (24, 48, 96, 160)
FORMATS = (torch.contiguous_format, torch.channels_last)


def main(name: str, size: int, batch: int, classes: int) -> None:
    torch.manual_seed(0)
    steps = {form: Step(name, size, batch, classes, form) for form in FORMATS}
    for step in steps.values():
        step.seconds(1)
    quick = min(steps.values(), key=lambda step: step.seconds(2))
    del steps
    print("ready", flush=True)
    for line in sys.stdin:
        print(quick.seconds(int(line)), flush=True)


class Step:
    """A network, its head, its optimizer and one batch."""

    def __init__(self, name, size, batch, classes, memory_format):
        self.network, features = network_of(name)
        self.network = self.network.to(memory_format=memory_format)
        self.embedding = nn.Linear(features, 512 if name in TIMM else 128)
        self.centers = nn.Parameter(torch.randn(classes, self.embedding.out_features))
        self.images = torch.rand(batch, 3, size, size).to(memory_format=memory_format)
        self.domain = (torch.arange(batch) >= batch // 2).float()[:, None]
        self.labels = torch.randint(classes, (batch,))
        weights = [*self.network.parameters(), *self.embedding.parameters(), self.centers]
        self.optimizer = torch.optim.Adam(weights, 1e-3)

    def seconds(self, count: int) -> float:
        """How long so many steps take."""
        began = time.perf_counter()
        for _ in range(count):
            self.optimizer.zero_grad(set_to_none=True)
            self.loss().backward()
            self.optimizer.step()
        return time.perf_counter() - began

    def loss(self):
        """EMS: the margin on distances to class centres."""
        inputs = (self.images, self.domain) if isinstance(self.network, Tiny) else (self.images,)
        embeddings = self.embedding(self.network(*inputs))
        squared = (
            embeddings.square().sum(1, keepdim=True)
            - 2 * embeddings @ self.centers.T
            + self.centers.square().sum(1)
        )
        distances = torch.sqrt(torch.relu(squared) + 1e-12)
        own = functional.one_hot(self.labels, len(self.centers)).bool()
        return functional.cross_entropy(torch.where(own, -4 * distances, -distances), self.labels)


def network_of(name: str) -> tuple[nn.Module, int]:
    """A network that gives pooled features, and how many."""
    if name not in TIMM:
        return Tiny(), TINY_WIDTHS[-1]
    try:
        import timm
    except RuntimeError:
        # timm imports torchvision, whose operators (unused here) need its own build of PyTorch.
        for operator in ("nms", "qnms"):
            OPERATORS.define(f"{operator}(Tensor a, Tensor b, float c) -> Tensor")
        import timm
    network = timm.create_model(TIMM[name], pretrained=False, num_classes=0)
    return network, network.num_features


class Tiny(nn.Module):
    """The network of icons_tiny: a stem and four basic blocks with domain-aware gates."""

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, TINY_WIDTHS[0], 3, 2)
        inner = (TINY_WIDTHS[0], *TINY_WIDTHS)
        self.blocks = nn.ModuleList(
            Block(inner[n], inner[n + 1], 2 if n else 1) for n in range(len(TINY_WIDTHS))
        )

    def forward(self, image, domain):
        x = functional.relu(self.stem(image))
        for block in self.blocks:
            x = block(x, domain)
        return x.mean((2, 3))


class Block(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.first = conv_bn(before, channels, 3, stride)
        self.second = conv_bn(channels, channels, 3, 1)
        same = stride == 1 and before == channels
        self.shortcut = nn.Identity() if same else conv_bn(before, channels, 1, stride)
        self.squeeze = nn.Linear(channels, channels // 16)
        self.excite = nn.Linear(channels // 16 + 1, channels)

    def forward(self, x, domain):
        y = self.second(functional.relu(self.first(x)))
        hidden = functional.relu(self.squeeze(y.mean((2, 3))))
        gate = torch.sigmoid(self.excite(torch.cat([hidden, domain], 1)))
        return functional.relu(self.shortcut(x) + y * gate[:, :, None, None])


def conv_bn(before, channels, kernel, stride):
    conv = nn.Conv2d(before, channels, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
