"""filesync: Terraform's habits for the OpenAI Files API."""

__version__ = "0.1.0"
