"""Files: which format they are of, and one reader for each."""
