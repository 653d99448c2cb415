"""The Files and Uploads API on loopback, for demos, tests and work without a key.

    server     listens: `serve` for the command, `embedded` for one command or one test
    app        routes, the key, request ids, the error shape
    call       one call: its JSON, its query, its paging
    checks     single values, checked as strictly as the API does
    errors     what we answer when something is wrong
    multipart  a form read as it arrives, its file part straight to disk
    store      SQLite for what is known, a blob on disk for what was sent
    database   the tables, and a page of one
    settings   what can be changed about its behaviour
    admin      the route that changes it
    indexing   what becomes of a file in a vector store
    records    objects that are only remembered
    files  uploads  jobs  vector_stores  file_batches  search    the routes, one module a family

Nothing here imports the rest of filesync, so one mistake can't stand on both sides of the wire.
"""
