"""network_state.txt says of a model what the model is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import batch_of, make_column, make_trainer, network_of
from v1model.models import Questions
from visualization import log_network_state


def text_of(path, *arguments, **options):
    log_network_state(*arguments, path / "state.txt", **options)
    return (path / "state.txt").read_text()


def row(text, name):
    """The words of the last line that begins with a name."""
    lines = [line.split() for line in text.splitlines()]
    return [words for words in lines if words[:1] == [name]][-1][1:]


def section(text, title):
    return text.split(f"{title}\n{'-' * len(title)}\n")[1].split("\n\n")[0].splitlines()


@pytest.fixture(scope="module")
def trainer():
    return make_trainer()


@pytest.fixture(scope="module")
def text(trainer, tmp_path_factory):
    return text_of(tmp_path_factory.mktemp("state"), trainer, batch_of(2)[0])


def test_layers_have_the_shapes_that_a_simulation_of_the_sample_has(text, trainer):
    inputs = batch_of(2)[0]
    column = trainer.column
    output = column(inputs)
    spikes, v = tuple(output.spikes.shape), tuple(output.voltages.shape)
    assert f"spikes {spikes}, voltages {v}" in text
    currents = column.input_layer(inputs["lgn"])
    for name, tensor in [("prediction", output.logits), ("input_layer", currents)]:
        shape = " ".join(row(text, name)[-3:])
        assert shape == str(tuple(tensor.shape)), name


def test_every_weight_is_there_and_their_numbers_add_up(text, trainer):
    for variable in trainer.weights:
        words = row(text, variable.path)
        assert int(words[-1].replace(",", "")) == variable.numpy().size
        assert words[-2] == ("yes" if variable.trainable else "no")
        assert words[-3] == "float32"
    trained = sum(v.numpy().size for v in trainer.trainable_variables)
    fixed = sum(v.numpy().size for v in trainer.weights) - trained
    assert section(text, "Parameters")[-1] == (
        f"{trained:,} trained, {fixed:,} not trained"
    )


def test_cell_types_are_those_of_the_network(text):
    network = network_of()
    counts = np.bincount(network.type_index, minlength=len(network.types))
    for k in np.flatnonzero(counts):
        types = network.types
        name, n, v_th, e_l, t_ref, tau = row(text, str(types.node_type_id[k]))
        assert (name, int(n)) == (types.pop_name[k], counts[k])
        assert float(v_th) == pytest.approx(types.V_th[k], abs=0.006)
        assert float(e_l) == pytest.approx(types.E_L[k], abs=0.006)
        assert float(t_ref) == pytest.approx(types.t_ref[k], abs=0.006)
        assert float(tau) == pytest.approx(types.C_m[k] / types.g[k], abs=0.006)
    end = f"{network.n_neurons} neurons of {np.count_nonzero(counts)} types"
    assert section(text, "Cell types")[-1] == end


def test_the_state_takes_the_bytes_that_it_takes(text, trainer):
    state = trainer.column.rsnn.cell.zero_state(1)
    for name, tensor in state._asdict().items():
        values, n_bytes = row(text, name)
        assert int(values.replace(",", "")) == tensor.numpy().size
        assert int(n_bytes.replace(",", "")) == tensor.numpy().nbytes


def test_engine_and_readout_are_named(text):
    assert row(text, "engine") == ["compiled", "(auto)"]
    assert row(text, "pools") == ["2", "of", "3", "neurons"]
    assert "classes of response  2" in text


def test_a_column_alone_has_cells_without_names(tmp_path):
    column = make_column(neuron_output=False, engine="stepwise")
    text = text_of(tmp_path, column, None)
    assert "LinearReadout" in text and row(text, "engine") == ["stepwise"]
    types = section(text, "Cell types")[1:-1]
    assert len(types) == len(np.unique(network_of().type_index))
    assert all(line.split()[:2] == ["-", "-"] for line in types)
    named = text_of(tmp_path, column, None, network=network_of())
    assert "e4Rorb" in named


def test_any_keras_model_has_its_layers_and_parameters(tmp_path):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="first"), keras.layers.ReLU()]
    )
    text = text_of(tmp_path, model, np.zeros((5, 3), np.float32))
    assert row(text, "first") == ["Dense", "16", "(?,", "4)"]
    assert row(text, model.name)[-2:] == ["(5,", "4)"]
    assert "Cell types" not in text


def test_a_model_that_is_not_built_is_refused(tmp_path):
    with pytest.raises(ValueError, match="nothing must be built"):
        text_of(tmp_path, keras.Sequential(name="nothing"), None)


def test_a_sample_that_a_column_cannot_take_is_refused_with_what_it_takes(tmp_path):
    lgn = batch_of(2)[0]["lgn"]
    for sample, got in [(lgn, type(lgn).__name__), ({"spikes": lgn}, r"\['spikes'\]")]:
        with pytest.raises(ValueError, match=f"a dictionary with lgn.*got {got}"):
            log_network_state(make_column(), sample, tmp_path / "state.txt")


def test_keras_can_summarise_a_column():
    lines = []
    make_trainer().summary(print_fn=lines.append, expand_nested=True)
    assert any("ColumnActivity" in line for line in "\n".join(lines).splitlines())


def test_tensors_are_a_sample_too(trainer, text, tmp_path):
    inputs = tf.nest.map_structure(tf.constant, batch_of(2)[0])
    assert text_of(tmp_path, trainer, inputs) == text


def test_questions_are_named_with_their_classes(tmp_path):
    column = make_column()
    column.questions = Questions(("a", "b"), (1, 1), (False, False))
    assert "classes of b  1" in text_of(tmp_path, column, None)
