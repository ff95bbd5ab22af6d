"""Findings of the paper, held against a run: each is reproduced, not reproduced, or not decidable with its data.

`reading` takes the claims from resources/findings.yaml, `trainings` says which trainings came to nothing, `estimates`
averages cells and says how sure the averages are, `predicates` holds the kinds of claim, `claims` tests what numbers
say of them, and `report` decides and writes findings.json and the table.
"""
