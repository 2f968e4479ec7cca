"""Which gate goes where in a block: the one place that every backbone asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sbir_tf.errors import UserError, nearest
from sbir_tf.layers import DASE, GlobalContext, NonLocal, SelectiveKernel

GATES = ("se", "dase", "sk", "gc", "non_local")
STAGES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Gates:
    """The gates of one network.

    A block asks three times: `convolve` in place of its 3x3 convolution (SK), `recalibrate`
    before the residual sum (SE, DASE, GC), `attend` behind the block (non-local).

    Args:
        kind: "dase", "se", "sk", "gc", "non_local", or None for a network without gates.
        domain: The network's domain input, (B, 1).
        stages: The stages that have the gate. With "dase" the others have plain SE, as in
            the authors' 2021 release, whose stages are (1, 2, 3). Published are stages 2-4
            for GC, 2-3 for non-local, all for the others.
        reduction: Of SE, DASE, SK and GC; the non-local block halves the channels.
        squeeze_activation: Of SE and DASE.
        identity: Every gate must start as the identity, since the backbone was pretrained
            without.
        batch_norm_momentum: Of the norms inside SK and non-local.
        sync_batch_norm: Whether the statistics of those are of all replicas' items together.

    Raises:
        UserError: If `kind` or a stage is unknown, or SK is asked to start as the identity.
    """

    kind: str | None
    domain: object
    stages: Sequence[int] = STAGES
    reduction: int = 16
    squeeze_activation: str = "relu"
    identity: bool = False
    batch_norm_momentum: float = 0.99
    sync_batch_norm: bool = False

    def __post_init__(self):
        if self.kind is not None and self.kind not in GATES:
            raise UserError(f"There is no gate {self.kind!r}{nearest(self.kind, GATES)}")
        if not set(self.stages) <= set(STAGES):
            raise UserError(
                f"`gate_stages` must be from 1 to 4. Received: gate_stages={tuple(self.stages)}"
            )
        if self.kind == "sk" and self.identity:
            raise UserError(
                "gate='sk' replaces a convolution and cannot start as the identity in a backbone "
                "that was pretrained without gates: choose another gate, or se_resnet18"
            )

    def at(self, stage: int) -> str | None:
        """The gate of a stage's blocks."""
        if stage in self.stages:
            return self.kind
        return "se" if self.kind == "dase" else None

    def convolve(self, stage: int, name: str, branch: Callable):
        """A block's 3x3 convolution, or the selection between it and its dilated twin.

        Args:
            stage: The block's stage, from 1.
            name: Of the block.
            branch: Of (dilation, suffix of the layers' names): convolution, norm, ReLU.
        """
        if self.at(stage) != "sk":
            return branch(1, "")
        select = SelectiveKernel(self.reduction, **self._norm(), name=f"{name}_sk")
        return select([branch(1, ""), branch(2, "_dilated")])

    def recalibrate(self, x, stage: int, name: str):
        """A residual branch, gated before it is added."""
        kind = self.at(stage)
        if kind in ("se", "dase"):
            gate = DASE(
                self.reduction,
                self.squeeze_activation,
                domain=kind == "dase",
                identity=self.identity,
                name=f"{name}_{kind}",
            )
            return gate([x, self.domain])
        if kind == "gc":
            return GlobalContext(self.reduction, name=f"{name}_gc")(x)
        return x

    def attend(self, x, stage: int, name: str):
        """A block's output."""
        if self.at(stage) != "non_local":
            return x
        return NonLocal(**self._norm(), name=f"{name}_non_local")(x)

    def _norm(self) -> dict:
        return {
            "batch_norm_momentum": self.batch_norm_momentum,
            "sync_batch_norm": self.sync_batch_norm,
        }
