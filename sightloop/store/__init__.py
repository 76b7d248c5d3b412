"""Rows and blobs: plain functions on a connection, one file per noun, and two places for bytes."""
