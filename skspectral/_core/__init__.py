"""What every estimator asks of its input: roles, references, validation, axis, affine maps, versions."""
