"""TensorFlow without its start-up messages."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def quiet_start():
    """Keeps what C++ code writes to stderr while TensorFlow starts in the block.

    TensorFlow announces processor features, the absence of a GPU and the members of a
    cluster in dozens of lines that no setting turns off. If the start fails, they are
    shown after all, except for a ValueError, which says itself what is wrong. What it
    calls errors afterwards (an optimization of the graph that did not succeed) is none:
    real ones are exceptions. TF_CPP_MIN_LOG_LEVEL=0 shows them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except ValueError:
            raise
        except BaseException:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


def start_tensorflow():
    """Starts TensorFlow, which looks for a GPU, and keeps what it tells of that."""
    with quiet_start():
        import tensorflow as tf

        tf.config.list_physical_devices()
