"""Sessions of the data set that results should not be read from without a second look.

They are flagged wherever results of sessions are listed, and never left out.
"""

SUSPECT_SESSIONS = {
    754312389: (
        "All published decoders are at chance here (0.6 to 1.2 %), though they learn "
        "the training presentations; the cause is not known. Second-lowest lifetime "
        "sparseness and highest Fano factor of the 32 sessions."
    ),
}
