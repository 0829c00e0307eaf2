"""A training that takes no time, started as the spiking column's would be.

What happens is told by the seed: 13 fails, 14 is killed without warning the first time,
15 goes on until it is told to end, 16 takes a second.
"""

import os
import signal
import sys
import time

from v1model.config import ColumnTrainConfig
from v1model.flags import config_from
from v1model.runs import Run


def main(argv):
    config = config_from(argv, ColumnTrainConfig)
    seed = config.network.seed
    run = Run.create(config.results_dir, config.run_name, config, argv, "column")
    with run.recorded():
        rows = ["epoch,loss", "1,0.5"]
        run.metrics_csv.write_text("\n".join(rows) + "\n", encoding="utf-8")
        sys.stdout.write(f"training with seed {seed}\n")
        if seed == 13:
            raise ValueError("seed 13 brings bad luck")
        if seed == 14 and not run.was_resumed:
            os.kill(os.getpid(), signal.SIGKILL)
        give_up = time.monotonic() + 30
        while seed == 15 and not run.was_resumed and time.monotonic() < give_up:
            time.sleep(0.02)
        if seed == 16:
            time.sleep(1)
        scores = {"ori_diff": {"accuracy": seed / 100}}
        run.write_result({"tasks": scores, "minutes": 0.5})


if __name__ == "__main__":
    main(sys.argv)
