"""HTTP: the only importer of httpx.

client          the API, one method a route; `Reader` cannot write, `Writer` can
stores          the vector store routes, as `client`
endpoint        the base URL, checked before use, and the credentials
credentials     the headers that prove who asks
sign_in         the credentials for a server, from the environment
token_exchange  a job's identity, exchanged for a short-lived token
call            one request, described before it is made
transport       one request, carried through
retry           whether a request is sent again, by what sending it twice would do
pace            requests per minute, shared by all threads
answers         bodies of answers, read within a cap
deadline        the time by which an answer must be there
redact          the key taken out of texts, in any spelling
http_client     what connects to one server: proxy and TLS
connections     the open connections, one for each request at the same moment
tls             the authorities to trust, and a certificate of our own
timing          timeouts, attempts, clocks
page            one page of a listing
large_pages     a large page of files, read at once
signs_of_more   what an answer says of other pages, under whatever name
listing         all files of a listing, or an error
mime_types      the media type of a file by its extension
form_body       a streamed form body with a known length
decode          JSON to our own types
decode_stores   the same for vector stores and their members
paths           ids as parts of a path
failures        what went wrong with one attempt, in words
connect_errors  what stands in the way of a connection, in words
httpx_import    httpx, imported without what we do not use of it
"""
