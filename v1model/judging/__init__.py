"""How finished trainings are judged: a row per neuron, presentation or answer."""
