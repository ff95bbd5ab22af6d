"""Training: which windows an epoch looks at, what is done to them, and the loop around them."""
