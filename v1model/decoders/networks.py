"""The networks that decode: from counts over time to a score per class.

Layers with weights have names of their own: Keras would number them on from network to
network, and the curves of the same weights would have another name in each.
"""

import keras

from v1model.decoders.graph_attention import GraphAttention
from v1model.decoders.layers import (
    AttentionPooling,
    PositionalEncoding,
    TransformerBlock,
)


def build_network(name, n_bins, n_units, n_classes, width, options, graph=None):
    """An untrained network: input (B, T, U), output (B, K) logits.

    Args:
        name: One of BUILDERS.
        n_bins, n_units, n_classes: T, U, K.
        width: Of its hidden layers.
        options: NetworkOptions.
        graph: gat: (neighbours, strength) of `correlation_graph`.

    Returns:
        keras.Model. Weights are drawn from Keras' global seed.
    """
    inputs = keras.Input((n_bins, n_units), name="counts")
    seen = keras.layers.Dropout(options.input_dropout)(inputs)
    hidden = BUILDERS[name](seen, width, options)
    hidden = keras.layers.Dropout(options.dropout)(hidden)
    logits = keras.layers.Dense(n_classes, dtype="float32", name="logits")(hidden)
    network = keras.Model(inputs, logits, name=name)
    for layer in network.layers:
        if isinstance(layer, GraphAttention):
            layer.set_graph(*graph)
    return network


def _lstm(inputs, width, options):
    """LSTMs, one after the other; the last state of the last one."""
    hidden = inputs
    for number in range(options.layers):
        is_last = number == options.layers - 1
        layer = keras.layers.LSTM(
            width, return_sequences=not is_last, name=f"lstm_{number}"
        )
        hidden = layer(hidden)
    return hidden


def _steps_seen_together(inputs, width, options):
    """Transformer blocks over the bins, (B, T, D)."""
    hidden = PositionalEncoding()(keras.layers.Dense(width, name="first")(inputs))
    for number in range(options.layers):
        block = TransformerBlock(
            options.heads, options.dropout / 2, name=f"block_{number}"
        )
        hidden = block(hidden)
    return keras.layers.LayerNormalization(name="norm")(hidden)


def _transformer(inputs, width, options):
    return AttentionPooling(name="pooling")(
        _steps_seen_together(inputs, width, options)
    )


def _transformer_lstm(inputs, width, options):
    hidden = _steps_seen_together(inputs, width, options)
    return keras.layers.LSTM(width, name="lstm")(hidden)


def _gat(inputs, width, options):
    """Graph layers over units, whose features are the bins; then all units at once.

    Each layer adds what a unit heard to what it knows.
    """
    n_features = options.unit_features
    hidden = keras.layers.Permute((2, 1))(inputs)  # (B, U, T)
    hidden = keras.layers.Dense(n_features, name="first")(hidden)
    for number in range(options.layers):
        heard = GraphAttention(
            n_features,
            options.heads,
            options.neighbours,
            options.graph == "learned",
            name=f"graph_{number}",
        )(hidden)
        hidden = keras.layers.Add()([hidden, keras.layers.Activation("gelu")(heard)])
    hidden = keras.layers.Flatten()(hidden)
    return keras.layers.Dense(width, "gelu", name="together")(hidden)


BUILDERS = {
    "lstm": _lstm,
    "transformer": _transformer,
    "transformer_lstm": _transformer_lstm,
    "gat": _gat,
}
