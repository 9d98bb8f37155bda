"""Whether a deployed model may be believed: its intervals and its flags, on spectra that no constant was chosen on."""
