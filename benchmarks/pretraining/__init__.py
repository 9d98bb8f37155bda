"""Judge what pretraining learns, and what each part of it contributes."""
