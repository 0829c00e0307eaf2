"""Recordings: what neurons did in a stretch of one, beside what was shown."""
