"""The study of sampling rates (section 4.2 of the paper): waveforms at another rate, played to pickers as if at 100 Hz.

`study` says which pickers, targets and rates, `played` gives the waveforms, `prediction` writes the answers, `choice`
judges them and chooses a rate on dev, `table` and `figure` show what it brings.
"""
