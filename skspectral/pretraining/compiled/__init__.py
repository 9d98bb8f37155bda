"""The costly inner loop of training in C, compiled where a run asks for it; whatever is shipped runs without."""
