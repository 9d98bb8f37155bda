"""What AutoTransfer is worth where something is particular: two known instruments, replicates, like units, Raman."""
