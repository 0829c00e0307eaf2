"""The activation functions, by their published (torch) names."""

import keras
import tensorflow as tf

ACTIVATION_FUNCTIONS = {
    "ReLU": tf.nn.relu,
    "Tanh": tf.tanh,
    "GELU": lambda x: keras.ops.gelu(x, approximate=False),
    "SiLU": tf.nn.silu,
    "ELU": tf.nn.elu,
    "Sigmoid": tf.sigmoid,
    "Softplus": tf.math.softplus,
}
