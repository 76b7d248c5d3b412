"""Bytes and pixels: the one loader, resizing, thumbnails, fingerprints, quality and augmentation."""
