"""Settings of the deep baselines, searched on training rows alone."""
