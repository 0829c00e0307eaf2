"""Sessions of Allen Visual Coding: files, units, presentations, and how they come."""
