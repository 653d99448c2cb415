"""The public Python API, which `import filesync` offers; nothing is imported before it is used.

jobs       the functions: the same jobs as the commands
plan       a plan, live or saved, and its changes
results    what status and validate return
arguments  checks of arguments
"""
