"""Bad input, case by case: a user reads one line that says where and what, or the run goes on and has counted it."""
