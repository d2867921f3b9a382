"""Codecs: pure, bounded parsers that turn a reader's bytes into frames. Nothing here opens, waits or logs."""
