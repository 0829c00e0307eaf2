"""Tests of v1model.voltage_networks."""
