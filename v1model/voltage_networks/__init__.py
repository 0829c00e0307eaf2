"""Networks of neurons without spikes, and the eye that they see with."""
