"""A manifest: its text, its shape, and every problem found on the way.

parse         manifest text to `Manifest`; the one way in
yaml_reader   YAML that remembers the position of every part
yaml_scalars  what unquoted text in YAML means
yaml_errors   what makes a text unreadable as YAML, explained
schema        the shape, and its JSON Schema
schema_parts  what the shapes of all sections share
schema_stores  the shape of a vector store
fields        checks of single values
store_fields  the same for vector stores
store_entry   one entry of `vector_stores`
variables     `${NAME}` in values
policy        how a file is handled: its fields over the defaults
target        which type of server a target is on
environments  problems of `environments`, and the chosen one
problems      the problems of one manifest, each with its position
"""
