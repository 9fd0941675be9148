"""One request and its answer: client, token, retry, rate limit, errors."""
