"""What an interrupted apply left behind.

journal  the journal's format: each upload, written before it is asked for
recover  the journal compared with the platform: what was made, what is unclear
"""
