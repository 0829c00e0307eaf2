"""What the four trainings are watched by: monitors and subjects of each room.

`column.py`, `latent.py`, `cnn.py` and `decoder.py` hold the monitors, functions of a
subject that import what is heavy when they are called; `*_subject.py` hold the
subjects, which give them models, data and predictions. `watching.py` puts both
together for the programs.
"""
