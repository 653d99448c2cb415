"""Carrying out a plan: uploads first, the lock after each, deletes last."""
