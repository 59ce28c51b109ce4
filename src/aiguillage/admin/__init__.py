"""The REST API: one file per resource, holding its schemas and its endpoints."""
