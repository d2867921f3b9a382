"""The pack format: what the utility publishes on issue day and a terminal fills its store from.

`rows` turns one document into columns and back, `shards` many rows into one object, `sealing` encrypts and names
objects, `manifest` lists and signs them. Nothing here opens files or sockets.
"""
