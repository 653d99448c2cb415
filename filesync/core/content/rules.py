"""The rules for content: one row each. The documents and SARIF reports take them from here."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]

RULES_VERSION = 3
"""Goes into the cache key of every verdict: raise it whenever a check decides differently."""

_ALL = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_JSONL = ("batch", "fine-tune")
_LINES = ("batch", "fine-tune", "evals")
_FINE_TUNE = ("fine-tune",)
_BATCH = ("batch",)
_VISION = ("vision",)
_SEARCH = ("assistants", "user_data")


class Rule(NamedTuple):
    """One rule: errors stop the upload of the file, warnings are shown."""

    id: str
    severity: Severity
    purposes: tuple[str, ...]
    why: str


_ROWS = (
    Rule("manifest", "error", _ALL, "The manifest, or a file it names, is not as it has to be."),
    # Any file
    Rule(
        "unreadable",
        "error",
        _ALL,
        "A file that cannot be read is not sent; what the platform has of it stays.",
    ),
    Rule(
        "git-lfs-pointer",
        "error",
        _ALL,
        "A Git LFS pointer is three lines of text in place of the file.",
    ),
    Rule("empty-file", "error", _JSONL, "A batch or a fine-tuning job needs at least one line."),
    Rule(
        "empty-document",
        "warning",
        ("assistants", "vision", "user_data", "evals"),
        "An empty file holds nothing to find or to show.",
    ),
    Rule("too-large", "error", _ALL, "The server refuses a file above the limit of its purpose."),
    Rule(
        "name-too-long",
        "error",
        _ALL,
        "No server promises to take a filename of more than 128 characters.",
    ),
    Rule("near-limit", "warning", _ALL, "A file above nine tenths of a limit will soon not fit."),
    Rule(
        "shrunk",
        "error",
        _ALL,
        "Content that lost more than 90% of its size is often a file that was cut by accident.",
    ),
    Rule(
        "secret",
        "warning",
        _ALL,
        "A key or a password in a file reaches everyone who can read the file.",
    ),
    Rule(
        "duplicate-file",
        "warning",
        _ALL,
        "Content that goes up under two names is stored, and found, twice.",
    ),
    Rule("secret-file-name", "warning", _ALL, "Files of this name usually hold keys or passwords."),
    # Every line of JSONL
    Rule(
        "jsonl-name",
        "error",
        _JSONL,
        "The server judges a file by its name, which has to end in .jsonl.",
    ),
    Rule("name-case", "warning", _ALL, "Servers have refused extensions in capitals."),
    Rule("not-utf-8", "error", _LINES, "JSON is UTF-8."),
    Rule("byte-order-mark", "error", _LINES, "A byte order mark is not part of JSON."),
    Rule(
        "crlf",
        "warning",
        _LINES,
        "Lines that end in CR LF usually come from another system by accident.",
    ),
    Rule("blank-line", "error", _LINES, "Each line has to be a JSON object; a blank line is not."),
    Rule(
        "cut-line",
        "error",
        _LINES,
        "A last line that stops in the middle means that the file was cut.",
    ),
    Rule("invalid-json", "error", _LINES, "Each line has to be JSON by itself."),
    Rule(
        "not-a-number",
        "error",
        _LINES,
        "JSON has no NaN and no Infinity, though some programs write them.",
    ),
    Rule(
        "duplicate-key",
        "error",
        _LINES,
        "Of two values with one key, which one counts depends on the reader.",
    ),
    Rule(
        "lone-surrogate",
        "error",
        _LINES,
        "Half a surrogate pair is not a character and cannot be sent as UTF-8.",
    ),
    Rule(
        "too-deep",
        "error",
        _LINES,
        "Readers give up on JSON that is nested hundreds of levels deep.",
    ),
    Rule("not-an-object", "error", _LINES, "Each line has to be a JSON object."),
    Rule("line-too-long", "error", _LINES, "No server takes a request or an example of this size."),
    # Fine-tuning
    Rule(
        "unknown-format",
        "error",
        _FINE_TUNE,
        "An example is a chat, a prompt with its completion, or a preference.",
    ),
    Rule("mixed-formats", "error", _FINE_TUNE, "All examples of a file have to be of one format."),
    Rule("few-examples", "warning", _FINE_TUNE, "A fine-tuning job needs at least 10 examples."),
    Rule(
        "duplicate-example", "warning", _FINE_TUNE, "An example that is there twice counts twice."
    ),
    Rule(
        "too-many-image-examples",
        "error",
        _FINE_TUNE,
        "A training file may hold 50,000 examples with images.",
    ),
    Rule(
        "no-assistant",
        "error",
        _FINE_TUNE,
        "There is nothing to learn from an example without an assistant message.",
    ),
    Rule(
        "no-answers",
        "warning",
        _FINE_TUNE,
        "Only reinforcement learns from examples of which none has an assistant message.",
    ),
    Rule(
        "ends-without-assistant",
        "warning",
        _FINE_TUNE,
        "What follows the last assistant message is not learned.",
    ),
    Rule("weight", "error", _FINE_TUNE, "`weight` is 0 or 1, and for assistant messages only."),
    Rule(
        "nothing-to-learn",
        "warning",
        _FINE_TUNE,
        "An example whose assistant messages all have weight 0 teaches nothing.",
    ),
    Rule(
        "completion",
        "error",
        _FINE_TUNE,
        "`prompt` and `completion` are texts, and the completion is not empty.",
    ),
    Rule(
        "preference",
        "error",
        _FINE_TUNE,
        "A preference has an input, a preferred and a non-preferred output.",
    ),
    Rule("same-outputs", "warning", _FINE_TUNE, "Two equal outputs show no preference."),
    Rule(
        "ends-with-assistant",
        "error",
        _FINE_TUNE,
        "In reinforcement the model writes the answer: the messages end before it.",
    ),
    # Messages, of examples and of requests
    Rule(
        "unknown-key",
        "warning",
        _JSONL,
        "A key that the format does not have is often a typing error.",
    ),
    Rule("messages", "error", _JSONL, "`messages` is a list of at least one message."),
    Rule("message", "error", _JSONL, "Each message is an object."),
    Rule("role", "error", _JSONL, "Each message has one of the known roles."),
    Rule("content", "error", _JSONL, "Each message has content of the type that its role allows."),
    Rule(
        "empty-content",
        "warning",
        _JSONL,
        "A message without text is often one whose text was lost.",
    ),
    Rule(
        "content-part",
        "error",
        _JSONL,
        "Each part of a content has a known type and what that type needs.",
    ),
    Rule(
        "name",
        "error",
        _JSONL,
        "A `name` is a text of 1 to 64 characters without spaces and brackets.",
    ),
    Rule("image-role", "error", _JSONL, "Only user messages may hold images."),
    Rule("image", "error", _JSONL, "An image is an http(s) address or a data URL that holds one."),
    Rule(
        "image-type",
        "warning",
        _JSONL,
        "A data URL that names another type than its image has is read by some servers only.",
    ),
    Rule("too-many-images", "error", _FINE_TUNE, "An example may hold 64 images."),
    Rule("tools", "error", _JSONL, "`tools` is a list of functions, each with a name."),
    Rule("same-tool", "warning", _JSONL, "Of two functions with one name, only one can be called."),
    Rule("parallel-tool-calls", "error", _JSONL, "`parallel_tool_calls` is true or false."),
    Rule(
        "tool-call",
        "error",
        _JSONL,
        "A tool call has an id, a type, a function name and arguments.",
    ),
    Rule(
        "tool-arguments", "warning", _JSONL, "The arguments of a call are JSON, written as a text."
    ),
    Rule("unknown-tool", "warning", _JSONL, "A call names one of the example's `tools`."),
    Rule(
        "tool-answer", "error", _JSONL, "Each tool message answers one call before it, by its id."
    ),
    Rule(
        "unanswered-call",
        "error",
        _JSONL,
        "Each call is answered before the conversation continues.",
    ),
    # Batches
    Rule(
        "custom-id", "error", _BATCH, "Each request has a `custom_id`: its result is found by it."
    ),
    Rule(
        "duplicate-custom-id",
        "error",
        _BATCH,
        "Two results with one `custom_id` cannot be kept apart.",
    ),
    Rule("method", "error", _BATCH, "Each request is a POST."),
    Rule("url", "error", _BATCH, "Each request goes to a path that batches may use."),
    Rule("mixed-urls", "error", _BATCH, "A batch has one endpoint for all of its requests."),
    Rule("body", "error", _BATCH, "Each request has a body with what its endpoint needs."),
    Rule("model", "error", _BATCH, "Each body names a model."),
    Rule("mixed-models", "error", _BATCH, "A batch has one model for all of its requests."),
    Rule("stream", "error", _BATCH, "A batch cannot stream its answers."),
    Rule("too-many-requests", "error", _BATCH, "A batch may hold 50,000 requests."),
    Rule("too-many-inputs", "error", _BATCH, "A batch may hold 50,000 embedding inputs in all."),
    # Images
    Rule("not-an-image", "error", _VISION, "A file for vision is an image."),
    Rule("image-format", "error", _VISION, "The models read PNG, JPEG, WEBP and GIF."),
    Rule("image-extension", "error", _VISION, "The server judges an image by its name."),
    Rule(
        "image-name",
        "warning",
        _VISION,
        "An image with the name of another format is read by some servers only.",
    ),
    Rule("image-cut", "error", _VISION, "An image that stops in the middle cannot be shown whole."),
    Rule("image-dimensions", "error", _VISION, "An image has a width and a height."),
    Rule("animated", "warning", _VISION, "Of an animated GIF only one picture counts."),
    # Documents
    Rule(
        "extension",
        "warning",
        _SEARCH,
        "File search and file inputs read only files of some extensions.",
    ),
    Rule(
        "not-what-it-says",
        "error",
        _SEARCH,
        "A file that is not of the type its name says cannot be read.",
    ),
    Rule(
        "unlike-its-name",
        "warning",
        _SEARCH,
        "A file that is not of the type its name says is often one that was renamed by accident.",
    ),
    Rule("text-encoding", "warning", _SEARCH, "Text has to be UTF-8, UTF-16 or ASCII."),
)

RULES = {rule.id: rule for rule in _ROWS}
"""Every rule by its id."""
