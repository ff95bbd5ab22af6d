"""Example windows of a dataset, chosen by rule, with what the models made of them: chosen, computed, kept in files.

`choice` takes them from finished predictions, `compute` adds waveforms and probability curves, and `files` is what is
kept, from which figures and tables are made without data and without weights.
"""
