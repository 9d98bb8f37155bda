"""What the foundation model's settings beside its weights were learned from, and what each part of it is worth."""
