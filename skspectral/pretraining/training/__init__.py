"""The training run: steps, checkpoints, validation and the model card."""
