"""The web door: HTTP in, flows called, HTTP out."""
