"""The media type of a file by its extension: a table of our own.

The API takes an upload only with a type that fits its purpose. Python's table differs by version
(3.14 has Office's types, 3.11 lacks docx, ts, go, cs, rb and more), so the same file would be taken
on one machine and refused on another. The types for file search are those of OpenAI's page
"Supported files" of its file search guide.
"""

from __future__ import annotations

import os

_OFFICE = "application/vnd.openxmlformats-officedocument"
_TYPES = {
    # File search
    ".c": "text/x-c",
    ".cpp": "text/x-c++",
    ".cs": "text/x-csharp",
    ".css": "text/css",
    ".doc": "application/msword",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".go": "text/x-golang",
    ".html": "text/html",
    ".java": "text/x-java",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".php": "text/x-php",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".py": "text/x-python",
    ".rb": "text/x-ruby",
    ".sh": "application/x-sh",
    ".tex": "text/x-tex",
    ".ts": "application/typescript",
    ".txt": "text/plain",
    # Batches, fine-tuning, evals
    ".jsonl": "application/jsonl",
    # Images
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    # Data and documents that other purposes and servers take
    ".csv": "text/csv",
    ".htm": "text/html",
    ".ppt": "application/vnd.ms-powerpoint",
    ".rtf": "application/rtf",
    ".svg": "image/svg+xml",
    ".tar": "application/x-tar",
    ".tsv": "text/tab-separated-values",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".xml": "text/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zip": "application/zip",
}


def content_type(filename: str) -> str:
    """Return the media type that the name's extension stands for, in capitals or not."""
    extension = os.path.splitext(filename)[1].lower()
    return _TYPES.get(extension, "application/octet-stream")
