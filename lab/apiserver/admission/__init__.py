"""Who else has a say in a write: admission webhooks over HTTPS, in the genuine order and words."""
