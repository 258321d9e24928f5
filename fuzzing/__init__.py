"""Requests that nobody would send, over all operations of both APIs, in process and over raw sockets."""
