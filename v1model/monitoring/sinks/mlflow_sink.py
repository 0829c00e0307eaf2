"""MLflow: curves and pictures of a run, in files beside the runs by default.

Without MLFLOW_TRACKING_URI everything goes to the folder mlruns beside the run:

    MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri results/cnn/mlruns
"""

import io
import math
import os
import re
import time

from PIL import Image

from v1model.monitoring.sinks import identity_of, options_of

STORE = "mlruns"
_IDENTITY = "v1model.run"  # the tag by which a resumed run is found
_METRICS, _PARAMS = 1000, 100  # most in one call
_LONGEST = 500  # characters of an option's value


def opened(run):
    """The sink of a Run; a resumed run goes on where it was."""
    # MLflow 3 wants to be asked for its store of files, and reports its use.
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient  # reads the environment when it is imported

    store = (run.path.parent / STORE).resolve()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or store.as_uri()
    return MlflowSink(MlflowClient(tracking_uri=uri), run)


class MlflowSink:
    """Sends numbers under TensorBoard's tags, over updates.

    Beyond the first stroke of a tag there are dots: in files a tag cannot be a folder,
    too.

    Args:
        client: MlflowClient.
        run: Run.
    """

    fatal = ()

    def __init__(self, client, run):
        self._client = client
        self._id = _taken_up(client, run) or _created(client, run)

    def epoch(self, number, step, values):
        """Sends the numbers of an epoch."""
        self._send({"epoch": number, **values}, step)

    def reading(self, step, monitor, reading):
        """Sends what a monitor has seen, but distributions and tables."""
        self._send({f"{monitor}/{n}": v for n, v in reading.scalars.items()}, step)
        for name, png in reading.pictures.items():
            place = re.sub(r"[^\w.-]+", "_", name)
            self._client.log_image(
                self._id,
                Image.open(io.BytesIO(png)),
                artifact_file=f"{monitor}/{place}_{step:08d}.png",
            )

    def close(self):
        """Marks what was sent as complete."""
        self._client.set_terminated(self._id)

    def _send(self, values, step):
        from mlflow.entities import Metric

        now = round(1000 * time.time())
        metrics = [
            Metric(_name(tag), float(value), now, step)
            for tag, value in values.items()
            if math.isfinite(value)
        ]
        for part in _parts(metrics, _METRICS):
            self._client.log_batch(self._id, metrics=part)


def _taken_up(client, run):
    """The id of what an earlier start of the run has sent, or None."""
    experiment = client.get_experiment_by_name(run.path.parent.name)
    if experiment is None:
        return None
    found = client.search_runs(
        [experiment.experiment_id], f"tags.`{_IDENTITY}` = '{identity_of(run)}'"
    )
    if not found:
        return None
    client.update_run(found[0].info.run_id, status="RUNNING")
    return found[0].info.run_id


def _created(client, run):
    from mlflow.entities import Param

    name = run.path.parent.name
    experiment = client.get_experiment_by_name(name)
    known = experiment and experiment.experiment_id
    number = known or client.create_experiment(name)
    tags = {_IDENTITY: identity_of(run)}
    made = client.create_run(number, run_name=run.path.name, tags=tags).info.run_id
    options = options_of(run).items()
    params = [Param(_name(key), str(value)[:_LONGEST]) for key, value in options]
    for part in _parts(params, _PARAMS):
        client.log_batch(made, params=part)
    return made


def _name(tag):
    first, stroke, rest = tag.partition("/")
    return re.sub(r"[^\w.\- /]", "_", first + stroke + rest.replace("/", "."))


def _parts(items, size):
    return [items[k : k + size] for k in range(0, len(items), size)]
