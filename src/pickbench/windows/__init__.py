"""Evaluation windows: `rules` draws them from metadata, `published` takes over others, in the form of `tables`."""
