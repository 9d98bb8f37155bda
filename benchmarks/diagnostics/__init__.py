"""How often wrong pairs are found, and how often clean ones are suspected."""
