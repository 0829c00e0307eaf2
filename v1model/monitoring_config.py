"""MonitoringConfig: what is watched while a model trains."""

import dataclasses

from v1model.options import option, require

ALL, NONE = "all", "none"
SINKS = ("wandb", "mlflow")


@dataclasses.dataclass(frozen=True)
class MonitoringConfig:
    """Monitors: small ones often, large ones rarely, none for more than its budget."""

    fast_monitors: tuple[str, ...] = option(
        (ALL,),
        "Monitors of seconds: names (docs/watching.md lists them), all, none, or "
        "package.module:function of your own.",
    )
    slow_monitors: tuple[str, ...] = option(
        (ALL,), "Monitors of minutes, with pictures and tables: the same."
    )
    fast_every: int = option(2, "Epochs from one time of the fast ones to the next.")
    slow_every: int = option(10, "Epochs from one time of the slow ones to the next.")
    fast_share: float = option(
        0.05, "Most of the time of training that the fast ones may take."
    )
    slow_share: float = option(0.2, "The same for the slow ones.")
    sinks: tuple[str, ...] = option(
        (), f"Where curves go beside TensorBoard: {', '.join(SINKS)}, or both."
    )

    def __post_init__(self):
        for name in ("fast_every", "slow_every"):
            value = getattr(self, name)
            require(value >= 1, name, "must be at least 1", value)
        for name in ("fast_share", "slow_share"):
            value = getattr(self, name)
            require(0 <= value <= 1, name, "must lie in [0, 1]", value)
        for name in self.sinks:
            require(name in SINKS, "sinks", f"must be of {', '.join(SINKS)}", name)


# A resumed run may watch other things: nothing of it changes what is computed.
MONITORING_OPTIONS = frozenset(
    field.name for field in dataclasses.fields(MonitoringConfig)
)
