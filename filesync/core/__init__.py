"""Deciding, pure: no disk, no network, no clock, no environment, no printing."""
