"""The evaluation protocol: every method on the same splits, every setting chosen inside the training rows."""
