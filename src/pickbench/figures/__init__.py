"""Figures of the results, drawn from prediction files: one module a kind of figure, all in the look of `style`."""
