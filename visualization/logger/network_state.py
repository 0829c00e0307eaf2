"""What a network is, as a text file: layers, shapes, parameters, cells, state."""

import math

import keras
import numpy as np
import tensorflow as tf

from v1model.atomic import write_text
from v1model.engine.glif3 import GLIF3State
from v1model.models import ColumnModel, PoolReadout
from v1model.models.engines import choose_engine
from v1model.network.neurons import Neurons, neurons_of

_UNKNOWN = "-"


def log_network_state(model, sample_input, output_path, *, network=None):
    """Writes what a model is made of as a text file.

    Sections: layers with their output shapes for the sample, parameters; of a column
    also cell types, state, engine and readout. Nothing is simulated: the shapes come
    from tracing.

    Args:
        model: ColumnTrainer, ColumnModel, or any other built Keras model.
        sample_input: What the model is called with, or None: then no shapes are known
            but those of a functional model.
        output_path: The text file, replaced atomically.
        network: Network or Neurons, for the names of the cell types; a ColumnTrainer
            has them.

    Raises:
        ValueError: The model is not built, or cannot take the sample.
        WriteError: The file cannot be written.
    """
    if not model.built:
        raise ValueError(f"network state: {model.name} must be built, it is not yet.")
    column = column_of(model)
    neurons = network if network is not None else getattr(model, "neurons", None)
    if neurons is not None and not isinstance(neurons, Neurons):
        neurons = neurons_of(neurons)
    sections = [
        _title(model),
        _layers(model, _shapes(model, column, sample_input)),
        _parameters(model),
    ]
    if column is not None:
        sections += [
            _cell_types(column.rsnn.cell, neurons),
            _state(column),
            _engine(column),
            _readout(column),
        ]
    write_text(output_path, "\n\n".join(sections) + "\n")


def column_of(model):
    """The ColumnModel of a Keras model: itself, or its `column`; None without one."""
    if isinstance(model, ColumnModel):
        return model
    column = getattr(model, "column", None)
    return column if isinstance(column, ColumnModel) else None


def _title(model):
    return (
        f"{model.name} ({type(model).__name__})\n"
        f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    )


def _shapes(model, column, sample):
    """Shape of what each layer returns for the sample, by id of the layer."""
    if column is not None and sample is not None:
        return _column_shapes(column, sample)
    shapes = {}
    for layer in model._flatten_layers(include_self=False):
        output = getattr(layer, "output", None) if _is_connected(layer) else None
        shapes[id(layer)] = _UNKNOWN if output is None else _words_of(output)
    if sample is not None:
        arguments = tf.nest.map_structure(tf.convert_to_tensor, sample)
        traced = tf.function(model).get_concrete_function(arguments)
        shapes[id(model)] = _words_of(traced.structured_outputs)
    return shapes


def _is_connected(layer):
    return len(getattr(layer, "_inbound_nodes", ())) == 1


def _column_shapes(column, sample):
    layers = {"input_layer": column.input_layer, "noise": column.noise}
    layers |= {"rsnn": column.rsnn, "readout": column.readout}

    @tf.function(autograph=False)
    def traced(inputs):
        found = {"input_layer": column.input_layer(inputs["lgn"])}
        if column.noise is not None:
            n_steps = inputs["lgn"].shape[1]
            found["noise"] = column.noise(inputs["noise_seed"], n_steps=n_steps)
        currents = sum(found.values())
        found["rsnn"] = column.rsnn(currents)
        found["readout"] = column.readout(found["rsnn"].spikes)
        return found

    needed = ["lgn"] if column.noise is None else ["lgn", "noise_seed"]
    if not isinstance(sample, dict) or not set(needed) <= set(sample):
        got = sorted(sample) if isinstance(sample, dict) else type(sample).__name__
        raise ValueError(
            "network state: the sample of a column must be a dictionary with "
            f"{' and '.join(needed)}, got {got}."
        )
    tensors = tf.nest.map_structure(tf.convert_to_tensor, sample)
    found = traced.get_concrete_function(tensors).structured_outputs
    return {id(layers[name]): _words_of(tensor) for name, tensor in found.items()}


def _words_of(output):
    """Shapes as text; a record names its parts, of which the state has a section."""
    if isinstance(output, tuple) and hasattr(output, "_fields"):
        parts = output._asdict().items()
        named = (f"{name} {_words_of(part)}" for name, part in parts if name != "state")
        return ", ".join(named)
    flat = tf.nest.flatten(output)
    words = ["(" + ", ".join(str(n or "?") for n in part.shape) + ")" for part in flat]
    return ", ".join(words)


def _layers(model, shapes):
    rows = []

    def add(layer, depth):
        name = "  " * depth + layer.name
        shape = shapes.get(id(layer), _UNKNOWN)
        rows.append((name, type(layer).__name__, f"{_count(layer.weights):,}", shape))
        for child in layer._layers:
            if isinstance(child, keras.layers.Layer):
                add(child, depth + 1)

    add(model, 0)
    return _section("Layers", ("layer", "class", ">parameters", "output shape"), rows)


def _parameters(model):
    rows = [
        (
            variable.path,
            str(tuple(variable.shape)),
            variable.dtype,
            "yes" if variable.trainable else "no",
            f"{math.prod(variable.shape):,}",
        )
        for variable in model.weights
    ]
    trained = _count(model.trainable_weights)
    fixed = _count(model.weights) - trained
    header = ("variable", "shape", "dtype", "trained", ">values")
    end = f"{trained:,} trained, {fixed:,} not trained"
    return _section("Parameters", header, rows, end)


def _count(variables):
    return sum(math.prod(variable.shape) for variable in variables)


def _cell_types(cell, neurons):
    """One row per cell type that has a neuron."""
    p = cell.parameters
    columns = np.stack([p.voltage_offset + p.voltage_scale, p.voltage_offset, p.t_ref])
    columns = np.vstack([columns, -cell.dt / np.log(p.decay)]).astype(np.float64)
    names = np.full(cell.n_neurons, "")
    types = np.zeros(cell.n_neurons, np.int64)
    if neurons is not None:
        names, types = np.asarray(neurons.pop_name, str), neurons.node_type_id
    key = np.rec.fromarrays([types, *columns.round(4)])
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    rows = [
        (
            str(types[k]) if neurons is not None else _UNKNOWN,
            names[k] or _UNKNOWN,
            f"{count:,}",
            *(f"{value:.2f}" for value in columns[:, k]),
        )
        for k, count in zip(first, counts, strict=True)
    ]
    rows.sort(key=lambda row: (row[1][1:2], row[1]))  # from the pia down
    header = (">id", "population", ">neurons", ">V_th mV", ">E_L mV", ">t_ref ms")
    end = f"{cell.n_neurons:,} neurons of {len(rows)} types"
    return _section("Cell types", (*header, ">tau_m ms"), rows, end)


def _state(column):
    cell = column.rsnn.cell
    size = tf.as_dtype(cell.variable_dtype).size
    rows = [
        (name, f"{n:,}", f"{n * size:,}")
        for name, n in zip(GLIF3State._fields, cell.state_size, strict=True)
    ]
    total = sum(cell.state_size)
    end = f"{total:,} values, {total * size / 1e6:.3g} MB per trial"
    return _section("State", ("field", ">values", ">bytes per trial"), rows, end)


def _engine(column):
    rnn, cell = column.rsnn, column.rsnn.cell
    integration = cell.options["integration"]
    chosen = choose_engine(rnn.engine, cell.variable_dtype, integration)
    rows = [
        ("engine", chosen if chosen == rnn.engine else f"{chosen} ({rnn.engine})"),
        ("integration", integration),
        ("step", f"{cell.dt:g} ms"),
        ("longest delay", f"{cell.n_delays} steps"),
        ("recurrent synapses", f"{cell.n_synapses:,}"),
        ("LGN units", f"{column.input_layer.n_inputs:,}"),
        ("background", "none" if column.noise is None else type(column.noise).__name__),
    ]
    return _section("Simulation", None, rows)


def _readout(column):
    readout, questions = column.readout, column.questions
    rows = [("readout", type(readout).__name__), ("chunk", f"{readout.chunk} steps")]
    if isinstance(readout, PoolReadout):
        n_pools, size = readout.pools.shape
        rows += [("pools", f"{n_pools} of {size} neurons")]
    else:
        rows += [("neurons read", f"{len(readout.neurons):,}")]
    for name, n in zip(questions.names, questions.n_classes, strict=True):
        rows.append((f"classes of {name}", str(n)))
    return _section("Readout", None, rows)


def _section(title, header, rows, end=""):
    """A title, aligned columns and a last line; a header with > aligns to the right."""
    header_cells = [] if header is None else [[name.lstrip(">") for name in header]]
    is_right = [name[:1] == ">" for name in header or rows[0]]
    cells = [*header_cells, *rows]
    widths = [
        max((len(row[k]) for row in cells), default=0) for k in range(len(is_right))
    ]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([title, "-" * len(title), *lines, *([end] if end else [])])
