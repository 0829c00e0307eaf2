"""A trial as a film: mp4 or gif."""
