"""Findings of the paper, held against a run: each is reproduced, not reproduced, or not decidable with its data.

`estimates` averages cells and says how sure the averages are, `predicates` holds the kinds of claim, `report` reads the
claims from resources/findings.yaml, decides them, and writes findings.json and the table.
"""
