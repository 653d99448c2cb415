"""Object stores: S3, Google Cloud Storage, Azure Blob Storage and web servers, through obstore.

Nothing else imports obstore, which comes with the extra `cloud`.

opening     a bucket opened from a URL, with deadlines
failures    what obstore raises, as our errors: bucket, key and what to check
"""
