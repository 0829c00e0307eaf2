"""What is watched while a model trains, the same for all four rooms.

registry   monitors by name: functions of a Subject that return a Reading
watch      Watch, which a training tells of each epoch, and which runs what is due
guard      what keeps monitors under their share of the time
records    metrics.jsonl, and how it is read
sinks      TensorBoard, Weights & Biases, MLflow
generic    monitors that need no more than a model and its optimizer
"""
