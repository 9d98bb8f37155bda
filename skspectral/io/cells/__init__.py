"""What single cells and labels say: numbers, units, quantities, roles of columns."""
