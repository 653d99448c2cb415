"""The Files and Uploads API on loopback, for demos, tests and work without a key."""
