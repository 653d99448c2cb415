"""The Files and Uploads API over HTTP; the only importer of httpx."""
