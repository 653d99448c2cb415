"""The order of things: the only code that knows disk, network and decisions together."""
