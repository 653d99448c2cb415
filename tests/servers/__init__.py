"""Servers of each type, and servers that we did not write."""
