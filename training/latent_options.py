"""LatentOptions: the options of a training that are not the model's."""

import dataclasses

from v1model.distribution_config import DistributionConfig
from v1model.monitoring_config import MonitoringConfig
from v1model.options import option, require


@dataclasses.dataclass(frozen=True)
class LatentOptions:
    """Where results go."""

    distribution: DistributionConfig = DistributionConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    results_dir: str = option("results/latent", "Folder of all experiments.")
    run_name: str = option(
        "",
        "Name of the run folder; none makes one from the given flags and the time. An "
        "unfinished run of that name is resumed.",
    )
    dry_run: bool = option(False, "Only say what would be done, and how long it takes.")

    def __post_init__(self):
        is_ok = self.distribution.strategy != "multi_worker"
        require(is_ok, "strategy", "must be auto, none or mirrored", "multi_worker")
