"""A manifest for files that are already on the platform (`init --from-remote`).

candidates     which remote files a new manifest can declare
declare        with which content they are declared, and which are left out
stores         which vector stores can be declared, with which of their members
manifest_text  a manifest as text
"""
