"""What the local pool knows of its objects and of the requests that ran on it."""
