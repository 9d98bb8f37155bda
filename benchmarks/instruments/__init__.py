"""Are simulated instruments like real ones? Priors fitted to real pairs, and a test that looks for the difference."""
