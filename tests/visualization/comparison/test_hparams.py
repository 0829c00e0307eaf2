"""A comparison in TensorBoard's tab HPARAMS, read by TensorBoard's own backend."""

import subprocess
import sys

import pytest

from tests.visualization.comparison.made_up import comparison
from visualization.comparison.hparams import write_hparams


@pytest.fixture(scope="module")
def backend():
    """Function of a folder: TensorBoard's experiment and session groups of it."""
    from tensorboard import context
    from tensorboard.backend.event_processing import (
        data_provider,
        plugin_event_multiplexer,
    )
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, list_session_groups
    from tensorboard.plugins.hparams.backend_context import Context

    def read(folder):
        multiplexer = plugin_event_multiplexer.EventMultiplexer()
        multiplexer.AddRunsFromDirectory(str(folder)).Reload()
        provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))
        ours = Context(base_plugin.TBContext(data_provider=provider))
        asked = context.RequestContext()
        metadata = ours.hparams_metadata(asked, "")
        experiment = ours.experiment_from_metadata(
            asked,
            "",
            include_metrics=True,
            hparams_run_to_tag_to_content=metadata,
            data_provider_hparams=ours.hparams_from_data_provider(asked, "", limit=99),
        )
        columns = [
            api_pb2.ColParams(hparam=info.name) for info in experiment.hparam_infos
        ] + [api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos]
        request = api_pb2.ListSessionGroupsRequest(
            allowed_statuses=[
                api_pb2.STATUS_SUCCESS,
                api_pb2.STATUS_FAILURE,
                api_pb2.STATUS_RUNNING,
                api_pb2.STATUS_UNKNOWN,
            ],
            col_params=columns,
            slice_size=1000,
            start_index=0,
            aggregation_type=api_pb2.AGGREGATION_AVG,
        )
        handler = list_session_groups.Handler(asked, ours, "", request)
        return experiment, handler.run().session_groups

    return read


def test_tensorboard_shows_every_run_with_its_options_and_metrics(tmp_path, backend):
    made = comparison(n_seeds=2)
    experiment, groups = backend(write_hparams(made, tmp_path))
    shown = {info.name: info for info in experiment.hparam_infos}
    assert {*shown} == {"variant", "seed", *made.options}
    core = shown["model.convnet.type"]
    assert core.display_name == "core"
    domain = [value.string_value for value in core.domain_discrete.values]
    assert domain == ["densenet", "resnet"]
    assert len(groups) == len(made.runs)
    by_name = {group.name: group for group in groups}
    for row in made.runs.to_dict("records"):
        group = by_name[row["run"]]
        assert len(group.sessions) == 1
        hparams = {name: value.string_value for name, value in group.hparams.items()}
        assert hparams["model.convnet.norm"] == row["model.convnet.norm"]
        metrics = {m.name.tag: m.value for m in group.metric_values}
        for name in ("score", "parameters", "minutes"):
            assert metrics[name] == pytest.approx(row[name], rel=1e-6)


def test_a_value_that_is_not_known_is_left_out_and_a_failed_run_says_so(
    tmp_path, backend
):
    from tensorboard.plugins.hparams import api_pb2

    made = comparison(n_seeds=1)
    made.runs.loc[0, "score"] = float("nan")
    made.runs.loc[0, "state"] = "failed"
    _, groups = backend(write_hparams(made, tmp_path))
    (failed,) = (g for g in groups if g.name == made.runs["run"][0])
    assert "score" not in {m.name.tag for m in failed.metric_values}
    assert failed.sessions[0].status == api_pb2.STATUS_FAILURE


def test_numbers_are_numbers_and_mixed_options_are_text(tmp_path, backend):
    made = comparison(n_seeds=1)
    made.runs["model.convnet.type"] = [1, 2.5, 1, 1, 1, 1]
    made.runs["model.convnet.norm"] = [None, "batch", 3, True, "x", "y"]
    experiment, groups = backend(write_hparams(made, tmp_path))
    numbers, texts = (
        next(info for info in experiment.hparam_infos if info.name == name)
        for name in made.options
    )
    assert [v.number_value for v in numbers.domain_discrete.values] == [1.0, 2.5]
    assert "" in [v.string_value for v in texts.domain_discrete.values]
    assert len(groups) == 6


def test_a_second_comparison_takes_the_place_of_the_first(tmp_path, backend):
    write_hparams(comparison(n_seeds=3), tmp_path)
    made = comparison(n_seeds=1)
    _, groups = backend(write_hparams(made, tmp_path))
    assert len(groups) == len(made.runs)


def test_it_and_the_page_are_written_without_tensorflow(tmp_path):
    program = (
        "import pathlib, sys\n"
        "from tests.visualization.comparison.made_up import comparison\n"
        "from visualization.comparison.hparams import write_hparams\n"
        "from visualization.comparison.page import write_page\n"
        "folder, made = pathlib.Path(sys.argv[1]), comparison(n_seeds=1)\n"
        "write_page(made, write_hparams(made, folder) / 'page.html')\n"
        "sys.exit('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert done.returncode == 0
