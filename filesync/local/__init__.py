"""The disk: finding and hashing files, and the state kept beside the manifest."""
