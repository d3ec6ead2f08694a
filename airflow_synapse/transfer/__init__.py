"""A transfer between a Spark pool and a dedicated SQL pool as values: folders, requests, manifests, statements."""
