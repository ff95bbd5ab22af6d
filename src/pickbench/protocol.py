"""What every stage agrees on: which splits are evaluated, at which rate, and which files hold which task."""

RATE_HZ = 100.0
EVALUATED_SPLITS = ("dev", "test")
# Tasks 2 and 3 look at the same windows, so they share their files.
TASK_FILES = {"task1": (1,), "task23": (2, 3)}
# Test windows below which chance decides who is best: such cells are marked, not ranked, and in no average.
FEWEST_WINDOWS = 10
