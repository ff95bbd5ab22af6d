"""From prediction files to metrics.csv: what is measured, how, and how sure we are.

`registry` names the metrics and the columns that answer them, `scores` and `residuals` compute them, `cells` turns
the predictions of a picker into rows of the long table, and `table` writes and collects that table. Nothing here
imports torch, SeisBench or matplotlib.
"""
