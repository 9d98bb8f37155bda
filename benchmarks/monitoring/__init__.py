"""How often control charts alarm: stable, where theory says how rarely, and after a drift."""
