"""Presentations: repeated showings of stimuli, and the spikes that they caused."""
