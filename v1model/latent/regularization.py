"""REG: the penalty on the size of weights."""

import tensorflow as tf


def mean_absolute(layer):
    """Sum over the weight tensors of a layer of the mean |w|."""
    return tf.add_n(
        [tf.reduce_mean(tf.abs(weight)) for weight in layer.trainable_variables]
    )


def regularization(model):
    """REG of encoder, decoder and evolver, each with its own weight: scalar."""
    params = model.params
    parts = (
        (model.encoder, params.encoder_params),
        (model.decoder, params.decoder_params),
        (model.evolver, params.evolver_params),
    )
    losses = [
        options.l1_reg_loss * mean_absolute(layer)
        for layer, options in parts
        if options.l1_reg_loss
    ]
    return tf.add_n(losses) if losses else tf.constant(0.0)
