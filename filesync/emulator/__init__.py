"""The Files and Uploads API on loopback, for demos, tests and work without a key.

    server     listens: `serve` for the command, `embedded` for one command or one test
    app        the routes
    front      around every request: key, path, error shape, request id
    server_types   what other servers do differently, one row each
    line       a slow line, and connections that break
    faults     which requests fail, and how
    limits     so many requests a minute
    tokens     a job's identity, and the token it is exchanged for
    request_log    what was asked and answered
    call       one call: its JSON, its query, its paging
    checks     single values, checked as strictly as the API does
    errors     what we answer when something is wrong
    multipart  a form read as it arrives, its file part straight to disk
    store      SQLite for what is known, a blob on disk for what was sent
    database   the tables, and a page of one
    settings   what can be changed about its behaviour
    admin      the routes that change it and show what was asked
    indexing   what becomes of a file in a vector store
    job_files  what a job finds wrong with its file
    openapi    the document of what is served
    records    objects that are only remembered
    files  listings  uploads  jobs    the routes, one module a family
    vector_stores  file_batches  search    those of vector stores

Nothing here imports the rest of filesync, so one mistake can't stand on both sides of the wire.
"""
