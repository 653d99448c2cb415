"""Showing: plans, progress and ids, each as text that something else prints."""
