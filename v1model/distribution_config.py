"""DistributionConfig: the options on devices and machines."""

import dataclasses

from v1model.options import option, require, require_positive

STRATEGIES = ("auto", "none", "mirrored", "multi_worker")


@dataclasses.dataclass(frozen=True)
class DistributionConfig:
    """How many devices and machines train together."""

    strategy: str = option(
        "auto",
        "none: one replica; mirrored: the devices of this machine; multi_worker: the "
        "processes that TF_CONFIG or a SLURM step names; auto: what is there.",
        choices=STRATEGIES,
    )
    replicas: int = option(
        0,
        "Replicas in this process; 0 takes every GPU. Without a GPU, mirrored: that "
        "many logical devices of the processor.",
    )
    worker_timeout: float = option(
        10.0,
        "multi_worker: minutes to wait for the other workers, at the start and after "
        "one was lost.",
    )

    def __post_init__(self):
        require(self.replicas >= 0, "replicas", "must not be negative", self.replicas)
        require_positive(self, "worker_timeout")
        is_alone = self.strategy == "none" and self.replicas > 1
        require(not is_alone, "replicas", "must be 0 or 1 with none", self.replicas)
