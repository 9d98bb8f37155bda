"""Names of samples: spellings, replicates, pairs."""
